"""A method tried at x, before anything is measured: whether it applies, by which rule, and what an end point takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from decompositions.effects.coalitions import Coalitions
from decompositions.games.game import Game
from decompositions.memory import is_out_of_memory
from synergy.algorithms.path.integral import EXACT
from synergy.calls import Calls
from synergy.estimate import Estimate
from synergy.measurement import subject
from synergy.measurement.external import ForeignMethod
from synergy.method import AbstractMethod

GRADIENT = 3  # forward passes that take as long as one with its gradient
PIECES = 12  # and as long as a model call of a sum over pieces


@dataclass(frozen=True, eq=False)
class Trial:
    """A method as it was tried at x.

    Args:
        game: the question.
        method: as it was asked for.
        found: its attributions at x; None where it does not apply, or where they are made of values of the game that
            are known later.
        reason: why it does not apply; empty where it does.
        paid: model calls of the trial.
        owed: model calls at x that are still to come.
        settled: the method by the rule that was found at x.
        each: model calls that it takes at one more end point.
    """

    game: Game
    method: AbstractMethod | ForeignMethod
    settled: AbstractMethod | ForeignMethod
    found: Estimate | None = None
    reason: str = ""
    paid: int = 0
    owed: int = 0
    each: float = 0.0

    def taking(self, coalitions: Coalitions) -> float:
        """Model calls for one end point, on average over some coalitions."""
        if isinstance(self.settled, ForeignMethod) or not self.paid:
            return self.each
        places = np.unique(np.linspace(0, len(coalitions) - 1, subject.SOME).astype(int))
        rows = np.concatenate([coalitions.table(place, place + 1) for place in places])
        game = self.game
        return self.settled.taking(game, self.paid, game.ends(torch.from_numpy(rows > 0).to(game.cube.device)))

    def worth(self, timed: bool = False) -> float:
        """The forward passes that one end point is worth: of layer-wise methods, and of all where time is counted."""
        if isinstance(self.settled, ForeignMethod):
            return self.each
        work = self.settled.work
        if timed and self.settled.scope == "game":
            work = PIECES if self.found is not None and self.found.rule.startswith(EXACT) else GRADIENT
        return self.each * work


def tried(method: AbstractMethod | ForeignMethod, game: Game, dense: bool, budget: int) -> Trial:
    """Try a method at x; one that looks at masked inputs only is asked later, when their values are known.

    Args:
        method: to be tried.
        game: the question.
        dense: whether all values will be known.
        budget: model calls that a method of masked inputs may look at beside those that are known.
    """
    paid = Calls()
    try:
        subject.price(method, game)  # which refuses what needs a network
        if method.corners:
            return Trial(game, method, method, owed=0 if dense else owed_at_x(method, game, budget))
        found = subject.estimate(method, game.watched(paid))
        if isinstance(method, ForeignMethod):
            return Trial(game, method, method, found, paid=paid.count, each=paid.count)
        some = subject.some_ends(game)
        settled = method.settled(game, found, some)
        each = settled.taking(game, paid.count, some)
    except Exception as failure:  # whatever a method, or the model in its hands, raises
        return Trial(game, method, method, reason=reason_of(failure), paid=paid.count)
    return Trial(game, method, settled, found, paid=paid.count, each=each)


def owed_at_x(method: AbstractMethod | ForeignMethod, game: Game, budget: int) -> int:
    """Model calls that a method of masked inputs takes at x: none where they are too many, as it is estimated then."""
    if isinstance(method, ForeignMethod):
        return 0
    try:
        calls = method.price(game)
    except ValueError:  # more than it may look at
        return 0
    return calls if calls <= max(budget, (game.n + 1) * game.cube.calls_per_point) else 0


def reason_of(error: Exception) -> str:
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
