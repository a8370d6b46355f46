"""The totals of progress bars, which are prices said beforehand, against the calls that are then made."""

import sys

import pytest
import torch
from torch import nn

from decompositions.evaluation import progress as bars
from synergy import Game, estimate, harsanyi, measure, taylor
from synergy.calls import Calls
from synergy.examples import load

CLOSE = 0.1


@pytest.fixture
def seen(monkeypatch):
    """The bars that are made, each with the total that it had at its end."""
    made = []

    class Bar(bars.tqdm):
        def __init__(self, *args, **settings):
            super().__init__(*args, **settings | {"disable": True})
            made.append(self)

        def update(self, n=1):
            self.n += n

    monkeypatch.setattr(bars, "tqdm", Bar)
    monkeypatch.setitem(sys.modules, "IPython", None)
    return made


def square(n=5):
    torch.manual_seed(0)
    weights = torch.rand(n, n, dtype=torch.float64)
    return Game.from_function(lambda z: ((z @ weights) ** 2).sum(1), torch.ones(1, n).double())


def curved(n=6):
    torch.manual_seed(0)
    return Game.from_model(nn.Sequential(nn.Linear(n, 5), nn.Tanh(), nn.Linear(5, 1)).eval(), torch.randn(1, n))


def kinked(n=6):
    torch.manual_seed(1)
    net = nn.Sequential(nn.Linear(n, 16), nn.ReLU(), nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 1)).eval()
    return Game.from_model(net, torch.randn(1, n))


@pytest.mark.parametrize("game", [square, curved, kinked], ids=lambda each: each.__name__)
@pytest.mark.parametrize("name", ["integrated_gradients", "smoothgrad_x_input", "gradient_x_input", "occlusion_1"])
def test_measure(seen, game, name):
    calls, asked = Calls(), game()
    table = measure(name, asked.watched(calls))
    (bar,) = seen
    assert bar.total == pytest.approx(bar.n, rel=CLOSE)
    assert bar.desc == name or bar.desc.startswith(name)
    trial = calls.count - bar.n  # a path integral is tried at x, to find its rule
    assert table.calls == calls.count - 2**asked.n
    assert trial <= 263


def test_harsanyi_and_estimate(seen):
    harsanyi(square())
    estimate(square(12), budget=300)
    assert [(bar.total, bar.n) for bar in seen] == [(32, 32), (300, 300)]


@pytest.mark.parametrize("degree", [None, 1, 3])
def test_taylor(seen, degree):
    """A bar without a total while a few lines are followed; then what is still to come is known."""
    taylor(square(), degree)
    bar, *dividends = seen  # with which the sums of the effects are compared
    assert bar.total == pytest.approx(bar.n, rel=CLOSE)
    assert [(each.total, each.n) for each in dividends] == [(32, 32)]


def test_an_example(seen):
    measure("expected_gradients", load("tabular", None).game)
    (bar,) = seen
    assert bar.total == pytest.approx(bar.n, rel=CLOSE)
