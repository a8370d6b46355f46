"""From a counter-example to a small one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from synergy.axioms.claims.axiom import AbstractAxiom
from synergy.axioms.claims.trial import Trial
from synergy.axioms.functions.function import simpler_number

STEPS = 400  # simpler choices that are looked at


def shrunk(trial: Trial, axiom: AbstractAxiom, falsifies: Callable[[Trial], bool]) -> Trial:
    """Again and again the first simpler choice that still falsifies the axiom.

    Functions lose terms, exponents and weights, coefficients and coordinates become small and round.

    Args:
        trial: a counter-example.
        axiom: it says what choices must meet.
        falsifies: whether a choice is a counter-example.
    """
    left = STEPS
    found: Trial | None = trial
    while found is not None:
        trial, found = found, None
        for candidate in _simpler(trial):
            settled = axiom.settled(candidate)
            if settled is None or settled == trial:
                continue
            left -= 1
            if left < 0:
                return trial
            if falsifies(settled):
                found = settled
                break
    return trial


def _simpler(trial: Trial) -> Iterator[Trial]:
    """One function or one coordinate simpler."""
    for place, function in enumerate(trial.functions):
        for other in function.simpler():
            yield replace(trial, functions=_with(trial.functions, place, other))
    for row, point in enumerate(trial.points):
        for i, value in enumerate(point):
            for rounder in simpler_number(value):
                if row == 0 and not rounder:
                    continue  # an input at zero is mostly one that does not take part
                yield replace(trial, points=_with(trial.points, row, _with(point, i, rounder)))


def _with(values: tuple[Any, ...], place: int, value: Any) -> tuple[Any, ...]:
    return (*values[:place], value, *values[place + 1 :])
