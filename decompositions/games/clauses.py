"""The clauses of a text, proposed by its punctuation."""

from __future__ import annotations

import re
from itertools import pairwise

from decompositions.games.encoded import Span

BORDER = "\x1c"  # white space that no clause goes across: it stands for what is no part of the text
CLOSING = "[\"'”’»)\\]]*"
ENDS = re.compile(rf"[,;:.!?…]+{CLOSING}(?=\s|$)|—+|\s[–-]+(?=\s)|[。！？；，、：]+[”’」』）]*|\n\s*\n|{BORDER}")


def clauses(text: str) -> list[Span]:
    """The characters of each clause, first and beyond the last, without white space around them.

    A clause ends with a mark (``, ; : . ! ? …``) at the end of a word, with a dash, or with an empty line. A part
    without a letter or a digit belongs to the clause before it, or to the first.

    >>> text = "Slow, at first; but I liked 2,000 of its frames - all."
    >>> [text[start:end] for start, end in clauses(text)]
    ['Slow,', 'at first;', 'but I liked 2,000 of its frames -', 'all.']
    """
    cuts = [0, *(match.end() for match in ENDS.finditer(text)), len(text)]
    found: list[Span] = []
    for start, end in pairwise(cuts):
        part = text[start:end]
        span = start + len(part) - len(part.lstrip()), start + len(part.rstrip())
        if not part.strip():
            continue
        if found and not (_says(text, found[0]) and _says(text, span)):
            span = found.pop()[0], span[1]
        found.append(span)
    return found


def _says(text: str, span: Span) -> bool:
    """Whether there is a letter or a digit in it."""
    return any(letter.isalnum() for letter in text[slice(*span)])
