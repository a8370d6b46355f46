"""From coarse players to finer ones."""
