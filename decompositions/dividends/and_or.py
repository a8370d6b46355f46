"""AND–OR: a game as the sparsest sum of conjunctions and disjunctions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from decompositions import degrees, show
from decompositions.arguments import shown, whole
from decompositions.arithmetic import to_float, wide
from decompositions.counts import rounded, several
from decompositions.dividends.active import Active
from decompositions.dividends.basis_pursuit import dividends_of, sparsest
from decompositions.dividends.disjunctions import Disjunctions
from decompositions.effects.effects import Effects
from decompositions.mobius import zeta
from decompositions.visible import visible

MOST = 16  # players that take part; each more doubles the work
ASKED = "and_or() splits the Harsanyi dividends of one game, all of them, in floats"


class Interaction(NamedTuple):
    """What a coalition adds: "and" once all of its players take part, "or" as soon as one does."""

    kind: str
    players: tuple[int, ...]
    value: float


class Curve(NamedTuple):
    """How much of a game its k strongest interactions explain, R² over all coalitions, for k = 0, 1, ….

    R² is 1 − Var(v − vₖ) / Var(v), where vₖ is the sum of the k strongest: their values are as they are, the constant
    is free. It is below zero where these few vary more than v itself.
    """

    alone: np.ndarray
    split: np.ndarray


@dataclass(frozen=True, eq=False)
class AndOr:
    r"""A game as conjunctions a and disjunctions o, whose sizes together are nearly the smallest that there are.

    .. math:: v(T) = v(\emptyset) + \sum_{\emptyset \neq S \subseteq T} a(S) + \sum_{S \cap T \neq \emptyset} o(S)

    Args:
        effects: the dividends of v.
        conjunctions: the dividends of the part of v that is conjunctions, and the constant.
        disjunctions: of at least two players each, as for one player both are the same.
        gap: by how much Σ|a| + Σ|o| exceeds the smallest such sum, at most, relative to it: proven, not estimated.
    """

    effects: Effects
    conjunctions: Effects
    disjunctions: Disjunctions
    gap: float

    @property
    def size(self) -> float:
        """Σ|a| + Σ|o|, the constant left out; of the dividends alone it is never less."""
        return float(self.conjunctions.values[1:].abs().sum() + self.disjunctions.values[1:].abs().sum())

    @property
    def n(self) -> int:
        """The number of players."""
        return self.effects.n

    @property
    def names(self) -> tuple[str, ...]:
        """The players' names."""
        return self.effects.names

    @property
    def margin(self) -> float:
        """By how much the sum of sizes may be too large: an interaction that is smaller may be nothing but that."""
        return self.gap * self.size

    def top(self, k: int = 10) -> list[Interaction]:
        """The k strongest interactions of either kind above the noise floor and the margin, strongest first.

        Raises:
            TypeError, ValueError: k is no number of them.
        """
        return [each for each in self._strongest(k) if abs(each.value) > self.margin]

    def _strongest(self, k: int) -> list[Interaction]:
        found = [Interaction("and", key, value) for key, value in self.conjunctions.top(k)]
        found += [Interaction("or", key, value) for key, value in self.disjunctions.top(k)]
        return sorted(found, key=lambda each: -abs(each.value))[:k]

    def label(self, interaction: Interaction) -> str:
        """An interaction in the players' names: ``not ∧ happy``, ``good ∨ great``."""
        members = self.effects.members(interaction.players)
        return (" ∧ " if interaction.kind == "and" else " ∨ ").join(members)

    def curve(self, most: int = 30) -> Curve:
        """The sparsity curve: R² of the strongest interactions, and of as many of the strongest dividends alone.

        Args:
            most: the largest number of interactions. The curves have ``most`` + 1 entries.

        Raises:
            TypeError, ValueError: it is no whole number of at least 0.
        """
        most = whole(most, "most is the largest number of interactions", 0)
        alone = [Interaction("and", key, value) for key, value in self.effects.top(most)]
        return Curve(self._explained(alone, most), self._explained(self._strongest(most), most))

    def _explained(self, strongest: list[Interaction], most: int) -> np.ndarray:
        """R² of the first k interactions; where there are no more, the last."""
        active = Active.of(self.effects)
        values = to_float(zeta(wide(active.table(self.effects))))
        coalitions, left, errors = np.arange(len(values)), values.copy(), [values.var()]
        for kind, players, value in strongest:
            mask = degrees.mask(active.players.index(player) for player in players)
            left -= value * ((coalitions & mask) == mask if kind == "and" else (coalitions & mask) > 0)
            errors.append(left.var())
        known = np.array(errors + errors[-1:] * (most + 1 - len(errors)))
        return 1 - known / known[0] if known[0] > 0 else np.ones(most + 1)

    def plot(self, path: str | Path | None = None) -> Any:
        """The strongest interactions as bars over their players, and the sparsity curve, as a matplotlib figure.

        Raises:
            ImportError: matplotlib is missing (extra ``viz``).
        """
        return show.figure(self, path=path)

    def _repr_html_(self) -> str | None:
        return show.notebook(self)

    def to_pandas(self) -> Any:
        """A pandas DataFrame of all interactions above the noise and the margin, strongest first.

        Raises:
            ImportError: pandas is missing (extra ``pandas``).
        """
        return show.frame(self)

    def __str__(self) -> str:
        return show.text(self)

    def __repr__(self) -> str:
        strongest = ", ".join(f"{self.label(each)} {rounded(each.value, sign=True)}" for each in self.top(3))
        return visible(
            f"AndOr({several(self.n, 'player')}; Σ|·| {rounded(self.size)}; strongest: {strongest or 'none'})"
        )


def and_or(effects: Effects) -> AndOr:
    r"""Split a game into conjunctions and disjunctions so that the sum of their sizes is smallest, to a thousandth.

    Conjunctions alone, the dividends, tell a game of few disjunctions by very many large terms of alternating signs: x
    ∨ y ∨ z has seven. The split is a linear programme (see :func:`~decompositions.dividends.basis_pursuit.sparsest`);
    its result is completed so that both parts add up to v to rounding, and comes with a proven ``gap``. Where several
    splits are equally small, one of them is found. Null players are in no interaction. Sixteen players take about 15 s
    on one core, each one less half as long.

    Args:
        effects: of ``harsanyi(game)``, of trees, or of a whole series ``by_support()``.

    Raises:
        TypeError: no effects, or exact ones.
        ValueError: Taylor effects, several games, missing rows, numbers that are not finite, or more than sixteen
            players that take part.

    Reference: chen1998atomic, li2023defining

    Theory: :ref:`and-or`.

    >>> from decompositions import Game, harsanyi
    >>> split = and_or(harsanyi(Game.from_values([0., 3., 3., 3., 3., 3., 3., 3.])))
    >>> split.label(split.top(1)[0]), round(split.top(1)[0].value, 3)
    ('x0 ∨ x1 ∨ x2', 3.0)
    """
    active = _taking_part(effects)
    dividends = wide(active.table(effects))
    split = sparsest(dividends)
    conjunctions = active.effects(dividends - dividends_of(split.disjunctions), effects)
    return AndOr(effects, conjunctions, Disjunctions(active.effects(split.disjunctions, effects)), split.gap)


def _taking_part(effects: Any) -> Active:
    """The players that take part in effects that can be split; others are refused with the way out."""
    if not isinstance(effects, Effects):
        raise TypeError(f"{ASKED}, not {shown(effects)}; decompose a game with harsanyi() first")
    if effects.exact:
        raise TypeError(
            f"{ASKED}; these are exact, and the split is found by steps that never end exactly: give the game floats"
        )
    if effects.basis == "taylor":
        raise ValueError(f"{ASKED}; these are Taylor effects: sum them first, effects.by_support()")
    if effects.values.ndim != 1:
        raise ValueError(f"{ASKED}; these are of several games, of shape {tuple(effects.values.shape)}: take one")
    if effects.truncated:
        raise ValueError(f"{ASKED}; rows are missing here: decompose without an order, or fewer players")
    if not torch.isfinite(effects.values).all():
        raise ValueError(f"{ASKED}; some of these are not finite")
    active = Active.of(effects)
    if len(active) > MOST:
        raise ValueError(f"{ASKED}, of at most {MOST} players that take part, not {len(active)}; take coarser players")
    return active
