"""Settings of the suite."""

import pytest
import torch
from hypothesis import settings

from synergy.method import _REGISTRY

settings.register_profile("suite", derandomize=True, deadline=None, max_examples=30, database=None)
settings.load_profile("suite")

DEVICES = [
    "cpu",
    pytest.param(
        "cuda",
        marks=[
            pytest.mark.gpu,
            pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device, and there is none"),
        ],
    ),
]


@pytest.fixture(params=DEVICES)
def device(request):
    """Every device that is at hand."""
    return torch.device(request.param)


@pytest.fixture
def registry():
    """The registry of methods, put back afterwards as it was."""
    before = dict(_REGISTRY)
    yield _REGISTRY
    _REGISTRY.clear()
    _REGISTRY.update(before)
