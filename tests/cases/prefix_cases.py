"""Networks with a cut, and every cut of them."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from cases import draw
from layer_cases import block, parameter, sequence
from torch import fx, nn

from decompositions.evaluation.prefix import prefix
from decompositions.networks.graph import trace
from synergy import Game, players

DOUBLE = torch.float64
PICTURE = (1, 2, 9, 9)
GRID = players.grid(PICTURE, 3)


@dataclass(frozen=True)
class Case:
    """A network, the last step after which it may be cut (None: nowhere), and a question."""

    id: str
    model: nn.Module
    last: str | None
    x: torch.Tensor
    players: torch.Tensor
    baseline: Any = 0.0
    target: Any = None

    def game(self, dtype=DOUBLE, **settings):
        start = self.baseline.to(dtype) if isinstance(self.baseline, torch.Tensor) else self.baseline
        model = deepcopy(self.model).to(dtype)
        settings = {"players": self.players, "target": self.target, **settings}
        return Game.from_model(model, self.x.to(dtype, copy=True), start, **settings)


def plain(game, model=None):
    """The network's number for every coalition of the active players, one input at a time. Shape ``(2**active,)``."""
    cube = game.cube
    model, target = model or cube.f.module, cube.f.target
    return torch.stack([chosen(model(each), target).reshape(()).double() for each in masked(cube)]).detach()


def masked(cube, masks=None):
    """The inputs of the coalitions of some bitmasks over the active players (None: all), each with its batch axis."""
    owner, active = cube.players.expand(cube.x.shape[1:]), cube.active()
    for mask in range(2 ** len(active)) if masks is None else masks:
        members = [player for place, player in enumerate(active) if mask >> place & 1]
        yield torch.where(torch.isin(owner, torch.tensor(members)), cube.x, cube.baseline)


def chosen(outputs, target):
    if target is None:
        return outputs
    return target(outputs) if callable(target) else outputs[(0, *(target if isinstance(target, tuple) else (target,)))]


def every_cut(game):
    """All places where the network could be cut, by name, each with its plan, whatever it costs."""
    cube, active = game.cube, game.cube.active()
    model = prefix._Whole(cube.f.module)
    graph = fx.GraphModule(*trace(model, cube.x[:1]))
    cuts = prefix._cuts(graph, cube, active)
    return [(prefix._name(cut.node), prefix._plan(graph, cube, active, cut)) for cut in cuts]


def difference(found, expected):
    """The largest error, relative to the largest value."""
    assert found.shape == expected.shape
    return float((found - expected).abs().max() / expected.abs().max())


def vector(id, model, last, **question):
    x = question.pop("x", draw(1, 8, seed=1))
    return Case(id, model, last, x, players.features(x), **question)


def picture(id, model, last, **question):
    return Case(id, model, last, draw(*PICTURE, seed=2), question.pop("players", GRID), **question)


def head(size, outputs=1):
    return [nn.Flatten(), nn.Linear(size, 6), nn.Tanh(), nn.Linear(6, outputs)]


def convolutional(id, *layers, last, size, **question):
    return picture(id, sequence(*layers, *head(size)), last, **question)


def perceptron(outputs=1):
    return sequence(nn.Linear(8, 12), nn.ReLU(), nn.Linear(12, 9), nn.Tanh(), nn.Linear(9, outputs))


def conv(inputs=2, outputs=4, size=3, **settings):
    return nn.Conv2d(inputs, outputs, size, **{"padding": size // 2, **settings})


def _residual(m, x):
    h = torch.relu(m.a(x))
    h = h + m.c(torch.relu(m.b(h)))
    return m.out(torch.tanh(m.d(h)).flatten(1))


def _across(m, x):
    """The input itself is needed again at the end: nothing between cuts the network."""
    return m.out((m.b(torch.relu(m.a(x))) + x).flatten(1)) ** 2


def _dense(m, x):
    a = torch.relu(m.a(x))
    b = torch.relu(m.b(torch.cat([x, a], 1)))
    return m.out(torch.cat([a, b], 1).view(x.size(0), -1))


def _functional(m, x):
    h = F.max_pool2d(F.relu(F.conv2d(x, m.weight, m.bias, padding=1)), 2)
    return m.out(h.view(x.size(0), -1))


def _in_place(m, x):
    h = m.a(x)
    h += 0.5 * x[:, :1]
    return m.out(F.relu(h, inplace=True).flatten(1))


def _twice(m, x):
    return m.out(torch.flatten(m.a(torch.relu(m.a(torch.relu(m.a(x))))), 1))


def _per_channel(m, x):
    """Every channel on its own: between the two views a row is not a row of the batch."""
    h = torch.relu(m.a(x.view(-1, 1, 9, 9)))
    return m.out(m.b(h.view(x.size(0), 6, 9, 9)).flatten(1))


def _forgotten(m, x):
    """The result of an in-place step is not used by its name."""
    h = m.a(x)
    F.relu(h, inplace=True)
    return m.out(m.b(h) ** 2)


CUT = [
    vector("mlp", perceptron(), "4"),
    vector("mlp-behind-flatten", sequence(nn.Flatten(), *perceptron()), "5", x=draw(1, 2, 4, seed=1)),
    vector(
        "mlp-normalised", sequence(nn.Linear(8, 9), nn.BatchNorm1d(9), nn.Linear(9, 5), nn.Tanh(), nn.Linear(5, 1)), "4"
    ),
    vector("mlp-as-one-axis", block(lambda m, x: m.net(x).view(-1), net=perceptron()), "net.4"),
    vector("mlp-away-from-zero", perceptron(), "4", baseline=draw(1, 8, seed=3)),
    vector("mlp-index", perceptron(5), "4", target=-2),
    vector("mlp-function", perceptron(5), "4", target=lambda outputs: outputs[:, 1] * outputs[:, 3]),
    vector("mlp-layer-norm", sequence(nn.Linear(8, 9), nn.LayerNorm(9), nn.ReLU(), nn.Linear(9, 1)), "3"),
    vector("mlp-forgotten-relu", block(_forgotten, a=nn.Linear(8, 9), b=nn.Linear(9, 7), out=nn.Linear(7, 1)), "b"),
    vector(
        "sequence",
        sequence(nn.Conv1d(2, 3, 3), nn.ReLU(), nn.MaxPool1d(2), nn.Flatten(), nn.Linear(3, 1)),
        "4",
        x=draw(1, 2, 4, seed=1),
    ),
    convolutional("cnn", conv(), nn.ReLU(), conv(4, 3), nn.ReLU(), size=243, last="7"),
    convolutional("cnn-stride", conv(stride=2), nn.ReLU(), conv(4, 3, 2, padding=0), nn.Sigmoid(), size=48, last="7"),
    convolutional(
        "cnn-dilated", conv(dilation=3, padding=3), nn.GELU(), conv(4, 2, dilation=2), nn.ELU(), size=98, last="7"
    ),
    convolutional(
        "cnn-groups", conv(groups=2), nn.SiLU(), conv(4, 4, groups=4), nn.Hardtanh(-0.4, 0.4), size=324, last="7"
    ),
    convolutional("cnn-reflected", conv(padding_mode="reflect"), nn.LeakyReLU(), nn.ReLU6(), size=324, last="6"),
    convolutional(
        "cnn-padded-by-a-number", nn.ConstantPad2d(2, 0.7), conv(padding=0), nn.Softplus(), size=484, last="6"
    ),
    convolutional(
        "cnn-normalised", conv(), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2), size=64, last="7"
    ),
    convolutional("cnn-max-pool-first", nn.MaxPool2d(3, 2, 1), conv(), nn.ReLU(inplace=True), size=100, last="6"),
    convolutional("cnn-average", conv(), nn.AvgPool2d(3, 2, 1, count_include_pad=False), nn.Tanh(), size=100, last="6"),
    convolutional("cnn-adaptive", conv(), nn.ReLU(), nn.AdaptiveAvgPool2d(4), conv(4, 3, 1), size=48, last="7"),
    convolutional(
        "cnn-away-from-zero",
        conv(),
        nn.ReLU(),
        conv(4, 3),
        nn.ReLU(),
        size=243,
        last="7",
        baseline=draw(*PICTURE, seed=4),
    ),
    picture(
        "residual",
        block(_residual, a=conv(), b=conv(4, 4), c=conv(4, 4, 1), d=conv(4, 2), out=nn.Linear(162, 1)),
        "out",
    ),
    picture("residual-across", block(_across, a=conv(), b=conv(4, 2), out=nn.Linear(162, 1)), "out"),
    picture("concatenated", block(_dense, a=conv(2, 3), b=conv(5, 2), out=nn.Linear(405, 1)), "out"),
    picture(
        "functional", block(_functional, weight=parameter(3, 2, 3, 3), bias=parameter(3), out=nn.Linear(48, 1)), "out"
    ),
    picture("a-module-twice", block(_twice, a=conv(2, 2), out=nn.Linear(162, 1)), "out"),
    picture("every-channel-on-its-own", block(_per_channel, a=conv(1, 3), b=conv(6, 2), out=nn.Linear(162, 1)), "out"),
    picture("map", sequence(conv(), nn.ReLU(), conv(4, 3)), "2", target=(1, 4, 4)),
    picture(
        "map-region", sequence(conv(), nn.ReLU(), conv(4, 3)), "2", target=lambda o: o[:, 0, 2:5, 3:].sum((1, 2)) ** 2
    ),
]


def zeta(dividends):
    """v(S) = Σ J(T) over T ⊆ S."""
    masks = torch.arange(len(dividends))
    return ((masks[:, None] & masks) == masks).to(DOUBLE) @ dividends
