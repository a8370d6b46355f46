"""From a function of NumPy rows or of a DataFrame, as a person gives it, to a FunctionCube."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from decompositions.arguments import shown
from decompositions.games.columns import grouped
from decompositions.games.from_torch import function_cube
from decompositions.games.function_cube import FunctionCube
from decompositions.games.pieces import Columns
from decompositions.models.array_rows import array_cells
from decompositions.models.cells import AbstractCells
from decompositions.models.frame_rows import frame_cells, is_pandas
from decompositions.models.full_precision import full_precision
from decompositions.models.row_function import row_function
from decompositions.models.undisturbed import undisturbed

CALLS = ("predict_proba", "decision_function", "predict")


def is_rows(x: Any) -> bool:
    """Whether x is a NumPy array, a DataFrame or a Series."""
    return isinstance(x, np.ndarray) or is_pandas(x, "DataFrame") or is_pandas(x, "Series")


def row_cube(
    call: Callable[[Any], Any], x: Any, baseline: Any, target: Any, players: Any, weights: Any, chunk: int | None
) -> tuple[FunctionCube, tuple[str, ...] | None, Columns | None]:
    """The cube of a function of rows, whose cells are those of x or of a baseline, the players' names, and the columns.

    Args:
        call: rows like x → one number per row, or several of which ``target`` names one.
        x: one row, which says of what kind the rows are that the function is given.
        baseline: one number, a row, or a background set of them.
        target: as :meth:`decompositions.games.game.Game.from_model`; the name of a class, too.
        players: None for the columns, a mapping of names to columns, or an integer tensor.
        weights: of the baselines.
        chunk: rows handed over at once.

    Raises:
        TypeError, ValueError, LookupError: whatever does not fit, said with the way out.
    """
    _require_function(call)
    cells = array_cells(x, baseline) if isinstance(x, np.ndarray) else frame_cells(x, baseline)
    players, names = _players(cells, players)
    with undisturbed(call, looking=True), full_precision():
        function = row_function(call, cells, target)
    codes = torch.from_numpy(cells.codes())
    columns = Columns(tuple(map(str, cells.columns))) if cells.named or names is not None else None
    return function_cube(function, codes[:1], codes[1:], players, weights, chunk), names, columns


def _players(cells: AbstractCells, players: Any) -> tuple[Any, tuple[str, ...] | None]:
    if isinstance(players, Mapping):
        if len(cells.shape) != 1:
            raise TypeError(f"groups of columns are those of a row (d,), and x has the shape {cells.shape}")
        return grouped(cells.columns, players)
    return players, tuple(map(str, cells.columns)) if cells.named and players is None else None


def _require_function(call: Any) -> None:
    """Refuse what is no function, above all the object whose method is meant.

    Raises:
        TypeError: names its methods.
    """
    known = [each for each in CALLS if callable(getattr(call, each, None))]
    if known or not callable(call):
        way = ", ".join(f"model.{each}" for each in known) or "as forest.predict_proba"
        raise TypeError(f"the model of NumPy rows or DataFrames is a function of them, not {shown(call)}; give {way}")
