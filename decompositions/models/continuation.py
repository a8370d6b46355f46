"""How likely a language model holds a continuation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from decompositions.models.outputs import At, Path


@dataclass(frozen=True)
class Continuation:
    r"""The log-probability of the last tokens of a sequence, given all before them, from one forward pass.

    .. math:: \log p(c_1 \dots c_k \mid s) = \sum_{j=1}^{k} \log \mathrm{softmax}(z_{L+j-1})_{c_j}

    The model has read s and the continuation but for its last token; its logits z at a place are about the next one.

    Args:
        path: to the logits in the model's output. Shape ``(batch, L + k - 1, vocabulary)``, or the last k of them.
        ids: the continuation.

    >>> logits = torch.tensor([[[9.0, 9.0], [0.0, 0.0], [0.0, 1.0]]])
    >>> two = Continuation((), (0, 1))(logits)  # log(1/2) + log(e/(1 + e))
    >>> round(float(two), 4)
    -1.0064
    """

    path: Path
    ids: tuple[int, ...]

    def __call__(self, outputs: Any) -> torch.Tensor:
        logits = At(self.path)(outputs)[:, -len(self.ids) :]
        likely = logits.log_softmax(-1)
        total = likely[:, 0, self.ids[0]]
        for place, each in enumerate(self.ids[1:], start=1):
            total = total + likely[:, place, each]
        return total
