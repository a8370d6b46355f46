"""Model calls, counted as they are made."""

from __future__ import annotations


class Calls:
    """How many model calls were made; it watches a game, ``game.watched(calls)``.

    >>> calls = Calls()
    >>> calls(2), calls(3), calls.count
    (None, None, 5)
    """

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, calls: int) -> None:
        """So many more."""
        self.count += calls
