"""Indices of sets that are made of a rule for single players."""
