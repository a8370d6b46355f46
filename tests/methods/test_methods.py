"""Every method against its published definition, by explicit loops."""

from itertools import product

import numpy as np
import pytest
import sympy
import torch
from cases import (
    BY_ID,
    GAME_METHODS,
    TABLES,
    WITH_INPUTS,
    close,
    draw,
    label,
    mlp,
    network_case,
    polynomial,
)
from hypothesis import given
from hypothesis import strategies as st
from method_cases import tolerance_of
from torch import nn
from twins import bitmask, coalitions, shapley

from synergy import Game, allocate, harsanyi, measure, method


def test_the_registry_knows_what_is_tested_here():
    """A new method of the game's scope needs its definition in this file."""
    assert set(GAME_METHODS) == {
        "expected_gradients",
        "gradient",
        "gradient_x_input",
        "integrated_gradients",
        "occlusion_1",
        "occlusion_patch",
        "prediction_difference",
        "shapley",
        "smoothgrad_x_input",
    }


@pytest.mark.parametrize("case", WITH_INPUTS, ids=label)
@pytest.mark.parametrize("name", ["occlusion_1", "prediction_difference", "occlusion_patch"])
def test_occlusion_is_the_loss_of_each_player(name, case):
    """f(x) − E_b f(x without i), with the masked inputs put together entry by entry."""
    everyone = frozenset(range(case.n))
    expected = [case.value(everyone) - case.value(everyone - {i}) for i in range(case.n)]
    scale = None if case.exact else abs(float(case.value(everyone))) + 1
    close(method(name).attribute(case.game()), expected, tolerance_of(case), scale)


@pytest.mark.parametrize(
    "case", [case for case in (*WITH_INPUTS, *TABLES) if case.n <= 5 and "axes" not in case.id], ids=label
)
def test_shapley_is_the_mean_over_all_orders(case):
    known = {coalition: case.value(coalition) for coalition in coalitions(case.n)}
    expected = shapley(known.__getitem__, case.n)
    scale = None if case.exact else max(abs(float(value)) for value in known.values()) + 1
    close(method("shapley").attribute(case.game()), expected, tolerance_of(case), scale)


def test_shapley_of_tables_with_leading_axes():
    case = BY_ID["table-leading-axes"]
    values = method("shapley").attribute(case.game())
    assert values.shape == (2, 3, 3)
    for a, b in product(range(2), range(3)):
        close(values[a, b], shapley(lambda s, a=a, b=b: case.values[a, b, bitmask(s)].item(), 3), 1e-13)


def test_occlusion_of_tables_with_leading_axes():
    case = BY_ID["table-leading-axes"]
    values = method("occlusion_1").attribute(case.game())
    for i in range(3):
        assert torch.equal(values[..., i], case.values[..., 7] - case.values[..., 7 - 2**i])


@pytest.mark.parametrize("part", [(), (1,), (0, 2), (0, 1, 2)], ids=str)
def test_shapley_at_an_end_point_is_that_of_the_restricted_game(part):
    case = BY_ID["triple"]
    ends = [[int(i in part) for i in range(3)]]
    expected = shapley(case.value, 3, part)
    assert method("shapley").attribute(case.game(), ends)[0].tolist() == expected


def test_shapley_refuses_points_inside_the_cube():
    with pytest.raises(ValueError, match="rows of zeros and ones"):
        method("shapley").attribute(BY_ID["triple"].game(), [[1, 0, sympy.Rational(1, 2)]])
    with pytest.raises(ValueError, match="rows of zeros and ones"):
        method("shapley").attribute(BY_ID["relu-no-bias"].game(), torch.full((1, 4), 0.5))


@given(st.lists(st.integers(-99, 99), min_size=16, max_size=16))
def test_law_shapley_is_symmetric_additive_and_complete(table):
    values = np.array(table, dtype=float)
    given_ = method("shapley").attribute(Game.from_values(values)).numpy()
    assert given_.sum() == pytest.approx(values[15] - values[0], abs=1e-9)
    swapped = np.array([values[(m & 12) | (m & 1) << 1 | (m & 2) >> 1] for m in range(16)])
    other = method("shapley").attribute(Game.from_values(swapped)).numpy()
    assert other[[1, 0, 2, 3]] == pytest.approx(given_, abs=1e-9)
    both = method("shapley").attribute(Game.from_values(values + swapped)).numpy()
    assert both == pytest.approx(given_ + other, abs=1e-9)


def windows_along(size, width, stride):
    """The spans of the windows along one axis: every stride from 0, the last one cut at the border."""
    width = min(width, size)
    spans, start = [], 0
    while True:
        spans.append((start, min(start + width, size)))
        if start + width >= size:
            return spans
        start += stride


def by_windows(f, x, b, window, stride):
    """The mean over the windows that hold an entry of f(x) − f(x with the window from b), entry by entry."""
    window = x.shape[: x.ndim - len(window)] + tuple(window)
    stride = x.shape[: x.ndim - len(stride)] + tuple(stride)
    axes = [windows_along(*sizes) for sizes in zip(x.shape, window, stride, strict=True)]
    total, count = torch.zeros_like(x), torch.zeros_like(x)
    for spans in product(*axes):
        place = tuple(slice(*span) for span in spans)
        without = x.clone()
        without[place] = b[place]
        total[place] += f(x[None]) - f(without[None])
        count[place] += 1
    assert (count > 0).all()
    return total / count


@pytest.mark.parametrize(
    ("shape", "window", "stride"),
    [
        ((6,), (1,), (1,)),
        ((6,), (2,), (1,)),
        ((6,), (3,), (3,)),
        ((6,), (4,), (3,)),
        ((7,), (3,), (2,)),
        ((6,), (9,), (1,)),
        ((3, 4), (2, 2), (1, 1)),
        ((3, 4), (2, 3), (2, 3)),
        ((3, 5), (2, 2), (2, 1)),
        ((2, 3, 4), (2, 2), (1, 2)),
        ((2, 3, 3), (1, 2, 2), (1, 1, 2)),
    ],
    ids=str,
)
def test_windows_slide_and_overlaps_are_averaged(shape, window, stride):
    x, b = draw(*shape, seed=21), draw(*shape, seed=22)
    model = nn.Sequential(nn.Flatten(), mlp(nn.Softplus, (x.numel(), 4, 1), seed=23)).eval()

    def f(z):
        return model(z)[:, 0]

    chosen = method("occlusion_patch", window=window, stride=stride)
    expected = by_windows(lambda z: f(z).detach(), x, b, window, stride)
    close(chosen.attribute(Game.from_model(model, x[None], b[None])), expected.reshape(-1), 1e-12)


def test_a_window_as_one_number_is_along_both_axes_of_a_picture():
    x, b = draw(3, 4, seed=21), draw(3, 4, seed=22)

    def f(z):
        return (z[:, 0] * z[:, 1]).sum(1) + z[:, 2].prod(1)

    game = Game.from_function(f, x[None], b[None])
    square, along = by_windows(f, x, b, (2, 2), (1, 1)), by_windows(f, x, b, (2,), (1,))
    close(method("occlusion_patch", window=2).attribute(game), square.reshape(-1), 1e-12)
    close(method("occlusion_patch", window=(2, 2)).attribute(game), square.reshape(-1), 1e-12)
    close(method("occlusion_patch", window=(2,), stride=(1,)).attribute(game), along.reshape(-1), 1e-12)


@pytest.mark.parametrize("players", [(0, 0, 1, 1, 2, 2), (2, 0, 1, 0, 2, 2)], ids=["blocks", "scattered"])
@pytest.mark.parametrize(("window", "stride"), [(2, 2), (3, 1), (4, 2)])
def test_a_player_is_given_the_sum_of_its_entries(players, window, stride):
    case = network_case("windows", mlp(nn.Softplus, (6, 5, 1), seed=10), draw(6), [draw(6, seed=2)], players=players)
    entries = by_windows(lambda z: case.f(z).detach(), case.x, case.baselines[0], (window,), (stride,))
    expected = [sum(e for e, p in zip(entries, players, strict=True) if p == i).item() for i in range(3)]
    close(method("occlusion_patch", window=window, stride=stride).attribute(case.game()), expected, 1e-12)


def test_windows_over_several_baselines_are_the_mean():
    case = BY_ID["softplus-baselines"]
    singles = [
        by_windows(lambda z: case.f(z).detach(), case.x, b, (2,), (1,)) * w
        for b, w in zip(case.baselines, (2 / 7, 4 / 7, 1 / 7), strict=True)
    ]
    close(method("occlusion_patch", window=2).attribute(case.game()), sum(singles), 1e-12)


def test_a_window_at_an_end_point_takes_only_what_is_there():
    case = BY_ID["softplus"]
    for row, coalition in enumerate(coalitions(4)):
        ends = np.array([[int(i in s) for i in range(4)] for s in coalitions(4)])
        inner = case.masked(coalition)
        expected = by_windows(lambda z: case.f(z).detach(), inner, case.baselines[0], (2,), (1,))
        batch = method("occlusion_patch", window=2).attribute(case.game(), ends)
        close(batch[row], expected, 1e-11, scale=1)


@pytest.mark.parametrize(
    ("players", "window", "stride"),
    [((0, 0, 1, 1, 2, 2), 2, 2), ((0, 0, 1, 1, 2, 2), 4, 2), ((0, 1, 2, 3, 4, 5), 3, 1), ((0, 0, 0, 1, 1, 1), 3, 3)],
    ids=["players", "two-players", "entries", "halves"],
)
def test_windows_that_cut_no_player_have_a_policy(players, window, stride):
    case = network_case("windows", mlp(nn.ReLU, (6, 5, 1), seed=10), draw(6), [draw(6, seed=2)], players=players)
    game, chosen = case.game(), method("occlusion_patch", window=window, stride=stride)
    theory = allocate(harsanyi(game), chosen.policy(game))
    close(theory.attribution, chosen.attribute(game), 1e-12)
    close(theory.values, measure(chosen, game).values, 1e-12)


@pytest.mark.parametrize(
    ("players", "window", "stride"),
    [((0, 0, 1, 1, 2, 2), 3, 3), ((0, 1, 0, 1, 2, 2), 2, 2), ((0, 0, 1, 1, 2, 2), 2, 1)],
)
def test_windows_that_cut_a_player_have_none(players, window, stride):
    case = network_case("windows", mlp(nn.ReLU, (6, 5, 1), seed=10), draw(6), players=players)
    chosen = method("occlusion_patch", window=window, stride=stride)
    with pytest.raises(ValueError, match="cuts a player in two"):
        chosen.policy(case.game())
    assert measure(chosen, case.game()).values.shape == (8, 3)


def test_a_window_credits_players_outside_the_effect():
    """f = x1 with the window {1, 2}: both get 2, and half of what is given leaks."""
    game = Game.from_function(lambda z: z[:, 0], [2.0, 5.0])
    allocation = measure(method("occlusion_patch", window=2), game)
    assert allocation.attribution.tolist() == [2, 2]
    assert allocation.criteria().leakage == 0.5


@pytest.mark.parametrize(
    ("window", "stride", "words"),
    [
        (0, None, "at least 1, not 0"),
        (True, None, "at least 1, not True"),
        ((2, "a"), None, "at least 1, not 'a'"),
        (2, -1, "the stride .* at least 1, not -1"),
        ((2, 2), None, "≥ 1 per axis"),
        (2, (1, 1), "stride"),
        (2.5, None, "at least 1, not 2.5"),
        (1, 2, "leave entries"),
        (2, 3, "leave entries"),
    ],
    ids=["zero", "true", "text", "negative", "axes", "stride-axes", "float", "gaps", "more-gaps"],
)
def test_windows_that_do_not_fit_are_refused(window, stride, words):
    game = Game.from_function(lambda z: z.sum(1), torch.ones(1, 5).double())
    with pytest.raises((ValueError, TypeError), match=words):
        method("occlusion_patch", window=window, stride=stride).attribute(game)


def test_windows_on_expressions_are_over_the_symbols_in_order():
    case = polynomial("chain", "a*b + b*c + c*d", {"a": 1, "b": 2, "c": 3, "d": 5})
    values = method("occlusion_patch", window=2, stride=2).attribute(case.game())
    assert values.tolist() == [8, 8, 21, 21]  # f = 23, without {a, b} 15, without {c, d} 2
