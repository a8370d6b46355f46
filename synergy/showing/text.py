"""Comparisons and effects as plain text, and the wording that the pictures and the report share."""

from __future__ import annotations

from decompositions import show
from decompositions.counts import several
from decompositions.effects.effects import Effects
from decompositions.visible import visible
from synergy.comparison.balance import balance
from synergy.comparison.comparison import Comparison
from synergy.comparison.finding import finding
from synergy.comparison.result import Result
from synergy.comparison.scale import strongest_players
from synergy.comparison.verdicts import scope
from synergy.policies.policy import CRITERIA
from synergy.showing.criteria_text import criteria_lines
from synergy.wording.effects import above_noise, effect_label, noise_line
from synergy.wording.names import columns, shorten
from synergy.wording.notes import clause
from synergy.wording.numbers import brief, number, scalar
from synergy.wording.room import filled, room
from synergy.wording.table import bar, blocks, grid

HEAD = 10  # columns of a line of a method's name
BAR = 24  # columns of the longest bar
PLAYERS = 30  # rows of players


@show.text.register(Effects)
def effects_table(effects: Effects, k: int = 10) -> str:
    """The k strongest effects with bars (solid for positive, shaded for negative ones) and the noise floor."""
    found = effects.top(k)
    strong = above_noise(effects)
    word = "Taylor effects" if effects.basis == "taylor" else "effects"
    of = f" of the {len(effects) - 1:,} that were computed" if effects.coalitions is not None else ""
    head = f"strongest {word} ({len(found)} of {strong} above the noise{of}; {noise_line(effects)})"
    largest = max((abs(float(value)) for _, value in found), default=1.0)
    cells = [[effect_label(effects, key), number(value, sign=True)] for key, value in found]
    taken = sum(max((columns(row[place]) for row in cells), default=0) + 2 for place in (0, 1))
    longest = max(4, min(BAR, room() - taken))
    rows = [[*row, bar(value, largest, longest)] for row, (_, value) in zip(cells, found, strict=True)]
    return "\n".join([filled(head), *grid(rows, "<><")])


@show.text.register(Comparison)
def of_comparison(comparison: Comparison, whole: bool = False) -> str:
    """The summary, or the whole table."""
    return comparison_table(comparison) if whole else comparison_summary(comparison)


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
        *([filled(f"{name}: {fact}") for name, fact in computation(comparison).items()]),
        *_formulas(comparison),
    ]
    return "\n\n".join(parts)


def comparison_summary(comparison: Comparison) -> str:
    """What was found, and every method's verdicts in a line: what ``print(comparison)`` says."""
    if comparison.effects.values.ndim != 1:
        return repr(comparison)
    tables = blocks([["", "theory", "measured"], *_in_short(comparison)], "<<<", room())
    verdicts = [f"verdicts on {' · '.join(CRITERIA)}", *"\n\n".join(map("\n".join, tables)).split("\n")]
    reasons = [filled(f"{', '.join(names)}: {said}") for said, names in grouped(comparison)]
    end = filled("numbers and reasons: .table(); pictures: .plot(), .to_html(path); attributions: .to_pandas()")
    found = filled(str(finding(comparison)))
    return "\n\n".join([_heading(comparison), found, "\n".join(verdicts), *(["\n".join(reasons)] * bool(reasons)), end])


def _in_short(comparison: Comparison) -> list[list[str]]:
    """Every method's verdicts in theory and measured, and a line more for each that has the same numbers."""
    rows = []
    for result in comparison.columns:
        sides = (result.theory_criteria, result.measured_criteria) if result.attribution is not None else ()
        cells = [
            f"{' · '.join(each.verdicts[name] for name in CRITERIA)} {scope(each)}".rstrip() if each else "none"
            for each in sides
        ]
        first, *others = result.name.split(" = ")
        rows.append([shorten(first, HEAD * 3), *(cells or ["does not apply", ""])])
        rows += [[shorten(f"= {name}", HEAD * 3), "", ""] for name in others]
    return rows


def grouped(comparison: Comparison) -> list[tuple[str, list[str]]]:
    """Why methods do not apply or are not measured: every reason once, with all methods that it concerns."""
    found: dict[str, list[str]] = {}
    for result in comparison.columns:
        reason = result.note if result.attribution is None else result.measured_note
        if reason:
            found.setdefault(_impersonal(reason, result), []).append(result.name)
    return list(found.items())


@show.text.register(Result)
def result_summary(result: Result) -> str:
    """What there is of one method: the sum of its attributions and the verdicts, or why it does not apply."""
    if result.attribution is None:
        return f"does not apply: {visible(result.note)}"
    parts = [f"Σ {number(scalar(result.attribution.sum()))}" if result.attribution.ndim == 1 else ""]
    known = {"theory": result.theory_criteria, "measured": result.measured_criteria}
    for side, each in known.items():
        parts += [] if each is None else [f"{side}: {', '.join(f'{n} {each.verdicts[n]}' for n in CRITERIA)}"]
    return "; ".join(filter(None, parts))


def _impersonal(reason: str, result: Result) -> str:
    """A reason as all methods share it: the rule, without the name of the method before it."""
    names = sorted((each for name in (result.name, result.title) for each in name.split(" = ")), key=len, reverse=True)
    return next(
        (clause(reason).removeprefix(f"{n} ") for n in names if n and reason.startswith(f"{n} ")), clause(reason)
    )


def _formulas(comparison: Comparison) -> list[str]:
    """Exact effects written out: the dividends, and the Taylor effects where they are known."""
    found = {"in dividends": comparison.effects, "in Taylor effects": comparison.series}
    return [filled(f"{how}: {effects}") for how, effects in found.items() if effects is not None and effects.exact]


def computation(comparison: Comparison) -> dict[str, str]:
    """How the effects were computed, where there is something to say: shortcuts, and how far the series goes."""
    found = {"values": comparison.effects.evaluation} if comparison.effects.evaluation else {}
    series = comparison.series
    if series is not None and series.degrees is not None:
        degree, error = int(series.degrees.sum(1).max()), "" if series.exact else f", error {brief(series.noise)}"
        end = series.note or ("cut off there" if series.truncated else "all there are")
        found["Taylor series"] = f"{several(len(series) - 1, 'effect')} up to degree {degree}{error}; {end}"
    return found


def settings_of(comparison: Comparison) -> str:
    """The methods' settings in a line; empty where none has any."""
    return "; ".join(
        f"{result.name} {result.settings}"
        for result in comparison.columns
        if result.settings and result.attribution is not None
    )


def _settings(comparison: Comparison) -> list[str]:
    line = settings_of(comparison)
    return [filled(f"settings: {line}")] if line else []


def _heading(comparison: Comparison) -> str:
    effects = comparison.effects
    gain = scalar(effects.total + effects.remainder)
    base = scalar(effects.base)
    values = {"f(b)": base, "f(x)": base + gain, "f(x) − f(b)": gain}
    numbers = ", ".join(f"{name} = {number(value)}" for name, value in values.items())
    sizes = {"player": effects.n, "method": len(comparison.results), "model call": comparison.calls}
    return filled(f"{numbers}; {', '.join(several(size, noun) for noun, size in sizes.items())}")


def _attributions(comparison: Comparison) -> list[str]:
    """Players × methods, as many methods side by side as fit."""
    shown = [result for result in comparison.columns if result.attribution is not None]
    if not shown:
        return []
    rows = strongest_players(comparison, PLAYERS)
    first = ["", *(shorten(comparison.effects.names[i]) for i in rows)]
    hidden = comparison.effects.n - len(rows)
    first += [f"… {hidden} more"] if hidden else []
    first += ["Σ", "target", "gap", "error ±"]
    cells = [_column(comparison, result, rows, bool(hidden)) for result in shown]
    left = room() - max(map(columns, first))
    blocks: list[list[list[str]]] = [[]]
    for column in cells:
        width = sum(2 + _width(each) for each in (*blocks[-1], column))
        if blocks[-1] and width > left:
            blocks.append([])
        blocks[-1].append(column)
    return ["\n".join(_side_by_side(first, block)) for block in blocks]


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
    for piece in name.replace(" ", "_").split("_"):
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
    said = criteria_lines(comparison, lambda reason, result: f"[{_note(notes, _impersonal(reason, result))}]")
    return ["\n".join(said)]


def _note(notes: list[str], reason: str) -> int:
    """The number of a footnote; equal reasons share one."""
    short = clause(reason)
    if short not in notes:
        notes.append(short)
    return notes.index(short) + 1


def _notes(notes: list[str]) -> list[str]:
    lines = [filled(f"[{i}] {note}") for i, note in enumerate(notes, 1)]
    return ["\n".join(lines)] if lines else []


def _sums(comparison: Comparison) -> list[str]:
    """What the attributions are meant to add up to, and where the gaps went; methods alike share a line."""
    targets: dict[str, list[str]] = {}
    gaps: dict[str, list[str]] = {}
    for result in comparison.columns:
        if result.attribution is not None:
            targets.setdefault(result.target, []).append(result.name)
            gaps.setdefault(balance(comparison, result).explain(), []).append(result.name)
    if not targets:
        return []
    lines = [filled(f"target {target}: {', '.join(names)}") for target, names in targets.items()]
    return ["\n".join([*lines, *(filled(f"{', '.join(names)}: {text}") for text, names in gaps.items())])]


def _disagreements(comparison: Comparison) -> list[str]:
    """Theory against measurement, row by row, where both are known."""
    known = [
        f"{result.name} {brief(result.disagreement)}" + (f" in {where}" if (where := result.disagreement_at) else "")
        for result in comparison.columns
        if result.disagreement is not None
    ]
    if not known:
        return []
    text = "largest difference of a row in theory and measured, relative to the largest effect: "
    return [filled(text + ", ".join(known))]
