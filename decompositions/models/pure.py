"""What some entries of an input add together, and their parts do not, as a function of the input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from decompositions.arithmetic import wide


@dataclass(frozen=True, eq=False)
class Pure:
    r"""The nested differences of a function over groups of entries; whatever is in no group stays at the baseline.

    .. math:: f_S(z) = \sum_{T \subseteq S} (-1)^{|S| - |T|} f(z_T)

    where :math:`z_T` is z at the entries of the groups T and b elsewhere. Differences are taken group by group, so
    that it is zero, bit for bit, where a group of z is at the baseline.

    Args:
        f: inputs ``(batch, *shape)`` → ``(batch,)``.
        baseline: b. Shape ``(*shape)``.
        groups: the entries of each group, booleans. Shape ``(s, *shape)``.
    """

    f: Callable[[torch.Tensor], Any]
    baseline: torch.Tensor
    groups: torch.Tensor

    def __call__(self, inputs: torch.Tensor) -> torch.Tensor:
        return top_difference(torch.stack([self._within(inputs, mask) for mask in range(2 ** len(self.groups))]))

    def _within(self, inputs: torch.Tensor, mask: int) -> torch.Tensor:
        """f of the groups of a bitmask alone. Shape ``(batch,)``."""
        there = [group for place, group in enumerate(self.groups) if mask >> place & 1]
        present = torch.stack(there).any(0) if there else torch.zeros_like(self.baseline, dtype=torch.bool)
        given = self.f(torch.where(present, inputs, self.baseline))
        values = torch.from_numpy(given).to(inputs.device) if isinstance(given, np.ndarray) else given
        return wide(values) if isinstance(values, torch.Tensor) else values


def top_difference(values: Any) -> Any:
    """The last entry of the Möbius transform along the first axis, by differences of neighbours. ``(2**s, ...)``.

    >>> float(top_difference(torch.tensor([0., 1., 2., 7.])))
    4.0
    """
    while len(values) > 1:
        values = values[1::2] - values[::2]
    return values[0]
