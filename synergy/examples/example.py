"""A ready question: a real model, a real input, and how to show it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from decompositions.counts import several
from decompositions.games.game import Game
from synergy.wording.view import Features, Picture, Words


@dataclass(frozen=True, eq=False)
class Example:
    """A game on a real model and input, with what a person needs to read the answer.

    Args:
        name: Which example, a key of ``EXAMPLES``.
        title: One line that names the input and the output in question.
        game: The question.
        view: The input as a person sees it, with its players.
        facts: Short lines for a report: ``model``, ``input``, ``prediction``, ``baseline`` (what absent means) and
            ``source`` (with its licence).
        settings: By method, those that the model asks for, as keywords of ``method(name, …)``.
        besides: Methods beside the fourteen that it shows as well.
        output: What the model's output is called in a sentence.
        limit: Model calls up to which all its dividends are computed; else those of some coalitions.
        budget: Model calls that measuring one method may cost, so that the whole answer takes minutes on one core.
    """

    name: str
    title: str
    game: Game
    view: Picture | Words | Features
    facts: dict[str, str]
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    besides: tuple[str, ...] = ()
    output: str = "the output"
    limit: int = 2**20
    budget: int = 20_000

    def __repr__(self) -> str:
        """The name, the title and the game, without the input."""
        return f"Example({self.name!r}, {self.title!r}, {several(self.game.n, 'player')})"
