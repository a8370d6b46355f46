"""Mean slopes of activations against 60 digits, at places as near to each other and as far apart as there are."""

import math

import mpmath
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from decompositions.networks.operations import Elementwise
from decompositions.networks.reading.modules import module_operation
from decompositions.networks.secant import SHARED, curved_secant, mean_slope, secant

CURVED = {
    "tanh": (torch.tanh, mpmath.tanh),
    "sigmoid": (torch.sigmoid, lambda v: 1 / (1 + mpmath.exp(-v))),
    "exp": (torch.exp, mpmath.exp),
    "gelu": (F.gelu, lambda v: v * (1 + mpmath.erf(v / mpmath.sqrt(2))) / 2),
    "silu": (F.silu, lambda v: v / (1 + mpmath.exp(-v))),
    "softplus": (lambda v: F.softplus(v, threshold=100), lambda v: mpmath.log1p(mpmath.exp(v))),
    "square": (torch.square, lambda v: v * v),
    "elu": (F.elu, lambda v: v if v > 0 else mpmath.expm1(v)),
}
STRAIGHT = {
    "relu": (nn.ReLU(), lambda v: max(v, 0)),
    "relu6": (nn.ReLU6(), lambda v: min(max(v, 0), 6)),
    "leaky": (nn.LeakyReLU(0.01), lambda v: v if v > 0 else mpmath.mpf(0.01) * v),
    "falling": (nn.LeakyReLU(-3.0), lambda v: v if v > 0 else -3 * v),
    "hardtanh": (nn.Hardtanh(-0.25, 1.5), lambda v: min(max(v, mpmath.mpf(-0.25)), mpmath.mpf(1.5))),
    "open": (nn.Hardtanh(0.0, math.inf), lambda v: max(v, 0)),
}
TYPES = [torch.float64, torch.float32]


def places(dtype, scale=1.0, count=400):
    """Pairs of places from 0.01 to 10, 10⁻¹⁷ to 10 apart, some of them the same."""
    generator = torch.Generator().manual_seed(5)
    low, high = torch.randn(2, count, generator=generator).double()
    where, apart = torch.rand(2, count, generator=generator).double()
    start = (low * 10 ** (3 * where - 2)).to(dtype)
    end = start + (high * 10 ** (18 * apart - 17)).to(dtype)
    return start * scale, end * scale


def truth(exact, a, b):
    a, b = mpmath.mpf(a), mpmath.mpf(b)
    return mpmath.diff(exact, a) if a == b else (exact(b) - exact(a)) / (b - a)


@pytest.mark.parametrize("dtype", TYPES, ids=str)
@pytest.mark.parametrize("name", CURVED)
def test_a_curved_function_to_rounding(name, dtype):
    """Of |σ′| and of what the value is per unit, the most that a change of the place's last digit can do."""
    sigma, exact = CURVED[name]
    start, end = places(dtype)
    given, eps = curved_secant(sigma, start, end), torch.finfo(dtype).eps
    with mpmath.workdps(60):
        for a, b, value in zip(start.tolist(), end.tolist(), given.tolist(), strict=True):
            right = truth(exact, a, b)
            size = abs(right) + max(abs(exact(mpmath.mpf(a))), abs(exact(mpmath.mpf(b)))) / max(abs(a), abs(b))
            size += 2 * (name == "gelu")  # torch's own loses 1 + erf(u) far to the left, times |u|/2 for u down to −4
            assert abs(value - right) <= eps / SHARED * size + torch.finfo(dtype).tiny, (a, b)


@pytest.mark.parametrize("scale", [1.0, 1e-150, 1e-30, 1e30, 1e150])
@pytest.mark.parametrize("name", ["relu", "leaky", "falling", "open"])
def test_a_homogeneous_function_at_every_scale(name, scale):
    module, exact = STRAIGHT[name]
    _check(module, exact, *places(torch.float64, scale), 1e-15)


@pytest.mark.parametrize("dtype", TYPES, ids=str)
@pytest.mark.parametrize("name", STRAIGHT)
def test_a_piecewise_linear_function_to_rounding(name, dtype):
    module, exact = STRAIGHT[name]
    _check(module, exact, *places(dtype), 8 * torch.finfo(dtype).eps)


def _check(module, exact, start, end, tolerance):
    operation = module_operation(module, 2)
    given = secant(operation, start, end)
    with mpmath.workdps(60):
        for a, b, value in zip(start.tolist(), end.tolist(), given.tolist(), strict=True):
            if a != b:  # at a kink the slope is torch's convention
                assert abs(value - truth(exact, a, b)) <= tolerance, (a, b)


@pytest.mark.parametrize("scale", [1e-150, 1e-15, 1e150])
def test_a_square_at_every_scale(scale):
    start, end = places(torch.float64, scale)
    given = curved_secant(torch.square, start, end)
    assert torch.allclose(given, start + end, rtol=1e-12, atol=0)


def test_values_that_agree_at_both_ends_of_a_long_way():
    """silu falls and rises again: between two places of one value its mean slope is zero, whatever Gauss says."""
    start, end = torch.tensor([-3.0, -100.0, 50.0]).double(), torch.tensor([-0.5, 900.0, 1e6]).double()
    given = curved_secant(F.silu, start, end)
    assert torch.allclose(given, (F.silu(end) - F.silu(start)) / (end - start), rtol=1e-12, atol=0)
    flat = curved_secant(torch.tanh, torch.tensor([-100.0]).double(), torch.tensor([900.0]).double())
    assert flat.item() == pytest.approx(2 / 1000)


def test_slopes_where_nothing_changes():
    place = torch.tensor([-0.5, 0.0, 2.0]).double()
    assert torch.equal(curved_secant(torch.tanh, place, place), 1 - torch.tanh(place) ** 2)
    assert mean_slope(Elementwise(torch.relu, (0.0,)), place, place).tolist() == [0, 0, 1]
