"""The noise floor of a function of rows, which nobody else can compute in another precision."""

from __future__ import annotations

import numpy as np
import torch

from decompositions.games.rows import largest_of
from decompositions.models.row_function import RowFunction

STEPS = 5  # neighbours along a line
LENGTHS = tuple(2.0**-exponent for exponent in range(18, 11, -1))  # of a step, relative to a cell: above float32's ε
ODD = 4 / 3  # steps that change the last digits of the cells, too
CONSTANT = 2  # steps of a line over which what jumps stays as it is: nothing moved on the line of half the length
STRAIGHT = 0.8  # of the lines, at least, that meet no kink
SUMMED = 8.0  # a sum of some hundred leaves errs by so many units in the last place
FOURTH = 70.0  # the mean square of the fourth difference of independent errors of size 1


def noise_of_cells(f: RowFunction, codes: torch.Tensor, values: torch.Tensor, chunk: int) -> float:
    """The rounding error of one value, in units of f.

    Along short lines, on which all floating-point cells move, a smooth function has no fourth differences but those of
    its rounding. A function of trees stays as it is, or jumps and stays: there nothing is seen of rounding, and it is
    taken to be that of a sum of leaves, as it is where no cell can move.
    Reference: more2011estimating

    Args:
        f: the function.
        codes: of some rows. Shape ``(batch, *shape)``.
        values: of f there. Shape ``(batch,)``.
        chunk: rows handed over at once.
    """
    least = SUMMED * float(torch.finfo(f.answers).eps) * largest_of(values)
    waiting, found = codes, list[float]()
    for length in LENGTHS if f.cells.floating else ():
        lines = f.along(waiting, np.arange(STEPS) * length * ODD, chunk)
        stays = (lines.diff() == 0).sum(1)
        seen = lines[stays < CONSTANT].diff(n=STEPS - 1).abs().flatten()
        found += [0.0] * int(((stays >= CONSTANT) & (stays < STEPS - 1)).sum()) + seen.tolist()
        waiting = waiting[stays == STEPS - 1]
        if not len(waiting):
            break
    found = [each for each in found if np.isfinite(each)]
    return max(least, 2 * float(np.quantile(found, STRAIGHT)) / FOURTH**0.5 if found else 0.0)
