"""Exact quadrature at equispaced nodes: the known rules, moments, and powers that would take long to solve for."""

import time
from fractions import Fraction

import pytest

from decompositions.expressions.newton_cotes import rule
from synergy import Game, method

KNOWN = {1: [1], 2: [1, 1], 3: [1, 4, 1], 4: [1, 3, 3, 1], 5: [7, 32, 12, 32, 7], 6: [19, 75, 50, 50, 75, 19]}


@pytest.mark.parametrize("count", KNOWN)
def test_known_rules(count):
    """One node, the trapezium, Simpson, 3/8, Boole, and that of six nodes."""
    nodes, weights = rule(count)
    assert weights == [Fraction(w, sum(KNOWN[count])) for w in KNOWN[count]]
    assert nodes == [Fraction(i, max(1, count - 1)) for i in range(count)]


@pytest.mark.parametrize("count", [2, 7, 20, 61])
def test_powers_are_integrated_exactly(count):
    nodes, weights = rule(count)
    for k in range(count):
        assert sum(w * t**k for t, w in zip(nodes, weights, strict=True)) == Fraction(1, k + 1)


def test_the_path_integral_of_a_high_power():
    """(x + 2y)^150 from 0 to (1, 1): a third and two thirds of 3^150."""
    start = time.process_time()
    found = method("integrated_gradients").attribute(Game.from_expression("(x + 2*y)**150", {"x": 1, "y": 1}))
    assert list(found) == [3**149, 2 * 3**149]
    assert time.process_time() - start < 5


def test_a_degree_that_is_too_high_is_refused():
    start = time.process_time()
    with pytest.raises(ValueError, match=r"degree of at most 1,000, and .* may have degree 9,000"):
        method("integrated_gradients").attribute(Game.from_expression("(x + y)**9000", {"x": 1, "y": 0}))
    assert time.process_time() - start < 2
