"""How effects are shown."""
