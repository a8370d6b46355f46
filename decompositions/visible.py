"""Text from elsewhere, made fit to be shown: nothing in it acts on a terminal.

Names, titles and messages may hold anything. A control character is shown by its picture (␛ for escape), and what has
none by its number (``\\u202e``).
"""

from __future__ import annotations

import unicodedata

PICTURES = {code: chr(0x2400 + code) for code in range(0x20)} | {0x7F: "␡"}
JOINERS = "\u200c\u200d"  # without width, inside words and emoji; nothing else changes by them


def visible(text: str, kept: str = "") -> str:
    r"""The text with every character that is not printed replaced by a sign for it.

    Args:
        text: any text.
        kept: characters that stay as they are, such as line breaks.

    >>> print(visible("a\x1b[31m\nb\u202e"))
    a␛[31m␊b\u202e
    """
    if text.isprintable():
        return text
    return "".join(letter if letter in kept else _sign(letter) for letter in text)


def _sign(letter: str) -> str:
    if letter.isprintable() or letter in JOINERS:
        return letter
    if unicodedata.category(letter) == "Zs":
        return " "  # a space that does not break, or of another width
    return PICTURES.get(ord(letter)) or ascii(letter)[1:-1]


def in_one_line(text: str, longest: int = 2000) -> str:
    r"""A message in one line, what cannot be printed shown by signs, and not longer than a person reads.

    >>> print(in_one_line("two\n  lines\x07"))
    two lines␇
    """
    line = visible(" ".join(text[: 4 * longest].split()))
    return line if len(line) <= longest else line[: longest - 1] + "…"
