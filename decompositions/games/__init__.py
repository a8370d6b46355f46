"""The question: a function on the cube of its players, from a model, an expression or a table."""
