"""What is read from a model of trees."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from decompositions.arguments import shown, whole
from decompositions.settings import setting
from decompositions.trees.ensemble import Ensemble

NUMBERS = "biuf"  # kinds of types


@dataclass(frozen=True, eq=False)
class TreeModel:
    """A sum of trees, and the model's own output that it has to give.

    Args:
        ensemble: the trees.
        call: the model's output at rows as a caller has them. Shape ``(batch,)``.
        encode: such rows as the numbers that the trees compare. Shape ``(batch, width)``.
        names: of the columns with which the model was fitted; None where it was not told any.
        output: what it gives, in words.
    """

    ensemble: Ensemble
    call: Callable[[Any], np.ndarray]
    encode: Callable[[Any], np.ndarray]
    names: tuple[str, ...] | None
    output: str


def place_of(target: Any, classes: Sequence[Any], what: str) -> int | None:
    """The number of a class, or of another output, that is asked for by its number or name; None for none.

    Args:
        target: what came.
        classes: the names of all.
        what: they are, in words.

    Raises:
        TypeError, LookupError: there is no such class.
        ValueError: classes that are numbers themselves, and another one at that place.

    >>> place_of("2", [1, 2, 3], "a class"), place_of(1, [-1, 1], "a class")
    (1, 1)
    """
    if target is None:
        return None
    names = [str(each) for each in classes]
    if isinstance(target, str):
        if target not in names:
            raise LookupError(f"target {target!r} is not there; there are {', '.join(map(repr, names[:12]))}")
        return names.index(target)
    number = whole(target, f"target is the number of {what}, or the name of a class")
    if not 0 <= number < len(names):
        some = ", ".join(map(repr, names[:12]))
        raise LookupError(
            f"target is the number of {what}, from 0 to {len(names) - 1}, not {number}, or the name, as {some}"
        )
    own = classes[number]
    if isinstance(own, (int, float, np.number)) and own != number:
        raise ValueError(
            f"target={number} may be the class {number} or the one that is counted {number} from 0, which is {own}, as "
            f"the classes are numbers themselves; give the name, one of {', '.join(map(repr, names[:12]))}"
        )
    return number


def require_place(target: Any, classes: Sequence[Any], what: str) -> int:
    """The same where there are several, one of which is explained."""
    place = place_of(target, classes, what)
    if place is None:
        some = ", ".join(map(str, list(classes)[:6]))
        raise ValueError(
            f"this model has {len(classes)} outputs ({some}), and one is explained: give {what} as {setting('target')}"
        )
    return place


def numbers(rows: Any, taught: Mapping[str, Sequence[Any]] = MappingProxyType({})) -> np.ndarray:
    """Rows of an array or a DataFrame as float64. Shape ``(batch, width)``.

    Args:
        rows: whose columns are numbers, or of a DataFrame categories.
        taught: the categories of columns by their names, as the model was taught them. A cell is its number among
            them; one that is not there is missing.

    Raises:
        TypeError: a column of another kind.
    """
    if hasattr(rows, "dtypes"):
        return np.stack([_column(rows[name], taught.get(str(name))) for name in rows.columns], 1)
    if rows.dtype.kind not in NUMBERS:
        raise TypeError(f"the trees compare numbers, and x is {rows.dtype} ({shown(rows)}); give x as floats")
    return np.asarray(rows.astype(np.float64))


def _column(column: Any, categories: Sequence[Any] | None) -> np.ndarray:
    """A column of a DataFrame as numbers."""
    if categories is not None and hasattr(column, "cat"):
        codes = column.cat.set_categories(categories).cat.codes.to_numpy(dtype=np.float64)
        return np.where(codes < 0, np.nan, codes)
    if getattr(column.dtype, "kind", "O") not in NUMBERS:
        raise TypeError(
            f"the trees compare numbers, and column {column.name!r} is {column.dtype}; convert it as the model was "
            "taught, or ask by Game.from_model(model.predict_proba, x, background)"
        )
    return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
