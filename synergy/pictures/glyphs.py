"""Letters that the usual font lacks: taken from another that is installed, or written by their numbers.

matplotlib's own font, DejaVu Sans, has no Chinese, Japanese or Korean, few emoji and not all scripts. Every figure
names the fonts below that are installed as further ones, of which matplotlib takes the letters that the first has not.
What no font has would be an empty box, the same for every letter; it is written as Python would escape it instead, so
that two players have two names.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

FURTHER = (
    *("Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans CJK KR", "Source Han Sans SC", "WenQuanYi Zen Hei"),
    *("PingFang SC", "Hiragino Sans", "Apple SD Gothic Neo", "Arial Unicode MS", "Microsoft YaHei", "SimHei"),
    *("Yu Gothic", "MS Gothic", "Malgun Gothic", "Noto Sans", "Noto Sans Arabic", "Noto Sans Devanagari"),
    *("Noto Sans Thai", "Noto Sans Symbols 2", "Noto Emoji", "Segoe UI Emoji", "Symbola"),
)  # families, in the order in which they are asked
WARNING = (
    "no font that matplotlib finds has all letters of these names: those it lacks are written by their numbers, as "
    r"\u4f60; install a font that has them, such as Noto Sans CJK, or name one: "
    'matplotlib.rcParams["font.family"] = ["DejaVu Sans", "its name"]'
)


@contextmanager
def all_letters() -> Iterator[None]:
    """Within it, texts are made of the usual fonts and then of the further ones that are installed."""
    import matplotlib

    with matplotlib.rc_context({"font.family": families()}):
        yield


def families() -> list[str]:
    """The usual families, and the further ones that are installed."""
    import matplotlib
    from matplotlib.font_manager import fontManager

    usual = list(matplotlib.rcParams["font.family"])
    installed = {font.name for font in fontManager.ttflist}
    return usual + [each for each in FURTHER if each in installed and each not in usual]


def drawable(text: str) -> str:
    """A text whose letters some font has; the others by their numbers, with a warning.

    >>> drawable("à la carte → ∑")
    'à la carte → ∑'
    """
    if text.isascii():
        return text
    try:
        known = _letters(tuple(families()))
    except ImportError:  # the figure will say what is missing
        return text
    missing = {letter for letter in text if ord(letter) not in known and letter.isprintable()}
    if not missing:
        return text
    warnings.warn(WARNING, stacklevel=2)
    return "".join(letter.encode("unicode_escape").decode() if letter in missing else letter for letter in text)


@cache
def _letters(names: tuple[str, ...]) -> frozenset[int]:
    """The numbers of all letters that some families have."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    logger = logging.getLogger("matplotlib.font_manager")
    found: set[int] = set()
    for name in names:
        quiet, logger.disabled = logger.disabled, True
        try:
            found |= set(get_font(findfont(FontProperties(family=[name]))).get_charmap())
        finally:
            logger.disabled = quiet
    return frozenset(found)
