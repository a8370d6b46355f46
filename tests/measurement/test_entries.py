"""Attributions of single entries: what they add up to, and which methods have none."""

import pytest
import torch
from torch import nn

from synergy import METHODS, Game, entries, method, players


@pytest.fixture
def game():
    """A small convolutional network on a picture of two channels, whose players are four regions."""
    torch.manual_seed(3)
    layers = nn.Conv2d(2, 3, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(12, 2)
    net, x = nn.Sequential(*layers).double().eval(), torch.rand(1, 2, 4, 4).double()
    return Game.from_model(net, x, 0.0, target=1, players=players.grid(x.shape, 2))


def by_region(found):
    """The sums over the quarters of a picture, channel by channel added up by hand."""
    return [found[:, r : r + 2, c : c + 2].sum().item() for r in (0, 2) for c in (0, 2)]


@pytest.mark.parametrize("name", METHODS)
def test_the_entries_of_a_region_add_up_to_what_it_is_given(game, name):
    chosen = method(name)
    if chosen.corners:
        with pytest.raises(ValueError, match="looks at coalitions"):
            entries(name, game)
        return
    found = entries(name, game)
    assert found.shape == (2, 4, 4)
    assert found.abs().max() > 0
    assert by_region(found) == pytest.approx(chosen.attribute(game).tolist(), rel=1e-9, abs=1e-9)


def test_some_methods_are_asked_and_some_are_refused():
    assert {bool(method(name).corners) for name in METHODS} == {True, False}


def test_windows_add_up_too(game):
    chosen = method("occlusion_patch", window=2)
    assert by_region(entries(chosen, game)) == pytest.approx(chosen.attribute(game).tolist())


def test_a_linear_model_by_hand():
    weights = torch.tensor([[1.0, -2.0], [3.0, 0.5]])
    about = Game.from_function(
        lambda z: (z * weights).sum((1, 2)), torch.full((1, 2, 2), 2.0), players=[[0, 0], [0, 1]]
    )
    assert entries("gradient_x_input", about).tolist() == [[2.0, -4.0], [6.0, 1.0]]


def test_a_callable_from_elsewhere(game):
    found = entries(lambda model, inputs, baselines, target: inputs - baselines, game)
    assert torch.equal(found, game.cube.x[0])


def test_a_table_has_no_entries():
    with pytest.raises(ValueError, match="this game has none"):
        entries("integrated_gradients", Game.from_values([0.0, 1.0]))
    with pytest.raises(TypeError, match="asks a Game"):
        entries("integrated_gradients", None)
