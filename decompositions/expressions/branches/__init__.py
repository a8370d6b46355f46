"""The branch of an expression with kinks that holds around a baseline, and how far it holds."""
