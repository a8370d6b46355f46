"""How much neurons say, whatever it is: the mean magnitude of what they give."""

from __future__ import annotations

import torch
from torch import nn

from decompositions.models.undisturbed import undisturbed
from decompositions.networks.head import ModuleHead

BATCH = 512  # inputs that are handed over at once


def loudness(model: nn.Module, layer: str, entries: torch.Tensor, data: torch.Tensor) -> torch.Tensor:
    """The mean of |what each neuron gives|, over its entries and the inputs. Shape ``(neurons,)``, float64.

    Args:
        model: any module.
        layer: the name of a module of it.
        entries: the neuron of every entry of what the layer gives for one input. Shape ``(*layer,)``.
        data: inputs. Shape ``(N, *shape)``.
    """
    head, total = ModuleHead(model, layer), torch.zeros(entries.shape, dtype=torch.float64)
    with undisturbed(model, data.device):
        for some in data.split(BATCH):
            total += head.open(some)[0].double().abs().sum(0).cpu()
    flat = entries.flatten()
    sizes = torch.bincount(flat)
    summed = torch.zeros(len(sizes), dtype=torch.float64).index_add_(0, flat, total.flatten())
    return summed / sizes / len(data)
