"""x and its baselines as rows of a DataFrame, as a person gives them."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np

from decompositions.arguments import shown
from decompositions.models.cells import FrameCells

TEXTS = ("object", "str", "string")
SHOWN = 5  # columns that an error names
SAME = "both have the same columns, in the same order and of the same types, as a function reads them by these"


def is_pandas(value: Any, kind: str) -> bool:
    """Whether something is a pandas DataFrame or Series, which is not loaded for it."""
    return any(c.__name__ == kind and c.__module__.partition(".")[0] == "pandas" for c in type(value).__mro__)


def frame_cells(x: Any, baseline: Any) -> FrameCells:
    """x and the baselines below it.

    Args:
        x: a DataFrame of one row, or a Series, which is read in the column types of a baseline that is a DataFrame.
        baseline: a number for all columns, a Series like x, or a background set, a DataFrame of K rows.

    Raises:
        TypeError: no DataFrame, or columns of other types.
        ValueError: several rows in x or none in the baseline; missing or other columns, or another order.
    """
    whole = is_pandas(baseline, "DataFrame")
    row = _of_series(x, baseline if whole else None, "x") if is_pandas(x, "Series") else x
    if len(row) != 1 or not row.shape[1]:
        raise ValueError(f"x is one row of at least one column, not of shape {row.shape}; take X.iloc[[0]], or X[:1]")
    if not row.columns.is_unique:
        twice = row.columns[row.columns.duplicated()][0]
        raise ValueError(f"the columns have names of their own; two are called {twice!r}: rename one of them")
    if not whole:
        baseline = _one_baseline(row, baseline)
    _require_same_columns(list(row.columns), list(baseline.columns))
    if not len(baseline):
        raise ValueError("a background set has at least one row, and this one has none")
    _require_same_types(row, baseline)
    return FrameCells(_below(row, baseline))


def _below(row: Any, baseline: Any) -> Any:
    """Rows of one frame; each column keeps its type."""
    from pandas import DataFrame, concat

    columns = [concat([row.iloc[:, j], baseline.iloc[:, j]], ignore_index=True).array for j in range(row.shape[1])]
    made = DataFrame(dict(enumerate(columns)))
    made.columns = row.columns
    return made


def _one_baseline(row: Any, baseline: Any) -> Any:
    """A Series, or a number for all columns, as a row like x."""
    if is_pandas(baseline, "Series"):
        return _of_series(baseline, row, "the baseline")
    if np.ndim(baseline) or not isinstance(baseline, (bool, int, float, np.number, np.bool_)):
        raise TypeError(
            f"x has named columns, and so has its baseline: a DataFrame, a Series or one number for all columns, not "
            f"{shown(baseline)}; pandas.DataFrame(b, columns=x.columns).astype(x.dtypes) makes one of an array"
        )
    texts = [name for name, dtype in row.dtypes.items() if str(dtype) in TEXTS]
    if texts:
        raise TypeError(_no_number(baseline, texts[0], row.dtypes[texts[0]]))
    return _typed(dict.fromkeys(row.columns, baseline), row, _no_number)


def _no_number(value: Any, name: Any, dtype: Any) -> str:
    return (
        f"the baseline {shown(value)} is no value of column {name!r} ({dtype}); give a row with the columns of x, or a "
        "background set"
    )


def _of_series(series: Any, like: Any, who: str) -> Any:
    """One row with the columns of a Series; in the types of another frame, if there is one."""
    if not series.index.is_unique:
        raise ValueError(f"the columns have names of their own; {who} has two of one name")
    if like is None:
        return series.to_frame().T.infer_objects()
    _require_same_columns(
        *((list(series.index), list(like.columns)) if who == "x" else (list(like.columns), list(series.index)))
    )
    return _typed(
        dict(series.items()),
        like,
        lambda value, name, dtype: (
            f"{who} has {shown(value)} in column {name!r}, which is {dtype} in the other rows and cannot hold it"
        ),
    )


def _typed(values: dict[Any, Any], like: Any, refusal: Any) -> Any:
    """One row of values in the types of another frame, which must hold them as they are.

    Raises:
        TypeError: a type does not.
    """
    from pandas import DataFrame, Series, isna

    arrays = []
    for name, value in values.items():
        dtype = like.dtypes[name]
        try:
            if not (isna(value) or value in getattr(dtype, "categories", [value])):
                raise ValueError("no such category")
            held = Series([value]).astype(dtype)
            kept = held.iloc[0]
            same = bool(isna(value)) if isna(kept) else bool(kept == value)
        except (ValueError, TypeError, OverflowError) as error:
            raise TypeError(refusal(value, name, dtype)) from error
        rounded = isinstance(value, Real) and isinstance(kept, np.floating) and np.isfinite(kept)
        if not (same or rounded):
            raise TypeError(refusal(value, name, dtype))
        arrays.append(held.array)
    made = DataFrame(dict(enumerate(arrays)))
    made.columns = like.columns
    return made


def _require_same_columns(x: Sequence[Any], baseline: Sequence[Any]) -> None:
    """Refuse baselines with other columns than x, or in another order.

    Raises:
        ValueError: names them.
    """
    if x == baseline:
        return
    missing = [name for name in x if name not in baseline]
    beyond = [name for name in baseline if name not in x]
    if missing or beyond:
        said = [f"the baseline lacks {_some(missing)}"] * bool(missing) + [f"x lacks {_some(beyond)}"] * bool(beyond)
        raise ValueError(f"{SAME}; {' and '.join(said)}")
    place = next(i for i, (one, other) in enumerate(zip(x, baseline, strict=True)) if one != other)
    raise ValueError(
        f"{SAME}; column {place} is {x[place]!r} in x and {baseline[place]!r} in the baseline: take baseline[x.columns]"
    )


def _some(names: Sequence[Any]) -> str:
    return ", ".join(repr(name) for name in names[:SHOWN]) + (", …" if len(names) > SHOWN else "")


def _require_same_types(row: Any, baseline: Any) -> None:
    """Refuse a column that is of two types, or of two lists of categories.

    Raises:
        TypeError: names the first.
    """
    for name, one, other in zip(row.columns, row.dtypes, baseline.dtypes, strict=True):
        categories = [list(each.categories) for each in (one, other) if hasattr(each, "categories")]
        if one == other and (len(categories) < 2 or categories[0] == categories[1]):
            continue
        kinds = "of other categories, or in another order," if len(categories) == 2 else f"{one} in x and {other}"
        raise TypeError(
            f"{SAME}; column {name!r} is {kinds} in the baseline: convert one of them, as in baseline.astype(x.dtypes)"
        )
