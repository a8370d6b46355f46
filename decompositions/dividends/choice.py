"""Which coalitions are looked at where there are too many: all of the smallest sizes, and some drawn of larger ones."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb

from decompositions.degrees import count_up_to_order
from decompositions.dividends.subsets import closure
from decompositions.effects.coalitions import Coalitions
from decompositions.effects.strata import Strata, Stratum, drawn
from decompositions.games.game import Game

PER_SIZE = 16  # coalitions that are drawn of every size
LARGEST = 8  # players of a coalition that is drawn
FEWEST = 8  # single players that are drawn where not even 16 can be looked at


def chosen(
    game: Game,
    order: int,
    most: int,
    besides: Sequence[tuple[int, ...]] = (),
    largest: int = LARGEST,
    seed: int = 0,
) -> tuple[Coalitions, Strata]:
    """All coalitions up to an order, some others, and 16 of every further size while their subsets may be looked at.

    Null players are left out: their coalitions have no dividends. From order 0 on, where single players are drawn, it
    is as many of these as may be looked at, if at least 8.

    Args:
        game: the question.
        order: of which all coalitions are taken, whatever they cost; 0 for the empty one alone.
        most: subsets that may be looked at in all; it says up to which size, 8 at most, coalitions are drawn.
        besides: further coalitions, which stand for themselves alone.
        largest: players of the largest coalitions that may be drawn.
        seed: of the draws.

    >>> game = Game.from_values([0.0] * 2**5)
    >>> coalitions, strata = chosen(game, 1, 100)
    >>> len(coalitions), strata.order, strata.largest
    (32, 1, 5)
    >>> chosen(game, 1, 20)[1].largest
    2
    """
    active, n = game.cube.active(), game.n
    found = Coalitions.up_to(active, n, order).joined(_of(besides, n))
    larger, strata = _of([each for each in besides if len(each) > order], n), []
    for size in range(order + 1, min(largest, LARGEST, len(active)) + 1):
        count = PER_SIZE if size > 1 else max(FEWEST, min(PER_SIZE, most - 1))
        some = _of(drawn(active, [size], count, seed)[size], n)
        larger = larger.joined(some)
        if count_up_to_order(len(active), order) + int((closure(larger).sizes > order).sum()) > most:
            break
        found = found.joined(some)
        strata.append(Stratum(size, comb(len(active), size), found.rows(some.bits[1:])))
    return found, Strata(min(order, len(active)), tuple(strata))


def _of(members: Sequence[tuple[int, ...]], n: int) -> Coalitions:
    """Some coalitions, each once, behind the empty one."""
    return Coalitions.of_members([(), *dict.fromkeys(filter(None, members))], n)
