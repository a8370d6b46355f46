"""Text from elsewhere, made fit to be shown: nothing in it acts on a terminal.

Names, titles and messages may hold anything. What is not printed is written as in a program, ``\\x1b`` or
``\\u202e``, which every font and terminal can show.
"""

from __future__ import annotations

import unicodedata

JOINERS = "\u200c\u200d"  # without width, inside words and emoji; nothing else changes by them


def visible(text: str, kept: str = "") -> str:
    r"""The text with every character that is not printed written as in a program.

    Args:
        text: any text.
        kept: characters that stay as they are, such as line breaks.

    >>> print(visible("a\x1b[31m\nb\u202e"))
    a\x1b[31m\nb\u202e
    """
    if text.isprintable():
        return text
    return "".join(letter if letter in kept else _sign(letter) for letter in text)


def _sign(letter: str) -> str:
    if letter.isprintable() or letter in JOINERS:
        return letter
    if unicodedata.category(letter) == "Zs":
        return " "  # a space that does not break, or of another width
    return ascii(letter)[1:-1]


def in_one_line(text: str, longest: int = 2000) -> str:
    r"""A message in one line, what is not printed made visible, and not longer than a person reads.

    >>> print(in_one_line("two\n  lines\x07"))
    two lines\x07
    """
    line = visible(" ".join(text[: 4 * longest].split()))
    return line if len(line) <= longest else line[: longest - 1] + "…"
