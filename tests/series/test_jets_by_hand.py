"""Jets by hand, and what has none."""

import mpmath
import pytest
import torch
import torch.nn.functional as F
from jet_cases import BY_ID, DEGREE, Case, errors, module, modules_of
from torch import nn

from decompositions.series.jets.jets import branches, jets

pytestmark = pytest.mark.usefixtures("noted")


def test_a_curve_through_two_functions_by_mpmath():
    """exp(sin(s/2 + 1/4)) / (1 + s²) to degree 12, whose coefficients mpmath knows to fifty digits."""
    found = jets(
        lambda z: z[:, 0].sin().exp() / (1 + z[:, 1] ** 2),
        torch.tensor([[0.25, 0.0]], dtype=torch.float64),
        torch.tensor([[0.5, 1.0]], dtype=torch.float64),
        12,
    )
    with mpmath.workdps(50):
        expected = mpmath.taylor(lambda s: mpmath.exp(mpmath.sin(s / 2 + mpmath.mpf(1) / 4)) / (1 + s**2), 0, 12)
    assert max(abs(float(a) - float(e)) for a, e in zip(found[:, 0], expected, strict=True)) < 4e-15


def test_layer_norm_of_two_entries_by_hand():
    """(u − v)/2 = s over √(s² + ε): of ε = 1/4 it is 2s − 4s³ + 12s⁵ …"""
    norm = nn.LayerNorm(2, eps=0.25, elementwise_affine=False)
    start, slope = torch.zeros(1, 2).double(), torch.tensor([[1.0, -1.0]]).double()
    assert jets(lambda z: norm(z)[:, 0], start, slope, 5)[:, 0].tolist() == pytest.approx(
        [0, 2, 0, -4, 0, 12], abs=1e-13
    )


FORWARD = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")


@FORWARD
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_nested_derivatives_of_a_smooth_network(seed):
    """torch.func's forward derivatives, nested four times, where torch has them right."""
    built = module(
        lambda: nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 4), nn.Softplus(), nn.Linear(4, 1)), seed
    )
    case = Case("nested", lambda z: built(z)[:, 0], (3,))
    start, slope = case.start(), case.slope()

    def derivative(g):
        return lambda s: torch.func.jvp(g, (s,), (torch.ones_like(s),))[1]

    g, factorial = lambda s: built(start + s * slope)[:, 0], 1.0
    found = jets(case, start, slope, 4)
    for k in range(5):
        torch.testing.assert_close(found[k], g(torch.zeros(()).double()) / factorial, rtol=1e-11, atol=1e-12)
        g, factorial = derivative(g), factorial * (k + 1)


def test_a_function_of_nothing_is_a_constant():
    start = torch.ones(2, 3).double()
    found = jets(lambda z: torch.full((len(z),), 4.0).double(), start, start, 3)
    assert found.tolist() == [[4, 4], [0, 0], [0, 0], [0, 0]]


@FORWARD
@pytest.mark.parametrize("degree", [0, 1])
def test_low_degrees(degree):
    case = BY_ID["exp-log"]
    found = jets(case, case.start(), case.slope(), degree)
    torch.testing.assert_close(found[0], case(case.start()))
    if degree:
        _, expected = torch.func.jvp(case, (case.start(),), (case.slope(),))
        torch.testing.assert_close(found[1], expected)


def test_an_operation_in_place_does_not_reach_what_was_computed_before():
    """y and what was made of it keep their numbers when a copy of y is overwritten."""

    def f(z):
        y = z * 2
        kept, w = y.exp(), y.clone()
        w.mul_(0).add_(5)
        w.view(-1)[0] = z[0, 0]
        return (kept + y).sum(1)

    found, _ = errors(f, BY_ID["neg"].start(), BY_ID["neg"].slope())
    assert found[-1] < 1e-9
    start, slope = BY_ID["neg"].start(), BY_ID["neg"].slope()
    expected = jets(lambda z: ((2 * z).exp() + 2 * z).sum(1), start, slope, DEGREE)
    torch.testing.assert_close(jets(f, start, slope, DEGREE), expected, rtol=1e-14, atol=1e-15)


REFUSED = {
    "no-rule": (lambda z: z.digamma(), "'digamma' has no rule.*harsanyi"),
    "index": (lambda z: z[:, z[0].argsort()], "'sort' has no rule|'argsort' has no rule"),
    "number": (lambda z: z * float(z[0, 0]), "'_local_scalar_dense' has no rule"),
    "rounded": (lambda z: torch.div(z, 2, rounding_mode="floor"), "rounded"),
    "weights": (lambda z: F.conv1d(z[:, None], z[:1, None, :2]), "convolution whose weights"),
    "several-axes": (lambda z: z.view(-1, 2, 2).amax((1, 2)), "'amax' over several axes"),
    "logsumexp-axes": (lambda z: z.view(-1, 2, 2).logsumexp((1, 2)), "logsumexp over several axes"),
    "norm": (lambda z: z.norm(p=1, dim=1), "Euclidean"),
    "training": (lambda z: nn.BatchNorm1d(4).double()(z), r"model.eval\(\)"),
    "complex": (lambda z: z.to(torch.complex128).real, "complex"),
    "kink-in-abs": (lambda z: z.abs(), "'abs' has a kink right at the baseline"),
    "kink-in-relu": (lambda z: (z[:, 1:] - z[:, :1]).relu(), "'relu' has a kink right at the baseline.*smooth"),
    "kink-in-elu": (lambda z: F.elu(z), "'elu' has a kink right at the baseline"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_series_is_refused_by_name(name):
    f, message = REFUSED[name]
    start = BY_ID["exp-log"].start()
    with pytest.raises(ValueError, match=message):
        jets(f, start * 0, start, 2)


def test_a_kink_that_is_not_left_is_none():
    """relu(u) for u ≡ 0 along the curve, and for u > 0."""
    start, slope = torch.tensor([[0.0, 1.0]]).double(), torch.tensor([[0.0, 3.0]]).double()
    assert jets(lambda z: z.relu().sum(1), start, slope, 2)[:, 0].tolist() == [1, 3, 0]


def test_branches_say_where_and_which():
    model = nn.Sequential(nn.Linear(1, 2, bias=False), nn.ReLU(), nn.Linear(2, 1)).double()
    model[0].weight.data = torch.tensor([[1.0], [-2.0]]).double()
    names = {each: name for name, each in model.named_modules()}
    inputs = torch.tensor([[1.0], [-1.0], [0.0]]).double()
    ((name, branch),) = branches(lambda z: model(z)[:, 0], inputs, names)
    assert name == "relu in ReLU '1'"
    assert branch.tolist() == [[1, -1], [-1, 1], [0, 0]]


def test_branches_of_a_pool_are_its_winners():
    inputs = torch.tensor([[1.0, 3.0, 2.0, 0.0], [5.0, 3.0, 0.0, 4.0]]).double()
    ((name, branch),) = branches(lambda z: F.max_pool2d(z.view(-1, 1, 1, 4), (1, 2)).sum((1, 2, 3)), inputs, {})
    assert name == "max_pool2d_with_indices"
    assert branch.flatten(1).tolist() == [[1, 2], [0, 3]]


def test_no_hooks_are_left_behind_even_by_an_error():
    before = len(nn.modules.module._global_forward_hooks), len(nn.modules.module._global_forward_pre_hooks)
    fastpath = torch.backends.mha.get_fastpath_enabled()
    with pytest.raises(ValueError, match="no rule"):
        branches(lambda z: z.digamma().sum(1), torch.ones(1, 2).double(), {})
    assert (len(nn.modules.module._global_forward_hooks), len(nn.modules.module._global_forward_pre_hooks)) == before
    assert torch.backends.mha.get_fastpath_enabled() == fastpath


@pytest.mark.parametrize("name", ["Linear", "Conv2d", "LayerNorm", "exp-log", "buffers"])
def test_on_every_device(name, device):
    case = BY_ID[name]
    start, slope = case.start(), case.slope()
    expected = jets(case, start, slope, 3)
    for each in modules_of(case):
        each.to(device)
    try:
        found = jets(lambda z: case.f(z).flatten(1), start.to(device), slope.to(device), 3)
    finally:
        for each in modules_of(case):
            each.cpu()
    assert found.device.type == device.type
    weights = torch.linspace(-1.0, 1.3, found.shape[-1], dtype=torch.float64).cos()
    torch.testing.assert_close((found.cpu() * weights).sum(-1), expected, rtol=1e-10, atol=1e-12)


def test_instance_normalisation_stands_alone_row_by_row():
    """Each row has its own statistics; the oracle is the function itself near the start."""
    torch.manual_seed(0)
    norm = nn.InstanceNorm1d(3, affine=True).double()
    with torch.no_grad():
        norm.weight.uniform_(0.5, 2.0)
        norm.bias.normal_()
    start, slope = torch.randn(2, 3, 5).double(), torch.randn(2, 3, 5).double() / 4

    def f(z):
        return (norm(z) ** 3).sum((1, 2))

    found = jets(f, start, slope, 8)
    for s in (0.02, 0.04):
        summed = sum(found[k] * s**k for k in range(9))
        torch.testing.assert_close(summed, f(start + s * slope).detach(), rtol=0, atol=1e3 * s**9)
