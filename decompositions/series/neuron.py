"""The Taylor effects of one neuron, in closed form."""

from __future__ import annotations

from itertools import product
from math import factorial, prod

import numpy as np
import torch

from decompositions.effects.effects import Effects


def neuron_effects(derivatives: torch.Tensor, z: torch.Tensor) -> Effects:
    """The Taylor effects of a neuron in closed form.

    Args:
        derivatives: σ and its derivatives at z⁰, up to the degree that is kept. Shape ``(degree + 1,)``.
        z: contributions of the inputs. Shape ``(n,)``.
    """
    n, top = len(z), len(derivatives) - 1
    keys = sorted((k for k in product(range(top + 1), repeat=n) if sum(k) <= top), key=lambda k: (sum(k), k))
    table = torch.tensor(keys, dtype=z.dtype)
    factorials = torch.tensor([prod(map(factorial, key)) for key in keys], dtype=z.dtype)
    values = derivatives[table.sum(1).long()] * (z**table).prod(1) / factorials
    return Effects(values, names=tuple(f"u{i}" for i in range(n)), basis="taylor", degrees=np.array(keys))
