"""Where methods disagree about a player, and the effect behind it."""

from __future__ import annotations

from typing import Any

from synergy.comparison.comparison import Comparison
from synergy.comparison.disagreement import Disagreement, disagreements
from synergy.showing.sections.cells import LETTERS, signed
from synergy.wording.effects import effect_label
from synergy.wording.names import shorten


def disagreements_said(comparison: Comparison) -> list[dict[str, Any]]:
    """The players about whom methods disagree most, as they are read."""
    found = []
    for each in disagreements(comparison):
        high, low = each.given
        entry = {"name": shorten(comparison.effects.names[each.player], LETTERS), "more": each.more.heading}
        entry |= {"less": each.less.heading, "high": signed(high), "low": signed(low)}
        found.append(entry | {"cause": None if each.cause is None else _cause(comparison, each)})
    return found


def _cause(comparison: Comparison, found: Disagreement) -> dict[str, str]:
    cause, share = found.cause, found.share
    assert cause is not None
    assert share is not None
    name = effect_label(comparison.effects, cause.key, 60) if cause.key else ""
    return {
        "part": _part(share),
        "name": name,
        "effect": signed(cause.effect),
        "more": signed(cause.more),
        "less": signed(cause.less),
    }


def _part(share: float) -> str:
    """How much of the difference one effect makes, as the beginning of a sentence."""
    if share > 1.005:
        return f"{share:.0%} of that, of which other effects take some back, is"
    return f"{'Most of that' if share > 0.5 else 'The largest part of that'}, {share:.0%}, is"
