"""From f(b) to f(x), effect by effect, as a waterfall."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from decompositions.arguments import whole
from decompositions.effects.effects import Effects
from synergy.pictures.canvas import (
    BODY,
    INK,
    SMALL,
    SOFT,
    WIDTH,
    axes,
    clean,
    fitting,
    headed,
    labelled,
    letters_for,
    numbered,
    plains,
    root,
)
from synergy.pictures.ranking import require_one_game, strongest
from synergy.wording.colours import NEGATIVE, POSITIVE, hexadecimal
from synergy.wording.effects import above_noise, effect_label, noise_line
from synergy.wording.numbers import minus, number, scalar

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STEPS, ROW, NAME = 12, 0.26, 34  # rows at most, inches of a row, letters of a name


class Step(NamedTuple):
    """One row: a step of the value of f, or, without one, the value itself."""

    name: str
    change: Any | None
    pooled: bool = False


def waterfall(effects: Effects, k: int = STEPS, *, ax: Axes | None = None, path: str | Path | None = None) -> Figure:
    r"""How f(b) becomes f(x), :math:`f(x) = f(b) + \\sum_S J(S)`: the k strongest effects, and all others as one step.

    Args:
        effects: Harsanyi dividends or Taylor effects of one game.
        k: how many have a step of their own, at most; fewer on an ax without room for them.
        ax: to draw on; None for a figure of its own.
        path: of a file to save the figure in.

    Raises:
        ImportError: matplotlib is missing (extra ``viz``).
        ValueError: effects of several games, or k below 1.
    """
    whole(k, "k is the number of effects with a step of their own", 1)
    steps = _steps(effects, fitting(ax, k, ROW + 0.02), letters_for(ax, NAME))
    with axes(ax, WIDTH, 1.1 + ROW * len(steps), path) as axis:
        _draw(axis, steps, scalar(effects.base))
        labelled(axis, plains([step.name for step in steps], letters_for(ax, NAME)))
        axis.set_xlabel("value of f", fontsize=BODY, color=INK)
        word = "Taylor effects" if effects.basis == "taylor" else "effects"
        headed(axis, f"From f(b) to f(x) by {word}", noise_line(effects), width=4.6)
    return root(axis)


def _steps(effects: Effects, k: int, letters: int) -> list[Step]:
    """f(b), the strongest effects, all others together, what is not known, f(x)."""
    require_one_game(effects)
    found = strongest(effects, k)
    steps = [Step("f(b)", None), *(Step(effect_label(effects, key, letters), value) for key, value in found)]
    others = above_noise(effects) - len(found)
    if others > 0:
        rest = scalar(effects.total) - sum(value for _, value in found)
        steps.append(Step(f"{others:,} weaker effects" if others > 1 else "one weaker effect", rest, pooled=True))
    if effects.truncated or scalar(effects.remainder):
        steps.append(Step("effects not computed", scalar(effects.remainder), pooled=True))
    return [*steps, Step("f(x)", None)]


def _draw(axis: Axes, steps: list[Step], value: Any) -> None:
    """Bars from where the step before ended; the values at both ends as marks."""
    for row, step in enumerate(steps):
        before, value = value, value if step.change is None else value + step.change
        low, high = sorted((float(before), float(value)))
        if step.change is None:
            axis.plot([low, low], [row - 0.36, row + 0.36], color=INK, linewidth=2.4)
            text = number(value)
        else:
            colour = hexadecimal(POSITIVE if step.change > 0 else NEGATIVE)
            inside: dict[str, Any] = {"facecolor": "white", "hatch": "////"} if step.pooled else {"facecolor": colour}
            axis.barh(row, high - low, left=low, height=0.66, edgecolor=colour, linewidth=0.8, **inside)
            text = number(step.change, sign=True)
        axis.annotate(minus(text), (high, row), (4, 0), textcoords="offset points", va="center", fontsize=SMALL)
        if row + 1 < len(steps):
            axis.plot([float(value)] * 2, [row + 0.33, row + 0.67], color=SOFT, linewidth=0.7)
    axis.use_sticky_edges = False
    axis.margins(x=0.1, y=0)
    numbered(axis.xaxis)
    clean(axis)
    axis.spines["bottom"].set(visible=True, color=SOFT, linewidth=0.7)
