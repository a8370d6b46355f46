"""Truncated power series against mpmath's derivatives in fifty digits, and against products of polynomials."""

import mpmath
import numpy as np
import pytest
import torch

from decompositions.series.jets.algebra import recurrences as series

DEGREE = 10
SLOPES = [[1, 0, 0], [-0.75, 0.5, 0.25], [2, -1.5, 0.5]]  # u₁, u₂, u₃ of the curves u₀ + u₁ s + …
EVERYWHERE = [-2.5, -0.5, 0.0, 0.25, 1.75]
POSITIVE = [0.125, 0.5, 1.0, 6.5]


def normal(u):
    return (1 + mpmath.erf(u / mpmath.sqrt(2))) / 2


def by_tanh(u):
    return u / 2 * (1 + mpmath.tanh(mpmath.sqrt(2 / mpmath.pi) * (u + mpmath.mpf("0.044715") * u**3)))


def log_of_one_more(u):
    return mpmath.log(1 + mpmath.exp(u))


def logistic(u):
    return 1 / (1 + mpmath.exp(-u))


FUNCTIONS = {
    "exp": (series.exp, mpmath.exp, [*EVERYWHERE, 9.0]),
    "expm1": (series.expm1, mpmath.expm1, [*EVERYWHERE, 1e-9]),
    "log": (series.log, mpmath.log, POSITIVE),
    "log1p": (series.log1p, mpmath.log1p, [-0.5, *POSITIVE, 1e-9]),
    "tanh": (series.tanh, mpmath.tanh, [*EVERYWHERE, 9.0, -25.0]),
    "tan": (series.tan, mpmath.tan, [-1.0, 0.0, 0.75]),
    "sigmoid": (series.sigmoid, logistic, [*EVERYWHERE, 18.0, 40.0, -40.0]),
    "sin": (series.sin, mpmath.sin, EVERYWHERE),
    "cos": (series.cos, mpmath.cos, EVERYWHERE),
    "sinh": (series.sinh, mpmath.sinh, EVERYWHERE),
    "cosh": (series.cosh, mpmath.cosh, EVERYWHERE),
    "atan": (series.atan, mpmath.atan, EVERYWHERE),
    "erf": (series.erf, mpmath.erf, EVERYWHERE),
    "softplus": (series.softplus, log_of_one_more, [*EVERYWHERE, 12.0, -30.0]),
    "softplus-beta": (
        lambda u: series.softplus(u, 2.5, 20.0),
        lambda u: log_of_one_more(2.5 * u) / 2.5,
        [*EVERYWHERE, 7.0],
    ),
    "log_sigmoid": (series.log_sigmoid, lambda u: -log_of_one_more(-u), [*EVERYWHERE, -30.0]),
    "gelu": (series.gelu, lambda u: u * normal(u), EVERYWHERE),
    "gelu-tanh": (lambda u: series.gelu(u, "tanh"), by_tanh, EVERYWHERE),
    "silu": (series.silu, lambda u: u * logistic(u), EVERYWHERE),
    "mish": (series.mish, lambda u: u * mpmath.tanh(log_of_one_more(u)), EVERYWHERE),
    "power-half": (lambda u: series.power(u, 0.5), mpmath.sqrt, POSITIVE),
    "power-inverse": (lambda u: series.power(u, -1), lambda u: 1 / u, [-0.75, *POSITIVE]),
    "power-real": (lambda u: series.power(u, -2.25), lambda u: u ** mpmath.mpf("-2.25"), POSITIVE),
    "power-five": (lambda u: series.power(u, 5), lambda u: u**5, EVERYWHERE),
    "quotient": (
        lambda u: series.quotient(series.sin(u), series.cosh(u)),
        lambda u: mpmath.sin(u) / mpmath.cosh(u),
        EVERYWHERE,
    ),
}


def curves(points):
    """Every point with every slope. Shape ``(K+1, points · slopes)``."""
    rows = [[point, *slopes] for point in points for slopes in SLOPES]
    u = torch.zeros(DEGREE + 1, len(rows), dtype=torch.float64)
    u[:4] = torch.tensor(rows, dtype=torch.float64).T
    return u


def expansion(function, *curve):
    """The Taylor coefficients at s = 0 of a function of polynomials in s, by mpmath."""
    with mpmath.workdps(50):
        polynomials = [[mpmath.mpf(float(each)) for each in reversed(u)] for u in curve]
        return mpmath.taylor(lambda s: function(*(mpmath.polyval(p, s) for p in polynomials)), 0, DEGREE)


def near(found, expected, tolerance=4e-13):
    """The value to its own last digits, and the other coefficients to those of the largest of them."""
    expected = np.array([float(each) for each in expected])
    errors = np.abs(found.numpy() - expected)
    assert errors[0] <= 1e-15 * max(1.0, abs(expected[0])) * 8
    assert errors[1:].max() <= tolerance * np.abs(expected[1:]).max()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_of_a_series(name):
    function, reference, points = FUNCTIONS[name]
    u = curves(points)
    found = function(u)
    assert found.shape == u.shape
    for column in range(u.shape[1]):
        near(found[:, column], expansion(reference, u[:, column].tolist()))


def test_every_function_of_one_series_is_here():
    """What the module offers with one series as its argument is in the table above."""
    offered = {
        name
        for name, function in vars(series).items()
        if getattr(function, "__module__", "") == series.__name__ and not name.startswith("_")
    }
    apart = {"times", "bilinear", "softmax", "logsumexp"}
    assert offered - apart == {name.split("-")[0] for name in FUNCTIONS}


def test_saturated_slopes_keep_their_digits():
    """sigmoid′(40) = e⁻⁴⁰ although sigmoid(40) rounds to 1, and 1 − tanh² 25 = 4 e⁻⁵⁰."""
    u = torch.tensor([[40.0], [1.0]], dtype=torch.float64)
    assert series.sigmoid(u)[1].item() == pytest.approx(float(mpmath.exp(-40)), rel=1e-14)
    assert series.tanh(u - torch.tensor([[15.0], [0.0]]))[1].item() == pytest.approx(
        4 * float(mpmath.exp(-50)), rel=1e-13
    )


def test_softplus_is_the_identity_above_its_threshold_as_in_torch():
    u = torch.zeros(4, 2, dtype=torch.float64)
    u[0], u[1], u[2] = torch.tensor([3.0, 2.75]), 0.5, -0.25
    found = series.softplus(u, beta=2.0, threshold=5.9)
    assert found[:, 0].tolist() == u[:, 0].tolist()
    assert found[1, 1].item() == pytest.approx(0.5 / (1 + np.exp(-5.5)), rel=1e-14)


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 7, 16, 17, 24])
def test_natural_powers_are_those_of_polynomials_also_at_zero(exponent):
    u = torch.tensor([[0.0, 2.0], [1.0, -1.0], [-3.0, 0.0], *[[0.0, 0.0]] * 26], dtype=torch.float64)
    found = series.power(u, exponent)
    for column in range(2):
        product = np.polynomial.polynomial.polypow([int(each) for each in u[:3, column]], exponent)
        expected = np.zeros(len(u))
        expected[: min(len(u), len(product))] = product[: len(u)]
        np.testing.assert_allclose(found[:, column].numpy(), expected, rtol=1e-14)


def whole(generator, *shape):
    return torch.randint(-9, 10, shape, generator=generator).double()


def test_products_are_those_of_polynomials_and_broadcast():
    generator = torch.Generator().manual_seed(0)
    a, b = whole(generator, DEGREE + 1, 3, 1), whole(generator, DEGREE + 1, 1, 4)
    found = series.times(a, b)
    assert found.shape == (DEGREE + 1, 3, 4)
    for i in range(3):
        for j in range(4):
            product = np.polynomial.polynomial.polymul(a[:, i, 0], b[:, 0, j])[: DEGREE + 1]
            assert found[:, i, j].tolist() == product.tolist()


def test_products_of_matrices_of_series():
    generator = torch.Generator().manual_seed(1)
    a, b = whole(generator, DEGREE + 1, 2, 3), whole(generator, DEGREE + 1, 3, 4)
    found = series.bilinear(torch.mm, a, b)
    for i in range(2):
        for j in range(4):
            terms = [np.convolve(a[:, i, k], b[:, k, j])[: DEGREE + 1] for k in range(3)]
            assert found[:, i, j].tolist() == sum(terms).tolist()


def test_quotients_solve_the_triangular_system():
    """q with Σ_j b_j q_{k−j} = a_k, exactly, over the fractions with denominators 2^i."""
    generator = torch.Generator().manual_seed(2)
    q, b = whole(generator, DEGREE + 1, 5), whole(generator, DEGREE + 1, 5)
    b[0] = torch.tensor([1.0, -1.0, 2.0, 4.0, -8.0])
    a = np.stack([np.convolve(q[:, i], b[:, i])[: DEGREE + 1] for i in range(5)], 1)
    assert series.quotient(torch.as_tensor(a), b).tolist() == q.tolist()


ROWS = torch.tensor(
    [[[0.5, -1.0, 2.0], [1.0, 0.5, -0.25], [0.0, 1.0, 0.5]], [[3.0, 3.0, 3.0], [1.0, -2.0, 0.0], [0.25, 0.0, 0.0]]],
    dtype=torch.float64,
)  # (rows, u₀ u₁ u₂, entries)


def entries(shift=0.0):
    u = torch.zeros(DEGREE + 1, 2, 3, dtype=torch.float64)
    u[:3] = ROWS.transpose(0, 1)
    u[0] += shift
    return u


def exponentials(*values):
    return [mpmath.exp(each) for each in values]


@pytest.mark.parametrize("shift", [0.0, 800.0, -800.0])
@pytest.mark.parametrize("axis", [1, -1])
def test_softmax_and_logsumexp(axis, shift):
    u = entries(shift)
    soft, total = series.softmax(u, axis), series.logsumexp(u, axis)
    assert total.shape == (DEGREE + 1, 2, 1)
    for row in range(2):
        columns = [u[:, row, j].tolist() for j in range(3)]
        near(total[:, row, 0], expansion(lambda *v: mpmath.log(sum(exponentials(*v))), *columns))
        for j in range(3):
            expected = expansion(lambda *v, j=j: exponentials(*v)[j] / sum(exponentials(*v)), *columns)
            near(soft[:, row, j], expected)


def test_softmax_along_the_first_axis_is_that_of_the_transpose():
    u = entries()
    assert torch.equal(series.softmax(u, 0), series.softmax(u.transpose(1, 2), 1).transpose(1, 2))
    assert torch.equal(series.logsumexp(u, 0), series.logsumexp(u.transpose(1, 2), 1).transpose(1, 2))


def test_masked_entries_take_no_part_in_a_softmax():
    u = entries()
    u[0, :, 1] = -torch.inf
    u[1:, :, 1] = 0.0
    soft, total = series.softmax(u, -1), series.logsumexp(u, -1)
    assert (soft[:, :, 1] == 0).all()
    for row in range(2):
        first, last = u[:, row, 0].tolist(), u[:, row, 2].tolist()
        near(soft[:, row, 0], expansion(lambda v, w: 1 / (1 + mpmath.exp(w - v)), first, last))
        near(total[:, row, 0], expansion(lambda v, w: mpmath.log(mpmath.exp(v) + mpmath.exp(w)), first, last))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_series_of_degree_zero_is_a_value(name):
    function, reference, points = FUNCTIONS[name]
    found = function(torch.tensor([points], dtype=torch.float64))
    assert found.shape == (1, len(points))
    np.testing.assert_allclose(found[0].numpy(), [float(reference(each)) for each in points], rtol=4e-15, atol=4e-16)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_series_are_left_as_they_were(name):
    """A model goes on with the input of an operation."""
    function, _, points = FUNCTIONS[name]
    u = curves(points)
    before = u.clone()
    function(u).add_(1.0)
    assert torch.equal(u, before)


def test_on_every_device(device):
    u = curves(POSITIVE)
    for function, _, _ in FUNCTIONS.values():
        found = function(u.to(device))
        assert found.device.type == device.type
        torch.testing.assert_close(found.cpu(), function(u), rtol=1e-11, atol=1e-11)
