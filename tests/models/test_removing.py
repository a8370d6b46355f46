"""Positions that are taken out before a model is called, with what is bound to them, by hand."""

import torch
from cases import close
from torch import nn

from decompositions.models.context import Context
from decompositions.models.inputs import Inputs
from decompositions.models.one_tensor import OneTensor
from decompositions.models.removing import Removing

GONE = -1


class Sentence(nn.Module):
    """Σ over places of (place + 1) · id · weight of the place, + table; counts its calls, and the rows in them."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, ids, weights, table):
        self.seen.append(tuple(ids.shape))
        return (torch.arange(1, ids.shape[1] + 1) * ids * weights).sum(1, keepdim=True) + table


WEIGHTS, TABLE = torch.tensor([[1.0, 10.0, 100.0, 1000.0]]), torch.tensor([[0.0, 0.5]])
BOUND = {"weights": WEIGHTS, "table": TABLE}


def test_what_is_left_moves_up_and_takes_its_weights_along():
    model = Sentence()
    removing = Removing(OneTensor(model, Inputs(torch.ones(1, 4), "ids", BOUND)), GONE)
    rows = torch.tensor([[3, 4, GONE, 5], [3, 4, 6, 5], [GONE, GONE, GONE, 5], [GONE, 4, 6, 5]])
    expected = torch.tensor([3.0 + 80 + 15000, 3.0 + 80 + 1800 + 20000, 5000.0, 40.0 + 1200 + 15000])
    close(removing(rows), expected[:, None] + TABLE, 1e-6)
    assert model.seen == [(1, 1), (2, 3), (1, 4)]  # rows of one length together


def test_what_stays_is_put_around_first():
    context = Context(torch.tensor([[7, 8]]), torch.tensor([0, 2, 3, 1]))
    removing = Removing(OneTensor(Sentence(), Inputs(torch.ones(1, 2), "ids", BOUND, context)), GONE)
    rows = torch.tensor([[3, 4], [GONE, 4], [GONE, GONE]])
    expected = torch.tensor([7.0 + 60 + 1200 + 32000, 7.0 + 800 + 24000, 7.0 + 16000])
    close(removing(rows), expected[:, None] + TABLE, 1e-6)
