"""AND–OR: hand-made games, the linear programme of scipy, and what cannot be split."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch
from scipy.optimize import linprog

from decompositions import Effects, Game, harsanyi
from decompositions.dividends.and_or import AndOr, Interaction, and_or
from decompositions.dividends.basis_pursuit import dividends_of, sparsest
from decompositions.effects.coalitions import Coalitions


def members(mask: int) -> set[int]:
    return {i for i in range(mask.bit_length()) if mask >> i & 1}


def conjunction(mask: int, n: int) -> np.ndarray:
    return np.array([float(members(mask) <= members(T)) for T in range(2**n)])


def disjunction(mask: int, n: int) -> np.ndarray:
    return np.array([float(bool(members(mask) & members(T))) for T in range(2**n)])


def of_game(values: np.ndarray) -> Effects:
    return harsanyi(Game.from_values(torch.tensor(values, dtype=torch.float64)))


def series(values: list[float], degrees: list[list[int]]) -> Effects:
    """Taylor effects x^k y^l."""
    table = np.array(degrees)
    return Effects(torch.tensor(values, dtype=torch.float64), names=("x", "y"), basis="taylor", degrees=table)


def value(split: AndOr) -> np.ndarray:
    """The game of a split, term by term as the definition has it."""
    n = split.n
    a, o = split.conjunctions.values, split.disjunctions.values
    both = sum(float(a[S]) * conjunction(S, n) for S in range(2**n))
    return both + sum(float(o[S]) * disjunction(S, n) for S in range(1, 2**n))


def smallest(values: np.ndarray) -> float:
    """The linear programme itself: one column per conjunction and one per disjunction, in positive and negative."""
    n = len(values).bit_length() - 1
    columns = np.stack([f(S, n) for f in (conjunction, disjunction) for S in range(1, 2**n)], axis=1)[1:]
    found = linprog(np.ones(2 * columns.shape[1]), A_eq=np.hstack([columns, -columns]), b_eq=(values - values[0])[1:])
    assert found.success
    return float(found.fun)


def bank(n: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(n)
    some = [rng.permutation(2**n - 1)[:n] + 1 for _ in range(2)]
    ands = sum(rng.normal() * conjunction(int(S), n) for S in some[0])
    ors = sum(rng.normal() * disjunction(int(S), n) for S in some[1])
    sizes = np.array([T.bit_count() for T in range(2**n)])
    return {
        "values": rng.normal(size=2**n),
        "ands": ands,
        "ors": ors,
        "both": 5 + ands + ors,
        "parity": sizes % 2.0,
        "majority": (2 * sizes > n) * 1.0,
        "rational": sizes / (1.0 + sizes**2),
        "integers": rng.integers(-3, 4, 2**n) * 1.0,
    }


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("kind", bank(1))
def test_as_small_as_the_linear_programme(n: int, kind: str) -> None:
    values = bank(n)[kind]
    split, best = and_or(of_game(values)), smallest(values)
    assert best * (1 - 1e-9) <= split.size <= 1.001 * best + 1e-12
    assert split.gap <= 1e-3
    assert split.size * (1 - split.gap) <= best * (1 + 1e-9) + 1e-12  # the proof is none that proves too much


@pytest.mark.parametrize("n", [0, 1, 2, 5, 7])
@pytest.mark.parametrize("unit", [1e-150, 1.0, 1e150])
def test_both_parts_add_up(n: int, unit: float) -> None:
    values = np.random.default_rng(n).normal(size=2**n) * unit
    split = and_or(of_game(values))
    np.testing.assert_allclose(value(split), values, atol=1e-13 * np.abs(values).max())
    assert split.gap <= 1e-3
    singles = [1 << i for i in range(n)]
    assert not split.disjunctions.values[[0, *singles]].any()
    parts = split.conjunctions.values + split.disjunctions.dividends.values
    torch.testing.assert_close(parts, split.effects.values, rtol=0, atol=1e-12 * max(unit, float(parts.abs().max())))


@pytest.mark.parametrize("n", [9, 12])
def test_few_interactions_are_found_again(n: int) -> None:
    rng = np.random.default_rng(n)
    ands, ors = (rng.choice(np.arange(2**n)[np.bitwise_count(np.arange(2**n)) > 2], 4, replace=False) for _ in "ab")
    values = sum(2 * conjunction(int(S), n) for S in ands) + sum(-3 * disjunction(int(S), n) for S in ors)
    split = and_or(of_game(values))
    found = {(each.kind, sum(1 << i for i in each.players)): each.value for each in split.top(8)}
    assert set(found) == {("and", int(S)) for S in ands} | {("or", int(S)) for S in ors}
    assert split.size == pytest.approx(4 * 2 + 4 * 3, rel=1e-3)
    assert all(v == pytest.approx(2 if kind == "and" else -3, abs=0.05) for (kind, _), v in found.items())


def test_dividends_of_disjunctions_by_hand() -> None:
    n = 4
    for S in range(1, 2**n):
        o = torch.zeros(2**n, dtype=torch.float64)
        o[S] = 1.0
        assert dividends_of(o).tolist() == of_game(disjunction(S, n)).values.tolist()
    assert dividends_of(torch.zeros(1)).tolist() == [0.0]


def test_the_dual_game() -> None:
    values = bank(4)["ors"]
    part = and_or(of_game(values)).disjunctions
    game = sum(float(part.values[S]) * disjunction(S, 4) for S in range(1, 16))
    dual = game[-1] - game[::-1]
    torch.testing.assert_close(of_game(dual).values, part.values)
    torch.testing.assert_close(part.dividends.values, of_game(game).values)


def test_null_players_are_in_no_interaction() -> None:
    small = bank(4)["both"]
    values = np.array([small[(T & 1) | (T >> 1 & 0b1110)] for T in range(32)])  # player 1 does nothing
    split = and_or(of_game(values))
    assert all(1 not in each.players for each in split.top(100))
    np.testing.assert_allclose(value(split), values, atol=1e-13)
    assert split.size == pytest.approx(smallest(small), rel=1e-3)


def test_sparse_effects_of_many_players() -> None:
    names = tuple(f"p{i}" for i in range(80))
    inner = {mask: float(J) for mask, J in enumerate(of_game(disjunction(0b111, 3)).values) if J}
    where = (3, 70, 79)
    coalitions = Coalitions.of_members([(), *(tuple(where[i] for i in members(mask)) for mask in inner)], 80)
    values = torch.tensor([7.0, *inner.values()], dtype=torch.float64)
    split = and_or(Effects(values, names=names, coalitions=coalitions))
    (only,) = [each for each in split.top() if abs(each.value) > 1e-3]
    assert (only.kind, only.players, split.label(only)) == ("or", where, "p3 ∨ p70 ∨ p79")
    assert split.conjunctions.base == 7
    assert split.disjunctions[where].item() == pytest.approx(1.0, abs=1e-3)
    together = {key: float(split.disjunctions.dividends[key] + split.conjunctions[key]) for key in [(3,), (3, 70)]}
    assert together == pytest.approx({(3,): 1.0, (3, 70): -1.0}, abs=1e-12)


def test_a_constant_game() -> None:
    split = and_or(of_game(np.full(8, 3.0)))
    assert (split.size, split.gap, split.top(), split.conjunctions.base) == (0.0, 0.0, [], 3.0)
    assert split.curve(2).split.tolist() == [1.0, 1.0, 1.0]


def test_sparsity_curve_by_hand() -> None:
    split = and_or(of_game(disjunction(0b11, 2)))  # v = 0, 1, 1, 1: variance 3/16
    alone, both = split.curve(3)
    # v less the dividends of x0: 0, 0, 1, 0, variance 3/16; less x1 as well: 0, 0, 0, −1; less −x0·x1: nothing
    assert alone == pytest.approx([0.0, 0.0, 0.0, 1.0])
    assert both == pytest.approx([0.0, 1.0, 1.0, 1.0])


def test_sparsity_curve_of_null_players_and_signs() -> None:
    effects = of_game(2 * conjunction(0b100, 3) - conjunction(0b101, 3))  # 2 x2 − x0·x2
    split = and_or(effects)
    v = 2 * conjunction(0b100, 3) - conjunction(0b101, 3)
    assert split.curve(2).alone == pytest.approx([0, 1 - conjunction(0b101, 3).var() / v.var(), 1])


def test_what_is_shown() -> None:
    effects = harsanyi(Game.from_values([0.0, 1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 3.0], names=("good", "great", "not")))
    split = and_or(effects)
    top = split.top()
    assert [type(each) for each in top] == [Interaction] * len(top)
    assert [split.label(each) for each in top[:2]] == ["good ∧ great ∧ not", "good ∨ great"]
    assert split.disjunctions.label((0, 1)) == "good ∨ great"
    assert repr(split) == "AndOr(3 players; Σ|·| 3; strongest: good ∧ great ∧ not +2, good ∨ great +1)"
    assert "good ∨ great +1" in repr(split.disjunctions)
    assert split.top(0) == []
    with pytest.raises(ValueError, match="number of effects"):
        split.top(-1)
    with pytest.raises(ValueError, match="largest number of interactions"):
        split.curve(-1)


@pytest.mark.parametrize(
    ("effects", "error", "match"),
    [
        (torch.zeros(4), TypeError, "decompose a game with harsanyi"),
        (harsanyi(Game.from_values([Fraction(0), Fraction(1), Fraction(1), Fraction(1)])), TypeError, "exact"),
        (harsanyi(Game.from_values(torch.zeros(2, 4))), ValueError, "several games, of shape"),
        (harsanyi(Game.from_values(torch.randn(8).double()), order=2), ValueError, "rows are missing"),
        (series([0.0, 3.75], [[0, 0], [1, 1]]), ValueError, "by_support"),
        (Effects(torch.tensor([0.0, np.inf]), names=("x",)), ValueError, "not finite"),
        (Effects(torch.ones(2**17), names=tuple(f"x{i}" for i in range(17))), ValueError, "at most 16 players"),
    ],
    ids=["tensor", "exact", "several", "truncated", "taylor", "infinite", "many"],
)
def test_refused_with_the_way_out(effects: object, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        and_or(effects)  # type: ignore[arg-type]


def test_taylor_effects_by_support() -> None:
    terms = series([0.0, 3.0, 1.75, 2.0], [[0, 0], [1, 0], [1, 1], [2, 1]])
    split = and_or(terms.by_support())
    np.testing.assert_allclose(value(split), [0.0, 3.0, 0.0, 6.75], atol=1e-13)


def test_disjunctions_are_no_effects() -> None:
    from synergy import allocate, method

    game = Game.from_values(torch.tensor(disjunction(0b11, 2)))
    split = and_or(harsanyi(game))
    policy = method("shapley").policy(game)
    with pytest.raises(TypeError, match="shares out Effects"):
        allocate(split.disjunctions, policy)  # type: ignore[arg-type]
    parts = [allocate(each, policy).attribution for each in (split.conjunctions, split.disjunctions.dividends)]
    assert sum(parts).tolist() == pytest.approx([0.5, 0.5])


def test_the_bound_is_a_bound_when_the_steps_run_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("decompositions.dividends.basis_pursuit.STEPS", 30)
    values = bank(6)["values"]
    split = sparsest(of_game(values).values)
    best = smallest(values)
    assert 1e-3 < split.gap < 1
    assert split.bound <= best * (1 + 1e-9) <= split.size * (1 + 1e-9)
