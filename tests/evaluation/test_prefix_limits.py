"""Shared prefixes: what they must not take, whatever a module claims."""

from copy import deepcopy

import pytest
import torch
import torch.nn.functional as F
from cases import draw
from layer_cases import block, sequence
from prefix_cases import (
    CUT,
    GRID,
    PICTURE,
    conv,
    difference,
    every_cut,
    head,
    masked,
    perceptron,
    plain,
    vector,
    zeta,
)
from torch import fx, nn

from decompositions.evaluation.prefix import kinds, prefix
from decompositions.evaluation.prefix.kinds import step_kinds
from decompositions.evaluation.prefix.prefix import shared_prefix
from synergy import Game, harsanyi, method


@pytest.mark.parametrize("chunk", [1, 7, 100])
def test_any_chunk(always, chunk):
    game = next(case for case in CUT if case.id == "residual").game(chunk=chunk)
    effects = harsanyi(game)
    assert "instead of for" in effects.evaluation
    assert difference(zeta(effects.values), plain(game)) < 1e-12


class Flag(nn.Module):
    """Arguments beyond the input, and a decision in Python about one of them."""

    def __init__(self):
        super().__init__()
        self.net = perceptron()

    def forward(self, x, scale=None, double=False):
        if scale is not None:
            x = x * scale
        return self.net(2 * x if double else x)


def hooked(module, hook):
    module.register_forward_hook(hook)
    return module


def _hook_inside():
    model = perceptron()
    hooked(model[0], lambda module, inputs, outputs: outputs.clamp(max=1.0))
    return model


def _forward_replaced():
    model = perceptron()
    model[0].forward = lambda x, forward=model[0].forward: forward(x).abs()
    return model


def _statistics_of_the_batch():
    return sequence(conv(), nn.BatchNorm2d(4, track_running_stats=False), *head(324))


def _decides(m, x):
    h = m.a(x)
    return m.b(h) if len(h) > 10**9 or h.dtype == torch.int64 else m.b(torch.relu(h))


def _loops(m, x):
    h = m.a(x)
    while (h.abs() > 1e9).any():
        h = h / 2
    return m.b(h)


def _assigns(m, x):
    h = m.a(x)
    h[:, :2] = 0
    return m.b(torch.tanh(h))


def _two(run):
    return block(run, a=nn.Linear(8, 9), b=nn.Linear(9, 1))


NEVER = {
    "hook-on-the-first-layer": _hook_inside(),
    "forward-replaced": _forward_replaced(),
    "decides-on-the-batch": _two(_decides),
    "loops": _two(_loops),
    "assigns": _two(_assigns),
    "argmax": _two(lambda m, x: m.b(F.one_hot(m.a(x).argmax(1), 9).to(x.dtype))),
    "sign": _two(lambda m, x: m.b(torch.sign(m.a(x)) + 0.1 * m.a(x))),
    "rounded": _two(lambda m, x: m.b(torch.round(m.a(x)))),
    "rounded-in-place": _two(lambda m, x: m.b(m.a(x).floor_())),
    "threshold": _two(lambda m, x: m.b(F.threshold(m.a(x), 0.3, -1.0))),
    "places-of-the-largest": _two(lambda m, x: m.b(m.a(x)) * m.a(x).max(1, keepdim=True)[1]),
    "places-by-name": _two(lambda m, x: m.b(m.a(x)) * m.a(x).topk(1).indices),
    "whole-numbers": _two(lambda m, x: m.b((4 * m.a(x)).to(torch.int64).to(x.dtype))),
    "layer-norm-over-everything": sequence(nn.LayerNorm(8), nn.ReLU(), nn.Linear(8, 1)),
}  # fmt: skip


@pytest.mark.parametrize("name", NEVER)
def test_no_layer_is_put_together_from_sums(always, name):
    """A jump after an affine layer would make a large error of a rounding error, at a coalition nobody looks at."""
    game = vector(name, NEVER[name], None).game()
    effects = harsanyi(game)
    assert "each player's share" not in effects.evaluation
    assert difference(zeta(effects.values), plain(game)) < 1e-12


def known(model):
    whole = prefix._Whole(model)
    return [prefix._name(node) for node in step_kinds(fx.GraphModule(whole, fx.Tracer().trace(whole)))]


def test_statistics_of_the_batch_are_not_affine():
    assert known(_statistics_of_the_batch()) == ["inputs", "0"]


@pytest.mark.parametrize("model", [_hook_inside(), _forward_replaced()], ids=["hook", "forward"])
def test_a_module_that_was_changed_is_not_known(model):
    """Which would be found by the sample only if it shows there."""
    assert known(model) == ["inputs"]


@pytest.mark.parametrize(
    "model",
    [Flag().double(), hooked(perceptron(), lambda module, inputs, outputs: 3 * outputs)],
    ids=["arguments-with-defaults", "hook-on-the-whole"],
)
def test_tracing_sees_what_a_call_does(always, model):
    game = vector("traced", model.eval(), None).game()
    effects = harsanyi(game)
    assert "instead of for" in effects.evaluation
    assert difference(zeta(effects.values), plain(game)) < 1e-12


def test_the_sample_finds_a_step_that_is_not_what_was_claimed(monkeypatch, always):
    """As if ReLU were affine: nothing is put together from that."""
    monkeypatch.setattr(kinds, "_AFFINE_MODULES", (nn.Linear, nn.ReLU))
    game = vector("claimed", sequence(nn.Linear(8, 9), nn.ReLU(), nn.Linear(9, 1)), None).game()
    told = []
    effects = harsanyi(game.watched(told.append))
    assert effects.evaluation == ""
    assert sum(told) == effects.calls
    assert difference(zeta(effects.values), plain(game)) < 1e-12


def test_nothing_runs_on_poison_after_the_last_known_step(monkeypatch):
    """NaN as an index would be an error, on some devices one that cannot be caught."""
    seen = []
    monkeypatch.setattr(torch.Tensor, "softplus_probe", lambda h: seen.append(h.isnan().any()) or h, raising=False)
    model = _two(lambda m, x: m.b(torch.relu(m.a(x)).softplus_probe()))
    every_cut(vector("poison", model, None).game())
    assert seen
    assert not any(seen)


def test_the_model_and_the_input_stay_as_they_are(always):
    x = draw(*PICTURE, seed=2)
    model = sequence(nn.Identity(), conv(), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(324, 1))
    before, names = x.clone(), sorted(vars(model)) + sorted(model.state_dict())
    game = Game.from_model(model, x, 0.0, players=GRID)
    assert shared_prefix(game.cube, game.cube.active()) is not None
    assert torch.equal(x, before)
    assert sorted(vars(model)) + sorted(model.state_dict()) == names


@pytest.mark.parametrize("baselines", [2, 3])
def test_several_baselines_are_run_as_a_whole(always, baselines):
    game = Game.from_model(perceptron(), draw(1, 8, seed=1), draw(baselines, 8, seed=9))
    assert shared_prefix(game.cube, game.cube.active()) is None


def test_the_shapley_value_of_a_network_cut_in_two(always):
    game = next(case for case in CUT if case.id == "cnn").game()
    expected = plain(game)
    tabled = method("shapley").attribute(Game.from_values(expected))
    assert torch.allclose(method("shapley").attribute(game), tabled, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("far", [1e9, 1e4])
def test_a_large_baseline_does_not_blur_the_coalitions_without_it(monkeypatch, far, dtype):
    """Where all players with b = 10⁹ are present the layer's numbers are small, which one coalition in 64 shows."""
    monkeypatch.setattr(prefix, "WORTH", 0)
    monkeypatch.setattr(prefix, "GAIN", 0.0)
    monkeypatch.setattr(prefix, "PATTERNS", 0)
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(12, 64), nn.Tanh(), nn.Linear(64, 1)).to(dtype).eval()
    b = torch.zeros(1, 12, dtype=dtype)
    b[0, :6] = far
    game = Game.from_model(net, torch.randn(1, 12, dtype=dtype), b)
    effects = harsanyi(game)
    assert "each player's share" in effects.evaluation
    fine = deepcopy(net).double()
    exact = torch.stack([fine(each.double()).reshape(()) for each in masked(game.cube)]).detach()
    assert (zeta(effects.values) - exact).abs().max() <= 10 * effects.noise
