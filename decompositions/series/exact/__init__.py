"""The power series of expressions, exactly: the branch around the baseline, its terms, and how far it holds."""
