"""Who is given how much of which effect, by the method that is chosen: what the page's heat map and flow show."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from decompositions.arithmetic import to_float
from decompositions.visible import visible
from synergy.allocation.allocation import Allocation
from synergy.comparison.comparison import Comparison
from synergy.comparison.result import Result
from synergy.comparison.scale import strongest_players
from synergy.showing.sections.cells import LETTERS, Tint
from synergy.showing.sections.panels import Panel, on_its_own
from synergy.wording.names import shared_start, shorten
from synergy.wording.numbers import scalar

PLAYERS = 24  # columns
TURNED = 60  # letters of the columns' names, above which they are written upwards
OTHERS = 60  # players of whom it is said what they are given of an effect, beside its own and the columns
MARKED = 256  # players up to whom a number is written on each
DIGITS = 4  # significant ones, of a number that a picture shows


def explorable(
    comparison: Comparison, panels: list[Panel], start: int, found: list[dict[str, Any]], drawn: Sequence[int]
) -> dict[str, Any]:
    """What the page's chooser switches between, as plain lists and numbers.

    Args:
        comparison: of one game.
        panels: of the methods that apply, in the order of the chooser.
        start: the method that is shown first.
        found: the effects, as :func:`synergy.showing.sections.strongest.strongest` lists them.
        drawn: the players whose colours the page shows.
    """
    effects, keys = comparison.effects, [each["key"] for each in found]
    start_of_all = len(shared_start(effects.names))
    members = dict.fromkeys(player for key in keys for player in key)
    columns = sorted([*members, *(i for i in strongest_players(comparison, PLAYERS) if i not in members)][:PLAYERS])
    tables = [_tables(panel.result, keys, set(columns)) for panel in panels]
    flowing = {player for each in tables for rows in each.values() for row in rows if row for player in row}
    return {
        "start": start,
        "names": {
            i: visible(shorten(effects.names[i][start_of_all:], LETTERS)) for i in sorted({*drawn, *columns, *flowing})
        },
        "columns": columns,
        "hidden": effects.n - len(columns),
        "effects": [
            {
                "name": visible(each["name"]),
                "value": _rounded(each["value"]),
                "text": each["tint"].text,
                "players": list(each["key"]),
            }
            for each in found
        ],
        "methods": [
            {
                "name": visible(panel.title),
                "tints": _colours(own.tints, drawn),
                "total": panel.total,
                "end": own.end,
                "note": own.note,
                "tables": shares,
            }
            for panel, own, shares in (
                (p, on_its_own(comparison, p), each) for p, each in zip(panels, tables, strict=True)
            )
        ],
    }


def _colours(tints: list[Tint], drawn: Sequence[int]) -> Any:
    """By player the number that is written on it, and the share of the scale; of many players the share alone."""
    if len(drawn) > MARKED:
        return [round(tint.share, 2) for tint in tints]
    return {i: [tints[i].text, round(tints[i].share, 3)] for i in drawn}


def _tables(result: Result, keys: list[tuple[int, ...]], columns: set[int]) -> dict[str, Any]:
    """What is given of each effect, measured and in theory, where either is known."""
    tables = {"measured": result.measured, "theory": result.theory}
    return {side: [_row(table, key, columns) for key in keys] for side, table in tables.items() if table is not None}


def _row(table: Allocation, key: tuple[int, ...], columns: set[int]) -> dict[int, float] | None:
    """What each player is given of an effect, without rounding and the least of many others; None if not known."""
    try:
        row = to_float(table[key])
    except LookupError:
        return None
    floor = 1e-9 * float(np.abs(row).max(initial=0.0))
    strongest = np.argsort(-np.abs(row), kind="stable")[:OTHERS].tolist()
    kept = sorted({*key, *columns, *strongest})
    return {player: _rounded(row[player]) for player in kept if abs(row[player]) > floor}


def _rounded(value: Any) -> float:
    return float(f"{float(scalar(value)):.{DIGITS}g}")


def heat_map(data: dict[str, Any]) -> dict[str, Any]:
    """The rows and columns of the heat map, which the page fills by the method that is chosen."""
    rows = [{**effect, "place": place} for place, effect in enumerate(data["effects"])]
    turned = sum(len(data["names"][i]) for i in data["columns"]) > TURNED
    columns = [(i, data["names"][i]) for i in data["columns"]]
    return {"rows": rows, "columns": columns, "hidden": data["hidden"], "turned": turned}


def as_script(data: dict[str, Any]) -> Any:
    """Plain data as the text of a script element: nothing in it ends the element."""
    from markupsafe import Markup  # which jinja2 brings along

    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))
