"""Taylor effects: power series at the baseline, exactly or by jets."""
