"""From effects to players: who is given how much of what, as ribbons."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from decompositions.arguments import shown, whole
from decompositions.arithmetic import to_float
from synergy.allocation.allocation import Allocation
from synergy.pictures.canvas import (
    BODY,
    INK,
    SOFT,
    WIDTH,
    axes,
    clean,
    colours,
    fitting,
    headed,
    letters_for,
    plain,
    plains,
    root,
)
from synergy.pictures.given import title_of
from synergy.pictures.player_columns import columns_for
from synergy.pictures.sharing import SEEN, Sharing, keys_of, sharing, with_constant
from synergy.wording.numbers import minus, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

EFFECTS, PLAYERS = 10, 16
TALL, LEAST, GAP = 3.4, 0.17, 0.07  # inches of all that is given, of the smallest block, and between blocks
SLOT, NAME = 0.3, 28  # inches of a block on the caller's axes, letters of a name
LEFT, RIGHT, BLOCK = 0.0, 1.0, 0.025  # where the blocks stand, and how wide they are
NOTHING = "no effect above the noise floor"
READ = "hollow ribbons go to players outside the effect; white blocks: given to nobody; hatched: given more than once"


@dataclass(frozen=True, eq=False)
class Blocks:
    """What stands at one side.

    Args:
        names: of the blocks, as they are written.
        values: written beside them.
        sizes: Σ|shares| of each, in units of f.
        slots: their heights with room for their names, in inches.
    """

    names: list[str]
    values: np.ndarray
    sizes: np.ndarray
    slots: np.ndarray

    @property
    def height(self) -> float:
        """Of all of them, in inches."""
        return float((self.slots + GAP).sum())

    def tops(self, whole: float) -> np.ndarray:
        """Where each begins, downwards, centred in a whole height."""
        ends = np.cumsum(self.slots + GAP) - self.slots - GAP
        return (whole - self.height) / 2 + ends


def flow(found: Allocation, k: int = EFFECTS, *, ax: Axes | None = None, path: str | Path | None = None) -> Figure:
    r"""The strongest effects at the left, the players at the right, and between them ribbons as wide as the shares.

    A block at the left is as high as ``|J(S)|`` or, where more is given, as :math:`\sum_i |M_i(S)|`. Blue shares are
    positive, orange ones negative. All weaker effects are one block, in which shares of both signs may cancel.

    Args:
        found: an allocation, in theory or measured; of a result ``result.measured``.
        k: how many effects have a block of their own, at most.
        ax: to draw on; None for a figure of its own.
        path: of a file to save the figure in.

    Raises:
        ImportError: matplotlib is missing (extra ``viz``).
        TypeError: no allocation.
        ValueError: several games, or k below 1.
    """
    if not isinstance(found, Allocation):
        raise TypeError(f"flow() draws an Allocation, such as result.measured or allocate(…), not {shown(found)}")
    k = whole(k, "k is the number of effects with a block of their own", 1)
    keys = keys_of(found.effects, fitting(ax, k, SLOT))
    rows = _with_others(with_constant(sharing(found, keys), found), found)
    columns = columns_for([rows], found.names, fitting(ax, PLAYERS, SLOT))
    shares = columns.of(np.nan_to_num(rows.shares))
    outside = columns.of(rows.leaks != 0, np.any)
    effects, players = _blocks(rows, shares, columns.names, letters_for(ax, NAME, 2))
    height = max(effects.height, players.height, 0.6)
    with axes(ax, WIDTH, 0.9 + height, path) as axis:
        _draw(axis, (effects, players), shares, outside, rows)
        headed(axis, f"From effects to players: {plain(title_of(found), 46)}", READ if keys else NOTHING, width=5.5)
        axis.set_xlim(-0.02, 1.02)
        axis.set_ylim(height, -GAP)
        axis.set_xticks([])
        axis.set_yticks([])
        clean(axis)
    return root(axis)


def _with_others(rows: Sharing, table: Allocation) -> Sharing:
    """The rows, and below them what is given of all other effects together, where anybody knows."""
    try:
        rest = to_float(table.attribution) - rows.shares.sum(0)
    except ValueError:  # nobody knows what the rows leave
        return rows
    if np.abs(rest).max(initial=0.0) <= SEEN * np.abs(rows.shares).max(initial=0.0):
        return rows
    return Sharing(
        [*rows.keys, ()],
        [*rows.names, "all weaker effects"],
        np.append(rows.effects, rest.sum()),
        np.vstack([rows.shares, rest]),
        np.vstack([rows.inside, np.ones(len(rest), dtype=bool)]),
        np.append(rows.error, 0.0),
    )


def _blocks(rows: Sharing, shares: np.ndarray, names: list[str], letters: int) -> tuple[Blocks, Blocks]:
    """Both sides, on one scale."""
    own, taken, inches = _own(rows, shares), np.abs(shares).sum(0), _inches(rows, shares)

    def slots(sizes: np.ndarray) -> np.ndarray:
        return np.maximum(sizes * inches, LEAST)

    left = Blocks(plains(rows.names, letters), rows.effects, own * inches, slots(own))
    return left, Blocks(names, shares.sum(0), taken * inches, slots(taken))


def _own(rows: Sharing, shares: np.ndarray) -> np.ndarray:
    """|J(S)| or, where more is given, Σ|M_i(S)|; of all weaker effects what is given."""
    return np.maximum(np.abs(shares).sum(1), np.where([bool(key) for key in rows.keys], np.abs(rows.effects), 0.0))


def _inches(rows: Sharing, shares: np.ndarray) -> float:
    """The height of one unit of f."""
    return TALL / (float(_own(rows, shares).sum()) or 1.0)


def _draw(axis: Axes, sides: tuple[Blocks, Blocks], shares: np.ndarray, outside: np.ndarray, rows: Sharing) -> None:
    """The blocks, and from the top of each downwards its ribbons."""
    height = max(sides[0].height, sides[1].height, 0.6)
    inches = _inches(rows, shares)
    starts, ends = sides[0].tops(height), sides[1].tops(height)
    for row, top in enumerate(starts):
        size = inches * abs(rows.effects[row]) if rows.keys[row] else float(sides[0].sizes[row])
        _effect_block(axis, top, size, inches * float(np.abs(shares[row]).sum()), float(rows.effects[row]))
    for column, top in enumerate(ends):
        size = float(sides[1].sizes[column])
        axis.fill_between([RIGHT - BLOCK, RIGHT], top, top + size, color=SOFT, linewidth=0)
    _names(axis, sides, (starts, ends))
    starts, ends = starts.copy(), ends.copy()
    for (row, column), share in np.ndenumerate(shares):
        width = inches * abs(float(share))
        if width:
            _ribbon(
                axis,
                (float(starts[row]), float(ends[column])),
                width,
                colours(np.array([share]))[0],
                bool(outside[row, column]),
            )
            starts[row] += width
            ends[column] += width


def _effect_block(axis: Axes, top: float, size: float, given: float, value: float) -> None:
    """An effect: filled as far as it is given, white where it is not, hatched where more is given."""
    colour = colours(np.array([value]))[0]
    edges, ends = [LEFT, LEFT + BLOCK], (top + min(size, given), top + size, top + given)
    axis.fill_between(edges, top, ends[0], color=colour, linewidth=0)
    if size > given:
        axis.fill_between(edges, ends[0], ends[1], facecolor="white", edgecolor=colour, linewidth=0.8)
    elif given > size:
        axis.fill_between(edges, ends[0], ends[2], facecolor="white", edgecolor=colour, hatch="/////", linewidth=0.0)


def _ribbon(axis: Axes, tops: tuple[float, float], width: float, colour: str, outside: bool) -> None:
    """A band from an effect to a player."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Line

    (start, end), left, right, middle = tops, LEFT + BLOCK, RIGHT - BLOCK, 0.5
    points = [(left, start), (middle, start), (middle, end), (right, end)]
    points += [
        (right, end + width),
        (middle, end + width),
        (middle, start + width),
        (left, start + width),
        (left, start),
    ]
    curve = [Line.CURVE4] * 3
    codes = [Line.MOVETO, *curve, Line.LINETO, *curve, Line.CLOSEPOLY]
    inside = "none" if outside else colour
    axis.add_patch(
        PathPatch(Line(points, codes), facecolor=inside, edgecolor=colour, alpha=0.55, linewidth=0.7 * outside)
    )


def _names(axis: Axes, sides: tuple[Blocks, Blocks], tops: tuple[np.ndarray, np.ndarray]) -> None:
    """Names and numbers beside the blocks, at their middle."""
    for side, (blocks, starts) in enumerate(zip(sides, tops, strict=True)):
        x, away, where = (RIGHT, 5, "left") if side else (LEFT, -5, "right")
        for name, value, start, size in zip(blocks.names, blocks.values, starts, blocks.sizes, strict=True):
            text = f"{name}  {minus(number(float(value), sign=True))}"
            place = (x, start + max(size, 0.0) / 2 if size > LEAST else start + size / 2)
            axis.annotate(
                text,
                place,
                (away, 0),
                textcoords="offset points",
                ha=where,
                va="center",
                fontsize=BODY,
                color=INK,
                annotation_clip=False,
            )
