"""Players × methods, their sums beside the targets, and where the gaps went."""

from __future__ import annotations

from typing import Any

from synergy.comparison.balance import Balance, balance
from synergy.comparison.comparison import Comparison
from synergy.comparison.result import Result
from synergy.comparison.scale import strongest_players, unit
from synergy.showing.sections.cells import LETTERS, Tint, signed, times
from synergy.wording.names import shorten
from synergy.wording.numbers import brief, minus, scalar

PLAYERS = 60  # rows of the table of attributions


def table(comparison: Comparison) -> dict[str, Any]:
    """Players × methods with the sums below."""
    effects = comparison.effects
    shown = [r for r in comparison.columns if r.attribution is not None]
    rows = strongest_players(comparison, PLAYERS)
    hidden = effects.n - len(rows)
    units = [unit(comparison, r) for r in shown]
    sums = [balance(comparison, result) for result in shown]

    def row(i: int) -> list[Tint]:
        values = [scalar(r.attribution[i]) for r in shown if r.attribution is not None]
        return [Tint(signed(v), float(v) / scale) for v, scale in zip(values, units, strict=True)]

    return {
        "heads": [(r.heading, r.name) for r in shown],
        "rows": [(shorten(effects.names[i], LETTERS), row(i)) for i in rows],
        "hidden": hidden,
        "rest": [signed(_rest(r, rows)) for r in shown] if hidden else [],
        "totals": [signed(each.total) for each in sums],
        "targets": [(r.target, "–" if b.goal is None else signed(b.goal)) for r, b in zip(shown, sums, strict=True)],
        "gaps": [_gap(each) for each in sums],
        "errors": [minus(brief(each.error)) for each in sums],
    }


def _rest(result: Result, rows: list[int]) -> Any:
    assert result.attribution is not None
    return scalar(result.attribution.sum() - result.attribution[rows].sum())


def _gap(sums: Balance) -> tuple[str, bool]:
    """The gap as it is read, and whether it is closed."""
    if sums.gap is None:
        return "–", True
    return (minus(brief(float(sums.gap))) if sums.closed else signed(sums.gap)), sums.closed


def gaps(comparison: Comparison) -> list[dict[str, Any]]:
    """Where the gaps went; methods with the same account share an entry."""
    entries: dict[str, dict[str, Any]] = {}
    for result in comparison.columns:
        if result.attribution is None:
            continue
        sums = balance(comparison, result)
        parts = [
            (
                part.name,
                signed(part.effect),
                signed(part.given),
                times(part.given, part.effect),
            )
            for part in sums.parts or ()
        ]
        account = minus(sums.explain())
        entry = {"titles": [], "gap": _gap(sums), "open": not sums.closed, "parts": parts, "account": account}
        entry["where"] = sums.where()
        entries.setdefault(account, entry)["titles"].append(result.heading)
    return list(entries.values())
