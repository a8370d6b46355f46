"""A few inputs before anything is paid: whether a function is one, keeps its rows apart, and how far its numbers err.

The truth about a model is what it gives for one input alone. So a few coalitions are evaluated alone, alone once more,
in a batch, and in a batch of another size and order; all must agree up to rounding. The rounding itself is seen by
computing the same in another precision.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from decompositions.games.function_cube import FunctionCube
from decompositions.games.noise import noise_of_rows
from decompositions.games.rows import in_a_batch, largest_of, values_of
from decompositions.models.before import Before
from decompositions.models.undisturbed import undisturbed

ROWS = 8  # coalitions that are tried, at most
FEW = 3  # of them, that are asked for alone
AGAIN = 16  # times that a function that draws random numbers is asked for the same
ROUNDING = 256.0  # of epsilon, relative to the largest value: how much two evaluations may differ
MARGIN = 16.0  # of the noise, likewise
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
        ValueError: the output is NaN at x or at the baseline, changes between calls, or depends on the rest of the
            batch.
    """
    if cube.device.type == "meta":
        return cube.precision
    cube = cube.unwatched()
    with undisturbed(cube.f, cube.device, looking=True), cube.calling() as before:
        points = _points(cube, active)
        rows = cube.inputs(points.to(cube.device))[:, 0]
        labels = [label(names, tuple(point.nonzero().flatten().tolist())) for point in points]
        alone = torch.cat([_asked(cube, row[None], said) for row, said in zip(rows[:FEW], labels, strict=False)])
        _require_number(alone, labels)
        _require_same_again(cube, rows, alone, labels, before)
        answers = cube.outputs(rows[:1].clone()).dtype
        values, inside = in_a_batch(cube, rows)
        largest = largest_of(values)
        seen = noise_of_rows(cube, rows, values, inside)
        if seen is not None and (before.drawn() or before.changed()):  # a jump of the function is no rounding
            seen = min(seen, noise_of_rows(cube, rows, values, inside) or 0.0)
        _require_same_again(cube, rows, alone, labels, before)  # after so many calls more
        coarsest = _epsilon(inside.coarsest)
        known = coarsest if seen is None else max(cube.precision, _epsilon(answers))
        rounding = max(known, (seen or 0.0) / largest if largest else 0.0)
        if cube.chunk > 1:
            coarsest = _epsilon(torch.float32) if inside.leaves_torch else coarsest
            unit = max(ROUNDING * cube.precision, ROUNDING * coarsest, MARGIN * rounding) * largest
            _require_apart(cube, rows, (alone, values), labels, unit)
    return rounding


def label(names: Sequence[str], coalition: tuple[int, ...]) -> str:
    """A coalition in the players' names.

    >>> label(["a", "b", "c"], (0, 2)), label(["a"], ())
    ('{a, c}', '∅ (the baseline)')
    """
    return "{" + ", ".join(names[i] for i in coalition) + "}" if coalition else "∅ (the baseline)"


def _asked(cube: FunctionCube, row: torch.Tensor, coalition: str) -> torch.Tensor:
    """The value of one coalition; where it is refused, the error says of which. Shape ``(1,)``."""
    try:
        return values_of(cube, row, 1)
    except Exception as error:
        error.add_note(f"it was asked for the coalition {coalition}; x and the baseline are inputs that it takes")
        raise


def _require_number(alone: torch.Tensor, labels: list[str]) -> None:
    """Refuse a function that has no value at x or at the baseline, which every question needs."""
    for value, coalition, what in zip(alone[:2].tolist(), labels, ("x", "the baseline"), strict=False):
        if value != value:
            raise ValueError(
                f"the output is nan for the coalition {coalition}; a decomposition needs finite values: look at {what}"
                ", which may have a NaN or an infinite entry itself, and at the model's output there"
            )


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


def _epsilon(dtype: torch.dtype) -> float:
    return float(torch.finfo(dtype).eps) if dtype.is_floating_point else 0.0


def _require_same_again(
    cube: FunctionCube, rows: torch.Tensor, alone: torch.Tensor, labels: list[str], before: Before
) -> None:
    """Refuse a function that gives something else when it is asked for the same again."""
    places = [*range(len(alone))] * AGAIN if before.drawn() else [0, len(alone) - 1]
    unit = ROUNDING * cube.precision * largest_of(alone)
    for place in places:
        again = values_of(cube, rows[place : place + 1], 1)
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


def _require_apart(
    cube: FunctionCube, rows: torch.Tensor, known: tuple[torch.Tensor, torch.Tensor], labels: list[str], unit: float
) -> None:
    """Refuse a function that gives something else for an input alone than within a batch."""
    alone, batch = known
    few = len(alone)
    small = values_of(cube, rows[:few].flip(0), max(1, cube.chunk - 1)).flip(0)
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
