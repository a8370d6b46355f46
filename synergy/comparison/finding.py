"""What a comparison has found, in a few sentences; every number and every claim is taken from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Rational
from typing import Any, NamedTuple

from decompositions.arithmetic import to_float
from decompositions.counts import several
from decompositions.effects.effects import Effects
from synergy.allocation.allocation import Allocation
from synergy.comparison.comparison import Comparison
from synergy.comparison.result import Result
from synergy.policies.policy import CRITERIA
from synergy.wording.names import shorten
from synergy.wording.numbers import brief, minus, number, scalar

OUTPUT = "the output"
NAMED = 3  # players or methods that a sentence names
LETTERS = 28  # of a name
UNSEEN = 0.01  # the share of an effect up to which a method all but misses it
NOTHING = 1e-6  # the share up to which it does not see it
FULL = 0.005  # how far from 1 the share is that rounds to all of it
MUCH = 0.01  # the share of all effects from which rounding noise is worth a word

Key = tuple[int, ...]


class Name(str):
    """A player's name within a sentence."""


Sentence = tuple[str, ...]  # its parts; players' names are of their own kind


class Share(NamedTuple):
    """What a method gives the members of an effect, in units of it, and the numerical error of that."""

    given: float
    error: float

    @property
    def full(self) -> bool:
        """Whether it is all of the effect, as far as the error tells."""
        return abs(self.given - 1) <= max(FULL, self.error)

    @property
    def unseen(self) -> bool:
        """Whether it is nothing of the effect, for certain."""
        return abs(self.given) <= max(NOTHING, self.error) and self.error <= UNSEEN

    @property
    def faint(self) -> bool:
        """Whether it is all but nothing of the effect."""
        return abs(self.given) + self.error <= UNSEEN


@dataclass(frozen=True)
class Finding:
    """What was found: of the effects, and of the methods.

    Args:
        effects: sentences about what f(x) − f(b) is made of.
        methods: sentences about who tells that truthfully.
    """

    effects: tuple[Sentence, ...]
    methods: tuple[Sentence, ...]

    def __str__(self) -> str:
        return " ".join("".join(_quoted(part) for part in sentence) for sentence in (*self.effects, *self.methods))


def finding(comparison: Comparison, output: str = OUTPUT) -> Finding:
    """The strongest effect and the strongest interaction in words, and which methods share them out truthfully.

    Args:
        comparison: of one game.
        output: what the model's output is called, "the rating".

    Raises:
        ValueError: effects of several games.
    """
    effects = comparison.effects
    found = effects.top(1)
    if not found:
        nothing = f"No effect rises above the noise floor: as far as it tells, {output} is the same at x and at b."
        return Finding(((nothing,),), _verdicts(comparison))
    strongest = _strongest_interaction(effects)
    sentences: list[Sentence] = []
    if len(found[0][0]) == 1:
        name, value = _name(effects, found[0][0][0]), found[0][1]
        moves = "raises" if value > 0 else "lowers"
        last = f"the strongest effect{_known(effects)}"
        sentences.append((name, f" alone {moves} {output} by {_size(value)}, {last}."))
    if strongest is None:
        sentences.append((_no_interaction(effects),))
    else:
        sentences.append(_together(effects, *strongest, output, first=not sentences))
    seen = () if strongest is None else _seen(comparison, strongest[0])
    return Finding(tuple(sentences), (*seen, *_verdicts(comparison)))


def standing(result: Result) -> str:
    """How a method stands with the three criteria together: "pass", "fail", "undecided", or "" where none judges it.

    What was measured counts; where nothing was, its theory.
    """
    criteria = result.criteria
    if result.attribution is None or criteria is None:
        return ""
    verdicts = {criteria.verdicts[name] for name in CRITERIA}
    return next(verdict for verdict in ("fail", "undecided", "pass") if verdict in verdicts)


def share(result: Result, effects: Effects, key: Key) -> Share | None:
    """What a method gives the members of an effect, measured or else in theory; None where its row is not known."""
    for table in (result.measured, result.theory):
        if table is not None:
            try:
                return _share(table, effects, key)
            except LookupError:  # not measured
                continue
    return None


def _share(table: Allocation, effects: Effects, key: Key) -> Share:
    """The members' part of a row, in units of its effect."""
    size = float(effects[key])
    row = to_float(table[key])
    error = 0.0 if table.error is None else float(table.error[table.effects.rows(key)].sum())
    return Share(float(row[list(key)].sum()) / size, error / abs(size))


def _strongest_interaction(effects: Effects) -> tuple[Key, Any] | None:
    """The strongest effect of two or more players above the noise."""
    return next(((key, value) for key, value in effects.top(effects.n + 1) if len(key) > 1), None)


def _together(effects: Effects, key: Key, value: Any, output: str, *, first: bool) -> Sentence:
    """What a group brings beyond its parts, and how that compares with what each of two brings alone."""
    kind = "effect" if first else "interaction"
    parts: list[str] = ["Together, "]
    listed = _listed(effects, key)
    for place, name in enumerate(listed):
        parts += [_between(place, len(listed)), name]
    parts.append(f" {'raise' if value > 0 else 'lower'} {output} by {_size(value)} beyond what ")
    alone = _each_alone(effects, key)
    if alone is None:
        parts.append("fewer of them bring" if len(key) > 2 else "each brings alone")
    else:
        more = ", more than either" if all(abs(each) < abs(value) for each in alone) else ""
        parts.append(f"each brings alone ({' and '.join(_size(each, sign=True) for each in alone)}){more}")
    return *parts, f": the strongest {kind}{_known(effects)}."


def _no_interaction(effects: Effects) -> str:
    if effects.n > 1 and not (effects.sizes(0, len(effects)) > 1).any():
        return "No interaction was computed."
    return f"No interaction{_known(effects)} rises above the noise floor: the players act one by one."


def _each_alone(effects: Effects, key: Key) -> list[Any] | None:
    """What each of two players brings alone, where that is known."""
    if len(key) != 2:
        return None
    try:
        return [scalar(effects[(player,)]) for player in key]
    except LookupError:
        return None


def _seen(comparison: Comparison, key: Key) -> tuple[Sentence, ...]:
    """Which methods do not see the strongest interaction, or else who shares it out worst."""
    shares = [(r, share(r, comparison.effects, key)) for r in comparison.columns if r.attribution is not None]
    known = [(result, part) for result, part in shares if part is not None]
    if not known:
        return ()
    unseen = [result for result, part in known if part.unseen]
    if unseen:
        return ((*_some(unseen), f" do{'es' if len(unseen) == 1 else ''} not see this interaction."),)
    faint = [result for result, part in known if part.faint]
    if faint:
        gives = "gives its" if len(faint) == 1 else "give their"
        return ((*_some(faint), f" {gives} players less than 1 % of this interaction."),)
    wrong = [(result, part) for result, part in known if not part.full]
    if not wrong:
        who = "Every method" if len(known) > 1 else "The method"
        return ((f"{who} hands this interaction out in full.",),)
    result, part = max(wrong, key=lambda pair: abs(pair[1].given - 1))
    return ((f"{result.heading} gives its players {_times(part.given)} × this interaction.",),)


def _verdicts(comparison: Comparison) -> tuple[Sentence, ...]:
    """How many methods meet the criteria."""
    stand = [(standing(result), result) for result in comparison.columns]
    by = {verdict: [r for stood, r in stand if stood == verdict] for verdict in ("pass", "fail", "undecided")}
    judged = sum(map(len, by.values()))
    if not judged:
        return ()
    parts: list[str] = [f"Of {several(judged, 'method')} judged, "]
    if by["pass"]:
        parts += [*_some(by["pass"]), f" meet{'s' if len(by['pass']) == 1 else ''} all three criteria"]
        parts.append(f"{_but_for_noise(by['pass'])}; ")
    else:
        parts.append("none meets all three criteria for certain; ")
    failing = len(by["fail"])
    parts.append(f"{failing or 'none'} fail{'' if failing > 1 else 's'} {'at least one' if failing else 'any'}")
    if by["undecided"]:
        parts.append(f", {len(by['undecided'])} undecided ({_why_undecided(by['undecided'])})")
    return ((*parts, "."),)


def _but_for_noise(results: Sequence[Result]) -> str:
    """How much of the effects lies in rows that rounding hides, where that is much."""
    hidden = max(each.criteria.tolerance for each in results if each.criteria is not None)
    return f" (but for rounding noise, up to {hidden:.0%} of all effects)" if hidden > MUCH else ""


def _why_undecided(results: Sequence[Result]) -> str:
    """Because of rows that are missing, or of the methods' own errors."""
    of_rows = sum(_scope_of(each) is not None for each in results)
    rows, error = "no fault in the rows that were looked at", "of the size of the numerical error"
    if of_rows in (0, len(results)):
        return rows if of_rows else error
    return f"{of_rows} with {rows}, {len(results) - of_rows} {error}"


def _scope_of(result: Result) -> int | None:
    """Up to which order, or on how many rows, a method was judged; None for all effects."""
    criteria = result.criteria
    return None if criteria is None else criteria.order or criteria.rows


def _some(results: Sequence[Result]) -> list[str]:
    """A few methods by name, and how many more there are."""
    shown = results if len(results) <= NAMED + 1 else results[:NAMED]
    parts: list[str] = []
    for place, each in enumerate(shown):
        parts += [_between(place, len(shown) + (len(shown) < len(results))), each.heading]
    return [*parts, f" and {len(results) - len(shown)} more"] if len(shown) < len(results) else parts


def _listed(effects: Effects, key: Key) -> list[str]:
    """A few players by name, and how many others there are."""
    if len(key) <= NAMED + 1:
        return [_name(effects, i) for i in key]
    return [*(_name(effects, i) for i in key[:NAMED]), f"{len(key) - NAMED} others"]


def _name(effects: Effects, player: int) -> str:
    return Name(shorten(effects.names[player], LETTERS))


def _between(place: int, count: int) -> str:
    """What stands before a name of so many."""
    return "" if place == 0 else " and " if place == count - 1 else ", "


def _size(value: Any, *, sign: bool = False) -> str:
    """A number to three digits, exact ones as they are while they are short."""
    shown = value if sign else abs(value)
    plus = "+" if sign and shown > 0 else ""
    text = number(shown, sign=sign) if isinstance(shown, Rational) else f"{plus}{float(shown):.3g}"
    return minus(text)


def _times(ratio: float) -> str:
    """How many times: two digits, and all before the point."""
    return minus(brief(ratio) if abs(ratio) < 100 else f"{ratio:,.0f}")


def _known(effects: Effects) -> str:
    """Of which effects the sentence speaks, where not of all."""
    return " of those that were computed" if effects.truncated else ""


def _quoted(part: str) -> str:
    return f"‘{part}’" if isinstance(part, Name) else part
