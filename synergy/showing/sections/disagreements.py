"""Where methods disagree about a player, and the effect behind it."""

from __future__ import annotations

from typing import Any

from synergy.comparison.comparison import Comparison
from synergy.comparison.disagreement import Cause, disagreements
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
        found.append(entry | {"cause": None if each.cause is None else _cause(comparison, each.cause)})
    return found


def _cause(comparison: Comparison, cause: Cause) -> dict[str, str]:
    name = effect_label(comparison.effects, cause.key, 60) if cause.key else ""
    return {"name": name, "effect": signed(cause.effect), "more": signed(cause.more), "less": signed(cause.less)}
