"""Sums of votes and of their squares over inputs, by true class: all that a ranking needs of any number of inputs."""

from __future__ import annotations

import numpy as np
import torch


class Sums:
    """What was found of the inputs so far.

    Args:
        classes: how many there are.
        neurons: likewise.
        off: λ, what a vote for another class counts against a neuron.
    """

    def __init__(self, classes: int, neurons: int, off: float) -> None:
        self.off = off
        self.votes, self.squares = (torch.zeros(classes, classes, neurons, dtype=torch.float64) for _ in range(2))
        self.scores, self.score_squares = (torch.zeros(classes, neurons, dtype=torch.float64) for _ in range(2))
        self.gains = torch.zeros(classes, classes, dtype=torch.float64)
        self.counts = torch.zeros(classes, dtype=torch.float64)
        self.whole = True  # no batch is half added, as one is when an interruption comes in between

    def add(self, votes: torch.Tensor, gains: torch.Tensor, labels: torch.Tensor) -> None:
        """Those of a batch. Shapes ``(batch, classes, neurons)``, ``(batch, classes)`` and ``(batch,)``."""
        self.whole = False
        own = votes[torch.arange(len(labels)), labels]
        score = own - self.off * (votes.sum(1) - own)
        pairs = ((self.votes, votes), (self.scores, score), (self.gains, gains))
        for total, each in (*pairs, (self.squares, votes.square()), (self.score_squares, score.square())):
            total.index_add_(0, labels, each)
        self.counts += torch.bincount(labels, minlength=len(self.counts))
        self.whole = True

    @property
    def done(self) -> int:
        """Of how many inputs they are."""
        return int(self.counts.sum())

    def numbers(self) -> np.ndarray:
        """All of them, one after the other. Shape ``(numbers,)``, float64."""
        return torch.cat([part.flatten() for part in self._parts()]).numpy()

    def restore(self, numbers: np.ndarray) -> None:
        """Be what :meth:`numbers` was, bit for bit."""
        flat = torch.from_numpy(np.array(numbers))
        for part, some in zip(self._parts(), flat.split([part.numel() for part in self._parts()]), strict=True):
            part.copy_(some.reshape(part.shape))

    def _parts(self) -> tuple[torch.Tensor, ...]:
        return self.votes, self.squares, self.scores, self.score_squares, self.gains, self.counts
