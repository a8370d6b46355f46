"""The path integral: exact between kinks, and a quadrature with an honest error elsewhere.

The twin walks from kink to kink with plain torch in float64: from the values of all units and their derivatives along
the path it finds the next kink, takes the gradient halfway, and goes on.
"""

import copy
import math

import pytest
import scipy.integrate
import torch
from cases import BY_ID, NETWORKS, close, draw, label, mlp
from torch import nn

from synergy import Game, measure, method, players
from synergy.algorithms.path import piecewise
from synergy.examples import digits

STEP = 1e-10  # past a kink, to see what comes after it


def margins(model, x):
    """What is zero at a kink: every unit's distance from its kinks, every entry's from the winner of its window."""
    found = [(0 * x).flatten()]

    def distance(module, inputs):
        u = inputs[0]
        if isinstance(module, nn.MaxPool2d):
            window = nn.functional.unfold(u, module.kernel_size, stride=module.stride)
            window = window.reshape(u.shape[1], -1, window.shape[-1])
            found.append((window.max(1, keepdim=True).values - window).flatten())
        elif isinstance(module, nn.Hardtanh):
            found.extend([(u - module.min_val).flatten(), (u - module.max_val).flatten()])
        elif isinstance(module, (nn.ReLU, nn.LeakyReLU)):
            found.append(u.flatten())

    hooks = [module.register_forward_pre_hook(distance) for module in model.modules()]
    try:
        model(x)
    finally:
        for hook in hooks:
            hook.remove()
    return torch.cat(found)


def walked(model, target, start, end):
    """∫ ∂f ds · (end − start) in float64, kink by kink. Shape of one input with its batch axis, in and out."""
    model, start, end = copy.deepcopy(model).double(), start.double(), end.double()
    total, s = torch.zeros_like(start), 0.0
    while s < 1:
        point = (start + (s + STEP) * (end - start)).requires_grad_()
        m = margins(model, point)
        rows = torch.zeros_like(m).requires_grad_()
        (pulled,) = torch.autograd.grad(m, point, rows, create_graph=True)
        (speed,) = torch.autograd.grad((pulled * (end - start)).sum(), rows)  # linear in rows: the derivative of m
        away = -m / speed
        away = away[torch.isfinite(away) & (away > 0)]
        after = min([1.0, *(s + STEP + away).tolist()])
        place = (start + (s + after) / 2 * (end - start)).requires_grad_()
        output = model(place)
        (slope,) = torch.autograd.grad(output.reshape(-1)[0 if target is None else target], place)
        total, s = total + (after - s) * slope, after
    return total * (end - start)


def expected(model, target, x, baselines, weights, owners, e):
    """The twin's value of every player at the end point e, averaged over the baselines."""
    n = int(owners.max()) + 1
    total = torch.zeros(n, dtype=torch.float64)
    for b, w in zip(baselines, weights, strict=True):
        end = b.double() + e[owners] * (x.double() - b.double())
        entries = walked(model, target, b[None].double(), end[None])[0]
        total = total.index_add(0, owners.flatten(), entries.flatten() * w)
    return total


class Ladder(nn.Module):
    """Sums and a concatenation of places whose breakpoints differ, with kinks after them."""

    def __init__(self):
        super().__init__()
        self.one, self.two, self.three = nn.Linear(5, 6), nn.Linear(6, 6), nn.Linear(12, 4)
        self.relu1, self.relu2, self.clip, self.leaky = nn.ReLU(), nn.ReLU(), nn.Hardtanh(-0.4, 0.7), nn.LeakyReLU(0.3)
        self.last = nn.Linear(4, 2)

    def forward(self, x):
        h = self.relu1(self.one(x))
        deep = self.relu2(self.two(h))
        joined = torch.cat([self.clip(deep - h), h + 2.0 * deep], 1)
        return self.last(self.leaky(self.three(joined)))


class Skip(nn.Module):
    """A sum after the last kink, of places with kinks before it and without."""

    def __init__(self):
        super().__init__()
        self.one, self.two, self.last = nn.Linear(5, 6), nn.Linear(6, 6), nn.Linear(6, 2)
        self.relu1, self.relu2 = nn.ReLU(), nn.ReLU()

    def forward(self, x):
        h = self.relu1(self.one(x))
        return self.last(h - self.relu2(self.two(h)))


def seeded(build, seed=0, scale=2.0):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = build().double().eval()
        for parameter in model.parameters():
            parameter.data *= scale
    return model


def cnn(pool, last):
    return nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1), nn.ReLU(), pool, nn.Conv2d(3, 4, 2), last, nn.AvgPool2d(2), nn.Flatten(),
        nn.Linear(4, 3),
    )  # fmt: skip


def head(entries):
    return nn.Flatten(), nn.Linear(entries, 3)


CASES = {
    "relu": (lambda: mlp(nn.ReLU, (5, 8, 7, 3), seed=3), (5,)),
    "deep": (lambda: mlp(nn.ReLU, (5, 7, 6, 6, 5, 3), seed=4), (5,)),
    "leaky": (lambda: mlp(lambda: nn.LeakyReLU(0.2), (5, 8, 7, 3), seed=5), (5,)),
    "relu6": (lambda: seeded(lambda: mlp(nn.ReLU6, (5, 8, 7, 3), seed=6), scale=2.5), (5,)),
    "hardtanh": (lambda: mlp(lambda: nn.Hardtanh(-0.3, 0.8), (5, 8, 7, 3), seed=7), (5,)),
    "hardtanh-open-above": (lambda: mlp(lambda: nn.Hardtanh(0.0, math.inf), (5, 8, 7, 3), seed=7), (5,)),
    "hardtanh-open-below": (lambda: mlp(lambda: nn.Hardtanh(-math.inf, 0.1), (5, 8, 7, 3), seed=7), (5,)),
    "hardtanh-open": (lambda: mlp(lambda: nn.Hardtanh(-math.inf, math.inf), (5, 8, 3), seed=7), (5,)),
    "hardtanh-far": (lambda: mlp(lambda: nn.Hardtanh(-1e16, 1e17), (5, 8, 7, 3), seed=7), (5,)),
    "hardtanh-farthest": (lambda: mlp(lambda: nn.Hardtanh(0.0, 1.7e308), (5, 8, 7, 3), seed=7), (5,)),
    "hardtanh-narrow": (lambda: mlp(lambda: nn.Hardtanh(0.0, 1e-17), (5, 8, 7, 3), seed=7), (5,)),
    "falling-leaky": (lambda: mlp(lambda: nn.LeakyReLU(-0.5), (5, 8, 7, 3), seed=5), (5,)),
    "linear": (lambda: mlp(nn.Identity, (5, 4, 3), seed=7), (5,)),
    "sums": (lambda: seeded(Ladder, 8), (5,)),
    "skip": (lambda: seeded(Skip, 8), (5,)),
    "falling-before-max": (
        lambda: seeded(lambda: nn.Sequential(nn.Conv2d(1, 2, 3), nn.LeakyReLU(-0.5), nn.MaxPool2d(2), *head(8)), 14),
        (1, 6, 6),
    ),
    "max": (lambda: seeded(lambda: cnn(nn.MaxPool2d(2), nn.ReLU()), 9), (1, 6, 6)),
    "overlapping-max": (lambda: seeded(lambda: cnn(nn.MaxPool2d(3, 1), nn.LeakyReLU(0.1)), 10), (1, 5, 5)),
    "channels-last": (
        lambda: seeded(lambda: cnn(nn.MaxPool2d(2), nn.ReLU()), 13).to(memory_format=torch.channels_last),
        (1, 6, 6),
    ),
    "max-before-all": (
        lambda: seeded(lambda: nn.Sequential(nn.MaxPool2d(3), nn.Flatten(), mlp(nn.ReLU, (4, 6, 3), seed=11)), 11),
        (1, 6, 6),
    ),
    "max-last": (
        lambda: seeded(lambda: nn.Sequential(nn.Conv2d(1, 4, 3), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(16, 3)), 12),
        (1, 6, 6),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ["integrated_gradients", "expected_gradients"])
@pytest.mark.parametrize("case", CASES)
def test_the_sum_over_the_pieces_is_that_of_the_twin(case, name):
    """Groups of players, three baselines with weights, corners and points inside the cube, all at once."""
    build, shape = CASES[case]
    model, x, baselines = build(), draw(*shape, seed=31) * 2, draw(3, *shape, seed=32)
    owners = torch.arange(x.numel()).reshape(shape) % 4
    weights = torch.tensor([0.5, 0.2, 0.3], dtype=torch.float64)
    game = Game.from_model(model, x[None], baselines, target=1, players=owners, weights=weights)
    ends = torch.tensor(
        [[1, 1, 1, 1], [0, 1, 0, 1], [0, 0, 0, 0], [0.3, 0.9, 0.1, 0.5], [1, 0, 0.25, 0]], dtype=torch.float64
    )
    found = method(name).integrate(game, ends)
    for row, e in zip(found.values, ends, strict=True):
        close(row, expected(model, 1, x, baselines, weights, owners, e), 1e-10)
    assert found.rule.startswith("exact, ")
    assert (abs(found.values.sum(1) - (game(ends) - game(ends * 0))) < 1e-12).all()
    assert (found.errors < 1e-12).all()
    close(method(name).attribute(game), found.values[0], 1e-13)


@pytest.mark.parametrize("case", [case for case in NETWORKS if not case.smooth], ids=label)
def test_cases_with_kinks(case):
    weights = [weight / sum(case.weights) for weight in case.weights]
    ones = torch.ones(case.n).double()
    given = method("integrated_gradients").integrate(case.game())
    close(given.values, expected(case.model, case.target, case.x, case.baselines, weights, case.players, ones), 1e-10)
    assert given.rule.startswith("exact, ")


def test_captum_multilayer_by_hand():
    found = method("integrated_gradients").integrate(BY_ID["captum-multilayer"].game())
    close(found.values, [78.0, 195.0, 117.0], 1e-14)


def linear(weight, bias):
    layer = nn.Linear(len(weight[0]), len(weight), dtype=torch.float64)
    layer.weight.data, layer.bias.data = torch.tensor(weight).double(), torch.tensor(bias).double()
    return layer


@pytest.mark.parametrize(
    "ramp", [nn.ReLU(), *(nn.Hardtanh(0.0, high) for high in (2.0, 1e16, 1e300, math.inf)), nn.LeakyReLU(0.0)], ids=str
)
def test_a_ramp_by_hand(ramp):
    """relu(x1 + x2 − 1): at (1, 1) it rises from s = 1/2, at (1, 3/4) from 4/7."""
    model = nn.Sequential(linear([[1, 1]], [-1]), ramp).eval()
    game = Game.from_model(model, torch.ones(1, 2).double(), 0.0)
    values = method("integrated_gradients").attribute(game, torch.tensor([[1, 1], [1, 0.75], [1, 0]]).double())
    close(values, [[1 / 2, 1 / 2], [3 / 7, 3 / 4 * 3 / 7], [0, 0]], 1e-15)


def test_an_activation_used_twice_is_two_steps():
    """relu(2 relu(x − 1/2) − 1/2) at 1: it rises by 2 from 3/4."""
    relu = nn.ReLU()
    model = nn.Sequential(linear([[1]], [-0.5]), relu, linear([[2]], [-0.5]), relu).eval()
    found = method("integrated_gradients").integrate(Game.from_model(model, torch.ones(1, 1).double(), 0.0))
    close(found.values, [0.5], 1e-15)
    assert found.rule.startswith("exact, ")


def largest(k):
    return nn.Sequential(nn.Unflatten(1, (1, k)), nn.MaxPool1d(k), nn.Flatten()).eval()


@pytest.mark.parametrize(
    ("x", "b", "by_hand"),
    [
        ([1.0, 2.0], [0.0, 0.0], [0, 2]),
        ([0.0, 1.0], [1.0, 0.0], [-1 / 2, 1 / 2]),
        ([0.0, 1.0, 4 / 5], [1.0, 0.0, 4 / 5], [-1 / 5, 1 / 5, 0]),  # 1 − s, s and 4/5: the third wins between
        ([0.0, 3.0, 2.0, 2.5], [0.0, 0.0, 1.0, -1.0], [0, 3 / 2, 1 / 2, 0]),  # 1 + s until 3 s; −1 + 3.5 s never
        ([1.0, 1.0], [0.0, 0.0], [1, 0]),  # a tie all the way: torch gives it to the first
    ],
)
def test_the_largest_by_hand(x, b, by_hand):
    game = Game.from_model(
        largest(len(x)), torch.tensor([x], dtype=torch.float64), torch.tensor([b], dtype=torch.float64)
    )
    found = method("integrated_gradients").integrate(game)
    close(found.values, by_hand, 1e-15)


def test_a_unit_that_is_zero_all_along_has_the_slope_of_torch():
    """relu(u) and leaky(u) with u = x1 − x2 at (1, 1): slopes 0 and 0.2, also before a layer with kinks."""
    for act, slope in ((nn.ReLU(), 0.0), (nn.LeakyReLU(0.2), 0.2)):
        last = nn.Sequential(linear([[1, -1]], [0]), act).eval()
        inside = nn.Sequential(linear([[1, -1], [1, 1]], [0, 0]), act, linear([[1, 1]], [-1]), nn.ReLU()).eval()
        for model, values in ((last, [slope, -slope]), (inside, [(1 + slope) / 2, (1 - slope) / 2])):
            game = Game.from_model(model, torch.ones(1, 2).double(), 0.0)
            close(method("integrated_gradients").attribute(game), values, 1e-15)


def test_kinks_at_one_place_are_one_breakpoint():
    """Six copies of relu(x − 1/2), doubled: two pieces, and 2·6·(1/2)."""
    model = nn.Sequential(linear([[1]] * 6, [-0.5] * 6), nn.ReLU(), linear([[2] * 6], [0]), nn.ReLU()).eval()
    found = method("integrated_gradients").integrate(Game.from_model(model, torch.ones(1, 1).double(), 0.0))
    close(found.values, [6.0], 1e-15)
    assert found.rule == "exact, 2 pieces"


def test_pieces_are_the_same_in_any_batches(monkeypatch):
    build, shape = CASES["max"]
    game = Game.from_model(build(), draw(1, *shape), 0.0, target=0, players=players.grid((1, *shape), 2))
    ends = torch.rand(40, 4, generator=torch.Generator().manual_seed(1)).double()
    whole = method("integrated_gradients").integrate(game, ends)
    monkeypatch.setattr(piecewise, "BATCH", 6000)
    parts = method("integrated_gradients").integrate(game, ends)
    close(parts.values, whole.values, 1e-14)
    assert parts.rule.startswith("exact, ")


@pytest.mark.parametrize("activation", [nn.ReLU, nn.Softplus, nn.Mish])
def test_end_points_may_come_in_float32(activation):
    game = Game.from_model(mlp(activation, (3, 4, 4, 2), seed=2), draw(1, 3), 0.0, target=1)
    ends = torch.tensor([[1, 0.5, 0.25], [0, 1, 1]], dtype=torch.float64)
    wide, narrow = (method("integrated_gradients").attribute(game, rows) for rows in (ends, ends.float()))
    assert narrow.dtype == torch.float64
    close(narrow, wide, 1e-14)


def test_a_float32_model_is_integrated_in_float64():
    model, x = mlp(nn.ReLU, (6, 9, 8, 2), dtype=torch.float32, seed=2), draw(6, dtype=torch.float32)
    game = Game.from_model(model, x[None], 0.0, target=0)
    found = method("integrated_gradients").integrate(game)
    close(found.values, walked(model, 0, x[None] * 0, x[None])[0], 1e-10)
    assert found.errors.max() < 1e-12


def test_the_digits_network():
    """Float32 weights; the twin walks through its 1,830 kinks."""
    x, digit = digits.choose("7")
    game = Game.from_model(digits.model(), x, 0.0, target=digit)
    found = method("integrated_gradients").integrate(game)
    close(found.values.reshape(x.shape), walked(digits.model(), digit, x * 0, x), 1e-10)
    assert abs(found.values.sum() - (game([[1] * 64]) - game([[0] * 64]))).item() < 1e-5
    assert found.errors.max() < 1e-12


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_criteria_hold_to_rounding_on_the_digits_network(dtype):
    x, digit = digits.choose("7")
    regions = players.grid(x.shape, (2, 4))
    game = Game.from_model(digits.model().to(dtype), x.to(dtype), 0.0, target=digit, players=regions)
    criteria = measure("integrated_gradients", game).criteria()
    assert set(criteria.verdicts.values()) == {"pass"}
    assert criteria.residual < (1e-4 if dtype == torch.float32 else 1e-12)
    assert criteria.leakage < (1e-4 if dtype == torch.float32 else 1e-12)


def test_too_many_pieces_are_left_to_quadrature_before_they_are_listed(monkeypatch):
    case = CASES["deep"]
    game = Game.from_model(case[0](), draw(1, 5) * 2, 0.0, target=0)
    exact = method("integrated_gradients").integrate(game)
    monkeypatch.setattr(piecewise, "LIMIT", 20)
    paid = [0]

    def count(calls):
        paid[0] += calls

    found = method("integrated_gradients").integrate(game.watched(count))
    assert found.rule == "adaptive, 195 nodes"
    assert 195 < paid[0] <= method("integrated_gradients").price(game)
    off = abs(found.values - exact.values)
    assert off.max() > 1e-12
    assert off.norm() <= found.errors.norm()


@pytest.mark.parametrize(("at", "factor"), [(0, 2.0), (2, 1e-5)], ids=["inside", "on-the-output"])
def test_a_network_with_a_hook_is_the_network_with_what_the_hook_does(at, factor):
    model, x = mlp(nn.ReLU, (3, 4, 2), seed=2), draw(1, 3)
    scaled = mlp(nn.ReLU, (3, 4, 2), seed=2)
    for weights in scaled[at].parameters():
        weights.data *= factor
    model[at].register_forward_hook(lambda module, inputs, output: output * factor)
    found = method("integrated_gradients").integrate(Game.from_model(model, x, 0.0, target=1))
    assert found.rule.startswith("exact, ")
    close(found.values, walked(scaled, 1, x * 0, x)[0], 1e-12)


@pytest.mark.parametrize(
    "change",
    [lambda model: model.append(nn.Softplus()), lambda model: model.append(nn.Softmax(1))],
    ids=["curved", "without-a-rule"],
)
def test_what_is_no_piecewise_linear_network_is_not_taken_for_one(change):
    model, x = mlp(nn.ReLU, (3, 4, 2), seed=2), draw(1, 3)
    change(model)
    found = method("integrated_gradients").integrate(Game.from_model(model, x, 0.0, target=1))
    assert "exact" not in found.rule

    def at(s):
        place = (s * x).requires_grad_()
        return (torch.autograd.grad(model(place)[0, 1], place)[0] * x)[0].numpy()

    reference, _ = scipy.integrate.quad_vec(at, 0, 1, epsabs=1e-11, epsrel=1e-11, limit=2000)
    off = abs(found.values - torch.tensor(reference))
    assert off.norm() <= found.errors.norm() + 1e-10
    assert off.max() < 1e-3 * abs(torch.tensor(reference)).max() + 1e-3


def test_a_model_that_breaks_down_when_it_is_traced_is_integrated_as_a_function():
    class Reads(nn.Module):
        def forward(self, x):
            return {torch.Tensor: x.exp().sum(1)}[type(x)]

    found = method("integrated_gradients").integrate(Game.from_model(Reads(), torch.ones(1, 2).double(), 0.0))
    close(found.values, [math.e - 1] * 2, 1e-14)
    assert found.rule == "Gauss–Legendre, 16 nodes"


@pytest.mark.parametrize("output", ["probability", "log_odds"])
def test_probabilities_of_a_network_with_kinks_are_curved(output):
    game = Game.from_model(mlp(nn.ReLU, (3, 4, 2), seed=2), draw(1, 3), 0.0, target=1, output=output)
    assert "exact" not in method("integrated_gradients").integrate(game).rule
