"""Docstrings as they are written here: types stand in annotations, so a colon in a sentence names no type."""

import re
from typing import Any

SECTION = re.compile(r"^(Returns|Yields):$")
PROPERTIES = ("attribute", "data", "property")


def untyped(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Mark the first line of what is returned, and of a property, as a description that no type precedes."""
    if what in PROPERTIES and lines and ":" in lines[0]:
        lines[0] = f": {lines[0]}"
    for place, line in enumerate(lines[:-1]):
        if SECTION.match(line):
            after = lines[place + 1]
            lines[place + 1] = f"{after[: len(after) - len(after.lstrip())]}: {after.lstrip()}"


def cited(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """``Reference: key`` becomes a citation of the bibliography."""
    for place, line in enumerate(lines):
        found = re.match(r"^(\s*)References?: ([a-z0-9_, ]+)$", line)
        if found:
            keys = ",".join(key.strip() for key in found[2].split(","))
            lines[place] = f"{found[1]}Reference: :cite:t:`{keys}`"


def setup(app: Any) -> dict[str, bool]:
    app.connect("autodoc-process-docstring", untyped, priority=100)  # before napoleon
    app.connect("autodoc-process-docstring", cited, priority=900)
    return {"parallel_read_safe": True}
