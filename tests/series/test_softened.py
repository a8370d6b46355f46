"""Networks with their kinks rounded off, and what is kept of a series."""

from itertools import product

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from cases import BY_ID, label
from taylor_cases import F64, by_definition, vector
from torch import nn
from twins import coalitions

from decompositions.models.softening import Softened, in_double
from synergy import Effects, Game, harsanyi, taylor


def kinked(dtype=F64):
    torch.manual_seed(31)
    return nn.Sequential(nn.Linear(3, 6), nn.ReLU(), nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 1)).to(dtype).eval()


def rounded_off(net, z, beta):
    """The network of :func:`kinked` with log(1 + exp(βu))/β for its kinks, in NumPy."""
    u = np.asarray(z, dtype=float)
    for layer in (net[0], net[2]):
        u = u @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()
        u = np.logaddexp(0, beta * u) / beta
    return (u @ net[4].weight.detach().numpy().T + net[4].bias.detach().numpy())[:, 0]


X, START = vector(1.0, -0.5, 0.75), vector(-0.5, 0.5, -1.0)


def test_smoothing_says_how_far_it_is_from_the_network():
    net = kinked()
    ends = np.array([[X[i] if i in s else START[i] for i in range(3)] for s in coalitions(3)])
    plain = net(torch.as_tensor(ends)).detach().numpy()[:, 0]
    distances = []
    for beta in (4.0, 16.0, 64.0, 256.0):
        effects = taylor(Game.from_model(net, X[None], START[None]), 2, smooth=beta)
        expected = abs(plain - rounded_off(net, ends, beta)).max()
        assert effects.distance == pytest.approx(expected, rel=1e-10)
        assert effects.base == pytest.approx(rounded_off(net, START[None], beta).item(), rel=1e-12)
        distances.append(effects.distance)
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] <= distances[0] / 16


def test_the_distance_falls_like_one_over_beta():
    """ReLU right at the kink: log(2)/β."""
    for beta in (1.0, 10.0, 100.0):
        effects = taylor(Game.from_function(lambda z: z.sum(1).relu(), [1.0, 1.0]), 2, smooth=beta)
        assert effects.distance == pytest.approx(np.log(2) / beta, rel=1e-12)


def test_smoothed_effects_are_those_of_the_rounded_network():
    """β = 1: first derivatives by central differences of the network in NumPy, and the values at every corner."""
    net, beta = kinked(), 1.0
    effects = taylor(Game.from_model(net, X[None], START[None]), 3, smooth=beta)
    difference = X - START
    for i in range(3):
        step = np.zeros(3)
        step[i] = 1e-5
        up, down = (
            rounded_off(net, (START.numpy() + sign * step * difference.numpy())[None], beta) for sign in (1, -1)
        )
        kappa = tuple(int(j == i) for j in range(3))
        assert effects.degree(kappa) == pytest.approx((up - down).item() / 2e-5, rel=1e-8)
        second = tuple(2 * int(j == i) for j in range(3))
        up, mid, down = (
            rounded_off(net, (START.numpy() + s * 100 * step * difference.numpy())[None], beta).item()
            for s in (1, 0, -1)
        )
        assert effects.degree(second) == pytest.approx((up - 2 * mid + down) / 2e-6, rel=1e-4, abs=1e-8)


def test_the_gradient_of_a_softened_game():
    net, beta = kinked(), 5.0
    game = Game.from_model(net, X[None], START[None]).softened(beta)
    t = np.array([[0.2, 0.7, 0.4], [1.0, 0.0, 1.0]])
    found = game.gradient(t)
    for i in range(3):
        step = np.zeros(3)
        step[i] = 1e-6
        ends = [START.numpy() + (t + sign * step) * (X - START).numpy() for sign in (1, -1)]
        expected = (rounded_off(net, ends[0], beta) - rounded_off(net, ends[1], beta)) / 2e-6
        np.testing.assert_allclose(found[:, i].numpy(), expected, rtol=1e-7, atol=1e-9)


def soft_plus(u, beta):
    return np.logaddexp(0, beta * u) / beta


STAND_INS = {
    "F.relu": (F.relu, lambda u, b: soft_plus(u, b)),
    "torch.relu": (torch.relu, lambda u, b: soft_plus(u, b)),
    "method": (lambda u: u.relu(), lambda u, b: soft_plus(u, b)),
    "ReLU": (nn.ReLU(), lambda u, b: soft_plus(u, b)),
    "ReLU-in-place": (nn.ReLU(inplace=True), lambda u, b: soft_plus(u, b)),
    "leaky_relu": (lambda u: F.leaky_relu(u, 0.2), lambda u, b: 0.2 * u + 0.8 * soft_plus(u, b)),
    "abs": (torch.abs, lambda u, b: soft_plus(u, b) + soft_plus(-u, b)),
    "abs-builtin": (abs, lambda u, b: soft_plus(u, b) + soft_plus(-u, b)),
    "abs-method": (lambda u: u.abs(), lambda u, b: soft_plus(u, b) + soft_plus(-u, b)),
    "relu6": (F.relu6, lambda u, b: soft_plus(u, b) - soft_plus(u - 6, b)),
    "ReLU6": (nn.ReLU6(), lambda u, b: soft_plus(u, b) - soft_plus(u - 6, b)),
    "hardtanh": (F.hardtanh, lambda u, b: -1 + soft_plus(u + 1, b) - soft_plus(u - 1, b)),
}


@pytest.mark.parametrize("name", STAND_INS)
@pytest.mark.parametrize("beta", [0.5, 10.0, 1000.0])
def test_stand_ins(name, beta):
    """By NumPy; and the series of the stand-in is that of the same values: both sides of a step are interpolated."""
    f, expected = STAND_INS[name]
    u = torch.linspace(-8, 8, 41, dtype=F64)[None]
    found = Softened(lambda z: f(z * 1).sum(0), beta)(u)
    np.testing.assert_allclose(found.numpy(), expected(u[0].numpy(), beta), rtol=1e-12, atol=1e-13)


def test_in_place_kinks_that_are_statements():
    """The model goes on with the tensor, not with what the operation returned."""

    def f(z):
        y, w, v, u = z * 1, z * 2, z * 3, z * 4
        y.relu_()
        torch.relu_(u)
        F.relu(w, inplace=True)
        F.leaky_relu(v, 0.1, inplace=True)
        return (y + w + v + u).sum(1)

    def by_hand(z, b):
        return sum(soft_plus(z, b) + soft_plus(2 * z, b) + soft_plus(4 * z, b) + 0.3 * z + 0.9 * soft_plus(3 * z, b))

    z = vector(-0.3, 0.4)
    assert Softened(f, 7.0)(z[None]).item() == pytest.approx(by_hand(z.numpy(), 7.0), rel=1e-13)
    effects = taylor(Game.from_function(f, z), 1, smooth=7.0)
    step = 1e-6
    for i, kappa in enumerate([(1, 0), (0, 1)]):
        e = np.eye(2)[i] * step * z.numpy()
        assert effects.degree(kappa) == pytest.approx((by_hand(e, 7.0) - by_hand(-e, 7.0)) / (2 * step), rel=1e-7)


@pytest.mark.parametrize(("size", "stride", "dilation"), [(2, 2, 1), ((2, 3), 1, 1), (2, (1, 2), 2), (3, None, 1)])
def test_the_stand_in_of_max_pooling(size, stride, dilation):
    """log Σ exp(βu)/β over the window, window by window."""
    u = torch.randn(2, 3, 6, 7, generator=torch.Generator().manual_seed(33), dtype=F64)
    beta = 6.0
    pool = nn.MaxPool2d(size, stride, dilation=dilation)
    hard = pool(u)
    found = Softened(pool, beta)(u)
    assert found.shape == hard.shape
    (h, w), (sh, sw), (dh, dw) = ((a, a) if isinstance(a, int) else a for a in (size, stride or size, dilation))
    for i, j in product(range(hard.shape[2]), range(hard.shape[3])):
        window = u[:, :, i * sh : i * sh + dh * (h - 1) + 1 : dh, j * sw : j * sw + dw * (w - 1) + 1 : dw]
        expected = np.logaddexp.reduce(beta * window.flatten(2).numpy(), 2) / beta
        np.testing.assert_allclose(found[:, :, i, j].numpy(), expected, rtol=1e-12)
    assert (found >= hard).all()
    assert (found - hard).max() <= np.log(h * w) / beta


def test_max_pooling_without_a_stand_in_is_refused():
    for pool in (nn.MaxPool2d(2, padding=1), nn.MaxPool2d(2, ceil_mode=True)):
        with pytest.raises(ValueError, match="no smooth stand-in"):
            Softened(pool, 3.0)(torch.zeros(1, 1, 4, 4))


def test_the_series_of_a_softened_pool_adds_up():
    """Inside its radius: values of the softened function at every corner are those of the series."""
    game = Game.from_function(
        lambda z: F.max_pool2d(z.view(-1, 1, 1, 4), (1, 2)).flatten(1).prod(1), [0.2, 0.1, -0.3, 0.4], 0.1
    )
    effects = taylor(game, 20, smooth=2.0)
    expected = np.array(by_definition(game.softened(2.0)))
    assert abs(effects.by_support().values.numpy() - expected).max() < 1e-8
    assert abs(expected).max() > 0.01


@pytest.mark.parametrize("dtype", [torch.float32, F64], ids=str)
def test_smoothing_leaves_the_model_as_it_was(dtype):
    net = kinked(dtype)
    x, b = X.to(dtype)[None], START.to(dtype)[None]
    state = {name: value.clone() for name, value in net.state_dict().items()}
    outputs = net(torch.cat([x, b]))
    hooks = [len(each._forward_hooks) + len(each._forward_pre_hooks) for each in net.modules()]
    effects = taylor(Game.from_model(net, x, b), 3, smooth=8.0)
    assert effects.values.dtype == F64
    assert effects.distance > 0
    assert all(torch.equal(value, state[name]) and value.dtype == dtype for name, value in net.state_dict().items())
    assert torch.equal(net(torch.cat([x, b])), outputs)
    assert [len(each._forward_hooks) + len(each._forward_pre_hooks) for each in net.modules()] == hooks == [0] * 6
    assert all(parameter.requires_grad and parameter.grad is None for parameter in net.parameters())
    expected = rounded_off(net.double(), START[None], 8.0).item()
    assert effects.base == pytest.approx(expected, rel=1e-12 if dtype == F64 else 1e-9)


def test_the_copy_in_double_keeps_its_target_and_its_stand_ins():
    game = Game.from_model(kinked(torch.float32), X.float()[None], START.float()[None]).softened(4.0)
    copied = in_double(game.cube.f)
    assert isinstance(copied, Softened)
    assert copied.beta == 4.0
    net = kinked(torch.float32).double()
    assert copied(X[None]).item() == pytest.approx(rounded_off(net, X[None], 4.0).item(), rel=1e-12)


@pytest.mark.parametrize("case", [BY_ID["relu"], BY_ID["relu-null-player"], BY_ID["relu-float32"]], ids=label)
def test_rounded_networks_have_gaps_that_say_how_good_they_are(case):
    """Against the dividends of the softened game, which exist without any series."""
    game = case.game()
    effects = taylor(game, 3, smooth=1.0)
    exactly = game.softened(1.0)
    expected = np.array(by_definition(exactly))
    tolerance = 1e-11 if case.epsilon < 1e-10 else 1e-4
    missed = effects.by_support().values.numpy() - expected
    np.testing.assert_allclose(effects.gaps.numpy(), missed, atol=tolerance * max(1, abs(expected).max()), rtol=0)
    np.testing.assert_allclose(harsanyi(exactly).values.numpy(), expected, atol=tolerance * 10, rtol=0)


def test_what_is_known_of_a_series_is_kept_on_disk(tmp_path):
    effects = taylor(Game.from_function(lambda z: 1 / (1 + z.sum(1) ** 2), [1.2, 0.8]), 4)
    effects.save(tmp_path / "effects.npz")
    again = Effects.load(tmp_path / "effects.npz")
    for name in ("radius", "note", "distance", "evaluation", "calls", "noise", "truncated"):
        assert getattr(again, name) == getattr(effects, name)
    assert torch.equal(again.gaps, effects.gaps)
    assert torch.equal(again.values, effects.values)
    assert float(again.remainder) == float(effects.remainder)


def test_exact_gaps_are_kept_on_disk(tmp_path):
    effects = taylor(Game.from_expression("exp(a*b)", {"a": 1, "b": 2}), 4)
    effects.save(tmp_path / "effects.npz")
    again = Effects.load(tmp_path / "effects.npz")
    assert list(again.gaps) == list(effects.gaps)
    assert again.gaps[3] != 0


def test_high_terms_that_cancel_at_x_are_not_called_complete():
    game = Game.from_function(lambda z: z[:, 0] ** 30 - z[:, 1] ** 30 + z[:, 0], [1.0, 1.0])
    effects = taylor(game)
    assert effects.truncated
    assert "do not add up" in effects.note
    assert float(abs(effects.gaps).max()) == pytest.approx(1)


def test_an_exponent_that_is_a_tensor_is_a_power():
    effects = taylor(Game.from_function(lambda z: z[:, 0] ** torch.tensor(2.0), [1.0], -0.5))
    assert effects.to_dict() == pytest.approx({(0,): 0.25, (1,): -1.5, (2,): 2.25})


def test_a_function_that_branches_on_a_batch_is_refused():
    def f(z):
        return z[:, 0] * 2 if z.sum() > 1 else z[:, 0]

    with pytest.raises(ValueError, match="its rows are not independent"):
        Game.from_function(f, [1.0, 1.0])
    game = Game.from_function(f, [1.0, 1.0], chunk=1)
    with pytest.raises(ValueError, match="compares one number of a whole batch"):
        taylor(game, 2)


def test_a_fixed_type_inside_is_named():
    class Fixed(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.a = torch.nn.Linear(2, 1)

        def forward(self, x):
            return self.a(x.float())

    game = Game.from_model(Fixed().eval(), torch.ones(1, 2))
    with pytest.raises(ValueError, match="computed in float64, and there the function fails"):
        taylor(game, 2)
