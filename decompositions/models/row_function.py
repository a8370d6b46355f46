"""A function of NumPy rows or of a DataFrame, as scikit-learn, XGBoost and LightGBM have it, as a function of codes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from decompositions.arguments import shown
from decompositions.models.cells import AbstractCells
from decompositions.models.model_function import Index, index_of, require_target
from decompositions.settings import argument, either, setting
from decompositions.visible import in_one_line

LONG = 300  # characters of somebody else's error that are repeated
LABELS = "predict_proba (or decision_function), with"


@dataclass(frozen=True, eq=False)
class RowFunction:
    """f of a game about a model that is no torch: codes ``(batch, *shape)`` → ``(batch,)``.

    Args:
        call: the caller's function of rows; it is given the cells that the codes stand for.
        cells: x and its baselines.
        target: an index, a tuple of indices, a function from the output to one number per row, or None where the
            output is one number per row anyway.
        answers: the type of the outputs.
    """

    call: Callable[[Any], Any]
    cells: AbstractCells
    target: Index = None
    answers: torch.dtype = torch.float64

    def __call__(self, codes: torch.Tensor) -> torch.Tensor:
        return self.of_rows(self.cells.taken(codes.numpy()))

    def of_rows(self, rows: Any) -> torch.Tensor:
        """The target at rows of cells. Shape ``(batch,)``."""
        return self.select(self.call(rows))

    def select(self, outputs: Any) -> torch.Tensor:
        """The target of the function's outputs. Shape ``(batch, …)`` → ``(batch,)``."""
        if callable(self.target):
            return numbers(self.target(outputs), "the target function")
        found = numbers(outputs, "the function")
        if self.target is None:
            return found.reshape(len(found))
        index = self.target if isinstance(self.target, tuple) else (self.target,)
        place: Any = (slice(None), *index)
        return found[place]

    def along(self, codes: torch.Tensor, shifts: np.ndarray, chunk: int) -> torch.Tensor:
        """The values where all floating-point cells are shifted, by every shift. Shape ``(batch, len(shifts))``."""
        steps = len(shifts)
        rows = self.cells.taken(np.repeat(codes.numpy(), steps, 0))
        rows = self.cells.moved(rows, np.tile(shifts, len(codes)))
        total = steps * len(codes)
        parts = [self.of_rows(self.cells.some(rows, i, min(i + chunk, total))) for i in range(0, total, chunk)]
        return torch.cat(parts).double().reshape(len(codes), steps)


def row_function(call: Callable[[Any], Any], cells: AbstractCells, target: Any) -> RowFunction:
    """The checked function of rows.

    Raises:
        TypeError: it gives texts, or something else than numbers.
        ValueError: it fails at x, or gives another number of rows.
        LookupError: a target that is not there.
    """
    function = RowFunction(call, cells, _named(call, target) if isinstance(target, str) else index_of(target))
    try:
        outputs = call(cells.taken(np.zeros((1, *cells.shape), dtype=np.int64)))
    except Exception as error:  # whatever someone else's function raises
        raise ValueError(
            f"the function refuses x, {cells.kind} ({type(error).__name__}: {in_one_line(str(error), LONG)}); it is "
            + either(
                "given what x is, so a function of tensors needs x as a tensor, and one of a DataFrame a DataFrame",
                f"given the array of {argument('x')}; give it the columns that the function takes",
            )
        ) from error
    if callable(function.target):
        found = _chosen(function, outputs)
    else:
        found = numbers(outputs, "the function")
        require_target(found, function.target)
    return replace(function, answers=found.dtype)


def _chosen(function: RowFunction, outputs: Any) -> torch.Tensor:
    """What a target function makes of the outputs of one row."""
    rule = "the target function must give one number per row"
    try:
        found = function.select(outputs)
    except (ValueError, LookupError, AttributeError, RuntimeError, TypeError) as error:
        raise ValueError(
            f"{rule}; for the output of one row, {shown(outputs)}, it fails with {type(error).__name__}: "
            f"{in_one_line(str(error), LONG)}"
        ) from error
    if found.shape != (1,):
        raise ValueError(f"{rule}; for one row it gave {tuple(found.shape)}")
    return found


def numbers(outputs: Any, who: str) -> torch.Tensor:
    """What a function gave, an array, a Series, a DataFrame or a list of numbers, as a tensor of its precision.

    Args:
        outputs: what came.
        who: gave it, as the error begins.

    Raises:
        TypeError: texts, several arrays, or whatever else is no array of real numbers.
    """
    if isinstance(outputs, torch.Tensor):
        outputs = outputs.detach().cpu().numpy()
    if isinstance(outputs, (list, tuple)) and any(getattr(each, "ndim", 0) for each in outputs):
        raise TypeError(
            f"{who} gives {len(outputs)} arrays, and one is explained; choose it by a function as target, as in "
            "target=lambda outputs: outputs[0][:, 1]"
        )
    if hasattr(outputs, "toarray"):
        raise TypeError(f"{who} gives a sparse {type(outputs).__name__}; let it end with toarray()")
    array = np.asarray(outputs)
    if array.dtype.kind in "OSUM" and not _all_real(array):
        some = array.reshape(-1)[0] if array.size else outputs
        raise TypeError(
            f"{who} gives {shown(some)}, which is no number, and effects are differences of numbers; of a classifier "
            f"hand over {LABELS} {setting('target')}"
        )
    if array.dtype.kind not in "biufO":
        raise TypeError(f"{who} must give real numbers, one per row, not {array.dtype}")
    if array.dtype.kind == "f" and array.dtype.itemsize <= 8:
        native = array.astype(array.dtype.newbyteorder("="), copy=False)
        return torch.from_numpy(np.require(native, requirements=["C", "W"]))
    return torch.from_numpy(array.astype(np.float64))


def _all_real(array: np.ndarray) -> bool:
    return array.dtype == object and all(isinstance(each, (int, float, np.number)) for each in array.reshape(-1))


def _named(call: Callable[..., Any], name: str) -> int:
    """The number of a class that the object behind a function names.

    Raises:
        LookupError: it names no classes, or others.
    """
    while isinstance(call, functools.partial):
        call = call.func
    classes = getattr(getattr(call, "__self__", None), "classes_", None)
    known = [] if classes is None else [str(each) for each in np.asarray(classes, dtype=object).reshape(-1)]
    if name in known:
        return known.index(name)
    there = f"its classes are {', '.join(map(repr, known[:12]))}" if known else "it tells no names (classes_)"
    raise LookupError(
        f"target {name!r} is no class of the function's output: {there}; or give the number of its column"
    )
