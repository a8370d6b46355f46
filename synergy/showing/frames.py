"""Results as pandas DataFrames; pandas is imported when one is asked for."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from decompositions import show
from decompositions.arithmetic import Array, is_exact, to_float
from decompositions.dividends.and_or import AndOr
from decompositions.effects.effects import Effects
from synergy.algorithms.path.line import StraightLine
from synergy.allocation.allocation import Allocation
from synergy.allocation.criteria import Criteria
from synergy.comparison.comparison import Comparison
from synergy.comparison.plan import Plan
from synergy.comparison.result import Result
from synergy.estimation.estimation import Estimation


def _pandas() -> Any:
    try:
        import pandas
    except ImportError as missing:
        raise ImportError("to_pandas() needs pandas: pip install 'synergy-effects[pandas]'") from missing
    return pandas


def _column(values: Array) -> np.ndarray:
    """Numbers as they are: exact ones as objects, others as float64."""
    return np.asarray(values, dtype=object) if is_exact(values) else to_float(values)


@show.frame.register(Effects)
def of_effects(effects: Effects, k: int | None = None) -> Any:
    """Index ``effect``, a row's name; columns ``value``, ``size`` (of a Taylor effect ``degree``) and ``noise``.

    Raises:
        ValueError: effects of several games.
    """
    _require_one(effects)
    pandas = _pandas()
    rows = np.arange(len(effects))
    if k is not None:
        strength = np.abs(to_float(effects.values))
        rows = 1 + np.argsort(-strength[1:], kind="stable")[:k]
    sizes = effects.degrees.sum(1) if effects.degrees is not None else effects.sizes(0, len(effects))
    table = {
        "value": _column(effects.values)[rows],
        "degree" if effects.basis == "taylor" else "size": np.asarray(sizes)[rows],
        "noise": effects.noise_floor()[rows],
    }
    names = [effects.label(effects.key(int(row))) for row in rows]
    return pandas.DataFrame(table, index=pandas.Index(names, name="effect"))


@show.frame.register(Allocation)
def of_allocation(allocation: Allocation) -> Any:
    """Index ``effect``, as of the effects; columns ``effect size`` and the players."""
    effects = allocation.effects
    _require_one(effects)
    pandas = _pandas()
    names = [effects.label(effects.key(row)) for row in range(len(effects))]
    given = pandas.DataFrame(
        _column(allocation.values), index=pandas.Index(names, name="effect"), columns=list(allocation.names)
    )
    given.insert(0, "effect size", _column(effects.values), allow_duplicates=True)
    return given


@show.frame.register(Criteria)
def of_criteria(criteria: Criteria) -> Any:
    """Index ``criterion``; columns ``verdict``, ``number`` (coverage, leakage, residual), ``low`` and ``high``."""
    figures = {
        "coverage": ("coverage", criteria.coverage),
        "relevance": ("leakage", criteria.leakage),
        "completeness": ("residual", criteria.residual),
    }
    rows = [
        (criteria.verdicts[name], value, *criteria.intervals.get(word, (value, value)))
        for name, (word, value) in figures.items()
    ]
    pandas = _pandas()
    return pandas.DataFrame(
        rows, index=pandas.Index(figures, name="criterion"), columns=["verdict", "number", "low", "high"]
    )


@show.frame.register(Comparison)
def of_comparison(comparison: Comparison) -> Any:
    """Index ``player``; a column per method, NaN where it does not apply."""
    pandas = _pandas()
    nothing = np.full(comparison.effects.n, np.nan)
    columns = {r.name: nothing if r.attribution is None else _column(r.attribution) for r in comparison.results}
    return pandas.DataFrame(columns, index=pandas.Index(comparison.effects.names, name="player"))


@show.frame.register(Result)
def of_result(result: Result) -> Any:
    """Index ``player``; columns ``attribution`` and ``error``.

    Raises:
        ValueError: the method does not apply.
    """
    if result.attribution is None:
        raise ValueError(f"{result.name} has no attributions: {result.note}")
    pandas = _pandas()
    error = np.zeros(len(result.attribution)) if result.error is None else to_float(result.error)
    table = result.allocation
    names = range(len(result.attribution)) if table is None else table.names
    return pandas.DataFrame(
        {"attribution": _column(result.attribution), "error": error}, index=pandas.Index(names, name="player")
    )


@show.frame.register(Estimation)
def of_estimation(found: Estimation) -> Any:
    """Index ``player``, or ``first`` and ``second`` of pairs; ``value``, ``error``, ``surrogate``, ``undecided``."""
    pandas = _pandas()
    parts = {"value": found.values, "error": found.error, "surrogate": found.surrogate, "undecided": found.undecided}
    if found.values.ndim == 1:
        return pandas.DataFrame(parts, index=pandas.Index(found.names, name="player"))
    rows, columns = np.triu_indices(found.n, 1)
    names = list(combinations(found.names, 2))
    index = pandas.MultiIndex.from_tuples(names, names=["first", "second"])
    return pandas.DataFrame({name: part[rows, columns] for name, part in parts.items()}, index=index)


@show.frame.register(AndOr)
def of_and_or(split: AndOr) -> Any:
    """Index ``interaction``; columns ``kind`` ("and" or "or"), ``value`` and ``size``, strongest first."""
    pandas = _pandas()
    found = split.top(len(split.conjunctions) + len(split.disjunctions.dual))
    rows = [(each.kind, float(each.value), len(each.players)) for each in found]
    names = [split.label(each) for each in found]
    return pandas.DataFrame(rows, index=pandas.Index(names, name="interaction"), columns=["kind", "value", "size"])


@show.frame.register(Plan)
def of_plan(plan: Plan) -> Any:
    """Index ``step``; columns ``calls`` and ``how``."""
    pandas = _pandas()
    rows = [("every method at x", plan.paid, "made to know this"), *((s.what, s.calls, s.how) for s in plan.steps)]
    names = [name for name, *_ in rows]
    return pandas.DataFrame([row[1:] for row in rows], index=pandas.Index(names, name="step"), columns=["calls", "how"])


@show.frame.register(StraightLine)
def of_straight_line(line: StraightLine) -> Any:
    """Index ``place``, α; columns ``g`` and the players."""
    pandas = _pandas()
    found = pandas.DataFrame(line.slopes, index=pandas.Index(line.places, name="place"), columns=list(line.names))
    found.insert(0, "g", line.heights, allow_duplicates=True)
    return found


def _require_one(effects: Effects) -> None:
    if effects.values.ndim != 1:
        raise ValueError(f"a DataFrame shows one game, and these effects have shape {tuple(effects.values.shape)}")
