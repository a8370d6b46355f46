"""Networks read by ``torch.export``: from ATen operations to steps, by a table of rules."""
