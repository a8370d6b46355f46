"""What fails in a comparison leaves the rest, and what makes no sense is refused."""

import re
from fractions import Fraction

import numpy as np
import pytest
import torch
from cases import BY_ID, close
from torch import nn

from synergy import AbstractMethod, Game, Policy, compare, harsanyi, measure, method


class Fails(torch.autograd.Function):
    """The identity, whose backward raises."""

    @staticmethod
    def forward(ctx, z, error):
        ctx.error = error
        return z.clone()

    @staticmethod
    def backward(ctx, gradient):
        raise ctx.error


class Attention(nn.Module):
    """Scores are scaled in place after they were used: forward is right, backward raises."""

    def __init__(self):
        super().__init__()
        self.keys = nn.Linear(1, 2).double()

    def forward(self, z):
        keys = self.keys(z[..., None])
        scores = (keys @ keys.transpose(1, 2)).exp()
        weights = scores / scores.sum(-1, keepdim=True)
        scores.mul_(0.5)
        return (weights @ keys).sum((1, 2))


def through_numpy(z):
    return torch.from_numpy(np.tanh(z.numpy()).sum(1))


def by_inference(z):
    with torch.inference_mode():
        return (z * z).sum(1)


def asks_for_gradient(error):
    """A function that raises only where it is differentiated."""

    def f(z):
        if torch.is_grad_enabled():
            raise error
        return z.prod(1) + z.sum(1)

    return f


GRADIENTLESS = {
    "in place": Attention(),
    "numpy": through_numpy,
    "inference mode": by_inference,
    "detached": lambda z: z.detach().prod(1),
    "backward": lambda z: Fails.apply(
        z.prod(1), RuntimeError("cudnn RNN backward can only be called in training mode")
    ),
    "not implemented": asks_for_gradient(NotImplementedError("Could not run 'quantized::linear'\nwith a long list")),
    "index": asks_for_gradient(IndexError("list index out of range")),
    "key": asks_for_gradient(KeyError("mask")),
    "attribute": asks_for_gradient(AttributeError("no 'grad_fn'")),
    "assertion": asks_for_gradient(AssertionError()),
    "own": asks_for_gradient(type("QuantizationError", (Exception,), {})("int8 has no gradient")),
}


@pytest.mark.parametrize("f", GRADIENTLESS.values(), ids=GRADIENTLESS)
def test_a_model_that_cannot_be_differentiated_takes_the_methods_of_corners(f):
    x = torch.tensor([[1.0, -0.5, 2.0]], dtype=torch.float64)
    game = Game.from_model(f, x) if isinstance(f, nn.Module) else Game.from_function(f, x)
    comparison = compare(game)
    for name in ("shapley", "occlusion_1", "occlusion_patch", "prediction_difference"):
        close(comparison[name].attribution, method(name).attribute(game), 1e-14)
        close(comparison[name].measured.values, measure(name, game).values, 1e-14)
        assert comparison[name].note == ""
    for name in ("gradient_x_input", "integrated_gradients", "expected_gradients", "smoothgrad_x_input"):
        assert comparison[name].attribution is None
        assert comparison[name].measured is None
        assert comparison[name].note
        assert "\n" not in comparison[name].note
    assert "shapley" in comparison.table()


@pytest.mark.parametrize(
    ("error", "note"),
    [
        (NotImplementedError("Could not run\nin int8"), "NotImplementedError: Could not run"),
        (RuntimeError("cudnn RNN backward"), "RuntimeError: cudnn RNN backward"),
        (IndexError("out of range"), "IndexError: out of range"),
        (KeyError("mask"), "KeyError: 'mask'"),
        (AssertionError(), "AssertionError"),
        (ValueError("one input at a time"), "one input at a time"),
        (ValueError(), "ValueError"),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, Exception) else "",
)
def test_the_reason_of_a_method_that_does_not_apply_is_said_in_a_line(error, note):
    game = Game.from_function(asks_for_gradient(error), [1.0, 2.0])
    assert compare(game, ["gradient_x_input", "shapley"])["gradient_x_input"].note == note


@pytest.mark.parametrize(
    "error",
    [
        KeyboardInterrupt("stop"),
        MemoryError("no room"),
        RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory"),
    ],
    ids=["interrupt", "memory", "cuda", "cpu"],
)
@pytest.mark.parametrize("where", ["policy", "attribute", "end points"])
def test_an_interrupt_and_memory_that_ran_out_end_the_call(error, where):
    chosen = faulty(where, error)
    with pytest.raises(type(error), match=re.escape(str(error))):
        compare(BY_ID["softplus"].game(), ["shapley", chosen])


def faulty(where, error):
    """Occlusion-1, in which one part raises."""

    class Faulty(AbstractMethod):
        name = "faulty"

        def policy(self, game):
            if where == "policy":
                raise error
            return method("occlusion_1").policy(game)

        def attribute(self, game, ends=None):
            if where == "attribute" or (where == "end points" and ends is not None and len(ends) > 1):
                raise error
            return method("occlusion_1").attribute(game, ends)

    return Faulty()


@pytest.mark.parametrize("error", [RuntimeError("bad"), LookupError("bad"), ZeroDivisionError("bad")], ids=repr)
@pytest.mark.parametrize("where", ["policy", "attribute", "end points"])
def test_what_one_part_of_a_method_raises_leaves_the_rest(where, error):
    """The policy, the algorithm at x, or the algorithm at the other end points fails: the other two stand."""
    comparison = compare(BY_ID["softplus"].game(), [faulty(where, error), "shapley"])
    result, said = comparison["faulty"], f"{type(error).__name__}: bad"
    assert (result.theory is None) is (where == "policy")
    assert result.theory_note == (said if where == "policy" else "")
    assert (result.attribution is None) is (where == "attribute")
    assert (result.measured is None) is (where != "policy")
    assert result.measured_note == ("" if where == "policy" else said)
    assert comparison["shapley"].measured is not None
    assert "faulty" in comparison.table()


@pytest.mark.parametrize(
    "rule",
    [lambda s: s / (s.sum(-1, keepdims=True) - 11), lambda s: s.tolist(), lambda s: 1 / 0],
    ids=["nan", "list", "zero"],
)
def test_a_policy_that_fails_on_some_row_is_said_and_not_shown(rule):
    """Also on a row past those that are looked at first: 11 players of 12."""

    class Odd(AbstractMethod):
        name = "odd"

        def policy(self, game):
            return Policy(rule, "odd", reads="support")

        def attribute(self, game, ends=None):
            return method("occlusion_1").attribute(game, ends)

    game = Game.from_function(lambda z: z.sum(1) ** 2, torch.ones(1, 12).double())
    comparison = compare(game, [Odd(), "shapley"])
    assert comparison["odd"].theory is None
    assert "policy 'odd'" in comparison["odd"].theory_note or "ZeroDivision" in comparison["odd"].theory_note
    assert comparison["odd"].theory_criteria is None
    assert comparison["odd"].measured_criteria is not None
    assert "odd" in comparison.table()


@pytest.mark.parametrize(
    "answer",
    [lambda points: None, lambda points: points.tolist(), lambda points: points.T[:, :1], lambda points: points * 1j],
    ids=["none", "list", "shape", "complex"],
)
def test_what_a_method_answers_is_looked_at(answer):
    class Odd(AbstractMethod):
        name = "odd"

        def policy(self, game):
            raise ValueError("none")

        def attribute(self, game, ends=None):
            values = answer(game.ends(ends))
            return values[0] if ends is None and values is not None else values

    comparison = compare(BY_ID["softplus"].game(), [Odd(), "shapley"])
    assert "one real number per end point and player" in comparison["odd"].note
    with pytest.raises((TypeError, ValueError), match="odd must give one real number per end point and player"):
        measure(Odd(), BY_ID["softplus"].game())


def other_games():
    """Games that differ from one of them in one thing each."""
    x, b = torch.tensor([[1.0, 2.0, 3.0, 4.0]]).double(), torch.zeros(1, 4).double()
    torch.manual_seed(0)
    model, other = (nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 2)).double().eval() for _ in range(2))
    return Game.from_model(model, x, b, target=0), {
        "target": Game.from_model(model, x, b, target=1),
        "model": Game.from_model(other, x, b, target=0),
        "baseline": Game.from_model(model, x, b + 0.5, target=0),
        "input": Game.from_model(model, x + 1, b, target=0),
        "output": Game.from_model(model, x, b, target=0, output="probability"),
        "players": Game.from_model(model, x, b, target=0, players=[[3, 1, 2, 0]]),
        "names": Game.from_model(model, x, b, target=0, names="abcd"),
        "fewer": Game.from_model(model, x, b, target=0, players=[[0, 1, 2, 2]]),
    }


@pytest.mark.parametrize("other", ["target", "model", "baseline", "input", "output", "players", "names", "fewer"])
def test_effects_of_another_game_are_refused(other):
    game, others = other_games()
    effects = harsanyi(others[other])
    for ask in (measure, lambda name, game, effects: compare(game, [name], effects=effects)):
        with pytest.raises(ValueError, match=r"effects are of|decompose with harsanyi\(game\)"):
            ask("shapley", game, effects=effects)
        ask("shapley", game, effects=harsanyi(game))


@pytest.mark.parametrize("n", [2, 5, 10])
def test_effects_of_a_game_that_shares_both_ends_are_refused(n):
    """z1 + … + zn and the same with the product of each two neighbours, less their number: f(b) and f(x) are equal."""
    ones = torch.ones(1, n).double()
    plain = Game.from_function(lambda z: z.sum(1) + 0, ones)
    twisted = Game.from_function(lambda z: z.sum(1) + (z[:, 0] - z[:, 1]) ** 2, ones)
    assert plain(ones).item() == twisted(ones).item()
    assert plain(0 * ones).item() == twisted(0 * ones).item()
    with pytest.raises(ValueError, match="another game"):
        measure("shapley", plain, effects=harsanyi(twisted))
    with pytest.raises(ValueError, match="another game"):
        compare(plain, ["shapley"], effects=harsanyi(twisted))


def test_effects_of_another_number_system_are_refused():
    floats = Game.from_values([0.0, 1.0, 2.0, 7.0])
    exact = Game.from_values(np.array([Fraction(v) for v in (0, 1, 2, 7)], dtype=object))
    for game, other in ((floats, exact), (exact, floats)):
        with pytest.raises(ValueError, match="two number systems"):
            measure("shapley", game, effects=harsanyi(other))


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"budget": 1.5}, TypeError, "budget is .* a whole number.*not 1.5"),
        ({"budget": "10"}, TypeError, "budget is .*not '10'"),
        ({"budget": -1}, ValueError, "budget is .* at least 0, not -1"),
        ({"budget": True}, TypeError, "budget is .*not True"),
        ({"effects": [1.0, 2.0]}, TypeError, r"effects are what harsanyi\(game\) gives, not \[1.0, 2.0\]"),
        ({"announce": 3}, TypeError, "announce is a function.*not 3"),
        ({"methods": 3}, TypeError, "methods is a list.*not 3"),
        ({"methods": method("shapley")}, TypeError, r"methods is a list.*write \[method\]"),
    ],
    ids=str,
)
def test_arguments_of_compare_that_make_no_sense(arguments, error, words):
    with pytest.raises(error, match=words):
        compare(BY_ID["softplus"].game(), **arguments)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"limit": None}, TypeError, "limit is .* a whole number.*not None"),
        ({"limit": 0}, ValueError, "limit is .* at least 1, not 0"),
        ({"limit": 2.5}, TypeError, "limit is .*not 2.5"),
        ({"points": -1}, ValueError, "points is .* at least 0, not -1"),
        ({"points": "3"}, TypeError, "points is .*not '3'"),
        ({"points": True}, TypeError, "points is .*not True"),
        ({"effects": torch.zeros(16)}, TypeError, "effects are what"),
    ],
    ids=str,
)
def test_arguments_of_measure_that_make_no_sense(arguments, error, words):
    with pytest.raises(error, match=words):
        measure("shapley", BY_ID["softplus"].game(), **arguments)


@pytest.mark.parametrize("game", [None, nn.Linear(3, 1), [0.0, 1.0]], ids=["none", "model", "list"])
def test_only_a_game_is_asked(game):
    with pytest.raises(TypeError, match=r"measure\(\) asks a Game, not .*Game\.from_model"):
        measure("shapley", game)
    with pytest.raises(TypeError, match=r"compare\(\) asks a Game"):
        compare(game)


@pytest.mark.parametrize("name", [None, 3, ["shapley"]], ids=repr)
def test_a_method_is_asked_for_by_its_name(name):
    with pytest.raises(TypeError, match="by its name"):
        method(name)


def test_one_draw_says_nothing_of_its_error():
    comparison = compare(BY_ID["product-floats"].game(), [method("smoothgrad_x_input", samples=1), "shapley"])
    assert torch.isinf(comparison["smoothgrad_x_input"].error).all()
    assert "error ±         inf" in comparison.table()
