"""Harsanyi dividends against the sum over subsets, and what evaluating them costs."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from cases import BY_ID, GAMES, close, draw, label
from counting import counted
from hypothesis import given
from hypothesis import strategies as st
from twins import bitmask, coalitions, dividends, subsets

from decompositions.dividends.harsanyi import price
from synergy import Game, harsanyi


def bound(case, values):
    """What rounding can do to a sum of 2ⁿ values of a network of a few layers."""
    return 8 * 2**case.n * case.epsilon * max(abs(np.asarray(values, dtype=np.float64)).max(), 1e-300)


@pytest.mark.parametrize("case", [case for case in GAMES if "leading" not in case.id], ids=label)
def test_equal_the_definition(case):
    expected = dividends(case.value, case.n)
    effects = harsanyi(case.game())
    assert len(effects) == 2**case.n
    if case.exact:
        assert list(effects.values) == expected
    else:
        tolerance = bound(case, [case.value(s) for s in coalitions(case.n)])
        close(effects.values, expected, 1, scale=tolerance)


def test_leading_axes_are_games_of_their_own():
    case = BY_ID["table-leading-axes"]
    effects = harsanyi(case.game())
    assert effects.values.shape == (2, 3, 8)
    for a in range(2):
        for b in range(3):
            expected = dividends(lambda s, a=a, b=b: case.values[a, b, bitmask(s)].item(), 3)
            close(effects.values[a, b], expected, 1e-14)
    assert effects[0, 2].shape == (2, 3)
    assert effects.independent.shape == (2, 3, 3)


@pytest.mark.parametrize("order", [1, 2, 3, 9])
@pytest.mark.parametrize("case", [case for case in GAMES if case.n], ids=label)
def test_of_an_order_are_the_full_ones_of_that_order(case, order):
    game = case.game()
    full, some = harsanyi(game), harsanyi(game, order=order)
    kept = [s for s in coalitions(case.n) if len(s) <= order]
    null = set(range(case.n)) - set(game.cube.active())
    scale = 8 * 2**case.n * case.epsilon * max(1.0, *(abs(np.asarray(full.values, dtype=np.float64)).reshape(-1)))
    rest = full.values.sum(-1)
    for coalition in kept:
        if null & coalition:
            continue
        key = tuple(sorted(coalition))
        close(some[key], full[key], 1 if scale else 0, scale=scale)
        rest = rest - full[key]
    close(some.remainder, rest, 1 if scale else 0, scale=scale)
    assert len(some) == sum(1 for s in kept if not null & s)


def test_a_coalition_above_the_order_is_not_known():
    effects = harsanyi(Game.from_values(np.arange(8.0)), order=2)
    with pytest.raises(LookupError, match="more players than the order"):
        effects[0, 1, 2]


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_coalitions_with_a_null_player_have_no_dividend(order):
    """f = z1·z2 + z3 at (1, 2, 3, 4) and b = (0, 0, 3, 0): players 2 and 3 change nothing."""
    f, x, b = (lambda z: z[:, 0] * z[:, 1] + z[:, 2]), torch.tensor([1.0, 2, 3, 4]), torch.tensor([0.0, 0, 3, 0])
    effects = harsanyi(Game.from_function(f, x, b), order=order)
    known = [c for c in ([2], [0, 2], [0, 1, 2], [0, 1, 2, 3]) if len(c) <= order or order > 2]
    assert [effects[tuple(c)].item() for c in known] == [0.0] * len(known)
    if order < 2:
        with pytest.raises(LookupError, match="more players than the order"):
            effects[0, 1]


def test_remainder_by_hand():
    """f = z1·z2·z3 + z1 at (1, 2, 3): to order 2 only z1 = 1 is known, and 6 is left."""
    effects = harsanyi(Game.from_function(lambda z: z.prod(1) + z[:, 0], [1.0, 2.0, 3.0]), order=2)
    assert effects.remainder.item() == 6
    assert effects.total.item() == 1


def test_an_order_below_one_is_refused():
    with pytest.raises(ValueError, match="at least 1, not 0"):
        harsanyi(Game.from_values([0.0, 1.0]), order=0)


@pytest.mark.parametrize(
    ("null", "several", "order"),
    [(0, 1, None), (2, 1, None), (2, 3, None), (0, 1, 2), (2, 1, 1), (1, 2, 2), (5, 1, None)],
    ids=["all", "null", "null-baselines", "order-2", "null-order-1", "null-baselines-order-2", "only-null"],
)
def test_null_players_are_not_evaluated_and_the_price_is_what_is_paid(null, several, order):
    x = draw(5)
    baselines = draw(several, 5, seed=3)
    baselines[:, :null] = x[:null]
    model, game = counted(x, baselines)
    effects = harsanyi(game, order=order)
    kept = [s for s in coalitions(5 - null) if order is None or len(s) <= order]
    ends = 1 if order else 0  # the remainder needs f(x), too
    table = len(kept) + ends
    again = min(table, 5) + table // 8  # alone and in a batch, to see whether the model gives the same; not priced
    assert model.rows == (table + again) * several
    assert effects.calls == table * several
    assert price(game, order) == table * several
    for coalition in coalitions(5):
        if coalition & set(range(null)) and order is None:
            assert effects[tuple(coalition)] == 0


def test_a_player_is_null_only_if_no_baseline_moves_it():
    x, baselines = torch.tensor([1.0, 2.0]), torch.tensor([[1.0, 0.0], [1.0, 2.0], [0.0, 2.0]])
    assert Game.from_function(lambda z: z.sum(1), x, baselines).cube.active() == (0, 1)
    assert Game.from_function(lambda z: z.sum(1), x, baselines[:2]).cube.active() == (1,)


def test_zeros_of_another_sign_are_another_input():
    """atan2(±0, −1) is ±π; 1/z is ±∞, and its sign ±1."""
    x, baseline = torch.tensor([0.0, 1.0]), torch.tensor([-0.0, 0.0])
    angle = Game.from_function(lambda z: torch.atan2(z[:, 0], -torch.ones_like(z[:, 0])) + z[:, 1], x, baseline)
    assert harsanyi(angle).values.tolist() == pytest.approx([-np.pi, 2 * np.pi, 1, 0], abs=1e-6)
    sign = Game.from_function(lambda z: (1 / z[:, 0]).sign() * z[:, 1], x, baseline)
    assert harsanyi(sign).values.tolist() == [0, 0, -1, 2]
    whole = Game.from_function(lambda z: z.sum(1).double(), torch.tensor([0, 1]), torch.tensor([0, 0]))
    assert whole.cube.active() == (1,)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_corner_inputs_are_the_input_or_the_baseline_bit_for_bit(dtype):
    """b + (x − b) is not x in floats; three in ten of these entries would change."""
    x, b = draw(1000, dtype=dtype) * 3, draw(1000, dtype=dtype, seed=2)
    assert ((b + (x - b)) != x).sum() > 50
    owners = torch.arange(1000) % 3
    seen = []

    def f(z):
        seen.append(z.detach().clone())
        return z.sum(1)

    game = Game.from_function(f, x[None], b[None], players=owners)
    seen.clear()
    harsanyi(game)
    game([[0.0, 1.0, 1.0], [1.0, 1.0, 0.0]])
    game.gradient([[1.0, 0.0, 1.0]])
    every = list(coalitions(3))
    again = [every[place] for place in (0, 1, 3, 5, 7, 0)]  # five alone, one in a batch
    expected = [*every, *again, {1, 2}, {0, 1}, {0, 2}]
    rows = torch.cat(seen)
    assert len(rows) == len(expected)
    for row, coalition in zip(rows, expected, strict=True):
        inside = torch.tensor([int(player) in coalition for player in owners])
        assert torch.equal(row[inside], x[inside])
        assert torch.equal(row[~inside], b[~inside])


def test_points_inside_the_cube_are_on_the_line():
    game = Game.from_function(lambda z: z[:, 0] * 100 + z[:, 1], [3.0, 5.0], [1.0, 1.0])
    assert game([[0.5, 0.25], [0.0, 0.5], [0.75, 1.0]]).tolist() == [202, 103, 255]


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 1000])
def test_the_chunk_size_changes_nothing(chunk):
    """Whole numbers, so that the sums over five baselines are exact in any order; and no batch is larger."""
    x, baselines = torch.tensor([[2.0, -3.0, 5.0, 7.0]]).double(), torch.arange(20.0).reshape(5, 4).double()
    largest = [0]

    def f(z):
        largest[0] = max(largest[0], len(z))
        return z[:, 0] * z[:, 1] - z[:, 2] * z[:, 3] + z[:, 1]

    def effects_and_slopes(**settings):
        game = Game.from_function(f, x, baselines, weights=[1.0, 2.0, 1.0, 3.0, 1.0], **settings)
        return harsanyi(game).values, game.gradient([[1.0, 0.5, 0.0, 1.0], [0.5, 0.5, 0.5, 0.5]])

    reference = effects_and_slopes()
    largest[0] = 0
    for values, expected in zip(effects_and_slopes(chunk=chunk), reference, strict=True):
        assert torch.equal(values, expected)
    assert largest[0] <= chunk


def test_weights_of_baselines_by_hand():
    """f = z at 3 from 1 and −1 with weights 3 : 1: v(∅) = (3·1 − 1)/4, v(1) = 3."""
    effects = harsanyi(Game.from_function(lambda z: z[:, 0], [3.0], [[1.0], [-1.0]], weights=[3, 1]))
    assert effects.values.tolist() == [0.5, 2.5]


def test_more_baselines_than_a_chunk():
    baselines = torch.arange(1000.0).reshape(-1, 1).double()
    effects = harsanyi(Game.from_function(lambda z: z[:, 0] ** 2, [2.0], baselines, chunk=64))
    assert effects.base.item() == pytest.approx(sum(k * k for k in range(1000)) / 1000, rel=1e-13)


@given(st.lists(st.integers(-9, 9), min_size=5, max_size=5), st.lists(st.integers(-9, 9), min_size=5, max_size=5))
def test_law_of_a_sum_of_squares(x, b):
    """f = (Σz)²: J(i) = d(2Σb + d), J(i, j) = 2 d d, and nothing of a higher order."""
    effects = harsanyi(Game.from_function(lambda z: z.sum(1) ** 2, list(map(float, x)), list(map(float, b))))
    d = [p - q for p, q in zip(x, b, strict=True)]
    for coalition in coalitions(5):
        expected = {
            0: lambda: sum(b) ** 2,
            1: lambda s=coalition: d[min(s)] * (2 * sum(b) + d[min(s)]),
            2: lambda s=coalition: 2 * d[min(s)] * d[max(s)],
        }.get(len(coalition), lambda: 0)()
        assert effects[tuple(coalition)] == expected


LARGE = """
import resource
import torch
from synergy import Game, harsanyi

SETS = {(0,): 3.0, (4, 17): -2.0, (1, 2, 3, 19): 5.0, tuple(range(20)): 7.0}

def f(z):
    return sum((value * z[:, list(players)].prod(1) for players, value in SETS.items()), z[:, 0] * 0 + 11)

def game(n):
    return Game.from_function(f, torch.ones(1, n, dtype=torch.float64), 0.0)

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

game(20)(torch.ones(4096, 20).bool())
before = peak()
effects = harsanyi(game(20))
print("MB", peak() - before - 2**20 * 8 / 2**20)
nonzero = effects.values.nonzero().flatten().tolist()
print("EFFECTS", {mask: effects.values[mask].item() for mask in nonzero})
"""


def test_twenty_players_within_200_mb():
    """In a process of its own, whose peak the operating system keeps; the dividends are the coefficients."""
    run = subprocess.run([sys.executable, "-c", LARGE], capture_output=True, text=True, check=True)
    lines = dict(line.split(" ", 1) for line in run.stdout.splitlines())
    assert float(lines["MB"]) < 200
    assert eval(lines["EFFECTS"]) == {
        0: 11.0,
        1: 3.0,
        2**4 + 2**17: -2.0,
        2 + 4 + 8 + 2**19: 5.0,
        2**20 - 1: 7.0,
    }


def test_twenty_players_spot_checked_by_the_definition():
    """f = (Σz)² + |z0·z19 − z5|: a few dividends by the sum over their own subsets."""
    x = torch.arange(1.0, 21.0, dtype=torch.float64)

    def f(z):
        return z.sum(1) ** 2 + (z[:, 0] * z[:, 19] - z[:, 5]).abs()

    effects = harsanyi(Game.from_function(f, x[None]))

    def value(coalition):
        return f(torch.tensor([[float(x[i]) if i in coalition else 0.0 for i in range(20)]]).double()).item()

    for coalition in [(0,), (0, 19), (5, 19), (0, 5, 19), (0, 3, 5, 19), (2, 9), tuple(range(8))]:
        expected = sum((-1) ** (len(coalition) - len(part)) * value(part) for part in subsets(coalition))
        assert effects[coalition].item() == expected


def test_the_limit_counts_the_active_players_only():
    x = torch.ones(1, 21, dtype=torch.float64)
    with pytest.raises(ValueError, match=r"2,097,152 model calls.*limit=2097152.*order=2"):
        harsanyi(Game.from_function(lambda z: z.sum(1), x))
    b = x.clone()
    b[0, [3, 20]] = 0
    effects = harsanyi(Game.from_function(lambda z: z.sum(1), x, b), limit=4)
    assert effects[3, 20] == 0
    assert effects[3] == 1


def test_the_limit_of_an_order():
    game = Game.from_function(lambda z: z.sum(1), torch.ones(1, 6).double())
    with pytest.raises(ValueError, match="limit of 10"):
        harsanyi(game, order=2, limit=10)


def test_null_players_of_many_have_no_rows():
    """x₀ + 2 x₀x₁ + 3 x₀x₁x₃₉ at 1, b = 1 for all others: four players of 60, whatever the others are."""
    x = torch.zeros(60, dtype=torch.float64)
    x[[0, 1, 5, 39]] = 1
    effects = harsanyi(
        Game.from_function(lambda z: z[:, 0] + 2 * z[:, 0] * z[:, 1] + 3 * z[:, [0, 1, 39]].prod(1) + z.sum(1) * 0, x)
    )
    assert (len(effects), effects.calls, effects.truncated) == (16, 16, False)
    assert {key: value for key, value in effects.to_dict().items() if value} == {(0,): 1, (0, 1): 2, (0, 1, 39): 3}
    assert effects[7, 8] == effects[(59,)] == 0
    assert effects.independent.tolist() == [1] + [0] * 59


def test_the_dividends_of_a_polynomial_of_many_players_are_sums_of_its_terms():
    """Σ xᵢ xᵢ₊₁² + 3 x₀ + 7 at 2, b = 1: per pair (1 + t)(1 + t′)², so 3 for i + 1, 1 for i, 3 for both."""
    names = [f"x{i}" for i in range(40)]
    terms = " + ".join(f"x{i}*x{i + 1}**2" for i in range(39)) + " + 3*x0 + 7"
    effects = harsanyi(Game.from_expression(terms, dict.fromkeys(names, 2), 1))
    assert effects.base == 39 + 3 + 7
    assert (effects[0], effects[1], effects[39], effects[38, 39], effects[0, 2]) == (1 + 3, 3 + 1, 3, 3, 0)
    assert len(effects) == 1 + 40 + 39
    assert effects.base + effects.total == 39 * 8 + 6 + 7


def test_a_function_of_many_players_that_is_no_polynomial_is_refused():
    names = [f"x{i}" for i in range(40)]
    with pytest.raises(ValueError, match="model calls, above the limit"):
        harsanyi(Game.from_expression("exp(" + "+".join(names) + ")", dict.fromkeys(names, 1)))
