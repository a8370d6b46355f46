"""The pieces of an input that have names: tokens of a text, columns of a row. Players are cut between them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from decompositions.games.encoded import Span

FEW = 3  # columns that are named one by one


class AbstractPieces(ABC):
    """What the entries of an input are called, one by one and together."""

    @abstractmethod
    def __len__(self) -> int:
        """How many pieces there are."""

    @abstractmethod
    def name(self, places: Sequence[int]) -> str:
        """What some of the pieces are called together, in their order; empty where they have no name of their own."""

    @abstractmethod
    def units(self) -> tuple[int, ...]:
        """The number of the larger unit that each piece is in: players of several are cut between these."""


@dataclass(frozen=True)
class Columns(AbstractPieces):
    """The columns of a row; many of them have no name together.

    >>> Columns(("lat", "lon", "age")).name([1]), Columns(("lat", "lon", "age")).name([0, 1])
    ('lon', 'lat, lon')
    """

    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)

    def name(self, places: Sequence[int]) -> str:
        return ", ".join(self.names[place] for place in places) if len(places) <= FEW else ""

    def units(self) -> tuple[int, ...]:
        return tuple(range(len(self)))


@dataclass(frozen=True)
class Tokens(AbstractPieces):
    """Tokens of a text, whose larger units are words.

    Args:
        text: that they are of.
        spans: the characters of each, first and beyond the last, in the order of the text.
        names: of the tokens, as the tokenizer writes them; said of those without a letter in the text.
        words: the number of the word in which each is, ascending.

    >>> text, spans = "it unlikely rains", ((0, 2), (3, 5), (5, 11), (12, 17))
    >>> tokens = Tokens(text, spans, ("it", "un", "##likely", "rains"), (0, 1, 1, 2))
    >>> tokens.name([1, 2]), tokens.name([0, 3])
    ('unlikely', 'it … rains')
    """

    text: str
    spans: tuple[Span, ...]
    names: tuple[str, ...]
    words: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.spans)

    def name(self, places: Sequence[int]) -> str:
        runs: list[list[int]] = []
        for place in places:
            if runs and not self.text[self.spans[runs[-1][-1]][1] : self.spans[place][0]].strip():
                runs[-1].append(place)
            else:
                runs.append([place])
        said = [self.text[self.spans[run[0]][0] : self.spans[run[-1]][1]] for run in runs]
        return " … ".join(" ".join(part.split()) for part in said if part.strip()) or self.names[places[0]] or "␣"

    def units(self) -> tuple[int, ...]:
        return self.words
