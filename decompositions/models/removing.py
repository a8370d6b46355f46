"""A model of sequences that is given the positions that are there, and none in place of those that are not."""

from __future__ import annotations

from typing import Any

import torch

from decompositions.models.context import expanded
from decompositions.models.held import Around
from decompositions.models.one_tensor import OneTensor


class Removing(Around):
    """Takes out the positions that hold one id; the rest moves together, and so do bound tensors with those positions.

    Rows of one length are called together, in the order of the lengths.

    Args:
        called: the model of ids, whose output is read as one number, or a row of them, for each input.
        removed: the id, which the model does not know.
    """

    def __init__(self, called: OneTensor, removed: int) -> None:
        super().__init__()
        self.called = called
        self.removed = removed
        self.training = called.training

    @property
    def given(self) -> tuple[Any, ...]:
        return self.called.given

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """What the model gives for each shortened row. Shape ``(batch, P)`` → ``(batch, …)``."""
        ids = self.called.whole(x)
        there = ids != self.removed
        lengths = there.sum(1)
        answers, rows = [], []
        for length in lengths.unique().tolist():
            some = (lengths == length).nonzero()[:, 0]
            places = there[some].nonzero()[:, 1].reshape(len(some), length)
            bound = {
                name: _shortened(getattr(self.called, f"bound_{name}"), ids, places) for name in self.called.tensors
            }
            answers.append(self.called.answer(ids[some].gather(1, places), bound))
            rows.append(some)
        return torch.cat(answers)[torch.cat(rows).argsort()]


def _shortened(bound: torch.Tensor, ids: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    """A bound tensor at some places of every row, where it has one entry for each position; else as it is."""
    if bound.ndim < 2 or bound.shape[:2] != (1, ids.shape[1]):
        return expanded(bound, len(places))
    return bound[0][places]
