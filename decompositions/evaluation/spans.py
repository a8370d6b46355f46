"""Ranges into which many coalitions are divided, to be evaluated and kept one by one."""

from __future__ import annotations

RANGES = 2**10  # into which the coalitions are divided, at most
RANGE = 2**10  # coalitions in one of them, where that makes no more
FEW = 2**4  # ranges into which fewer coalitions are divided
BATCHES = 4  # in one of them, at least


def spans(total: int, length: int) -> list[tuple[int, int]]:
    """Ranges of a length that cover ``0 .. total−1``.

    >>> spans(5, 2)
    [(0, 2), (2, 4), (4, 5)]
    """
    return [(start, min(start + length, total)) for start in range(0, total, length)]


def range_length(total: int, batch: int) -> int:
    """How many coalitions make a range: whole batches, at most :data:`RANGES` ranges.

    >>> range_length(2**9, 4), range_length(2**12, 300), range_length(2**26, 256)
    (32, 1200, 65536)
    """
    wanted = max(min(RANGE, -(-total // FEW)), BATCHES * batch, -(-total // RANGES))
    return -(-wanted // batch) * batch
