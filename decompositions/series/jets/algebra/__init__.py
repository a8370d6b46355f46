"""The algebra of jets: the value, and the rule of every operation on it."""
