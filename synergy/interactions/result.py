"""The values of an interaction index: a mapping from sets of players."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import networkx
import numpy as np

from decompositions import show
from decompositions.arithmetic import Array, concatenate, free_symbols, is_exact, strengths, to_float, zeros
from decompositions.counts import rounded, several
from decompositions.effects.coalitions import Coalitions
from decompositions.effects.effects import Effects
from decompositions.effects.for_shapiq import interaction_values
from decompositions.effects.naming import Coalition, members_of
from decompositions.visible import visible
from synergy.allocation.criteria import Criteria
from synergy.interactions.set_allocation import SetAllocation


@dataclass(frozen=True, eq=False)
class Interactions(Mapping[tuple[int, ...], Any]):
    """What each set of 1 to ``order`` players is given, ``found[0, 2]``; the value of a set is that of all its orders.

    Args:
        array: the values. Shape ``(..., m)``.
        sets: of players, sorted tuples, the smallest first.
        names: of the n players.
        index: its name.
        title: as texts call it.
        order: the largest number of players of a set.
        base: the part of the empty set: f(b), or the constant of the index's own fit. Shape ``(...,)``.
        missing: whether effects are missing that the index would give something of: then these are its values of the
            effects that there are.
        remainder: the sum of the missing effects. Shape ``(...,)``.
        calls: model calls that were paid.
        remark: what is to be said of the effects themselves.
        noise: how far off each set's value is: what the rounding of the values of g makes of it, one standard error, of
            a list of effects at most; of an integral its error, by quadrature and rounding. Shape ``(m,)``; None where
            it is not known.
        shared: makes the table of who is given how much of which effect.
    """

    array: Array
    sets: tuple[tuple[int, ...], ...]
    _: KW_ONLY
    names: tuple[str, ...]
    index: str
    title: str
    order: int
    base: Any
    missing: bool = False
    remainder: Any = 0
    calls: int = 0
    remark: str = ""
    noise: np.ndarray | None = None
    shared: Callable[[], SetAllocation] | None = field(default=None, repr=False)

    @property
    def n(self) -> int:
        """The number of players."""
        return len(self.names)

    @property
    def exact(self) -> bool:
        return is_exact(self.array)

    @property
    def total(self) -> Any:
        """Σ over all sets; f(x) − f(b) for an index that is complete."""
        return self.array.sum(-1)

    @cached_property
    def symbols(self) -> tuple[str, ...]:
        """The names of the symbols that the values hold: then they are expressions, not numbers."""
        return free_symbols(self.array)

    @cached_property
    def allocation(self) -> SetAllocation:
        """Who is given how much of which effect: effects × sets of players, by the index's weights.

        Raises:
            ValueError: more sets than a table has columns for; or values that come from elsewhere.
        """
        if self.shared is None:
            raise ValueError(f"these values of {self.index} were not made of effects, so that nothing was shared out")
        return self.shared()

    @cached_property
    def criteria(self) -> Criteria:
        """Coverage, relevance and completeness of that table. Raises as :attr:`allocation`."""
        return self.allocation.criteria()

    @property
    def note(self) -> str:
        """What is to be said of the effects, and of those that are missing; empty where nothing is."""
        if self.remark or not self.missing:
            return self.remark
        left = "" if np.ndim(self.remainder) else f", which sum to {rounded(self.remainder, sign=True)}"
        return f"of the effects that were computed alone; {self.index} would share out those that were not, too{left}"

    def __getitem__(self, players: Coalition) -> Any:
        """The value of a set, by numbers or names: ``found[0, 2]``, ``found["a", "c"]``, ``found[(0,)]``.

        Raises:
            TypeError: no whole number and no name.
            IndexError: no player of that number.
            LookupError: no player of that name, or several; no player at all, or more than the order; or a set that
                none of the effects holds, where some are missing.
            ValueError: a player twice.
        """
        members = tuple(sorted(members_of(players, self.names)))
        if not 1 <= len(members) <= self.order:
            raise LookupError(
                f"the sets are of 1 to {self.order} players, and {members} has {len(members)}"
                + ("; the constant is .base" if not members else "; ask for a larger order")
            )
        row = self._rows.get(members)
        if row is not None:
            return self._number(row)
        if self.missing:
            raise LookupError(
                f"no effect that was computed holds {members}, and some are missing: its value is unknown"
            )
        nothing = zeros(tuple(self.array.shape[:-1]), self.array)
        return nothing if nothing.ndim else _plain(nothing)

    def __iter__(self) -> Iterator[tuple[int, ...]]:
        return iter(self.sets)

    def __len__(self) -> int:
        return len(self.sets)

    def __contains__(self, players: object) -> bool:
        return players in self._rows

    @cached_property
    def _rows(self) -> dict[tuple[int, ...], int]:
        return {players: row for row, players in enumerate(self.sets)}

    def _number(self, row: int) -> Any:
        return _plain(self.array[..., row])

    def top(self, k: int = 10) -> list[tuple[tuple[int, ...], Any]]:
        """The k largest values above their noise, largest first.

        Raises:
            ValueError: of several games: take one; or expressions, which have no size.
        """
        self._require_one("top() ranks the values")
        if self.symbols:
            raise ValueError(f"top() ranks numbers, and these values hold the symbols {', '.join(self.symbols)}")
        strength = strengths(self.array)
        if self.noise is not None:
            strength = np.where(strength <= self.noise, 0.0, strength)
        rows = sorted(np.flatnonzero(strength).tolist(), key=lambda row: -strength[row])[:k]
        return [(self.sets[row], self._number(row)) for row in rows]

    def label(self, players: tuple[int, ...]) -> str:
        """A set in the players' names: ``not·happy``."""
        return "·".join(self.names[i] for i in players)

    def effects(self) -> Effects:
        """The values as effects, a row for each set: what they add up to is the index's own picture of the game."""
        self._require_one("effects() are")
        rows = Coalitions.of_members([(), *self.sets], self.n)
        base = zeros((1,), self.array) + self.base
        return Effects(concatenate([base, self.array], 0), names=self.names, coalitions=rows, truncated=self.missing)

    def to_matrix(self) -> Array:
        """The values of single players on the diagonal, and of pairs, the whole of each, on both sides of it.

        Returns:
            Shape ``(..., n, n)``, of the kind of ``array``; NaN where effects are missing and none holds the set.

        Raises:
            ValueError: an order of 1, which has no pairs.
        """
        if self.order < 2:
            raise ValueError("a matrix shows pairs, and an order of 1 has none; ask for order=2")
        table = zeros((*self.array.shape[:-1], self.n, self.n), self.array)
        if self.missing:
            table[...] = math.nan
        for row, players in enumerate(self.sets):
            if len(players) < 3:
                table[..., players[0], players[-1]] = table[..., players[-1], players[0]] = self.array[..., row]
        return table

    def to_graph(self) -> networkx.Graph:
        """A graph of networkx: players, with edges for pairs, and a node for each larger set, joined to its players.

        Nodes are the players' numbers, with ``name`` and ``value``, and the larger sets' tuples, with ``value``. The
        edge of a pair has its ``value`` and, for layouts, ``weight``, the size of it; pairs of value 0 have none.

        Raises:
            ValueError: of several games: take one.
        """
        self._require_one("a graph shows the values")
        graph = networkx.Graph(index=self.index, order=self.order)
        graph.add_nodes_from((i, {"name": name, "value": 0.0}) for i, name in enumerate(self.names))
        for players, value in zip(self.sets, to_float(self.array).tolist(), strict=True):
            if len(players) == 1:
                graph.nodes[players[0]]["value"] = value
            elif len(players) == 2 and value:
                graph.add_edge(*players, value=value, weight=abs(value))
            elif value:
                graph.add_node(players, value=value)
                graph.add_edges_from((players, i) for i in players)
        return graph

    def to_shapiq(self) -> Any:
        """The same numbers as ``shapiq.InteractionValues``, for its plots and tools.

        Raises:
            ImportError: shapiq is not installed (extra ``peers``).
            ValueError: of several games, or an index that shapiq does not have.
        """
        self._require_one("shapiq takes the values")
        by_set = {(): self.base, **{players: self._number(row) for row, players in enumerate(self.sets)}}
        return interaction_values(by_set, self.index, self.n, self.order, self.base)

    def _require_one(self, what: str) -> None:
        if self.array.ndim != 1:
            raise ValueError(f"{what} of one game; these have shape {tuple(self.array.shape)}")

    def plot(self, path: str | Path | None = None) -> Any:
        """The matrix of single players and pairs as a matplotlib figure (extra ``viz``), saved if asked."""
        return show.figure(self, path=path)

    def to_pandas(self) -> Any:
        """A pandas DataFrame with a row per set: its ``value`` and ``size``.

        Raises:
            ImportError: pandas is missing (extra ``pandas``).
            ValueError: of several games: take one.
        """
        return show.frame(self)

    def _repr_html_(self) -> str | None:
        return show.notebook(self)

    def __str__(self) -> str:
        return show.text(self)

    def __repr__(self) -> str:
        head = (
            f"Interactions({self.index}, {several(self.n, 'player')}, order {self.order}, {several(len(self), 'set')}"
        )
        if self.symbols:
            return f"{head}; in the symbols {', '.join(self.symbols)})"
        if self.array.ndim != 1:
            return f"{head}; shape {tuple(self.array.shape)})"
        some = ", ".join(f"{self.label(players)} {rounded(value, sign=True)}" for players, value in self.top(3))
        return visible(f"{head}; largest: {some or 'none'})" + (f" {self.note}" if self.note else ""))


def _plain(value: Any) -> Any:
    """A number of one game as Python's own; an array where there are several."""
    return value.item() if getattr(value, "ndim", None) == 0 else value
