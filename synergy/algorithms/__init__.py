"""Practice: how attributions are computed."""
