"""The page of rankings: a map of the layers, and a table of neurons to sort, filter and pick from.

A page stays below a megabyte: of very many neurons it lists those of the largest scores, whatever their sign, and says
so; the map has all.
"""

from __future__ import annotations

import math
from itertools import takewhile
from pathlib import Path
from typing import Any

from decompositions import show
from decompositions.counts import several
from decompositions.files.whole_file import require_writable, write_whole
from synergy.neurons.ranking import COLUMNS, Ranking, sheet_rows
from synergy.neurons.rankings import Rankings
from synergy.showing.report import template
from synergy.showing.sections.shares import as_script
from synergy.wording.numbers import minus, number

EXAMPLE = "neurons.html"
ROWS = 12_000  # neurons that are listed
DIGITS = 4  # of a number
AT_ONCE = 100  # rows that are shown together, and those that a page has without its script
ENDS, CELLS = 24, 2400  # neurons of each end of a layer that have cells in the map; cells of all layers


@show.page.register(Ranking)
def write_neurons(ranking: Ranking, path: Path, command: str = "") -> Path:
    """Write the page of one layer, whole or not at all.

    Args:
        ranking: whose neurons it lists, the highest score first.
        path: of the file; its directory exists.
        command: that silences neurons, without the layers and the neurons, if there is one.

    Raises:
        ImportError: jinja2 is missing (extra ``cli``).
        OSError: the file cannot be written; nothing is left behind.
    """
    return _written((ranking,), (), path, command, f"Neurons of {ranking.layer}")


@show.page.register(Rankings)
def write_layers(rankings: Rankings, path: Path, command: str = "") -> Path:
    """Write the page of several layers; arguments and errors as those of :func:`write_neurons`."""
    title = f"Neurons of {several(len(rankings), 'layer')}"
    return _written(rankings.layers, rankings.left_out, path, command, title)


def _written(
    layers: tuple[Ranking, ...], left_out: tuple[tuple[str, str], ...], path: Path, command: str, title: str
) -> Path:
    require_writable(path, EXAMPLE)
    rows = sheet_rows(layers)
    listed = _listed(rows)
    limit = max(float(each.score.abs().max()) for each in layers) or 1.0
    page = template("neurons.html.j2", "neurons.js").render(
        title=title,
        neurons=len(rows),
        inputs=layers[0].inputs,
        left_out=left_out,
        map=_map(layers, limit) if len(layers) > 1 else [],
        scale=[minus(number(end, sign=True)) for end in (-limit, limit)],
        hidden=len(rows) - len(listed),
        columns=COLUMNS,
        first=[(row[0], row[2], [minus(number(value)) for value in row[3:]]) for row in listed[:AT_ONCE]],
        command=command,
        data=as_script(_data(layers, listed, command)),
    )
    write_whole(path, page.encode("utf-8"), EXAMPLE)
    return path


def _listed(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The rows that the page has, in their order; of too many those of the largest scores."""
    if len(rows) <= ROWS:
        return rows
    kept = sorted(range(len(rows)), key=lambda place: -abs(rows[place][3]))[:ROWS]
    return [rows[place] for place in sorted(kept)]


def _data(layers: tuple[Ranking, ...], rows: list[tuple[Any, ...]], command: str) -> dict[str, Any]:
    """What the script reads, column by column; of the names it gets what comes behind their common beginning."""
    places = {each.layer: place for place, each in enumerate(layers)}
    names = [row[2] for row in rows]
    start = _beginning(names)
    return {
        "layers": [(each.layer, len(each.names)) for each in layers],
        "several": len(layers) > 1,
        "columns": COLUMNS,
        "atOnce": AT_ONCE,
        "layer": [places[row[0]] for row in rows] if len(layers) > 1 else 0,
        "number": [row[1] for row in rows],
        "start": start,
        "names": [name[len(start) :] for name in names],
        "values": [[_rounded(row[3 + place]) for row in rows] for place in range(len(COLUMNS))],
        "command": command,
    }


def _beginning(names: list[str]) -> str:
    """What all of them begin with."""
    first, last = min(names), max(names)  # what these share, those between them do
    return "".join(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False)))


def _rounded(value: float) -> float | None:
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None


def _map(layers: tuple[Ranking, ...], limit: float) -> list[dict[str, Any]]:
    """Every layer with its sorted scores as shares of the largest of all; of many its two ends."""
    ends = max(1, min(ENDS, CELLS // (2 * len(layers))))
    columns = []
    for each in layers:
        shares = (each.score / limit).sort(descending=True).values.tolist()
        between = max(0, len(shares) - 2 * ends)
        top, bottom = (shares[:ends], shares[-ends:]) if between else (shares, [])
        columns.append({"name": each.layer, "count": len(shares), "top": top, "between": between, "bottom": bottom})
    return columns
