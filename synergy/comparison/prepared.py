"""A comparison before it is paid: its methods tried at x, how far it will look, and what that will cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from decompositions.arguments import shown, whole
from decompositions.counts import count, several
from decompositions.dividends.harsanyi import in_closed_form
from decompositions.dividends.harsanyi import price as harsanyi_price
from decompositions.dividends.subsets import closure
from decompositions.effects.effects import Effects
from decompositions.evaluation.progress import whole_progress
from decompositions.games.game import Game, require_game
from decompositions.models.undisturbed import outside_inference
from decompositions.networks.reading.kept import readings_kept
from decompositions.sampling import sample
from decompositions.series import taylor
from decompositions.settings import argument, setting
from synergy.calls import Calls
from synergy.comparison.extent import Budget, Extent, extent_of, surveyed_calls
from synergy.comparison.plan import Plan, Step
from synergy.comparison.standard import LARGEST, SEARCHED
from synergy.comparison.trial import Trial, reason_of, tried
from synergy.measurement import subject
from synergy.measurement.external import ForeignMethod
from synergy.measurement.measure import BUDGET, CHECKED
from synergy.method import ALL, METHODS, AbstractMethod, usual
from synergy.policies.policy import Policy
from synergy.wording.names import players_of

EXPANDED = 256  # players up to which a Taylor series is tried unasked

Method = AbstractMethod | ForeignMethod


@dataclass(frozen=True, eq=False)
class Asked:
    """What a comparison is asked, looked at.

    Args:
        game: the question.
        methods: that are compared.
        order: the largest number of players of which all rows are wanted; None for the choice.
        budget: what measuring one method may cost.
        degree: of the Taylor series, where it does not end.
        effects: all dividends, if they are known, or what computes them; of many players those that are not zero.
    """

    game: Game
    methods: tuple[Method, ...]
    order: int | None
    budget: Budget
    degree: int | None
    effects: Effects | Callable[[Game], Effects] | None = None

    @property
    def sparse(self) -> bool:
        """Whether the effects that are known are those that are not zero, and no table of all 2ⁿ."""
        return isinstance(self.effects, Effects) and not self.effects.dense


@dataclass(frozen=True, eq=False)
class Prepared:
    """A comparison before it is paid.

    Args:
        asked: what it is asked.
        trials: of every method that asks a question of its own, by its place.
        series_note: why there is no Taylor series; empty where there may be one.
        plan: what is to come, and what it costs.
    """

    asked: Asked
    trials: dict[int, Trial]
    series_note: str | None
    plan: Plan

    @property
    def twins(self) -> dict[int, int]:
        """The places of methods that ask the same question as one before them, and that one's place."""
        return _twins(self.asked.methods)


@outside_inference()
@readings_kept()
def plan(
    game: Game,
    methods: str | Iterable[Any] | None = None,
    *,
    order: int | None = None,
    budget: int | None = None,
    degree: int | None = None,
) -> Plan:
    """What :func:`compare` will cost in model calls, with the same arguments.

    Every method is tried at x, as it chooses its rule by what it sees there; ``plan.paid`` is what that took.

    Args:
        game, methods, order, budget, degree: as for :func:`synergy.comparison.compare.compare`.

    Raises:
        LookupError, TypeError, ValueError: as for :func:`synergy.comparison.compare.compare`.

    >>> game = Game.from_function(lambda z: z[:, 0] * z[:, 1], [2.0, 3.0])
    >>> plan(game, ["occlusion_1", "gradient_x_input"])["gradient_x_input"]
    Step(what='gradient_x_input', calls=4, how='all 4 coalitions')
    """
    return prepared(asked(game, methods, order, budget, degree, "plan()")).plan


def asked(
    game: Game,
    methods: str | Iterable[Any] | None,
    order: int | None,
    budget: int | None,
    degree: int | None,
    by: str,
) -> Asked:
    """What came, looked at.

    Raises:
        LookupError, TypeError, ValueError: whatever does not fit.
    """
    require_game(game, by)
    if not game.n:
        raise ValueError("a game without players has nothing to share out; its only value is f(b) = f(x)")
    rule = f"{argument('budget')} is the number of model calls that one measured allocation may cost"
    affordable = Budget(BUDGET, timed=True) if budget is None else Budget(whole(budget, rule, 0))
    if order is not None:
        order = whole(order, f"{argument('order')} is the largest number of players of a coalition", 1, game.n)
    if degree is not None:
        degree = whole(degree, f"{argument('degree')} is the largest total degree of the Taylor series", 0)
    return Asked(game, tuple(_chosen(methods, game)), order, affordable, degree)


def prepared(what: Asked) -> Prepared:
    """Try every method at x, and say what is to come; what a closed form says of the effects is known at once."""
    game, paid = what.game, Calls()
    if what.effects is None and what.order is None:
        what = replace(what, effects=in_closed_form(game))
    dense = what.effects is not None and not what.sparse
    extent = extent_of(game, what.order, what.budget, dense)
    with whole_progress(0, "every method at x") as moved:
        watched = game.watched(paid).watched(moved)
        trials = {
            place: tried(method, watched, extent.dense, what.budget.calls)
            for place, method in enumerate(what.methods)
            if place not in _twins(what.methods)
        }
        calls, note = _series(watched, what)
    steps = [*_of_values(what, extent)]
    steps += [] if calls is None else [Step("Taylor effects", calls)]
    steps += [_of_method(trial, extent) for trial in trials.values() if not trial.reason]
    left_out = tuple(trial.method.name for trial in trials.values() if trial.reason)
    return Prepared(what, trials, note, Plan(_players(game), tuple(steps), paid.count, left_out))


def _chosen(methods: Any, game: Game) -> list[Method]:
    """The methods from what names them."""
    wanted = methods
    if methods is None or methods == ALL:
        wanted = usual() if methods is None else list(METHODS)
    elif isinstance(methods, str):
        wanted = [methods]
    if not isinstance(wanted, Iterable) or hasattr(wanted, "dtype"):
        raise TypeError(f"methods is a list of names, methods or callables, not {shown(methods)}; write [method]")
    wanted = list(wanted)
    twice = next((each for place, each in enumerate(wanted) if isinstance(each, str) and each in wanted[:place]), None)
    if twice is not None:
        raise ValueError(
            f"methods names each once, and {twice!r} is there twice; with settings it is method({twice!r}, …)"
        )
    return [subject.as_method(each, game) for each in wanted]


def _twins(methods: tuple[Method, ...]) -> dict[int, int]:
    """The places of methods that ask the same question as one before them, and that one's place."""
    asked_at: dict[Any, int] = {}
    found = {}
    for place, each in enumerate(methods):
        key = None if isinstance(each, ForeignMethod) else each.question()
        if key is not None and key in asked_at:
            found[place] = asked_at[key]
        elif key is not None:
            asked_at[key] = place
    return found


def _series(game: Game, what: Asked) -> tuple[int | None, str | None]:
    """The calls that the Taylor series takes, or None; and why there is none, where that is known."""
    if not _reads_degrees(what.methods, game):
        return None, ""
    if what.degree is None and game.cube.precision and game.n > EXPANDED:
        asks = setting("degree", 1, "compare(game, {})")
        return None, f"its Taylor series has more than {EXPANDED} players; {asks} asks for it"
    try:
        return taylor.price(game, what.degree), None
    except Exception as error:  # whatever the model raises when it is differentiated
        return None, reason_of(error)


def _reads_degrees(methods: Iterable[Method], game: Game) -> bool:
    """Whether a Taylor series is wanted: it is shown where it is exact, and costs model calls elsewhere."""
    if not game.cube.precision:
        return True
    for each in methods:
        try:
            policy = None if isinstance(each, ForeignMethod) or each.scope != "game" else each.policy(game)
        except Exception as error:  # whatever a policy of the user's raises
            reason_of(error)
            continue
        if isinstance(policy, Policy) and policy.reads == "degree":
            return True
    return False


def _of_values(what: Asked, extent: Extent) -> Iterable[Step]:
    """The values of the game: all, or a sample and those of some coalitions with all their subsets."""
    game = what.game
    if isinstance(what.effects, Effects) and not what.sparse:
        return [Step("effects that are known", CHECKED * game.cube.calls_per_point, "compared with the game")]
    if extent.dense:
        return [Step("values of all coalitions", harsanyi_price(game))]
    calls, steps = surveyed_calls(game, what.order, what.budget, what.sparse), []
    if isinstance(what.effects, Effects):
        steps.append(Step("effects in closed form", 0, several(len(what.effects) - 1, "coalition")))
    if calls:
        steps.append(Step("a sample of coalitions", sample.price(game, calls), "for estimates"))
        steps.append(Step("the strongest effects in it", _verified(game, calls, what.budget.calls), "verified"))
    lower = len(closure(extent.coalitions)) + 1
    of = f"of at most {several(extent.order, 'player')}, and some larger ones"
    return [*steps, Step("values of some coalitions", lower * game.cube.calls_per_point, of)]


def _verified(game: Game, sampled: int, budget: int) -> int:
    """The most that exact values of the strongest effects can take; none where the sample has all values."""
    if harsanyi_price(game) <= sampled:
        return 0
    return min(SEARCHED, budget, harsanyi_price(game, min(LARGEST, len(game.cube.active()))))


def _of_method(trial: Trial, extent: Extent) -> Step:
    """What measuring a method will cost."""
    if extent.pays_all(trial):
        ends = subject.ends(extent.game)
        return Step(trial.method.name, trial.owed + round(trial.each * ends), f"all {count(ends)} coalitions")
    choice = extent.choice(trial)
    if choice is None:
        return Step(trial.method.name, trial.owed, "at x alone")
    rows = several(len(choice.coalitions) - 1, "coalition")
    return Step(trial.method.name, trial.owed + choice.calls, rows)


def _players(game: Game) -> str:
    active = len(game.cube.active())
    return f"{players_of(game.n, active)}: {count(2**active)} coalitions"
