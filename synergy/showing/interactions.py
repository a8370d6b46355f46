"""Interactions as text and as a table of pandas."""

from __future__ import annotations

from typing import Any

from decompositions import show
from decompositions.counts import several
from decompositions.visible import visible
from synergy.interactions.multi_order import MultiOrder
from synergy.interactions.result import Interactions
from synergy.wording.effects import effect_label
from synergy.wording.numbers import brief, number
from synergy.wording.table import bar, grid

ROWS = 20


@show.text.register(Interactions)
def interactions_table(found: Interactions, k: int = ROWS) -> str:
    """The k largest values of sets of players with bars, and what is to be said of missing effects."""
    if found.array.ndim != 1:
        return repr(found)
    effects = found.effects()
    strongest = list(found.items())[:k] if found.symbols else found.top(k)
    largest = 1.0 if found.symbols else max((abs(float(value)) for _, value in strongest), default=1.0)
    rows = [
        [effect_label(effects, players), *([str(value)] if found.symbols else _with_bar(value, largest))]
        for players, value in strongest
    ]
    more = len(found) - len(strongest)
    noise = 0.0 if found.noise is None else float(found.noise.max(initial=0.0))
    head = f"{found.title} ({visible(found.index)}), order {found.order}, of {several(found.n, 'player')}"
    head += f"; error up to {brief(noise)}" if noise else ""
    rest = [f"… {several(more, 'more set')}"] if more else []
    return "\n".join(
        [head, *grid(rows, "<<" if found.symbols else "<><"), *rest, *([found.note] if found.note else [])]
    )


def _with_bar(value: Any, largest: float) -> list[str]:
    return [number(value, sign=True), bar(value, largest)]


@show.frame.register(Interactions)
def of_interactions(found: Interactions) -> Any:
    """Index ``set``; columns ``value`` and ``size``."""
    return show.frame(found.effects()).iloc[1:][["value", "size"]].rename_axis("set")


@show.text.register(MultiOrder)
def orders_table(found: MultiOrder) -> str:
    """The relative strength of every m with bars."""
    strength = found.strength.tolist()
    largest = max(strength, default=1.0)
    rows = [[f"m = {m}", f"{value:.3g}", bar(value, largest)] for m, value in zip(found.orders, strength, strict=True)]
    head = f"interactions of pairs beside m others, of {several(found.n, 'player')}: mean size, relative"
    rest = [] if found.whole else [f"larger m, up to {found.n - 2}, need effects of more players"]
    return "\n".join([head, *grid(rows, "<><"), *rest])
