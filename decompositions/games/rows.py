"""What a function gives for some rows of inputs, in batches that fit, and of which types it computes on the way."""

from __future__ import annotations

import torch

from decompositions.arithmetic import wide
from decompositions.games.function_cube import FunctionCube
from decompositions.models.precision import Inside, types_inside


def values_of(cube: FunctionCube, rows: torch.Tensor, size: int | None = None) -> torch.Tensor:
    """f of some rows, which stay as they are, in batches of a size, or of smaller ones where memory runs out."""
    cube = cube.by(min(size or cube.chunk, cube.chunk))
    while True:
        try:
            return torch.cat([wide(cube.outputs(some.clone())).clone() for some in rows.split(cube.chunk)])
        except (RuntimeError, MemoryError) as error:
            cube = cube.halved(error)


def in_a_batch(cube: FunctionCube, rows: torch.Tensor) -> tuple[torch.Tensor, Inside]:
    """All rows in a batch, and what was seen of the types inside.

    Raises:
        ValueError: the function takes one input, but not several.
    """
    try:
        with types_inside() as inside:
            values = values_of(cube, rows)
    except (TypeError, MemoryError):
        raise
    except Exception as error:
        if cube.chunk == 1 or len(rows) == 1:
            raise
        raise ValueError(
            f"the function takes one input, but fails for a batch of {min(len(rows), cube.chunk)}: "
            f"{_first_line(error)}; is the size of the batch written into it? chunk=1 hands over one input at a time"
        ) from error
    inside.require_fine(rows.dtype)
    return values, inside


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def largest_of(values: torch.Tensor) -> float:
    """The largest absolute value among those that are finite."""
    return float(torch.nan_to_num(values, 0.0, 0.0, 0.0).abs().max())
