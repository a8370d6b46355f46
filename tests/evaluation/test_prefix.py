"""Shared prefixes: every coalition's value is that of the whole network, run on that coalition's input alone.

The expected values come from the network itself, one masked input at a time, put together entry by entry; nothing of
the library is asked for them. Every place where a network could be cut is tried, not only the cheapest.
"""

import pytest
import torch
import torch.nn.functional as F
from cases import EPSILON, draw
from layer_cases import block, parameter, sequence
from prefix_cases import (
    CUT,
    DOUBLE,
    GRID,
    PICTURE,
    Case,
    chosen,
    conv,
    difference,
    every_cut,
    head,
    masked,
    perceptron,
    picture,
    plain,
    vector,
    zeta,
)
from torch import nn

from decompositions.evaluation.prefix import prefix
from decompositions.evaluation.prefix.prefix import shared_prefix
from synergy import Game, harsanyi, players


def everything(plan):
    """The values of all coalitions, in parts of a size that divides nothing."""
    masks = torch.arange(2**plan.players)
    present = (masks[:, None] >> torch.arange(plan.players)) & 1 == 1
    return torch.cat([plan.values(some) for some in present.split(37)])


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
