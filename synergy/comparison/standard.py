"""What all methods of a comparison are held against: the effects, all or some, and which rows a method can pay."""

from __future__ import annotations

from dataclasses import dataclass, replace

from decompositions.counts import count
from decompositions.degrees import count_up_to_order
from decompositions.dividends.choice import FEWEST, chosen
from decompositions.dividends.harsanyi import harsanyi, is_sparse
from decompositions.dividends.harsanyi import price as harsanyi_price
from decompositions.dividends.known import Known, known
from decompositions.dividends.subsets import closure
from decompositions.effects.coalitions import Coalitions
from decompositions.effects.effects import Effects
from decompositions.evaluation.cost import LIMIT, require_limit, with_progress
from decompositions.games.game import Game
from decompositions.sampling.design import least
from decompositions.sampling.sample import BUDGET as SAMPLE
from decompositions.sampling.sample import Sample, sample
from decompositions.sampling.strongest import strongest
from synergy.measurement.external import ForeignMethod
from synergy.measurement.rows import require_room
from synergy.measurement.subject import price_of_one
from synergy.method import AbstractMethod

STRONGEST, LARGEST, SEARCHED = 12, 3, 500  # effects that are verified, players in them, and calls for their subsets
TIMES = 10  # the budget of one method, that an estimate may cost, which all share
PAIRS = 2  # the order up to which all rows are wanted, where they can be paid

Rows = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, eq=False)
class Standard:
    """The effects of a comparison, and the values that they are made of.

    Args:
        game: the question.
        effects: all dividends, or those of some coalitions.
        known: values at the coalitions of which rows may be wanted, and at all their subsets.
        order: up to which all rows are wanted.
        besides: further coalitions whose rows are wanted.
        budget: model calls that the rows of one method may cost.
        sample: values at drawn coalitions, for estimates; None where all dividends are known, or none was paid.
    """

    game: Game
    effects: Effects
    known: Known
    order: int
    besides: Rows
    budget: int
    sample: Sample | None = None

    def rows(self, method: AbstractMethod | ForeignMethod) -> tuple[AbstractMethod | ForeignMethod, Effects] | None:
        """A method, by a cheaper rule where it must be, and the effects whose rows it can pay; None where it cannot.

        Where it cannot pay those of all single players, it is a sample of them.
        """
        every = list(dict.fromkeys((order, some) for order in (self.order, 1) for some in (self.besides, ())))
        for choices in (every, [(0, ())]):
            for order, besides in choices:
                if self._worth(method) * self._ends(order, besides) <= self.budget:
                    return method, self._effects(method, order, besides)
            for order, besides in [each for each in choices if each[0] < 2]:
                calls = self.budget // self._ends(order, besides)
                cheaper = None if isinstance(method, ForeignMethod) else method.within(self.game, calls)
                if cheaper is not None:
                    return cheaper, self._effects(cheaper, order, besides)
        return None

    def least(self, method: AbstractMethod | ForeignMethod) -> int:
        """Model calls that a sample of single players is worth."""
        return self._worth(method) * self._ends(0, ())

    def _worth(self, method: AbstractMethod | ForeignMethod) -> int:
        """The forward passes that one end point is worth."""
        return price_of_one(method, self.game) * (1 if isinstance(method, ForeignMethod) else method.work)

    def _ends(self, order: int, besides: Rows) -> int:
        """End points of all rows up to an order and of further ones; from order 0 on those of the fewest that do."""
        active = len(self.game.cube.active())
        if order == 0:
            return 1 + min(FEWEST, active)
        larger = closure(Coalitions.of_members([(), *(each for each in besides if len(each) > order)], self.game.n))
        return count_up_to_order(active, order) + int((larger.sizes > order).sum())

    def _effects(self, method: AbstractMethod | ForeignMethod, order: int, besides: Rows) -> Effects:
        most = self.budget // max(1, self._worth(method), self.game.cube.calls_per_point)
        own = self.effects
        largest = self.game.n if own.strata is None else max(1, own.strata.largest)  # beyond it no value is known
        wanted, strata = chosen(self.game, order, most, besides, largest)
        if own.coalitions is not None and wanted.masks() == own.coalitions.masks():
            return own
        return self.known.dividends(wanted, strata)


def standard_of(game: Game, order: int | None, budget: int, effects: Effects | None) -> Standard:
    """All dividends where they fit the budget and no order is asked for, or where they are given; else rows.

    Args:
        game: the question.
        order: up to which all rows are wanted; None for two, or one where two cost too much.
        budget: model calls.
        effects: all dividends, if they are known.

    Raises:
        ValueError: a price that must be asked for by name.
    """
    fits = harsanyi_price(game) <= budget
    if effects is None and order is None and fits and not is_sparse(game):
        effects = harsanyi(game)
    active = len(game.cube.active())
    rows_to = order or (active if fits and is_sparse(game) else _affordable(game, budget))
    if effects is None:
        require_room(count_up_to_order(active, rows_to), game.n)
    surveyed = _surveyed(game, budget) if effects is None and not (fits and order is None) else None
    besides = () if surveyed is None else _strongest(surveyed, budget)
    most = max(1, budget // max(1, game.cube.calls_per_point))
    wanted, strata = chosen(game, rows_to, most, besides)
    everything = closure(wanted)
    if effects is not None:
        return Standard(game, effects, Known.of_effects(game, effects, everything), rows_to, besides, budget)
    price = len(everything) * game.cube.calls_per_point
    require_limit(price, max(LIMIT, budget), "take order=1, or fewer players")
    what = f"coalitions of at most {count(rows_to)}, and some larger ones"
    found, _ = with_progress(game, price, what, lambda watched: known(watched, everything))
    found = replace(found, game=game)
    return Standard(game, found.dividends(wanted, strata), found, rows_to, besides, budget, surveyed)


def _surveyed(game: Game, budget: int) -> Sample | None:
    """Values at drawn coalitions, where floats have them and the budget goes that far."""
    calls = min(SAMPLE, TIMES * budget)
    fewest = least(len(game.cube.active())) * max(1, game.cube.calls_per_point)
    return sample(game, calls) if game.cube.precision and calls >= fewest else None


def _strongest(surveyed: Sample, budget: int) -> Rows:
    """Coalitions whose dividends are among the strongest, as far as a surrogate can tell."""
    found = strongest(surveyed, STRONGEST, order=LARGEST, budget=min(SEARCHED, budget))
    assert found.coalitions is not None
    return tuple(found.coalitions)[1:]


def _affordable(game: Game, budget: int) -> int:
    return PAIRS if harsanyi_price(game, PAIRS) <= budget else 1
