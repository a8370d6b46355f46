"""Möbius and zeta transforms along the last axis of a table of 2ⁿ values, at memory speed.

The position of a coalition is its bitmask: bit i is player i. A transform is one addition or subtraction per bit,
in place and block by block so that a block stays in cache. Small tables on the CPU, where the calls cost more than the
arithmetic, take a few matrix products with the Kronecker power of ``[[1, 0], [∓1, 1]]`` instead.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import torch

from decompositions.arguments import shown
from decompositions.memory import needed

GROUP = 4  # bits that one matrix product handles
SMALL = 2**14  # entries up to which the matrix products are faster
BLOCK = 18  # log2 of the number of entries that stay in cache together
COLUMNS = 13  # log2 of the width of a strip in which the high bits are taken together
NARROW = (1, 2)  # bits that are taken place by place
NUMBERS = "?bBhHiIlLqQfdFDO"  # NumPy's types that torch has, too, without half precision; and exact numbers
WAY_OUT = "overwrite the table with inplace=True, or take fewer players"
HALF = (torch.float16, torch.bfloat16)  # their differences of many values would have no digit left


def mobius(values: Any, inplace: bool = False) -> Any:
    r"""Möbius transform over coalitions, in O(n 2ⁿ).

    .. math:: J(S) = \sum_{T \subseteq S} (-1)^{|S| - |T|} v(T)

    Args:
        values: the table v. Shape ``(..., 2**n)``: a torch tensor or a NumPy array of numbers, or an object array of
            exact ones. Non-finite entries spread over a block: check before.
        inplace: overwrite ``values``, which must then be contiguous, writable and of floats or int64.

    Returns:
        The table J. Shape ``(..., 2**n)``, of the kind of ``values``. Floats keep their dtype; whole numbers of any
        type and booleans become int64, so that no result wraps around.

    Raises:
        TypeError: no tensor or array of numbers, or ``inplace`` is asked of a type that cannot hold the result.
        ValueError: the last axis is no power of two, ``inplace`` is asked of a table that is not contiguous or
            writable, or sums of whole numbers may exceed int64.
        MemoryError: the result does not fit.

    Theory: :ref:`inversion`.

    >>> mobius(torch.tensor([0., 1., 2., 7.])).tolist()
    [0.0, 1.0, 2.0, 4.0]
    >>> mobius(np.array([200, 0, 0, 7], dtype=np.uint8)).tolist()
    [200, -200, -200, 207]
    """
    return _checked(values, -1, inplace)


def zeta(values: Any, inplace: bool = False) -> Any:
    r"""Zeta transform, the inverse of :func:`mobius`: :math:`v(S) = \sum_{T \subseteq S} J(T)`.

    >>> zeta(np.array([0., 1., 2., 4.])).tolist()
    [0.0, 1.0, 2.0, 7.0]
    """
    return _checked(values, 1, inplace)


def table_size(length: int) -> int:
    """The n of a table of ``2**n`` values.

    Raises:
        ValueError: ``length`` is no power of two.

    >>> table_size(8)
    3
    """
    if length < 1 or length & (length - 1):
        raise ValueError(f"a table over coalitions has 2**n values along its last axis, not {length}")
    return length.bit_length() - 1


def _checked(values: Any, sign: int, inplace: bool) -> Any:
    """The transform of a table of any kind."""
    _check(values, inplace)
    with needed(*_table(values)):
        return _transformed(values, sign, inplace)


def _table(values: Any) -> tuple[str, int, Any, str]:
    """What a transform of a table needs: another one, whose entries have at most eight bytes."""
    entries = values.size if isinstance(values, np.ndarray) else values.numel()
    return f"{entries:,} transformed values", 8 * entries, getattr(values, "device", "cpu"), WAY_OUT


def _transformed(values: Any, sign: int, inplace: bool) -> Any:
    if isinstance(values, np.ndarray) and values.dtype == object:
        exact = values if inplace else values.copy()
        _exact_butterflies(exact.reshape(-1, values.shape[-1]), sign)
        return exact
    if isinstance(values, np.ndarray):
        return _transform(_tensor(values, inplace), sign, True).numpy()
    if _is_whole(values):
        return _transform(_int64(values, inplace), sign, inplace)
    return _transform(values, sign, inplace)


def _check(values: Any, inplace: bool) -> None:
    """Refuse what is no table, or cannot be overwritten."""
    if not isinstance(values, (torch.Tensor, np.ndarray)):
        raise TypeError(
            f"a table over coalitions is a tensor or an array, not {shown(values)}; np.array(values) makes one"
        )
    unfit = values.dtype in HALF if isinstance(values, torch.Tensor) else values.dtype.char not in NUMBERS
    if unfit:
        raise TypeError(f"a table over coalitions holds numbers, not {values.dtype}; convert them to float64")
    table_size(values.shape[-1] if values.ndim else 0)
    contiguous = values.flags.c_contiguous if isinstance(values, np.ndarray) else values.is_contiguous()
    if inplace and not contiguous:
        raise ValueError("an in-place transform needs a contiguous table; pass inplace=False or a contiguous copy")
    if inplace and isinstance(values, np.ndarray) and not (values.flags.writeable and values.dtype.isnative):
        raise ValueError("an in-place transform needs a writable table in the machine's byte order; pass inplace=False")


def _tensor(values: np.ndarray, inplace: bool) -> torch.Tensor:
    """The numbers of an array as a contiguous tensor that may be overwritten: the array's own memory if in place."""
    native = values.astype(values.dtype.newbyteorder("="), order="C", copy=not inplace)
    tensor = torch.from_numpy(native)
    return _int64(tensor, inplace) if _is_whole(tensor) else tensor


def _is_whole(values: torch.Tensor) -> bool:
    return not (values.is_floating_point() or values.is_complex())


def _int64(values: torch.Tensor, inplace: bool) -> torch.Tensor:
    """Whole numbers as int64, where all sums of theirs fit.

    Raises:
        TypeError: to be overwritten, and of another type.
        ValueError: they may not fit.
    """
    if inplace and values.dtype != torch.int64:
        raise TypeError(
            f"whole numbers are transformed in int64, which does not fit {values.dtype}; pass inplace=False"
        )
    sums = values.double().abs().sum(-1)
    if values.device.type != "meta" and values.numel() and float(sums.max()) >= 2.0**62:
        raise ValueError(
            "sums of these whole numbers may exceed int64; pass floats, or an object array of Python's own numbers"
        )
    return values.to(torch.int64)


def _transform(values: torch.Tensor, sign: int, inplace: bool) -> torch.Tensor:
    n = table_size(values.shape[-1])
    rotated = values.device.type == "cpu" and values.is_floating_point() and n > 0 and values.numel() <= SMALL
    if rotated:
        out = _rotations(values.reshape(-1, 2**n), n, sign).reshape(values.shape)
        return values.copy_(out) if inplace else out
    out = values if inplace else values.clone(memory_format=torch.contiguous_format)
    _in_place(out.view(-1, 2**n), n, sign)
    return out


def _in_place(rows: torch.Tensor, n: int, sign: int) -> None:
    """One pass per bit, in blocks that stay in cache: the low bits block by block, then the high bits by columns."""
    if rows.device.type != "cpu":
        return _butterflies(rows, sign)
    if n <= BLOCK:
        for some in rows.split(2 ** (BLOCK - n)):
            _butterflies(some, sign)
        return None
    for block in rows.view(-1, 2**BLOCK):
        _butterflies(block.view(1, -1), sign)
    table = rows.view(-1, 2 ** (n - BLOCK), 2**BLOCK)
    for columns in table.split(2**COLUMNS, dim=-1):
        _butterflies(columns, sign)
    return None


def _butterflies(rows: torch.Tensor, sign: int) -> None:
    """One addition or subtraction per bit, in place, along axis 1; what lies behind it goes along."""
    narrow = rows.ndim == 2 and rows.device.type == "cpu" and rows.is_floating_point()
    for bit in range(table_size(rows.shape[1])):
        if narrow and bit in NARROW:
            _narrow(rows, bit, sign)
        else:
            pairs = rows.unflatten(1, (-1, 2, 1 << bit))
            pairs[:, :, 1].add_(pairs[:, :, 0], alpha=sign)


def _narrow(rows: torch.Tensor, bit: int, sign: int) -> None:
    """A low bit, whose runs of 2 or 4 numbers are too short for one call: two numbers at a time, as a complex one."""
    runs = torch.view_as_complex(rows.view(-1, 2)).view(-1, 1 << bit)
    half = 1 << (bit - 1)
    for place in range(half):
        runs[:, half + place].add_(runs[:, place], alpha=sign)


def _exact_butterflies(rows: np.ndarray, sign: int) -> None:
    for bit in range(table_size(rows.shape[1])):
        pairs = rows.reshape(len(rows), -1, 2, 1 << bit)
        pairs[:, :, 1] += sign * pairs[:, :, 0]


def _rotations(rows: torch.Tensor, n: int, sign: int) -> torch.Tensor:
    """Transform the lowest bits by a matrix product that rotates them to the top, until all had their turn."""
    done = 0
    while done < n:
        size = min(GROUP, n - done)
        matrix = _kronecker(size, sign, rows.dtype)
        rows = torch.matmul(matrix, rows.view(-1, 2 ** (n - size), 2**size).transpose(1, 2)).reshape(-1, 2**n)
        done += size
    return rows


@lru_cache
def _kronecker(bits: int, sign: int, dtype: torch.dtype) -> torch.Tensor:
    one = torch.tensor([[1, 0], [sign, 1]], dtype=dtype)
    matrix = torch.ones(1, 1, dtype=dtype)
    for _ in range(bits):
        matrix = torch.kron(one, matrix)
    return matrix
