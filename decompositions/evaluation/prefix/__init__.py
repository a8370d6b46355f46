"""The first layers of a network, run once for many coalitions."""
