"""Expressions: read, bounded in size, and brought to a normal form."""
