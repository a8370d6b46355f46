"""RESULTS.md: a section per benchmark, each with the day, the machine and the libraries that it was measured with."""

from __future__ import annotations

from collections.abc import Sequence

HEAD = (
    "# Results\n\nTimes are CPU time, medians; ratios are of alternatives that took turns in one run, their quartiles "
    "in brackets. A machine that others use as well is noisy: look at the ratios.\n"
)


def section(name: str, about: str, machine: str, printed: str) -> str:
    """What was printed, under its name."""
    return f"## {name}\n\n{about.strip()}\n\n{machine}\n\n```text\n{printed.rstrip()}\n```\n"


def replaced(text: str, sections: dict[str, str], order: Sequence[str]) -> str:
    """The page with some sections in place of those of their names; all others are kept.

    Args:
        text: the page, or nothing.
        sections: by name.
        order: the names of all; others come last.
    """
    kept = {part.split("\n", 1)[0]: f"## {part.rstrip()}\n" for part in f"\n{text}".split("\n## ")[1:]}
    places = {name: place for place, name in enumerate(order)}
    found = sorted((kept | sections).items(), key=lambda each: places.get(each[0], len(order)))
    return "\n".join([HEAD, *(part for _, part in found)])
