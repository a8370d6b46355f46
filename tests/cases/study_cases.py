"""A small study, in a second."""

import torch
from torch import nn

from synergy.studies import study

METHODS = ["shapley", "gradient_x_input", "integrated_gradients"]


def small():
    torch.manual_seed(4)
    return nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3)).eval()


def some(count=9):
    return torch.randn(count, 4, generator=torch.Generator().manual_seed(5))


def asked(folder, **others):
    settings = {"targets": [0, 1, 2] * 3, "methods": METHODS, **others}
    return study(small(), some(), folder=folder, **settings)
