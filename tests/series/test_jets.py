"""Jets against the function itself: its values near the start are those of the polynomial, with the right error.

The oracle is interpolation: f(start + s·slope) in float64 at points s of an interval. The degree-K polynomial misses it
by O(sᴷ⁺¹), so the error must fall by 2ᴷ⁺¹ when s is halved, until rounding. A wrong coefficient of degree j ≤ K leaves
an error that falls by 2ʲ only. (Nested derivatives of torch are no oracle: those of native_layer_norm and celu, and
those through a detach, are wrong beyond the second order or compute in float32.)
"""

from itertools import pairwise

import pytest
import torch
from jet_cases import BESIDE, BY_ID, CASES, DEGREE, aten, constant, errors, mixed, modules_of
from writing_cases import LINEAR, PAIRS

from decompositions.series.jets.algebra.jet import RULES, Jet
from decompositions.series.jets.jets import jets

# Other devices' and other versions' operations, which are tried below; and noise, which is no function.
PAST = {
    "cudnn_batch_norm", "miopen_batch_norm", "square", "rand_like", "_thnn_fused_lstm_cell", "_thnn_fused_gru_cell",
}  # fmt: skip


pytestmark = pytest.mark.usefixtures("noted")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_polynomial_is_the_function_up_to_its_degree(case):
    found, size = errors(case, case.start(), case.slope())
    floor = 2e-14 * max(1.0, size)
    assert found[0] < 0.1 * max(1.0, size), "the interval is too long to tell"
    for longer, shorter in pairwise(found):
        assert shorter <= max(longer / 2 ** (DEGREE + 0.4), floor), found
    assert found[-1] <= 1e-6 * max(1.0, size)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_every_case_depends_on_its_input(case):
    """A constant agrees with any polynomial of degree zero."""
    a = jets(case, case.start(), case.slope(), 2)
    assert (a[1].abs() > 1e-6).any()


def test_every_rule_is_covered():
    """When all cases have run, all rules have."""
    for case in (*CASES, *(pair.cases()[0] for pair in PAIRS), *LINEAR):
        jets(case, case.start(), case.slope(), 2)
    assert {packet.__name__ for packet in set(RULES) - BESIDE} <= PAST


@pytest.mark.parametrize("name", ["cudnn_batch_norm", "miopen_batch_norm"])
def test_batch_normalisation_of_other_devices(name):
    """On the way of the jets nothing asks for the device."""
    weight, bias, mean = constant(4, seed=1), constant(4, seed=2), constant(4, seed=3)
    variance, case = constant(4, seed=4) ** 2, BY_ID["BatchNorm1d"]
    found = jets(
        lambda z: mixed(getattr(aten, name)(z, weight, bias, mean, variance, False, 0.1, 1e-5)[0].tanh()),
        case.start(),
        case.slope(),
        DEGREE,
    )
    expected = jets(
        lambda z: mixed((weight * (z - mean) / (variance + 1e-5) ** 0.5 + bias).tanh()),
        case.start(),
        case.slope(),
        DEGREE,
    )
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-13)


def test_squares_of_older_versions():
    jet = Jet(constant(DEGREE + 1, 3, 4))
    found = RULES[aten.square](aten.square.default, jet).coefficients
    torch.testing.assert_close(found, (jet * jet).coefficients, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_input_is_left_as_it_was(case):
    start, slope = case.start(), case.slope()
    before = start.clone(), slope.clone()
    jets(case, start, slope, 2)
    assert torch.equal(start, before[0])
    assert torch.equal(slope, before[1])


@pytest.mark.parametrize("name", ["Linear", "Linear-3d", "BatchNorm2d", "LayerNorm", "GroupNorm", "Twice"])
def test_float32_models_are_followed_in_float64(name):
    """Parameters in float32 count as the numbers that they are: the same as after .double()."""
    case = BY_ID[name]
    (built,) = modules_of(case)
    built.float().double()  # numbers that float32 holds
    expected = jets(case, case.start(), case.slope(), 3)
    try:
        built.float()
        found = jets(case, case.start(), case.slope(), 3)
    finally:
        built.double()
    torch.testing.assert_close(found, expected, rtol=1e-13, atol=1e-14)


def test_a_cast_to_float32_inside_does_not_round():
    case = BY_ID["exp-log"]
    found = jets(lambda z: case(z.float() * torch.tensor(0.5)), case.start(), case.slope(), 3)
    expected = jets(lambda z: case(z * 0.5), case.start(), case.slope(), 3)
    assert torch.equal(found, expected)
