"""Players: which entries of the input go in and out together.

Every function gives an integer tensor for the argument ``players`` of a game, entry → player 0 … n−1, shaped so that it
broadcasts to the input. Any integer tensor of that kind will do, a captum-style ``feature_mask`` included.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch


def features(x: Any) -> torch.Tensor:
    """One player per entry of x. Shape of x (with its batch axis of 1).

    >>> features(torch.zeros(1, 3)).tolist()
    [[0, 1, 2]]
    """
    shape = x.shape if isinstance(x, (torch.Tensor, np.ndarray)) else torch.as_tensor(x).shape
    return torch.arange(int(np.prod(shape))).reshape(tuple(shape))


def grid(shape: Sequence[int], cells: int | tuple[int, int]) -> torch.Tensor:
    """One player per cell of a grid over the last two axes, numbered row by row.

    Args:
        shape: of the picture or the input, ``(..., H, W)``.
        cells: k for k × k cells, or (rows, columns). Cells differ by at most one pixel a side.

    Returns:
        Shape ``(1, …, 1, H, W)`` with as many axes as ``shape``.

    Raises:
        ValueError: fewer than two axes, or more cells than pixels along a side.

    >>> grid((2, 4), (1, 2)).tolist()
    [[0, 0, 1, 1], [0, 0, 1, 1]]
    """
    rows, columns = (cells, cells) if isinstance(cells, int) else cells
    if len(shape) < 2:
        raise ValueError(f"a grid needs a height and a width; the shape is {tuple(shape)}")
    height, width = shape[-2:]
    if not (1 <= rows <= height and 1 <= columns <= width):
        raise ValueError(f"a grid of {rows}x{columns} cells does not fit {height}x{width} pixels; take 1 to that many")
    down = torch.arange(height) * rows // height
    across = torch.arange(width) * columns // width
    return (down[:, None] * columns + across).reshape((1,) * (len(shape) - 2) + (height, width))


def segments(labels: Any) -> torch.Tensor:
    """One player per distinct label, in ascending order: superpixels, groups of features. Shape of ``labels``.

    >>> segments([[7, 7, 2]]).tolist()
    [[1, 1, 0]]
    """
    labels = torch.as_tensor(labels)
    if labels.is_floating_point() or labels.is_complex():
        raise TypeError(f"labels are whole numbers, one per entry; these are {labels.dtype}")
    return torch.unique(labels, return_inverse=True)[1]


def tokens(ids: Any) -> torch.Tensor:
    """One player per token.

    Args:
        ids: a tensor of token ids, ``(1, L)``: the players have its shape. Or a sequence: of words (one player each),
            or of whole numbers that say to which word each token belongs, as tokenizers' ``word_ids()`` give them: the
            players have shape ``(1, L, 1)``, for embeddings of shape ``(1, L, D)``.

    >>> tokens(["not", "happy"]).shape, tokens([0, 0, 1]).flatten().tolist()
    (torch.Size([1, 2, 1]), [0, 0, 1])
    """
    if isinstance(ids, torch.Tensor):
        return features(ids)
    if all(isinstance(entry, str) for entry in ids):
        return torch.arange(len(ids)).reshape(1, -1, 1)
    if any(entry is None for entry in ids):
        raise ValueError(
            "a token that belongs to no word (None) has no player; let the model add special tokens itself"
        )
    return segments(list(ids)).reshape(1, -1, 1)


def parse(text: str, shape: Sequence[int]) -> torch.Tensor:
    """Players from a word of the command line: ``features``, ``grid:4`` or ``grid:3x5``.

    Raises:
        ValueError: anything else.

    >>> parse("grid:1x2", (2, 4)).unique().tolist()
    [0, 1]
    """
    kind, _, size = text.partition(":")
    if kind == "features" and not size:
        return features(torch.empty(tuple(shape), device="meta"))
    parts = size.lower().split("x")
    if kind == "grid" and 1 <= len(parts) <= 2 and all(part.isdigit() for part in parts):
        return grid(shape, (int(parts[0]), int(parts[-1])))
    raise ValueError(f"players are 'features', 'grid:K' or 'grid:ROWSxCOLUMNS', not '{text}'")


def check(players: Any, shape: Sequence[int]) -> tuple[torch.Tensor, int]:
    """The players of an input of the given shape (batch axis of 1 included), and their number.

    Raises:
        TypeError: not whole numbers.
        ValueError: the shape does not broadcast to the input's, or the numbers have a gap.
    """
    if players is None:
        players = features(torch.empty(tuple(shape), device="meta"))
    players = torch.as_tensor(players)
    if players.is_floating_point() or players.is_complex() or players.dtype == torch.bool:
        raise TypeError(f"players are whole numbers, entry → player; these are {players.dtype}")
    try:
        fits = torch.broadcast_shapes(players.shape, tuple(shape)) == tuple(shape)
    except RuntimeError:
        fits = False
    if not fits:
        raise ValueError(f"players of shape {tuple(players.shape)} do not broadcast to the input's {tuple(shape)}")
    used = torch.unique(players)
    n = len(used)
    if used.tolist() != list(range(n)):
        missing = sorted(set(range(int(used.max()) + 1)) - set(used.tolist()))
        which = f"{missing[:5]} missing" if used.min() >= 0 else f"the smallest is {int(used.min())}"
        raise ValueError(f"players are numbered 0 to n−1 without a gap; {which}; players.segments() renumbers them")
    return players.reshape((1,) * (len(shape) - players.ndim) + tuple(players.shape)), n
