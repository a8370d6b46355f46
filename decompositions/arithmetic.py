"""One formula, three number systems: what torch tensors and exact object arrays need beyond + * / and comparisons.

An *array* is a torch tensor of floats (any device) or a NumPy object array of exact numbers (`fractions.Fraction` or
SymPy numbers). Nothing here knows of games or attributions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from numbers import Integral, Rational, Real
from typing import Any

import numpy as np
import torch

from decompositions.arguments import shown

Array = Any  # torch.Tensor of floats, or numpy.ndarray of dtype object


def is_exact(values: Array) -> bool:
    """Whether ``values`` holds exact numbers (an object array)."""
    return isinstance(values, np.ndarray) and values.dtype == object


def as_array(values: Any) -> Array:
    """A torch tensor of floats, or an object array if the entries are exact.

    Whole numbers and booleans become float64; floats keep their dtype, except that half precision is widened to
    float64.

    Raises:
        TypeError: no numbers, complex ones, rows of several lengths, or floats among exact numbers.

    >>> as_array([1, 2]).dtype, as_array([Fraction(1, 2)]).dtype
    (torch.float64, dtype('O'))
    """
    if not isinstance(values, torch.Tensor):
        array = _numbers(values)
        if array.dtype == object:
            return _objects([_exactly(entry) for entry in array.reshape(-1)], array.shape)
        values = torch.from_numpy(np.require(array, requirements=["C", "W"]))
    if values.dtype in (torch.float32, torch.float64):
        return values
    if values.is_complex():
        raise TypeError(f"{RULE}, not {values.dtype}; take the real part, the modulus or the angle")
    return values.double()


RULE = "values are real numbers, in a tensor, an array or nested lists"


def _numbers(values: Any) -> np.ndarray:
    """An array of numbers that torch has, too, or of objects.

    Raises:
        TypeError: text, rows of several lengths, dates, …
    """
    try:
        array = np.asarray(values)
    except (ValueError, TypeError, RuntimeError) as error:
        raise TypeError(f"{RULE}, not {shown(values)}: {str(error).splitlines()[0]}") from error
    if array.dtype.kind not in "biufcO" or (array.dtype == object and not array.ndim):
        raise TypeError(f"{RULE}, not {shown(values)}")
    if array.dtype.kind == "c":
        raise TypeError(f"{RULE}, not {array.dtype}; take the real part, the modulus or the angle")
    native = array.dtype.newbyteorder("=") if array.dtype.itemsize <= 8 else np.dtype(np.float64)
    return array if array.dtype == object else array.astype(native, copy=False)


def real_numbers(values: Any, rule: str) -> np.ndarray | torch.Tensor:
    """Real numbers of any type: a tensor as it is, anything else as an array of float64 or int64.

    Args:
        values: what came.
        rule: what they are, as the error begins.

    Raises:
        TypeError: text, complex numbers, rows of several lengths, …
    """
    if isinstance(values, torch.Tensor) and not values.is_complex():
        return values
    try:
        array = np.asarray(values)
        if array.dtype == object and array.size and all(isinstance(entry, Real) for entry in array.flat):
            array = array.astype(np.float64)
    except (ValueError, TypeError, RuntimeError, OverflowError) as error:
        raise TypeError(f"{rule}, not {shown(values)}: {str(error).splitlines()[0]}") from error
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{rule}, not {shown(values)}")
    return array.astype(np.float64 if array.dtype.kind == "f" else np.int64)


def _exactly(entry: Any) -> Any:
    """An exact number as Python or SymPy has it; SymPy's are told by what they answer, as it is not loaded here.

    Raises:
        TypeError: anything else.
    """
    symbolic = getattr(entry, "is_commutative", False) and not entry.is_Float
    if isinstance(entry, Fraction) or (symbolic and entry.is_real is not False):
        return entry
    if isinstance(entry, (bool, np.bool_, Integral)):
        return Fraction(int(entry))
    if isinstance(entry, Decimal) and entry.is_finite():
        return Fraction(entry)
    rest = "; give either exact numbers or floats alone" if isinstance(entry, (float, np.floating)) else ""
    raise TypeError(f"{RULE}; {shown(entry)} is no exact number{rest}")


def wide(values: torch.Tensor) -> torch.Tensor:
    """``values`` in float64; on a device without it (mps) the copy lives on the host."""
    return (values.cpu() if values.device.type == "mps" else values).double()


def like(table: np.ndarray | torch.Tensor, values: Array) -> Array:
    """A table of whole numbers in the number system (and on the device) of ``values``; exact ones are Fractions.

    >>> like(np.array([1, 2]), np.array([Fraction(1, 3)], dtype=object))
    array([Fraction(1, 1), Fraction(2, 1)], dtype=object)
    """
    if isinstance(values, np.ndarray) and not is_exact(values):
        return np.asarray(table).astype(values.dtype)
    if not is_exact(values):
        return torch.as_tensor(table).to(device=values.device, dtype=values.dtype)
    entries = np.asarray(table).reshape(-1)
    if any(entry != int(entry) for entry in entries):
        raise ValueError("a table of whole numbers is needed; this one has others")
    return _objects([Fraction(int(entry)) for entry in entries], np.shape(table))


def rationals(fractions: Sequence[Fraction], values: Array) -> Array:
    """Rational numbers in the number system (and on the device) of ``values``. Shape ``(len(fractions),)``."""
    if not is_exact(values):
        return torch.tensor([float(each) for each in fractions], dtype=values.dtype, device=values.device)
    one = values.reshape(-1)[0] * 0 + 1
    return objects([one * each.numerator / each.denominator for each in fractions])


def zeros(shape: tuple[int, ...], values: Array) -> Array:
    """Zeros of the number type and device of ``values``."""
    if is_exact(values):
        return np.full(shape, values.reshape(-1)[0] * 0 if values.size else Fraction(0), dtype=object)
    return torch.zeros(shape, dtype=values.dtype, device=values.device)


def objects(numbers: list[Any]) -> np.ndarray:
    """A one-dimensional object array of the given numbers, whatever they are."""
    return _objects(numbers, (len(numbers),))


def concatenate(parts: list[Array], axis: int) -> Array:
    """Arrays of one number system along an axis."""
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts, axis) if is_exact(parts[0]) else torch.cat(parts, axis)


def stack(parts: list[Array], axis: int) -> Array:
    """Arrays of one number system and shape along a new axis."""
    return np.stack(parts, axis) if is_exact(parts[0]) else torch.stack(parts, axis)


def to_float(values: Array) -> np.ndarray:
    """A float64 NumPy copy, for printing, plotting and reports.

    Raises:
        TypeError: expressions with symbols.
    """
    if not is_exact(values):
        return values.detach().cpu().double().numpy()
    try:
        return np.array([_float(value) for value in values.reshape(-1)], dtype=np.float64).reshape(values.shape)
    except TypeError as error:
        held = ", ".join(free_symbols(values)) or "nothing of the kind"
        raise TypeError(f"floats are made of numbers, and these hold symbols ({held}); give them values") from error


def within_floats(values: Array) -> bool:
    """Whether floats hold all numbers: none that is exact is beyond their range, or so small that it would be zero."""
    if not is_exact(values):
        return True
    floats = to_float(values)
    return bool(np.isfinite(floats).all() and ((floats != 0) | (values == 0)).all())


def strengths(values: Array) -> np.ndarray:
    """The sizes of numbers in floats; of exact ones beyond the range of floats, their places in the order of sizes."""
    if within_floats(values):
        return np.abs(to_float(values))
    order = sorted({abs(value) for value in values.reshape(-1)} | {0})
    place = {value: float(number) for number, value in enumerate(order)}
    return np.array([place[abs(value)] for value in values.reshape(-1)]).reshape(values.shape)


def _float(value: Any) -> float:
    """The nearest float, of a fraction by one division of whole numbers; infinity beyond the range."""
    if not isinstance(value, Rational):
        return float(value)
    try:
        return int(value.numerator) / int(value.denominator)
    except OverflowError:
        return math.copysign(math.inf, value)


def free_symbols(values: Array) -> tuple[str, ...]:
    """The names of the symbols in exact values, sorted; none in floats and fractions."""
    if not is_exact(values):
        return ()
    held = (getattr(value, "free_symbols", ()) for value in values.reshape(-1))
    return tuple(sorted({str(symbol) for symbols in held for symbol in symbols}))


def precision(values: Array) -> float:
    """The relative rounding error of one number: 0 for exact ones, else the dtype's epsilon."""
    return 0.0 if is_exact(values) else float(torch.finfo(values.dtype).eps)


def _objects(numbers: list[Any], shape: tuple[int, ...]) -> np.ndarray:
    out = np.empty(len(numbers), dtype=object)
    out[:] = numbers
    return out.reshape(shape)
