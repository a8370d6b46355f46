"""Checks of axioms as text, as formulas and as HTML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from decompositions import show
from decompositions.counts import several
from decompositions.show import Formula
from synergy.axioms.characterization import Demonstration
from synergy.axioms.claims.trial import RELATIONS, Question
from synergy.axioms.finding import Check
from synergy.axioms.functions.writing import latex_number, latex_point, named_set, point
from synergy.showing.formulas import translated
from synergy.showing.pieces import card, paragraph, small, table_of
from synergy.wording.numbers import minus, number
from synergy.wording.table import grid

LISTED = 8  # sets that are listed one by one


@show.text.register(Check)
def check_text(found: Check) -> str:
    """A line for the verdict, and the counter-example below it: the questions, the numbers, and what does not hold."""
    head = f"{found.subject}, {found.axiom.title}"
    if found.witness is None:
        return f"{head}: not falsified by {several(found.tried, 'function')} (a search, no proof)"
    return "\n".join([f"{head}: broken", *(f"  {line}" for line in witness_lines(found))])


def witness_lines(found: Check) -> list[str]:
    """The questions with what is given, and the claim."""
    assert found.witness is not None
    witness = found.witness
    lines = [f"{_question(asked)}: {_given(given)}" for asked, given in zip(witness.asked, witness.given, strict=True)]
    return [*lines, _claim(found)]


def _question(asked: Question) -> str:
    ends = f"x = {point(asked.x)}, b = {point(asked.b)}"
    return f"{asked.name} = {asked.function.text()}, {ends}"


def _given(given: Any) -> str:
    if not isinstance(given, Mapping):
        return f"A = {point(given)}"
    sets = {members: value for members, value in given.items() if value}
    if len(sets) > LISTED:
        often = Counter((len(members), value) for members, value in sets.items())
        parts = [f"{minus(number(value))} of {several(many, 'set')} of {t}" for (t, value), many in often.items()]
        return f"I = {', '.join(parts)}"
    return ", ".join(f"I{named_set(members)} = {minus(number(value))}" for members, value in sets.items()) or "I = 0"


def _claim(found: Check) -> str:
    assert found.witness is not None
    claim = found.witness.claim
    left, right = (minus(number(value)) for value in (claim.left, claim.right))
    said, other = claim.says
    if claim.relation == "≠":
        return f"{said} = {left}, though {other}"
    if said == left or other == right:
        return f"{said} = {left} {RELATIONS[claim.relation]} {other}"
    return f"{said} = {left} {RELATIONS[claim.relation]} {right} = {other}"


@show.formula.register(Check)
def check_formula(found: Check) -> Formula:
    """The axiom, or the counter-example with its numbers."""
    if found.witness is None:
        return Formula(
            check_text(found),
            rf"\text{{not falsified by {found.tried} functions: }} " + translated(found.axiom.formula),
        )
    rows = [
        rf"{asked.name} = {asked.function.latex()},\; x = {latex_point(asked.x)},\; b = {latex_point(asked.b)}: &\; "
        + _given_latex(given)
        for asked, given in zip(found.witness.asked, found.witness.given, strict=True)
    ]
    lines = " \\\\\n  ".join([*rows, rf"\text{{{_claim(found)}}} &"])
    return Formula(check_text(found), f"\\begin{{aligned}}\n  {lines}\n\\end{{aligned}}")


def _given_latex(given: Any) -> str:
    if isinstance(given, Mapping):
        sets = {members: value for members, value in given.items() if value}
        parts = (f"I_{{{','.join(str(i + 1) for i in who)}}} = {latex_number(value)}" for who, value in sets.items())
        return ",\\; ".join(parts) or "I = 0"
    return f"A = {latex_point(given)}"


@show.html.register(Check)
def check_html(found: Check) -> str:
    """The verdict, and the counter-example as a small table."""
    head = f"{found.subject}: {found.axiom.title}"
    if found.witness is None:
        return card(
            head, paragraph(f"not falsified by {several(found.tried, 'function')}"), small("a search, no proof")
        )
    rows = [
        (f"{asked.name} = {asked.function.text()}", point(asked.x), point(asked.b), _given(given))
        for asked, given in zip(found.witness.asked, found.witness.given, strict=True)
    ]
    return card(f"{head}: broken", table_of(["function", "x", "b", "given"], rows, "llll"), paragraph(_claim(found)))


@show.text.register(Demonstration)
def demonstration_text(found: Demonstration) -> str:
    """The hypotheses and what they single out; a row of marks for every method, and where it breaks its own."""
    of = found.of
    names = [found.rows[0].checks[each].axiom.title for each in of.hypotheses]
    given = f"{of.given}, " if of.given else ""
    head = f"{given}{', '.join(names)} ⇒ {of.conclusion}"
    marks = [["", *names], *([row.method, *map(_mark, row.checks.values())] for row in found.rows)]
    said = []
    for row in found.rows:
        if row.broken is not None:
            said.append(f"{row.method}: without {row.broken.axiom.title}")
            said += [f"  {line}" for line in witness_lines(row.broken)]
    return "\n".join([head, "", *grid(marks, "<" * len(marks[0])), "", *said, *([of.note] if of.note else [])])


def _mark(found: Check) -> str:
    return "✗" if found.falsified else "✓"


@show.html.register(Demonstration)
def demonstration_html(found: Demonstration) -> str:
    """The marks as a table."""
    head = ["", *(found.rows[0].checks[each].axiom.title for each in found.of.hypotheses)]
    rows = [(row.method, *map(_mark, row.checks.values())) for row in found.rows]
    said = small(found.of.note) if found.of.note else ""
    return card(f"{', '.join(head[1:])} ⇒ {found.of.conclusion}", table_of(head, rows, "l" * len(head)), said)
