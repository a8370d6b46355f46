"""Sums over equal steps: exact in exact arithmetic, with an error that holds elsewhere."""

from fractions import Fraction

import hard_paths
import pytest
import torch
from cases import close

from synergy import Game, method, straight_line
from synergy.algorithms.path.riemann import STEPS

PLACES = {
    "left": lambda m: [Fraction(j, m) for j in range(m)],
    "right": lambda m: [Fraction(j + 1, m) for j in range(m)],
    "midpoint": lambda m: [Fraction(2 * j + 1, 2 * m) for j in range(m)],
}


def by_hand(rule, steps):
    """The sum for z1 z2² at (1, 2): ∂₁g(s) = 4 s², ∂₂g(s) = 8 s²."""
    if rule == "trapezoid":
        return [(a + b) / 2 for a, b in zip(by_hand("left", steps), by_hand("right", steps), strict=True)]
    total = sum(s**2 for s in PLACES[rule](steps)) / steps
    return [4 * total, 8 * total]


@pytest.mark.parametrize("rule", STEPS)
@pytest.mark.parametrize("steps", [1, 2, 7])
def test_exactly(rule, steps):
    game = Game.from_expression("z1*z2**2", {"z1": 1, "z2": 2})
    found = method("integrated_gradients", nodes=steps, rule=rule).integrate(game)
    expected = by_hand(rule, steps)
    assert found.values.tolist() == expected
    assert found.errors.tolist() == [abs(expected[0] - Fraction(4, 3)), abs(expected[1] - Fraction(8, 3))]
    assert found.rule == f"{rule} sum, {steps} steps"


@pytest.mark.parametrize("rule", STEPS)
@pytest.mark.parametrize("steps", [1, 2, 3, 16, 50])
def test_of_a_function(rule, steps):
    f = lambda z: z[:, 0] * z[:, 1] ** 2  # noqa: E731
    found = method("integrated_gradients", nodes=steps, rule=rule).integrate(Game.from_function(f, [1.0, 2.0]))
    expected = torch.tensor([float(value) for value in by_hand(rule, steps)], dtype=torch.float64)
    close(found.values, expected, 1e-14)
    assert (abs(found.values - torch.tensor([4 / 3, 8 / 3], dtype=torch.float64)) <= found.errors).all()


@pytest.mark.parametrize("rule", STEPS)
def test_the_error_holds_on_hard_functions(rule):
    for name, f in hard_paths.functions(11, 3).items():
        if name.startswith(("sin-300", "step-5000")):
            continue
        x = torch.tensor([[0.9, -0.7, 1.2]]).double()
        truth = hard_paths.HardPath(name, f, x, x * 0).truth()
        for steps in (8, 50, 300):
            found = method("integrated_gradients", nodes=steps, rule=rule).integrate(Game.from_function(f, x))
            error = abs(found.values - truth)
            assert (error <= found.errors + 1e-6 * abs(truth).max()).all(), (name, steps, error, found.errors)


def test_they_are_the_sums_of_the_picture():
    game = Game.from_function(lambda z: (z[:, 0] * z[:, 1]).sin(), [1.0, 2.0])
    line = straight_line(game, 24)
    for rule in STEPS:
        given = method("integrated_gradients", nodes=6, rule=rule).attribute(game)
        close(given, line.added(rule, 6).sum(0), 1e-13)


def test_of_several_baselines():
    x, b = torch.rand(1, 3).double(), torch.rand(4, 3).double()
    f = lambda z: z.prod(1)  # noqa: E731
    chosen = method("expected_gradients", nodes=5, rule="trapezoid")
    parts = [chosen.attribute(Game.from_function(f, x, each[None])) for each in b]
    close(chosen.attribute(Game.from_function(f, x, b)), sum(parts) / 4, 1e-14)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"rule": "middle", "nodes": 5}, "rule is one of left, right, midpoint, trapezoid"),
        ({"rule": "left"}, "say how many, as nodes=50"),
        ({"rule": "left", "nodes": "adaptive"}, "say how many, as nodes=50"),
        ({"rule": 3, "nodes": 5}, "rule is one of"),
    ],
)
def test_refused(settings, said):
    with pytest.raises(ValueError, match=said):
        method("integrated_gradients", **settings)
