"""Comparisons and effects as matplotlib figures.

Where pyplot is loaded, the newest figure is its current one, so that ``plt.savefig`` writes it; it lets go of the one
before it (which itself still draws and saves). Where pyplot is not loaded, it is not touched.
"""

from __future__ import annotations

import io
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from decompositions import show
from decompositions.arithmetic import to_float
from decompositions.effects.effects import Effects
from decompositions.files.whole_file import as_path
from synergy.comparison.comparison import Comparison
from synergy.comparison.result import Result
from synergy.comparison.scale import own_scale, strongest_players, unit
from synergy.wording.colours import NEGATIVE, POSITIVE, hexadecimal
from synergy.wording.effects import noise_line
from synergy.wording.names import shorten
from synergy.wording.numbers import fixed, minus, number, scalar

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


INK, SOFT, FAINT = "#1b1f24", "#57606a", "#dfe3e8"
LABEL = "synergy"  # of the figure that pyplot knows
PANELS = 8  # methods side by side
PLAYERS = 24  # rows of players
EFFECTS = 15  # columns of effects
COLUMNS = 7  # columns that there is room for, at least


@show.figure.register(Comparison)
def plot_comparison(comparison: Comparison, path: str | Path | None = None) -> Figure:
    """The attributions, one panel per method on one scale, above the strongest effects.

    Args:
        comparison: what to show.
        path: of a file to save the figure in; its ending says the format.

    Raises:
        ImportError: matplotlib is missing (extra ``viz``).
        ValueError: effects of several games.
    """
    _require_one_game(comparison.effects)
    shown = [result for result in comparison.columns if result.attribution is not None]
    rows = strongest_players(comparison, PLAYERS)
    lines = -(-len(shown) // PANELS)
    members = _members(comparison.effects, EFFECTS)[1]
    above, below = lines * (1.05 + 0.24 * len(rows)), 2.9 + 0.21 * len(members)
    with _figure(11.5, above + below, path) as figure:
        parts: Any = figure.subfigures(2, 1, height_ratios=[above, below]) if shown else [None, figure]
        if shown:
            _panels(parts[0], comparison, shown, rows)
        _upset(parts[1], comparison.effects, EFFECTS)
    return figure


@show.figure.register(Effects)
def plot_effects(effects: Effects, k: int = EFFECTS, path: str | Path | None = None) -> Figure:
    """The k strongest effects as bars, and below each the players that take part as dots.

    Args:
        effects: Harsanyi dividends, or Taylor effects (then a dot holds the degree).
        k: how many, at most; fewer if the players involved would not fit.
        path: of a file to save the figure in; its ending says the format.

    Raises:
        ImportError: matplotlib is missing (extra ``viz``).
        ValueError: effects of several games, or k below 1.
    """
    _require_one_game(effects)
    if k < 1:
        raise ValueError(f"k is the number of effects to show, at least 1, not {k}")
    found, members = _members(effects, k)
    with _figure(2.6 + 0.56 * max(COLUMNS, len(found)), 2.9 + 0.21 * len(members), path) as figure:
        _upset(figure, effects, k)
    return figure


def _require_one_game(effects: Effects) -> None:
    if effects.values.ndim != 1:
        raise ValueError(f"a figure shows one game; these effects have shape {tuple(effects.values.shape)}")


@contextmanager
def _figure(width: float, height: float, path: str | Path | None) -> Iterator[Figure]:
    """A figure to draw on: pyplot's current one where pyplot is loaded; saved at the end if asked."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError("plot() needs matplotlib: pip install 'synergy-effects[viz]'") from error
    if not (path is None or isinstance(path, io.IOBase)):
        path = as_path(path, "a figure is kept in a file, and path is its name, a text or a Path, or None for no file")
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        figure = Figure(figsize=(width, height), layout="constrained")
    else:
        pyplot.close(LABEL)  # the one before; without effect where there is none
        figure = pyplot.figure(LABEL, figsize=(width, height), layout="constrained")
    try:
        yield figure
        if path is not None:
            figure.savefig(path, dpi=160)
    except BaseException:
        if pyplot is not None:
            pyplot.close(figure)
        raise


def _panels(part: Any, comparison: Comparison, shown: list[Result], rows: list[int]) -> None:
    """Bars of every method, players downwards, on one scale but where it says otherwise."""
    columns = min(PANELS, len(shown))
    lines = -(-len(shown) // columns)
    axes = part.subplots(lines, columns, sharey=True, squeeze=False)
    units = [unit(comparison, result) for result in shown]
    for position, axis in enumerate(axes.flat):
        if position >= len(shown):
            axis.set_visible(False)
            continue
        _bars(axis, shown[position], rows, units[position], own_scale(comparison, shown[position]))
    for axis in axes[:, 0]:
        axis.set_yticks(range(len(rows)), [_plain(comparison.effects.names[i]) for i in rows], fontsize=9)
        axis.set_ylim(len(rows) - 0.4, -0.6)
    hidden = comparison.effects.n - len(rows)
    note = f"; {hidden} more players are given less" if hidden else ""
    part.suptitle(f"What each method gives{note}", fontsize=11, x=0.01, ha="left", color=INK, weight="bold")


def _bars(axis: Axes, result: Result, rows: list[int], unit: float, apart: bool) -> None:
    values = to_float(result.attribution)[rows]
    axis.barh(range(len(rows)), values, height=0.72, color=_colours(values))
    axis.axvline(0, color=SOFT, linewidth=0.7)
    axis.set_xlim(-1.08 * unit, 1.08 * unit)
    for row, value in enumerate(values):
        side = -1 if value > 0 else 1
        text = minus(fixed(float(value), unit))
        axis.text(
            side * 0.05 * unit, row, text, va="center", ha="right" if side < 0 else "left", fontsize=7.5, color=INK
        )
    total = minus(number(scalar(result.attribution.sum())))  # type: ignore[union-attr]
    name = _plain(result.heading, 26)
    axis.set_title(_wrapped(name), fontsize=9, color=INK)
    own = "\nown scale" if apart else ""
    axis.set_xlabel(f"Σ {total}{own}", fontsize=8.5, color=INK)
    _clean(axis)
    axis.set_xticks([])
    axis.tick_params(left=False)


def _upset(part: Any, effects: Effects, k: int) -> None:
    """Bars of the strongest effects, and below them the players that take part."""
    found, members = _members(effects, k)
    bars, dots = part.subplots(2, 1, sharex=True, height_ratios=[2.2, 0.3 + 0.21 * len(members)])
    values = np.array([float(value) for _, value in found])
    bars.bar(range(len(found)), values, width=0.66, color=_colours(values))
    bars.axhline(0, color=SOFT, linewidth=0.7)
    for column, (_, value) in enumerate(found):
        side = 3 if value > 0 else -3
        bars.annotate(
            minus(number(value, sign=True)),
            (column, float(value)),
            (0, side),
            textcoords="offset points",
            ha="center",
            va="bottom" if side > 0 else "top",
            fontsize=7.5,
            color=INK,
        )
    bars.margins(y=0.16)
    bars.set_ylabel("effect" if effects.basis == "taylor" else "J(S)", color=INK)
    _clean(bars)
    bars.tick_params(bottom=False, labelsize=8, colors=SOFT)
    kind = "Taylor effects" if effects.basis == "taylor" else "effects"
    count = f"The {len(found)} strongest {kind}" if found else f"No {kind} above the noise floor"
    bars.set_title(count, fontsize=11, loc="left", color=INK, weight="bold")
    bars.set_title(minus(noise_line(effects)), fontsize=8, loc="right", color=SOFT)
    _dots(dots, effects, [key for key, _ in found], members)


def _dots(axis: Axes, effects: Effects, keys: list[tuple[int, ...]], members: list[int]) -> None:
    """One column per effect; full dots are its players, with the degree if it is above one."""
    for line in range(0, len(members), 2):
        axis.axhspan(line - 0.5, line + 0.5, color="#f3f5f7", zorder=0)
    for column, key in enumerate(keys):
        powers = _powers(effects, key)
        own = [line for line, player in enumerate(members) if player in powers]
        others = [line for line in range(len(members)) if line not in own]
        axis.scatter([column] * len(others), others, s=26, color=FAINT, zorder=2)
        axis.scatter([column] * len(own), own, s=44, color=INK, zorder=3)
        if own:
            axis.plot([column, column], [own[0], own[-1]], color=INK, linewidth=1.6, zorder=2)
        for line in own:
            power = powers[members[line]]
            if power > 1:
                axis.text(
                    column, line, str(power), color="white", fontsize=6.5, ha="center", va="center_baseline", zorder=4
                )
        rest = len(powers) - len(own)
        if rest:
            axis.text(column, len(members) - 0.4, f"+{rest}", fontsize=7, ha="center", va="top", color=SOFT)
    axis.set_yticks(range(len(members)), [_plain(effects.names[i]) for i in members], fontsize=9)
    axis.set_ylim(len(members) - 0.4, -0.6)
    axis.set_xlim(-0.7, max(len(keys), COLUMNS) - 0.3)
    axis.set_xticks(range(len(keys)), [""] * len(keys))
    axis.tick_params(length=0)
    _clean(axis)


def _members(effects: Effects, k: int) -> tuple[list[tuple[tuple[int, ...], Any]], list[int]]:
    """The strongest effects and the players in them, in order; of too many players those in most of the effects."""
    found = effects.top(k)
    counts = Counter(player for key, _ in found for player in _powers(effects, key))
    return found, sorted(sorted(counts, key=lambda player: (-counts[player], player))[:PLAYERS])


def _powers(effects: Effects, key: tuple[int, ...]) -> dict[int, int]:
    """The players of a coalition or degree vector, with their degrees."""
    if effects.basis == "harsanyi":
        return dict.fromkeys(key, 1)
    return {player: power for player, power in enumerate(key) if power}


def _colours(values: np.ndarray) -> list[str]:
    return [hexadecimal(POSITIVE if value > 0 else NEGATIVE) for value in values]


def _clean(axis: Axes) -> None:
    for spine in axis.spines.values():
        spine.set_visible(False)


def _plain(text: str, width: int = 24) -> str:
    """A name that matplotlib does not read as a formula."""
    return shorten(text, width).replace("$", r"\$")


def _wrapped(name: str) -> str:
    """A name in two lines, broken near its middle."""
    spaces = [position for position, letter in enumerate(name) if letter == " "]
    if not spaces:
        return name + "\n"
    middle = min(spaces, key=lambda position: abs(position - len(name) / 2))
    return name[:middle] + "\n" + name[middle + 1 :]
