"""Curves from the baseline to x in the cube of the players."""
