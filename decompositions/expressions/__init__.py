"""Expressions: read, bounded, brought to a normal form, and their branches and limits."""
