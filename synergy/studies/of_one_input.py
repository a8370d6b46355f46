"""What is recorded of one input: its effects, and what every method gives of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from decompositions.arithmetic import to_float
from decompositions.games.game import Game
from decompositions.mobius import zeta
from synergy.allocation.allocation import Allocation
from synergy.allocation.criteria import Criteria
from synergy.comparison.balance import balance
from synergy.comparison.comparison import Comparison
from synergy.comparison.result import Result
from synergy.comparison.verdicts import NUMBERS, scope
from synergy.policies.policy import CRITERIA
from synergy.studies.by_order import ByOrder, by_order, summed
from synergy.studies.faithfulness import area, curves
from synergy.studies.records import Writer

INTERVAL = 2 * 1.96  # standard errors from end to end of an interval of 95 %


def record(write: Writer, game: Game, comparison: Comparison, methods: Sequence[str], rows: int) -> None:
    """Record a comparison.

    Args:
        write: takes the rows.
        game: the question.
        comparison: of the methods.
        methods: what they are called, in the order of the results.
        rows: how many of the strongest effects are recorded one by one, with what each method gives of them.
    """
    strongest, strengths = _effects(write, comparison, rows)
    effects = comparison.effects
    values = game.tabulated(zeta(effects.values)) if effects.dense and not effects.exact else game
    for name, result in zip(methods, comparison.results, strict=True):
        by = write.by(name)
        if result.attribution is None:
            by("does not apply", math.nan, note=result.note)
            continue
        _attributions(by, comparison, result)
        _table(by, result, strongest, strengths)
        _faithfulness(by, values, effects.noise, result)


def _effects(
    write: Writer, comparison: Comparison, rows: int
) -> tuple[dict[str, tuple[int, ...]], dict[int, float] | None]:
    """f(b), f(x), the sums by order, and the strongest effects.

    Returns:
        The coalitions of these by their names, and the sums by order where all effects are known.
    """
    effects = comparison.effects
    base, gain = float(effects.base), float(effects.total + effects.remainder)
    write("f(b)", base, effects.noise)
    write("f(x)", base + gain, effects.noise, calls=comparison.calls)
    orders, (sums,), (errors,) = summed(effects, np.abs(to_float(effects.values))[None])
    for order, strength, error in zip(orders, sums, errors, strict=True):
        write("effects of order", strength, error, of=str(order))
    strongest = {effects.label(key): key for key, _ in effects.top(rows)}
    for name, key in strongest.items():
        (row,) = effects.rows(key)
        write("effect", float(effects.values[row]), float(effects.noise_floor(row, row + 1)[0]), of=name)
    known = dict(zip(orders.tolist(), sums.tolist(), strict=True)) if effects.dense else None
    return strongest, known


def _attributions(write: Writer, comparison: Comparison, result: Result) -> None:
    """What each player is given, and what that adds up to."""
    assert result.attribution is not None
    effects = comparison.effects
    values = to_float(result.attribution)
    own = np.zeros(len(values)) if result.error is None else to_float(result.error)
    for name, value, error in zip(effects.names, values, np.hypot(own, effects.noise), strict=True):
        write("attribution", value, error, of=name, note=result.target)
    sums = balance(comparison, result)
    write("sum", float(sums.total), sums.error, note=result.target)
    if sums.gap is not None:
        write("gap", float(sums.gap), sums.error, note=sums.explain())


def _table(
    write: Writer, result: Result, strongest: dict[str, tuple[int, ...]], strengths: dict[int, float] | None
) -> None:
    """The criteria, as measured and in theory, and who is given how much of which effects."""
    if result.measured_criteria is not None:
        _criteria(write, result.measured_criteria, "", result.price)
    if result.theory_criteria is not None:
        _criteria(write, result.theory_criteria, " in theory", 0)
    if result.disagreement is not None:
        write("disagreement", result.disagreement, _doubt(result), of=result.disagreement_at)
    table = result.allocation
    if table is None or table.effects.values.ndim != 1:
        return
    _by_order(write, by_order(table, strengths))
    for name, key in strongest.items():
        _row(write, table, name, key)


def _criteria(write: Writer, criteria: Criteria, side: str, calls: int) -> None:
    """Coverage, leakage and residual; the note is the verdict, and of which coalitions it speaks."""
    for number, criterion in zip(NUMBERS, CRITERIA, strict=True):
        low, high = criteria.intervals.get(number, (0.0, 0.0))
        error = max(criteria.tolerance, criteria.error, (high - low) / INTERVAL)
        said = f"{criteria.verdicts[criterion]} {scope(criteria)}".rstrip()
        write(number + side, getattr(criteria, number), error, calls=calls, note=said)


def _doubt(result: Result) -> float:
    """How far rounding and the method's own error may set theory and measurement apart, as the disagreement is."""
    assert result.measured is not None
    effects, error = result.measured.effects, result.measured.error
    doubt = effects.noise_floor()[1:] + (0.0 if error is None else error[1:])
    largest = float(np.abs(to_float(effects.values))[1:].max(initial=0.0))
    return float(doubt.max(initial=0.0)) / (largest or 1.0)


def _by_order(write: Writer, sums: ByOrder) -> None:
    for place, order in enumerate(sums.orders):
        write("given inside", sums.inside[place], sums.errors[1, place], of=str(order))
        write("given outside", sums.outside[place], sums.errors[2, place], of=str(order))


def _row(write: Writer, table: Allocation, effect: str, key: tuple[int, ...]) -> None:
    """What the players are given of one effect; nothing where its row was not paid."""
    effects = table.effects
    rows = _rows(table, key)
    if rows is None:
        return
    error = effects.noise_floor()[rows].sum() + (0.0 if table.error is None else table.error[rows].sum())
    for name, value in zip(table.names, to_float(table[key]), strict=True):
        write("row", value, error, of=f"{effect} → {name}")


def _rows(table: Allocation, key: tuple[int, ...]) -> list[int] | None:
    """The rows of a coalition in a table; None where it has none."""
    try:
        return table.effects.rows(key) or None
    except LookupError:
        return None


def _faithfulness(write: Writer, game: Game, noise: float, result: Result) -> None:
    """The areas below the curves of deletion and insertion, and these themselves."""
    found = curves(game, noise, to_float(result.attribution))
    for name in ("deletion", "insertion"):
        if found is None:
            write(name, math.nan, note="f(x) − f(b) does not rise above the noise")
            continue
        curve = getattr(found, name)
        write(name, area(curve), found.error)
        for k, value in enumerate(curve):
            write(f"{name} at", value, found.error, of=str(k))
