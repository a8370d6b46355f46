"""Ensembles of trees, read from the libraries that fit them: a sum of leaves, and with it exact sparse effects."""
