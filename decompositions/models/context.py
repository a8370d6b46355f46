"""Positions that stay around those that are explained."""

from __future__ import annotations

import torch
from torch import nn


class Context(nn.Module):
    """Puts positions that have no player around those that have: special tokens, or words that stay.

    Args:
        rest: what stands at the others. Shape ``(1, R, …)``.
        order: of the whole sequence, where the R others come first and the explained ones after them. Shape ``(L,)``.

    >>> Context(torch.tensor([[101, 102]]), torch.tensor([0, 2, 3, 1]))(torch.tensor([[7, 8]])).tolist()
    [[101, 7, 8, 102]]
    """

    rest: torch.Tensor
    order: torch.Tensor

    def __init__(self, rest: torch.Tensor, order: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("rest", rest, persistent=False)
        self.register_buffer("order", order, persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat((expanded(self.rest, x.shape[0]), x), 1).index_select(1, self.order)


def is_same_context(one: Context | None, other: Context | None) -> bool:
    """Whether the same stays in the same places."""
    if one is None or other is None:
        return one is other
    return torch.equal(one.rest, other.rest) and torch.equal(one.order, other.order)


def expanded(tensor: torch.Tensor, batch: int) -> torch.Tensor:
    """A tensor of batch 1 for every row of a batch, in memory of its own; any other as it is."""
    if not tensor.ndim or len(tensor) != 1:
        return tensor.clone()
    return tensor.expand(batch, *tensor.shape[1:]).clone()
