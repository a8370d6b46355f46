"""A counting network, and evaluations of it that are interrupted."""

import threading
from pathlib import Path

import pytest
import torch
from torch import nn

from synergy import Game, harsanyi

N, RANGE = 8, 32
COUNT = threading.local()  # attributes are put back after a call, and are part of the question; this is not


class Net(nn.Module):
    """A small float32 network, whose sums depend on the batch; it stops with ``error`` before row ``after``."""

    def __init__(self, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        self.layers = nn.Sequential(nn.Linear(N, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 3))
        self.rows, self.after, self.error = 0, None, None

    rows = property(lambda self: COUNT.rows, lambda self, rows: setattr(COUNT, "rows", rows))
    after = property(lambda self: COUNT.after, lambda self, after: setattr(COUNT, "after", after))
    error = property(lambda self: COUNT.error, lambda self, error: setattr(COUNT, "error", error))

    def forward(self, x):
        if self.after is not None and self.rows + len(x) > self.after:
            raise self.error
        self.rows += len(x)
        return self.layers(x)


def x_of(seed=1, rows=1):
    return torch.randn(rows, N, generator=torch.Generator().manual_seed(seed))


def game_of(model=None, x=None, baseline=0.0, **settings):
    settings = {"target": 1, "chunk": 8} | settings
    return Game.from_model(Net().eval() if model is None else model, x_of() if x is None else x, baseline, **settings)


def interrupted(game, folder, after, error, **settings):
    """Run until the error; the model's rows after the checkpoint's questions are counted from 0."""
    model = game.model
    model.rows, model.after, model.error = 0, after, error
    with pytest.raises(type(error)) as caught:
        harsanyi(game, checkpoint=folder, **settings)
    model.after = None
    return caught.value


def parts(folder):
    return sorted(path.name for path in Path(folder).glob("*.part"))
