"""The gradient along the straight line from b to x, whose area is the Integrated Gradients."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from decompositions.counts import several
from synergy.algorithms.path.line import StraightLine
from synergy.pictures import along
from synergy.pictures.canvas import BODY, INK, axes, canvas, plain, root
from synergy.wording.numbers import minus, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PLAYERS = 4  # panels, and as many side by side at most
WIDE, HIGH = 1.75, 1.9  # inches of a panel
AROUND = 0.75  # inches around all
NOTE = 0.15  # inches of a line below


def path_gradients(
    line: StraightLine,
    who: int | str | Iterable[int | str] | None = None,
    *,
    unit: str = "f",
    ax: Axes | None = None,
    path: str | Path | None = None,
) -> Figure:
    r"""Players' partial derivatives at b + α (x − b), with the area under them: blue above zero, orange below.

    .. math:: a_i = \int_0^1 \partial_i g(\alpha, \dots, \alpha)\, d\alpha

    The area is what Integrated Gradients give a player, and the dot at α = 1 is what Gradient × Input gives it.

    Args:
        line: of a game, :func:`synergy.straight_line`.
        who: players, by number or name; None for the four that are given most. All panels have one scale;
            what the others are given in all stands below.
        unit: of f.
        ax: where to draw a single player; None for a figure of its own.
        path: of a file to save the figure in; its ending says the format.

    Raises:
        ImportError: matplotlib is missing (extra ``viz``).
        TypeError, LookupError: no line, or no such player.
        ValueError: several players on one ax, one twice, or none.
    """
    players = along.chosen(along.line_of(line), who, PLAYERS)
    if ax is not None:
        if len(players) != 1:
            raise ValueError(f"ax has room for one player, not for {len(players)}; name one, or leave ax out")
        with axes(ax, 0, 0, path) as drawn:
            _panel(drawn, line, players[0])
            along.said(drawn, along.ALPHA, _up(unit))
        return root(ax)
    across = min(PLAYERS, len(players))
    down = -(-len(players) // across)
    with canvas(AROUND + WIDE * max(2, across), AROUND + HIGH * down + NOTE, path) as figure:
        panels = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
        for panel, player in zip(panels.flat, players, strict=False):
            _panel(panel, line, player)
        for panel in panels.flat[len(players) :]:
            panel.set_visible(False)
        said = filter(None, (along.ALPHA, _hidden(line, players)))
        figure.supxlabel("\n".join(said), fontsize=BODY, color=INK)
        figure.supylabel(_up(unit), fontsize=BODY, color=INK)
    return figure


def _hidden(line: StraightLine, players: tuple[int, ...]) -> str:
    """What the players that are not drawn are given together."""
    others = [i for i in range(len(line.names)) if i not in players]
    together = minus(number(float(line.integrals[others].sum()), sign=True))
    return f"not drawn: {several(len(others), 'other player')}, area {together} in all" if others else ""


def _up(unit: str) -> str:
    return f"∂g/∂tᵢ, in units of {unit}"


def _panel(axis: Axes, line: StraightLine, player: int) -> None:
    """The curve of one player, and what its area and its end are."""
    slopes = line.slopes[:, player]
    along.area(axis, line.places, slopes)
    axis.plot([1], slopes[-1:], "o", color=INK, markersize=4, clip_on=False)
    whole, end = (minus(number(float(value), sign=True)) for value in (line.integrals[player], slopes[-1]))
    axis.set_title(f"{plain(line.names[player], 22)}\narea {whole}\nend {end}", fontsize=BODY, color=INK)
