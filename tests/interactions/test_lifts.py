"""Lifts of rules for single players: Recursive IG, Integrated Hessians, Augmented Recursive IG, Sum of Powers."""

from fractions import Fraction
from itertools import combinations, product
from math import prod

import numpy as np
import pytest
import sympy
import torch

from decompositions import degrees
from decompositions.arithmetic import as_array
from synergy import Effects, Game, harsanyi, method, taylor
from synergy.interactions import INDICES, LIFTS, AugmentedRecursive, Recursive, TopDistributing, interactions
from synergy.policies.policy import equal_shares

F = Fraction
Z = sympy.symbols("z1:5")
MONOMIALS = [m for m in product(range(4), repeat=4) if any(m)]


def effect_of(monomial):
    """z^m at (1, …, 1), as one Taylor effect."""
    table = np.array([[0] * len(monomial), monomial])
    names = tuple(f"z{i + 1}" for i in range(len(monomial)))
    return Effects(as_array([F(0), F(1)]), names=names, basis="taylor", degrees=table)


def support(monomial):
    return tuple(i for i, k in enumerate(monomial) if k)


def given(monomial, index, order):
    return {players: value for players, value in interactions(effect_of(monomial), index, order).items() if value}


# --- every monomial --------------------------------------------------------------------------------------------------


def nested(monomial, order):
    """IG of IG of …, tuple by tuple: IG_i multiplies a monomial by κᵢ/|κ|."""
    found = {}
    for tuple_ in product(support(monomial), repeat=order):
        players = tuple(sorted(set(tuple_)))
        value = prod(F(monomial[i], sum(monomial)) for i in tuple_)
        found[players] = found.get(players, 0) + value
    return found


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("monomial", MONOMIALS, ids=str)
def test_recursive_integrated_gradients_are_nested(monomial, order):
    expected = nested(monomial, order)
    assert given(monomial, "RIG", order) == expected
    own = {support(monomial): 1}
    assert given(monomial, "ARIG", order) == (own if len(support(monomial)) <= order else expected)
    if order == 2:
        assert given(monomial, "IH", 2) == expected


def sum_of_powers(monomial, order):
    """The sum over i in T of STII of order k − 1 of T \\ i, in the game R ↦ IG_i(x_{R ∪ i}) of the others."""
    n, everybody = len(monomial), support(monomial)
    found = {players: F(players == everybody) for t in range(1, order) for players in combinations(range(n), t)}
    for i in range(n):
        share = F(monomial[i], sum(monomial))
        others = [j for j in range(n) if j != i]
        table = [share * ({*everybody} <= {i, *(others[j] for j in degrees.coalition(m))}) for m in range(2 ** (n - 1))]
        top = INDICES["STII"].definition(as_array(table), order - 1)
        for mask, value in top.items():
            players = tuple(sorted([i, *(others[j] for j in degrees.coalition(mask))]))
            if len(players) == order:
                found[players] = found.get(players, 0) + value
    return {players: value for players, value in found.items() if value}


@pytest.mark.parametrize("order", [2, 3])
@pytest.mark.parametrize("monomial", MONOMIALS, ids=str)
def test_sum_of_powers_is_shapley_taylor_of_integrated_gradients(monomial, order):
    assert given(monomial, "SP", order) == sum_of_powers(monomial, order)


def test_integrated_hessians_by_hand():
    """z₁ z₂² at (1, 1)."""
    assert given((1, 2), "IH", 2) == {(0,): F(1, 9), (1,): F(4, 9), (0, 1): F(4, 9)}


def test_where_augmented_rig_and_sp_see_the_degrees():
    assert given((1, 1, 2), "SP", 2) == {(0, 1): F(1, 4), (0, 2): F(3, 8), (1, 2): F(3, 8)}
    assert given((1, 1, 2), "ARIG", 2)[(2,)] == F(1, 4)
    assert given((1, 2, 0), "ARIG", 2) == given((1, 2, 0), "SP", 2) == {(0, 1): 1}


# --- polynomials -----------------------------------------------------------------------------------------------------


POLYNOMIAL = "3*z1*z2**2 - z1**2*z2*z3 + z3**3/2 + 2*z1*z2*z3*z4**2 - z4"
POINT, BASELINE = dict(zip(Z, (2, 3, 1, -1), strict=True)), dict(zip(Z, (1, -1, 2, 1), strict=True))


def question(expression=POLYNOMIAL):
    return Game.from_expression(expression, POINT, BASELINE)


def integrated_gradient(f, i):
    """y_i ∫ ∂_i f(b + t y) dt, as a polynomial of y."""
    t = sympy.Symbol("t")
    inside = sympy.diff(f, Z[i]).subs({z: t * z for z in Z}, simultaneous=True)
    return sympy.expand(Z[i] * sympy.integrate(sympy.expand(inside), (t, 0, 1)))


@pytest.mark.parametrize("index", ["IH", "RIG"])
def test_integrated_gradients_of_integrated_gradients_by_sympy(index):
    """The integrals themselves, with a baseline that is not zero."""
    f = sympy.sympify(POLYNOMIAL).subs({z: z + BASELINE[z] for z in Z}, simultaneous=True)
    away = {z: POINT[z] - BASELINE[z] for z in Z}
    expected = {}
    for i in range(4):
        once = integrated_gradient(f, i)
        for j in range(4):
            players = tuple(sorted({i, j}))
            expected[players] = expected.get(players, 0) + integrated_gradient(once, j).subs(away)
    found = interactions(question(), index, 2)
    assert dict(found) == expected
    assert found.total == sum(expected.values()) == f.subs(away) - f.subs(dict.fromkeys(Z, 0))


def test_rows_of_integrated_hessians_add_up_to_integrated_gradients():
    found, attributions = interactions(question(), "IH"), method("integrated_gradients").attribute(question())
    for i in range(4):
        assert found[(i,)] + sum(found[i, j] for j in range(4) if j != i) / 2 == attributions[i]


MULTILINEAR = "3*z1*z2 - z1*z2*z3 + z3/2 + 2*z1*z2*z3*z4 - z4"


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize(("on_degrees", "on_players"), [("RIG", "RS"), ("ARIG", "ARS"), ("SP", "STII")])
def test_on_multilinear_functions_degrees_tell_nothing_more(on_degrees, on_players, order):
    game = question(MULTILINEAR)
    assert dict(interactions(game, on_degrees, order)) == dict(interactions(game, on_players, order))


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize(("lift", "index"), [(Recursive, "RS"), (AugmentedRecursive, "ARS"), (TopDistributing, "STII")])
def test_lifts_of_equal_shares_are_those_of_the_shapley_value(lift, index, order):
    values = torch.randn(32, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    found = interactions(Game.from_values(values), lift(equal_shares), order)
    expected = interactions(Game.from_values(values), index, order)
    assert found.sets == expected.sets
    assert torch.allclose(found.array, expected.array, rtol=0, atol=1e-12)


def test_a_network_of_squares():
    """(z₁ + 2 z₂)² + z₁ z₂² in floats, by jets: 1 + 4 + 4 + 1 at (1, 1)."""
    game = Game.from_function(
        lambda z: (z[:, 0] + 2 * z[:, 1]) ** 2 + z[:, 0] * z[:, 1] ** 2, torch.ones(2).double(), torch.zeros(2).double()
    )
    found = interactions(game, "IH")
    expected = {(0,): 1 + 1 + 1 / 9, (1,): 4 + 1 + 4 / 9, (0, 1): 2 + 4 / 9}
    assert all(abs(found[players] - value) < 1e-9 for players, value in expected.items())


# --- refused ---------------------------------------------------------------------------------------------------------


def relu(z):
    return torch.relu(z[:, 0] + z[:, 1] - 1)


@pytest.mark.parametrize("index", LIFTS)
def test_a_kink_on_the_way_is_refused(index):
    """relu(z₁ + z₂ − 1) at (1, 1): its second derivatives are 0 where they exist, but the pair has ln 2 / 2."""
    with pytest.raises(ValueError, match="is an integral from b to x, and these effects are those of a series that"):
        interactions(Game.from_expression("Max(z1 + z2 - 1, 0)", {"z1": 1, "z2": 1}), index)


def test_what_has_no_degrees_is_refused():
    game = Game.from_values(torch.rand(8).double())
    with pytest.raises(ValueError, match="SP shares out Taylor effects, by their degrees: a Taylor series does not"):
        interactions(game, "SP")
    with pytest.raises(ValueError, match="reads degrees, but these effects are Harsanyi dividends"):
        interactions(harsanyi(game), "SP")
    with pytest.raises(ValueError, match="IH is an index of order 2; give order=2"):
        interactions(question(), "IH", 1)
    with pytest.raises(ValueError, match="IH is an index of at most 2 players; give order=2"):
        interactions(question(), "IH", 3)
    with pytest.raises(LookupError, match="did you mean 'ARIG'"):
        interactions(question(), "arig")


def test_a_series_that_is_cut_off_says_what_is_missing():
    game = Game.from_expression("exp(z1 + 2*z2)", {"z1": F(1, 2), "z2": F(1, 4)})
    found = interactions(taylor(game, 12), "IH")
    assert found.missing
    assert found.note.startswith("the terms above this degree add up to")
    assert 0 < float(found.remainder) < 1e-9
    whole = float(sympy.exp(1)) - 1
    assert abs(float(found.total) - whole) < 1e-9
    assert found[(0,)] == found[(1,)]  # both terms of the exponent are 1/2
