"""From a model of trees, a row and a background, as a person gives them, to a cube about a sum of leaves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from decompositions.arguments import shown
from decompositions.games.from_rows import is_rows, row_cube
from decompositions.games.function_cube import FunctionCube
from decompositions.games.leaves import LeafSum
from decompositions.games.pieces import Columns
from decompositions.models.array_rows import array_cells
from decompositions.models.cells import AbstractCells, ArrayCells
from decompositions.models.frame_rows import frame_cells
from decompositions.models.row_function import LONG, RowFunction
from decompositions.trees.model import TreeModel
from decompositions.trees.reading import read
from decompositions.visible import in_one_line

LOOKED_AT = 64  # mixtures of x and baselines at which the leaves are compared with the model, and so many baselines
ROUNDING = 32.0  # of epsilon, relative to the largest sum of |leaves|: how far the model's own sum may be


def tree_cube(
    model: Any, x: Any, baseline: Any, target: Any, players: Any, weights: Any
) -> tuple[FunctionCube, tuple[str, ...] | None, Columns | None]:
    """The cube of :meth:`decompositions.games.game.Game.from_trees`, whose arguments these are, the players' names, and
    the columns.

    Raises:
        TypeError, ValueError, LookupError: whatever does not fit, said with the way out; above all leaves that do not
            add up to the model's own output.
    """
    x, baseline = _row(x), baseline if is_rows(baseline) or np.ndim(baseline) == 0 else _row(baseline)
    found = read(model, target)
    _require_width(found, x, "x")
    _require_width(found, baseline, "the baseline")
    cells = array_cells(x, baseline) if isinstance(x, np.ndarray) else frame_cells(x, baseline)
    _require_columns(found, cells)
    encoded = found.encode(cells.rows)
    _require_taken(found, cells)
    own, names, columns = row_cube(found.call, x, baseline, None, players, weights, None)
    if not cells.named and found.names is not None:
        columns = Columns(found.names)
        names = found.names if players is None else names
    assert isinstance(own.f, RowFunction)
    cube = replace(own, f=RowFunction(found.ensemble, ArrayCells(encoded)), dtype=torch.float64)
    function = LeafSum(found.ensemble, _gap(found, own, cube))
    function.ways(own.entry_players().numpy())
    return replace(cube, f=RowFunction(function, ArrayCells(encoded))), names, columns


def _row(x: Any) -> Any:
    """Rows as a person has them, lists and tensors as arrays of floats."""
    if is_rows(x):
        return x
    if isinstance(x, torch.Tensor):
        return x.detach().cpu().numpy()
    try:
        return np.asarray(x, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(f"x and the baseline are rows of numbers, in NumPy or a DataFrame, not {shown(x)}") from error


def _require_width(found: TreeModel, rows: Any, what: str) -> None:
    """Refuse rows of another width than those that the model knows, before one is held against another.

    Raises:
        ValueError: another number of columns.
    """
    shape = np.shape(rows)
    if shape and shape[-1] != found.ensemble.width:
        raise ValueError(
            f"the model was fitted with {found.ensemble.width} features, one column each; {what} has {shape[-1]}"
        )


def _require_columns(found: TreeModel, cells: AbstractCells) -> None:
    """Refuse rows with other columns than those that the model knows.

    Raises:
        ValueError: another number of columns, or other names.
    """
    width, names = found.ensemble.width, found.names
    if cells.shape != (width,):
        came = cells.shape[0] if len(cells.shape) == 1 else f"the shape {cells.shape}"
        raise ValueError(f"the model was fitted with {width} features, one column each; x has {came}")
    given = tuple(map(str, cells.columns))
    if not cells.named or names is None or given == names:
        return
    place = next(i for i, (one, other) in enumerate(zip(given, names, strict=True)) if one != other)
    missing = [name for name in names if name not in given]
    said = f"x lacks {missing[0]!r}" if missing else "take x[model.feature_names_in_]"
    raise ValueError(
        f"the model was fitted with other columns, or in another order: column {place} is {given[place]!r} in x and "
        f"{names[place]!r} in the model; {said}"
    )


def _require_taken(found: TreeModel, cells: AbstractCells) -> None:
    """Refuse cells that the model refuses, as NaN where it knows no missing ones.

    Raises:
        ValueError: in the model's words.
    """
    try:
        found.call(cells.rows)
    except Exception as error:  # whatever someone else's model raises
        said = in_one_line(str(error), LONG)
        raise ValueError(f"the model refuses x or a baseline ({type(error).__name__}: {said})") from error


def _gap(found: TreeModel, own: FunctionCube, cube: FunctionCube) -> float:
    """How far the sum of leaves is from the model's output: at x, at baselines, and at mixtures of them.

    Raises:
        RuntimeError: farther than rounding.
    """
    count, players = len(own.baseline), own.entry_players()
    draws = torch.rand(LOOKED_AT, own.n, generator=torch.Generator().manual_seed(5)) < 0.5
    draws[0] = True
    mixed = torch.where(draws[:, players], own.x, own.baseline[torch.arange(LOOKED_AT) % count])
    mixed = torch.cat([mixed, own.baseline[:: max(1, count // LOOKED_AT)]])
    with own.calling():
        theirs, ours = own.f(mixed).double(), cube.f(mixed)
    gap = float((theirs - ours).abs().max())
    trees = len(found.ensemble.roots)
    epsilon = float(torch.finfo(own.dtype).eps)
    if not gap <= ROUNDING * epsilon * max(1.0, trees**0.5) * found.ensemble.magnitude:
        raise RuntimeError(
            f"the leaves of this model add up to {found.output} up to {gap:.2g} only, which is more than rounding: it "
            "is no plain sum of its trees, or of a version that stores them otherwise; ask by "
            "Game.from_model(model.predict, x, background)"
        )
    return gap
