"""In torch.inference_mode every method gives what it gives outside; lazy modules are refused, frozen ones taken."""

import pytest
import torch
from cases import close, draw
from layer_cases import sequence
from torch import nn

from synergy import METHODS, Game, compare, harsanyi, measure, method
from synergy.policies.layer_policy import LayerPolicy
from synergy.policies.propagation import propagate

NETWORKS = {
    "vector": lambda: (sequence(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)), draw(1, 3)),
    "picture": lambda: (
        sequence(nn.Conv2d(1, 2, 2), nn.ReLU(), nn.MaxPool2d(2, 1), nn.Flatten(), nn.Linear(2, 2)),
        draw(1, 1, 3, 3),
    ),
}


def game(network):
    with torch.inference_mode(False):  # a model whose weights were made in it has no gradients
        model, x = NETWORKS[network]()
    table = (torch.arange(9) % 3).reshape(1, 1, 3, 3) if network == "picture" else None
    return Game.from_model(model, x, target=1, players=table)


def asked(chosen, built):
    try:
        given = [chosen.attribute(built), measure(chosen, built).values]
        policy = chosen.policy(built)
    except ValueError as error:
        return str(error)
    return [*given, propagate(built, policy)] if isinstance(policy, LayerPolicy) else given


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("name", METHODS)
def test_a_method_in_inference_mode(name, network):
    expected, outside = asked(method(name), game(network)), game(network)
    with torch.inference_mode():
        found = [asked(method(name), outside), asked(method(name), game(network))]
    for given in found:
        if isinstance(expected, str):
            assert given == expected
        else:
            for a, b in zip(given, expected, strict=True):
                close(a, b, 1e-13)


def test_a_comparison_in_inference_mode():
    expected = compare(game("vector"))
    with torch.inference_mode():
        found = compare(game("vector"))
    assert [result.note for result in found.results] == [result.note for result in expected.results]


@pytest.mark.parametrize(
    ("module", "said"),
    [(nn.LazyLinear(4), "'0' (LazyLinear)"), (nn.Sequential(nn.LazyConv1d(2, 1)), "'0.0' (LazyConv1d)")],
    ids=["linear", "inner"],
)
def test_lazy_modules_are_refused(module, said):
    model = nn.Sequential(module, nn.ReLU()).double().eval()
    with pytest.raises(ValueError, match="has no weights before its first input; call the model once") as error:
        Game.from_model(model, draw(1, 3))
    assert said in str(error.value)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_frozen_script():
    model, x = NETWORKS["vector"]()
    frozen = torch.jit.freeze(torch.jit.script(model))
    plain, other = Game.from_model(model, x, target=0), Game.from_model(frozen, x, target=0)
    close(harsanyi(other).values, harsanyi(plain).values, 1e-14)
    expected, found = compare(plain), compare(other)
    for before, after in zip(expected.results, found.results, strict=True):
        if METHODS[after.name].scope == "game":
            close(after.attribution, before.attribution, 1e-6)
        else:
            assert after.attribution is None
            assert "RecursiveScriptModule cannot be traced" in after.note or after.name == "grad_cam"


def test_weights_made_inside_have_no_gradient_and_everything_else():
    with torch.inference_mode():
        model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1)).eval()
    game = Game.from_model(model, torch.ones(1, 3), target=0)
    with pytest.raises(ValueError, match=r"weights made outside of torch\.inference_mode"):
        method("gradient_x_input").attribute(game)
    with torch.no_grad():
        difference = model(torch.ones(1, 3)) - model(torch.zeros(1, 3))
    assert compare(game)["shapley"].attribution.sum() == pytest.approx(difference.item(), rel=1e-6)
