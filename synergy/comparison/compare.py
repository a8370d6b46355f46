"""All methods on one game: attributions, allocations in theory and in practice, criteria."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np

from decompositions import counts
from decompositions.arguments import shown, whole
from decompositions.arithmetic import to_float, within_floats
from decompositions.effects.effects import Effects
from decompositions.games.game import Game, require_game
from decompositions.memory import is_out_of_memory
from decompositions.models.undisturbed import outside_inference
from decompositions.networks.reading.kept import readings_kept
from decompositions.series.taylor import taylor
from decompositions.series.terms.convergence import describes
from synergy.allocation.allocation import Allocation, allocate
from synergy.calls import Calls
from synergy.comparison.comparison import Comparison
from synergy.comparison.result import Result
from synergy.comparison.standard import Standard, standard_of
from synergy.estimate import Estimate
from synergy.estimation.attributions import estimated_attributions
from synergy.measurement import measure as measurement
from synergy.measurement import subject
from synergy.measurement.external import ForeignMethod
from synergy.measurement.measure import BUDGET
from synergy.measurement.rows import attributions_at_x, measured_rows
from synergy.measurement.synergy_function import POINTS
from synergy.method import ALL, METHODS, AbstractMethod, usual
from synergy.policies.layer_policy import LayerPolicy
from synergy.policies.policy import Policy
from synergy.wording.numbers import brief

EXPANDED = 256  # players up to which a Taylor series is tried unasked


@outside_inference()
@readings_kept()
def compare(
    game: Game,
    methods: str | Iterable[Any] | None = None,
    *,
    order: int | None = None,
    budget: int = BUDGET,
    effects: Effects | None = None,
    degree: int | None = None,
    announce: Callable[[str], None] | None = None,
) -> Comparison:
    """All methods on one game.

    Args:
        game: the question.
        methods: names, methods or callables; by default the fourteen, SmoothGrad and your own registered ones, "all"
            for every one that is registered.
        order: the largest number of players of which all rows are wanted; None for all rows where they fit the
            budget, else for those of two players, or of single ones.
        budget: model calls that one measured allocation may cost. A dearer one is measured on some rows, by a cheaper
            rule where it has one (:func:`synergy.measurement.measure.measure`).
        effects: the game's Harsanyi dividends, if they are known already.
        degree: of the Taylor series, where it does not end.
        announce: told in a line what comes next and what it costs.

    A method that fails, in its own code or in the model's, does not apply, and the reason is said; the others stand.

    Raises:
        LookupError, TypeError, ValueError: as :func:`measure` and :func:`harsanyi`, or effects with symbols.
        MemoryError: memory runs out, whichever method it is that asks for it.
    """
    require_game(game, "compare()")
    if not game.n:
        raise ValueError("a game without players has nothing to share out; its only value is f(b) = f(x)")
    budget = whole(budget, "budget is the number of model calls that one measured allocation may cost", 0)
    if order is not None:
        order = whole(order, "order is the largest number of players of a coalition", 1, game.n)
    if degree is not None:
        degree = whole(degree, "degree is the largest total degree of the Taylor series", 0)
    if not (announce is None or callable(announce)):
        raise TypeError(f"announce is a function that is told a line, or None, not {shown(announce)}")
    chosen = _chosen(methods, game)
    say = announce or (lambda line: None)
    paid = Calls()
    game = game.watched(paid)
    if effects is not None:
        measurement.require_same(effects, game)  # watched: its calls count
        paid(effects.calls)
    standard = standard_of(game, order, budget, effects)
    standard.effects.require_numbers("compare()")
    if not within_floats(standard.effects.values):
        raise ValueError(
            "a comparison is written and drawn in floats, and some effects of this game are exact numbers beyond their "
            "range; multiply the expression by a power of ten, or take harsanyi(), allocate() and criteria(), which "
            "are exact at every size"
        )
    series, series_note = _series(game, degree) if _reads_degrees(chosen, game) else (None, "")
    results = _results(chosen, standard, (series, series_note), say)
    return Comparison(standard.effects, series, series_note, results, paid.count)


def _results(
    chosen: list[AbstractMethod | ForeignMethod],
    standard: Standard,
    series: tuple[Effects | None, str],
    say: Callable[[str], None],
) -> tuple[Result, ...]:
    """One for every method; methods that ask the same question are asked once."""
    found: list[Result] = []
    asked: dict[Any, Result] = {}
    for each in chosen:
        key = None if isinstance(each, ForeignMethod) else each.question()
        first = asked.get(key)
        if key is None or first is None:
            found.append(_result(each, standard, series, say))
            asked[key] = found[-1]
        else:
            name, title = each.name, _title(each)
            found.append(
                replace(first, name=name, title=title, target=each.target, formula=each.formula, twin=first.name)
            )
    return tuple(found)


def _chosen(methods: Any, game: Game) -> list[AbstractMethod | ForeignMethod]:
    """The methods from what names them."""
    wanted = methods
    if methods is None or methods == ALL:
        wanted = usual() if methods is None else list(METHODS)
    elif isinstance(methods, str):
        wanted = [methods]
    if not isinstance(wanted, Iterable) or hasattr(wanted, "dtype"):
        raise TypeError(f"methods is a list of names, methods or callables, not {shown(methods)}; write [method]")
    return [subject.as_method(each, game) for each in wanted]


def _reason(error: Exception) -> str:
    """Why a method does not apply, in a line: our own refusals as they are, others by the kind of the error.

    Raises:
        Exception: the error itself, where memory ran out.
    """
    if is_out_of_memory(error):
        raise error
    said = str(error).strip()
    if isinstance(error, (ValueError, TypeError)) and said:
        return said
    return f"{type(error).__name__}: {said.splitlines()[0]}" if said else type(error).__name__


def _reads_degrees(methods: list[Any], game: Game) -> bool:
    """Whether a Taylor series is wanted: it is shown where it is exact, and costs model calls elsewhere."""
    if not game.cube.precision:
        return True
    for each in methods:
        try:
            policy = None if isinstance(each, ForeignMethod) or each.scope != "game" else each.policy(game)
        except Exception as error:  # whatever a policy of the user's raises
            _reason(error)
            continue
        if isinstance(policy, Policy) and policy.reads == "degree":
            return True
    return False


def _series(game: Game, degree: int | None) -> tuple[Effects | None, str]:
    if degree is None and game.cube.precision and game.n > EXPANDED:
        return None, f"its Taylor series has more than {EXPANDED} players; compare(game, degree=1) asks for it"
    try:
        series = taylor(game, degree)
    except Exception as error:  # whatever the model raises when it is differentiated
        return None, _reason(error)
    shown = describes(np.asarray(series.degrees), to_float(series.values), series.radius)
    return series if shown else None, series.note


def _result(
    method: AbstractMethod | ForeignMethod,
    standard: Standard,
    series: tuple[Effects | None, str],
    say: Callable[[str], None],
) -> Result:
    game = standard.game
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
    paid = Calls()
    try:
        price = subject.price(method, game)
        found = _at_x(method, standard, game.watched(paid))
    except Exception as failure:  # whatever a method, or the model in its hands, raises
        reason = _reason(failure)
        return replace(result, note=reason, measured_note=reason)
    settings = _rule_and_error(found) if found.rule else result.settings
    price = paid.count * subject.ends(game) if found.rule else price  # that of the rule that was chosen for x
    result = replace(result, attribution=found.values, error=found.errors, price=price, settings=settings)
    try:
        return _measured(method, standard, result, found, say)
    except Exception as failure:  # at another end point than x
        return replace(result, measured_note=_reason(failure))


def _at_x(method: AbstractMethod | ForeignMethod, standard: Standard, watched: Game) -> Estimate:
    """The attributions; estimated, where they are an index of more coalitions than are paid.

    Raises:
        ValueError: the estimate is mostly noise; the budget that it would take is said.
    """
    if standard.effects.dense:
        return subject.estimate(method, subject.seen(method, watched, standard.effects))
    found = attributions_at_x(method, watched, standard.budget)
    if found is not None:
        return found
    policy = method.policy(standard.game) if isinstance(method, AbstractMethod) else None
    if standard.sample is None or not isinstance(policy, Policy) or not policy.symmetric:
        return subject.estimate(method, watched)  # which says why not
    return estimated_attributions(policy, standard.sample)


def _measured(
    method: AbstractMethod | ForeignMethod,
    standard: Standard,
    result: Result,
    found: Estimate,
    say: Callable[[str], None],
) -> Result:
    """The table of all rows, or of those that the budget pays."""
    game, price = standard.game, result.price
    if standard.effects.dense and price <= standard.budget:
        say(
            f"measuring {method.name}: {price:,} model calls" if price else f"measuring {method.name}: no further calls"
        )
        measurement.require_ends(game)
        points = min(POINTS, (standard.budget - price) // max(1, subject.ends(game) * game.cube.calls_per_point))
        return replace(result, measured=measurement.measured(method, game, standard.effects, points))
    rows = standard.rows(method)
    if rows is None:
        least, budget = (counts.count(calls) for calls in (standard.least(method), standard.budget))
        note = f"the fewest rows are worth {least} model calls, above the budget of {budget}"
        return replace(result, measured_note=note)
    affordable, effects = rows
    say(f"measuring {method.name} on {counts.several(len(effects) - 1, 'effect')}")
    table = measured_rows(affordable, standard.known, effects, found)
    if affordable is not method:
        result = replace(result, settings=f"{result.settings}; rows by {_settings(affordable)}".lstrip("; "))
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
    method: AbstractMethod | ForeignMethod, game: Game, effects: Effects, series: tuple[Effects | None, str]
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
        return None, _reason(error)
