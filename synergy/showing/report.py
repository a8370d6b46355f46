"""A comparison as one self-contained HTML page."""

from __future__ import annotations

import math
import platform
import unicodedata
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from decompositions import show
from decompositions.arithmetic import to_float
from decompositions.degrees import mask
from decompositions.effects.effects import Effects
from decompositions.files.whole_file import require_writable, write_whole
from decompositions.visible import visible
from synergy.allocation.allocation import Allocation
from synergy.allocation.criteria import Criteria
from synergy.comparison.balance import Balance, balance
from synergy.comparison.comparison import Comparison
from synergy.comparison.result import Result
from synergy.comparison.scale import strongest_players, unit
from synergy.showing.picture import overlay, picture
from synergy.showing.text import computation, figures, settings_of
from synergy.version import __version__
from synergy.wording.effects import above_noise, effect_label, noise_line
from synergy.wording.names import shorten
from synergy.wording.notes import clause
from synergy.wording.numbers import brief, fixed, minus, number, scalar
from synergy.wording.view import Features, Picture, Words

PLAYERS = 60  # rows of the table of attributions
BARS = 15  # rows of one method's bars
EFFECTS = 12  # bars of the strongest effects
SLACK = 5e-3  # relative; a share that rounds to 1.00 is full
ROWS = 8  # effects that are followed row by row
NAME = 40  # letters of a player's name
RIGHT_TO_LEFT = ("R", "AL", "AN")  # classes of letters and digits
SYMBOLS = {"pass": "✓", "fail": "✗", "undecided": "?"}


class Tint(NamedTuple):
    """A number as it is read, and its share of the scale, from −1 to 1."""

    text: str
    share: float


class Panel(NamedTuple):
    """The input, coloured by one method."""

    result: Result
    title: str
    tints: list[Tint]
    total: str
    overlay: str
    summary: str
    own_scale: bool


class Side(NamedTuple):
    """The criteria of one table, in theory or measured."""

    label: str
    cells: list[tuple[str, str, str, str]]
    tolerance: str
    error: str
    worst: str
    note: str

    @property
    def short(self) -> str:
        """The note without the way out."""
        return clause(self.note)


@show.page.register(Comparison)
def write_report(
    comparison: Comparison,
    path: Path,
    title: str,
    view: Picture | Words | Features | None,
    facts: dict[str, str],
) -> Path:
    """Write the page, whole or not at all; a file that is there keeps its mode, a link to one stays a link.

    Args:
        comparison: what to show.
        path: of the file; its directory exists.
        title: the heading.
        view: how the input is shown; the players' names with bars if there is none.
        facts: lines about the model, the input and the baseline.

    Raises:
        ImportError: jinja2 is missing (extra ``cli``).
        ValueError: effects of several games, or a view of other players.
        OSError: the file cannot be written; nothing is left behind.
    """
    _require(comparison, path, view)
    page = template().render(_context(comparison, title, view, facts))
    write_whole(path, page.encode("utf-8"))
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
    require_writable(path)


def template() -> Any:
    """The page to be filled in.

    Raises:
        ImportError: jinja2 is missing (extra ``cli``).
    """
    try:
        from jinja2 import Environment, StrictUndefined
    except ImportError as error:
        raise ImportError("to_html() needs jinja2: pip install 'synergy-effects[cli]'") from error
    source = files("synergy.showing").joinpath("report.html.j2").read_text(encoding="utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_shown
    )
    environment.filters["apart"] = _apart
    return environment.from_string(source)


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
    comparison: Comparison, title: str, view: Picture | Words | Features | None, facts: dict[str, str]
) -> dict[str, Any]:
    effects, panels = comparison.effects, _panels(comparison, view)
    return {
        "title": title,
        "facts": facts | _computed(comparison),
        "names": [shorten(name, NAME) for name in effects.names],
        "values": view.values if isinstance(view, Features) else ("",) * effects.n,
        "kind": type(view).__name__,
        "prediction": _prediction(comparison),
        "scale": _signed(unit(comparison)),
        "picture": picture(view, effects) if isinstance(view, Picture) else None,
        "panels": panels,
        "widest": max((len(tint.text) for panel in panels for tint in panel.tints), default=1),
        "absent": [(r.heading, r.name, r.note) for r in comparison.results if r.attribution is None],
        "bar_players": strongest_players(comparison, BARS),
        "effects": _effect_lists(comparison),
        "orders": _orders(effects),
        "exact": effects.exact,
        "noise": minus(noise_line(effects)),
        "table": _table(comparison),
        "gaps": _gaps(comparison),
        "criteria": [(r, r.heading, _sides(r)) for r in comparison.results if r.attribution is not None],
        "rows": _row_by_row(comparison),
        "calls": f"{comparison.calls:,}",
        "reasons": _reasons(comparison),
        "versions": _versions(),
    }


def _prediction(comparison: Comparison) -> list[tuple[str, str]]:
    effects = comparison.effects
    gain = effects.total + effects.remainder
    values = {"f(x)": effects.base + gain, "f(b)": effects.base, "f(x) − f(b)": gain}
    return [(name, _signed(scalar(value))) for name, value in values.items()]


def _panels(comparison: Comparison, view: Picture | Words | Features | None) -> list[Panel]:
    panels = []
    for result in comparison.results:
        if result.attribution is None:
            continue
        digits = 2 if isinstance(view, Picture) else 3
        scale = unit(comparison, result)
        shares = to_float(result.attribution) / scale
        exact = result.attribution if comparison.effects.exact else None
        tints = [
            Tint(minus(fixed(share * scale, scale, digits)) if exact is None else _signed(exact[i]), float(share))
            for i, share in enumerate(shares)
        ]
        layer = overlay(view, shares) if isinstance(view, Picture) else ""
        strong = sorted(np.argsort(-np.abs(shares), kind="stable")[:BARS].tolist())
        summary = ", ".join(f"{shorten(comparison.effects.names[i], NAME)} {tints[i].text}" for i in strong)
        total = _signed(scalar(result.attribution.sum()))
        panels.append(Panel(result, result.heading, tints, total, layer, summary, result.own_unit))
    return panels


def _effect_lists(comparison: Comparison) -> list[dict[str, Any]]:
    """The strongest independent, interaction and (where there is a series) Taylor effects, on one scale each kind."""
    effects, series = comparison.effects, comparison.series
    alone = _independent(effects)
    together = [(key, value) for key, value in effects.top(EFFECTS + effects.n) if len(key) > 1]
    unit = max((abs(float(value)) for _, value in [*alone, *together]), default=1.0)
    lists = [
        _effect_list("Independent effects", effects, alone, len(alone), unit),
        _effect_list("Interaction effects", effects, together, above_noise(effects) - len(alone), unit),
    ]
    if series is not None:
        terms = series.top(EFFECTS)
        unit = max((abs(float(value)) for _, value in terms), default=1.0)
        lists.append(_effect_list("Taylor effects", series, terms, above_noise(series), unit))
    return lists


def _independent(effects: Effects) -> list[tuple[tuple[int, ...], Any]]:
    """The independent effects above the noise, strongest first."""
    found = [((i,), scalar(effects[(i,)])) for i in range(effects.n)]
    strong = [(key, value) for key, value in found if abs(value) > effects.noise * math.sqrt(2)]
    return sorted(strong, key=lambda pair: -abs(float(pair[1])))


def _effect_list(heading: str, effects: Effects, found: list[Any], strong: int, unit: float) -> dict[str, Any]:
    bars = [
        (effect_label(effects, key, 60), effects.label(key), Tint(_signed(value), float(value) / unit))
        for key, value in found[:EFFECTS]
    ]
    return {"heading": heading, "bars": bars, "count": f"{strong:,}", "hidden": strong - len(bars)}


def _orders(effects: Effects) -> list[tuple[int, str, float]]:
    """For each number of players, what its effects above the noise make up of Σ|J|."""
    strength = np.abs(to_float(effects.values))
    strength[strength <= effects.noise_floor()] = 0
    strength[0] = 0
    sums = np.bincount(effects.sizes(0, len(effects)), weights=strength)[1:]
    total = float(sums.sum())
    return [(order, f"{share / total:.1%}", share / total) for order, share in enumerate(sums, 1)] if total else []


def _table(comparison: Comparison) -> dict[str, Any]:
    """Players × methods with the sums below."""
    effects = comparison.effects
    shown = [r for r in comparison.results if r.attribution is not None]
    rows = strongest_players(comparison, PLAYERS)
    hidden = effects.n - len(rows)
    units = [unit(comparison, r) for r in shown]
    sums = [balance(comparison, result) for result in shown]

    def row(i: int) -> list[Tint]:
        values = [scalar(r.attribution[i]) for r in shown if r.attribution is not None]
        return [Tint(_signed(v), float(v) / scale) for v, scale in zip(values, units, strict=True)]

    return {
        "heads": [(r.heading, r.name) for r in shown],
        "rows": [(shorten(effects.names[i], NAME), row(i)) for i in rows],
        "hidden": hidden,
        "rest": [_signed(_rest(r, rows)) for r in shown] if hidden else [],
        "totals": [_signed(each.total) for each in sums],
        "targets": [(r.target, "–" if b.goal is None else _signed(b.goal)) for r, b in zip(shown, sums, strict=True)],
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
    return (minus(brief(float(sums.gap))) if sums.closed else _signed(sums.gap)), sums.closed


def _gaps(comparison: Comparison) -> list[dict[str, Any]]:
    """Where the gaps went; methods with the same account share an entry."""
    entries: dict[str, dict[str, Any]] = {}
    for result in comparison.results:
        if result.attribution is None:
            continue
        sums = balance(comparison, result)
        parts = [
            (
                part.name,
                _signed(part.effect),
                _signed(part.given),
                _times(part.given, part.effect),
            )
            for part in sums.parts or ()
        ]
        entry = {"titles": [], "gap": _gap(sums), "open": not sums.closed, "parts": parts, "account": sums.explain()}
        entries.setdefault(sums.explain(), entry)["titles"].append(result.heading)
    return list(entries.values())


def _sides(result: Result) -> list[Side]:
    return [
        _side("theory", result.theory, result.theory_criteria, result.theory_note),
        _side("measured", result.measured, result.measured_criteria, result.measured_note),
    ]


def _reasons(comparison: Comparison) -> list[str]:
    """Why something is missing, each reason once and in full, if the table has only its beginning."""
    sides = [side for result in comparison.results if result.attribution is not None for side in _sides(result)]
    return list(dict.fromkeys(side.note for side in sides if not side.cells and side.short != side.note))


def _side(label: str, table: Allocation | None, criteria: Criteria | None, note: str) -> Side:
    if table is None or criteria is None:
        return Side(label, [], "", "", "", note or "not known")
    cells = [(name, verdict, SYMBOLS[verdict], minus(value)) for name, verdict, value in figures(criteria)]
    worst = "" if criteria.worst is None else effect_label(table.effects, criteria.worst, 60)
    note = "" if criteria.effects else "no effect rises above the noise floor"
    return Side(label, cells, minus(brief(criteria.tolerance)), minus(brief(criteria.error)), worst, note)


def _row_by_row(comparison: Comparison) -> dict[str, Any]:
    """What every method gives of the strongest effects, measured beside theory."""
    effects = comparison.effects
    shown = [r for r in comparison.results if r.theory is not None or r.measured is not None]
    found = effects.top(ROWS)
    rows = [
        (effect_label(effects, key, 60), _signed(value), [_share(r, key, value) for r in shown]) for key, value in found
    ]
    return {
        "heads": [(r.heading, r.name) for r in shown],
        "rows": rows,
        "foot": [_disagreement(r) for r in shown],
    }


def _share(result: Result, key: tuple[int, ...], effect: Any) -> dict[str, Any]:
    """What one method gives, in all, of one effect."""
    measured, theory = (
        None if table is None else scalar(_given(table, key).sum()) for table in (result.measured, result.theory)
    )
    first = theory if measured is None else measured
    differs = measured is not None and theory is not None and not math.isclose(theory, measured, rel_tol=1e-6)
    error = _row_error(result.measured, key) / abs(float(effect))
    return {
        "given": _signed(first),
        "ratio": _times(first, effect),
        "full": abs(float(first / effect) - 1) <= max(SLACK, error),
        "error": f"{error:.2f}" if error > SLACK else "",
        "theory": _signed(theory) if differs else "",
    }


def _row_error(table: Allocation | None, key: tuple[int, ...]) -> float:
    """The numerical error of a row's sum where it was measured."""
    if table is None or table.error is None or table.effects.degrees is not None:
        return 0.0
    return float(table.error[mask(key)])


def _times(given: Any, effect: Any) -> str:
    return minus(f"{float(given / effect):.2f}") if effect else ""


def _given(table: Allocation, key: tuple[int, ...]) -> Any:
    """What each player is given of the effects of one coalition. Shape ``(n,)``."""
    effects = table.effects
    if effects.degrees is None:
        return table[key]
    wanted = np.isin(np.arange(effects.n), key)
    rows = np.nonzero(((effects.degrees > 0) == wanted).all(1))[0].tolist()
    return sum((table.rows(row, row + 1)[0] for row in rows), table.rows(0, 1)[0] * 0)


def _disagreement(result: Result) -> tuple[str, str]:
    """The largest difference of a row, and which row; or why there is none."""
    if result.disagreement is None:
        return "–", "no theory" if result.theory is None else "not measured"
    return minus(brief(result.disagreement)), result.disagreement_at


def _versions() -> dict[str, str]:
    import torch

    return {
        "synergy-effects": __version__,
        "Python": platform.python_version(),
        "torch": str(torch.__version__),
        "numpy": np.__version__,
    }


def _signed(value: Any) -> str:
    return minus(number(value, sign=True))
