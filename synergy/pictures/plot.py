"""Comparisons and effects as matplotlib figures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from decompositions import show
from decompositions.arithmetic import to_float
from decompositions.effects.effects import Effects
from synergy.comparison.comparison import Comparison
from synergy.comparison.result import Result
from synergy.comparison.scale import own_scale, strongest_players, unit
from synergy.pictures.canvas import INK, SOFT, canvas, clean, colours, plain
from synergy.pictures.upset import EFFECTS, PLAYERS, Column, Heading, room, upset
from synergy.wording.effects import noise_line
from synergy.wording.numbers import fixed, minus, number, scalar

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS = 8  # methods side by side


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
    effects, found = comparison.effects, _columns(comparison.effects, EFFECTS)
    above, below = lines * (1.05 + 0.24 * len(rows)), room(found)[1]
    with canvas(11.5, above + below, path) as figure:
        parts: Any = figure.subfigures(2, 1, height_ratios=[above, below]) if shown else [None, figure]
        if shown:
            _panels(parts[0], comparison, shown, rows)
        upset(parts[1], found, effects.names, _heading(effects, found))
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
    found = _columns(effects, k)
    with canvas(*room(found), path) as figure:
        upset(figure, found, effects.names, _heading(effects, found))
    return figure


def _require_one_game(effects: Effects) -> None:
    if effects.values.ndim != 1:
        raise ValueError(f"a figure shows one game; these effects have shape {tuple(effects.values.shape)}")


def _columns(effects: Effects, k: int) -> list[Column]:
    """The strongest effects, with the degrees of their players."""
    if effects.basis == "harsanyi":
        return [Column(value, dict.fromkeys(key, 1)) for key, value in effects.top(k)]
    return [Column(value, {i: power for i, power in enumerate(key) if power}) for key, value in effects.top(k)]


def _heading(effects: Effects, found: list[Column]) -> Heading:
    kind = "Taylor effects" if effects.basis == "taylor" else "effects"
    title = f"The {len(found)} strongest {kind}" if found else f"No {kind} above the noise floor"
    return Heading(title, noise_line(effects), "effect" if effects.basis == "taylor" else "J(S)")


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
        axis.set_yticks(range(len(rows)), [plain(comparison.effects.names[i]) for i in rows], fontsize=9)
        axis.set_ylim(len(rows) - 0.4, -0.6)
    hidden = comparison.effects.n - len(rows)
    note = f"; {hidden} more players are given less" if hidden else ""
    part.suptitle(f"What each method gives{note}", fontsize=11, x=0.01, ha="left", color=INK, weight="bold")


def _bars(axis: Axes, result: Result, rows: list[int], unit: float, apart: bool) -> None:
    values = to_float(result.attribution)[rows]
    axis.barh(range(len(rows)), values, height=0.72, color=colours(values))
    axis.axvline(0, color=SOFT, linewidth=0.7)
    axis.set_xlim(-1.08 * unit, 1.08 * unit)
    for row, value in enumerate(values):
        side = -1 if value > 0 else 1
        text = minus(fixed(float(value), unit))
        axis.text(
            side * 0.05 * unit, row, text, va="center", ha="right" if side < 0 else "left", fontsize=7.5, color=INK
        )
    total = minus(number(scalar(result.attribution.sum())))  # type: ignore[union-attr]
    name = plain(result.heading, 26)
    axis.set_title(_wrapped(name), fontsize=9, color=INK)
    own = "\nown scale" if apart else ""
    axis.set_xlabel(f"Σ {total}{own}", fontsize=8.5, color=INK)
    clean(axis)
    axis.set_xticks([])
    axis.tick_params(left=False)


def _wrapped(name: str) -> str:
    """A name in two lines, broken near its middle."""
    spaces = [position for position, letter in enumerate(name) if letter == " "]
    if not spaces:
        return name + "\n"
    middle = min(spaces, key=lambda position: abs(position - len(name) / 2))
    return name[:middle] + "\n" + name[middle + 1 :]
