"""Truncated power series of expressions in exact arithmetic, and the values at 0/0 that they give."""
