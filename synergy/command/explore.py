"""``synergy explore``: a page that shares out a polynomial's effects, for teaching."""

from __future__ import annotations

from typing import Annotated

import typer

from synergy.command.page_file import page_file
from synergy.command.terminal import say


def explore(
    output: Annotated[str, typer.Option(help="the page, explorer.html")] = "explorer.html",
) -> None:
    """A page for teaching: choose a polynomial, move x and b, choose or draw a policy, and see it judged.

    It computes in the browser, in exact fractions, and needs no server and no network.
    """
    from synergy.showing.explorer import write_explorer  # the methods are loaded only here

    say(f"page: {write_explorer(page_file(output, 'explorer.html'))}")
