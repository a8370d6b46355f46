"""All methods on one game: attributions, allocations in theory and in practice, criteria."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from decompositions import counts
from decompositions.arguments import shown
from decompositions.arithmetic import to_float, within_floats
from decompositions.effects.effects import Effects
from decompositions.evaluation.progress import whole_progress
from decompositions.games.game import Game
from decompositions.models.undisturbed import outside_inference
from decompositions.networks.reading.kept import readings_kept
from decompositions.series.taylor import taylor
from decompositions.series.terms.convergence import describes
from synergy.allocation.allocation import Allocation, allocate
from synergy.calls import Calls
from synergy.comparison.comparison import Comparison
from synergy.comparison.prepared import Asked, Prepared, asked, prepared
from synergy.comparison.result import Result
from synergy.comparison.standard import Standard, standard_of
from synergy.comparison.trial import Trial, reason_of
from synergy.estimate import Estimate
from synergy.estimation.attributions import estimated_attributions
from synergy.measurement import measure as measurement
from synergy.measurement import subject
from synergy.measurement.external import ForeignMethod
from synergy.measurement.rows import attributions_at_x, measured_rows
from synergy.measurement.vanishing import POINTS
from synergy.method import AbstractMethod
from synergy.policies.layer_policy import LayerPolicy
from synergy.policies.policy import Policy
from synergy.wording.numbers import brief

Series = tuple[Effects | None, str]


@outside_inference()
@readings_kept()
def compare(
    game: Game,
    methods: str | Iterable[Any] | None = None,
    *,
    order: int | None = None,
    budget: int | None = None,
    effects: Effects | None = None,
    degree: int | None = None,
    announce: Callable[[str], None] | None = None,
) -> Comparison:
    """All methods on one game.

    What it costs is said first, as :func:`synergy.plan` says it: every method is tried at x, by whose rule it is then
    measured. A bar shows how far it has come, in a terminal or a notebook.

    Args:
        game: the question.
        methods: names, methods or callables; by default the fourteen, SmoothGrad and your own registered ones, "all"
            for every one that is registered.
        order: the largest number of players of which all rows are wanted; None for all rows where they fit the
            budget, else for those of two players, or of single ones.
        budget: model calls that one measured allocation may cost; None for 32,768 forward passes or what takes as
            long, about a minute for all methods on a small network. A dearer one is measured on some rows, by a
            cheaper rule where it has one (:func:`synergy.measurement.measure.measure`).
        effects: the game's Harsanyi dividends, if they are known already: of all 2ⁿ coalitions, or of all that have
            one, as :func:`harsanyi` gives them of trees and of polynomials of many players. These are taken unasked.
        degree: of the Taylor series, where it does not end.
        announce: told the plan, and then in a line what comes next and what it costs.

    A method that fails, in its own code or in the model's, does not apply, and the reason is said; the others stand.

    Raises:
        LookupError, TypeError, ValueError: as :func:`measure` and :func:`harsanyi`, or effects with symbols.
        MemoryError: memory runs out, whichever method it is that asks for it.
    """
    if not (announce is None or callable(announce)):
        raise TypeError(f"announce is a function that is told a line, or None, not {shown(announce)}")
    what = asked(game, methods, order, budget, degree, "compare()")
    if effects is not None:
        measurement.require_effects(effects)
    return carried_out(replace(what, effects=effects), announce or (lambda line: None))


def carried_out(what: Asked, say: Callable[[str], None]) -> Comparison:
    """What was asked, tried, said and paid.

    Args:
        what: is compared.
        say: is told the plan, and what comes next.

    Raises:
        TypeError, ValueError, MemoryError: as :func:`compare`.
    """
    game, effects, paid = what.game, what.effects, Calls()
    if effects is not None and not callable(effects):
        measurement.require_same(effects, game.watched(paid))
        _require_shown(effects)
        paid(effects.calls)
    ready = prepared(what)
    effects = ready.asked.effects
    paid(ready.plan.paid)
    say(str(ready.plan))
    with whole_progress(ready.plan.total, "comparing", ready.plan.paid) as moved:
        game = game.watched(paid).watched(moved)
        standard = standard_of(game, what.order, what.budget, effects)
        _require_shown(standard.effects)
        series = (None, ready.series_note) if ready.series_note is not None else _series(game, what.degree)
        results = _results(ready, standard, series, say)
    return Comparison(standard.effects, *series, results, paid.count)


def _require_shown(effects: Effects) -> None:
    """Refuse effects that cannot be written and drawn in floats."""
    effects.require_numbers("compare()")
    if not within_floats(effects.values):
        raise ValueError(
            "a comparison is written and drawn in floats, and some effects of this game are exact numbers beyond their "
            "range; multiply the expression by a power of ten, or take harsanyi(), allocate() and criteria(), which "
            "are exact at every size"
        )


def _results(ready: Prepared, standard: Standard, series: Series, say: Callable[[str], None]) -> tuple[Result, ...]:
    """One for every method; methods that ask the same question are asked once."""
    found: list[Result] = []
    for place, each in enumerate(ready.asked.methods):
        if place in ready.trials:
            found.append(_result(ready.trials[place], standard, series, say))
        else:
            first = found[ready.twins[place]]
            name, title = each.name, _title(each)
            found.append(
                replace(first, name=name, title=title, target=each.target, formula=each.formula, twin=first.name)
            )
    return tuple(found)


def _series(game: Game, degree: int | None) -> Series:
    try:
        series = taylor(game, degree)
    except Exception as error:  # whatever the model raises when it is differentiated
        return None, reason_of(error)
    shown = describes(np.asarray(series.degrees), to_float(series.values), series.radius)
    return series if shown else None, series.note


def _result(trial: Trial, standard: Standard, series: Series, say: Callable[[str], None]) -> Result:
    method, game = trial.method, standard.game
    theory, theory_note = _theory(method, game, standard.effects, series)
    result = Result(
        method.name,
        method.target,
        method.formula,
        theory=theory,
        theory_note=theory_note,
        settings=_settings(method),
        title=_title(method),
    )
    if trial.reason:
        return replace(result, note=trial.reason, measured_note=trial.reason)
    try:
        found = trial.found or _from_values(method, standard)
    except Exception as failure:  # whatever a method, or the model in its hands, raises
        reason = reason_of(failure)
        return replace(result, note=reason, measured_note=reason)
    settings = _rule_and_error(found) if found.rule else result.settings
    price = round(Fraction(trial.each) * subject.ends(game))  # exact, however many end points
    result = replace(result, attribution=found.values, error=found.errors, price=price, settings=settings)
    try:
        return _measured(trial, standard, result, found, say)
    except Exception as failure:  # at another end point than x
        return replace(result, measured_note=reason_of(failure))


def _from_values(method: AbstractMethod | ForeignMethod, standard: Standard) -> Estimate:
    """The attributions of a method of masked inputs; estimated, where they are of more coalitions than are paid.

    Raises:
        ValueError: the estimate is mostly noise; the budget that it would take is said.
    """
    game = standard.game
    if standard.effects.dense:
        return subject.estimate(method, subject.seen(method, game, standard.effects))
    found = attributions_at_x(method, game, standard.extent.budget.calls)
    if found is not None:
        return found
    policy = method.policy(game) if isinstance(method, AbstractMethod) else None
    if isinstance(policy, Policy) and policy.reads == "support" and not standard.effects.truncated:
        return Estimate(allocate(standard.effects, policy).attribution)
    if standard.sample is None or not isinstance(policy, Policy) or not policy.symmetric:
        return subject.estimate(method, game)  # which says why not
    return estimated_attributions(policy, standard.sample)


def _measured(trial: Trial, standard: Standard, result: Result, found: Estimate, say: Callable[[str], None]) -> Result:
    """The table of all rows, or of those that the budget pays."""
    game, method, extent = standard.game, trial.method, standard.extent
    if standard.effects.dense and extent.pays_all(trial):
        calls = round(trial.each * subject.ends(game))
        say(
            f"measuring {method.name}: {calls:,} model calls" if calls else f"measuring {method.name}: no further calls"
        )
        measurement.require_ends(game)
        points = 0 if game.cube.precision else POINTS  # what exact games are asked is no model's call
        table = measurement.measured(trial.settled, game, standard.effects, points)
        return replace(result, measured=table, price=table.calls)
    choice = extent.choice(trial)
    if choice is None:
        least, budget = (counts.count(calls) for calls in (extent.least(trial), extent.budget.calls))
        note = f"the fewest rows are worth {least} model calls, above the budget of {budget}"
        return replace(result, measured_note=note)
    effects = standard.effects_of(choice)
    say(f"measuring {method.name} on {counts.several(len(effects) - 1, 'effect')}")
    table = measured_rows(choice.method, standard.known, effects, found)
    if choice.method not in (method, trial.settled):
        result = replace(result, settings=f"{result.settings}; rows by {_settings(choice.method)}".lstrip("; "))
    return replace(result, measured=table, price=table.calls)


def _rule_and_error(found: Estimate) -> str:
    largest = 0.0 if found.errors is None else to_float(found.errors).max()
    return f"{found.rule}, error {brief(largest)}" if largest else found.rule


def _title(method: AbstractMethod | ForeignMethod) -> str:
    return "" if isinstance(method, ForeignMethod) else method.title


def _settings(method: AbstractMethod | ForeignMethod) -> str:
    """The fields of a method's dataclass and their values, but for limits on cost and what is not set."""
    if isinstance(method, ForeignMethod) or not is_dataclass(method):
        return ""
    known = {each.name: getattr(method, each.name) for each in fields(method) if each.name != "limit"}
    return ", ".join(f"{name}={value}" for name, value in known.items() if value is not None)


def _theory(
    method: AbstractMethod | ForeignMethod, game: Game, effects: Effects, series: Series
) -> tuple[Allocation | None, str]:
    """The effects shared out by the method's policy, or why there is no such table."""
    if isinstance(method, ForeignMethod):
        return None, "a function from elsewhere has no policy here"
    try:
        policy = method.policy(game)
        if isinstance(policy, LayerPolicy):
            return None, "its policy is per layer, and no fixed rule over the network's effects can equal it"
        if method.scope == "feature map":
            return None, "its policy shares the effects of the head: allocate(taylor(method.game(game)), policy)"
        known = effects if policy.reads == "support" else series[0]
        if known is None:
            return None, series[1]
        allocation = allocate(known, policy)
        allocation.attribution  # noqa: B018  (all rows are made once, so that a rule that fails on one fails here)
        return allocation, ""
    except Exception as error:  # whatever a policy of the user's raises
        return None, reason_of(error)
