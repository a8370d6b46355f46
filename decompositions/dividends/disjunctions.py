"""Disjunctions: what a coalition adds as soon as one of its players takes part."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from decompositions.arithmetic import Array
from decompositions.counts import rounded, several
from decompositions.dividends.active import Active
from decompositions.dividends.basis_pursuit import dividends_of
from decompositions.effects.effects import Effects
from decompositions.visible import visible


@dataclass(frozen=True, eq=False)
class Disjunctions:
    r"""The OR interactions o of a game w, which are not its dividends: no ``Effects`` that could be taken for them.

    .. math:: w(T) = \sum_{S \cap T \neq \emptyset} o(S)

    They are the Harsanyi dividends of the dual game :math:`w^*(T) = w(N) - w(N \setminus T)`; whoever shares effects
    out, or judges an allocation, takes the dividends of w itself: ``disjunctions.dividends``.

    Args:
        dual: the dividends of the dual game, which are o; the constant is zero.

    >>> from decompositions import Game, harsanyi
    >>> either = Disjunctions(harsanyi(Game.from_values([0., 0., 0., 1.])))
    >>> either[0, 1].item(), either.label((0, 1)), either.dividends.values.tolist()
    (1.0, 'x0 ∨ x1', [0.0, 1.0, 1.0, -1.0])
    """

    dual: Effects

    @property
    def values(self) -> Array:
        """o, row by row as in ``dual``: of all 2ⁿ coalitions the row is the bitmask. Shape ``(m,)``."""
        return self.dual.values

    @property
    def n(self) -> int:
        """The number of players."""
        return self.dual.n

    @property
    def names(self) -> tuple[str, ...]:
        """The players' names."""
        return self.dual.names

    @property
    def dividends(self) -> Effects:
        r"""The Harsanyi dividends of w: :math:`J(R) = (-1)^{|R|+1} \sum_{S \supseteq R} o(S)` for R not empty."""
        active = Active.of(self.dual)
        return active.effects(dividends_of(active.table(self.dual)), self.dual)

    def __len__(self) -> int:
        return len(self.dual)

    def __getitem__(self, coalition: int | str | Iterable[int | str]) -> Any:
        """o of a coalition, by number or name, as effects are indexed."""
        return self.dual[coalition]

    def top(self, k: int = 10) -> list[tuple[tuple[int, ...], Any]]:
        """The k strongest above the noise floor, strongest first."""
        return self.dual.top(k)

    def to_dict(self) -> dict[tuple[int, ...], Any]:
        """All rows by coalition."""
        return self.dual.to_dict()

    def label(self, key: tuple[int, ...]) -> str:
        """A coalition in the players' names: ``good ∨ great``."""
        return " ∨ ".join(self.dual.members(key)) or "∅"

    def __repr__(self) -> str:
        strongest = ", ".join(f"{self.label(key)} {rounded(value, sign=True)}" for key, value in self.top(3))
        return visible(
            f"Disjunctions({several(self.n, 'player')}, {several(len(self), 'row')}; strongest: {strongest or 'none'})"
        )
