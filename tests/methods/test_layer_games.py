"""Layer-wise methods as methods of a game: end points, chunks, types, targets."""

import copy

import numpy as np
import pytest
import torch
from cases import close, draw, mlp
from layer_cases import (
    DOUBLE,
    block,
    sequence,
)
from layer_games import COMPLETE, LAYER_WISE
from torch import nn
from twins import coalitions, subsets

from decompositions import players
from synergy import METHODS, Game, measure, method


def digits(dtype=DOUBLE, cells=(2, 4), baseline=0.0, chunk=256):
    example = pytest.importorskip("synergy.examples.digits")
    for package in ("sklearn", "safetensors"):
        pytest.importorskip(package, reason="the demo's packages are not installed")
    x, digit = example.choose("7")
    grid = players.grid(x.shape, cells)
    model = copy.deepcopy(example.model()).to(dtype)
    return Game.from_model(model, x.to(dtype), baseline, target=digit, players=grid, chunk=chunk)


ON_DIGITS = [name for name in METHODS if METHODS[name].scope != "game"]


@pytest.mark.parametrize("name", ON_DIGITS)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_measured_on_digits(name, dtype):
    game = digits(dtype)
    table = measure(name, game)
    active = len(game.cube.active())
    assert active in (7, 8)
    tolerance = 1e-11 if dtype == DOUBLE else 1e-4
    close(table.attribution, method(name).attribute(game), tolerance)
    if name not in COMPLETE:
        return
    dividends = table.effects.values.numpy()
    close(table.values.numpy().sum(-1)[1:], dividends[1:], tolerance, scale=abs(dividends).max())
    criteria = table.criteria()
    assert criteria.verdicts["completeness"] == ("pass" if dtype == DOUBLE else criteria.verdicts["completeness"])
    assert criteria.residual < (1e-9 if dtype == DOUBLE else 1e-2)


@pytest.mark.parametrize("name", ON_DIGITS)
def test_rows_of_coalitions_with_players_that_do_not_differ_are_zero(name):
    game = digits(cells=(1, 8))
    active = set(game.cube.active())
    assert len(active) < game.n
    values = measure(name, game).values
    for row, coalition in enumerate(coalitions(game.n)):
        if coalition - active:
            assert (values[row] == 0).all()


@pytest.mark.parametrize("name", COMPLETE)
def test_a_row_of_the_measured_table_by_the_definition(name):
    """M_i(S) = Σ_{T⊆S} (−1)^{|S|−|T|} A_i(x_T), with a game of its own for every x_T."""
    model, x, b = mlp(nn.ReLU, (3, 5, 1), seed=98), draw(1, 3), draw(1, 3, seed=99)
    table = measure(name, Game.from_model(model, x, b)).values
    for row, coalition in enumerate(coalitions(3)):
        expected = np.zeros(3)
        for part in subsets(coalition):
            mixed = torch.tensor([[x[0, i] if i in part else b[0, i] for i in range(3)]], dtype=DOUBLE)
            given = method(name).attribute(Game.from_model(model, mixed, b))
            expected += (-1) ** (len(coalition) - len(part)) * given.numpy()
        close(table[row], expected, 1e-12, scale=1.0)


BATCHED = [(name, {}) for name in ON_DIGITS if name != "deep_shap"] + [("deep_shap", {})]


@pytest.mark.parametrize(("name", "settings"), BATCHED)
def test_a_batch_of_end_points_is_one_at_a_time(name, settings):
    game, chosen = digits(), method(name, **settings)
    ends = (draw(5, game.n, seed=101) > 0).double()
    rows = torch.stack([chosen.attribute(game, end[None])[0] for end in ends])
    assert rows.shape == (5, game.n)
    close(chosen.attribute(game, ends), rows, 1e-12)
    close(chosen.attribute(game), chosen.attribute(game, torch.ones(1, game.n))[0], 1e-14)


@pytest.mark.parametrize("fused", [False, True])
def test_a_batch_of_end_points_of_deep_shap_with_several_baselines(fused):
    model, x, b = mlp(nn.Softplus, (4, 5, 2), seed=102), draw(1, 4), draw(3, 4, seed=103)
    game, chosen = Game.from_model(model, x, b, target=1, weights=[1, 2, 3]), method("deep_shap", fused=fused)
    ends = torch.tensor([[1.0, 0, 1, 0], [0, 0, 0, 0], [1, 1, 1, 1], [0, 1, 1, 1]])
    expected = torch.zeros(4, 4, dtype=DOUBLE)
    for k, weight in enumerate((1 / 6, 2 / 6, 3 / 6)):
        for row, end in enumerate(ends):
            mixed = torch.where(end[None] == 1, x, b[k : k + 1])
            expected[row] += weight * chosen.attribute(Game.from_model(model, mixed, b[k : k + 1], target=1))
    close(chosen.attribute(game, ends), expected, 1e-12)
    assert (chosen.attribute(game, ends)[1] == 0).all()


@pytest.mark.parametrize("name", ON_DIGITS)
@pytest.mark.parametrize("chunk", [1, 3, 1000])
def test_the_chunk_does_not_matter(name, chunk):
    start = 0.3 * draw(2, 1, 8, 8, seed=104).abs()
    ends = (draw(7, 8, seed=105) > 0).double()
    expected = method(name).attribute(digits(baseline=start), ends)
    close(method(name).attribute(digits(baseline=start, chunk=chunk), ends), expected, 1e-12)


@pytest.mark.parametrize("name", ON_DIGITS)
def test_calls_are_counted(name):
    calls = []
    game = digits(baseline=torch.zeros(2, 1, 8, 8, dtype=DOUBLE)).watched(calls.append)
    method(name).attribute(game, torch.ones(3, game.n))
    assert sum(calls) == 6


@pytest.mark.parametrize("name", LAYER_WISE)
def test_float32_is_close_to_float64(name):
    single, double = method(name).attribute(digits(torch.float32)), method(name).attribute(digits())
    assert single.dtype == torch.float64
    close(single, double, 1e-4)


@pytest.mark.parametrize("name", LAYER_WISE)
def test_players_of_several_entries_are_given_the_sum_of_their_entries(name):
    model, x, b = mlp(nn.ReLU, (6, 5, 2), seed=106), draw(1, 6), draw(1, 6, seed=107)
    fine = method(name).attribute(Game.from_model(model, x, b, target=1))
    owners = [2, 0, 1, 0, 2, 2]
    coarse = [sum(fine[k].item() for k in range(6) if owners[k] == i) for i in range(3)]
    game = Game.from_model(model, x, b, target=1, players=torch.tensor([owners]))
    close(method(name).attribute(game), coarse, 1e-13)


def _picture_to_picture():
    return sequence(nn.Conv2d(1, 3, 3, padding=1), nn.ReLU(), nn.Conv2d(3, 2, 1), seed=8), draw(1, 1, 4, 4)


@pytest.mark.parametrize("name", [*LAYER_WISE, "grad_cam"])
def test_a_target_may_be_one_of_several_axes(name):
    """The entry (1, 2, 3) of a map is the only output of a network that picks it."""
    model, x = _picture_to_picture()
    picked = nn.Linear(32, 1, bias=False, dtype=DOUBLE)
    picked.weight.data = torch.zeros(1, 32, dtype=DOUBLE)
    picked.weight.data[0, 1 * 16 + 2 * 4 + 3] = 1
    settings = {"layer": "0"} if name == "grad_cam" else {}
    chosen = method(name, **settings)
    one = Game.from_model(model, x, 0.1, target=(1, 2, 3))
    other = Game.from_model(nn.Sequential(*model, nn.Flatten(), picked).eval(), x, 0.1)
    tolerance = 1e-5 if name in ("lrp_epsilon", "attn_lrp") else 1e-12  # its ε acts once more, on a larger value
    if name != "lrp_alpha_beta":
        close(chosen.attribute(one), chosen.attribute(other), tolerance)
    negative = Game.from_model(model, x, 0.1, target=(-1, 2, -1))
    close(chosen.attribute(negative), chosen.attribute(one), 1e-14)


def test_a_network_with_one_number_per_row_needs_no_target():
    model, x = mlp(nn.ReLU, (3, 4, 1), seed=108), draw(1, 3)
    flat = block(lambda m, x: m.net(x).squeeze(1), net=copy.deepcopy(model))
    flat.load_state_dict({f"net.{key}": value for key, value in model.state_dict().items()})
    for name in LAYER_WISE:
        expected = method(name).attribute(Game.from_model(model, x, target=0))
        close(method(name).attribute(Game.from_model(model, x)), expected, 1e-14)
        close(method(name).attribute(Game.from_model(flat, x)), expected, 1e-14)


REFUSED_GAMES = {
    "target-function": (
        lambda m, x: Game.from_model(m, x, target=lambda out: out.sum(1)),
        ValueError,
        "give its index",
    ),
    "probability": (lambda m, x: Game.from_model(m, x, target=0, output="probability"), ValueError, "output='logit'"),
    "log-odds": (lambda m, x: Game.from_model(m, x, target=0, output="log_odds"), ValueError, "output='logit'"),
    "function": (lambda m, x: Game.from_function(lambda u: u.sum(1), x), TypeError, "needs the network.*from_model"),
    "expression": (lambda m, x: Game.from_expression("a*b", {"a": 1, "b": 2}), TypeError, "needs the network"),
    "values": (lambda m, x: Game.from_values([0.0, 1, 2, 3]), TypeError, "needs the network"),
}


@pytest.mark.parametrize("name", [*LAYER_WISE, "grad_cam"])
@pytest.mark.parametrize("kind", REFUSED_GAMES)
def test_games_without_a_logit_of_a_network_are_refused(name, kind):
    build, error, message = REFUSED_GAMES[kind]
    game = build(mlp(nn.ReLU, (3, 4, 2)), draw(1, 3))
    with pytest.raises(error, match=message):
        method(name).attribute(game)
