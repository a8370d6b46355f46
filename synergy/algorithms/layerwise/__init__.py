"""Signals that go back through a network, layer by layer."""
