"""Which player each token of a text belongs to: words, tokens, clauses, or spans of characters that a person gives."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from decompositions.arguments import entries, shown, whole
from decompositions.games.clauses import BORDER, clauses
from decompositions.games.encoded import Encoded, Span
from decompositions.games.pieces import Tokens

PLAYERS = (
    "players of a text are 'words', 'tokens', 'clauses', or spans: pairs of characters (first, beyond the last) or "
    "parts of the text, in a list or in a mapping from names to one or several of them"
)


@dataclass(frozen=True)
class Owners:
    """The players of a text.

    Args:
        numbers: of the player of each token; None for one that stays.
        names: of the players.
    """

    numbers: tuple[int | None, ...]
    names: tuple[str, ...]


def owners(read: Encoded, players: Any) -> Owners:
    """The player of each token of a text; special tokens have none.

    Args:
        read: the text.
        players: "words" is what white space separates, "tokens" every token, "clauses" what punctuation separates
            (:func:`decompositions.games.clauses.clauses`), and spans are what they hold: all other tokens stay.

    Raises:
        TypeError: no such players.
        ValueError: no token in a word or span, a part of the text that is not there or several times, a span that cuts
            through a token, or spans that overlap.
    """
    if all(read.stays):
        raise ValueError(f"the text {shown(read.text)} has special tokens alone; give at least one word")
    if isinstance(players, str):
        if players not in KINDS:
            raise ValueError(f"{PLAYERS}, not {shown(players)}")
        return KINDS[players](read)
    named = _named(read.text, players)
    return _within(read, named)


def _tokens(read: Encoded) -> Owners:
    places = [place for place, stays in enumerate(read.stays) if not stays]
    numbers = dict(zip(places, range(len(places)), strict=True))
    names = [_said(read, place) for place in places]
    return Owners(tuple(numbers.get(place) for place in range(len(read.ids))), tuple(names))


def _said(read: Encoded, place: int) -> str:
    """A token as it stands in the text; where that is white space, as the tokenizer writes it."""
    return read.text[slice(*read.spans[place])] or read.names[place] or "␣"


def _words(read: Encoded) -> Owners:
    return _divided(read, _word_spans(read))


def _clauses(read: Encoded) -> Owners:
    return _divided(read, clauses(_own(read)))


KINDS = {"words": _words, "tokens": _tokens, "clauses": _clauses}


def pieces(read: Encoded, owned: Owners) -> Tokens:
    """The tokens that have players, and the words in which they are."""
    words = _word_spans(read)
    mine = [place for place, number in enumerate(owned.numbers) if number is not None]
    spans = tuple(read.spans[place] for place in mine)
    first = list(accumulate((_touched(words, span)[0] for span in spans), max))
    return Tokens(read.text, spans, tuple(read.names[place] for place in mine), tuple(first))


def _word_spans(read: Encoded) -> list[Span]:
    return [match.span() for match in re.finditer(r"\S+", _own(read))]


def _own(read: Encoded) -> str:
    """The text without the special tokens in it, in whose place is white space."""
    text = read.text
    for stays, (start, end) in zip(read.stays, read.spans, strict=True):
        text = text[:start] + BORDER * (end - start) + text[end:] if stays else text
    return text


def _divided(read: Encoded, parts: list[Span]) -> Owners:
    """Parts of the text; two are one where a token belongs to both, and white space belongs to the part after it."""
    reach = [None if stays else _touched(parts, span) for stays, span in zip(read.stays, read.spans, strict=True)]
    _require_tokens(read, parts, reach)
    joined = {part for each in reach if each is not None for part in each[1:]}  # with the part before
    number = list(accumulate(int(part not in joined) for part in range(len(parts))))
    firsts = [part for part in range(len(parts)) if part not in joined]
    lasts = [*(first - 1 for first in firsts[1:]), len(parts) - 1]
    names = [" ".join(read.text[parts[a][0] : parts[b][1]].split()) for a, b in zip(firsts, lasts, strict=True)]
    return Owners(tuple(None if each is None else number[each[0]] - 1 for each in reach), tuple(names))


def _touched(words: list[Span], span: Span) -> range:
    """The words (or clauses) that a token has letters of; the one after it, or the last, where it has none."""
    start, end = span
    first = min(bisect_right(words, start, key=lambda word: word[1]), len(words) - 1)
    return range(first, max(first + 1, bisect_left(words, end, key=lambda word: word[0])))


def _require_tokens(read: Encoded, words: list[Span], reach: Sequence[range | None]) -> None:
    """Refuse a word of which no token has letters."""
    lettered = zip(reach, read.spans, strict=True)
    found = {word for each, (start, end) in lettered if each is not None and start < end for word in each}
    for word, span in enumerate(words):
        if word not in found:
            raise ValueError(
                f"the tokenizer has no token for {shown(read.text[slice(*span)])}: it cuts long texts off, or drops "
                "such characters; give a shorter text, or leave them out"
            )


def _named(text: str, players: Any) -> list[tuple[str, list[Span]]]:
    """The players' names and spans."""
    if isinstance(players, Mapping):
        named = [(str(name), _spans(text, part)) for name, part in players.items()]
    else:
        named = [("", _spans(text, part)) for part in entries(players, PLAYERS)]
    if not named:
        raise ValueError(f"{PLAYERS}; there are none")
    return [(name or " … ".join(text[slice(*span)] for span in spans), spans) for name, spans in named]


def _spans(text: str, part: Any) -> list[Span]:
    if isinstance(part, str):
        return [_found(text, part)]
    given = entries(part, PLAYERS)
    if len(given) == 2 and not any(isinstance(each, (str, Iterable)) for each in given):
        rule = f"a span is a pair of characters, first and beyond the last, of the {len(text)} of the text"
        start, end = (whole(each, rule, 0, len(text)) for each in given)
        if start >= end:
            raise ValueError(f"{rule}, not {shown((start, end))}, where nothing is between them")
        return [_trim(text, (start, end))]
    if not given or not all(isinstance(each, (str, Iterable)) for each in given):
        raise TypeError(f"{PLAYERS}, not {shown(part)}")
    return [span for each in given for span in _spans(text, each)]


def _trim(text: str, span: Span) -> Span:
    """Up to the white space around it, which belongs to whatever token is beside it."""
    start, end = span
    inside = text[start:end]
    if not inside.strip():
        return span
    return start + len(inside) - len(inside.lstrip()), end - len(inside) + len(inside.rstrip())


def _found(text: str, part: str) -> Span:
    count = len(re.findall(f"(?={re.escape(part)})", text)) if part.strip() else 0
    if count != 1:
        times = (
            f"is {count} times in the text: say which by its characters (first, beyond the last)"
            if count
            else ("is not in the text")
        )
        raise ValueError(f"{PLAYERS}; {shown(part)} {times}")
    start = text.index(part)
    return _trim(text, (start, start + len(part)))


def _within(read: Encoded, named: list[tuple[str, list[Span]]]) -> Owners:
    numbers: list[int | None] = [None] * len(read.ids)
    for number, (name, spans) in enumerate(named):
        mine = [place for span in spans for place in _inside(read, span)]
        if not mine:
            raise ValueError(f"the span {shown(name)} holds no token that may be absent; leave it out")
        for place in mine:
            if numbers[place] not in (None, number):
                other = named[numbers[place] or 0][0]
                raise ValueError(
                    f"the spans {shown(other)} and {shown(name)} share the token {shown(_said(read, place))}; every "
                    "token has one player"
                )
            numbers[place] = number
    return Owners(tuple(numbers), tuple(name for name, _ in named))


def _inside(read: Encoded, span: Span) -> list[int]:
    """The tokens of a span.

    Raises:
        ValueError: it cuts through one.
    """
    start, end = span
    some = []
    for place, (first, beyond) in enumerate(read.spans):
        if read.stays[place] or beyond <= start or end <= first:
            continue
        if first < start or end < beyond:
            raise ValueError(
                f"the span {shown(read.text[start:end])} cuts through the token {shown(read.text[first:beyond])}, "
                f"characters {first} to {beyond}; a player is whole tokens: move the span's border"
            )
        some.append(place)
    return some
