"""Where memory runs out: told from other errors, and said in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from decompositions.counts import count
from decompositions.settings import setting

MOST = 2**62  # bytes, beyond what any machine has and near to where sizes are no numbers of the machine's any more


def is_out_of_memory(error: Exception) -> bool:
    """Whether an error says that memory ran out.

    >>> is_out_of_memory(RuntimeError("CUDA error: out of memory")), is_out_of_memory(RuntimeError("shapes differ"))
    (True, False)
    """
    said = str(error).lower()
    words = ("out of memory", "can't allocate memory", "cannot allocate memory")
    return isinstance(error, MemoryError) or any(each in said for each in words)


@contextmanager
def needed(what: str, size: int, device: Any = "cpu", way_out: str = "") -> Iterator[None]:
    """Work that needs memory; where that runs out, the error says what for and how much.

    Args:
        what: needs it, in the plural, as the error begins.
        size: the bytes that it takes at least.
        device: where.
        way_out: how the error ends; by default with fewer players, or an order.

    Raises:
        MemoryError: the memory is not there. One that says so already is left as it is.

    >>> with needed("the values of 2 coalitions", 2**22, way_out="take fewer"):
    ...     raise MemoryError
    Traceback (most recent call last):
    MemoryError: the values of 2 coalitions take 4 MiB on cpu, which are not free; take fewer
    """
    way_out = way_out or f"take {setting('order', 2)} for the lower orders only, or fewer players"
    said = f"{what} take {count(-(-size // 2**20))} MiB on {device}, which are not free; {way_out}"
    if size >= MOST:
        raise MemoryError(said)
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        explained = type(error) is MemoryError and error.args
        if explained or not is_out_of_memory(error):
            raise
        raise MemoryError(said) from error
