"""The numbers on every device are those on the host."""

import copy

import numpy as np
import pytest
import torch
from cases import GAME_METHODS, close, draw, mlp
from device_cases import NETWORKS
from torch import nn

from decompositions import arithmetic
from decompositions.arithmetic import wide
from decompositions.mobius import mobius, zeta
from synergy import METHODS, Game, compare, harsanyi, measure, method

pytestmark = pytest.mark.usefixtures("apart")


def of(device, dtype):
    """The type, or what the device has instead."""
    return torch.float32 if device.type == "mps" else dtype


def homes(device):
    """Where results may be: on the device, or on the host where the device has no float64."""
    return {device.type, arithmetic.wide(torch.zeros(1, device=device)).device.type}


def tolerance(device, dtype, fine):
    return fine if of(device, dtype) == torch.float64 else 2e-5


def game_on(device, dtype, **settings):
    device = torch.device(device)
    dtype = of(device, dtype)
    model = mlp(nn.Softplus, (6, 5, 2), dtype=dtype, seed=3).to(device)
    x, b = draw(1, 6, dtype=dtype).to(device), draw(2, 6, dtype=dtype, seed=5).to(device)
    return Game.from_model(model, x, b, target=1, players=torch.arange(6) % 4, weights=[1, 2], **settings)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_effects_on_every_device_equal_those_on_the_host(device, dtype):
    effects = harsanyi(game_on(device, dtype))
    assert effects.values.device.type == wide(torch.zeros(1, device=device)).device.type
    close(effects.values, harsanyi(game_on("cpu", torch.float64)).values, tolerance(device, dtype, 1e-12))


@pytest.mark.parametrize("name", [name for name in METHODS if METHODS[name].scope in ("game", "layer")])
def test_methods_on_every_device_equal_those_on_the_host(device, name):
    game, host = game_on(device, torch.float64), game_on("cpu", torch.float64)
    values, allowed = method(name).attribute(game), tolerance(device, torch.float64, 1e-10)
    assert values.device.type in homes(device)
    close(values, method(name).attribute(host), allowed)
    close(measure(name, game).values, measure(name, host).values, allowed)


def test_grad_cam_on_every_device_equals_that_on_the_host(device):
    shape, build = NETWORKS["convolutions"]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = build().to(of(device, torch.float64)).eval()
    x, owners = draw(1, *shape, dtype=of(device, torch.float64)), torch.arange(16).reshape(4, 4) % 3
    values = []
    for place in ("cpu", device):
        game = Game.from_model(net.to(place), x.to(place), target=1, players=owners)
        values.append(measure("grad_cam", game).values)
    close(values[1], values[0], tolerance(device, torch.float64, 1e-10))


def test_comparing_on_every_device(device):
    comparison = compare(game_on(device, torch.float32))
    assert all(result.measured is not None for result in comparison.results if result.name in GAME_METHODS)


@pytest.mark.parametrize("n", [6, 14, 16, 19])
def test_transforms_on_every_device_equal_those_on_the_host(device, n):
    """Of whole numbers that float32 holds exactly, too, as are all numbers on the way."""
    values = torch.from_numpy(np.random.default_rng(n).integers(-8, 9, (2, 2**n)).astype(np.float64))
    there = values.to(dtype=of(device, torch.float64)).to(device)
    assert torch.equal(mobius(there).cpu().double(), mobius(values))
    assert torch.equal(zeta(mobius(there)).cpu().double(), values)


@pytest.mark.parametrize("name", METHODS)
def test_convolutions_in_float32_keep_their_digits_on_every_device(device, name):
    """Of which TF32 keeps three."""
    shape, build = NETWORKS["convolutions"]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = build().eval()
    x, owners = draw(1, *shape, dtype=torch.float32), torch.arange(16).reshape(4, 4) % 3
    host = Game.from_model(copy.deepcopy(net).double(), x.double(), target=1, players=owners)
    there = Game.from_model(net.to(device), x.to(device), target=1, players=owners)
    expected = method(name).attribute(host)
    close(method(name).attribute(there), expected, 1e-5)


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
def test_recurrences_have_gradients_on_every_device(device, kind):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = nn.Sequential(kind(3, 4, batch_first=True), Last(), nn.Linear(4, 2)).to(of(device, torch.float64)).eval()
    x = draw(1, 5, 3, dtype=of(device, torch.float64))
    values = []
    for place in ("cpu", device):
        game = Game.from_model(net.to(place), x.to(place), target=1, players=torch.arange(5)[:, None])
        values.append(method("integrated_gradients").attribute(game))
    close(values[1], values[0], tolerance(device, torch.float64, 1e-10))


class Last(nn.Module):
    """The output of a recurrence's last step."""

    def forward(self, outputs):
        return outputs[0][:, -1]
