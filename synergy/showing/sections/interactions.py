"""Indices of sets of players: their largest values as bars, who is given what by the criteria, and their pictures."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from io import BytesIO
from typing import Any

from decompositions.counts import several
from synergy.comparison.verdicts import NUMBERS, figures
from synergy.interactions.result import Interactions
from synergy.policies.policy import CRITERIA
from synergy.showing.sections.cells import Tint, signed
from synergy.wording.effects import effect_label

SETS = 12  # bars


def indices(found: Iterable[Interactions]) -> list[dict[str, Any]]:
    """One part of the page for each index."""
    return [_index(each) for each in found]


def verdicts_of(found: Interactions) -> str:
    """The verdicts on what an index makes of the effects, with their numbers; empty where there is no table of it.

    >>> from decompositions import Game
    >>> from synergy.interactions import interactions
    >>> verdicts_of(interactions(Game.from_values([0.0, 1.0, 2.0, 7.0]), "SII"))
    'coverage pass (coverage 1), relevance pass (leakage 0), completeness fail (residual 0.57)'
    """
    try:
        said = figures(found.criteria)
    except ValueError:  # more sets than a table has columns for
        return ""
    words = dict(zip(CRITERIA, NUMBERS, strict=True))
    return ", ".join(f"{name} {verdict} ({words[name]} {value})" for name, verdict, value in said)


def _index(found: Interactions) -> dict[str, Any]:
    effects, strongest = found.effects(), found.top(SETS)
    unit = max((abs(float(value)) for _, value in strongest), default=1.0)
    return {
        "heading": f"{found.title} ({found.index}) of order {found.order}",
        "bars": [
            (effect_label(effects, key, 60), found.label(key), Tint(signed(value), float(value) / unit))
            for key, value in strongest
        ],
        "hidden": several(len(found) - len(strongest), "more set") if len(found) > len(strongest) else "",
        "verdicts": verdicts_of(found),
        "note": found.note,
        "pictures": _pictures(found),
    }


def _pictures(found: Interactions) -> list[tuple[str, str]]:
    """What they show, and the matrix and the graph as images; none without matplotlib or of single players alone."""
    try:
        from synergy.pictures.interaction_graph import interaction_graph
        from synergy.pictures.interaction_matrix import interaction_matrix

        if found.order < 2 or found.n < 2:
            return []
        drawn = {"matrix": interaction_matrix(found), "graph": interaction_graph(found)}
    except ImportError:
        return []
    return [(f"{found.title} as a {name}", _image(figure)) for name, figure in drawn.items()]


def _image(figure: Any) -> str:
    kept = BytesIO()
    figure.savefig(kept, format="svg")
    return "data:image/svg+xml;base64," + b64encode(kept.getvalue()).decode("ascii")
