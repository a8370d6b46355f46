"""The table of effects, and its file."""
