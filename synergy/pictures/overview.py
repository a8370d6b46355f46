"""A comparison at a glance: what each method gives, its verdicts, and the strongest effects."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from decompositions import show
from decompositions.arguments import shown
from synergy.comparison.comparison import Comparison
from synergy.comparison.finding import finding
from synergy.pictures import panels
from synergy.pictures.canvas import INK, LETTERS, canvas, in_lines
from synergy.pictures.ranking import PLAYERS, require_one_game
from synergy.pictures.upset import EFFECTS, columns_of, draw, heading_of, room
from synergy.wording.numbers import minus

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LINE = 0.17  # inches of what was found


@show.figure.register(Comparison)
def overview(comparison: Comparison, path: str | Path | None = None) -> Figure:
    """The attributions with their errors, a panel per method, its verdicts under its name, above the strongest effects.

    What was found stands on top, in words. Methods with the same numbers share a panel. All panels have one scale but
    those that say otherwise.

    Args:
        comparison: what to show.
        path: of a file to save the figure in; its ending says the format.

    Raises:
        ImportError: matplotlib is missing (extra ``viz``).
        TypeError: another result.
        ValueError: effects of several games.
    """
    if not isinstance(comparison, Comparison):
        raise TypeError(f"overview() draws a Comparison, as compare(game) gives it, not {shown(comparison)}")
    require_one_game(comparison.effects)
    drawn = panels.with_attributions(comparison)
    found = columns_of(comparison.effects, EFFECTS)
    (width, above), (least, below) = panels.room(comparison, drawn, PLAYERS), room(found)
    above = above if drawn else 0.4
    said = in_lines(minus(str(finding(comparison))), int(0.93 * LETTERS * max(width, least)), 1000)
    height = above + below + LINE * (said.count("\n") + 2)
    with canvas(max(width, least), height, path) as figure:
        figure.suptitle(said, fontsize=9.5, x=0.01, ha="left", color=INK)
        parts: Any = figure.subfigures(2, 1, height_ratios=[above, below])
        panels.draw(parts[0], comparison, drawn, PLAYERS)
        draw(parts[1], found, comparison.effects.names, heading_of(comparison.effects, found))
    return figure
