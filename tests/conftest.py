"""Settings of the suite."""

import pytest
import torch
from hypothesis import settings

from synergy.method import _REGISTRY

settings.register_profile("suite", derandomize=True, deadline=None, max_examples=30, database=None)
settings.load_profile("suite")


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    """Tables have the width that they have without a terminal, whatever terminal the suite is started from."""
    monkeypatch.delenv("COLUMNS", raising=False)


def _gpu(name, there, title):
    missing = f"needs {title}, and there is none"
    return pytest.param(name, marks=[pytest.mark.gpu, pytest.mark.skipif(not there, reason=missing)])


DEVICES = [
    "cpu",
    _gpu("cuda", torch.cuda.is_available(), "a CUDA device"),
    _gpu("mps", torch.backends.mps.is_available(), "an Apple GPU (mps)"),
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


@pytest.fixture(scope="session")
def done(tmp_path_factory):
    """A small study that several tests look at."""
    for library in ("pyarrow", "pandas"):
        pytest.importorskip(library, reason="a study needs the extra 'studies'")
    from study_cases import asked

    return asked(tmp_path_factory.mktemp("study") / "small")
