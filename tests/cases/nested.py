"""Taylor coefficients by nested derivatives: a slow twin of jets, where torch has the derivatives right."""

import math

import pytest
import torch
from torch.func import jacfwd

FORWARD = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")


def nested(f, start, slope, degree):
    """The Taylor coefficients of s ↦ f(start + s slope) by jacfwd of jacfwd of …"""
    g, found = (lambda s: f(start + s * slope)), []
    for k in range(degree + 1):
        found.append(g(torch.zeros((), dtype=torch.float64)) / math.factorial(k))
        g = jacfwd(g)
    return torch.stack(found)
