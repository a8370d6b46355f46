"""Truncated power series of expressions in exact arithmetic: rings, recurrences, and the plan."""
