"""The rounding error that a layer-wise method states: against the same in float64, and where there is none."""

import copy

import numpy as np
import pytest
import torch
from cases import draw
from layer_cases import DOUBLE, sequence
from network_zoo import zoo
from torch import nn

from decompositions import players
from synergy import METHODS, Game, compare, measure, method
from synergy.algorithms.layerwise.rounding import rounded
from synergy.examples import load
from synergy.methods.deeplift_reveal_cancel import DeepLIFTRevealCancel

LAYER_WISE = [name for name in METHODS if hasattr(METHODS[name], "answer") and METHODS[name].scope == "layer"]


def twins(name):
    """One question in float32, and with the same numbers in float64."""
    if name.startswith("digits"):
        asked = load(name, "7", "grid:3x3").game
        model, x, b, owners, target = asked.model, asked.cube.x, asked.cube.baseline, asked.cube.players, 7
    else:
        model, x, b = zoo(name)
        owners, target = torch.arange(x.shape[1]).reshape(1, -1, *(1,) * (x.ndim - 2)).expand(x.shape), 1
    coarse, x, b = copy.deepcopy(model).float(), x.float(), b.float()
    fine = copy.deepcopy(coarse).double()
    return (
        Game.from_model(coarse, x, b, target=target, players=owners),
        Game.from_model(fine, x.double(), b.double(), target=target, players=owners),
    )


@pytest.mark.parametrize("name", ["digits", "digits-vit", "lstm", "gru", "encoder"])
def test_the_stated_error_covers_the_true_one_and_is_of_its_size(name):
    coarse, fine = twins(name)
    ratios = []
    for each in LAYER_WISE:
        try:
            found, truth = method(each).answer(coarse), method(each).attribute(fine)
        except ValueError as error:
            assert "digits are left" in str(error)  # noqa: PT017
            continue
        true = float(abs(found.values.double() - truth).max())
        ratios.append(float(found.errors.max()) / true)
    assert len(ratios) >= 5
    assert min(ratios) > 0.7, ratios
    assert np.median(ratios) < 20, ratios


def test_signals_that_grow_from_layer_to_layer_have_large_errors():
    """LRP-αβ with α = 30 triples and triples again: float32 keeps no digit of the sum, and that is said."""
    torch.manual_seed(0)
    layers = [layer for _ in range(6) for layer in (nn.Linear(8, 8), nn.ReLU())]
    model = nn.Sequential(*layers, nn.Linear(8, 1)).eval()
    game = Game.from_model(model, torch.randn(1, 8))
    alone = Game.from_model(copy.deepcopy(model).double(), game.cube.x.double())
    chosen = method("lrp_alpha_beta", alpha=30.0, beta=29.0)
    found, truth = chosen.answer(game), chosen.attribute(alone)
    true = abs(found.values.double() - truth)
    assert true.max() > 100 * game.cube.precision * abs(game([[1] * 8])).max()  # more than the rounding of f
    assert (true <= found.errors.double() + 1e-6 * abs(truth)).all()
    assert f"{float(np.linalg.norm(found.errors)):.1g}"[0] in compare(game, [chosen]).table()


def test_a_tie_is_not_broken():
    """Four equal entries of a pool: whichever is first gets all, however all are rounded."""
    model = sequence(nn.MaxPool2d(2), nn.Flatten(), nn.Linear(1, 1))
    game = Game.from_model(model, torch.full((1, 1, 2, 2), 0.3, dtype=DOUBLE), players=players.grid((1, 1, 2, 2), 2))
    found = method("deeplift_rescale").answer(game)
    assert float(found.errors.max()) < 1e-15


def test_what_is_exact_has_no_error():
    """Powers of two change by their last digit, zero by none."""
    states = (torch.zeros(3), (torch.ones(2, dtype=torch.int64), None))
    again = rounded(states)
    assert again is states
    game = Game.from_model(sequence(nn.Linear(2, 1)), torch.zeros(1, 2, dtype=DOUBLE), torch.zeros(1, 2, dtype=DOUBLE))
    assert method("lrp_epsilon").answer(game).errors.tolist() == [0, 0]


def test_of_end_points_nothing_is_said_and_calls_are_counted_once():
    model, seen = sequence(nn.Linear(3, 2), nn.Tanh()), []
    game = Game.from_model(model, draw(1, 3), target=0).watched(seen.append)
    assert method("lrp_epsilon").answer(game, [[1, 0, 1], [0, 0, 1]]).errors is None
    assert sum(seen) == 2
    method("lrp_epsilon").answer(game)
    assert sum(seen) == 3


def _growing(depth, seed=0):
    """Two channels that cancel grow about threefold from layer to layer."""
    torch.manual_seed(seed)
    inner = [layer for _ in range(depth) for layer in (nn.Linear(16, 16), nn.ReLU())]
    model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), *inner, nn.Linear(16, 1)).double()
    for weights in model.parameters():
        weights.data *= 3
    return Game.from_model(model, draw(1, 6, seed=1), draw(1, 6, seed=2))


def test_what_rounding_loses_at_end_points_is_no_failure_of_the_method():
    """RevealCancel is complete; here its rows miss 10⁻⁵ of the effects, and that is said to be rounding."""
    game = _growing(25, seed=7)
    criteria = measure("deeplift_reveal_cancel", game).criteria()
    assert criteria.residual > 1e-6
    assert criteria.residual < 10 * criteria.error < 1e-3
    assert criteria.verdicts["completeness"] == "undecided"


def test_a_run_that_finds_no_digit_left_leaves_none_certain():
    """One of the runs with other roundings is refused; the attributions may err by as much as they are."""

    runs = []

    class Refused(DeepLIFTRevealCancel):
        def attribute(self, game, ends=None):
            runs.append(1)
            if len(runs) == 3:
                raise ValueError("digits are left")
            return super().attribute(game, ends)

    found = Refused().answer(_growing(2))
    assert (found.errors >= abs(found.values)).all()


def test_a_change_of_a_few_roundings_refuses_no_method():
    """Of the digits' 65,536 coalitions this one moves the output by 2e-4, and float32 keeps two digits of that."""
    game = load("digits", "7").game
    points = torch.tensor([[9840 >> player & 1 for player in range(16)]], dtype=torch.float64)
    change = float(game(points)[0] - game(0 * points)[0])
    assert 0 < abs(change) < 1e-3
    found = method("deeplift_reveal_cancel").answer(game, points)
    missed = abs(float(found.values.sum()) - change)
    assert missed < float(found.errors.sum()) + 16 * game.cube.rounding * 10 < 0.01
