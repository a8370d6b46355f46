"""What a question costs in model calls: said before it is paid, shown while it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from decompositions import counts
from decompositions.arguments import whole
from decompositions.evaluation.progress import progress
from decompositions.games.game import Game
from decompositions.settings import setting

T = TypeVar("T")
LIMIT = 2**20  # model calls that are paid without being asked for by name
PAYABLE = 2**40  # model calls, above which no limit is advised


def with_progress(game: Game, total: int, what: str, work: Callable[[Game], T], done: int = 0) -> tuple[T, int]:
    """Do ``work`` on a game whose calls move a progress bar; also the calls paid.

    Args:
        game: is watched.
        total: calls.
        what: the bar's title.
        work: to be done.
        done: calls of the total that were paid earlier; the rate and the remaining time leave them out.
    """
    paid = 0
    with progress(total, what, done) as moved:

        def report(calls: int) -> None:
            nonlocal paid
            paid += calls
            moved(calls)

        result = work(game.watched(report))
    return result, paid


def as_limit(limit: Any) -> int:
    """A limit of model calls as a whole number.

    Raises:
        TypeError, ValueError: none, or a negative one.
    """
    return whole(limit, "limit is the number of model calls above which the work is refused", 0)


def require_limit(calls: int, limit: int, instead: str, name: str = "") -> None:
    """Refuse a price that was not asked for.

    Args:
        calls: the price.
        limit: what may be paid.
        instead: a cheaper question; the only way out where nobody can pay.
        name: of the setting that pays for them, where a command may have it as an option; else it is the argument
            ``limit`` of the function that was called.

    Raises:
        ValueError: more calls than the limit.
    """
    if calls > limit:
        way = ""
        if calls <= PAYABLE:
            way = f"pass {setting(name, calls) if name else f'limit={calls}'} to pay for them, or "
        raise ValueError(
            f"this takes {counts.count(calls)} model calls, above the limit of {counts.count(limit)}; {way}{instead}"
        )
