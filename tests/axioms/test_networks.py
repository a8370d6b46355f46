"""ReLU networks with rational weights, against torch; and what layer-wise methods break on them."""

import random
from fractions import Fraction
from itertools import product

import pytest
import torch

from synergy import METHODS, method
from synergy.axioms import check
from synergy.axioms.check import _Search
from synergy.axioms.claims.axiom import axiom_named
from synergy.axioms.claims.trial import Question, Trial
from synergy.axioms.functions.asking import game_of
from synergy.axioms.functions.networks import (
    REWRITINGS,
    hidden_zeros,
    known_networks,
    late_threshold,
    pairs,
    random_network,
)
from synergy.axioms.functions.relu_network import network
from synergy.axioms.subject import subject

ONES, ZEROS = (Fraction(1), Fraction(1)), (Fraction(0), Fraction(0))
X, B = (Fraction(3, 2), Fraction(-2)), (Fraction(-1), Fraction(1, 2))
GRID = [tuple(map(Fraction, z)) for z in product((-2, -1, 0, 1, 3), repeat=2)]


def some(count=6):
    generator = random.Random(5)
    return [random_network(2, generator) for _ in range(count)]


def in_torch(f, z):
    return f.module(torch.tensor([[float(v) for v in z]], dtype=torch.float64)).item()


@pytest.mark.parametrize("f", some(), ids=lambda f: f.text())
def test_values_are_torchs(f):
    assert all(in_torch(f, z) == float(f(z)) for z in GRID)


@pytest.mark.parametrize("f", some(), ids=lambda f: f.text())
def test_the_text_says_what_it_computes(f):
    """Its text with products written out, read by Python."""
    written = f.text().replace("·", "*").replace("−", "-")
    for i, name in enumerate(("z₁", "z₂")):
        written = written.replace(name, f"z[{i}]")
    for number in range(2, 5):
        written = written.replace(f"{number}relu", f"{number}*relu").replace(f"{number}z", f"{number}*z")
    for z in GRID:
        names = {"z": [float(v) for v in z], "relu": lambda v: max(v, 0.0)}
        assert eval(written, {"__builtins__": {}}, names) == pytest.approx(float(f(z)))


@pytest.mark.parametrize("f", some(), ids=lambda f: f.text())
def test_functions_made_of_it(f):
    g = known_networks(2)[-1]
    scale, shift = (Fraction(2), Fraction(-1, 2)), (Fraction(1), Fraction(3))
    corners = [(x, y) for x in (X[0], B[0]) for y in (X[1], B[1])]
    for z in GRID:
        assert f.plus(g, Fraction(-2))(z) == f(z) - 2 * g(z)
        assert f.swapped(0, 1)(z) == f(z[::-1])
        assert f.without(1)(z) == f((z[0], Fraction(0)))
        assert f.moved(scale, shift)(tuple(c * v + d for c, v, d in zip(scale, z, shift, strict=True))) == f(z)
        assert f.of_sum()(z) == f.of_sum()((z[0] + z[1], Fraction(0)))
        merged, _ = f.alike(0, 1)
        assert merged(z) == merged((z[0] + z[1], Fraction(0)))
    assert [f.twin(B, X)(corner) for corner in corners] == [f(corner) for corner in corners]


@pytest.mark.parametrize("f", some(), ids=lambda f: f.text())
def test_rising_networks_rise(f):
    for i, step in enumerate(((1, 0), (0, 1))):
        both, one = f.rising(ZEROS, ONES), f.rising(ZEROS, ONES, (i,))
        for z in GRID:
            further = tuple(v + d for v, d in zip(z, step, strict=True))
            assert both(further) >= both(z)
            assert one(further) >= one(z)


@pytest.mark.parametrize("f", some(3), ids=lambda f: f.text())
@pytest.mark.parametrize("rewrite", REWRITINGS, ids=lambda each: each.__name__)
def test_rewritten_networks_have_the_same_values(f, rewrite):
    assert rewrite(f) != f
    assert all(rewrite(f)(z) == f(z) for z in GRID)
    assert f.same_map(rewrite(f))


def test_pairs_are_one_function_each_and_differences_are_found():
    for f, g in pairs():
        assert f != g
        assert f.same_map(g)
    f, g = network(([[1, 1]], [0]), ([[1]], [0])), network(([[1, 1]], [-1]), ([[1]], [0]))
    assert not f.same_map(g)
    assert f.reads(0)
    assert not f.plus(f, Fraction(-1)).reads(0)  # written with z₁, but zero


def test_kinks():
    f = late_threshold()
    assert not f.regular((Fraction(0), Fraction(1)))
    assert not f.regular((Fraction(2), Fraction(1)))
    assert f.regular((Fraction(3), Fraction(1)))


IMPLEMENTATION = {
    "deconvnet",
    "deep_shap",
    "deeplift_rescale",
    "deeplift_reveal_cancel",
    "guided_backprop",
    "lrp_alpha_beta",
}


@pytest.mark.parametrize("name", sorted({name for name, cls in METHODS.items() if cls.scope != "feature map"}))
def test_who_depends_on_how_a_network_is_written(name):
    found = check(name, "implementation_invariance")
    assert found.falsified == (name in IMPLEMENTATION)
    if found.falsified:
        f, g = (asked.function for asked in found.witness.asked)
        assert all(f(z[: f.n]) == g(z[: f.n]) for z in GRID)


def test_a_late_and_an_early_threshold_by_hand():
    """At (3, 1): f = relu(relu(z₁) − 1 − relu(z₂)) passes 1/(3−1) of each; g, early, passes 1 of a slope of 2/3."""
    at = (Fraction(3), Fraction(1))
    given = [method("deeplift_rescale").attribute(game_of(each, at, ZEROS)).tolist() for each in pairs()[0]]
    assert given == [pytest.approx([1.5, -0.5]), pytest.approx([2.0, -1.0])]


def test_relevance_without_its_bias_depends_on_the_implementation():
    """With it LRP-ε is Gradient × Input on networks of ReLUs."""
    assert check("lrp_epsilon", "implementation_invariance", bias=False).falsified


@pytest.mark.parametrize("name", ["gradient", "deconvnet", "guided_backprop", "lrp_epsilon"])
def test_signals_and_relevance_break_sensitivity(name):
    found = check(name, "sensitivity").witness
    assert found.claim.left == 0
    assert found.asked[0].gain != 0


def test_grad_cam_is_not_asked():
    with pytest.raises(ValueError, match="needs a network with a feature map"):
        check("grad_cam", "completeness")


def test_layer_wise_methods_are_not_asked_of_polynomials():
    with pytest.raises(ValueError, match="'taylor_continuity' is not asked of LRP-ε: it needs a network"):
        check("lrp_epsilon", "taylor_continuity")


@pytest.mark.parametrize("name", ["deep_shap", "deeplift_rescale"])
def test_what_rounding_leaves_of_a_sum_breaks_no_axiom(name):
    """relu(relu(z₁) − 1 − relu(z₂)) less itself is 0 at (3, 1); the attributions, ±0.5, add up to 1e-16."""
    points = (Fraction(3), Fraction(1)), (Fraction(0), Fraction(0))
    search = _Search(subject(name), axiom_named("completeness", "attributions"), 0)
    given = search.asked.ask(Question(hidden_zeros()[0], *points))
    assert max(map(abs, given)) > 0.1
    assert search.witness(Trial((hidden_zeros()[0],), points), "network") is None


def test_a_map_that_is_symmetric_is_asked_as_it_is_written():
    """A zero that treats z₁ and z₂ differently within is symmetric as a map, and not made so by its mirror image."""
    zero = hidden_zeros()[0]
    asked = axiom_named("symmetry", "attributions").questions(Trial((zero,), (ONES, ZEROS), (0, 1)))
    assert asked[0].function == zero


@pytest.mark.parametrize("name", ["deeplift_rescale", "deep_shap"])
@pytest.mark.parametrize(
    "axiom",
    ["dummy", "marginality", "strong_monotonicity", "non_decreasing_positivity", "symmetric_monotonicity", "symmetry",
     "proportionality", "demand_monotonicity"],
)  # fmt: skip
def test_what_is_given_of_a_hidden_zero_breaks_what_speaks_of_constants(name, axiom):
    """By hand at (2, 1/2): the last unit of the late threshold goes from −1 to 1/2, of which 1/2 is left.

    That is a multiplier of 1/3, so (2/3, −1/6). In the early one relu(z₁ − 1) goes from 0 to 1, a multiplier of 1/2,
    and the last unit from 0 to 1/2, a multiplier of 1: (1, −1/2). The difference is a zero that is given (−1/3, 1/3).
    """
    given = method(name).attribute(game_of(hidden_zeros()[0], (Fraction(2), Fraction(1, 2)), ZEROS))
    assert given.tolist() == pytest.approx([-1 / 3, 1 / 3])
    assert check(name, axiom).falsified


@pytest.mark.parametrize("name", ["deep_shap", "deeplift_rescale", "lrp_epsilon", "deconvnet", "guided_backprop"])
def test_marks_do_not_contradict_each_other(name):
    """Strong monotonicity, asked both ways, is marginality; with linearity either gives a dummy nothing."""
    keeps = {
        axiom: not check(name, axiom).falsified
        for axiom in ("linearity", "dummy", "marginality", "strong_monotonicity", "non_decreasing_positivity")
    }
    assert keeps["marginality"] or not keeps["strong_monotonicity"]
    if keeps["linearity"] and not keeps["dummy"]:
        assert not keeps["marginality"]
        assert not keeps["non_decreasing_positivity"]


def test_rounding_of_signals_that_cancel_breaks_no_axiom():
    """Integrated Gradients give ±1e-16 of a hidden zero whose units are at 5: relative to its value, everything."""
    zero = hidden_zeros()[0]
    assert zero((Fraction(5), Fraction(1))) == 0
    assert zero.scale((Fraction(5), Fraction(1))) == 5  # relu(z₁), from which 1 and relu(z₂) are taken
    assert not check("integrated_gradients", "implementation_invariance").falsified


@pytest.mark.parametrize("name", ["lrp_epsilon", "attn_lrp"])
@pytest.mark.parametrize("axiom", ["strong_monotonicity", "non_decreasing_positivity"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_negative_inputs_that_rise_are_given_less_than_nothing_by_gradient_times_input(name, axiom, seed):
    """relu(1 + z₁) rises from b = −1 to x = −1/2, and is given −1/2: found in the bank, whatever is drawn after it."""
    given = method(name).attribute(game_of(network(([[1]], [1]), ([[1]], [0])), (Fraction(-1, 2),), (Fraction(-1),)))
    assert given.tolist() == pytest.approx([-1 / 2], abs=1e-4)
    assert check(name, axiom, seed=seed).falsified
