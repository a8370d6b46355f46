"""Kinks at the baseline and on the way from it: refused for every number of players and wherever the weight is.

What is right follows by hand: a unit u(t) = u₀ + Σ wᵢ tᵢ leaves its side if some sum of weights takes it over.
"""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from synergy import Game, taylor

F64 = torch.float64
SIZES = (1, 2, 3, 5, 8, 10, 14, 20)


def weights(n, place, one=-0.5):
    w = torch.ones(n, dtype=F64)
    w[place] = one
    return w


def game(f, w, baseline=0.0):
    return Game.from_function(lambda z: f(z @ w), [1.0] * len(w), baseline)


AT_THE_BASELINE = {
    "relu6": lambda u: F.relu6(0.1 * u),
    "relu": lambda u: u.relu(),
    "leaky": lambda u: F.leaky_relu(u, 0.2),
    "clamp": lambda u: u.clamp(0, 100),
    "clamp-min": lambda u: u.clamp(min=0),
    "clamp-max": lambda u: u.clamp(max=0),
    "clamp-tensor": lambda u: u.clamp(min=torch.zeros(1, dtype=F64)),
    "hardtanh": lambda u: F.hardtanh(u, 0.0, 100.0),
    "hardtanh-high": lambda u: F.hardtanh(u, -100.0, 0.0),
    "where-ge": lambda u: torch.where(u >= 0, u, 3 * u),
    "where-gt": lambda u: torch.where(u > 0, u, 3 * u),
    "where-lt": lambda u: torch.where(u < 0, u, 3 * u),
    "where-0-le": lambda u: torch.where(torch.zeros_like(u) <= u, u, 3 * u),
    "steps": lambda u: (u + 3).long() * u,
    "steps-below": lambda u: (u - 3).int() * u,
    "maximum": lambda u: torch.maximum(u, 3 * u),
    "minimum": lambda u: torch.minimum(u, 0.5 * u),
    "amax": lambda u: torch.stack([u, 3 * u], 1).amax(1),
    "max": lambda u: torch.stack([2 * u, -u, u], 1).max(1).values,
    "min": lambda u: torch.stack([u, 3 * u], 1).min(1).values,
    "max-pool": lambda u: F.max_pool2d(torch.stack([u, 3 * u, 2 * u, 2 * u], 1).view(-1, 1, 2, 2), 2).flatten(),
    "max-pool-padded": lambda u: F.max_pool2d(
        torch.stack([u - 1, 3 * u - 1], 1).view(-1, 1, 1, 2), (3, 3), padding=1, stride=2
    ).sum((1, 2, 3)),
}


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("name", AT_THE_BASELINE)
def test_a_kink_right_at_the_baseline_is_refused(name, n):
    """u(0) = 0, and one weight of −½ beside n − 1 of 1."""
    for place in {0, n // 2, n - 1}:
        with pytest.raises(ValueError, match=r"kink.*baseline|kink between b and x"):
            taylor(game(AT_THE_BASELINE[name], weights(n, place)), 1)


@pytest.mark.parametrize("n", [3, 10, 20])
def test_a_unit_that_two_players_move_together_has_its_kink_all_the_same(n):
    """u = z₁ z₂ is flat at b = 0 along every single player; with x = (1, −1, …) it goes below."""
    x = [1.0, -1.0] + [1.0] * (n - 2)
    f = lambda z: (z[:, 0] * z[:, 1]).clamp(min=0) + z[:, 2:].sum(1)  # noqa: E731
    with pytest.raises(ValueError, match="kink"):
        taylor(Game.from_function(f, x), 1)


ON_THE_WAY = {
    "where": lambda u: torch.where(u >= -0.4, u, 3 * u),
    "where-reversed": lambda u: torch.where(torch.full_like(u, -0.4) > u, 3 * u, u),
    "clamp": lambda u: u.clamp(-0.4, 100),
    "hardtanh": lambda u: F.hardtanh(u, -0.4, 100.0),
    "maximum": lambda u: torch.maximum(u, torch.full_like(u, -0.4)),
    "amax": lambda u: torch.stack([u, -0.4 + 0 * u], 1).amax(1),
    "steps": lambda u: torch.where((u / 1000 + 1.0004).long() > 0.5, u, 3 * u),
    "booleans": lambda u: torch.where((u + 0.4).relu().bool(), u, 3 * u),
    "max-pool": lambda u: F.max_pool2d(torch.stack([u, -0.4 + 0 * u], 1).view(-1, 1, 1, 2), (1, 2)).flatten(),
}


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("name", ON_THE_WAY)
def test_a_kink_that_one_player_alone_reaches_is_refused(name, n):
    """Only where the player of weight −½ takes part, and nobody else, u is below −0.4."""
    for place in {0, n // 2, n - 1}:
        with pytest.raises(ValueError, match=r"kink between b and x"):
            taylor(game(ON_THE_WAY[name], weights(n, place)), 1)


@pytest.mark.parametrize("n", [1, 4, 20])
@pytest.mark.parametrize("name", ON_THE_WAY)
def test_a_unit_that_stays_on_its_side_has_its_series(name, n):
    """With a weight of −0.3 the unit stays above −0.4, so f = u."""
    w = weights(n, n - 1, -0.3)
    effects = taylor(game(ON_THE_WAY[name], w), 1)
    for i in range(n):
        assert effects.degree(tuple(int(i == j) for j in range(n))) == pytest.approx(float(w[i]), rel=1e-13)


@pytest.mark.parametrize("bound", [0.0, 1.0])
def test_a_unit_that_reaches_its_kink_only_at_x_has_its_series(bound):
    """From ½ to the bound: clamp(z, 0, 1) is z all the way, and so is relu(z)."""
    effects = taylor(Game.from_function(lambda z: z.clamp(0, 1).sum(1) + z.relu().sum(1), [bound, bound], 0.5))
    assert effects.degree((1, 0)) == pytest.approx(2 * (bound - 0.5), rel=1e-13)
    assert len(effects) == 3


def test_a_unit_on_its_kink_that_nobody_moves_is_none():
    net = nn.Sequential(nn.Linear(3, 2, bias=False), nn.ReLU6(), nn.Linear(2, 1)).double().requires_grad_(False)
    net[0].weight.copy_(torch.tensor([[0.0, 0.0, 0.0], [1.0, 2.0, 0.5]]))
    x, b = torch.full((1, 3), 1.0, dtype=F64), torch.full((1, 3), 0.5, dtype=F64)
    effects = taylor(Game.from_model(net, x, b))
    slope = float(net[2].weight[0, 1])
    assert [effects.degree(k) for k in ((1, 0, 0), (0, 1, 0), (0, 0, 1))] == pytest.approx(
        [slope * 0.5, slope, slope * 0.25], rel=1e-12
    )


def test_the_module_of_a_kink_at_the_baseline_is_named():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(12, 4, bias=False), nn.ReLU6(), nn.Linear(4, 1)).double()
    with pytest.raises(ValueError, match=r"kink.*ReLU6 '1'"):
        taylor(Game.from_model(net, torch.ones(1, 12, dtype=F64)), 1)


@pytest.mark.parametrize("n", [3, 12])
def test_ties_that_move_together_are_no_kink(n):
    """Two copies of one value stay equal, whichever is chosen."""
    w = weights(n, 0)
    effects = taylor(game(lambda u: torch.stack([u, u], 1).amax(1), w), 1)
    assert effects.degree((1,) + (0,) * (n - 1)) == pytest.approx(-0.5, rel=1e-13)


# --- nothing of the caller's is written to -------------------------------------------------------------------------


class Writes(nn.Module):
    """(x₁ − 1)² + (x₂ − 1)² by a step in place on the input, with traces of itself left in attributes and buffers."""

    def __init__(self):
        super().__init__()
        self.register_buffer("last", torch.zeros(2, dtype=F64))
        self.seen = None

    def forward(self, x):
        x.sub_(1)
        self.seen = x
        self.last = x[0]
        return (x * x).sum(1)


@pytest.mark.parametrize("smooth", [None, 5.0])
@pytest.mark.parametrize("dtype", [F64, torch.float32], ids=str)
def test_a_model_that_writes_into_its_input_and_itself(dtype, smooth):
    """At x = (3, 2) and b = 0: (1 + 4 − 2) − … = 2 + (t₁ − …): effects 2, −6 t₁, 9 t₁², −4 t₂, 4 t₂²."""
    model = Writes().to(dtype)
    x, b = torch.tensor([[3.0, 2.0]], dtype=dtype), torch.zeros(1, 2, dtype=dtype)
    effects = taylor(Game.from_model(model, x, b), 2, smooth=smooth)
    found = [effects.degree(k) for k in ((0, 0), (1, 0), (2, 0), (0, 1), (0, 2), (1, 1))]
    assert found == pytest.approx([2, -6, 9, -4, 4, 0], abs=1e-12)
    assert x.tolist() == [[3.0, 2.0]]
    assert not b.any()
    assert model.seen is None
    assert model.last.tolist() == [0, 0]
    assert model.last.dtype == dtype
    model.double()


@pytest.mark.parametrize("first", [nn.ReLU(inplace=True), nn.Hardtanh(0.0, 9.0, inplace=True), nn.LeakyReLU(0.1, True)])
@pytest.mark.parametrize("smooth", [None, 3.0])
def test_a_first_layer_in_place_leaves_x_and_b(first, smooth):
    """All numbers stay above the kink: the layer is the identity, w · x the rest."""
    net = nn.Sequential(first, nn.Linear(3, 1)).double()
    x, b = torch.tensor([[3.0, 2.0, 4.0]], dtype=F64), torch.tensor([[1.0, 1.5, 0.5]], dtype=F64)
    before = x.clone(), b.clone()
    game = Game.from_model(net, x, b)
    effects = taylor(game, 2, smooth=smooth)
    assert torch.equal(x, before[0])
    assert torch.equal(b, before[1])
    if smooth is None:
        expected = net[1].weight[0].detach() * (x - b)[0]
        found = [effects.degree(k) for k in ((1, 0, 0), (0, 1, 0), (0, 0, 1))]
        assert found == pytest.approx(expected.tolist(), rel=1e-12)
    else:
        assert abs(effects.gaps).max() < 1
    assert game([[1, 1, 1], [0, 0, 0]]).tolist() == pytest.approx([net(x.clone()).item(), net(b.clone()).item()])
