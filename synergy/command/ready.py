"""Questions about the examples that come with the package."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from synergy.command.question import AbstractQuestion
from synergy.examples import EXAMPLES, load
from synergy.examples.example import Example

GRID = "grid:4x4, grid:4, segments:12 or features"
Digit = Annotated[str | None, typer.Argument(help="7 for the first seven held out, the default; 7:3 for the fourth")]
Squares = Annotated[str | None, typer.Option(help=f"{GRID}; grid:4x4 by default")]


class AbstractReady(AbstractQuestion):
    """One of the ready examples, about a subject of one's own choice."""

    players: str | None

    def example(self) -> Example:
        return load(self.kind, self.subject, self.players)


@dataclass(frozen=True)
class Sentence(AbstractReady):
    """A sentence."""

    kind = "sentence"
    help = EXAMPLES[kind]
    subject: Annotated[str | None, typer.Argument(help='the sentence; "I\'m not happy" by default')] = None
    players: Annotated[
        str | None, typer.Option(help="words, the default, clauses, tokens, or the sentence with | between the players")
    ] = None


@dataclass(frozen=True)
class Photo(AbstractReady):
    """A photo."""

    kind = "photo"
    help = EXAMPLES[kind]
    subject: Annotated[
        str | None, typer.Argument(help="a picture of scikit-image, coffee by default, or an image file")
    ] = None
    players: Annotated[str | None, typer.Option(help=f"{GRID}; grid:3x3 by default")] = None


@dataclass(frozen=True)
class Digits(AbstractReady):
    """A handwritten digit."""

    kind = "digits"
    help = EXAMPLES[kind]
    subject: Digit = None
    players: Squares = None


@dataclass(frozen=True)
class DigitsPolynomial(AbstractReady):
    """The same digit, seen by a polynomial."""

    kind = "digits-polynomial"
    help = EXAMPLES[kind]
    subject: Digit = None
    players: Squares = None


@dataclass(frozen=True)
class DigitsVit(AbstractReady):
    """The same digit, seen by a vision transformer."""

    kind = "digits-vit"
    help = EXAMPLES[kind]
    subject: Digit = None
    players: Squares = None


@dataclass(frozen=True)
class Tabular(AbstractReady):
    """A row of a table."""

    kind = "tabular"
    help = EXAMPLES[kind]
    subject: Annotated[str | None, typer.Argument(help="the number of a held-out row; 0 by default")] = None
    players: Annotated[str | None, typer.Option(help="groups, the default: ten quantities; or features, all 30")] = None
