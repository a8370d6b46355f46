"""The hot path on other devices.

On ``meta`` a tensor has a place and a shape but no numbers: one made on the wrong device, a copy to the host or an
``.item()`` raises. What decides by values (null players, finiteness, which terms to keep) is left out there.
"""

import numpy as np
import pytest
import torch
from cases import GAME_METHODS, close, draw, mlp
from torch import nn

from decompositions import coalitions, degrees
from decompositions.arithmetic import like, wide, zeros
from decompositions.function_cube import FunctionCube
from decompositions.mobius import mobius, zeta
from decompositions.model import ModelFunction
from synergy import Effects, Game, allocate, compare, harsanyi, measure, method, removal
from synergy.policies import equal_shares, full_credit

META = torch.device("meta")
ON_META = [name for name in GAME_METHODS if name != "shapley"]  # it asks which players are null


def game_on_meta(baselines=1, players=3, dtype=torch.float32):
    model = nn.Sequential(nn.Linear(6, 5), nn.Softplus(), nn.Linear(5, 2)).to(device=META, dtype=dtype).eval()
    owners = torch.arange(6, device=META) % players
    cube = FunctionCube(
        ModelFunction(model, 1),
        torch.zeros(1, 6, device=META, dtype=dtype),
        torch.zeros(baselines, 6, device=META, dtype=dtype),
        torch.ones(baselines, dtype=torch.float64, device=META),
        owners,
        players,
        dtype,
        chunk=64,
    )
    return Game(cube, tuple("abcdef"[:players]))


def test_meta_does_catch_what_it_should():
    """The tests below trust this."""
    tensor = torch.zeros(3, device=META)
    for wrong in (
        lambda: tensor.tolist(),
        lambda: tensor.cpu(),
        lambda: tensor + torch.zeros(3),
        lambda: bool(tensor.any()),
        lambda: tensor.sum().item(),
    ):
        with pytest.raises((NotImplementedError, RuntimeError)):
            wrong()


@pytest.mark.parametrize("baselines", [1, 3, 70])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_all_coalitions_stay_there(baselines, dtype):
    game = game_on_meta(baselines, dtype=dtype)
    values = coalitions.dense(game, (0, 1, 2))
    assert (values.device, values.shape, values.dtype) == (META, (8,), torch.float64)
    values = coalitions.rows(game, degrees.up_to_order((0, 1, 2), 3, 2))
    assert (values.device, values.shape) == (META, (7,))


def test_bits_are_made_there():
    assert degrees.bits(0, 8, 3, META).device == META
    spread = degrees.spread(0, 4, (0, 2), 3, META)
    assert (spread.device, spread.shape) == (META, (4, 3))


@pytest.mark.parametrize("n", [0, 1, 8, 15, 19])
@pytest.mark.parametrize("transform", [mobius, zeta])
@pytest.mark.parametrize("inplace", [False, True])
def test_transforms_stay_there(n, transform, inplace):
    result = transform(torch.zeros(2, 2**n, device=META), inplace=inplace)
    assert (result.device, result.shape) == (META, (2, 2**n))


@pytest.mark.parametrize("policy", [equal_shares, full_credit], ids=lambda policy: policy.formula)
def test_policies_and_allocations_stay_there(policy):
    effects = Effects(torch.zeros(8, device=META, dtype=torch.float64), ("a", "b", "c"))
    assert effects.table(0, 8).device == META
    allocation = allocate(effects, policy)
    assert (allocation.values.device, allocation.values.shape) == (META, (8, 3))
    assert (allocation.attribution.device, allocation.attribution.shape) == (META, (3,))
    assert allocation.unexplained.device == META
    assert allocation[0, 2].device == META


def test_degree_policies_stay_there():
    effects = Effects(torch.zeros(3, device=META), ("a", "b"), "taylor", np.array([[0, 0], [2, 0], [1, 3]]))
    policy = method("integrated_gradients").policy(game_on_meta())
    assert (allocate(effects, policy).values.device, allocate(effects, policy).values.shape) == (META, (3, 2))


def test_reading_effects_stays_there():
    effects = Effects(torch.zeros(8, device=META), ("a", "b", "c"))
    assert effects[0, 2].device == META
    assert effects.independent.device == META
    assert effects.base.device == META
    assert effects.total.device == META


@pytest.mark.parametrize("baselines", [1, 3])
def test_gradients_stay_there(baselines):
    game = game_on_meta(baselines)
    gradient = game.gradient(torch.ones(5, 3, device=META, dtype=torch.float64))
    assert (gradient.device, gradient.shape) == (META, (5, 3))


@pytest.mark.parametrize("baselines", [1, 3])
@pytest.mark.parametrize("ends", [None, "some"])
@pytest.mark.parametrize("name", ON_META)
def test_methods_stay_there(name, ends, baselines):
    game = game_on_meta(baselines)
    chosen = method(name)
    points = None if ends is None else degrees.bits(0, 8, 3, META)
    values = chosen.attribute(game, points)
    assert (values.device, values.shape) == (META, (3,) if ends is None else (8, 3))
    if hasattr(chosen, "estimate"):
        assert all(part.device == META for part in chosen.estimate(game, points))


def test_losses_stay_there():
    assert removal.attribute(game_on_meta(), torch.ones(4, 3, device=META, dtype=torch.float64)).device == META


def test_helpers_stay_there():
    values = torch.zeros(3, device=META)
    assert like(np.array([1, 2]), values).device == META
    assert zeros((2, 2), values).device == META
    assert wide(values).device == META


# --- where there are numbers -----------------------------------------------------------------------------------------


def game_on(device, dtype, **settings):
    model = mlp(nn.Softplus, (6, 5, 2), dtype=dtype, seed=3).to(device)
    x, b = draw(1, 6, dtype=dtype).to(device), draw(2, 6, dtype=dtype, seed=5).to(device)
    return Game.from_model(model, x, b, target=1, players=torch.arange(6) % 4, weights=[1, 2], **settings)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_effects_on_every_device_equal_those_on_the_host(device, dtype):
    effects = harsanyi(game_on(device, dtype))
    assert effects.values.device.type == device.type
    close(effects.values, harsanyi(game_on("cpu", torch.float64)).values, 1e-12 if dtype == torch.float64 else 2e-5)


@pytest.mark.parametrize("name", GAME_METHODS)
def test_methods_on_every_device_equal_those_on_the_host(device, name):
    game = game_on(device, torch.float64)
    values = method(name).attribute(game)
    assert values.device.type == device.type
    close(values, method(name).attribute(game_on("cpu", torch.float64)), 1e-10)
    close(measure(name, game).values, measure(name, game_on("cpu", torch.float64)).values, 1e-10)


def test_comparing_on_every_device(device):
    comparison = compare(game_on(device, torch.float32))
    assert all(result.measured is not None for result in comparison.results if result.name in GAME_METHODS)


@pytest.mark.parametrize("n", [6, 14, 16, 19])
def test_transforms_on_every_device_equal_those_on_the_host(device, n):
    values = torch.from_numpy(np.random.default_rng(n).integers(-8, 9, (2, 2**n)).astype(np.float64))
    assert torch.equal(mobius(values.to(device)).cpu(), mobius(values))
    assert torch.equal(zeta(mobius(values.to(device))).cpu(), values)
