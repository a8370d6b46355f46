"""Truncated power series of expressions in exact arithmetic: rings, recurrences, the plan, limits."""
