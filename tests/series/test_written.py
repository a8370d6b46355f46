"""Series written into tensors, through views, at places: against the same computed without writing anywhere.

The oracle is twofold: the function itself near the start, as in ``test_jets``, and nested derivatives by torch.func of
the twin, which writes nowhere.
"""

import pytest
import torch
from jet_cases import DEGREE, errors
from nested import FORWARD, nested
from writing_cases import LINEAR, PAIRS

from decompositions.series.jets.jets import jets
from synergy import Game, taylor

F64 = torch.float64


@FORWARD
@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.id)
def test_writing_is_what_the_twin_computes(pair):
    case, twin = pair.cases()
    start, slope = case.start(), case.slope()
    found, expected = jets(case, start, slope, 4), nested(twin, start, slope, 4)
    assert (expected[2].abs() > 1e-6).any()
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("case", [*(pair.cases()[0] for pair in PAIRS), *LINEAR], ids=lambda case: case.id)
def test_the_polynomial_is_the_function_up_to_its_degree(case):
    found, size = errors(case, case.start(), case.slope())
    floor = 2e-14 * max(1.0, size) if "float32" not in case.id else 2e-7
    assert found[0] < 0.1 * max(1.0, size)
    assert found[1] <= max(found[0] / 2 ** (DEGREE + 0.4), floor), found
    assert found[2] <= max(found[1] / 2 ** (DEGREE + 0.4), floor), found


@FORWARD
@pytest.mark.parametrize("case", LINEAR, ids=lambda case: case.id)
def test_nested_derivatives(case):
    expected = nested(case, case.start(), case.slope(), 3)
    torch.testing.assert_close(jets(case, case.start(), case.slope(), 3), expected, rtol=1e-12, atol=1e-13)


def test_a_tensor_from_outside_is_left_as_it_was():
    """What f writes into is the caller's: its series are kept apart from it."""
    held = torch.ones(3, 4, dtype=F64)

    def f(z):
        held[:, 1:].copy_(z[:, 1:] ** 2)
        return held.prod(1)

    start = torch.full((3, 4), 2.0, dtype=F64)
    found = jets(f, start, torch.ones_like(start), 2)
    assert found[:, 0].tolist() == [64, 192, 240]  # (2 + s)⁶
    assert torch.equal(held, torch.ones(3, 4, dtype=F64))


def test_the_tensor_itself_may_be_the_result():
    start = torch.full((3, 1), 2.0, dtype=F64)

    def f(z):
        y = torch.zeros(3, dtype=F64)
        y.add_(z[:, 0] ** 2)
        return y

    assert jets(f, start, start, 3)[:, 0].tolist() == [4, 8, 4, 0]


def writes(then):
    def f(z):
        y = torch.zeros(len(z), dtype=F64)
        y.add_(z[:, 0])
        return then(y, z)

    return f


def read_as_bits(z):
    y = torch.zeros(len(z), dtype=F64)
    bits = y.view(torch.int64)
    y.add_(z[:, 0])
    return bits.double()


REFUSED = {
    "tolist": (writes(lambda y, z: z[:, 0] * max(y.tolist())), "'tolist' takes what depends on the input out of torch"),
    "numpy": (writes(lambda y, z: z[:, 0] * float(y.numpy().max())), "'numpy' takes"),
    "number": (writes(lambda y, z: z[:, 0] * y[0].item()), "'_local_scalar_dense' has no rule"),
    "bits": (read_as_bits, "bits have no Taylor series"),
    "whole-numbers": (lambda z: torch.zeros(len(z), dtype=torch.long).copy_(z[:, 0]).double(), "holds no series.*long"),
    "other-memory": (writes(lambda y, z: torch.zeros(3, dtype=F64).set_(z)), "'set_' has no rule"),
    "other-size": (writes(lambda y, z: y.resize_(5)[:3]), "'resize_' has no rule"),
    "out": (lambda z: torch.sum(z, 1, out=torch.zeros(3, dtype=F64)), "'sum' writes its result.*copy_"),
    "out-of-jets": (writes(lambda y, z: torch.mul(z[:, 0], 2, out=y)), "'mul' writes its result"),
    "multiply": (lambda z: z.scatter(1, torch.zeros(3, 1).long(), z[:, :1], reduce="multiply"), "reduce='multiply'"),
    "largest": (lambda z: z.scatter_reduce(1, torch.zeros(3, 1).long(), z[:, :1], "amax"), "reduce='amax'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_series_is_refused_by_name(name):
    f, message = REFUSED[name]
    start = torch.linspace(0.5, 1.5, 12, dtype=F64).view(3, 4)
    with pytest.raises(ValueError, match=message):
        jets(f, start, start, 2)


def laid_out_otherwise(z):
    """By strides that hold for torch's layout of this result, which a rule does not know."""
    y = z.view(-1, 2, 2).transpose(1, 2).exp()
    return y.as_strided((len(z), 4), (4, 1)) @ torch.tensor([1.0, 2.0, 3.0, 4.0], dtype=F64)


def test_a_function_whose_jets_begin_with_other_values_is_refused():
    x = torch.tensor([[0.5, -1.0, 2.0, 0.25]], dtype=F64)
    with pytest.raises(ValueError, match=r"followed step by step.*strides"):
        taylor(Game.from_function(laid_out_otherwise, x, baseline=0.0), 2)
