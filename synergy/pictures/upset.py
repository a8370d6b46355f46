"""Effects as bars, and below each the players that take part as dots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from decompositions import show
from decompositions.arguments import whole
from decompositions.effects.effects import Effects
from synergy.pictures.canvas import FAINT, INK, SOFT, canvas, clean, colours, headed, numbered, plains, written
from synergy.pictures.ranking import most_often, require_one_game
from synergy.wording.effects import noise_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

EFFECTS = 15  # columns of effects
COLUMNS = 7  # columns that there is room for, at least


@dataclass(frozen=True)
class Column:
    """One effect.

    Args:
        value: its size and sign.
        powers: the players that take part, with their degrees.
        either: whether one of them is enough; then the dots are open and nothing joins them.
    """

    value: Any
    powers: Mapping[int, int]
    either: bool = False


@dataclass(frozen=True)
class Heading:
    """What is written around the bars."""

    title: str
    note: str
    axis: str


@show.figure.register(Effects)
def upset(effects: Effects, k: int = EFFECTS, path: str | Path | None = None) -> Figure:
    """The k strongest effects as bars, and below each the players that take part as dots.

    Args:
        effects: Harsanyi dividends, or Taylor effects (then a dot holds the degree).
        k: how many, at most.
        path: of a file to save the figure in; its ending says the format.

    Raises:
        ImportError: matplotlib is missing (extra ``viz``).
        ValueError: effects of several games, or k below 1.
    """
    require_one_game(effects)
    found = columns_of(effects, whole(k, "k is the number of effects to show", 1))
    with canvas(*room(found), path) as figure:
        draw(figure, found, effects.names, heading_of(effects, found))
    return figure


def columns_of(effects: Effects, k: int) -> list[Column]:
    """The strongest effects, with the degrees of their players."""
    if effects.basis == "harsanyi":
        return [Column(value, dict.fromkeys(key, 1)) for key, value in effects.top(k)]
    return [Column(value, {i: power for i, power in enumerate(key) if power}) for key, value in effects.top(k)]


def heading_of(effects: Effects, found: Sequence[Column]) -> Heading:
    """What is written around them."""
    kind = "Taylor effects" if effects.basis == "taylor" else "effects"
    title = strongest(len(found), kind[:-1]) if found else f"No {kind} above the noise floor"
    return Heading(title, noise_line(effects), "effect" if effects.basis == "taylor" else "J(S)")


def strongest(count: int, what: str) -> str:
    """The title of so many.

    >>> strongest(1, "effect"), strongest(3, "effect")
    ('The strongest effect', 'The 3 strongest effects')
    """
    return f"The strongest {what}" if count == 1 else f"The {count} strongest {what}s"


def players_of(found: Sequence[Column]) -> list[int]:
    """The players in some effects, in order; of too many those in most of them."""
    return most_often(each.powers for each in found)


def room(found: Sequence[Column]) -> tuple[float, float]:
    """The width and height that columns need, in inches."""
    return 2.6 + 0.56 * max(COLUMNS, len(found)), 2.9 + 0.21 * len(players_of(found))


def draw(part: Any, found: Sequence[Column], names: Sequence[str], heading: Heading) -> None:
    """Bars of effects, and below them the players that take part."""
    players = players_of(found)
    bars, dots = part.subplots(2, 1, sharex=True, height_ratios=[2.2, 0.3 + 0.21 * len(players)])
    draw_bars(bars, found, heading.axis)
    headed(bars, heading.title, heading.note, width=room(found)[0] - 2.6)
    draw_dots(dots, found, players, names)
    dots.set_xlim(-0.7, max(len(found), COLUMNS) - 0.3)


def draw_bars(axis: Axes, found: Sequence[Column], label: str) -> None:
    """One bar per effect, with its number."""
    values = np.array([float(each.value) for each in found])
    axis.bar(range(len(found)), values, width=0.66, color=colours(values))
    axis.axhline(0, color=SOFT, linewidth=0.7)
    for column, each in enumerate(found):
        side = 3 if each.value > 0 else -3
        axis.annotate(
            written(each.value),
            (column, float(each.value)),
            (0, side),
            textcoords="offset points",
            ha="center",
            va="bottom" if side > 0 else "top",
            fontsize=7.5,
            color=INK,
        )
    axis.margins(y=0.16)
    if not found:
        axis.set_yticks([0])
    axis.set_ylabel(label, color=INK)
    clean(axis)
    axis.tick_params(bottom=False)
    numbered(axis.yaxis, 8)


def draw_dots(axis: Axes, found: Sequence[Column], players: list[int], names: Sequence[str]) -> None:
    """One column per effect; its players' dots are dark, with the degree if it is above one."""
    for line in range(0, len(players), 2):
        axis.axhspan(line - 0.5, line + 0.5, color="#f3f5f7", zorder=0)
    for column, each in enumerate(found):
        _column(axis, column, each, players)
    axis.set_yticks(range(len(players)), plains([names[i] for i in players]), fontsize=9)
    axis.set_ylim(len(players) - 0.4, -0.6)
    axis.set_xticks(range(len(found)), [""] * len(found))
    axis.tick_params(length=0)
    clean(axis)


def _column(axis: Axes, column: int, effect: Column, players: list[int]) -> None:
    """The dots of one effect, joined where all of its players are needed."""
    own = [line for line, player in enumerate(players) if player in effect.powers]
    others = [line for line in range(len(players)) if line not in own]
    axis.scatter([column] * len(others), others, s=26, color=FAINT, zorder=2)
    inside = "white" if effect.either else INK
    axis.scatter([column] * len(own), own, s=44, color=inside, edgecolors=INK, linewidths=1.6, zorder=3)
    if own and not effect.either:
        axis.plot([column, column], [own[0], own[-1]], color=INK, linewidth=1.6, zorder=2)
    for line in own:
        power = effect.powers[players[line]]
        if power > 1:
            axis.text(
                column, line, str(power), color="white", fontsize=6.5, ha="center", va="center_baseline", zorder=4
            )
    rest = len(effect.powers) - len(own)
    if rest:
        axis.text(column, len(players) - 0.4, f"+{rest}", fontsize=7, ha="center", va="top", color=SOFT)
