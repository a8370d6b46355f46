"""The criteria of effects that are expressions: what holds for all values of their symbols."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from decompositions.arithmetic import Array
from decompositions.effects.effects import Effects
from decompositions.expressions.normal_form import settled
from synergy.allocation.criteria import Criteria

NAN = float("nan")


class _Row(NamedTuple):
    """One effect, and what members and outsiders are given of it."""

    row: int
    effect: Any
    own: Array
    others: Array


def judge_identically(
    effects: Effects, blocks: Iterable[tuple[int, int, Array]], columns: Callable[[np.ndarray], np.ndarray]
) -> Criteria:
    """The criteria of a table with symbols, its rows and columns as for :func:`synergy.allocation.judge.judge`.

    The number is that of a criterion that holds, NaN otherwise.

    Relevance holds if every share outside its effect is zero identically; completeness, if every effect less what its
    members are given is, and the remainder; coverage, if somebody in every effect that is not zero identically is given
    something. What cannot be proved to be zero counts as not zero
    (:func:`decompositions.expressions.normal_form.vanishes`). With effects missing (a degree) coverage and completeness
    are undecided where the known rows hold.
    """
    constant, *rows = _rows(effects, blocks, columns)
    uncovered = [r.row for r in rows if not _zero(r.effect) and all(map(_zero, r.own))]
    leaking = [r.row for r in rows if not all(map(_zero, r.others))]
    incomplete = [r.row for r in rows if not _zero(r.effect - r.own.sum())]
    left = not (effects.truncated or _zero(effects.remainder))
    verdicts = {
        "coverage": _verdict(effects, not uncovered and not left),
        "relevance": "pass" if not leaking else "fail",
        "completeness": _verdict(effects, not incomplete and not left),
    }
    failing = [*incomplete, *leaking, *uncovered]
    return Criteria(
        coverage=1.0 if verdicts["coverage"] == "pass" else NAN,
        leakage=0.0 if verdicts["relevance"] == "pass" else NAN,
        residual=0.0 if verdicts["completeness"] == "pass" else NAN,
        phantom=NAN,
        constant=0.0 if all(map(_zero, constant.others)) else NAN,
        tolerance=0.0,
        error=0.0,
        verdicts=verdicts,
        worst=effects.key(min(failing)) if failing else None,
        effects=any(not _zero(r.effect) for r in rows) or left,
    )


def _rows(
    effects: Effects, blocks: Iterable[tuple[int, int, Array]], columns: Callable[[np.ndarray], np.ndarray]
) -> Iterator[_Row]:
    """All rows, the constant first: nobody is a member of it."""
    for start, stop, shares in blocks:
        inside = columns(np.asarray(effects.table(start, stop) > 0, dtype=bool))
        for row in range(start, stop):
            members, given = inside[row - start], shares[row - start]
            yield _Row(row, effects.values[row], given[members], given[~members])


def _zero(value: Any) -> bool:
    return bool(settled(value) == 0)


def _verdict(effects: Effects, holds: bool) -> str:
    if not holds:
        return "fail"
    return "undecided" if effects.truncated else "pass"
