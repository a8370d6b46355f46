"""Several methods on one game."""
