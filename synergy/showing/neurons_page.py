"""The page of a ranking: a table of all neurons that sorts by any column, and in which neurons can be picked."""

from __future__ import annotations

from pathlib import Path

from decompositions import show
from decompositions.files.whole_file import require_writable, write_whole
from synergy.neurons.ranking import COLUMNS, Ranking
from synergy.showing.report import template
from synergy.wording.numbers import minus, number

EXAMPLE = "neurons.html"


@show.page.register(Ranking)
def write_neurons(ranking: Ranking, path: Path) -> Path:
    """Write the page, whole or not at all.

    Args:
        ranking: whose neurons it lists, the highest score first.
        path: of the file; its directory exists.

    Raises:
        ImportError: jinja2 is missing (extra ``cli``).
        OSError: the file cannot be written; nothing is left behind.
    """
    require_writable(path, EXAMPLE)
    columns = [getattr(ranking, name).tolist() for name in COLUMNS]
    rows = [
        (j, ranking.names[j], [(column[j], minus(number(column[j]))) for column in columns])
        for j in ranking.order.tolist()
    ]
    page = template("neurons.html.j2").render(
        title=f"Neurons of {ranking.layer}",
        layer=ranking.layer,
        inputs=ranking.inputs,
        columns=("neuron", *COLUMNS),
        rows=rows,
    )
    write_whole(path, page.encode("utf-8"), EXAMPLE)
    return path
