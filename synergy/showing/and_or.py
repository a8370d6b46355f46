"""Conjunctions and disjunctions as text, with what the strongest explain."""

from __future__ import annotations

import numpy as np

from decompositions import show
from decompositions.arithmetic import to_float
from decompositions.dividends.and_or import AndOr, Interaction
from decompositions.effects.effects import Effects
from synergy.wording.effects import effect_label
from synergy.wording.numbers import brief, number, scalar
from synergy.wording.table import bar, grid

SHOWN = (1, 3, 10, 30)  # interactions whose R² is printed


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
