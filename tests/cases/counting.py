"""A model that counts what it is asked."""

from types import SimpleNamespace

from cases import mlp
from torch import nn

from synergy import Game

ROWS = SimpleNamespace(given=0)


class Counting(nn.Module):
    """A model that counts the rows it is given, and that copies of it are given, in a place that nobody copies."""

    rows = property(lambda self: ROWS.given, lambda self, rows: setattr(ROWS, "given", rows))

    def __init__(self, inner):
        super().__init__()
        self.inner, self.rows = inner, 0

    def forward(self, inputs):
        self.rows += len(inputs)
        return self.inner(inputs)


def counted(x, baseline, **settings):
    model = Counting(mlp(nn.ReLU, (x.numel(), 4, 1))).eval()
    game = Game.from_model(model, x[None], baseline, **settings)
    model.rows = 0  # building a game asks the model once, to check the target
    return model, game
