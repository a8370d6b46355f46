"""The functions on which axioms are tried: polynomials in exact arithmetic, and small ReLU networks."""
