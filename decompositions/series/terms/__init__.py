"""The terms of a power series as a value, and how far they say that it reaches."""
