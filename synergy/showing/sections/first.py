"""The first screen: what was found, the input as a method colours it, the strongest effects, who is truthful."""

from __future__ import annotations

from typing import NamedTuple

from synergy.comparison.comparison import Comparison
from synergy.comparison.finding import Name, Sentence, finding, standing
from synergy.comparison.result import Result
from synergy.comparison.verdicts import NUMBERS, figures, scope
from synergy.policies.policy import CRITERIA
from synergy.showing.sections.verdicts import SYMBOLS
from synergy.wording.numbers import minus
from synergy.wording.view import Features, Picture, Words

GROUPS = {  # how methods stand, as the page says it
    "pass": "meet all three criteria",
    "undecided": "undecided",
    "fail": "fail at least one",
    "": "not judged",
}
FIGURES = dict(zip(CRITERIA, NUMBERS, strict=True))


class Mark(NamedTuple):
    """One criterion of a method: its name, its verdict and symbol, and the number behind them."""

    name: str
    verdict: str
    symbol: str
    figure: str


class Chip(NamedTuple):
    """A method that can be chosen, with its place among the columns that apply."""

    place: int
    result: Result
    marks: list[Mark]
    scope: str


def said(comparison: Comparison, output: str) -> list[list[list[tuple[str, bool]]]]:
    """The finding, of the effects and of the methods: sentences of parts, each with whether it is a player's name."""
    found = finding(comparison, output)
    return [[_parts(sentence) for sentence in sentences] for sentences in (found.effects, found.methods)]


def _parts(sentence: Sentence) -> list[tuple[str, bool]]:
    return [(str(part), isinstance(part, Name)) for part in sentence if part]


def groups(shown: list[Result]) -> list[tuple[str, str, list[Chip]]]:
    """The methods that apply, by how they stand: the verdict, how it is said, and the methods."""
    chips = [_chip(place, result) for place, result in enumerate(shown)]
    by = {verdict: [chip for chip in chips if standing(chip.result) == verdict] for verdict in GROUPS}
    return [(verdict, GROUPS[verdict], by[verdict]) for verdict in GROUPS if by[verdict]]


def chosen(shown: list[Result]) -> int:
    """The method with which the page begins: of those that stand best, the first with a theory, if any has one."""
    order = list(GROUPS)
    ranks = [(order.index(standing(each)), each.theory is None) for each in shown]
    return min(range(len(shown)), key=ranks.__getitem__, default=0)


def _chip(place: int, result: Result) -> Chip:
    criteria = result.criteria
    if criteria is None:
        return Chip(place, result, [], "")
    marks = [Mark(n, v, SYMBOLS[v], f"{FIGURES[n]} {minus(value)}") for n, v, value in figures(criteria)]
    return Chip(place, result, marks, scope(criteria))


def reading(view: Picture | Words | Features | None) -> str:
    """How the input is called where it is shown."""
    return {Picture: "picture", Words: "sentence", Features: "features"}.get(type(view), "players")
