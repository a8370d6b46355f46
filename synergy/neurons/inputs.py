"""Inputs with their true classes, a batch at a time: of a tensor, of an array, maybe on the disk, or of a dataset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn

from decompositions.arguments import shown
from decompositions.arithmetic import real_numbers
from decompositions.evaluation.fingerprint.contents import of_tensor
from synergy.neurons.labels import labels_of

RULE = (
    "data are inputs, one after the other along the first axis, of floating-point numbers, or a dataset of pairs of an "
    "input and its class"
)
LOOKED_AT = 16  # inputs that a digest is of


@dataclass(frozen=True, eq=False)
class Inputs:
    """Where a batch is taken from.

    Args:
        source: a tensor or an array ``(N, *shape)``; or what has a length and gives a pair of an input ``(*shape)`` and
            its class at every place, as the datasets of ``torch.utils.data``.
        labels: the true classes of all, as they were given. Shape ``(N,)``; None of a dataset, which gives them.
        like: of the type and on the device of an array's or a dataset's inputs.
    """

    source: Any
    labels: Any
    like: torch.Tensor

    def __len__(self) -> int:
        return len(self.source)

    def some(self, start: int, stop: int) -> torch.Tensor:
        """A batch of inputs. Shape ``(stop − start, *shape)``."""
        return self.pairs(start, stop)[0]

    def labelled(self, classes: int) -> Inputs:
        """The same, after a look at the labels of all, but for a dataset's.

        Raises:
            ValueError: they are not those of so many classes and these inputs.
        """
        return self if self.labels is None else replace(self, labels=labels_of(self.labels, len(self), classes))

    def pairs(self, start: int, stop: int) -> tuple[torch.Tensor, Any]:
        """A batch of inputs, and their classes."""
        if self.labels is not None:
            return self._plain(start, stop), self.labels[start:stop]
        pairs = [_pair(self.source[place], place) for place in range(start, min(stop, len(self)))]
        return torch.stack([self._fitting(x) for x, _ in pairs]), [label for _, label in pairs]

    def digest(self) -> list[str]:
        """Of some inputs and of their classes, by which other data are told from these."""
        last = len(self) - 1
        places = sorted({last * k // (LOOKED_AT - 1) for k in range(LOOKED_AT)})
        taken = [self.pairs(place, place + 1) for place in places]
        return [f"{of_tensor(x)} {int(labels[0])}" for x, labels in taken]

    def _plain(self, start: int, stop: int) -> torch.Tensor:
        if isinstance(self.source, torch.Tensor):
            return self.source[start:stop]
        some = self.source[start:stop]
        return self._fitting(some.astype(some.dtype.newbyteorder("=")))  # a copy: a file is never written to

    def _fitting(self, values: Any) -> torch.Tensor:
        found = torch.as_tensor(values)
        if not found.is_floating_point():
            raise ValueError(f"{RULE}, not of {found.dtype}")
        return found.to(self.like)


def inputs_of(data: Any, labels: Any, model: nn.Module) -> Inputs:
    """The inputs that were given, looked at but not read.

    Args:
        data: a tensor, an array, lists of numbers, or a dataset.
        labels: true classes; None for a dataset.
        model: whose parameters an array's or a dataset's numbers are made to fit.

    Raises:
        TypeError, ValueError: neither inputs nor a dataset; labels that a dataset gives, or that are missing.
    """
    like = next((each for each in model.parameters() if each.is_floating_point()), torch.zeros(())).detach()
    if not _is_dataset(data):
        source = data if isinstance(data, torch.Tensor | np.ndarray) else real_numbers(data, RULE)
        floating = source.is_floating_point() if isinstance(source, torch.Tensor) else source.dtype.kind == "f"
        if not floating or source.ndim < 2 or not len(source):
            raise ValueError(f"{RULE}, not {source.dtype} of shape {tuple(source.shape)}")
        if labels is None:
            raise ValueError("labels are the true classes of the inputs; only a dataset of pairs gives its own")
        return Inputs(source, labels, like)
    if labels is not None:
        raise ValueError("a dataset gives an input and its class at every place, so leave labels out")
    if not len(data):
        raise ValueError(f"{RULE}, and this dataset is empty")
    return Inputs(data, None, like)


def _is_dataset(data: Any) -> bool:
    """Whether it gives something at every place, and is none of the things that are numbers."""
    numbers = (torch.Tensor, np.ndarray, list, tuple, str, bytes, range, Mapping)
    places = hasattr(data, "__len__") and hasattr(data, "__getitem__")
    return places and not isinstance(data, numbers) and not hasattr(data, "iloc")


def _pair(given: Any, place: int) -> tuple[Any, Any]:
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise TypeError(f"{RULE}; at place {place} it gives {shown(given)}")
    return given[0], given[1]
