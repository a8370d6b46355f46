"""Harsanyi dividends, of one game or of several together."""
