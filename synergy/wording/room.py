"""How many columns a text may take."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap

from decompositions.visible import visible

ELSEWHERE = 100  # columns where nothing is printed to a terminal
LEAST, LINE = 60, 118  # columns below which no table fits, and of the longest line of prose


def room() -> int:
    """The columns of the terminal that is printed to, or of the variable ``COLUMNS``; 100 where there is neither."""
    known = "COLUMNS" in os.environ or sys.stdout.isatty()
    return max(LEAST, shutil.get_terminal_size((ELSEWHERE, 24)).columns) if known else ELSEWHERE


def filled(text: str) -> str:
    """A paragraph in lines that fit, the second and all after it indented."""
    line = visible(text, "\t\n\r")  # which fill() makes spaces
    return textwrap.fill(
        line, min(LINE, room()), subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )
