"""Grad-CAM of any layer of any model: tokens, channels last, outputs in tuples, and what is refused."""

import pytest
import torch
from cases import close, draw
from layer_cases import DOUBLE
from network_zoo import zoo
from torch import nn

from decompositions import players
from synergy import Game, allocate, harsanyi, method, taylor
from synergy.examples import digits_vit

EXACT = 1e-12


class Tokens(nn.Module):
    """A picture of 4 × 4 pixels as 2 × 2 tokens of 3 channels behind tokens that are none, and what reads them."""

    def __init__(self, read, more=1):
        super().__init__()
        self.patches, self.blocks = nn.Conv2d(1, 3, 2, stride=2), nn.Sequential(nn.Identity(), nn.Tanh())
        self.first = nn.Parameter(torch.zeros(1, more, 3))
        self.out, self.read = nn.Linear(3, 2), read
        self.double().eval()
        for k, parameter in enumerate(self.parameters()):
            parameter.data = draw(*parameter.shape, seed=60 + k)

    def forward(self, x):
        tokens = self.patches(x).flatten(2).transpose(1, 2)
        tokens = torch.cat((self.first.expand(len(x), -1, -1), tokens), 1)
        return self.out(self.read(self.blocks(tokens)))


X = draw(1, 1, 4, 4, seed=70)


def by_hand(model, x, target, layer, rows, columns):
    """Σ_k mean_p(∂y/∂A_pk) A_pk, number by number, from what the caller's own hook sees."""
    seen = []
    handle = model.get_submodule(layer).register_forward_hook(lambda module, given, output: seen.append(output))
    logit = model(x.clone().requires_grad_())[0, target]
    handle.remove()
    (slopes,) = torch.autograd.grad(logit, seen[0])
    tokens, count = seen[0][0], rows * columns
    first = len(tokens) - count
    shares = []
    for p in range(count):
        share = 0.0
        for k in range(tokens.shape[1]):
            share += sum(slopes[0, first + q, k].item() for q in range(count)) / count * tokens[first + p, k].item()
        shares.append(share)
    return torch.tensor(shares, dtype=DOUBLE).reshape(rows, columns)


@pytest.mark.parametrize("more", [0, 1, 2])
@pytest.mark.parametrize("layer", ["blocks", "blocks.0", "blocks.1"])
def test_the_last_tokens_are_the_locations(layer, more):
    model = Tokens(lambda h: (h**2).sum(1) + h[:, 0], more)
    game = Game.from_model(model, X, target=1, players=players.grid(X.shape, 2))
    cam = method("grad_cam", layer=layer, grid=(2, 2))
    expected = by_hand(model, X, 1, layer, 2, 2)
    close(cam.locations(game), expected, EXACT)
    close(cam.attribute(game), expected.flatten(), EXACT)
    close(method("grad_cam", layer=layer, grid=[2, 2], relu=True).locations(game), expected.clamp(min=0), EXACT)


@pytest.mark.parametrize("x_dtype", [torch.float32, torch.float64])
def test_digits_seen_by_a_transformer(x_dtype):
    model = digits_vit.model().to(x_dtype)
    x = draw(1, 1, 8, 8, seed=71).abs().to(x_dtype)
    game = Game.from_model(model, x, target=3, players=players.grid(x.shape, 4))
    given = method("grad_cam", layer="blocks.1", grid=(4, 4)).attribute(game)
    close(given, by_hand(model, x, 3, "blocks.1", 4, 4).flatten(), 1e-5 if x_dtype == torch.float32 else EXACT)


def test_of_a_head_that_reads_the_mean_of_the_tokens_the_effects_are_the_shares():
    """Linear in the tokens: dividends of single locations, found by removing tokens by hand, are Grad-CAM's shares."""
    model = Tokens(lambda h: h[:, 1:].mean(1) + h[:, 0])
    game, cam = Game.from_model(model, X, target=0), method("grad_cam", layer="blocks.1", grid=(2, 2))
    head, tokens = cam.game(game), model.blocks(torch.cat((model.first, model.patches(X).flatten(2).mT), 1))
    assert head.names == ("(0, 0)", "(0, 1)", "(1, 0)", "(1, 1)")
    for kept in ([1, 0, 0, 0], [0, 1, 1, 0], [1, 1, 1, 1], [0, 0, 0, 0]):
        inside = tokens * torch.tensor([1.0, *kept])[:, None]
        close(head([kept])[0], model.out(model.read(inside))[0, 0].item(), EXACT)
    effects = harsanyi(head)
    close([effects[(p,)].item() for p in range(4)], by_hand(model, X, 0, "blocks.1", 2, 2).flatten(), EXACT)


def test_the_policy_over_the_tokens():
    """Of a pooled square, κ_p over the Taylor effects of the tokens is the algorithm."""
    model = Tokens(lambda h: h[:, 1:].mean(1).square())
    game, cam = Game.from_model(model, X, target=0), method("grad_cam", layer="blocks.1", grid=(2, 2))
    shared = allocate(taylor(cam.game(game), 2), cam.policy(game)).attribution
    close(shared.double(), by_hand(model, X, 0, "blocks.1", 2, 2).flatten(), 1e-10)


def test_channels_may_come_last():
    class Last(nn.Module):
        def __init__(self):
            super().__init__()
            self.map, self.out = nn.Linear(2, 3, dtype=DOUBLE), nn.Linear(3, 2, dtype=DOUBLE)

        def forward(self, x):
            return self.out(self.map(x.permute(0, 2, 3, 1)).square().mean((1, 2)))

    model, x = Last().eval(), draw(1, 2, 2, 3, seed=72)
    game = Game.from_model(model, x, target=1, players=players.grid(x.shape, (2, 3)))
    a = model.map(x.permute(0, 2, 3, 1))[0].detach()
    weights = model.out.weight[1] * (2 * a).mean((0, 1)) / 6
    close(method("grad_cam", layer="map", grid=(2, 3)).locations(game), (a * weights).sum(-1).detach(), EXACT)
    with pytest.raises(ValueError, match=r"grid=\(2, 2\) is a map of 4 locations, and 'map' gives .*\(2, 3, 3\)"):
        method("grad_cam", layer="map", grid=(2, 2)).attribute(game)


class Pair(nn.Module):
    def forward(self, x):
        return x * 2, "weights"


@pytest.mark.parametrize("change", [nn.ReLU(inplace=True), nn.Hardtanh(inplace=True)])
def test_a_layer_in_a_tuple_and_what_is_written_into_it(change):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.pair, self.act, self.out = Pair(), change, nn.Linear(2, 1, dtype=DOUBLE)

        def forward(self, x):
            return self.out(self.act(self.pair(x)[0]).mean((2, 3)))

    model, x = Net().eval(), draw(1, 2, 2, 2, seed=73)
    a = 2 * x[0]
    slopes = ((a > 0) if isinstance(change, nn.ReLU) else (a.abs() < 1)).double() * model.out.weight[0, :, None, None]
    expected = ((slopes / 4).mean((1, 2), keepdim=True) * a).sum(0).detach()
    game = Game.from_model(model, x, players=players.grid(x.shape, 2))
    close(method("grad_cam", layer="pair").locations(game), expected, EXACT)
    assert not model.pair._forward_hooks


def test_a_residual_network_that_is_read_by_export():
    """The map of the last convolution with its normalisation, as a hook of one's own at that module sees it."""
    model, x, b = zoo("resnet")
    game = Game.from_model(model, x, b, target=2, players=players.grid(x.shape, 3))
    after = next(name for name, _ in model.named_modules() if name.endswith("stages.1.layers.0.shortcut.normalization"))
    default, named = (method("grad_cam", layer=layer).locations(game) for layer in (None, after))
    close(default, named, EXACT)
    seen = []
    model.get_submodule(after).register_forward_hook(lambda module, given, output: seen.append(output))
    (slopes,) = torch.autograd.grad(model(x)[0, 2], seen[0])
    close(named, (slopes.mean((2, 3), keepdim=True) * seen[0]).sum(1)[0].detach(), EXACT)


def test_a_vision_transformer_of_a_library():
    model, x, b = zoo("vit")
    layer = next(name for name, each in model.named_modules() if name.endswith((".layer.0", ".layers.0")))
    game = Game.from_model(model, x, b, target=2, players=players.grid(x.shape, 2))
    cam = method("grad_cam", layer=layer, grid=(2, 2))
    close(cam.attribute(game), by_hand(model, x, 2, layer, 2, 2).flatten(), EXACT)
    assert cam.game(game).n == 4


def test_tokens_without_their_grid_are_refused():
    game = Game.from_model(Tokens(lambda h: h.mean(1)), X, target=0)
    with pytest.raises(ValueError, match=r"'blocks' gives no map.*\(5, 3\).*give the rows and columns.*grid="):
        method("grad_cam", layer="blocks").attribute(game)
    with pytest.raises(ValueError, match=r"grid=\(3, 2\) is a map of 6 locations, and 'blocks' gives .*\(5, 3\)"):
        method("grad_cam", layer="blocks", grid=(3, 2)).attribute(game)


def test_a_layer_that_runs_twice_or_never_is_refused():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.spare = nn.Conv2d(1, 1, 1, dtype=DOUBLE), nn.Identity()

        def forward(self, x):
            return self.conv(self.conv(x)).sum((1, 2, 3))

    game = Game.from_model(Twice().eval(), X)
    for layer, times in (("conv", 2), ("spare", 0)):
        with pytest.raises(ValueError, match=f"'{layer}' is called {times} times"):
            method("grad_cam", layer=layer).attribute(game)


@pytest.mark.parametrize(
    "around",
    [lambda x: x.sum((1, 2, 3)), lambda x: (x.sum((1, 2, 3)) > 0).double()],
    ids=["with a gradient", "without one"],
)
def test_what_leads_around_a_layer_leaves_no_game(around):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 1, 1, dtype=DOUBLE)

        def forward(self, x):
            return self.conv(x).mean((1, 2, 3)) + around(x)

    model = Net().eval()
    x = X * torch.sign(X.sum())
    cam = method("grad_cam", layer="conv")
    with pytest.raises(ValueError, match="a path leads around 'conv'"):
        cam.game(Game.from_model(model, x, -1.0))
    assert torch.isfinite(cam.attribute(Game.from_model(model, x, -1.0))).all()
