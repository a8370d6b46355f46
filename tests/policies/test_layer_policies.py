"""Per-layer policies: against the Taylor effects of a neuron one by one, composed through networks, and judged."""

import math
from itertools import permutations

import mpmath
import pytest
import torch
from cases import close, draw
from layer_cases import DOUBLE
from layer_definitions import SIGMA
from layer_rules import (
    CONTRIBUTIONS,
    DEGREE,
    RULES,
    UNITS,
    constant_share,
    derivatives,
    effect,
    taylor_credits,
    vectors,
)

from decompositions.series.neuron import neuron_effects
from synergy.allocation.allocation import allocate_neuron
from synergy.policies.layer_policy import (
    degree_layer_shares,
    equal_layer_shares,
    reveal_cancel_shares,
    secant,
)

TAYLOR = 1e-10
BIASES = [0.4, -0.6]


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("start", BIASES)
@pytest.mark.parametrize("kind", ["both-signs", "no-negative", "one", "one-adds-nothing"])
def test_the_effects_of_a_neuron_term_by_term(unit, start, kind):
    """By the definition, and they add up to σ(z⁰ + z)."""
    z = CONTRIBUTIONS[kind]
    table = derivatives(UNITS[unit][0], start)
    effects = neuron_effects(torch.tensor(table, dtype=DOUBLE), torch.tensor(z, dtype=DOUBLE))
    keys = [(0,) * len(z), *vectors(DEGREE, len(z))]
    assert len(effects) == len(keys)
    for kappa in keys:
        assert effects.degree(kappa).item() == pytest.approx(effect(table, kappa, z), rel=1e-12, abs=1e-300)
    total = UNITS[unit][1](torch.tensor(start + sum(z), dtype=DOUBLE))
    close(effects.values.sum(), total, TAYLOR)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("start", BIASES)
@pytest.mark.parametrize("kind", CONTRIBUTIONS)
@pytest.mark.parametrize("rule", RULES)
def test_weights_summed_over_all_effects_are_the_credits_in_closed_form(rule, kind, start, unit):
    policy, _, setting = RULES[rule]
    z, (exact, sigma) = CONTRIBUTIONS[kind], UNITS[unit]
    if setting is not None and not sum(z) + start * setting[-1]:
        pytest.skip("nothing to divide by")
    expected = taylor_credits(rule, exact, z, start)
    contributions, origin = torch.tensor(z, dtype=DOUBLE), torch.tensor(start, dtype=DOUBLE)
    effects = neuron_effects(torch.tensor(derivatives(exact, start), dtype=DOUBLE), contributions)
    table = allocate_neuron(effects, policy, contributions, origin).attribution
    constant = 0.0
    if setting is not None:
        shares = [constant_share(setting, i, z, start) for i in range(len(z))]
        constant = torch.tensor(shares, dtype=DOUBLE) * effects.values[0]
    scale = max(1e-2, max(map(abs, expected)))
    close(table + constant, expected, TAYLOR, scale=scale)
    close(policy.rates(contributions, origin, sigma) * contributions, expected, TAYLOR, scale=scale)


@pytest.mark.parametrize("rule", RULES)
def test_weights_degree_vector_by_degree_vector(rule):
    policy, weight, _ = RULES[rule]
    z, start = [0.3, -0.2, 0.1, -0.4], 0.7
    keys = vectors(4, 4)
    given = policy.weights(
        torch.tensor(keys, dtype=DOUBLE), torch.tensor(z, dtype=DOUBLE), torch.tensor(start).double()
    )
    expected = [[float(weight(kappa, i, z, torch.tensor(start).double().item())) for i in range(4)] for kappa in keys]
    close(given, expected, 1e-13)


@pytest.mark.parametrize("unit", UNITS)
def test_the_ridge_identity(unit):
    """Σ_κ (κ_i/|κ|) effect(κ) = (z_i/z)(σ(z⁰ + z) − σ(z⁰)), so the weights of a rule are not unique."""
    exact, sigma = UNITS[unit]
    for z in ([0.08, -0.04, 0.07], [-0.1, 0.02, 0.03]):
        with mpmath.workdps(30):
            change = float(exact(mpmath.mpf(0.2) + sum(map(mpmath.mpf, z))) - exact(mpmath.mpf(0.2)))
        expected = [part / sum(z) * change for part in z]
        close(taylor_credits("degree", exact, z, 0.2), expected, TAYLOR)
        contributions = torch.tensor(z, dtype=DOUBLE)
        rates = degree_layer_shares().rates(contributions, torch.tensor(0.2, dtype=DOUBLE), sigma)
        close(rates * contributions, expected, TAYLOR)


ANY_SIGMA = {
    "relu": (torch.relu, SIGMA["ReLU"]),
    "softplus": (torch.nn.functional.softplus, SIGMA["Softplus"]),
    "square": (lambda z: z * z, lambda z: z * z),
}


@pytest.mark.parametrize("unit", ["relu", "softplus", "square"])
@pytest.mark.parametrize("seed", range(3))
def test_equal_shares_are_shapley_values_of_the_neuron(unit, seed):
    fast, slow = ANY_SIGMA[unit]
    z, start = (2 * draw(5, seed=seed)).tolist(), 0.3 - seed
    expected, orders = [0.0] * 5, list(permutations(range(5)))
    for order in orders:
        total = start
        for i in order:
            expected[i] += (slow(total + z[i]) - slow(total)) / len(orders)
            total += z[i]
    contributions = torch.tensor(z, dtype=DOUBLE)
    rates = equal_layer_shares().rates(contributions, torch.tensor(start, dtype=DOUBLE), fast)
    close(rates * contributions, expected, 1e-12)


def test_the_rate_of_an_input_that_adds_nothing_is_the_mean_slope_over_the_orders():
    z, start = [0.8, 0.0, -1.1], 0.2
    slope, orders, mean = (lambda v: 1 / (1 + math.exp(-v))), list(permutations(range(3))), 0.0
    for order in orders:
        mean += slope(start + sum(z[i] for i in order[: order.index(1)])) / len(orders)
    contributions, origin = torch.tensor(z, dtype=DOUBLE), torch.tensor(start, dtype=DOUBLE)
    rates = equal_layer_shares().rates(contributions, origin, torch.nn.functional.softplus)
    close(rates[1], mean, 1e-12)
    up, down = slope(start), slope(start - 1.1)
    contributions = torch.tensor([0.0, -1.1], dtype=DOUBLE)
    rates = reveal_cancel_shares().rates(contributions, origin, torch.nn.functional.softplus)
    close(rates[0], (up + down) / 2, 1e-12)


def test_the_secant_where_nothing_changes_is_the_slope():
    place = torch.tensor([0.3, 0.3, 0.3], dtype=DOUBLE)
    change = torch.tensor([0.0, 1e-11, 1e-3], dtype=DOUBLE)
    given = secant(torch.tanh, place, change)
    assert given[0].item() == pytest.approx(1 - math.tanh(0.3) ** 2, rel=1e-15)
    with mpmath.workdps(40):
        start, ends = mpmath.mpf(0.3), (place + change).tolist()[1:]
        expected = [float((mpmath.tanh(end) - mpmath.tanh(start)) / (end - start)) for end in map(mpmath.mpf, ends)]
    close(given[1:], expected, 1e-13)


DEGENERATE = {"nothing": [0.0, 0.0], "cancel": [0.25, -0.25], "bias-cancels": [0.5, 0.25]}


@pytest.mark.parametrize("kind", DEGENERATE)
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("start", [0.0, -0.75])
def test_weights_and_rates_stay_finite_where_a_denominator_is_zero(rule, kind, start):
    policy = RULES[rule][0]
    z, origin = torch.tensor(DEGENERATE[kind], dtype=DOUBLE), torch.tensor(start, dtype=DOUBLE)
    assert torch.isfinite(policy.rates(z, origin, torch.nn.functional.softplus)).all()
    assert torch.isfinite(policy.weights(torch.tensor(vectors(3, 2), dtype=DOUBLE), z, origin)).all()
