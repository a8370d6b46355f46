"""Networks, read step by step: what each step computes."""
