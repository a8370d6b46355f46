"""How far a comparison looks: at all coalitions or at some, and at which rows of a method it pays for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from decompositions.degrees import count_up_to_order
from decompositions.dividends.choice import FEWEST, chosen
from decompositions.dividends.harsanyi import is_sparse
from decompositions.dividends.harsanyi import price as harsanyi_price
from decompositions.dividends.subsets import closure
from decompositions.effects.coalitions import Coalitions
from decompositions.effects.strata import Strata
from decompositions.games.game import Game
from decompositions.sampling.design import least
from decompositions.sampling.sample import BUDGET as SAMPLE
from synergy.comparison.trial import GRADIENT, Trial
from synergy.measurement.external import ForeignMethod
from synergy.measurement.rows import require_room
from synergy.measurement.subject import ends
from synergy.method import AbstractMethod

TIMES = 10  # the budget of one method, that an estimate may cost, which all share
PAIRS = 2  # the order up to which all rows are wanted, where they can be paid

Rows = tuple[tuple[int, ...], ...]


class Budget(NamedTuple):
    """What measuring one method may cost.

    Args:
        calls: model calls.
        timed: whether the time is what counts, in forward passes: where nobody has said how many calls it may be.
    """

    calls: int
    timed: bool = False


class Choice(NamedTuple):
    """The rows of a method that are paid for.

    Args:
        method: by a cheaper rule where it must be.
        each: model calls for one end point.
        coalitions: whose rows they are.
        strata: how these were chosen.
    """

    method: AbstractMethod | ForeignMethod
    each: float
    coalitions: Coalitions
    strata: Strata | None

    @property
    def calls(self) -> int:
        """What they cost; a method of masked inputs is given the values that are known."""
        return 0 if self.method.corners else round(self.each * len(closure(self.coalitions)))


@dataclass(frozen=True, eq=False)
class Extent:
    """How far a comparison looks.

    Args:
        game: the question.
        dense: whether all values are known.
        order: up to which all rows are wanted.
        besides: further coalitions whose rows are wanted.
        budget: what the rows of one method may cost.
        coalitions: whose effects are looked at, where not all values are known, or where a method pays for some.
        strata: how these were chosen.
    """

    game: Game
    dense: bool
    order: int
    besides: Rows
    budget: Budget
    coalitions: Coalitions
    strata: Strata | None

    def pays_all(self, trial: Trial) -> bool:
        """Whether all rows of a method are measured."""
        each = trial.worth(True) if self.budget.timed else trial.each
        return self.dense and each * ends(self.game) <= self.budget.calls

    def choice(self, trial: Trial) -> Choice | None:
        """The rows of a method that the budget pays, by a cheaper rule where it must be; None where it pays none.

        Where it cannot pay those of all single players, it is a sample of them.
        """
        every = list(dict.fromkeys((order, some) for order in (self.order, 1) for some in (self.besides, ())))
        own, worth = trial.method, trial.worth(self.budget.timed)
        for choices in (every, [(0, ())]):
            for order, besides in choices:
                if worth * self._ends(order, besides) <= self.budget.calls:
                    found = self._choice(trial.settled, trial.each, worth, order, besides)
                    return found._replace(each=trial.taking(closure(found.coalitions)))
            for order, besides in [each for each in choices if each[0] < 2]:
                work = GRADIENT if self.budget.timed else 1  # of a method that has a cheaper rule
                calls = self.budget.calls // (work * self._ends(order, besides))
                cheaper = None if isinstance(own, ForeignMethod) else own.within(self.game, calls)
                if cheaper is not None and cheaper is not own:
                    each = cheaper.price(self.game)
                    return self._choice(cheaper, each, each * work, order, besides)
        return None

    def least(self, trial: Trial) -> int:
        """Model calls that a sample of single players is worth."""
        return round(trial.worth(self.budget.timed) * self._ends(0, ()))

    def _ends(self, order: int, besides: Rows) -> int:
        """End points of all rows up to an order and of further ones; from order 0 on those of the fewest that do."""
        active = len(self.game.cube.active())
        if order == 0:
            return 1 + min(FEWEST, active)
        larger = closure(Coalitions.of_members([(), *(each for each in besides if len(each) > order)], self.game.n))
        return count_up_to_order(active, order) + int((larger.sizes > order).sum())

    def _choice(
        self, method: AbstractMethod | ForeignMethod, each: float, worth: float, order: int, besides: Rows
    ) -> Choice:
        most = int(self.budget.calls // max(1, worth, self.game.cube.calls_per_point))
        largest = self.game.n
        if not self.dense and self.strata is not None:  # beyond it no value is known
            largest = max(1, self.strata.largest)
        return Choice(method, each, *chosen(self.game, order, most, besides, largest))


def extent_of(game: Game, order: int | None, budget: Budget, dense: bool, besides: Rows = ()) -> Extent:
    """All coalitions where they fit and no order is asked for, or where they are known; else some.

    Args:
        game: the question.
        order: up to which all rows are wanted; None for two, or one where two cost too much.
        budget: what the rows of one method may cost.
        dense: whether all dividends are known already.
        besides: further coalitions whose rows are wanted.
    """
    fits, active = _all_fit(game, budget), len(game.cube.active())
    dense = dense or (order is None and fits and not is_sparse(game))
    rows_to = order or (active if fits and is_sparse(game) else _affordable(game, budget.calls))
    if not dense:
        require_room(count_up_to_order(active, rows_to), game.n)
    most = max(1, budget.calls // max(1, game.cube.calls_per_point))
    return Extent(game, dense, rows_to, besides, budget, *chosen(game, rows_to, most, besides))


def surveyed_calls(game: Game, order: int | None, budget: Budget, complete: bool) -> int:
    """Model calls of the sample from which estimates are made and strong effects are found; none where there is none.

    It is taken where floats have the values, not all are known, and the budget goes that far.
    """
    if complete or (order is None and _all_fit(game, budget)) or not game.cube.precision:
        return 0
    calls = _shared(budget)
    fewest = least(len(game.cube.active())) * max(1, game.cube.calls_per_point)
    return calls if calls >= fewest else 0


def _all_fit(game: Game, budget: Budget) -> bool:
    """Whether all values cost no more than one method may, or than a sample of them would, which all methods share."""
    return harsanyi_price(game) <= max(budget.calls, _shared(budget) if game.cube.precision else 0)


def _shared(budget: Budget) -> int:
    """Model calls of what all methods share."""
    return min(SAMPLE, TIMES * budget.calls)


def _affordable(game: Game, budget: int) -> int:
    return PAIRS if harsanyi_price(game, PAIRS) <= budget else 1
