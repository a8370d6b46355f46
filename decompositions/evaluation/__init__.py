"""The values of g at many corners: in ranges, with checkpoints, and with shared layers."""
