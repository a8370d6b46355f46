"""Layer-wise methods, and how far their attributions may be off."""

import torch
from layer_cases import (
    DOUBLE,
)
from torch import nn

from synergy import METHODS

LAYER_WISE = [name for name in METHODS if METHODS[name].scope == "layer"]
DIFFERENCES = [
    ("deeplift_rescale", {}),
    ("deeplift_reveal_cancel", {}),
    ("deep_shap", {}),
    ("deep_shap", {"fused": True}),
]
EXACT = 1e-11


def numbers(*values):
    return torch.tensor([values], dtype=DOUBLE)


def _linear(weight, bias=None):
    layer = nn.Linear(len(weight[0]), len(weight), bias=bias is not None, dtype=DOUBLE)
    layer.weight.data = torch.tensor(weight, dtype=DOUBLE)
    if bias is not None:
        layer.bias.data = torch.tensor(bias, dtype=DOUBLE)
    return layer


FUSED = {"fused": True}
COMPLETE = ["deeplift_rescale", "deeplift_reveal_cancel", "deep_shap"]
