"""Effects as bars, and below each the players that take part as dots."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from synergy.pictures.canvas import FAINT, INK, SOFT, clean, colours, plain
from synergy.wording.numbers import minus, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

EFFECTS = 15  # columns of effects
COLUMNS = 7  # columns that there is room for, at least
PLAYERS = 24  # rows of players


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


def room(found: Sequence[Column]) -> tuple[float, float]:
    """The width and height that columns need, in inches."""
    return 2.6 + 0.56 * max(COLUMNS, len(found)), 2.9 + 0.21 * len(members(found))


def members(found: Sequence[Column]) -> list[int]:
    """The players in some effects, in order; of too many players those in most of the effects."""
    counts = Counter(player for each in found for player in each.powers)
    return sorted(sorted(counts, key=lambda player: (-counts[player], player))[:PLAYERS])


def upset(part: Any, found: Sequence[Column], names: Sequence[str], heading: Heading) -> None:
    """Bars of effects, and below them the players that take part."""
    players = members(found)
    bars, dots = part.subplots(2, 1, sharex=True, height_ratios=[2.2, 0.3 + 0.21 * len(players)])
    values = np.array([float(each.value) for each in found])
    bars.bar(range(len(found)), values, width=0.66, color=colours(values))
    bars.axhline(0, color=SOFT, linewidth=0.7)
    for column, each in enumerate(found):
        side = 3 if each.value > 0 else -3
        bars.annotate(
            minus(number(each.value, sign=True)),
            (column, float(each.value)),
            (0, side),
            textcoords="offset points",
            ha="center",
            va="bottom" if side > 0 else "top",
            fontsize=7.5,
            color=INK,
        )
    bars.margins(y=0.16)
    bars.set_ylabel(heading.axis, color=INK)
    clean(bars)
    bars.tick_params(bottom=False, labelsize=8, colors=SOFT)
    bars.set_title(heading.title, fontsize=11, loc="left", color=INK, weight="bold")
    bars.set_title(minus(heading.note), fontsize=8, loc="right", color=SOFT)
    _dots(dots, found, players, names)


def _dots(axis: Axes, found: Sequence[Column], players: list[int], names: Sequence[str]) -> None:
    """One column per effect; its players' dots are dark, with the degree if it is above one."""
    for line in range(0, len(players), 2):
        axis.axhspan(line - 0.5, line + 0.5, color="#f3f5f7", zorder=0)
    for column, each in enumerate(found):
        _column(axis, column, each, players)
    axis.set_yticks(range(len(players)), [plain(names[i]) for i in players], fontsize=9)
    axis.set_ylim(len(players) - 0.4, -0.6)
    axis.set_xlim(-0.7, max(len(found), COLUMNS) - 0.3)
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
