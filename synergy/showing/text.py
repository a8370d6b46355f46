"""Comparisons and effects as plain text, and the wording that the pictures and the report share."""

from __future__ import annotations

import math
import textwrap
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from numbers import Rational
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from decompositions import counts
from decompositions.arithmetic import to_float
from decompositions.visible import JOINERS, visible
from synergy.method import METHODS

if TYPE_CHECKING:
    from decompositions.effects.effects import Effects
    from synergy.allocation.allocation import Allocation
    from synergy.allocation.criteria import Criteria
    from synergy.comparison.compare import Comparison, Result

WIDTH = 118  # columns that a table may take
NAME = 20  # columns of a player's name
LABEL = 36  # columns of an effect's name
HEAD = 10  # columns of a line of a method's name
PLAYERS = 30  # rows of players
LONGEST = 1000  # letters of a name that are looked at
SHORT = 9  # characters of a fraction that is written out
CRITERIA = ("coverage", "relevance", "completeness")
GAINS = ("f(x) − f(b)", "f(x) − E f(b)")


def number(value: Any, *, sign: bool = False) -> str:
    """Four significant digits; an exact rational number as it is, while it is short.

    Args:
        value: a number: Python's, SymPy's, NumPy's, or a tensor of one element.
        sign: whether positive numbers have a plus.

    >>> number(-2.03149), number(Fraction(-35, 18)), number(3), number(1.5e-7), number(123456.0)
    ('-2.031', '-35/18', '3', '1.5e-7', '123456')
    """
    plus = "+" if sign and value > 0 else ""
    if isinstance(value, Rational):
        exact = Fraction(int(value.numerator), int(value.denominator))
        if max(abs(exact.numerator), exact.denominator) < 10**SHORT and len(str(exact)) <= SHORT:
            return plus + str(exact)
        if abs(exact.numerator) >= counts.FLOATS or exact.denominator >= counts.FLOATS:
            return plus + _exponent(counts.rounded(exact))
    return plus + _digits(float(value))


def brief(value: float) -> str:
    """Two significant digits, for errors and shares.

    >>> brief(0.0321), brief(1.0), brief(5e-17)
    ('0.032', '1', '5e-17')
    """
    return _exponent(f"{value + 0.0:.2g}")  # −0 + 0 is 0


def scalar(value: Any) -> Any:
    """A tensor of one element as a Python number; exact numbers as they are."""
    return value.item() if hasattr(value, "item") else value


def fixed(value: float, unit: float, digits: int = 3) -> str:
    """A signed number with as many decimals as give the largest one of its scale so many digits.

    >>> fixed(-0.0308, 2.136), fixed(12.04, 980.0), fixed(-0.0, 1.0), fixed(-1e-4, 1.0)
    ('-0.03', '+12', '0', '0.00')
    """
    decimals = min(8, max(0, digits - 1 - math.floor(math.log10(unit))))
    text = f"{value:+.{decimals}f}"
    if not value:
        return "0"
    return text if text.strip("+-0.") else text[1:]  # what rounds to zero has no sign


def shorten(text: str, width: int = NAME) -> str:
    """A text in at most ``width`` columns, with an ellipsis if it was cut; what is not printed is made visible.

    >>> shorten("concave points", 8), columns(shorten("a\\x1b"))
    ('concave…', 5)
    """
    whole = visible(text[: LONGEST + width])  # of a text of megabytes only the beginning is looked at
    if columns(whole) <= width:
        return whole
    while whole and columns(whole) > width - 1:
        whole = whole[:-1]
    return whole + "…"


def columns(text: str) -> int:
    """The columns that a terminal needs: wide letters take two, combining marks and joiners none."""
    return sum(
        0
        if unicodedata.combining(letter) or letter in JOINERS
        else 2
        if unicodedata.east_asian_width(letter) in "WF"
        else 1
        for letter in text
    )


def clause(note: str) -> str:
    """What a note says before its first semicolon outside brackets: the rule, without the way out.

    >>> clause("no series (relu in 'a; b'; at 2 of 3 places); use smooth=")
    "no series (relu in 'a; b'; at 2 of 3 places)"
    """
    depth = 0
    for place, letter in enumerate(note):
        depth = max(0, depth + (letter in "([{") - (letter in ")]}"))
        if letter == ";" and not depth:
            return note[:place]
    return note if not depth else note.partition(";")[0]


def effect_label(effects: Effects, key: tuple[int, ...], width: int = LABEL) -> str:
    """The name of an effect in at most ``width`` columns, ``region 1·2·+3``.

    What all players' names begin with is said once; of too many members, how many more there are.
    """
    start, names = shared_start(effects.names), effects.members(key) or [effects.label(key)]
    members = [*names[:1], *(name[len(start) :] for name in names[1:])]
    if columns("·".join(members)) <= width:
        return shorten("·".join(members), width)
    for kept in range(len(members) - 1, 0, -1):
        short = "·".join(members[:kept]) + f"·+{len(members) - kept}"
        if columns(short) <= width:
            return shorten(short, width)
    tail = f"·+{len(members) - 1}" if len(members) > 1 else ""
    return shorten(members[0], width - len(tail)) + tail


def shared_start(names: Sequence[str]) -> str:
    """The words that all names begin with, up to a space; nothing where a name would be left empty.

    >>> shared_start(["region 1", "region 10"]), shared_start(["radius", "texture"])
    ('region ', '')
    """
    first, last = min(names), max(names)
    end = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    start = first[: first[:end].rfind(" ") + 1]
    return start if first != last and len(start) < min(map(len, names)) else ""


class Part(NamedTuple):
    """An effect that is not shared out in full: its name, its size, and what the players are given of it in all."""

    name: str
    effect: Any
    given: Any

    @property
    def missing(self) -> Any:
        """What is left of the effect."""
        return self.effect - self.given


def method_title(result: Result) -> str:
    """What texts call the method: its title if it is registered, its name otherwise."""
    return (METHODS[result.name].title if result.name in METHODS else "") or result.name


@dataclass(frozen=True)
class Balance:
    """What the attributions of one method add up to, and what they should.

    Args:
        total: Σ of the attributions.
        goal: what they are meant to add up to; None where that is not known.
        gap: goal − total; None without a goal.
        error: the numerical error of both: the method's own, the model's rounding, and that of adding effects up.
        parts: where the gap went, the largest part first; None where no allocation says so.
    """

    total: Any
    goal: Any | None
    gap: Any | None
    error: float
    parts: tuple[Part, ...] | None = None

    @property
    def closed(self) -> bool:
        """Whether there is no gap beyond the numerical error."""
        return self.gap is not None and abs(float(self.gap)) <= self.error

    def explain(self) -> str:
        """Where the gap went, in a line."""
        if self.gap is None:
            return "its target is its own, so there is no sum to hold it to"
        if self.closed:
            return "no gap" + (" beyond the numerical error" if self.gap else "")
        if self.parts is None:
            return f"gap {number(self.gap, sign=True)}; where it went was not measured"
        named = "; ".join(f"{part.name} is {number(part.effect)}, given {number(part.given)}" for part in self.parts)
        return f"gap {number(self.gap, sign=True)}: {named or 'many effects, none above the numerical error'}"


def balance(comparison: Comparison, result: Result) -> Balance:
    """The sum of a method's attributions beside its target.

    Raises:
        ValueError: the method has no attributions.
    """
    if result.attribution is None:
        raise ValueError(f"{result.name} has no attributions: {result.note}")
    effects = comparison.effects
    total = scalar(result.attribution.sum())
    gain = effects.total + effects.remainder
    known = {**dict.fromkeys(GAINS, gain), "f(x)": effects.base + gain}
    own = 0.0 if result.error is None else _norm(to_float(result.error))
    adding = 0.0 if effects.exact else np.finfo(np.float64).eps * _norm(to_float(effects.values))
    error = math.hypot(own, math.sqrt(effects.n) * effects.noise, adding)
    if result.target not in known:
        return Balance(total, None, None, error)
    goal = scalar(known[result.target])
    table = result.measured or (result.theory if _reproduces(result, error) else None)
    parts = None if table is None else _gaps(table, result.target == "f(x)", error)
    return Balance(total, goal, goal - total, error, parts)


def _norm(values: np.ndarray) -> float:
    """The root of the sum of squares, of numbers of any size."""
    unit = float(abs(values).max(initial=0.0)) or 1.0
    return unit if math.isinf(unit) else unit * float(np.linalg.norm(values / unit))


def _reproduces(result: Result, error: float) -> bool:
    """Whether the theory's column sums are the attributions, so that it says where they went."""
    if result.theory is None or result.attribution is None:
        return False
    sums, own = to_float(result.theory.attribution), to_float(result.attribution)
    return bool(np.abs(sums - own).max() <= error + 1e-9 * np.abs(own).max())


def disagreement(result: Result) -> tuple[float, str] | None:
    """The largest difference of a row in theory and measured, relative to the largest effect, and the row's name."""
    if result.disagreement is None:
        return None
    if result.disagreement == 0:
        return 0.0, ""
    assert result.theory is not None
    assert result.measured is not None
    largest, row = 0.0, 0
    for (start, _, theory), (_, _, measured) in zip(
        result.theory.by_support().blocks(), result.measured.blocks(), strict=True
    ):
        differences = to_float(abs(theory - measured)).max(-1)
        if differences.max() > largest:
            largest, row = float(differences.max()), start + int(differences.argmax())
    return result.disagreement, effect_label(result.measured.effects, result.measured.effects.key(row))


def above_noise(effects: Effects) -> int:
    """How many effects rise above their noise floor, the constant left out."""
    return int((np.abs(to_float(effects.values[1:])) > effects.noise_floor(1)).sum())


def noise_line(effects: Effects) -> str:
    """What is known of rounding errors."""
    if effects.exact:
        return "exact numbers, no rounding"
    return f"noise floor of J(S): {brief(effects.noise)} · 2^(|S|/2)"


def figures(criteria: Criteria) -> tuple[tuple[str, str, str], ...]:
    """For each criterion its name, verdict and number: the coverage, the leakage, the residual."""
    coverage = brief(criteria.coverage)
    if coverage == "1" and criteria.verdicts["coverage"] != "pass":
        coverage = f"1-{brief(1 - criteria.coverage)}"
    values = (coverage, brief(criteria.leakage), brief(criteria.residual))
    return tuple((name, criteria.verdicts[name], value) for name, value in zip(CRITERIA, values, strict=True))


def effects_table(effects: Effects, k: int = 10) -> str:
    """The k strongest effects with bars (solid for positive, shaded for negative ones) and the noise floor."""
    found = effects.top(k)
    strong = above_noise(effects)
    word = "Taylor effects" if effects.basis == "taylor" else "effects"
    head = f"strongest {word} ({len(found)} of {strong} above the noise; {noise_line(effects)})"
    largest = max((abs(float(value)) for _, value in found), default=1.0)
    rows = [[effect_label(effects, key), number(value, sign=True), _bar(value, largest)] for key, value in found]
    return "\n".join([head, *grid(rows, "<><")])


def comparison_table(comparison: Comparison) -> str:
    """Players × methods, their sums and targets; criteria in theory and measured; the strongest effects.

    Raises:
        ValueError: effects of several games.
    """
    effects = comparison.effects
    if effects.values.ndim != 1:
        raise ValueError(
            f"a comparison is printed for one game; these effects have shape {tuple(effects.values.shape)}"
        )
    notes: list[str] = []
    parts = [
        _heading(comparison),
        *_attributions(comparison),
        *_settings(comparison),
        *_sums(comparison),
        *_criteria(comparison, notes),
        *_notes(notes),
        *_disagreements(comparison),
        effects_table(effects),
        *([_filled(f"{name}: {fact}") for name, fact in computation(comparison).items()]),
        *_formulas(comparison),
    ]
    return "\n\n".join(parts)


def comparison_summary(comparison: Comparison) -> str:
    """The attributions and every method's verdicts in a line each: what ``print(comparison)`` says."""
    if comparison.effects.values.ndim != 1:
        return repr(comparison)
    rows = [["", "theory", "measured"]]
    for result in comparison.results:
        sides = (result.theory_criteria, result.measured_criteria) if result.attribution is not None else ()
        cells = [" · ".join(each.verdicts[name] for name in CRITERIA) if each else "none" for each in sides]
        rows.append([shorten(result.name, HEAD * 3), *(cells or ["does not apply", ""])])
    verdicts = [f"verdicts on {' · '.join(CRITERIA)}", *grid(rows, "<<<")]
    end = "numbers and reasons: .table(); pictures: .plot(), .to_html(path)"
    return "\n\n".join([_heading(comparison), *_attributions(comparison), "\n".join(verdicts), end])


def result_summary(result: Result) -> str:
    """What there is of one method: the sum of its attributions and the verdicts, or why it does not apply."""
    if result.attribution is None:
        return f"does not apply: {visible(result.note)}"
    parts = [f"Σ {number(scalar(result.attribution.sum()))}" if result.attribution.ndim == 1 else ""]
    known = {"theory": result.theory_criteria, "measured": result.measured_criteria}
    for side, each in known.items():
        parts += [] if each is None else [f"{side}: {', '.join(f'{n} {each.verdicts[n]}' for n in CRITERIA)}"]
    return "; ".join(filter(None, parts))


def _formulas(comparison: Comparison) -> list[str]:
    """Exact effects written out: the dividends, and the Taylor effects where they are known."""
    found = {"in dividends": comparison.effects, "in Taylor effects": comparison.series}
    return [_filled(f"{how}: {effects}") for how, effects in found.items() if effects is not None and effects.exact]


def computation(comparison: Comparison) -> dict[str, str]:
    """How the effects were computed, where there is something to say: shortcuts, and how far the series goes."""
    found = {"values": comparison.effects.evaluation} if comparison.effects.evaluation else {}
    series = comparison.series
    if series is not None and series.degrees is not None:
        degree, error = int(series.degrees.sum(1).max()), "" if series.exact else f", error {brief(series.noise)}"
        end = series.note or ("cut off there" if series.truncated else "all there are")
        found["Taylor series"] = f"{len(series) - 1:,} effects up to degree {degree}{error}; {end}"
    return found


def settings_of(comparison: Comparison) -> str:
    """The methods' settings in a line; empty where none has any."""
    return "; ".join(
        f"{result.name} {result.settings}"
        for result in comparison.results
        if result.settings and result.attribution is not None
    )


def _settings(comparison: Comparison) -> list[str]:
    line = settings_of(comparison)
    return [textwrap.fill(visible(f"settings: {line}"), WIDTH, subsequent_indent="    ")] if line else []


def _heading(comparison: Comparison) -> str:
    effects = comparison.effects
    gain = scalar(effects.total + effects.remainder)
    base = scalar(effects.base)
    values = {"f(b)": base, "f(x)": base + gain, "f(x) − f(b)": gain}
    numbers = ", ".join(f"{name} = {number(value)}" for name, value in values.items())
    return f"{numbers}; {effects.n} players, {len(comparison.results)} methods, {comparison.calls:,} model calls"


def _attributions(comparison: Comparison) -> list[str]:
    """Players × methods, as many methods side by side as fit."""
    shown = [result for result in comparison.results if result.attribution is not None]
    if not shown:
        return []
    rows = strongest_players(comparison, PLAYERS)
    first = ["", *(shorten(comparison.effects.names[i]) for i in rows)]
    hidden = comparison.effects.n - len(rows)
    first += [f"… {hidden} more"] if hidden else []
    first += ["Σ", "target", "gap", "error ±"]
    cells = [_column(comparison, result, rows, bool(hidden)) for result in shown]
    room = WIDTH - max(map(columns, first))
    blocks: list[list[list[str]]] = [[]]
    for column in cells:
        width = sum(2 + _width(each) for each in (*blocks[-1], column))
        if blocks[-1] and width > room:
            blocks.append([])
        blocks[-1].append(column)
    return ["\n".join(_side_by_side(first, block)) for block in blocks]


def strongest_players(comparison: Comparison, most: int) -> list[int]:
    """The players, in order; of more than ``most`` those that any method gives most."""
    given = [np.abs(to_float(r.attribution)) for r in comparison.results if r.attribution is not None]
    n = comparison.effects.n
    if n <= most or not given:
        return list(range(min(n, most)))
    return sorted(np.argsort(-np.max(given, axis=0), kind="stable")[:most].tolist())


def _column(comparison: Comparison, result: Result, rows: list[int], hidden: bool) -> list[str]:
    """One method's name (in lines), its numbers and sums."""
    assert result.attribution is not None
    sums = balance(comparison, result)
    values = [number(scalar(result.attribution[i])) for i in rows]
    rest = [number(scalar(result.attribution.sum() - sum(result.attribution[i] for i in rows)))] if hidden else []
    goal = "–" if sums.goal is None else number(sums.goal)
    gap = "–" if sums.gap is None else brief(float(sums.gap)) if sums.closed else number(sums.gap)
    return [_lines(result.name), *values, *rest, number(sums.total), goal, gap, brief(sums.error)]


def _width(column: list[str]) -> int:
    return max(columns(line) for cell in column for line in cell.split("\n"))


def _lines(name: str) -> str:
    """A method's name in lines, its underscores as spaces."""
    lines: list[str] = []
    for piece in name.split("_"):
        word = shorten(piece, HEAD)
        if lines and columns(lines[-1]) + 1 + columns(word) <= HEAD:
            lines[-1] += " " + word
        else:
            lines.append(word)
    return "\n".join(lines)


def _side_by_side(first: list[str], block: list[list[str]]) -> list[str]:
    heads = [column[0].split("\n") for column in block]
    height = max(map(len, heads))
    top = [["", *line] for line in zip(*([""] * (height - len(h)) + h for h in heads), strict=True)]
    body = [list(row) for row in zip(first[1:], *(column[1:] for column in block), strict=True)]
    rows = grid([*top, *body], "<" + ">" * len(block))
    rule = "─" * max(map(columns, rows))
    sums = len(rows) - 4
    return [*rows[:height], rule, *rows[height:sums], rule, *rows[sums:]]


def _criteria(comparison: Comparison, notes: list[str]) -> list[str]:
    """One line per method and table; the reasons for what is missing go to the notes."""
    head = ["criteria", "", "coverage", "relevance (leakage)", "completeness (residual)", "error ±", "worst effect"]
    rows: list[list[str]] = []
    for result in comparison.results:
        name = shorten(result.name, HEAD * 3)
        if result.attribution is None:
            rows.append([name, f"does not apply [{_note(notes, result.note)}]"])
            continue
        sides = (
            ("theory", result.theory, result.theory_criteria, result.theory_note),
            ("measured", result.measured, result.measured_criteria, result.measured_note),
        )
        for side, table, criteria, reason in sides:
            line = [f"none [{_note(notes, reason)}]"] if criteria is None else _verdicts(criteria, table)
            rows.append([name, side, *line])
            name = ""
    plain = [row for row in rows if len(row) == len(head)]
    lines = grid([head, *(row + [""] * (len(head) - len(row)) for row in rows)], "<" * len(head))
    tolerances = sorted(
        {r.tolerance for x in comparison.results for r in (x.theory_criteria, x.measured_criteria) if r}
    )
    if tolerances and plain:
        lines.append(f"tolerance {', '.join(map(brief, tolerances))}; undecided: of the size of the numerical error")
    return ["\n".join(lines)]


def _verdicts(criteria: Criteria, table: Allocation | None) -> list[str]:
    cells = [f"{verdict} {value}" for _, verdict, value in figures(criteria)]
    worst = "" if criteria.worst is None or table is None else effect_label(table.effects, criteria.worst, NAME)
    if not criteria.effects:
        worst = "no effect above the noise"
    return [*cells, brief(criteria.error), worst]


def _note(notes: list[str], reason: str) -> int:
    """The number of a footnote; equal reasons share one."""
    short = clause(reason)
    if short not in notes:
        notes.append(short)
    return notes.index(short) + 1


def _notes(notes: list[str]) -> list[str]:
    lines = [_filled(f"[{i}] {note}") for i, note in enumerate(notes, 1)]
    return ["\n".join(lines)] if lines else []


def _sums(comparison: Comparison) -> list[str]:
    """What the attributions are meant to add up to, and where the gaps went; methods alike share a line."""
    targets: dict[str, list[str]] = {}
    gaps: dict[str, list[str]] = {}
    for result in comparison.results:
        if result.attribution is not None:
            targets.setdefault(result.target, []).append(result.name)
            gaps.setdefault(balance(comparison, result).explain(), []).append(result.name)
    if not targets:
        return []
    lines = [_filled(f"target {target}: {', '.join(names)}") for target, names in targets.items()]
    return ["\n".join([*lines, *(_filled(f"{', '.join(names)}: {text}") for text, names in gaps.items())])]


def _disagreements(comparison: Comparison) -> list[str]:
    """Theory against measurement, row by row, where both are known."""
    found = [(result.name, disagreement(result)) for result in comparison.results]
    known = [f"{name} {brief(d[0])}" + (f" in {d[1]}" if d[1] else "") for name, d in found if d]
    if not known:
        return []
    text = "largest difference of a row in theory and measured, relative to the largest effect: "
    return [_filled(text + ", ".join(known))]


def _filled(text: str) -> str:
    line = visible(text, "\t\n\r")  # which fill() makes spaces
    return textwrap.fill(line, WIDTH, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)


def _gaps(table: Allocation, with_base: bool, error: float, most: int = 3) -> tuple[Part, ...]:
    """The rows that are not shared out in full: the largest few, and what the effects do not explain."""
    effects = table.effects
    found = [Part("the effects' remainder", scalar(effects.remainder), 0)]
    for start, stop, rows in table.blocks():
        values, given = effects.values[start:stop], rows.sum(-1)
        left = np.abs(to_float(values - given))
        if start == 0 and not with_base:
            left[0] = abs(float(given[0]))
        for row in np.argsort(-left, kind="stable")[:most].tolist():
            constant = start + row == 0
            name = "the constant ∅" if constant else effect_label(effects, effects.key(start + row))
            effect = 0 if constant and not with_base else scalar(values[row])
            found.append(Part(name, effect, scalar(given[row])))
    strongest = sorted(found, key=lambda part: -abs(float(part.missing)))[:most]
    return tuple(part for part in strongest if abs(float(part.missing)) > error)


def _bar(value: Any, largest: float, width: int = 24) -> str:
    return ("█" if value > 0 else "░") * max(1, round(width * abs(float(value)) / largest))


def grid(rows: Sequence[Sequence[str]], alignment: str) -> list[str]:
    """Rows of cells in columns, two spaces apart; ``<`` to the left, ``>`` to the right."""
    if not rows:
        return []
    widths = [max(columns(row[c]) for row in rows) for c in range(len(alignment))]
    lines = []
    for row in rows:
        cells = [
            " " * (width - columns(cell)) + cell if side == ">" else cell + " " * (width - columns(cell))
            for cell, width, side in zip(row, widths, alignment, strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    return lines


def _digits(value: float) -> str:
    if value == 0 or not math.isfinite(value):
        return f"{value + 0.0:g}"
    if 1e-3 <= abs(value) < 1e6:
        return f"{value:.{max(0, 3 - math.floor(math.log10(abs(value))))}f}"
    return _exponent(f"{value:.4g}")


def _exponent(text: str) -> str:
    """1.5e-07 as 1.5e-7."""
    mantissa, letter, power = text.partition("e")
    return f"{mantissa}e{int(power)}" if letter else text
