"""The power series of expressions, exactly."""
