"""The stated noise against the true error, which a twin in 80 bits knows."""

import copy

import mpmath
import numpy as np
import pytest
import torch
from noise_bank import FAMILIES, PLAYERS, bank
from torch import nn

from synergy import Game, harsanyi

MASKS = np.arange(2**PLAYERS)[:, None] >> np.arange(PLAYERS) & 1


def stated_over_true(function):
    """The noise that the effects state, relative to the largest error of all coalitions' values."""
    x, model = torch.from_numpy(function.x).to(function.dtype), function.model()
    game = Game.from_model(model, x) if isinstance(model, nn.Module) else Game.from_function(model, x)
    values = torch.as_tensor(model(x * torch.from_numpy(MASKS))).double().numpy()
    error = np.abs(values - function.twin(function.x.astype(np.longdouble) * MASKS)).max()
    return harsanyi(game).noise / float(error)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_stated_noise_is_that_of_the_values(family):
    ratios = np.array([stated_over_true(each) for each in bank(12) if each.id.startswith(f"{family}-{each.seed}")])
    # seen at some coalitions: that it is far larger at a single other one cannot be excluded
    assert (ratios < 0.1).sum() <= 1
    assert ratios.min() > 0.01
    assert np.median(ratios) < 10
    assert (ratios > 10).mean() < 0.15  # where every value is exact, up to the last digit of the largest


def test_a_float64_model_that_computes_in_float32_has_no_effects_above_the_noise():
    """Σ over one hidden layer without activation: only single players have effects."""
    torch.manual_seed(0)
    w, v = torch.randn(8, 16), torch.randn(16, dtype=torch.float64)
    game = Game.from_function(lambda z: (z.float() @ w).double() @ v, torch.randn(8, dtype=torch.float64))
    effects = harsanyi(game)
    above = effects.values.abs() > torch.as_tensor(effects.noise_floor())
    sizes = torch.tensor([bin(mask).count("1") for mask in range(256)])
    assert above[sizes == 1].all()
    assert not above[sizes > 1].any()


@pytest.mark.parametrize("exponent", [-664, 664])
@pytest.mark.parametrize("family", [name for name in FAMILIES if name not in ("inside", "end", "numpy-inside")])
def test_the_stated_noise_is_that_of_the_values_beyond_the_range_of_float32(family, exponent):
    """Every value times a power of two: the same roundings, and no float32 to compare with."""
    ratios = []
    for each in bank(12):
        if each.id.startswith(f"{family}-{each.seed}") and each.dtype == torch.float64:
            x, model = torch.from_numpy(each.x), each.model()
            game = Game.from_function(lambda z, model=model: model(z) * 2.0**exponent, x)
            values = torch.as_tensor(model(x * torch.from_numpy(MASKS))).double().numpy()
            error = np.abs(values - each.twin(each.x.astype(np.longdouble) * MASKS)).max()
            ratios.append(harsanyi(game).noise / 2.0**exponent / float(error))
    assert len(ratios) == 12
    # where everything saturates the neighbours show nothing of a large constant that is taken away
    assert (np.array(ratios) < 0.1).sum() <= (2 if family == "constant" else 1)
    assert 0.3 < np.median(ratios) < 20


class LastState(nn.Module):
    """The last state of a recurrence."""

    def __init__(self, kind):
        super().__init__()
        self.kind = kind(1, 4, batch_first=True)

    def forward(self, x):
        return self.kind(x)[0][:, -1]


COMPARES_TYPES = {
    "convolution": lambda: nn.Sequential(nn.Conv1d(1, 4, 3), nn.Flatten(), nn.LazyLinear(4)),
    "transposed": lambda: nn.Sequential(nn.ConvTranspose1d(1, 4, 3), nn.Flatten(), nn.LazyLinear(4)),
    "prelu": lambda: nn.Sequential(nn.Flatten(), nn.Linear(6, 4), nn.PReLU(4)),
    "rnn": lambda: LastState(nn.RNN),
    "lstm": lambda: LastState(nn.LSTM),
    "gru": lambda: LastState(nn.GRU),
}


@pytest.mark.parametrize("name", COMPARES_TYPES)
def test_the_noise_is_seen_in_layers_that_compare_types(name):
    """A large constant is added and taken away, which costs its digits; such a layer refuses mixed types itself."""
    torch.manual_seed(0)
    add, take = nn.Linear(4, 4), nn.Linear(4, 1)
    x = torch.randn(1, 6, 1) if isinstance(COMPARES_TYPES[name](), LastState) else torch.randn(1, 1, 6)
    body = COMPARES_TYPES[name]()
    body(x)
    with torch.no_grad():
        add.bias.fill_(1000.0)
        take.bias.fill_(float(-1000 * take.weight.sum()))
    model = nn.Sequential(body, add, take).eval()
    effects = harsanyi(Game.from_model(model, x))
    fine = copy.deepcopy(model).double()
    with torch.no_grad():
        inputs = [(x.flatten() * torch.tensor(mask)).reshape(x.shape) for mask in MASKS[:64, :6]]
        error = max(float(abs(fine(each.double()) - model(each))) for each in inputs)
    assert 0.1 < effects.noise / error < 10


@pytest.mark.parametrize("factor", [2.0**664, 2.0**-664])
def test_whole_numbers_have_values_beyond_the_range_of_float32_too(factor):
    """A table of four words, far from float32's range: 1 + 2 and a word of 0."""
    table = torch.tensor([0.0, 1.0, 2.0, 4.0], dtype=torch.float64)
    game = Game.from_function(lambda words: table[words].sum(1) * factor, torch.tensor([1, 2]), torch.tensor([0, 0]))
    assert (harsanyi(game).values / factor).tolist() == [0, 1, 2, 0]


T = 1.7e9  # seconds since 1970
SUMS = [1e9 * 2**i + 0.1 * i for i in range(11)]
FAR = {
    # f with torch and with mpmath, x, b: what float32 cannot see, as its inputs or its results are others
    "times in tanh": (
        lambda z, m: m.tanh(0.1 * z[0] - 0.1 * z[1] + 0.3 * z[2] + 0.7 * z[3]),
        [T + 0.1, T, 1.0, 2.0],
        [T + 3600.7, T + 3601.3, 0.0, 0.0],
    ),
    "times in sin": (
        lambda z, m: m.sin(0.1 * z[0] - 0.1 * z[1] + z[2] * z[3]),
        [T + 0.1, T, 1.0, 2.0],
        [T + 60, T + 61, 0.0, 0.0],
    ),
    "one sum of many cancels": (lambda z, m: m.tanh(sum(z) + 0.25), [*SUMS, 0.3 - sum(SUMS)], [0.0] * 12),
    "absorbed by one": (lambda z, m: (1 + 1e-12 * sum(z)) - 1, [0.3, 0.7, 1.1, 0.2, 0.9], [0.0] * 5),
    "cosine near one": (lambda z, m: 1 - m.cos(1e-6 * sum(z)), [0.3, 0.7, 1.1, 0.2, 0.9], [0.0] * 5),
    "logarithm near one": (lambda z, m: m.log(1 + 1e-10 * sum(z)), [0.3, 0.7, 1.1, 0.2, 0.9], [0.0] * 5),
    "roots of large numbers": (lambda z, m: m.sqrt(1e8 + sum(z)) - 1e4, [0.3, 0.7, 1.1, 0.2, 0.9], [0.0] * 5),
}


@pytest.mark.parametrize("name", FAR)
def test_the_noise_is_seen_where_float32_sees_another_function(name):
    f, x, b = FAR[name]
    players = len(x)
    with mpmath.workdps(50):
        exact = [
            f([mpmath.mpf((x if mask >> i & 1 else b)[i]) for i in range(players)], mpmath)
            for mask in range(2**players)
        ]
    game = Game.from_function(lambda z: f(z.unbind(1), torch), x, b)
    masks = [[mask >> i & 1 for i in range(players)] for mask in range(2**players)]
    values = game(torch.tensor(masks, dtype=torch.bool)).tolist()
    true = max(float(abs(value - right)) for value, right in zip(values, exact, strict=True))
    stated = harsanyi(game).noise
    assert true / 10 <= stated <= 1000 * max(true, 2.0**-52 * max(map(abs, values)))


@pytest.mark.parametrize("power", [100, 200, 300])
def test_sums_inside_round_where_float32_has_no_range(power):
    """|z₁ + … + z₅|^p: the rounding of the sum, p times as large in the power. The truth has 60 digits."""
    with mpmath.workdps(60):
        torch.manual_seed(0)
        x, baseline = torch.randn(5, dtype=torch.float64) * 2, 0.1
        game = Game.from_function(lambda z: z.sum(1).abs() ** power, x, baseline)
        rows = torch.tensor([[mask >> i & 1 for i in range(5)] for mask in range(32)], dtype=torch.bool)
        inputs = torch.where(rows, x, torch.tensor(baseline, dtype=torch.float64)).tolist()
        truth = [abs(mpmath.fsum(row)) ** power for row in inputs]
        error = max(abs(float(value) - known) for value, known in zip(game(rows.double()), truth, strict=True))
        assert 0.1 < harsanyi(game).noise / error < 100
