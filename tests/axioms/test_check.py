"""The search for counter-examples: what it finds is one, by hand, and small."""

from fractions import Fraction
from pathlib import Path

import pytest
import torch

from synergy import METHODS, AbstractMethod, Policy, method
from synergy.axioms import ATTRIBUTION, check
from synergy.axioms.functions.analytic import Analytic
from synergy.axioms.functions.polynomial import polynomial

BOOKS = (Path(__file__).parents[2] / "docs" / "references.bib").read_text("utf8")


def test_the_smallest_function_on_which_occlusion_is_not_complete():
    """Both inputs of z₁z₂ are given all of it: 2, and the gain is 1."""
    found = check("occlusion_1", "completeness")
    assert found.falsified
    (asked,) = found.witness.asked
    assert asked.function == polynomial(2, {(1, 1): 1})
    assert (asked.x, asked.b) == ((1, 1), (0, 0))
    assert found.witness.given == ((1, 1),)
    assert found.witness.claim.left == 2
    assert repr(found) == (
        "Occlusion-1, completeness: broken\n  F = z₁z₂, x = (1, 1), b = (0, 0): A = (1, 1)\n  Σ A = 2 ≠ 1 = F(x) − F(b)"
    )


def test_nothing_found_is_said_to_be_no_proof():
    found = check("integrated_gradients", "completeness")
    assert not found.falsified
    assert repr(found).startswith("Integrated Gradients, completeness: not falsified by ")
    assert repr(found).endswith(" functions (a search, no proof)")


def test_exact_counterexamples_are_in_fractions():
    found = check(Policy(lambda k: k / 3, formula="κᵢ/3"), "completeness")
    assert all(type(value) is Fraction for value in found.witness.given[0])


class _Odd(AbstractMethod):
    """The value at x, but of one function all; it breaks completeness on a function that is not in the bank."""

    title = "odd"

    def policy(self, game):
        raise ValueError("none")

    def attribute(self, game, ends=None):
        values = method("shapley").attribute(game)
        terms = dict(game.cube.polynomial.terms)
        return values * 2 if any(sum(m) == 5 for m in terms) else values


def test_random_functions_find_what_the_bank_does_not():
    found = check(_Odd(), "completeness")
    assert found.falsified
    ((exponents, _),) = found.witness.asked[0].function.terms  # a term that does not matter is dropped
    assert sum(exponents) == 5


def test_the_seed_decides():
    assert repr(check(_Odd(), "completeness", seed=3)) == repr(check(_Odd(), "completeness", seed=3))


def test_settings_reach_the_method():
    assert "Occlusion-patch" in repr(check("occlusion_patch", "dummy", window=2))
    assert check("occlusion_patch", "dummy", window=2).falsified
    assert not check("occlusion_patch", "dummy").falsified


@pytest.mark.parametrize("name", ATTRIBUTION)
def test_every_axiom_says_what_it_is(name):
    axiom = ATTRIBUTION[name]
    assert axiom.name == name
    assert axiom.statement.endswith(".")
    assert axiom.formula
    assert axiom.violation
    assert f"{{{axiom.reference}," in BOOKS


def test_bad_input():
    with pytest.raises(LookupError, match="did you mean 'completeness'"):
        check("shapley", "completness")
    with pytest.raises(LookupError, match="did you mean 'shapley'"):
        check("shaply", "completeness")
    with pytest.raises(TypeError, match="an axiom is asked for by its name"):
        check("shapley", 3)
    with pytest.raises(TypeError, match="of a method or an index, by its name or itself"):
        check(3, "completeness")
    with pytest.raises(ValueError, match="seed is the number"):
        check("shapley", "completeness", seed=-1)


def test_the_formula_and_the_page():
    found = check("gradient_x_input", "completeness")
    assert r"F = z_{1}^{2},\; x = \bigl(1\bigr)" in found._repr_latex_()
    assert "broken" in found._repr_html_()
    assert "not falsified" in check("shapley", "dummy")._repr_html_()
    assert "not falsified" in check("shapley", "dummy")._repr_latex_()


def test_methods_on_the_game_are_asked_of_polynomials():
    assert {name for name, cls in METHODS.items() if cls.scope == "game"} >= {"shapley", "gradient"}


class _OfTaylorPolynomialsNothing(AbstractMethod):
    """Told by their values at far places."""

    title = "nothing of polynomials"

    def policy(self, game):
        raise ValueError("none")

    def attribute(self, game, ends=None):
        far = game.cube.f(torch.full((1, game.n), -20.0, dtype=torch.float64)).abs().item()
        return method("shapley").attribute(game) * (far < 1e6)


def test_continuity_of_taylor_approximation_can_fail():
    found = check(_OfTaylorPolynomialsNothing(), "taylor_continuity")
    assert found.falsified
    assert found.witness.asked[1].name == "T F"


def test_a_taylor_polynomial_by_hand():
    """exp(z₁ + z₂) to degree 2 is 1 + s + s²/2, and sin(z₁) to degree 5 z − z³/6 + z⁵/120."""
    total = polynomial(2, {(1, 0): 1, (0, 1): 1})
    expected = polynomial(
        2, {(0, 0): 1, (1, 0): 1, (0, 1): 1, (2, 0): Fraction(1, 2), (1, 1): 1, (0, 2): Fraction(1, 2)}
    )
    assert Analytic("exp", total, 2).expanded == expected
    assert Analytic("sin", polynomial(1, {(1,): 1}), 6).expanded == polynomial(
        1, {(1,): 1, (3,): Fraction(-1, 6), (5,): Fraction(1, 120)}
    )


@pytest.mark.parametrize("name", ["integrated_gradients", "shapley", "gradient_x_input"])
def test_continuity_of_taylor_approximation(name):
    assert not check(name, "taylor_continuity").falsified
