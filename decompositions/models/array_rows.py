"""x and its baselines as NumPy rows, as a person gives them."""

from __future__ import annotations

from typing import Any

import numpy as np

from decompositions.arguments import shown
from decompositions.models.cells import ArrayCells
from decompositions.settings import argument, either

REAL = "bifu"
KINDS = f"{REAL}OSUmM"


def array_cells(x: np.ndarray, baseline: Any) -> ArrayCells:
    """x and the baselines below it.

    Args:
        x: one row, ``(d,)`` or with its batch axis ``(1, *shape)``.
        baseline: a number for all entries, one row, or a background set of K rows, ``(K, *shape)``.

    Raises:
        TypeError: another kind of numbers than x, or what is no array.
        ValueError: another shape, or no row.

    >>> array_cells(np.array([1.0, 2.0]), 0).array.tolist()
    [[1.0, 2.0], [0.0, 0.0]]
    """
    row = _one_row(x)
    names = either("a baseline", argument("baseline")), argument("x")
    alike = f"a row like {names[1]}, shape {row.shape}, or a background set of at least one such row"
    rule = f"{names[0]} is a number, {alike}"
    given = _filled(row, baseline) if np.ndim(baseline) == 0 else _given(row, baseline, rule)
    given = given[None] if given.ndim == row.ndim - 1 else given
    if given.shape[1:] != row.shape[1:] or not len(given):
        raise ValueError(f"{rule}, not of shape {given.shape}")
    texts = row.dtype.kind in "SU"  # as long as the longest
    return ArrayCells(np.concatenate([row, given], dtype=None if texts else row.dtype))


def _one_row(x: np.ndarray) -> np.ndarray:
    """x with its batch axis of 1."""
    if isinstance(x, np.ma.MaskedArray) or x.dtype.kind not in KINDS:
        kind = "a masked array" if isinstance(x, np.ma.MaskedArray) else str(x.dtype)
        raise TypeError(f"x is a row of numbers or texts, not {kind}; fill it, or give its columns as a DataFrame")
    row = np.asarray(x)[None] if x.ndim == 1 else np.asarray(x)
    if not row.ndim or len(row) != 1 or not row.size:
        raise ValueError(
            f"{argument('x')} is one row of at least one entry, with or without its batch axis, not of shape "
            f"{x.shape}; " + either("take X[0]", "save X[0], one row of the table X")
        )
    return row


def _given(row: np.ndarray, baseline: Any, rule: str) -> np.ndarray:
    """Rows of the type of x; lists are read in it."""
    if isinstance(baseline, (list, tuple)):
        return _held(row.dtype, _array(baseline, rule), rule)
    if not isinstance(baseline, np.ndarray) or isinstance(baseline, np.ma.MaskedArray):
        raise TypeError(f"{rule}, in NumPy as x is, not {shown(baseline)} ({type(baseline).__name__})")
    texts = row.dtype.kind == baseline.dtype.kind and row.dtype.kind in "SU"
    if baseline.dtype != row.dtype and not texts:
        raise TypeError(
            f"x is {row.dtype} and the baseline {baseline.dtype}, and a function is given one type; convert one of "
            f"them, as in baseline.astype({str(row.dtype)!r})"
        )
    return np.asarray(baseline)


def _array(values: Any, rule: str) -> np.ndarray:
    try:
        return np.asarray(values)
    except (ValueError, TypeError) as error:
        raise TypeError(f"{rule}, not {shown(values)}: {str(error).splitlines()[0]}") from error


def _filled(row: np.ndarray, number: Any) -> np.ndarray:
    """One value for all entries, in the type of x."""
    if row.dtype.kind not in REAL:
        raise TypeError(
            f"x is {row.dtype}, in which a single value is no baseline of all columns; give a row like x, or several"
        )
    return np.full(row.shape, _held(row.dtype, np.asarray(number), "a baseline of one number stands for all entries"))


def _held(dtype: np.dtype, values: np.ndarray, rule: str) -> np.ndarray:
    """Values in a type, which must hold them: whole numbers as they are, others up to rounding.

    Raises:
        TypeError: it does not.
    """
    if dtype.kind not in REAL:
        if dtype.kind not in (values.dtype.kind, "O"):
            raise TypeError(f"{rule}, of the kind of x ({dtype}), not {shown(values.tolist())}")
        return values.astype(object) if dtype.kind == "O" else values
    if values.dtype.kind not in REAL:
        raise TypeError(f"{rule}, real numbers as in x ({dtype}), not {shown(values.tolist())}")
    with np.errstate(all="ignore"):
        held = values.astype(dtype)
        lost = np.isfinite(values) & ~np.isfinite(held) if dtype.kind == "f" else held.astype(values.dtype) != values
    if lost.any():
        raise TypeError(f"x is {dtype} and cannot hold the baseline {values[lost].flat[0]}; give both one type")
    return held
