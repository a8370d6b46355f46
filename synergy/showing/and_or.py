"""Conjunctions and disjunctions as text and as a figure, with the sparsity curve."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from decompositions import show
from decompositions.arithmetic import to_float
from decompositions.dividends.and_or import AndOr, Interaction
from decompositions.effects.effects import Effects
from synergy.showing.canvas import INK, SOFT, canvas, clean
from synergy.showing.upset import EFFECTS, Column, Heading, room, upset
from synergy.wording.effects import effect_label
from synergy.wording.numbers import brief, minus, number, scalar
from synergy.wording.table import bar, grid

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = (1, 3, 10, 30)  # interactions whose R² is printed
MOST = 50  # interactions of the curve
LOWEST = -0.5  # R² that is still drawn
BESIDE = 3.4  # inches of the curve


@show.text.register(AndOr)
def and_or_text(split: AndOr, k: int = 10) -> str:
    """The k strongest interactions of either kind with bars, how small the split is, and what the strongest explain."""
    found = split.top(k)
    strong = sum(_clear(part, split.margin) for part in (split.conjunctions, split.disjunctions.dual))
    head = f"strongest interactions ({len(found)} of {strong} above the noise and the margin of the split)"
    largest = max((abs(each.value) for each in found), default=1.0)
    rows = [[label(split, each), number(each.value, sign=True), bar(each.value, largest)] for each in found]
    return "\n".join([head, *grid(rows, "<><"), "", _size(split), "", *_explained(split)])


def label(split: AndOr, each: Interaction) -> str:
    """An interaction in the columns that an effect's name may take: ``not ∧ happy``, ``good ∨ great``."""
    return effect_label(split.effects, each.players, joint=" ∧ " if each.kind == "and" else " ∨ ")


def _clear(part: Effects, margin: float) -> int:
    """How many of a part's interactions are above the noise floor and a margin."""
    return int((np.abs(to_float(part.values[1:])) > np.maximum(part.noise_floor(1), margin)).sum())


def _size(split: AndOr) -> str:
    alone = scalar(split.effects.values[1:].abs().sum())
    near = f"at most {brief(100 * split.gap)} % above the smallest" if split.gap else "the smallest there is"
    margin = f", a margin of {brief(split.margin)}" if split.gap else ""
    base = number(scalar(split.effects.base))
    return f"f(b) = {base}; Σ|·| {number(split.size)}, {near}{margin}; of the dividends {number(alone)}"


def _explained(split: AndOr) -> list[str]:
    """What the strongest explain, as a small table."""
    curve = split.curve(max(SHOWN))
    rows = [["R² of the strongest", *map(str, SHOWN)]]
    for name, values in (("conjunctions and disjunctions", curve.split), ("dividends alone", curve.alone)):
        rows.append([name, *(brief(float(values[k])) for k in SHOWN)])
    return grid(rows, "<" + ">" * len(SHOWN))


@show.figure.register(AndOr)
def plot_and_or(split: AndOr, k: int = EFFECTS, path: str | Path | None = None) -> Figure:
    """The k strongest interactions as bars over their players, and beside them the sparsity curve.

    Dots of a conjunction are full and joined: all are needed. Those of a disjunction are open: one is enough.

    Args:
        split: what to show.
        k: how many, at most.
        path: of a file to save the figure in; its ending says the format.

    Raises:
        ImportError: matplotlib is missing (extra ``viz``).
    """
    found = [Column(each.value, dict.fromkeys(each.players, 1), each.kind == "or") for each in split.top(k)]
    width, height = room(found)
    kinds = "joined: all of them (AND); open: any of them (OR)"
    title = f"The {len(found)} strongest interactions" if found else "No interaction above the noise floor"
    with canvas(width + BESIDE, height, path) as figure:
        parts: Any = figure.subfigures(1, 2, width_ratios=[width, BESIDE])
        upset(parts[0], found, split.names, Heading(title, kinds, "a(S), o(S)"))
        _curves(parts[1], split)
    return figure


def _curves(part: Any, split: AndOr) -> None:
    """R² of the strongest interactions of both kinds, and of the dividends alone, as far as it is worth drawing."""
    axis = part.subplots()
    curve = split.curve(MOST)
    counts = np.arange(MOST + 1)
    axis.plot(counts, curve.split, color=INK, linewidth=1.8, label="AND–OR")
    axis.plot(counts, curve.alone, color=SOFT, linewidth=1.2, linestyle="--", label="dividends")
    axis.set_ylim(LOWEST, 1.02)
    axis.axhline(0, color=SOFT, linewidth=0.7)
    axis.set_title(minus("R² of the strongest"), fontsize=9, color=INK)
    axis.set_xlabel("interactions", fontsize=8.5, color=INK)
    axis.legend(frameon=False, fontsize=8, loc="lower right")
    axis.tick_params(labelsize=8, colors=SOFT)
    clean(axis)
