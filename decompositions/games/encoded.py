"""A text as its tokenizer reads it: ids, and where in the text each of them lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from decompositions.arguments import entries, shown, whole

Span = tuple[int, int]
OFFSETS = {"return_offsets_mapping": True, "return_special_tokens_mask": True, "return_attention_mask": True}
ABOUT = ("input_ids", "offset_mapping", "special_tokens_mask")  # the tokens themselves; the model's arguments otherwise


@dataclass(frozen=True)
class Encoded:
    """The tokens of a text, without padding.

    Args:
        text: as it was given.
        ids: one per token.
        spans: the characters of each, first and beyond the last, without white space around them; where nothing else
            is left, an empty span.
        names: of the tokens, as the tokenizer writes them.
        stays: whether it is a special token, or what follows the text; these have no player.
        ends: how many special tokens the tokenizer puts behind the text.
        bound: the model's other arguments, a number for each token.
    """

    text: str
    ids: tuple[int, ...]
    spans: tuple[Span, ...]
    names: tuple[str, ...]
    stays: tuple[bool, ...]
    ends: int = 0
    bound: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def followed(self, ids: tuple[int, ...]) -> Encoded:
        """The text left open at its end, with more tokens behind it, which have no player."""
        here = slice(len(self.ids) - self.ends)
        more = len(ids)
        return replace(
            self,
            ids=self.ids[here] + ids,
            spans=self.spans[here] + ((len(self.text),) * 2,) * more,
            names=self.names[here] + ("",) * more,
            stays=self.stays[here] + (True,) * more,
            ends=0,
            bound={name: row[here] + row[here][-1:] * more for name, row in self.bound.items()},
        )


def encoded(tokenizer: Any, text: str) -> Encoded:
    """The tokens of a text. Padding is left out: what it is there for, a batch of several texts, is not asked.

    Args:
        tokenizer: as those of transformers: called with a text, it gives a mapping of lists.
        text: to be read.

    Raises:
        TypeError: no text, or a tokenizer that does not say where its tokens lie.
        ValueError: nothing to read.
    """
    if not isinstance(text, str):
        raise TypeError(f"text is one text, not {shown(text)}")
    if not text.strip():
        raise ValueError(f"text is {shown(text)}, in which there is nothing to read; give at least one word")
    read = _read(tokenizer, text)
    kept = [place for place, there in enumerate(read.get("attention_mask", [1] * len(read["input_ids"]))) if there]
    ids = tuple(int(read["input_ids"][place]) for place in kept)
    names = tuple(map(str, tokenizer.convert_ids_to_tokens(list(ids))))
    spans = tuple(_trimmed(text, *map(int, read["offset_mapping"][place])) for place in kept)
    added = [bool(read["special_tokens_mask"][place]) for place in kept]
    special = frozenset(map(str, getattr(tokenizer, "all_special_tokens", ())))
    typed = [name in special and text[slice(*span)] == name for name, span in zip(names, spans, strict=True)]
    stays = tuple(extra or written for extra, written in zip(added, typed, strict=True))
    ends = next((count for count, extra in enumerate(reversed(added)) if not extra), len(added))
    bound = {name: tuple(int(row[place]) for place in kept) for name, row in read.items() if name not in ABOUT}
    return Encoded(text, ids, spans, names, stays, ends, bound)


def continuation(tokenizer: Any, before: Encoded, target: Any) -> tuple[int, ...]:
    """The ids of what follows a text, read together with it.

    Args:
        tokenizer: of the text.
        before: the text.
        target: how it goes on, with the space before it, in letters, in ids, or the id of the next token.

    Raises:
        TypeError: neither.
        ValueError: nothing, or the last token of the text would be another one.
    """
    rule = "target is how the text goes on: a text, or the ids of its tokens"
    if not isinstance(target, str):
        given = [target] if isinstance(target, int) else entries(target, rule)
        ids = tuple(whole(each, rule, 0) for each in given)
        if not ids:
            raise ValueError(f"{rule}; there is none")
        return ids
    start = before.ids[: len(before.ids) - before.ends]
    together = encoded(tokenizer, before.text + target)
    ids = together.ids[: len(together.ids) - together.ends]
    if ids[: len(start)] != start or len(ids) == len(start):
        raise ValueError(
            f"{rule}; with {shown(target)} behind it the text is read as other tokens, "
            f"{shown(list(together.names[-6:]))} at its end, not {shown(list(before.names[-6:]))} and more: begin the "
            "target where a token begins, with the space before its first word, or give the ids of its tokens"
        )
    return ids[len(start) :]


def _read(tokenizer: Any, text: str) -> dict[str, list[Any]]:
    rule = (
        "players are found by where each token lies in the text, and this tokenizer, "
        f"{type(tokenizer).__name__}, does not say: load the fast one, as AutoTokenizer.from_pretrained(folder) does"
    )
    if not callable(tokenizer) or getattr(tokenizer, "is_fast", True) is False:
        raise TypeError(rule)
    try:
        read = tokenizer(text, **OFFSETS)
    except (NotImplementedError, TypeError) as error:
        raise TypeError(rule) from error
    missing = [name for name in ABOUT if not isinstance(read, Mapping) or not isinstance(read.get(name), list)]
    if missing:
        raise TypeError(f"{rule}; it gives no list {missing[0]!r} for one text")
    return {name: row for name, row in read.items() if isinstance(row, list) and len(row) == len(read["input_ids"])}


def _trimmed(text: str, start: int, end: int) -> Span:
    """A span without the white space around it.

    >>> _trimmed("a  bc ", 1, 6), _trimmed("a  bc ", 1, 3)
    ((3, 5), (3, 3))
    """
    inside = text[start:end]
    start += len(inside) - len(inside.lstrip())
    return start, max(start, start + len(inside.strip()))
