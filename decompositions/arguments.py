"""What a caller hands over, looked at once: numbers of the right kind, and the error that says the rule."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping
from typing import Any

LONGEST = 60  # characters of a value that an error repeats


def shown(value: Any) -> str:
    """A value for an error message: its repr if that is short, else its beginning, or its type where it has no repr.

    >>> shown("x" * 100)
    "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx… (100 characters)"
    """
    if isinstance(value, (str, bytes)) and len(value) > LONGEST:
        return f"{value[: LONGEST - 3]!r}"[:-1] + f"… ({len(value):,} characters)"
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 3 * LONGEST:
        return f"a number of {value.bit_length():,} bits"
    if getattr(value, "shape", ()) and isinstance(getattr(value, "ndim", None), int):
        return f"{type(value).__name__} of shape {tuple(value.shape)}"
    try:
        text = repr(value)
    except Exception:  # a repr of someone else's may raise anything
        return f"a {type(value).__name__}"
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}…"


def whole(value: Any, what: str, least: int | None = None, most: int | None = None) -> int:
    """A whole number as Python's own; NumPy's and torch's are taken, booleans and floats are not.

    Args:
        value: what came.
        what: what it is, as the error begins: "chunk is the number of inputs handed over at once".
        least: the smallest that is allowed.
        most: the largest, where there is a smallest, too.

    Raises:
        TypeError: no whole number.
        ValueError: a smaller or a larger one.

    >>> whole(3, "order is the largest size of a coalition", 1)
    3
    >>> whole(True, "order is the largest size of a coalition", 1)
    Traceback (most recent call last):
    TypeError: order is the largest size of a coalition, a whole number of at least 1, not True
    """
    bounds = "" if least is None else f" of at least {least}" if most is None else f" from {least} to {most:,}"
    rule = f"{what}, a whole number{bounds}"
    if isinstance(value, bool) or str(getattr(value, "dtype", "")).endswith("bool") or _several(value):
        raise TypeError(f"{rule}, not {shown(value)}")
    try:
        number = operator.index(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(f"{rule}, not {shown(value)}") from error
    if (least is not None and number < least) or (most is not None and number > most):
        raise ValueError(f"{rule}, not {shown(number)}")
    return number


def real(value: Any, what: str, least: float | None = None, *, above: float | None = None) -> float:
    """A finite real number as a float; booleans, text and what is no single number are refused.

    Args:
        value: what came.
        what: what it is, as the error begins.
        least: the smallest that is allowed.
        above: the bound that it must exceed.

    Raises:
        TypeError: no number.
        ValueError: NaN, infinite, or out of bounds.

    >>> real("2", "sigma is the standard deviation of the noise", 0)
    Traceback (most recent call last):
    TypeError: sigma is the standard deviation of the noise, a finite number of at least 0, not '2'
    """
    bound = "" if least is None else f" of at least {least}"
    rule = f"{what}, a finite number{bound if above is None else f' above {above}'}"
    text = isinstance(value, (bool, str, bytes, bytearray))
    if text or str(getattr(value, "dtype", "")).endswith("bool") or _several(value):
        raise TypeError(f"{rule}, not {shown(value)}")
    try:
        number = float(value)
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise TypeError(f"{rule}, not {shown(value)}") from error
    wrong = not math.isfinite(number) or (least is not None and number < least)
    if wrong or (above is not None and number <= above):
        raise ValueError(f"{rule}, not {shown(value)}")
    return number


def yes_or_no(value: Any, what: str) -> bool:
    """A boolean; whatever else is true or false in Python is refused, as "no" is true.

    Raises:
        TypeError: no boolean.

    >>> yes_or_no("no", "relu says whether negative shares are set to zero")
    Traceback (most recent call last):
    TypeError: relu says whether negative shares are set to zero, True or False, not 'no'
    """
    if not isinstance(value, bool):
        raise TypeError(f"{what}, True or False, not {shown(value)}")
    return value


def entries(values: Any, rule: str) -> list[Any]:
    """The entries of a list, a tuple, an array or another iterable that has an order.

    Args:
        values: what came.
        rule: what they are, as the error begins.

    Raises:
        TypeError: text or bytes, whose letters are no entries, a mapping, a set, or nothing that has entries.

    >>> entries("13", "weights are a list of numbers, one per baseline")
    Traceback (most recent call last):
    TypeError: weights are a list of numbers, one per baseline, not '13'
    """
    if isinstance(values, (str, bytes, bytearray, memoryview, Mapping, set, frozenset)):
        raise TypeError(f"{rule}, not {shown(values)}")
    try:
        return list(values)
    except TypeError as error:
        raise TypeError(f"{rule}, not {shown(values)}") from error


def _several(value: Any) -> bool:
    """Whether it is an array with axes, be it of one number."""
    return isinstance(getattr(value, "ndim", None), int) and value.ndim > 0
