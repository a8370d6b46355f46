"""Before anything is paid: whether f is a function of each input alone. Right numbers come from a batch of one."""

import contextlib
import copy
import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from twins import dividends

from synergy import Game, harsanyi, method

ONES = torch.ones(1, 6, dtype=torch.float64)


def built(forward, **parts):
    """A module in eval mode with that forward."""

    class Built(nn.Module):
        def __init__(self):
            super().__init__()
            for name, part in parts.items():
                setattr(self, name, copy.deepcopy(part))

    Built.forward = forward
    torch.manual_seed(0)
    return Built().eval().double()


def image():
    torch.manual_seed(1)
    return torch.randn(1, 2, 3, 3, dtype=torch.float64)


DEPENDENT = {
    "batch-norm": (
        built(
            lambda self, x: self.norm(self.conv(x)).relu().sum((1, 2, 3)) ** 2,
            conv=nn.Conv2d(2, 3, 2),
            norm=nn.BatchNorm2d(3, track_running_stats=False),
        ),
        image(),
    ),
    "softmax-0": (built(lambda self, x: (x * x.softmax(0)).sum(1)), ONES * 2),
    "by-length": (built(lambda self, x: x.prod(1) / len(x)), ONES * 2),
    "centred": (built(lambda self, x: ((x - x.mean(0)) ** 2).sum(1) + x.sum(1)), ONES),
    "by-the-largest": (built(lambda self, x: (x.sum(1) + 1) / x.amax(0).sum().clamp(min=1)), ONES),
    "cumulated": (built(lambda self, x: x.cumsum(0).sum(1)), ONES),
    "rolled": (built(lambda self, x: x.sum(1) + x.roll(1, 0)[:, 0]), ONES),
}


@pytest.mark.parametrize("players", [None, "one", "two"])
@pytest.mark.parametrize("name", DEPENDENT)
def test_rows_that_depend_on_each_other_are_refused(name, players):
    model, x = DEPENDENT[name]
    owners = {None: None, "one": torch.zeros_like(x, dtype=torch.int64), "two": (x.cumsum(1) > x[:, :1]).long()}[
        players
    ]
    with pytest.raises(ValueError, match=r"its rows are not independent.*chunk=1"):
        Game.from_model(model, x, 0.0, players=owners)


@pytest.mark.parametrize("name", DEPENDENT)
def test_one_input_at_a_time_gives_the_right_numbers(name):
    model, x = DEPENDENT[name]
    owners = torch.arange(x.numel()).reshape(x.shape) % 3
    game = Game.from_model(model, x, 0.0, players=owners, chunk=1)

    def alone(coalition):
        inside = torch.isin(owners, torch.tensor(sorted(coalition), dtype=torch.int64))
        return float(model(torch.where(inside, x, 0.0)).detach())

    expected = dividends(alone, 3)
    assert harsanyi(game).values.tolist() == pytest.approx(expected, abs=1e-12)


class Drops(nn.Module):
    def forward(self, x):
        return F.dropout(x, 0.05).sum(1)


class Noisy(nn.Module):
    def forward(self, x):
        return x.sum(1) + torch.from_numpy(np.random.rand(len(x)) * 1e-4)  # noqa: NPY002  # drawn without a generator


class Counts(nn.Module):
    calls = 0

    def forward(self, x):
        self.calls += 1
        return x.sum(1) * self.calls


class Remembers(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell, self.state = nn.LSTMCell(6, 4).double(), None

    def forward(self, x):
        state = None if self.state is None else [each[:1].expand(len(x), -1).contiguous() for each in self.state]
        self.state = self.cell(x, state)
        return self.state[0].sum(1)


class Averages(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.zeros(6, dtype=torch.float64))

    def forward(self, x):
        self.mean.mul_(0.9).add_(0.1 * x.mean(0))
        return (x - self.mean).sum(1)


@pytest.mark.parametrize("chunk", [None, 1])
@pytest.mark.parametrize(
    ("model", "why"),
    [
        (Drops(), r"draws random numbers \(torch\)"),
        (Noisy(), r"draws random numbers \(numpy\)"),
        (Counts(), "keeps something from call to call .'calls'"),
        (Remembers(), "keeps something from call to call .'state'"),
        (Averages(), "keeps something from call to call .'mean'"),
    ],
    ids=["dropout", "numpy", "counter", "lstm-cell", "running-mean"],
)
def test_a_model_that_draws_or_remembers_is_refused(model, why, chunk):
    for players in (None, torch.zeros(1, 6, dtype=torch.int64)):
        with pytest.raises(ValueError, match=f"changes between calls: it {why}"):
            Game.from_model(model.eval(), ONES, players=players, chunk=chunk)


def test_random_numbers_without_effect_are_no_matter():
    class Draws(nn.Module):
        def forward(self, x):
            return x.prod(1) + 0 * torch.rand(len(x))

    before = torch.get_rng_state()
    effects = harsanyi(Game.from_model(Draws().eval(), ONES * 2))
    assert effects.values[-1] == effects.values.abs().sum() == 64
    assert torch.equal(torch.get_rng_state(), before)


def test_the_size_of_a_batch_that_is_written_into_a_model():
    class Fixed(nn.Module):
        def forward(self, x):
            return x.view(1, 2, 3).prod(2).sum(1)

    with pytest.raises(ValueError, match=r"fails for a batch of 8.*chunk=1"):
        Game.from_model(Fixed().eval(), ONES * 2)
    effects = harsanyi(Game.from_model(Fixed().eval(), ONES * 2, chunk=1))
    assert effects[0, 1, 2] == effects[3, 4, 5] == 8
    assert effects.values.abs().sum() == 16


def test_inference_mode_changes_nothing():
    net = nn.Sequential(nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, 1)).double().eval()
    expected = method("integrated_gradients").attribute(Game.from_model(net, ONES)).tolist()
    with torch.inference_mode():
        game = Game.from_model(net, ONES)
        assert harsanyi(game).values.isfinite().all()
        assert method("integrated_gradients").attribute(game).tolist() == pytest.approx(expected, rel=1e-12)


class Renormed(nn.Module):
    """Writes to its weights when it is called, as a bound on their norm does."""

    def __init__(self, how):
        super().__init__()
        self.inner, self.how = nn.Linear(4, 1, dtype=torch.float64), how
        self.inner.weight.data = torch.tensor([[3.0, 0, 4, 0]], dtype=torch.float64)
        self.inner.bias.data.zero_()

    def forward(self, z):
        weight = self.inner.weight
        if self.how == "data":
            weight.data = weight.data / weight.data.norm()
        elif self.how == "copy":
            with torch.no_grad():
                weight.copy_(weight / weight.norm())
        else:
            weight.data.clamp_(max=0.6, min=0.0)
        return self.inner(z)[:, 0]


@pytest.mark.parametrize(
    ("how", "expected"), [("data", [0.6, 0, 0.8, 0]), ("copy", [0.6, 0, 0.8, 0]), ("clamp", [0.6, 0, 0.6, 0])]
)
@pytest.mark.parametrize("wrapped", [False, True])
def test_weights_that_a_model_writes_are_put_back(how, expected, wrapped):
    model = Renormed(how).eval()
    weight, place = model.inner.weight, model.inner.weight.data_ptr()
    x = torch.ones(1, 4, dtype=torch.float64)
    game = Game.from_function(lambda z: model(z), x) if wrapped else Game.from_model(model, x)
    for _ in range(2):
        assert harsanyi(game).independent.tolist() == pytest.approx(expected, abs=1e-15)
        assert game.gradient(torch.ones(1, 4))[0].tolist() == pytest.approx(expected, abs=1e-15)
        assert model.inner.weight is weight
        assert weight.tolist() == [[3.0, 0, 4, 0]]
        assert (weight.dtype, weight.data_ptr()) == (torch.float64, place)


def test_an_embedding_with_a_largest_norm():
    model = nn.Sequential(nn.Embedding(5, 2, max_norm=1.0), nn.Flatten(), nn.Linear(6, 1)).double().eval()
    before = model[0].weight.detach().clone()
    twin = copy.deepcopy(model)
    twin(torch.arange(5)[None, :3]), twin(torch.arange(5)[None, 2:])
    x = torch.tensor([[4, 3, 2]])
    effects = harsanyi(Game.from_model(model, x, target=0))
    expected = harsanyi(Game.from_model(twin, x, target=0))
    torch.testing.assert_close(effects.values, expected.values, rtol=0, atol=1e-14)
    assert torch.equal(model[0].weight, before)


@pytest.mark.parametrize("players", [2, 4, 6])
@pytest.mark.parametrize("chunk", [None, 1, 5])
def test_a_function_that_changes_for_good_is_never_taken(players, chunk):
    """Whenever it changes, what is given is right or refused."""
    for last in range(1, 2**players + 60, 9):
        calls = [0]

        def f(z, calls=calls, last=last):
            calls[0] += 1
            return z.sum(1) + (calls[0] > last) * (z + 1).prod(1)

        effects = None
        with contextlib.suppress(ValueError):
            effects = harsanyi(Game.from_function(f, [1.0] * players, chunk=chunk))
        if effects is not None:
            several = [value for coalition, value in effects.to_dict().items() if len(coalition) > 1]
            assert set(several) in ({0.0}, {1.0}), f"it changed after call {last}"


class Rarely(nn.Module):
    """Answers otherwise once in a while."""

    def __init__(self, source):
        super().__init__()
        self.source, self.calls = source, 0

    def odd(self):
        if self.source is None:
            self.calls += 1
            return self.calls % 50 == 0
        if isinstance(self.source, torch.Generator):
            return torch.rand((), generator=self.source).item() < 0.02
        return self.source.random() < 0.02

    def forward(self, z):
        return z.sum(1) + self.odd()


@pytest.mark.parametrize("players", [6, 9, 11])
@pytest.mark.parametrize("chunk", [1, 4])
@pytest.mark.parametrize(
    "make",
    [
        lambda: None,
        lambda: torch.Generator().manual_seed(1),
        lambda: np.random.default_rng(2),
        lambda: random.Random(3),
    ],
)
def test_of_a_model_that_answers_otherwise_once_in_a_while_only_right_numbers_are_taken(make, players, chunk):
    effects = None
    with contextlib.suppress(ValueError):
        effects = harsanyi(Game.from_model(Rarely(make()).eval(), torch.ones(1, players), chunk=chunk))
    assert effects is None or not any(value for coalition, value in effects.to_dict().items() if len(coalition) > 1)


@pytest.mark.parametrize("players", [4, 5, 6, 8, 12])
@pytest.mark.parametrize(
    "f",
    [
        lambda z: z.sum(1) * (1 + (len(z) > 8)),
        lambda z: (z.sort(0).values if len(z) > 8 else z).prod(1) + z[:, 0],
        lambda z: z.sum(1) + (z.cumsum(0)[:, 0] if len(z) > 12 else z[:, 0]),
    ],
)
def test_rows_that_depend_on_each_other_in_large_batches_only(f, players):
    with pytest.raises(ValueError, match="not independent"):
        harsanyi(Game.from_function(f, (torch.arange(players) + 1.0).tolist()))


@pytest.mark.parametrize("place", ["x", "the baseline"])
@pytest.mark.parametrize("hidden", [False, True], ids=["in the input", "of the function"])
def test_nan_at_an_end_is_found_by_the_trial(place, hidden):
    asked = []

    def f(z):
        asked.extend(z.tolist())
        return torch.where(z.sum(1) == (2.0 if place == "x" else 0.0), torch.nan, z.sum(1)) if hidden else z.sum(1)

    ends = {"x": torch.ones(1, 2), "the baseline": torch.zeros(1, 2)}
    if not hidden:
        ends[place][0, 1] = torch.nan
    with pytest.raises(ValueError, match=rf"the output is nan for the coalition .* look at {place}, which may"):
        Game.from_function(f, ends["x"], ends["the baseline"])
    assert len(asked) <= 3


def test_a_missing_value_that_the_function_knows_is_no_fault():
    game = Game.from_function(lambda z: torch.nan_to_num(z, 5.0).sum(1), torch.ones(1, 2), torch.nan)
    assert game([[0, 0], [1, 1]]).tolist() == [10.0, 2.0]
