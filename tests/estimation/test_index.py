"""The weights of indices against their definitions, over all coalitions."""

from fractions import Fraction
from itertools import combinations
from math import comb, factorial

import numpy as np
import pytest
import torch

from decompositions.sampling.kernel import Kernel
from decompositions.sampling.surrogate import Surrogate
from synergy import Game, Policy, allocate, harsanyi, method
from synergy.estimation.by_size import mean_gains, weights_by_size
from synergy.estimation.correction import total
from synergy.estimation.estimate import estimate
from synergy.estimation.index import index_of, players
from synergy.interactions import INDICES
from synergy.policies.policy import degree_shares, equal_shares, full_credit

RULES = {
    "equal": equal_shares,
    "credit": full_credit,
    "equal, unsaid": Policy(lambda s: s / s.sum(-1, keepdims=True), formula="1/|S|", reads="support"),
    "even": Policy(lambda s: s * (1 + (-1) ** s.sum(-1, keepdims=True)), formula="1 + (−1)^|S|", reads="support"),
    "pairs": Policy(lambda s: s * (s.sum(-1, keepdims=True) == 2), formula="1[|S| = 2]", reads="support"),
    "shrinking": Policy(lambda s: s / s.sum(-1, keepdims=True) ** 2, formula="1/|S|²", reads="support"),
}


def table(n, seed=0):
    return np.random.default_rng(seed).normal(size=2**n)


def brute_pairs(v, n):
    found = np.zeros((n, n))
    for i, k in combinations(range(n), 2):
        for T in range(2**n):
            if T >> i & 1 or T >> k & 1:
                continue
            t, a, b = T.bit_count(), 1 << i, 1 << k
            weight = factorial(t) * factorial(n - t - 2) / factorial(n - 1)
            found[i, k] += weight * (v[T | a | b] - v[T | a] - v[T | b] + v[T])
    return found + found.T


@pytest.mark.parametrize("n", [1, 2, 3, 6])
def test_exact_where_all_coalitions_fit(n):
    v = table(n)
    game = Game.from_values(v)
    shapley = estimate(game, budget=2**n)
    assert shapley.exact
    assert shapley.trust == 0
    np.testing.assert_allclose(shapley.values, method("shapley").attribute(game).numpy(), atol=1e-12)
    np.testing.assert_allclose(estimate(game, "sii", budget=2**n).values, brute_pairs(v, n), atol=1e-12)
    banzhaf = [np.mean([v[T | 1 << i] - v[T] for T in range(2**n) if not T >> i & 1]) for i in range(n)]
    np.testing.assert_allclose(estimate(game, "banzhaf", budget=2**n).values, banzhaf, atol=1e-12)


PAIRS = ("SII", "STII", "FSII", "k-SII", "kADD-SHAP", "BII", "FBII", "CHII", "Moebius", "Co-Moebius")


@pytest.mark.parametrize("n", [2, 3, 4, 6])
@pytest.mark.parametrize("name", PAIRS)
def test_pairs_are_those_of_the_definition(name, n):
    v = table(n, 4)
    defined = INDICES[name].definition(torch.from_numpy(v), 2)
    found = estimate(Game.from_values(v), name, budget=2**n).values
    for i, k in combinations(range(n), 2):
        assert [found[i, k], found[k, i]] == pytest.approx([float(defined[1 << i | 1 << k])] * 2, abs=1e-11)


@pytest.mark.parametrize("name", PAIRS)
def test_the_surrogate_s_pairs_are_its_own(name):
    """What the diagonal says of a function of 9 players, against the definition on its table."""
    n, draws = 9, torch.Generator().manual_seed(0)
    centres = torch.randint(0, 2, (5, n), generator=draws).double()
    decay, signs = (
        torch.linspace(0.1, 0.6, n, dtype=torch.float64),
        torch.randn(5, generator=draws, dtype=torch.float64),
    )
    g = Surrogate(Kernel(decay, 1.0, 0.0, 1.0, 0.0), centres, signs)
    rows = torch.tensor([[T >> i & 1 for i in range(n)] for T in range(2**n)], dtype=torch.float64)
    away = (rows[:, None] - centres).abs() @ decay
    defined = INDICES[name].definition((-away).exp() @ signs, 2)
    found = index_of(name, n, n).of(g)
    for i, k in combinations(range(n), 2):
        assert found[i, k] == pytest.approx(float(defined[1 << i | 1 << k]), abs=1e-11)


@pytest.mark.parametrize("name", RULES)
def test_policies_are_what_allocate_gives(name):
    game = Game.from_values(table(6, 1))
    wanted = allocate(harsanyi(game), RULES[name]).attribution.numpy()
    np.testing.assert_allclose(estimate(game, RULES[name], budget=64, refuse=False).values, wanted, atol=1e-11)


def test_null_players_get_nothing_and_change_nothing():
    game = Game.from_function(lambda z: z[:, 0] * z[:, 2] + z[:, 2] ** 2, [1.0, 5.0, 2.0], [0.0, 5.0, 0.0])
    assert estimate(game, budget=4).values.tolist() == [1.0, 0.0, 5.0]
    pairs = np.zeros((3, 3))
    pairs[0, 2] = pairs[2, 0] = 2.0
    assert (estimate(game, "sii", budget=4).values == pairs).all()
    assert estimate(game, full_credit, budget=4).values.tolist() == [2.0, 0.0, 6.0]


def test_a_game_without_active_players():
    game = Game.from_function(lambda z: z.sum(1), [1.0, 2.0], [1.0, 2.0])
    for index in ("shapley", "banzhaf", "sii", full_credit):
        assert not estimate(game, index).values.any()


def test_by_size():
    assert weights_by_size(RULES["equal, unsaid"], 3, 5) == [1, Fraction(1, 2), Fraction(1, 3)]
    assert mean_gains(equal_shares, 30, 30) == [Fraction(1, 30)] * 30
    n, w = 9, [Fraction(7, s + 3) for s in range(1, 10)]
    rule = Policy(lambda s: 7 * s / (s.sum(-1, keepdims=True) + 3), formula="7/(|S|+3)", reads="support")
    for t, share in enumerate(mean_gains(rule, n, n)):
        alpha = sum((-1) ** j * comb(n - t - 1, j) * w[t + j] for j in range(n - t))
        assert share == comb(n - 1, t) * alpha


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (degree_shares, "reads degrees"),
        (Policy(lambda s: s * (s[:, :1] > 0), formula="s₀", reads="support"), "does not go by the number of members"),
        (Policy(lambda s: 1 - s, formula="1 − s", reads="support"), "0 for others"),
        (Policy(lambda s: s.cumsum(-1) * s, formula="Σ", reads="support"), "one weight per size"),
    ],
)
def test_other_policies_are_refused_before_anything_is_paid(rule, message):
    game = Game.from_function(lambda z: z.sum(1), np.ones(30).tolist()).watched(lambda calls: pytest.fail("paid"))
    with pytest.raises(ValueError, match=message):
        estimate(game, rule)


def test_no_index():
    game = Game.from_values([0.0, 1.0, 2.0, 7.0])
    with pytest.raises(
        LookupError, match=r"no index 'stii' is estimated; take 'shapley', 'banzhaf', .* or a Policy.* mean 'STII'"
    ):
        estimate(game, "stii")
    with pytest.raises(ValueError, match="SV is an index of single players"):
        estimate(game, "SV")
    with pytest.raises(ValueError, match="the pairs of RS are no integral"):
        estimate(Game.from_values(table(6)), "RS")
    with pytest.raises(TypeError, match=r"an index is .*, not 3"):
        estimate(game, 3)


@pytest.mark.parametrize("order", [1, 2])
def test_sums_over_coalitions(order):
    rng = np.random.default_rng(2)
    z, parts = rng.integers(0, 2, (40, 5)).astype(np.uint8), rng.normal(size=(order + 1, 40))
    found = total(z, parts)
    for S in combinations(range(5), order):
        assert found[S] == pytest.approx(sum(parts[z[row, list(S)].sum(), row] for row in range(40)))


@pytest.mark.parametrize("index", ["shapley", "sii"])
def test_quadrature_is_as_good_for_a_thousand_players(index):
    """Against the exact nodes, for a product that falls from 1 to e⁻³⁰⁰."""
    n = 1000
    centres = (torch.arange(n) % 3 > 0).double()[None]
    decay = torch.linspace(0.01, 0.6, n, dtype=torch.float64)
    g = Surrogate(Kernel(decay, 1.0, 0.0, 1.0, 0.0), centres, torch.ones(1, dtype=torch.float64))
    nodes, weights = np.polynomial.legendre.leggauss(501)
    exact = (g.slopes if index == "shapley" else g.bends)((nodes + 1) / 2, weights / 2)
    found = index_of(index, n, n).of(g)
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-9 * np.abs(exact).max())


def test_equal_shares_of_many_players_are_the_shapley_value():
    assert (index_of(equal_shares, 40, 40).weights == index_of("shapley", 40, 40).weights).all()


def test_weights_beyond_floats_are_refused():
    """Those of (−1)^|S| are 2ⁿ⁻ᵗ, too large from 1,025 players on."""
    with pytest.raises(ValueError, match=r"more than 10\^308"):
        players([Fraction((-2) ** t) for t in range(1100)])


def test_a_policy_that_differs_at_one_coalition_only_is_refused():
    """1/|S|, and twice that for {5, …, 9} of ten players: one coalition of 252 of its size."""

    def rule(s):
        apart = (s[:, 5:].sum(-1, keepdims=True) == 5) & (s[:, :5].sum(-1, keepdims=True) == 0)
        return s / s.sum(-1, keepdims=True) * (1 + apart)

    with pytest.raises(ValueError, match=r"coalitions of 5 give 1/5, 2/5"):
        index_of(Policy(rule, formula="nearly equal", reads="support"), 10, 10)
