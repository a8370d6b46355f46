"""The hot path on other devices.

On ``meta`` a tensor has a place and a shape but no numbers: one made on the wrong device, a copy to the host or an
``.item()`` raises. What decides by values is left out there or answered beforehand (``decided``): which players are
null, whether numbers are finite and a kink is crossed, how many inputs a neuron has, whether two quadrature rules
agree. The exact path integral decides by values all the way, since its breakpoints are where units change sign; on
``meta`` path methods are given a rule.
"""

import math
import sys

import numpy as np
import pytest
import torch
from cases import GAME_METHODS, SIGNALS, label, variants
from device_cases import NETWORKS
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from decompositions import arithmetic, degrees
from decompositions.arithmetic import like, wide, zeros
from decompositions.contraction import by_player, contract
from decompositions.dividends.several_games import _by_plan, _in_common_batches
from decompositions.effects.coalitions import Coalitions
from decompositions.evaluation import corners
from decompositions.evaluation.prefix.prefix import SharedPrefix
from decompositions.evaluation.prefix.rebuilding import from_patterns, sum_of_players
from decompositions.evaluation.several_targets import Question
from decompositions.games.function_cube import FunctionCube
from decompositions.mobius import mobius, zeta
from decompositions.models.model_function import ModelFunction
from decompositions.networks.operations import Elementwise
from decompositions.networks.secant import mean_slope
from decompositions.series.jets.interpolation import coefficients, directions
from decompositions.series.jets.jets import jets
from decompositions.series.jets.series import _along
from synergy import METHODS, Effects, Game, allocate, method
from synergy.algorithms import removal
from synergy.algorithms.layerwise import fused_shapley
from synergy.algorithms.path import rules
from synergy.algorithms.path.way import Way
from synergy.measurement.measure import _mobius_by_player, _transform
from synergy.measurement.spread import Rows, attributions
from synergy.methods import shapley
from synergy.path_method import AbstractPathMethod
from synergy.policies.policy import equal_shares, full_credit

META = torch.device("meta")
PATHS = [name for name in METHODS if issubclass(METHODS[name], AbstractPathMethod)]


def softplus_network():
    return nn.Sequential(nn.Linear(6, 5), nn.Softplus(), nn.Linear(5, 2))


def game_on_meta(baselines=1, players=3, dtype=torch.float32, shape=(6,), model=None, chunk=64, **settings):
    model = (model or softplus_network()).to(device=META, dtype=dtype).eval()
    owners = (torch.arange(math.prod(shape), device=META) % players).reshape(shape)
    cube = FunctionCube(
        ModelFunction(model, 1),
        torch.zeros(1, *shape, device=META, dtype=dtype),
        torch.zeros(baselines, *shape, device=META, dtype=dtype),
        torch.ones(baselines, dtype=torch.float64, device=settings.get("weights_on", META)),
        owners,
        players,
        dtype,
        chunk,
    )
    return Game(cube, tuple(f"x{i}" for i in range(players)))


def every_method():
    """Every registered method with every setting that is tried; path methods by a rule, not by choice."""
    known = [*variants(METHODS), ("deep_shap", {"fused": True})]
    return [(name, settings | ({"nodes": 16} if name in PATHS else {})) for name, settings in known]


def four_wires(dense, name):
    """As if every neuron had at most four inputs."""
    count = min(4, dense.shape[1])
    return torch.arange(count, device=dense.device).expand(len(dense), count), dense[:, :count]


pytestmark = pytest.mark.usefixtures("apart")


@pytest.fixture
def decided(monkeypatch):
    """What is asked of the values before the work begins, answered: no null players, few wires, whose an entry is."""
    monkeypatch.setattr(FunctionCube, "active", lambda cube: tuple(range(cube.n)))
    monkeypatch.setattr(FunctionCube, "entry_players", lambda cube: torch.arange(cube.x[0].numel()) % cube.n)
    monkeypatch.setattr(fused_shapley, "_wires", four_wires)


def test_meta_does_catch_what_it_should():
    """The tests below trust this."""
    tensor = torch.zeros(3, device=META)
    for wrong in (
        lambda: tensor.tolist(),
        lambda: tensor.cpu(),
        lambda: tensor + torch.zeros(3),
        lambda: bool(tensor.any()),
        lambda: tensor.sum().item(),
        lambda: torch.zeros(2, 3) @ tensor,
    ):
        with pytest.raises((NotImplementedError, RuntimeError)):
            wrong()


@pytest.mark.parametrize("baselines", [1, 3, 70])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_all_coalitions_stay_there(baselines, dtype):
    game = game_on_meta(baselines, dtype=dtype)
    values = corners.dense(game, (0, 1, 2))
    assert (values.device, values.shape, values.dtype) == (META, (8,), torch.float64)
    lower = Coalitions.up_to((0, 1, 2), 3, 2)
    values = corners.rows(game, lower.table, len(lower)).values
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
    effects = Effects(torch.zeros(8, device=META, dtype=torch.float64), names=("a", "b", "c"))
    assert effects.table(0, 8).device == META
    allocation = allocate(effects, policy)
    assert (allocation.values.device, allocation.values.shape) == (META, (8, 3))
    assert (allocation.attribution.device, allocation.attribution.shape) == (META, (3,))
    assert allocation.unexplained.device == META
    assert allocation[0, 2].device == META


def test_degree_policies_stay_there():
    effects = Effects(
        torch.zeros(3, device=META), names=("a", "b"), basis="taylor", degrees=np.array([[0, 0], [2, 0], [1, 3]])
    )
    policy = method("integrated_gradients").policy(game_on_meta())
    assert (allocate(effects, policy).values.device, allocate(effects, policy).values.shape) == (META, (3, 2))


def test_reading_effects_stays_there():
    effects = Effects(torch.zeros(8, device=META), names=("a", "b", "c"))
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
@pytest.mark.parametrize(("name", "settings"), every_method(), ids=label)
def test_methods_stay_there(name, settings, ends, baselines, decided):
    shape, build = NETWORKS["convolutions"]
    game = game_on_meta(baselines, shape=shape, model=build(), chunk=16)
    chosen = method(name, **settings)
    points = None if ends is None else degrees.bits(0, 8, 3, META)
    values = chosen.attribute(game, points)
    assert (values.device, values.shape) == (META, (3,) if ends is None else (8, 3))
    if hasattr(chosen, "estimate"):
        assert all(part.device == META for part in chosen.estimate(game, points))


@pytest.mark.parametrize("ends", [None, "some"])
@pytest.mark.parametrize("name", GAME_METHODS)
def test_methods_stay_there_on_a_smooth_network_in_either_type(name, ends, decided):
    points = None if ends is None else degrees.bits(0, 8, 3, META)
    for dtype in (torch.float32, torch.float64):
        values = method(name).attribute(game_on_meta(dtype=dtype), points)
        assert (values.device, values.dtype) == (META, torch.float64)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize(
    ("name", "settings"), [each for each in every_method() if METHODS[each[0]].scope != "game"], ids=label
)
def test_layers_stay_there(name, settings, network, decided):
    shape, build = NETWORKS[network]
    game = game_on_meta(shape=shape, model=build(), dtype=torch.float64, chunk=4)
    if network == "gated" and name in SIGNALS:
        with pytest.raises(ValueError, match="is not defined"):
            method(name).attribute(game, degrees.bits(0, 8, 3, META))
        return
    values = method(name, **settings).attribute(game, degrees.bits(0, 8, 3, META))
    assert (values.device, values.shape) == (META, (8, 3))


def test_the_choice_of_a_rule_stays_there():
    """The adaptive rule cuts where it errs most, which it finds out where the values are."""
    game, ends = game_on_meta(), torch.ones(5, 3, device=META, dtype=torch.float64)
    for found in (rules.adaptive(Way(game, ends)), rules.doubled(Way(game, ends))):
        assert (found.values.device, found.errors.device, found.values.shape) == (META, META, (5, 3))


def test_slopes_between_kinks_stay_there():
    places = torch.zeros(4, device=META, dtype=torch.float64)
    assert mean_slope(Elementwise(torch.relu, (0.0,)), places, places).device == META


@pytest.mark.parametrize("lead", [(), (4,)])
@pytest.mark.parametrize("n", [0, 1, 6])
def test_shapley_values_of_known_games_stay_there(n, lead):
    """What comes after the null players are known."""
    table = torch.zeros(*lead, 2**n, device=META, dtype=torch.float64)
    assert shapley._at_input(table, tuple(range(n)), n).shape == (*lead, n)
    assert shapley._sizes(n, table).device == META  # made there, not shipped
    potential = shapley._potential(table, n)
    gains = shapley._gains(potential, torch.zeros(7, device=META, dtype=torch.int64), tuple(range(n)), _players(n))
    assert (potential.device, gains.device, gains.shape) == (META, META, (*lead, 7, n))


def _players(n):
    return Game.from_values(torch.zeros(2**n))


@pytest.mark.parametrize("name", [name for name in METHODS if METHODS[name].scope == "layer"])
def test_measured_tables_stay_there(name, decided):
    shape, build = NETWORKS["convolutions"]
    game = game_on_meta(players=4, shape=shape, model=build(), chunk=4)
    ends = [degrees.spread(0, 8, (0, 1, 3), 4, META)]
    table, spread = attributions(method(name), game, ends, Rows(_mobius_by_player, zeta))
    assert (table.device, table.shape) == (META, (8, 4))
    assert not spread.sums.any()
    rows = _transform(table, degrees.spread_masks((0, 1, 3)), 4)
    assert (rows.device, rows.shape) == (META, (16, 4))


@pytest.mark.parametrize("n", [3, 15, 21])
@pytest.mark.parametrize("order", [0, 1, 2])
def test_contractions_stay_there(n, order):
    weights = torch.zeros(n + 1, device=META, dtype=torch.float64)
    found = contract(torch.zeros(2, 2**n, device=META, dtype=torch.float64), weights, order)
    assert len(found) == math.comb(n, order)
    assert all((each.device, each.shape) == (META, (2,)) for each in found.values())
    assert by_player(torch.zeros(2**n, device=META, dtype=torch.float64), weights).shape == (n,)


def test_large_allocations_stay_there():
    """More rows than one block holds, and the column sums by contraction and row by row."""
    effects = Effects(torch.zeros(2**18, device=META, dtype=torch.float64), names=tuple("abcdefghijklmnopqr"))
    allocation = allocate(effects, equal_shares)
    blocks = [rows for _, _, rows in allocation.blocks()]
    assert len(blocks) > 1
    assert all(rows.device == META for rows in blocks)
    assert allocation.total().device == allocation.attribution.device == META
    assert sum(rows.sum(0) for rows in blocks).device == META


def test_losses_stay_there():
    ends, groups = (torch.ones(m, 3, device=META, dtype=torch.float64) for m in (4, 2))
    assert removal.losses(game_on_meta(), ends, groups).device == META


def test_helpers_stay_there():
    values = torch.zeros(3, device=META)
    assert like(np.array([1, 2]), values).device == META
    assert zeros((2, 2), values).device == META
    assert wide(values).device == META


@pytest.mark.parametrize("activation", [nn.Softplus, nn.Tanh, nn.GELU, nn.SiLU, nn.Sigmoid])
def test_jets_stay_there(activation):
    net = nn.Sequential(nn.Linear(6, 5), activation(), nn.Linear(5, 1), nn.Flatten(0)).to(META, torch.float64)
    start = torch.zeros(4, 6, device=META, dtype=torch.float64)
    result = jets(net, start, start, 5)
    assert (result.device, result.shape) == (META, (6, 4))


@pytest.mark.parametrize("baselines", [1, 3])
def test_lines_stay_there(baselines):
    """Whether a kink is crossed and whether the coefficients are finite is asked of values, before and after."""
    game = game_on_meta(baselines, dtype=torch.float32)
    lines = torch.as_tensor(directions(3, 4), device=META)
    along = _along(game.cube.double(), lines, (0, 1, 2), 4)
    assert (along.device, along.dtype, along.shape) == (META, torch.float64, (5, len(lines)))
    table, values = coefficients(along, 3)
    assert (values.device, values.shape) == (META, (len(table),))


def test_common_batches_stay_there():
    """Which questions have the same input is asked of values."""
    game = game_on_meta(chunk=4)
    model = game.cube.f.module
    group = [
        Question(game.cube, active, [0, 1], [ModelFunction(model, t) for t in (0, 1)]) for active in ((0, 2), (1,))
    ]
    first, second = _in_common_batches(group)
    assert (first.device, first.shape, second.device, second.shape) == (META, (2, 4), META, (2, 2))


def test_shared_prefixes_stay_there():
    """What they may share is found by NaN, which is a value; their error is, too."""
    game = game_on_meta(chunk=4)
    suffix = ModelFunction(nn.Linear(6, 2).to(META), 1)
    depends = torch.zeros(3, 6, device=META, dtype=torch.bool)
    for rebuild in (
        sum_of_players(torch.zeros(1, 6, device=META), torch.zeros(6, 6, device=META), 3),
        from_patterns(torch.zeros(8, 6, device=META), depends, torch.arange(3, device=META)),
    ):
        plan = SharedPrefix(rebuild, suffix, "", 3, game.cube)
        assert plan.values_at_once(game.cube, degrees.bits(0, 8, 3, META)).device == META
        question = Question(game.cube, (0, 1, 2), [0, 1], [suffix, suffix], plan)
        assert _by_plan(question, plan).shape == (2, 8)
    maps = from_patterns(torch.zeros(8, 5, 2, 3, device=META), depends, torch.arange(3, device=META))
    assert maps(degrees.bits(0, 7, 3, META)).shape == (7, 5, 2, 3)


class Narrow(TorchDispatchMode):
    """Refuses float64 on ``meta``, as mps does; a copy to the host is a tensor of zeros there."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        place = (kwargs or {}).get("device")
        if function is torch.ops.aten._to_copy.default and place == torch.device("cpu") and args[0].is_meta:
            return torch.zeros(args[0].shape, dtype=kwargs.get("dtype") or args[0].dtype)
        result = function(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if isinstance(leaf, torch.Tensor) and leaf.device == META and leaf.dtype == torch.float64:
                raise TypeError(f"{function} makes float64 on a device that has none")
        return result


def wide_on_the_host(values):
    """``wide`` as it is on mps."""
    return (values.cpu() if values.is_meta else values).double()


def in_single(cube, table):
    """``FunctionCube.array`` as it is on mps."""
    given = torch.as_tensor(table)
    return given.to(META) if given.dtype == torch.bool else given.to(dtype=torch.float32).to(META)


@pytest.fixture
def narrow(monkeypatch, decided):
    """``meta`` in the place of mps: no float64 there, and wide copies on the host."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in ("decompositions", "synergy") and getattr(module, "wide", None) is wide:
            monkeypatch.setattr(module, "wide", wide_on_the_host)
    monkeypatch.setattr(FunctionCube, "array", in_single)
    with Narrow():
        yield


def test_the_stand_in_for_mps_does_catch_what_it_should(narrow):
    with pytest.raises(TypeError, match="float64"):
        torch.zeros(3, device=META).double()
    with pytest.raises(RuntimeError, match="meta"):
        torch.zeros(3, device=META) + arithmetic.wide(torch.zeros(3, device=META))


@pytest.mark.parametrize("ends", [None, "some"])
@pytest.mark.parametrize(("name", "settings"), [*every_method(), *((name, {}) for name in PATHS)], ids=label)
def test_methods_need_no_float64_there(name, settings, ends, narrow):
    curve = nn.ReLU() if name in SIGNALS else nn.Softplus()
    shape, model = (1, 4, 4), nn.Sequential(nn.Conv2d(1, 2, 3), curve, nn.Flatten(), nn.Linear(8, 2))
    for baselines in (1, 2):
        game = game_on_meta(baselines, shape=shape, model=model, chunk=16, weights_on="cpu")
        points = None if ends is None else degrees.bits(0, 8, 3, META)
        values = method(name, **settings).attribute(game, points)
        assert values.shape == ((3,) if ends is None else (8, 3))
        assert (values.device.type, values.dtype) in (("cpu", torch.float64), ("meta", torch.float32))


def test_the_adaptive_rule_needs_no_float64_there(narrow):
    found = rules.adaptive(Way(game_on_meta(weights_on="cpu"), torch.ones(5, 3, device=META)))
    assert found.values.dtype == torch.float32


def test_values_and_dividends_are_on_the_host_there(narrow):
    game = game_on_meta(2, weights_on="cpu")
    values = corners.dense(game, (0, 1, 2))
    assert (values.device.type, values.dtype) == ("cpu", torch.float64)
    table = _transform(torch.zeros(8, 3, device=META), degrees.spread_masks((0, 1, 2)), 3)
    assert (table.device.type, table.dtype) == ("cpu", torch.float64)
