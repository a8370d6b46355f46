"""Networks that are tried on every device, and a stand-in for a device that lacks something."""

import torch
from layer_cases import concatenation, gated, residual
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

NETWORKS = {
    "convolutions": (
        (2, 4, 4),
        lambda: nn.Sequential(
            nn.Conv2d(2, 3, 3, padding=1), nn.BatchNorm2d(3), nn.ReLU(), nn.MaxPool2d(2), nn.ZeroPad2d(1),
            nn.Conv2d(3, 4, 3, padding="same"), nn.ReLU6(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(16, 2),
        ),
    ),
    "residual": ((2, 6, 6), residual),
    "concatenation": ((2, 6, 6), concatenation),
    "gated": ((2, 6, 6), gated),
}  # fmt: skip


class Apart(TorchDispatchMode):
    """Refuses to mix places, as devices do and some operations on ``meta`` do not; single numbers may come along."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
        there = {leaf.device.type for leaf in tensors if leaf.ndim or leaf.is_meta}
        if len(there) > 1 and function.overloadpacket not in (torch.ops.aten._to_copy, torch.ops.aten.copy_):
            raise RuntimeError(f"{function} of tensors on {' and '.join(sorted(there))}")
        return function(*args, **(kwargs or {}))
