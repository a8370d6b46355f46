"""Taylor effects of networks: players, baselines, types and what is refused."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from cases import close
from taylor_cases import F64, Square, by_definition, gentle, two_ridges, vector, worst
from torch import nn

from synergy import Game, players, taylor


def test_null_players_have_no_effects():
    f = gentle(nn.Tanh, (4, 5, 1), 23, 0.3)
    x, b = vector(0.5, 0.25, -0.5, 0.75), vector(0.0, 0.25, 0.5, 0.75)
    effects = taylor(Game.from_model(f, x[None], b[None]), 8)
    assert not effects.degrees[:, [1, 3]].any()
    alone = taylor(
        Game.from_function(
            lambda z: f(torch.stack([z[:, 0], b[1].expand(len(z)), z[:, 1], b[3].expand(len(z))], 1))[:, 0],
            [0.5, -0.5],
            [0.0, 0.5],
        ),
        8,
    )
    np.testing.assert_array_equal(effects.degrees[:, [0, 2]], alone.degrees)
    torch.testing.assert_close(effects.values, alone.values, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("degree", [None, 0, 3])
def test_where_nothing_changes_there_is_one_effect(degree):
    effects = taylor(Game.from_function(lambda z: z.exp().sum(1), [1.0, 2.0], [1.0, 2.0]), degree)
    assert effects.degrees.tolist() == [[0, 0]]
    assert effects.values.tolist() == pytest.approx([np.exp(1) + np.exp(2)], rel=1e-14)
    assert not effects.truncated


def test_several_baselines_are_the_weighted_mean_of_single_ones():
    f = gentle(nn.Softplus, (3, 4, 1), 24)
    starts = torch.randn(3, 3, generator=torch.Generator().manual_seed(25), dtype=F64)
    x, weights = vector(0.5, -0.25, 1.0)[None], [1.0, 3.0, 0.5]
    together = taylor(Game.from_model(f, x, starts, weights=weights), 6)
    single = [taylor(Game.from_model(f, x, start[None]), 6) for start in starts]
    expected = sum(w / sum(weights) * one.values for w, one in zip(weights, single, strict=True))
    torch.testing.assert_close(together.values, expected, rtol=1e-12, atol=1e-14)
    assert together.base == pytest.approx(
        sum(w * f(s[None]).item() for w, s in zip(weights, starts, strict=True)) / 4.5
    )


def test_players_of_several_entries():
    """z1 z3 + z2² z4 with players {1, 2}, {3, 4} from 0 to (1, 2, 3, 4): 3 t1 t2 + 16 t1² t2."""
    game = Game.from_function(lambda z: z[:, 0] * z[:, 2] + z[:, 1] ** 2 * z[:, 3], [1.0, 2, 3, 4], 0.0, [0, 0, 1, 1])
    effects = taylor(game)
    found = {kappa: value for kappa, value in effects.to_dict().items() if abs(value) > 1e-12}
    assert found == {(1, 1): pytest.approx(3, rel=1e-13), (2, 1): pytest.approx(16, rel=1e-13)}


def test_a_convolutional_network_on_patches(device):
    torch.manual_seed(26)
    net = nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1), nn.BatchNorm2d(3), Square(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(12, 2)
    )
    net = net.double().eval().to(device)
    x = torch.rand(1, 1, 4, 4, generator=torch.Generator().manual_seed(27), dtype=F64).to(device)
    game = Game.from_model(net, x, 0.0, target=1, players=players.grid(x.shape, 2))
    effects = taylor(game)
    expected = by_definition(game)
    assert effects.values.device.type == device.type
    close(effects.by_support().values.cpu(), expected, 1e-13, scale=max(map(abs, expected)))


class Tokens(nn.Module):
    """A transformer over embeddings, of which the mean is classified."""

    def __init__(self):
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(4, 2, 8, 0.0, "gelu", batch_first=True, norm_first=True)
        self.head = nn.Linear(4, 2)

    def forward(self, embedded):
        return self.head(self.layer(embedded).mean(1))


def test_a_transformer_on_embeddings_of_tokens():
    torch.manual_seed(28)
    net, table = Tokens().double().eval().requires_grad_(False), nn.Embedding(5, 4).double().requires_grad_(False)
    x = table(torch.tensor([[1, 3, 4]]))
    baseline = x + 0.2 * torch.randn(x.shape, generator=torch.Generator().manual_seed(29), dtype=F64)
    game = Game.from_model(net, x, baseline, target=1, players=torch.tensor([[0], [1], [2]]))
    effects = taylor(game, 10)
    expected = np.array(by_definition(game))
    assert effects.radius > 1
    assert abs(effects.by_support().values.numpy() - expected).max() < 1e-5 * abs(expected).max()
    torch.testing.assert_close(
        effects.gaps, effects.by_support().values - torch.as_tensor(expected), rtol=0, atol=1e-13
    )


def test_on_every_device(device):
    game, *ridges = two_ridges(3, 6, device)
    effects = taylor(game, 6)
    assert effects.values.device.type == device.type
    error, largest = worst(effects, *ridges)
    assert error <= 1e-13 * largest


def test_a_float32_network_is_expanded_in_float64_and_left_as_it_is():
    net = gentle(nn.Tanh, (3, 4, 1), 30, 0.3).float()
    before = {name: parameter.clone() for name, parameter in net.state_dict().items()}
    x = torch.tensor([[0.5, -0.25, 1.0]])
    effects = taylor(Game.from_model(net, x), 8)
    assert effects.values.dtype == F64
    assert {name: parameter.dtype for name, parameter in net.state_dict().items()} == dict.fromkeys(
        before, torch.float32
    )
    assert all(torch.equal(parameter, before[name]) for name, parameter in net.state_dict().items())
    twin = gentle(nn.Tanh, (3, 4, 1), 30, 0.3)
    twin.load_state_dict(before)
    torch.testing.assert_close(
        effects.values, taylor(Game.from_model(twin, x.double()), 8).values, rtol=1e-13, atol=1e-15
    )


def relu_net():
    net = nn.Sequential(nn.Linear(2, 2, bias=False), nn.ReLU(), nn.Linear(2, 1)).double().requires_grad_(False)
    net[0].weight.copy_(torch.tensor([[1.0, 1.0], [1.0, -1.0]]))
    return net


BOTH_WAYS = r"harsanyi\(\).*measure\(\).*smooth=10"


def test_a_kink_on_the_way_names_the_module_and_the_ways_out():
    """u2 = z1 − z2 changes its sign between (1, 2)-like corners; u1 does not."""
    game = Game.from_model(relu_net(), vector(3, 1)[None], vector(1, 2)[None])
    with pytest.raises(ValueError, match=rf"kink between b and x.*relu in ReLU '1', at 1 of 2 places.*{BOTH_WAYS}"):
        taylor(game, 3)


def test_a_relu_that_is_not_crossed_is_exact():
    """From (2, 1) to (3, 1.5): z1 − z2 ≥ 1/2, so the network is linear on the cube."""
    net = relu_net()
    effects = taylor(Game.from_model(net, vector(3, 1.5)[None], vector(2, 1)[None]))
    weight = net[2].weight[0]
    expected = {(1, 0): weight[0] + weight[1], (0, 1): (weight[0] - weight[1]) / 2}
    for kappa, value in expected.items():
        assert effects.degree(kappa) == pytest.approx(float(value), rel=1e-13)
    assert len(effects) == 3
    assert effects.radius == float("inf")
    assert abs(float(effects.remainder)) < 1e-14


KINKS = {
    "at-the-baseline": (lambda z: z.relu().sum(1), [1.0, -1.0], 0.0, "relu, at 2 of 2"),
    "abs": (lambda z: (z[:, 0] - z[:, 1]).abs(), [1.0, 2.0], [2.0, 1.0], "abs"),
    "max-pool": (
        lambda z: F.max_pool2d(z.view(-1, 1, 2, 2), 2).sum((1, 2, 3)),
        [0.0, 1.0, 2.0, 3.0],
        [3.0, 2.0, 1.0, 0.0],
        "max_pool2d",
    ),
    "maximum": (lambda z: torch.maximum(z[:, 0], z[:, 1]), [1.0, 2.0], [2.0, 1.0], "maximum"),
    "clamp": (lambda z: z.clamp(0, 1).sum(1), [2.0, 0.5], [0.5, 0.75], "clamp, at 1 of 2"),
    "elu": (lambda z: F.elu(z).sum(1), [1.0], [-1.0], "elu"),
    "where": (lambda z: torch.where(z[:, 0] > 0.3, z[:, 0] ** 2, z[:, 0]), [1.0], [0.0], "gt"),
    "steps": (lambda z: (4 * z[:, 0]).int() * z[:, 0], [1.0], [0.0], "_to_copy"),
    "flat-but-for-the-start": (
        lambda z: torch.where(z[:, 0] == 0, torch.zeros_like(z[:, 0]), (-1 / z[:, 0].square().clamp(min=1e-9)).exp()),
        [1.0],
        [0.0],
        "eq",
    ),
}


@pytest.mark.parametrize("name", KINKS)
def test_kinks_are_refused_by_name(name):
    f, x, b, message = KINKS[name]
    with pytest.raises(ValueError, match=rf"kink between b and x.*{message}.*{BOTH_WAYS}"):
        taylor(Game.from_function(f, x, b), 3)


REFUSED = {
    "no-rule": (lambda z: z.digamma().sum(1), [2.0], [1.0], 3, r"'digamma' has no rule.*measure\(\)"),
    "no-degree": (lambda z: z.sum(1).tanh(), [1.0, 1.0], 0.0, None, r"does not end.*taylor\(game, degree=6\)"),
    "negative": (lambda z: z.sum(1), [1.0], 0.0, -2, "at least 0, not -2"),
    "log-at-0": (lambda z: z[:, 0].log(), [1.0], 0.0, 3, "not finite.*singular at the baseline"),
    "inverse-at-0": (lambda z: 1 / z[:, 0], [1.0], 0.0, 3, "not finite.*singular at the baseline"),
    "root-at-0": (lambda z: z[:, 0].sqrt(), [1.0], 0.0, 3, "not finite.*singular at the baseline"),
    "two-columns": (lambda z: z.exp(), [1.0, 2.0], 0.0, 3, "one number per input.*2"),
    "one-number": (lambda z: z.exp().sum(), [1.0, 2.0], 0.0, 3, "one number per input"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    f, x, b, degree, message = REFUSED[name]
    with pytest.raises(ValueError, match=message):
        taylor(Game.from_function(f, x, b), degree)


def test_the_price_is_refused_before_it_is_paid():
    """C(1 + 4, 4) lines of 5 calls."""
    paid = []
    game = Game.from_function(lambda z: z.exp().sum(1), [1.0, 2.0]).watched(paid.append)
    with pytest.raises(ValueError, match=r"takes 25 model calls.*limit of 24.*limit=25"):
        taylor(game, 4, limit=24)
    assert len(taylor(game, 4, limit=25)) == 15


@pytest.mark.parametrize("beta", [0.0, -3.0, float("inf"), float("nan")])
def test_smoothing_needs_a_sharpness(beta):
    with pytest.raises(ValueError, match="sharpness"):
        taylor(Game.from_function(lambda z: z.relu().sum(1), [1.0]), 3, smooth=beta)


def test_other_games_are_refused():
    with pytest.raises(ValueError, match="torch function"):
        taylor(Game.from_values([0.0, 1.0]), smooth=3.0)
    with pytest.raises(ValueError, match="expression or a table"):
        taylor(Game.from_expression("x1", {"x1": 1}), smooth=3.0)
    with pytest.raises((TypeError, ValueError)):
        taylor(Game.from_values([0.0, 1.0]), 2)


def test_whole_numbers_have_no_series():
    net = nn.Sequential(nn.EmbeddingBag(4, 3), nn.Linear(3, 1)).requires_grad_(False)
    with pytest.raises(TypeError, match=r"series.*floating-point input.*embedding=.*only removes players"):
        taylor(Game.from_model(net, torch.tensor([[1, 2]]), torch.tensor([[0, 0]])), 2)
