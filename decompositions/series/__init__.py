"""Taylor effects: power series at the baseline, and how far they reach."""
