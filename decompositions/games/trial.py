"""A few inputs before anything is paid: whether a function is one, keeps its rows apart, and how far its numbers err.

The truth about a model is what it gives for one input alone. So a few coalitions are evaluated alone, alone once more,
in a batch, and in a batch of another size and order; all must agree up to rounding. The rounding itself is seen by
computing the same in another precision.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from decompositions.arithmetic import wide
from decompositions.games.function_cube import FunctionCube
from decompositions.models.precision import HALF, Inside, in_type, types_inside
from decompositions.models.undisturbed import Before, undisturbed

ROWS = 8  # coalitions that are tried, at most
FEW = 3  # of them, that are asked for alone
AGAIN = 16  # times that a function that draws random numbers is asked for the same
ROUNDING = 256.0  # of epsilon, relative to the largest value: how much two evaluations may differ
MANY = 2**16  # values among which the telling ones are looked for
MARGIN = 16.0  # of the noise, likewise
SPREAD = 2.0  # the largest error of all coalitions is about that many times the largest of a few
BENT = 1e-2  # of the largest value: an error that is not small
STEPS = 5  # neighbouring inputs along a line, for a function that leaves torch
SHORT = (2.0**-18, 2.0**-12, 2.0**-6)  # from one to the next, relative to the numbers: above float32's rounding
FINE = (2.0**-44, 2.0**-36, 2.0**-28, *SHORT)  # above float64's
STRAIGHT = 0.8  # of the lines, at least, that meet no kink
FOURTH = 70.0  # the mean square of the fourth difference of independent errors of size 1
WAY_OUT = "an effect is a difference of values at single inputs, so this would be wrong without a word"


def tried(cube: FunctionCube, active: tuple[int, ...], names: Sequence[str]) -> float:
    """The relative rounding error of one value of g, from a few coalitions; 35 inputs are evaluated at
    most, and more where digits vanish in float32.

    Args:
        cube: of the function; its watchers are not told.
        active: the players that are no null players.
        names: of all players.

    Raises:
        TypeError: the answer is no tensor of real numbers, one per input, or is computed in half precision.
        ValueError: the output changes between calls, or depends on the rest of the batch.
    """
    if cube.device.type == "meta":
        return cube.precision
    cube = cube.unwatched()
    with undisturbed(cube.f, cube.device, looking=True), cube.calling() as before:
        points = _points(cube, active)
        rows = cube.inputs(points.to(cube.device))[:, 0]
        alone = _values(cube, rows[:FEW], 1)
        labels = [label(names, tuple(point.nonzero().flatten().tolist())) for point in points]
        _require_same_again(cube, rows, alone, labels, before)
        answers = cube.outputs(rows[:1].clone()).dtype
        values, inside = _batch(cube, rows)
        largest = _largest(values)
        seen = _noise(cube, rows, values, inside)
        if seen is not None and (before.drawn() or before.changed()):  # a jump of the function is no rounding
            seen = min(seen, _noise(cube, rows, values, inside) or 0.0)
        _require_same_again(cube, rows, alone, labels, before)  # after so many calls more
        coarsest = _epsilon(inside.coarsest)
        known = coarsest if seen is None else max(cube.precision, _epsilon(answers))
        rounding = max(known, (seen or 0.0) / largest if largest else 0.0)
        if cube.chunk > 1:
            coarsest = _epsilon(torch.float32) if inside.leaves_torch else coarsest
            unit = max(ROUNDING * cube.precision, ROUNDING * coarsest, MARGIN * rounding) * largest
            _require_apart(cube, rows, (alone, values), labels, unit)
    return rounding


def noise(cube: FunctionCube, points: torch.Tensor) -> float:
    """The rounding error of g at some points, seen from the same in another type; 0 where it cannot be seen.

    Args:
        cube: of the function; its watchers are not told.
        points: Shape ``(batch, n)``.
    """
    cube = cube.unwatched()
    with cube.calling():
        rows = cube.inputs(points)[:, 0]
        return _noise(cube, rows, *_batch(cube, rows)) or 0.0


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


def label(names: Sequence[str], coalition: tuple[int, ...]) -> str:
    """A coalition in the players' names.

    >>> label(["a", "b", "c"], (0, 2)), label(["a"], ())
    ('{a, c}', '∅ (the baseline)')
    """
    return "{" + ", ".join(names[i] for i in coalition) + "}" if coalition else "∅ (the baseline)"


def _points(cube: FunctionCube, active: tuple[int, ...]) -> torch.Tensor:
    """All players, none, and coalitions between them. Shape ``(rows, n)``."""
    count = max(1, min(ROWS, 2 ** min(len(active), 3)))
    present = torch.randint(0, 2, (count, len(active)), generator=torch.Generator().manual_seed(5)).bool()
    present[0] = True
    if count > 1:
        present[1] = False
        present[2:, 0] = torch.arange(2, count) % 2 == 0  # neither ∅ nor all, where there is more than one player
        present[2:, -1] = torch.arange(2, count) % 2 == 1
    points = torch.zeros(count, cube.n, dtype=torch.bool)
    points[:, list(active)] = present
    return points


def _values(cube: FunctionCube, rows: torch.Tensor, size: int | None = None) -> torch.Tensor:
    """f of some rows, which stay as they are, in batches of a size, or of smaller ones where memory runs out."""
    cube = cube.by(min(size or cube.chunk, cube.chunk))
    while True:
        try:
            return torch.cat([wide(cube.outputs(some.clone())).clone() for some in rows.split(cube.chunk)])
        except (RuntimeError, MemoryError) as error:
            cube = cube.halved(error)


def _epsilon(dtype: torch.dtype) -> float:
    return float(torch.finfo(dtype).eps) if dtype.is_floating_point else 0.0


def _largest(values: torch.Tensor) -> float:
    return float(torch.nan_to_num(values, 0.0, 0.0, 0.0).abs().max())


def _require_same_again(
    cube: FunctionCube, rows: torch.Tensor, alone: torch.Tensor, labels: list[str], before: Before
) -> None:
    """Refuse a function that gives something else when it is asked for the same again."""
    places = [*range(len(alone))] * AGAIN if before.drawn() else [0, len(alone) - 1]
    unit = ROUNDING * cube.precision * _largest(alone)
    for place in places:
        again = _values(cube, rows[place : place + 1], 1)
        if not torch.isclose(again, alone[place : place + 1], rtol=0.0, atol=unit, equal_nan=True).all():
            raise changing(alone[place].item(), again.item(), labels[place], cause(before))


def cause(before: Before) -> str:
    """Why an output may change between calls, as far as it left traces."""
    if before.drawn():
        return f": it draws random numbers ({', '.join(before.drawn())})"
    changed = before.changed()
    return f": it keeps something from call to call ('{changed[0]}')" if changed else ""


def changing(first: float, second: float, coalition: str, why: str, hint: str = "") -> ValueError:
    """The refusal of a function whose output changes."""
    return ValueError(
        f"the function gave {first!r} for the coalition {coalition} and then {second!r} for the same input: its "
        f"output changes between calls{why}, and effects are those of a function; call model.eval(), fix its random "
        f"numbers, or start it anew in every call{hint}"
    )


def _batch(cube: FunctionCube, rows: torch.Tensor) -> tuple[torch.Tensor, Inside]:
    """All rows in a batch, and what was seen of the types inside.

    Raises:
        ValueError: the function takes one input, but not several.
    """
    try:
        with types_inside() as inside:
            values = _values(cube, rows)
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


def _require_apart(
    cube: FunctionCube, rows: torch.Tensor, known: tuple[torch.Tensor, torch.Tensor], labels: list[str], unit: float
) -> None:
    """Refuse a function that gives something else for an input alone than within a batch."""
    alone, batch = known
    few = len(alone)
    small = _values(cube, rows[:few].flip(0), max(1, cube.chunk - 1)).flip(0)
    for together in (batch[:few], small):
        same = torch.isclose(together, alone, rtol=0.0, atol=unit, equal_nan=True)
        if not same.all():
            worst = int((~same).nonzero()[0])
            raise depending(alone[worst].item(), together[worst].item(), labels[worst])


def depending(alone: float, together: float, coalition: str) -> ValueError:
    """The refusal of a function whose rows are not independent."""
    return ValueError(
        f"the function gives {alone!r} for the coalition {coalition} alone and {together!r} for it in a batch: its "
        "rows are not independent (statistics of the batch, softmax(0), a mean over axis 0, a division by len(x)); "
        f"{WAY_OUT}. chunk=1 hands over one input at a time and gives the right numbers"
    )


def _noise(cube: FunctionCube, rows: torch.Tensor, values: torch.Tensor, inside: Inside) -> float | None:
    """The rounding error of one value, in units of f; None where it cannot be seen."""
    if inside.leaves_torch:
        return _noise_of_neighbours(cube, rows, SHORT)
    if inside.coarsest == torch.float64 and rows.dtype not in (torch.float32, *HALF):
        rounded = rows.float() if rows.is_floating_point() else rows
        coarse, beyond = _elsewhere(cube, rounded, torch.float32)
        if beyond or (coarse is not None and (torch.isfinite(values) & ~torch.isfinite(coarse)).any()):
            return _noise_of_neighbours(cube, rows, FINE)
        fine = None if coarse is None else _values(cube, rounded.to(rows))
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
    bent = ratio < 1 and max(found, _largest(fine - values)) > BENT * _largest(values)
    return max(SPREAD * ratio * found, _noise_of_neighbours(cube, rows, FINE) if bent else 0.0)


def _elsewhere(cube: FunctionCube, rows: torch.Tensor, dtype: torch.dtype) -> tuple[torch.Tensor | None, bool]:
    """The values computed in another type, and whether its range was too small.

    None where the function does not let itself be computed so.
    """
    with cube.calling() as before:
        try:
            with in_type(dtype) as mode:
                values = _values(cube, rows.to(dtype) if rows.is_floating_point() else rows)
        except Exception:  # a fixed type, an operation without such a kernel: whatever someone else's code may raise
            return None, False
        finally:
            before.restore_tensors()  # of a model that writes them, which are of the other type now
    return wide(values), mode.beyond


def _noise_of_neighbours(cube: FunctionCube, rows: torch.Tensor, lengths: Sequence[float]) -> float:
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
            values = _values(cube, row + steps * (step * unit))
            if not (values == values[0]).all():
                break
        found = float(values.diff(n=STEPS - 1).abs().max()) / FOURTH**0.5
        (near if step < SHORT[0] else far).append(found)
    return SPREAD * max(*near, float(np.quantile(far, STRAIGHT)) if far else 0.0)
