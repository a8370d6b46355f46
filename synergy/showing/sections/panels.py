"""The input, coloured by each method."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from decompositions.arithmetic import to_float
from synergy.comparison.comparison import Comparison
from synergy.comparison.result import Result
from synergy.comparison.scale import own_scale, unit
from synergy.showing.sections.cells import LETTERS, Tint, signed
from synergy.showing.sections.picture import overlay
from synergy.wording.names import shorten
from synergy.wording.numbers import brief, fixed, minus, number, scalar
from synergy.wording.view import Features, Picture, Words

BARS = 15  # rows of one method's bars
ALMOST = "all but nothing"
ROUNDING = 1e-9  # of a scale, below which a number is not shown on a scale of its own
SEEN = 0.005  # of a scale, above which an error is worth a word
FAINT = 0.01  # of a scale, below which a colour is not seen


class Panel(NamedTuple):
    """The input, coloured by one method."""

    result: Result
    title: str
    tints: list[Tint]
    total: str
    overlay: str
    summary: str
    own_scale: bool
    scale: str


def panels(comparison: Comparison, view: Picture | Words | Features | None) -> list[Panel]:
    """One for each method that applies."""
    found = []
    for result in comparison.columns:
        if result.attribution is None:
            continue
        digits = 2 if isinstance(view, Picture) else 3
        scale = unit(comparison, result)
        shares = to_float(result.attribution) / scale
        exact = result.attribution if comparison.effects.exact else None
        tints = [
            Tint(minus(fixed(share * scale, scale, digits)) if exact is None else signed(exact[i]), float(share))
            for i, share in enumerate(shares)
        ]
        layer = overlay(view, shares) if isinstance(view, Picture) else ""
        strong = sorted(np.argsort(-np.abs(shares), kind="stable")[:BARS].tolist())
        summary = ", ".join(f"{shorten(comparison.effects.names[i], LETTERS)} {tints[i].text}" for i in strong)
        total = signed(scalar(result.attribution.sum())) + _doubt(result, scale)
        apart = own_scale(comparison, result)
        found.append(
            Panel(result, result.heading, tints, total, layer, summary, apart, _scale(shares * scale, scale, apart))
        )
    return found


def _doubt(result: Result, scale: float) -> str:
    """How far off each number may be, where that is seen: of estimates and rough quadratures."""
    error = 0.0 if result.error is None else float(to_float(result.error).max(initial=0.0))
    return f", each ± {brief(error)} or less" if error > SEEN * scale else ""


class Own(NamedTuple):
    """A method's colours on a scale of its own: the tints, and the number at the end of the scale."""

    tints: list[Tint]
    end: str
    note: str


def on_its_own(comparison: Comparison, panel: Panel) -> Own:
    """One method alone, coloured up to its largest attribution; what is nothing beside the others is not blown up."""
    largest = max((abs(tint.share) for tint in panel.tints), default=0.0)
    scale, size = largest if largest > ROUNDING else 1.0, unit(comparison, panel.result)
    digits = 2 if panel.overlay else 3

    def text(tint: Tint) -> str:
        exact = comparison.effects.exact
        return tint.text if exact else minus(fixed(tint.share * size, scale * size, digits))

    tints = [Tint(text(tint), tint.share / scale) for tint in panel.tints]
    end = minus(number(scale * size))
    faint = f"{ALMOST} beside other methods" if panel.scale.startswith(ALMOST) else "the largest of this method"
    return Own(tints, end, faint)


def _scale(values: np.ndarray, scale: float, apart: bool) -> str:
    """On which scale a method is shown, and whether anything is seen of it there."""
    largest = float(np.abs(values).max(initial=0.0))
    if apart:
        return "on a scale of its own"
    return f"{ALMOST} on this scale: at most {brief(largest)}" if 0 < largest < FAINT * scale else ""
