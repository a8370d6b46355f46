"""Conjunctions and disjunctions as a figure, with the sparsity curve."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from decompositions import show
from decompositions.arguments import shown
from decompositions.dividends.and_or import AndOr
from synergy.pictures.canvas import INK, SOFT, canvas, clean
from synergy.pictures.upset import EFFECTS, Column, Heading, draw, room, strongest
from synergy.wording.numbers import minus

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 50  # interactions of the curve
FEW = 5  # interactions that the axis has, at least
SEEN = 0.002  # of R²
LOWEST = -0.5  # R² that is still drawn
LEAST = -0.05  # the axis ends there where no R² is lower
BESIDE = 3.4  # inches of the curve


@show.figure.register(AndOr)
def and_or(split: AndOr, k: int = EFFECTS, path: str | Path | None = None) -> Figure:
    """The k strongest interactions as bars over their players, and beside them the sparsity curve.

    Dots of a conjunction are full and joined: all are needed. Those of a disjunction are open: one is enough.

    Args:
        split: what to show.
        k: how many, at most.
        path: of a file to save the figure in; its ending says the format.

    Raises:
        TypeError: another result.
        ImportError: matplotlib is missing (extra ``viz``).
    """
    if not isinstance(split, AndOr):
        raise TypeError(f"and_or() draws conjunctions and disjunctions, as and_or(game) gives them, not {shown(split)}")
    found = [Column(each.value, dict.fromkeys(each.players, 1), each.kind == "or") for each in split.top(k)]
    width, height = room(found)
    kinds = "joined: all of them (AND); open: any of them (OR); one split of many, the sparsest found"
    title = strongest(len(found), "interaction") if found else "No interaction above the noise floor"
    with canvas(width + BESIDE, height, path) as figure:
        parts: Any = figure.subfigures(1, 2, width_ratios=[width, BESIDE])
        draw(parts[0], found, split.names, Heading(title, kinds if found else "", "a(S), o(S)"))
        _curves(parts[1], split)
    return figure


def _curves(part: Any, split: AndOr) -> None:
    """R² of the strongest interactions of both kinds, and of the dividends alone, as far as it is worth drawing."""
    axis = part.subplots()
    curve = split.curve(MOST)
    last = max(FEW, min(MOST, 1 + max(map(_settled, (curve.split, curve.alone)))))
    counts = np.arange(last + 1)
    axis.plot(counts, curve.split[: last + 1], color=INK, linewidth=1.8, label="AND–OR")
    axis.plot(counts, curve.alone[: last + 1], color=SOFT, linewidth=1.2, linestyle="--", label="dividends")
    drawn = np.concatenate([curve.split, curve.alone])
    axis.set_ylim(max(LOWEST, min(LEAST, 1.1 * float(np.nanmin(drawn)))), 1.02)
    axis.axhline(0, color=SOFT, linewidth=0.7)
    axis.set_title(minus("R² of the strongest"), fontsize=9, color=INK)
    axis.set_xlabel("interactions", fontsize=8.5, color=INK)
    axis.legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2)
    axis.tick_params(labelsize=8, colors=SOFT)
    clean(axis)


def _settled(curve: np.ndarray) -> int:
    """After how many interactions nothing is added that would be seen."""
    moving = np.flatnonzero(np.abs(np.nan_to_num(curve) - np.nan_to_num(curve[-1])) > SEEN)
    return int(moving[-1]) + 1 if len(moving) else 0
