"""The noise floor: how far rounding moves a value of g, seen by computing the same in another precision."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from decompositions.arithmetic import wide
from decompositions.games.function_cube import FunctionCube
from decompositions.games.row_noise import noise_of_cells
from decompositions.games.rows import in_a_batch, largest_of, values_of
from decompositions.models.precision import HALF, Inside, in_type
from decompositions.models.row_function import RowFunction

MANY = 2**16  # values among which the telling ones are looked for
SPREAD = 2.0  # the largest error of all coalitions is about that many times the largest of a few
BENT = 1e-2  # of the largest value: an error that is not small
ODD = 4 / 3  # steps that change the last digits of the inputs, too, so that sums inside round anew
STEPS = 5  # neighbouring inputs along a line, for a function that leaves torch
SHORT = (2.0**-18, 2.0**-12, 2.0**-6)  # from one to the next, relative to the numbers: above float32's rounding
FINE = (2.0**-44, 2.0**-36, 2.0**-28, *SHORT)  # above float64's
STRAIGHT = 0.8  # of the lines, at least, that meet no kink
FOURTH = 70.0  # the mean square of the fourth difference of independent errors of size 1


def noise(cube: FunctionCube, points: torch.Tensor) -> float:
    """The rounding error of g at some points, seen from the same in another type; 0 where it cannot be seen.

    Args:
        cube: of the function; its watchers are not told.
        points: Shape ``(batch, n)``.

    Theory: :ref:`noise-floor`.
    """
    cube = cube.unwatched()
    with cube.calling():
        rows = cube.inputs(points)[:, 0]
        return noise_of_rows(cube, rows, *in_a_batch(cube, rows)) or 0.0


def telling(values: torch.Tensor, count: int) -> torch.Tensor:
    """The places of values that err most, as far as values tell: the largest, and those far from all others.

    Where a function saturates its values lie together and hardly err; what stands alone is on the way between.
    """
    size = len(values)
    if size > MANY:
        some = torch.randint(size, (MANY,), generator=torch.Generator().manual_seed(6)).to(values.device)
        return some[telling(values[some], count)]
    ordered, order = torch.nan_to_num(values, 0.0, 0.0, 0.0).sort()
    steps = ordered.diff()
    far = torch.minimum(torch.cat([steps, steps[-1:]]), torch.cat([steps[:1], steps]))
    largest = ordered.abs().argsort(descending=True)[: -(-count // 4)]
    return order[torch.cat([largest, far.argsort(descending=True)[: count - len(largest)]])].unique()


def noise_of_rows(cube: FunctionCube, rows: torch.Tensor, values: torch.Tensor, inside: Inside) -> float | None:
    """The rounding error of one value, in units of f; None where it cannot be seen."""
    if isinstance(cube.f, RowFunction):
        return noise_of_cells(cube.f, rows, values, cube.chunk)
    if inside.leaves_torch:
        return _of_neighbours(cube, rows, SHORT)
    if inside.coarsest == torch.float64 and rows.dtype not in (torch.float32, *HALF):
        rounded = rows.float() if rows.is_floating_point() else rows
        coarse, beyond = _elsewhere(cube, rounded, torch.float32)
        if beyond or (coarse is not None and (torch.isfinite(values) & ~torch.isfinite(coarse)).any()):
            return _of_neighbours(cube, rows, FINE)
        fine = None if coarse is None else values_of(cube, rounded.to(rows))
        ratio = torch.finfo(torch.float64).eps / torch.finfo(torch.float32).eps
    else:
        coarse, fine, ratio = values, _elsewhere(cube, rows, torch.float64)[0], 1.0
    if coarse is None or fine is None:
        return None
    error = (coarse - fine).abs()
    finite = error[torch.isfinite(error)]
    if not len(finite):
        return None
    found = float(finite.max())
    # float32 errs by so much, or its inputs are so far from the given ones, that its error is no measure
    bent = ratio < 1 and max(found, largest_of(fine - values)) > BENT * largest_of(values)
    return max(SPREAD * ratio * found, _of_neighbours(cube, rows, FINE) if bent else 0.0)


def _elsewhere(cube: FunctionCube, rows: torch.Tensor, dtype: torch.dtype) -> tuple[torch.Tensor | None, bool]:
    """The values computed in another type, and whether its range was too small.

    None where the function does not let itself be computed so.
    """
    with cube.calling() as before:
        try:
            with in_type(dtype) as mode:
                values = values_of(cube, rows.to(dtype) if rows.is_floating_point() else rows)
        except Exception:  # a fixed type, an operation without such a kernel: whatever someone else's code may raise
            return None, False
        finally:
            before.restore_tensors()  # of a model that writes them, which are of the other type now
    return wide(values), mode.beyond


def _of_neighbours(cube: FunctionCube, rows: torch.Tensor, lengths: Sequence[float]) -> float:
    """Of a function that float32 does not show: the fourth differences along short lines.

    A smooth function has none. A line on which nothing changes is made longer, until a rounding does. Over the longer
    ones a quantile is taken, so that a kink on one of them does not count, nor many on which the function is flat; the
    short ones meet none.
    Reference: more2011estimating
    """
    if not rows.is_floating_point():
        return 0.0
    near, far = [0.0], list[float]()
    for row in rows:
        steps = torch.arange(STEPS, dtype=row.dtype, device=row.device).reshape(-1, *(1,) * row.ndim)
        unit = (row != 0) * 2.0 ** torch.frexp(row)[1].to(row.dtype)
        for step in lengths:
            values = values_of(cube, row + steps * (step * ODD * unit))
            if not (values == values[0]).all():
                break
        found = float(values.diff(n=STEPS - 1).abs().max()) / FOURTH**0.5
        (near if step < SHORT[0] else far).append(found)
    return SPREAD * max(*near, float(np.quantile(far, STRAIGHT)) if far else 0.0)
