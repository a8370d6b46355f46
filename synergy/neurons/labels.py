"""The true classes of inputs, looked at."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch


def labels_of(labels: Any, count: int, classes: int) -> torch.Tensor:
    """The true classes of so many inputs, on the CPU. Shape ``(count,)``, int64.

    Raises:
        ValueError: no whole numbers, others than there are inputs, or one that is no class.

    >>> labels_of([2, 0], 2, 3)
    tensor([2, 0])
    """
    rule = f"labels are {count:,} whole numbers, the true class of every input, 0 to {classes - 1}"
    known = torch.as_tensor(np.asarray(labels.cpu() if isinstance(labels, torch.Tensor) else labels))
    if known.dtype.is_floating_point or known.dtype == torch.bool or known.shape != (count,):
        raise ValueError(f"{rule}, not {known.dtype} of shape {tuple(known.shape)}")
    outside = known[(known < 0) | (known >= classes)]
    if len(outside):
        raise ValueError(f"{rule}; one of them is {outside[0].item()}")
    return known.long()
