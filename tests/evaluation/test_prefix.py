"""Shared prefixes: every coalition's value is that of the whole network, run on that coalition's input alone.

The expected values come from the network itself, one masked input at a time, put together entry by entry; nothing of
the library is asked for them. Every place where a network could be cut is tried, not only the cheapest.
"""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from cases import EPSILON, draw
from layer_cases import block, parameter, sequence
from torch import fx, nn

from decompositions.evaluation.prefix import kinds, prefix
from decompositions.evaluation.prefix.kinds import step_kinds
from decompositions.evaluation.prefix.prefix import shared_prefix
from decompositions.networks.graph import trace
from synergy import Game, harsanyi, method, players

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


def everything(plan):
    """The values of all coalitions, in parts of a size that divides nothing."""
    masks = torch.arange(2**plan.players)
    present = (masks[:, None] >> torch.arange(plan.players)) & 1 == 1
    return torch.cat([plan.values(some) for some in present.split(37)])


def difference(found, expected):
    """The largest error, relative to the largest value."""
    assert found.shape == expected.shape
    return float((found - expected).abs().max() / expected.abs().max())


@pytest.fixture
def always(monkeypatch):
    """A shared prefix is looked for in small networks, too, and used whatever it saves."""
    monkeypatch.setattr(prefix, "WORTH", 0)
    monkeypatch.setattr(prefix, "GAIN", 0)


# --- networks that may be cut ----------------------------------------------------------------------------------------


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

# --- networks in which a step is not known: never cut at it or after it ----------------------------------------------


def _wiped(step):
    """A step that swallows NaN, between two convolutions."""
    return lambda m, x: m.out(m.b(step(m, m.a(x))).flatten(1))


def _ranked(m, x):
    return m.out(m.a(x).flatten(1).sort(1).values)


def _gated(m, x):
    h = torch.relu(m.a(x))
    return m.out((h * torch.sigmoid(m.b(h.mean((2, 3), keepdim=True)))).flatten(1))


def _attention(m, x):
    h = m.a(x).flatten(2).transpose(1, 2)
    return m.out(F.scaled_dot_product_attention(h, h, h).mean(1))


def _wiped_in_place(m, x):
    """Nothing of what is assigned is used by its name, and it removes NaN."""
    h = m.a(x)
    h.nan_to_num_()
    return m.out(m.b(h).flatten(1))


def _clamped_in_place(m, x):
    h = m.a(x)
    h.clamp_(max=1.5)
    return m.out(torch.tanh(m.b(h)))


def _product(m, x):
    """A linear layer whose weights are computed from the input."""
    h = m.a(x)
    return m.out(torch.relu(F.bilinear(h, h, m.weight)))


def unknown(id, step, **parts):
    return picture(id, block(_wiped(step), a=conv(), b=conv(4, 2), out=nn.Linear(162, 1), **parts), "a")


REFUSED = [
    unknown("where", lambda m, h: torch.where(h > 0, h, -0.3 * h)),
    unknown("masked-fill", lambda m, h: h.masked_fill(h < 0.2, 0.0)),
    unknown("nan-to-num", lambda m, h: torch.nan_to_num(h)),
    unknown("compared-with-zero", lambda m, h: (h > 0) * h),
    unknown("clamp", lambda m, h: torch.clamp(h, -0.3, 0.3)),
    unknown("finite-only", lambda m, h: torch.where(torch.isfinite(h), h, 0.0)),
    unknown("fmax", lambda m, h: torch.fmax(h, torch.zeros(()))),
    unknown("threshold", lambda m, h: F.threshold(h, 0.2, -0.1)),
    unknown("softmax", lambda m, h: torch.softmax(h, 1)),
    unknown("group-norm", lambda m, h: m.norm(h), norm=nn.GroupNorm(2, 4)),
    unknown("standardised", lambda m, h: (h - h.mean((2, 3), keepdim=True)) / (h.std((2, 3), keepdim=True) + 1)),
    unknown("one-hot", lambda m, h: F.one_hot(h.argmax(1), 4).permute(0, 3, 1, 2).to(h.dtype)),
    picture("sorted", block(_ranked, a=conv(2, 1, 9, padding=0, stride=2), out=nn.Linear(1, 1)), "flatten"),
    picture("squeeze-and-excite", block(_gated, a=conv(), b=nn.Conv2d(4, 4, 1), out=nn.Linear(324, 1)), "relu"),
    picture("attention", block(_attention, a=conv(stride=3), out=nn.Linear(4, 1)), "flatten"),
    picture("wiped-in-place", block(_wiped_in_place, a=conv(), b=conv(4, 2), out=nn.Linear(162, 1)), "a"),
    vector(
        "clamped-in-place", block(_clamped_in_place, a=nn.Linear(8, 9), b=nn.Linear(9, 7), out=nn.Linear(7, 1)), "a"
    ),
    vector("product", block(_product, a=nn.Linear(8, 3), weight=parameter(5, 3, 3), out=nn.Linear(5, 1)), "a"),
]


@pytest.mark.parametrize("case", CUT + REFUSED, ids=lambda case: case.id)
def test_every_cut_gives_the_numbers_of_the_whole_network(case):
    game = case.game()
    expected = plain(game)
    assert float(expected.std()) > 1e-3, "a network that says nothing"
    cuts = every_cut(game)
    assert cuts[-1][0] == case.last
    for name, plan in cuts:
        error = difference(everything(plan), expected)
        assert error < 1e-13, f"cut at '{name}': {plan.description}"


@pytest.mark.parametrize("case", CUT, ids=lambda case: case.id)
def test_in_single_precision(case):
    game = case.game(torch.float32)
    expected = plain(game)
    for name, plan in every_cut(case.game(torch.float32)):
        error = difference(everything(plan), expected)
        assert error < 64 * EPSILON[torch.float32], f"cut at '{name}': {plan.description}"


@pytest.mark.parametrize("case", CUT, ids=lambda case: case.id)
def test_it_is_used_and_watchers_see_every_coalition(always, case):
    """What is told, and counted as paid, is what the whole network would cost: the sample is not."""
    told, without = [], []
    game = case.game()
    effects = harsanyi(game.watched(told.append))
    assert "instead of for" in effects.evaluation
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prefix, "WORTH", float("inf"))
        assert harsanyi(game.watched(without.append)).evaluation == ""
    assert sum(told) == sum(without) == effects.calls >= 2**game.n
    assert difference(zeta(effects.values), plain(game)) < 1e-12


def zeta(dividends):
    """v(S) = Σ J(T) over T ⊆ S."""
    masks = torch.arange(len(dividends))
    return ((masks[:, None] & masks) == masks).to(DOUBLE) @ dividends


# --- players and baselines -------------------------------------------------------------------------------------------


def scattered(count, seed):
    owner = torch.randint(0, count, (1, 1, 9, 9), generator=torch.Generator().manual_seed(seed))
    owner.view(-1)[:count] = torch.arange(count)  # everyone has an entry
    return owner


COLUMNS = torch.arange(9).expand(1, 1, 9, 9)
LAYOUTS = {
    "stripes": COLUMNS // 2,
    "every-fifth-column": COLUMNS % 5,
    "chequered": (COLUMNS + COLUMNS.transpose(2, 3)) % 2 + 2 * (COLUMNS // 5),
    "scattered": scattered(7, seed=5),
    "one-player": COLUMNS * 0,
    "channels-on-their-own": torch.stack([COLUMNS[0, 0] // 3, 3 + COLUMNS[0, 0] // 5])[None],
}


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("dtype", [torch.float32, DOUBLE], ids=["float32", "float64"])
def test_players_of_any_shape(name, dtype):
    model = sequence(conv(), nn.ReLU(), nn.MaxPool2d(2), conv(4, 3, dilation=2), nn.Tanh(), *head(12))
    game = picture(name, model, None, players=LAYOUTS[name], baseline=draw(*PICTURE, seed=6)).game(dtype)
    expected = plain(game)
    cuts = every_cut(game)
    assert len(cuts) == 9
    for step, plan in cuts:
        assert difference(everything(plan), expected) < 64 * EPSILON[dtype], f"cut at '{step}'"


def test_null_players_are_left_out(always):
    """x is the baseline on players 1 and 5, and on a part of player 6, which stays in."""
    x, start = draw(*PICTURE, seed=2), draw(*PICTURE, seed=7)
    same = (GRID == 1) | (GRID == 5) | ((GRID == 6) & (COLUMNS == 1))
    model = sequence(conv(), nn.ReLU(), conv(4, 3), nn.ReLU(), *head(243))
    game = Case("null", model, "7", x, GRID, torch.where(same, x, start)).game()
    assert game.cube.active() == (0, 2, 3, 4, 6, 7, 8)
    expected = plain(game)
    for _, plan in every_cut(game):
        assert difference(everything(plan), expected) < 1e-13
    effects = harsanyi(game)
    assert "instead of for 128 coalitions" in effects.evaluation
    assert abs(zeta(effects.values)[-1] - expected[-1]) < 1e-12 * expected.abs().max()


def test_nobody_is_active(always):
    x = draw(1, 8, seed=1)
    game = Game.from_model(perceptron(), x, x.clone())
    assert shared_prefix(game.cube, game.cube.active()) is None
    assert harsanyi(game).values.tolist() == [perceptron()(x).item(), *[0.0] * 255]


# --- kinds of output -------------------------------------------------------------------------------------------------


def probability(logits):
    return logits.exp() / logits.exp().sum(1, keepdim=True)


def log_odds(logits):
    return torch.log(probability(logits) / (1 - probability(logits)))


@pytest.mark.parametrize(
    ("output", "classes", "target", "kind"),
    [
        ("probability", 5, 2, probability),
        ("log_odds", 5, 2, log_odds),
        ("log_odds", 70, 2, log_odds),
        ("probability", 1, None, torch.sigmoid),
        ("probability", 5, lambda p: p[:, 0] - p[:, 1], lambda z: probability(z)),
    ],
    ids=["probability", "log-odds", "log-odds-of-many", "sigmoid", "probability-function"],
)
def test_a_kind_of_output(always, output, classes, target, kind):
    model = sequence(conv(), nn.ReLU(), conv(4, 3), nn.ReLU(), *head(243, classes))
    game = picture(output, model, None, target=target).game(output=output)
    plan = shared_prefix(game.cube, game.cube.active())
    assert plan is not None
    assert difference(everything(plan), plain(game, lambda x: kind(model(x)))) < 1e-12


# --- what it saves, and what it says ---------------------------------------------------------------------------------


@pytest.fixture
def rows_of(monkeypatch):
    """How many rows every convolution and every linear layer has been given."""
    counted = {}
    for kind in (nn.Conv2d, nn.Linear):

        def counting(module, x, forward=kind.forward):
            counted[module] = counted.get(module, 0) + len(x)
            return forward(module, x)

        monkeypatch.setattr(kind, "forward", counting)
    return counted


def test_the_first_layers_run_for_few_rows(rows_of):
    """16 players, 65,536 coalitions: a place behind the second convolution sees four players at most."""
    x = draw(1, 1, 16, 16, seed=8)
    model = sequence(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1), nn.ReLU(),
                     nn.MaxPool2d(4), nn.Flatten(), nn.Linear(64, 4), nn.Tanh(), nn.Linear(4, 1))  # fmt: skip
    game = Game.from_model(model, x, 0.0, players=players.grid(x.shape, 4))
    rows_of.clear()
    effects = harsanyi(game)
    assert "instead of for 65,536 coalitions" in effects.evaluation
    assert rows_of[model[0]] < 1500
    assert 2**16 <= rows_of[model[8]] < 2**16 + 1500
    some, everyone = range(0, 2**16, 331), torch.arange(2**16)
    sums = torch.stack([effects.values[(everyone & mask) == everyone].sum() for mask in some])
    assert difference(sums, model(torch.cat(list(masked(game.cube, some))))[:, 0].detach()) < 1e-12


def test_small_questions_are_not_looked_at(monkeypatch):
    monkeypatch.setattr(prefix, "_cheapest", lambda *_: pytest.fail("looked for"))
    assert harsanyi(CUT[0].game()).evaluation == ""


def test_no_cut_that_saves_too_little(monkeypatch):
    """All is in the last layers."""
    monkeypatch.setattr(prefix, "WORTH", 0)
    model = sequence(nn.Linear(8, 3), nn.Tanh(), nn.Linear(3, 300), nn.Tanh(), nn.Linear(300, 1))
    assert harsanyi(vector("late", model, None).game()).evaluation == ""


@pytest.mark.parametrize("case", CUT, ids=lambda case: case.id)
def test_the_noise_says_how_large_the_error_is(always, case):
    """In single precision, over all coalitions, and not only those of the sample, from which the noise is estimated."""
    game = case.game(torch.float32)
    effects = harsanyi(game)
    assert "instead of for" in effects.evaluation
    outputs = game.model(torch.cat(list(masked(game.cube)))).detach()
    expected = torch.stack([chosen(each[None], case.target).reshape(()).double() for each in outputs])
    assert float((zeta(effects.values) - expected).abs().max()) <= 8 * effects.noise


@pytest.mark.parametrize("chunk", [1, 7, 100])
def test_any_chunk(always, chunk):
    game = next(case for case in CUT if case.id == "residual").game(chunk=chunk)
    effects = harsanyi(game)
    assert "instead of for" in effects.evaluation
    assert difference(zeta(effects.values), plain(game)) < 1e-12


# --- what must not be cut --------------------------------------------------------------------------------------------


class Flag(nn.Module):
    """Arguments beyond the input, and a decision in Python about one of them."""

    def __init__(self):
        super().__init__()
        self.net = perceptron()

    def forward(self, x, scale=None, double=False):
        if scale is not None:
            x = x * scale
        return self.net(2 * x if double else x)


def hooked(module, hook):
    module.register_forward_hook(hook)
    return module


def _hook_inside():
    model = perceptron()
    hooked(model[0], lambda module, inputs, outputs: outputs.clamp(max=1.0))
    return model


def _forward_replaced():
    model = perceptron()
    model[0].forward = lambda x, forward=model[0].forward: forward(x).abs()
    return model


def _statistics_of_the_batch():
    return sequence(conv(), nn.BatchNorm2d(4, track_running_stats=False), *head(324))


def _decides(m, x):
    h = m.a(x)
    return m.b(h) if len(h) > 10**9 or h.dtype == torch.int64 else m.b(torch.relu(h))


def _loops(m, x):
    h = m.a(x)
    while (h.abs() > 1e9).any():
        h = h / 2
    return m.b(h)


def _assigns(m, x):
    h = m.a(x)
    h[:, :2] = 0
    return m.b(torch.tanh(h))


def _two(run):
    return block(run, a=nn.Linear(8, 9), b=nn.Linear(9, 1))


NEVER = {
    "hook-on-the-first-layer": _hook_inside(),
    "forward-replaced": _forward_replaced(),
    "decides-on-the-batch": _two(_decides),
    "loops": _two(_loops),
    "assigns": _two(_assigns),
    "argmax": _two(lambda m, x: m.b(F.one_hot(m.a(x).argmax(1), 9).to(x.dtype))),
    "sign": _two(lambda m, x: m.b(torch.sign(m.a(x)) + 0.1 * m.a(x))),
    "rounded": _two(lambda m, x: m.b(torch.round(m.a(x)))),
    "rounded-in-place": _two(lambda m, x: m.b(m.a(x).floor_())),
    "threshold": _two(lambda m, x: m.b(F.threshold(m.a(x), 0.3, -1.0))),
    "places-of-the-largest": _two(lambda m, x: m.b(m.a(x)) * m.a(x).max(1, keepdim=True)[1]),
    "places-by-name": _two(lambda m, x: m.b(m.a(x)) * m.a(x).topk(1).indices),
    "whole-numbers": _two(lambda m, x: m.b((4 * m.a(x)).to(torch.int64).to(x.dtype))),
    "layer-norm-over-everything": sequence(nn.LayerNorm(8), nn.ReLU(), nn.Linear(8, 1)),
}  # fmt: skip


@pytest.mark.parametrize("name", NEVER)
def test_no_layer_is_put_together_from_sums(always, name):
    """A jump after an affine layer would make a large error of a rounding error, at a coalition nobody looks at."""
    game = vector(name, NEVER[name], None).game()
    effects = harsanyi(game)
    assert "each player's share" not in effects.evaluation
    assert difference(zeta(effects.values), plain(game)) < 1e-12


def known(model):
    whole = prefix._Whole(model)
    return [prefix._name(node) for node in step_kinds(fx.GraphModule(whole, fx.Tracer().trace(whole)))]


def test_statistics_of_the_batch_are_not_affine():
    assert known(_statistics_of_the_batch()) == ["inputs", "0"]


@pytest.mark.parametrize("model", [_hook_inside(), _forward_replaced()], ids=["hook", "forward"])
def test_a_module_that_was_changed_is_not_known(model):
    """Which would be found by the sample only if it shows there."""
    assert known(model) == ["inputs"]


@pytest.mark.parametrize(
    "model",
    [Flag().double(), hooked(perceptron(), lambda module, inputs, outputs: 3 * outputs)],
    ids=["arguments-with-defaults", "hook-on-the-whole"],
)
def test_tracing_sees_what_a_call_does(always, model):
    game = vector("traced", model.eval(), None).game()
    effects = harsanyi(game)
    assert "instead of for" in effects.evaluation
    assert difference(zeta(effects.values), plain(game)) < 1e-12


def test_the_sample_finds_a_step_that_is_not_what_was_claimed(monkeypatch, always):
    """As if ReLU were affine: nothing is put together from that."""
    monkeypatch.setattr(kinds, "_AFFINE_MODULES", (nn.Linear, nn.ReLU))
    game = vector("claimed", sequence(nn.Linear(8, 9), nn.ReLU(), nn.Linear(9, 1)), None).game()
    told = []
    effects = harsanyi(game.watched(told.append))
    assert effects.evaluation == ""
    assert sum(told) == effects.calls
    assert difference(zeta(effects.values), plain(game)) < 1e-12


def test_nothing_runs_on_poison_after_the_last_known_step(monkeypatch):
    """NaN as an index would be an error, on some devices one that cannot be caught."""
    seen = []
    monkeypatch.setattr(torch.Tensor, "softplus_probe", lambda h: seen.append(h.isnan().any()) or h, raising=False)
    model = _two(lambda m, x: m.b(torch.relu(m.a(x)).softplus_probe()))
    every_cut(vector("poison", model, None).game())
    assert seen
    assert not any(seen)


def test_the_model_and_the_input_stay_as_they_are(always):
    x = draw(*PICTURE, seed=2)
    model = sequence(nn.Identity(), conv(), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(324, 1))
    before, names = x.clone(), sorted(vars(model)) + sorted(model.state_dict())
    game = Game.from_model(model, x, 0.0, players=GRID)
    assert shared_prefix(game.cube, game.cube.active()) is not None
    assert torch.equal(x, before)
    assert sorted(vars(model)) + sorted(model.state_dict()) == names


@pytest.mark.parametrize("baselines", [2, 3])
def test_several_baselines_are_run_as_a_whole(always, baselines):
    game = Game.from_model(perceptron(), draw(1, 8, seed=1), draw(baselines, 8, seed=9))
    assert shared_prefix(game.cube, game.cube.active()) is None


def test_the_shapley_value_of_a_network_cut_in_two(always):
    game = next(case for case in CUT if case.id == "cnn").game()
    expected = plain(game)
    tabled = method("shapley").attribute(Game.from_values(expected))
    assert torch.allclose(method("shapley").attribute(game), tabled, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("far", [1e9, 1e4])
def test_a_large_baseline_does_not_blur_the_coalitions_without_it(monkeypatch, far, dtype):
    """Where all players with b = 10⁹ are present the layer's numbers are small, which one coalition in 64 shows."""
    monkeypatch.setattr(prefix, "WORTH", 0)
    monkeypatch.setattr(prefix, "GAIN", 0.0)
    monkeypatch.setattr(prefix, "PATTERNS", 0)
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(12, 64), nn.Tanh(), nn.Linear(64, 1)).to(dtype).eval()
    b = torch.zeros(1, 12, dtype=dtype)
    b[0, :6] = far
    game = Game.from_model(net, torch.randn(1, 12, dtype=dtype), b)
    effects = harsanyi(game)
    assert "each player's share" in effects.evaluation
    fine = deepcopy(net).double()
    exact = torch.stack([fine(each.double()).reshape(()) for each in masked(game.cube)]).detach()
    assert (zeta(effects.values) - exact).abs().max() <= 10 * effects.noise
