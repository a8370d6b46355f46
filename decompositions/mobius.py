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

GROUP = 4  # bits that one matrix product handles
SMALL = 2**14  # entries up to which the matrix products are faster
BLOCK = 18  # log2 of the number of entries that stay in cache together
COLUMNS = 13  # log2 of the width of a strip in which the high bits are taken together
NARROW = (1, 2)  # bits that are taken place by place


def mobius(values: Any, inplace: bool = False) -> Any:
    r"""Möbius transform over coalitions, in O(n 2ⁿ).

    .. math:: J(S) = \sum_{T \subseteq S} (-1)^{|S| - |T|} v(T)

    Args:
        values: the table v. Shape ``(..., 2**n)``: a torch tensor or a NumPy array of floats, or an object array of
            exact numbers. Non-finite entries spread over a block: check before.
        inplace: overwrite ``values``, which must then be contiguous.

    Returns:
        The table J. Shape ``(..., 2**n)``, of the kind and dtype of ``values``.

    Raises:
        ValueError: the last axis is no power of two, or ``inplace`` is asked of a non-contiguous table.

    >>> mobius(torch.tensor([0., 1., 2., 7.])).tolist()
    [0.0, 1.0, 2.0, 4.0]
    """
    return _transform(values, -1, inplace)


def zeta(values: Any, inplace: bool = False) -> Any:
    r"""Zeta transform, the inverse of :func:`mobius`: :math:`v(S) = \sum_{T \subseteq S} J(T)`.

    >>> zeta(np.array([0., 1., 2., 4.])).tolist()
    [0.0, 1.0, 2.0, 7.0]
    """
    return _transform(values, 1, inplace)


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


def _transform(values: Any, sign: int, inplace: bool) -> Any:
    if isinstance(values, np.ndarray) and values.dtype != object:
        if not inplace:
            return _transform(torch.from_numpy(values.copy(order="C")), sign, True).numpy()
        return _transform(torch.from_numpy(values), sign, True).numpy()
    n = table_size(values.shape[-1])
    contiguous = values.flags.c_contiguous if isinstance(values, np.ndarray) else values.is_contiguous()
    if inplace and not contiguous:
        raise ValueError("an in-place transform needs a contiguous table; pass inplace=False or a contiguous copy")
    if isinstance(values, np.ndarray):
        exact = values if inplace else values.copy()
        _exact_butterflies(exact.reshape(-1, 2**n), sign)
        return exact
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
