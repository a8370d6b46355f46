"""Estimates as plain text: the largest values with their errors, and which are not told from zero."""

from __future__ import annotations

import math
from itertools import combinations

from decompositions import show
from decompositions.counts import several
from decompositions.visible import visible
from synergy.estimation.estimation import CERTAIN, Estimation
from synergy.wording.names import NAME, shorten
from synergy.wording.numbers import brief, number
from synergy.wording.table import grid

ROWS = 30  # players
PAIRS = 20


@show.text.register(Estimation)
def estimation_table(found: Estimation, k: int | None = None) -> str:
    """The k largest values of the players or pairs, each with its standard error and the surrogate's own value."""
    two = found.values.ndim == 2
    places: list[tuple[int, ...]] = [*combinations(range(found.n), 2 if two else 1)]
    places.sort(key=lambda place: -abs(found.values[place]))
    shown = places[: k or (PAIRS if two else ROWS)]
    head = ["", found.index, "± s.e.", "surrogate", ""]
    rows = [
        [
            "·".join(shorten(found.names[i], NAME) for i in place),
            number(float(found.values[place]), sign=True),
            brief(float(found.error[place])),
            number(float(found.surrogate[place]), sign=True),
            "undecided" if found.undecided[place] else "",
        ]
        for place in shown
    ]
    lines = grid([head, *rows], "<>>><")
    if len(shown) < len(places):
        lines.append(f"… {len(places) - len(shown):,} more")
    return "\n".join([_title(found), *lines, *_below(found, places)])


def _title(found: Estimation) -> str:
    what = f"{visible(found.index)} of {several(found.n, 'player')} from {several(found.coalitions, 'coalition')}"
    if found.exact:
        return f"{what}" + ("" if found.notes else ", all that there are: exact")
    r2 = "" if math.isnan(found.r2) else f", r² {found.r2:.4f} at coalitions that the surrogate has not seen"
    return f"{what}; ‖s.e.‖ / ‖values‖ {brief(found.trust)}{r2}"


def _below(found: Estimation, places: list[tuple[int, ...]]) -> list[str]:
    """How many values are not told from zero, and the notes."""
    undecided = sum(bool(found.undecided[place]) for place in places)
    what = "pairs" if found.values.ndim == 2 else "players"
    said = f"undecided (below {CERTAIN} standard errors): {undecided:,} of {len(places):,} {what}"
    return ([] if found.exact else [said]) + list(found.notes)
