"""Expressions: read, bounded, and brought to a normal form."""
