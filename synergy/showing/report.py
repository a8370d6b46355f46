"""A comparison as one self-contained HTML page."""

from __future__ import annotations

import platform
import re
import unicodedata
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from decompositions import show
from decompositions.arguments import shown
from decompositions.counts import several
from decompositions.files.whole_file import require_writable, write_whole
from decompositions.visible import visible
from synergy.comparison.comparison import Comparison
from synergy.comparison.finding import OUTPUT
from synergy.comparison.scale import strongest_players, unit
from synergy.comparison.verdicts import scoped
from synergy.interactions.result import Interactions
from synergy.showing.sections.cells import LETTERS, signed
from synergy.showing.sections.disagreements import disagreements_said
from synergy.showing.sections.first import chosen, groups, reading, said
from synergy.showing.sections.interactions import indices
from synergy.showing.sections.panels import BARS, on_its_own, panels
from synergy.showing.sections.picture import picture
from synergy.showing.sections.row_by_row import row_by_row
from synergy.showing.sections.shares import MARKED, as_script, explorable, heat_map
from synergy.showing.sections.sources import cite
from synergy.showing.sections.strongest import effect_lists, of_which, orders, strongest
from synergy.showing.sections.sums import PLAYERS, gaps, table
from synergy.showing.sections.verdicts import reasons, sides
from synergy.showing.text import computation, settings_of
from synergy.version import __version__
from synergy.wording.effects import noise_line
from synergy.wording.names import shorten
from synergy.wording.numbers import minus, scalar
from synergy.wording.view import Features, Picture, Words

NEGATIVE = re.compile(r"(?<![\w.-])-(?=\d)")  # the sign before a number
WORDS = 500  # players that are shown as words
EXAMPLE = "report.html"  # a name for such a page
RIGHT_TO_LEFT = ("R", "AL", "AN")  # classes of letters and digits


@show.page.register(Comparison)
def write_report(
    comparison: Comparison,
    path: Path,
    title: str,
    view: Picture | Words | Features | None,
    facts: dict[str, str],
    output: str = OUTPUT,
    command: str = "",
    interactions: Sequence[Interactions] = (),
) -> Path:
    """Write the page, whole or not at all; a file that is there keeps its mode, a link to one stays a link.

    Args:
        comparison: what to show.
        path: of the file; its directory exists.
        title: the heading.
        view: how the input is shown; the players' names with bars if there is none.
        facts: lines about the model, the input and the baseline.
        output: what the model's output is called in a sentence, "the rating".
        command: the one that makes this page; none where there is none.
        interactions: indices of sets of players that are shown, too.

    Raises:
        TypeError: something else than indices.
        ImportError: jinja2 is missing (extra ``cli``).
        ValueError: effects of several games, or a view of other players.
        OSError: the file cannot be written; nothing is left behind.
    """
    _require(comparison, path, view)
    for each in interactions:
        if not isinstance(each, Interactions):
            raise TypeError(f"interactions are what synergy.interactions gives, not {shown(each)}")
    page = template().render(
        _context(comparison, title, view, facts, output) | {"command": command, "indices": indices(interactions)}
    )
    write_whole(path, page.encode("utf-8"), EXAMPLE)
    return path


def _require(comparison: Comparison, path: Path, view: Picture | Words | Features | None) -> None:
    effects = comparison.effects
    if effects.values.ndim != 1:
        raise ValueError(f"a report is about one game; these effects have shape {tuple(effects.values.shape)}")
    shown = effects.n
    if isinstance(view, Picture):
        shown = int(view.regions.max()) + 1
    elif view is not None:
        shown = len(view.words if isinstance(view, Words) else view.names)
    if shown != effects.n:
        raise ValueError(f"the view shows {shown} players, the comparison has {effects.n}; give the view of this game")
    require_writable(path, EXAMPLE)


def template(name: str = "report.html.j2", *scripts: str) -> Any:
    """The page of that name, to be filled in, with its scripts, one after the other; the report's own without any.

    Raises:
        ImportError: jinja2 is missing (extra ``cli``).
    """
    try:
        from jinja2 import Environment, StrictUndefined
        from markupsafe import Markup  # which jinja2 brings along
    except ImportError as error:
        raise ImportError("to_html() needs jinja2: pip install 'synergy-effects[cli]'") from error
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_shown
    )
    environment.filters["apart"] = _apart
    script = "\n".join(map(_part, scripts or ("report.js",)))
    environment.globals.update(several=several, style=Markup(_part("report.css")), script=Markup(script))
    return environment.from_string(_part(name))


def _part(name: str) -> str:
    """One of the files that the page is made of."""
    return files("synergy.showing").joinpath("page", name).read_text(encoding="utf-8")


def _shown(value: Any) -> Any:
    """A text with what is not printed made visible; HTML and numbers as they are."""
    return visible(value, "\n\t") if type(value) is str else value


def _apart(text: str) -> Any:
    """A text as HTML; one that runs from right to left, if only in part, does not turn its neighbours around."""
    from markupsafe import Markup, escape  # which jinja2 brings along

    safe = escape(visible(text, "\n\t"))
    turned = any(unicodedata.bidirectional(letter) in RIGHT_TO_LEFT for letter in text)
    return Markup("<bdi>{}</bdi>").format(safe) if turned else safe


def _computed(comparison: Comparison) -> dict[str, str]:
    """Lines about how the numbers were computed."""
    settings = settings_of(comparison)
    return ({"settings": settings} if settings else {}) | computation(comparison)


def _context(
    comparison: Comparison, title: str, view: Picture | Words | Features | None, facts: dict[str, str], output: str
) -> dict[str, Any]:
    effects = comparison.effects
    if isinstance(view, Words) and effects.n > WORDS:  # which are bars then, the strongest only
        view = None
    shown = panels(comparison, view)
    start = chosen([panel.result for panel in shown])
    found = strongest(effects)
    bars = strongest_players(comparison, BARS)
    drawn = range(effects.n) if view is not None and not isinstance(view, Features) else bars
    data = explorable(comparison, shown, start, found, drawn)
    facts = facts | _left_out(effects.n)
    return {
        "said": said(comparison, output),
        "output": output,
        "about": [NEGATIVE.sub("−", facts[name]) for name in ("prediction", "baseline") if name in facts],
        "reading": reading(view),
        "start": start,
        "longest": _longest(data),
        "marked": MARKED,
        "own": on_its_own(comparison, shown[start]) if shown else None,
        "groups": groups([panel.result for panel in shown]),
        "strongest": found,
        "map": heat_map(data),
        "data": as_script(data),
        "disagreements": disagreements_said(comparison),
        "cite": cite(comparison),
        "title": title,
        "facts": facts | _computed(comparison),
        "names": [shorten(name, LETTERS) for name in effects.names],
        "values": view.values if isinstance(view, Features) else ("",) * effects.n,
        "kind": type(view).__name__,
        "prediction": _prediction(comparison),
        "scale": signed(unit(comparison)),
        "picture": picture(view, effects) if isinstance(view, Picture) else None,
        "panels": shown,
        "widest": max((len(tint.text) for panel in shown for tint in panel.tints), default=1),
        "absent": [(r.heading, r.name, r.note) for r in comparison.columns if r.attribution is None],
        "bar_players": bars,
        "effects": effect_lists(comparison),
        "orders": orders(effects),
        "of_which": of_which(effects),
        "exact": effects.exact,
        "noise": minus(noise_line(effects)),
        "table": table(comparison),
        "gaps": gaps(comparison),
        "scoped": scoped(comparison.columns),
        "criteria": [(r, r.heading, sides(r)) for r in comparison.columns if r.attribution is not None],
        "rows": row_by_row(comparison),
        "calls": f"{comparison.calls:,}",
        "reasons": reasons(comparison),
        "versions": _versions(),
    }


def _longest(data: dict[str, Any]) -> int:
    """Letters of the longest number that is written on a player."""
    colours = [each["tints"] for each in data["methods"]]
    return max((len(text) for each in colours if isinstance(each, dict) for text, _ in each.values()), default=8)


def _left_out(n: int) -> dict[str, str]:
    """A line about the players that are not in the table."""
    more = several(n - PLAYERS, "player")
    return {"left out": f"{more} of {n:,}; comparison.to_pandas() has what each is given"} if n > PLAYERS else {}


def _prediction(comparison: Comparison) -> list[tuple[str, str]]:
    effects = comparison.effects
    gain = effects.total + effects.remainder
    values = {"f(x)": effects.base + gain, "f(b)": effects.base, "f(x) − f(b)": gain}
    return [(name, signed(scalar(value))) for name, value in values.items()]


def _versions() -> dict[str, str]:
    import torch

    return {
        "synergy-effects": __version__,
        "Python": platform.python_version(),
        "torch": str(torch.__version__),
        "numpy": np.__version__,
    }
