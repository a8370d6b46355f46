"""Fixtures of shared prefixes."""

import pytest

from decompositions.evaluation.prefix import prefix


@pytest.fixture
def always(monkeypatch):
    """A shared prefix is looked for in small networks, too, and used whatever it saves."""
    monkeypatch.setattr(prefix, "WORTH", 0)
    monkeypatch.setattr(prefix, "GAIN", 0)
