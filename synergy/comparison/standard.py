"""What all methods of a comparison are held against: the effects, all or some, and the values they are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from decompositions.counts import count
from decompositions.dividends.harsanyi import harsanyi
from decompositions.dividends.known import Known, known
from decompositions.dividends.subsets import closure
from decompositions.effects.effects import Effects
from decompositions.evaluation.cost import LIMIT, require_limit, with_progress
from decompositions.games.game import Game
from decompositions.sampling.sample import Sample, sample
from decompositions.sampling.strongest import strongest
from decompositions.settings import setting
from synergy.comparison.extent import Budget, Choice, Extent, Rows, extent_of, surveyed_calls

STRONGEST, LARGEST, SEARCHED = 12, 3, 500  # effects that are verified, players in them, and calls for their subsets


@dataclass(frozen=True, eq=False)
class Standard:
    """The effects of a comparison, and the values that they are made of.

    Args:
        extent: how far it looks.
        effects: all dividends, or all that are not zero, or those of some coalitions.
        known: values at the coalitions of which rows may be wanted, and at all their subsets.
        sample: values at drawn coalitions, for estimates; None where all dividends are known, or none was paid.
    """

    extent: Extent
    effects: Effects
    known: Known
    sample: Sample | None = None

    @property
    def game(self) -> Game:
        """The question."""
        return self.extent.game

    def effects_of(self, choice: Choice) -> Effects:
        """The effects whose rows are measured."""
        own = self.effects
        if own.coalitions is not None and choice.coalitions.masks() == own.coalitions.masks():
            return own
        return self.known.dividends(choice.coalitions, choice.strata)


def standard_of(
    game: Game, order: int | None, budget: Budget, effects: Effects | Callable[[Game], Effects] | None
) -> Standard:
    """All dividends where they fit the budget and no order is asked for, or where they are given; else rows.

    Args:
        game: the question.
        order: up to which all rows are wanted; None for two, or one where two cost too much.
        budget: what the rows of one method may cost.
        effects: all dividends, if they are known, or what computes them; of many players those that are not zero.

    Raises:
        ValueError: a price that must be asked for by name.
    """
    if isinstance(effects, Effects) and not effects.dense:
        best = tuple(key for key, _ in effects.top(STRONGEST) if len(key) <= LARGEST)
        extent = extent_of(game, order, budget, False, best)
        return Standard(extent, effects, _known(extent))
    extent = extent_of(game, order, budget, effects is not None)
    if extent.dense:
        found = effects if isinstance(effects, Effects) else (effects or harsanyi)(game)
        return Standard(extent, found, Known.of_effects(game, found, closure(extent.coalitions)))
    calls = surveyed_calls(game, order, budget, False)
    surveyed = sample(game, calls) if calls else None
    if surveyed is not None:
        extent = extent_of(game, order, budget, False, _strongest(surveyed, budget.calls))
    some = _known(extent)
    return Standard(extent, some.dividends(extent.coalitions, extent.strata), some, surveyed)


def _known(extent: Extent) -> Known:
    """The values that the rows of some coalitions are made of.

    Raises:
        ValueError: a price that must be asked for by name.
    """
    game, everything = extent.game, closure(extent.coalitions)
    price = len(everything) * game.cube.calls_per_point
    fewer = f"take {setting('order', 1)}, or fewer players"
    require_limit(price, max(LIMIT, extent.budget.calls), fewer, "budget")
    what = f"coalitions of at most {count(extent.order)}, and some larger ones"
    some, _ = with_progress(game, price, what, lambda watched: known(watched, everything))
    return replace(some, game=game)


def _strongest(surveyed: Sample, budget: int) -> Rows:
    """Coalitions whose dividends are among the strongest, as far as a surrogate can tell."""
    found = strongest(surveyed, STRONGEST, order=LARGEST, budget=min(SEARCHED, budget))
    assert found.coalitions is not None
    return tuple(found.coalitions)[1:]
