"""Grad-CAM: location by location, spread over players, and as a policy over the head."""

import math

import mpmath
import pytest
import torch
from cases import close, draw, mlp
from layer_cases import DOUBLE, block, residual, sequence
from torch import nn
from twins import coalitions

from decompositions import players
from synergy import Game, allocate, harsanyi, method, taylor
from synergy.policies.policy import Policy

EXACT = 1e-12


def pooled_network(classes=2):
    """Two convolutions, global average pooling and a linear head; the map is 3 × 2."""
    return sequence(
        nn.Conv2d(2, 3, 2),
        nn.ReLU(),
        nn.Conv2d(3, 4, 2, stride=2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4, classes),
        seed=11,
    )


def unpooled_network():
    return sequence(
        nn.Conv2d(2, 3, 2), nn.ReLU(), nn.Conv2d(3, 4, 2, stride=2), nn.Softplus(), nn.Flatten(), nn.Linear(24, 2),
        seed=12,
    )  # fmt: skip


INPUT = draw(1, 2, 7, 5, seed=13)


def naive_convolution(layer, u):
    """Shape ``(channels, rows, columns)`` as nested lists in and out, one product at a time."""
    (high, wide), (down, across) = layer.kernel_size, layer.stride
    rows, columns = (len(u[0]) - high) // down + 1, (len(u[0][0]) - wide) // across + 1
    result = [[[0.0] * columns for _ in range(rows)] for _ in range(layer.out_channels)]
    for k in range(layer.out_channels):
        for r in range(rows):
            for c in range(columns):
                total = layer.bias[k].item()
                for channel in range(layer.in_channels):
                    for i in range(high):
                        for j in range(wide):
                            weight = layer.weight[k, channel, i, j].item()
                            total += weight * u[channel][r * down + i][c * across + j]
                result[k][r][c] = total
    return result


def naive_map(model, x):
    hidden = naive_convolution(model[0], x[0].tolist())
    hidden = [[[max(v, 0.0) for v in row] for row in channel] for channel in hidden]
    return naive_convolution(model[2], hidden)


def naive_shares(model, x, target, h=1e-6):
    """α_k from difference quotients of the head at every single place of the map; a_p = Σ_k α_k A_kp."""
    maps = naive_map(model, x)
    channels, rows, columns = len(maps), len(maps[0]), len(maps[0][0])

    def head(values):
        return model[3:](torch.tensor([values], dtype=DOUBLE))[0, target].item()

    shares = [[0.0] * columns for _ in range(rows)]
    for k in range(channels):
        slopes = []
        for r in range(rows):
            for c in range(columns):
                value = maps[k][r][c]
                maps[k][r][c] = value + h
                up = head(maps)
                maps[k][r][c] = value - h
                slopes.append((up - head(maps)) / (2 * h))
                maps[k][r][c] = value
        alpha = sum(slopes) / len(slopes)
        for r in range(rows):
            for c in range(columns):
                shares[r][c] += alpha * maps[k][r][c]
    return shares


def naive_spread(shares, shape):
    """Every location's share in equal parts over the entries of its cell, pixel by pixel."""
    channels, height, width = shape
    rows, columns = len(shares), len(shares[0])
    cell = {(i, j): (i * rows // height, j * columns // width) for i in range(height) for j in range(width)}
    entries = torch.zeros(shape, dtype=DOUBLE)
    for place, location in cell.items():
        members = channels * sum(other == location for other in cell.values())
        for channel in range(channels):
            entries[channel, place[0], place[1]] = shares[location[0]][location[1]] / members
    return entries


@pytest.mark.parametrize("build", [pooled_network, unpooled_network])
@pytest.mark.parametrize("target", [0, 1])
def test_grad_cam_location_by_location(build, target):
    model = build()
    expected = naive_spread(naive_shares(model, INPUT, target), INPUT.shape[1:])
    given = method("grad_cam").attribute(Game.from_model(model, INPUT, target=target))
    close(given, expected.flatten(), 1e-8)


def shares_of(model, x=INPUT, target=0, **settings):
    """The location shares of a map as large as can be read off: summed over the map's own cells."""
    maps = model[:3](x)
    grid = players.grid(x.shape, tuple(maps.shape[-2:]))
    return method("grad_cam", **settings).attribute(Game.from_model(model, x, target=target, players=grid))


PLAYERS = {
    "entries": None,
    "one": torch.zeros(1, 2, 7, 5, dtype=torch.long),
    "columns": players.grid(INPUT.shape, (1, 5)),
    "uneven": players.grid(INPUT.shape, (4, 3)),
    "finer-than-the-map": players.grid(INPUT.shape, (7, 5)),
    "coarser-than-the-map": players.grid(INPUT.shape, (2, 1)),
    "channels": torch.tensor([0, 1]).reshape(1, 2, 1, 1).expand(1, 2, 7, 5),
    "scattered": torch.arange(70).reshape(1, 2, 7, 5) % 3,
}


@pytest.mark.parametrize("kind", PLAYERS)
def test_the_sum_of_the_shares_is_kept_whoever_the_players_are(kind):
    model = unpooled_network()
    shares = naive_shares(model, INPUT, 1)
    entries = naive_spread(shares, INPUT.shape[1:])
    given = method("grad_cam").attribute(Game.from_model(model, INPUT, target=1, players=PLAYERS[kind]))
    close(given.sum(), sum(map(sum, shares)), 1e-8)
    owners = players.features(INPUT) if PLAYERS[kind] is None else PLAYERS[kind].expand(INPUT.shape)
    expected = [entries[owners[0] == i].sum().item() for i in range(len(given))]
    close(given, expected, 1e-8)


@pytest.mark.parametrize("padding", [1, 3])
def test_a_map_larger_than_the_picture_keeps_the_sum_or_is_refused(padding):
    model = sequence(nn.Conv2d(1, 2, 2, padding=padding), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 1))
    x = draw(1, 1, 4, 4)
    game = Game.from_model(model, x)
    head = model(x) - model[1:](torch.zeros(1, 2, 3 + 2 * padding, 3 + 2 * padding, dtype=DOUBLE))
    try:
        given = method("grad_cam").attribute(game)
    except ValueError as error:
        assert "map" in str(error)  # noqa: PT017
        return
    close(given.sum(), head.item(), EXACT)


def test_relu_sets_negative_shares_of_locations_to_zero():
    model = pooled_network()
    plain, cut = shares_of(model, target=1), shares_of(model, target=1, relu=True)
    assert plain.min() < 0 < plain.max()
    close(cut, plain.clamp(min=0), EXACT)


def test_the_baseline_plays_no_part():
    model = unpooled_network()
    games = [Game.from_model(model, INPUT, b, target=0) for b in (0.0, draw(1, 2, 7, 5), draw(3, 2, 7, 5))]
    first, *others = [method("grad_cam").attribute(game) for game in games]
    for other in others:
        close(other, first, 1e-14)


# Layers.


def named_network():
    model = nn.Sequential()
    model.add_module("stem", sequence(nn.Conv2d(1, 3, 2), nn.BatchNorm2d(3), nn.ReLU(), seed=14))
    model.add_module("body", sequence(nn.Conv2d(3, 4, 2), nn.ReLU(), seed=15))
    model.add_module("head", sequence(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2), seed=16))
    return model.eval()


def _cam(front, back, x, target):
    """Σ_k mean(∂y/∂A_k) A_k, by autograd on the two halves of a model."""
    maps = front(x).detach().requires_grad_()
    back(maps)[0, target].backward()
    return (maps.grad.mean((2, 3), keepdim=True) * maps).sum(1).detach()[0]


@pytest.mark.parametrize(
    ("layer", "cut"),
    [(None, 4), ("body.0", 4), ("body.1", 5), ("stem.0", 1), ("stem.1", 2), ("stem.2", 3)],
)
def test_any_layer_with_spatial_axes_gives_the_map(layer, cut):
    """Each module's own output, also where a normalisation follows; the last convolution by default."""
    model = named_network()
    flat = [module for part in model for module in part]
    x = draw(1, 1, 6, 6, seed=17)
    cam = _cam(nn.Sequential(*flat[:cut]), nn.Sequential(*flat[cut:]), x, 1)
    grid = players.grid(x.shape, tuple(cam.shape))
    given = method("grad_cam", layer=layer).attribute(Game.from_model(model, x, target=1, players=grid))
    close(given, cam.flatten(), EXACT)


def test_a_layer_before_a_normalisation_by_hand():
    """A = x; y = mean of ½ A + 3 over four places: α = ½, and after the normalisation A = ½ x + 3 with α = 1."""
    model = nn.Sequential(nn.Conv2d(1, 1, 1, bias=False), nn.BatchNorm2d(1, eps=0.0), nn.AdaptiveAvgPool2d(1))
    model = model.double().eval()
    model[0].weight.data.fill_(1)
    model[1].running_var.fill_(4)
    model[1].bias.data.fill_(3)
    x = torch.tensor([[[[1.0, 2], [-3, 4]]]], dtype=DOUBLE)
    game = Game.from_model(nn.Sequential(*model, nn.Flatten()), x)
    before = method("grad_cam", layer="0").attribute(game)
    close(before, [1 / 8, 1 / 4, -3 / 8, 1 / 2], 1e-15)
    for layer in ("1", None):
        close(method("grad_cam", layer=layer).attribute(game), [7 / 8, 1, 3 / 8, 5 / 4], 1e-15)
    assert method("grad_cam", layer="0").game(game)([[0.0] * 4]).tolist() == [3.0]


@pytest.mark.parametrize("layer", ["conv1", "norm1", "act1", "conv2", "norm2"])
def test_a_layer_of_a_network_with_a_path_around_it_by_its_name(layer):
    model, x, kept = residual(), draw(1, 2, 6, 6, seed=18), {}
    model.get_submodule(layer).register_forward_hook(lambda module, inputs, output: kept.update(maps=output))
    output = model(x)
    (slopes,) = torch.autograd.grad(output[0, 2], kept["maps"])
    cam = (slopes.mean((2, 3), keepdim=True) * kept["maps"]).sum(1)
    game = Game.from_model(residual(), x, target=2, players=players.grid(x.shape, 6))
    close(method("grad_cam", layer=layer).attribute(game), cam.flatten().detach(), EXACT)


def test_an_unknown_layer_is_refused_with_the_ones_there_are():
    game = Game.from_model(named_network(), draw(1, 1, 6, 6), target=0)
    with pytest.raises((ValueError, LookupError), match=r"no layer 'body\.7'.*'body\.0'"):
        method("grad_cam", layer="body.7").attribute(game)
    with pytest.raises((ValueError, LookupError), match=r"no layer 'body\.7'.*'body\.0'"):
        method("grad_cam", layer="body.7").game(game)


def test_of_many_layers_the_nearest_names_are_told():
    """Of a network of twenty convolutions, the name that differs in one letter."""
    model = nn.Sequential()
    for k in range(20):
        model.add_module(f"conv_{k:02d}", nn.Conv2d(1, 1, 1, dtype=DOUBLE))
    model.add_module("flatten", nn.Flatten())
    game = Game.from_model(model.eval(), draw(1, 1, 2, 2), target=0)
    with pytest.raises((ValueError, LookupError), match="'conv_03'"):
        method("grad_cam", layer="conv_O3").attribute(game)


def test_a_network_without_convolution_is_refused():
    with pytest.raises(ValueError, match="spatial axes"):
        method("grad_cam").attribute(Game.from_model(mlp(nn.ReLU, (3, 2, 1)), draw(1, 3)))


def test_a_convolution_over_one_axis_is_no_map():
    model = sequence(nn.Conv1d(1, 2, 2), nn.Flatten(), nn.Linear(6, 1))
    with pytest.raises(ValueError, match="spatial axes"):
        method("grad_cam").attribute(Game.from_model(model, draw(1, 1, 4)))


@pytest.mark.parametrize("ask", ["attribute", "game"])
@pytest.mark.parametrize("layer", ["head.1", "head.2"])
def test_a_layer_without_spatial_axes_is_refused_by_name(layer, ask):
    game = Game.from_model(named_network(), draw(1, 1, 6, 6), target=0)
    with pytest.raises(ValueError, match=rf"'{layer}'.*(axes|map|spatial)"):
        getattr(method("grad_cam", layer=layer), ask)(game)


def test_a_path_around_the_layer_leaves_no_game_of_its_map():
    model, x = residual(), draw(1, 2, 6, 6)
    game = Game.from_model(model, x, target=0)
    with pytest.raises(ValueError, match=r"around 'conv2\+norm2'"):
        method("grad_cam").game(game)
    head = method("grad_cam", layer="act2").game(game)
    assert head.n == 36
    assert torch.isfinite(method("grad_cam").attribute(game)).all()


def test_a_map_of_a_network_with_a_path_around_it():
    """y = out(act(A + h)): the other path is kept as it is, and ∂y/∂A is taken with it."""
    model, x = residual(), draw(1, 2, 6, 6, seed=18)
    kept = {}
    model.norm2.register_forward_hook(lambda module, inputs, output: kept.update(maps=output))
    model.zero_grad()
    output = model(x)
    (slopes,) = torch.autograd.grad(output[0, 2], kept["maps"])
    cam = (slopes.mean((2, 3), keepdim=True) * kept["maps"]).sum(1)
    grid = players.grid(x.shape, 6)
    given = method("grad_cam").attribute(Game.from_model(model, x, target=2, players=grid))
    close(given, cam.flatten().detach(), EXACT)


# The head.


def test_the_head_is_a_game_of_its_locations():
    """v(S) is the head with the map kept on S and zero elsewhere."""
    model = unpooled_network()
    maps = torch.tensor([naive_map(model, INPUT)], dtype=DOUBLE)
    head = method("grad_cam").game(Game.from_model(model, INPUT, 0.5, target=1))
    assert head.n == 6
    assert head.names[:3] == ("(0, 0)", "(0, 1)", "(1, 0)")
    for coalition in coalitions(6)[::5]:
        kept = torch.zeros_like(maps)
        for p in coalition:
            kept[0, :, p // 2, p % 2] = maps[0, :, p // 2, p % 2]
        corner = [[float(p in coalition) for p in range(6)]]
        close(head(corner)[0], model[3:](kept)[0, 1].item(), EXACT)


def test_of_a_pooled_linear_head_the_effects_of_single_locations_are_the_shares():
    """Only degree one: then κ gives each location its own effect, and Grad-CAM is that allocation."""
    model = pooled_network()
    game = Game.from_model(model, INPUT, target=1)
    head = method("grad_cam").game(game)
    effects = harsanyi(head)
    for coalition in coalitions(head.n):
        if len(coalition) > 1:
            assert abs(effects[tuple(sorted(coalition))]) < 1e-13
    shares = shares_of(model, target=1)
    close([effects[(p,)].item() for p in range(head.n)], shares, 1e-10)
    total = head([[1.0] * 6])[0] - head([[0.0] * 6])[0]
    close(shares.sum(), total, 1e-10)


def test_the_policy_is_the_degree_of_a_location():
    square = Game.from_expression("(p + 2*q + 1)**2", {"p": 3, "q": 5})
    policy = method("grad_cam").policy(square)
    assert isinstance(policy, Policy)
    effects = taylor(square)
    close(allocate(effects, policy).attribution.astype(float), [2 * 3 * 14, 2 * 10 * 14], 1e-14)


@pytest.mark.parametrize("activation", ["exp", "softplus"])
def test_the_policy_over_the_head_is_the_algorithm_for_a_head_that_reads_averages(activation):
    """y = σ(Σ_k w_k mean(A_k) + c): effects of the locations term by term, each shared out by κ."""
    front = sequence(nn.Conv2d(1, 3, 2), seed=19)
    out = nn.Linear(3, 1, dtype=DOUBLE)
    out.weight.data, out.bias.data = 0.4 * draw(1, 3, seed=20), 0.2 * draw(1, seed=21)
    function = {"exp": torch.exp, "softplus": nn.functional.softplus}[activation]
    model = block(lambda m, x: function(m.out(m.conv(x).mean((2, 3)))), conv=front[0], out=out)
    model.conv.weight.data, model.out.weight.data = 0.3 * draw(3, 1, 2, 2, seed=22), 0.4 * draw(1, 3, seed=23)
    x = draw(1, 1, 3, 3, seed=24)
    maps = model.conv(x)[0].detach()
    z = [(model.out.weight[0] * maps[:, r, c]).sum().item() / 4 for r in range(2) for c in range(2)]
    start = model.out.bias.item()
    assert sum(map(abs, z)) < 0.6
    # the effects of degree d are σ^(d)(c)/d! times the terms of (z_1 + … + z_4)^d; Σ κ_p over them is d z_p (Σz)^(d−1)
    sigma = {"exp": mpmath.exp, "softplus": lambda v: mpmath.log(1 + mpmath.exp(v))}[activation]
    with mpmath.workdps(40):
        series = [float(each) for each in mpmath.taylor(sigma, start, 18)]
    expected = [0.0] * 4
    for degree in range(1, 19):
        for kappa in _vectors(degree, 4):
            value = series[degree] * math.factorial(degree)
            for k, part in zip(kappa, z, strict=True):
                value *= part**k / math.factorial(k)
            for p in range(4):
                expected[p] += kappa[p] * value
    given = method("grad_cam").attribute(Game.from_model(model, x, players=players.grid(x.shape, 2)))
    close(given, expected, 1e-10)


def _vectors(degree, n):
    """All degree vectors of one degree."""
    if n == 1:
        return [(degree,)]
    return [(k, *rest) for k in range(degree + 1) for rest in _vectors(degree - k, n - 1)]


def _readout(*weights):
    """The picture as its own map, and a linear function of its four places without pooling."""
    model = nn.Sequential(nn.Conv2d(1, 1, 1, bias=False), nn.Flatten(), nn.Linear(4, 1, bias=False)).double().eval()
    model[0].weight.data.fill_(1)
    model[2].weight.data = torch.tensor([weights], dtype=DOUBLE)
    return model


def test_without_pooling_grad_cam_is_not_the_policy():
    """f = A[0] is shared out as A/4 everywhere, f = A[0] − A[1] not at all; the policy gives A[0] and −A[1]."""
    x = torch.tensor([[[[3.0, -2], [5, 7]]]], dtype=DOUBLE)
    one = Game.from_model(_readout(1, 0, 0, 0), x)
    assert method("grad_cam").attribute(one).tolist() == [0.75, -0.5, 1.25, 1.75]
    difference = Game.from_model(_readout(1, -1, 0, 0), x)
    assert method("grad_cam").attribute(difference).tolist() == [0, 0, 0, 0]
    for game, expected in ((one, [3, 0, 0, 0]), (difference, [3, 2, 0, 0])):
        effects = harsanyi(method("grad_cam").game(game))
        assert [effects[(p,)].item() for p in range(4)] == expected


def test_the_target_may_be_an_entry_of_a_map():
    model = sequence(nn.Conv2d(1, 2, 2), nn.Softplus(), nn.Conv2d(2, 2, 1), seed=25)
    x = draw(1, 1, 3, 3, seed=26)
    maps = model[:1](x).detach().requires_grad_()
    model[1:](maps)[0, 1, 0, 1].backward()
    cam = (maps.grad.mean((2, 3), keepdim=True) * maps).sum(1).detach()
    game = Game.from_model(model, x, target=(1, 0, 1), players=players.grid(x.shape, 2))
    close(method("grad_cam", layer="0").attribute(game), cam.flatten(), EXACT)
