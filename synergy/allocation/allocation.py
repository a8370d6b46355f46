"""Allocation: the table of who is given how much of which effect, in theory and in practice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np
import torch

from decompositions import show
from decompositions.arguments import shown
from decompositions.arithmetic import Array, concatenate, is_exact, like, zeros
from decompositions.contraction import by_player
from decompositions.counts import count, several
from decompositions.effects.effects import Effects
from decompositions.evaluation.spans import spans
from decompositions.expressions.settling import settle
from decompositions.memory import needed
from decompositions.show import Formula
from synergy.allocation.criteria import Criteria
from synergy.allocation.judge import SAME_SIZE, Measured, judge
from synergy.policies.layer_policy import LayerPolicy
from synergy.policies.policy import Policy

BY_ROW = "take some rows at a time with rows(start, stop) or blocks(), or the attribution only"
ROWS = 2**16  # rows whose shares are made at once, at most
NUMBERS = 2**20  # shares that are made at once
TRIED = 2**10  # rows on which a policy is looked at before it is taken
ROUNDING = 1e-12  # of the weights of all members, which are 1 together


class Attribution(NamedTuple):
    """What each player is given in all, with the players' names."""

    names: tuple[str, ...]
    values: Array


@dataclass(frozen=True, eq=False)
class Allocation:
    r"""One row per effect, one column per player; the column sums are the attribution.

    In theory a row is :math:`w_i(\kappa)\,\text{effect}(\kappa)`; measured, it is
    :math:`M_i(S) = \sum_{T \subseteq S} (-1)^{|S|-|T|} A_i(f; x_T, b)`. Row 0 is the constant ∅; for Harsanyi effects
    and measured tables the row is the bitmask. Rows are made when asked for, in blocks.

    Args:
        effects: what the rows share out.
        rows: from start and stop to the shares. Shape ``(..., stop−start, n)``.
        source: the policy's formula or the method's name.
        error: the method's own numerical error in each row's sum. Shape ``(m,)``; None for none but rounding.
        certain: a gap beyond so many times the error is none: ten for the difference of two rules, which is no bound,
            fewer for the standard error of a mean of many draws (:func:`synergy.moments.certain`).
        vanishing: bitmasks of coalitions without dividend whose synergy function vanishes, too (for ``phantom``);
            None where that was not tried.
        calls: model calls that were paid for the table.
        total: the column sums by a shorter way, if there is one. Shape ``(..., n)``.
        rest: what the rows leave of the attribution, where rows are missing and the attribution is known otherwise.
            Shape ``(..., n)``; None where there is nothing to know.
        rest_error: of ``rest``, the standard error of an attribution that was estimated. Shape ``(n,)``.
        proven: the criteria that the policy meets on every coalition, whether its row is there or not.
    """

    effects: Effects
    rows: Callable[[int, int], Array] = field(repr=False)
    source: str
    error: np.ndarray | None = None
    certain: float = SAME_SIZE
    vanishing: frozenset[int] | None = frozenset()
    calls: int = 0
    total: Callable[[], Array] | None = field(default=None, repr=False)
    rest: Array | None = None
    rest_error: np.ndarray | None = None
    proven: frozenset[str] = frozenset()

    @property
    def n(self) -> int:
        """The number of columns: of players."""
        return self.effects.n

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names: the players'."""
        return self.effects.names

    def inside(self, members: Any) -> Any:
        """Which columns belong to effects.

        Args:
            members: the players in each effect, booleans. Shape ``(m, players)``.

        Returns:
            Shape ``(m, n)``.
        """
        return members

    def __len__(self) -> int:
        return len(self.effects)

    def blocks(self) -> Iterator[tuple[int, int, Array]]:
        """All rows, some at a time: start, stop and the shares ``(..., stop−start, n)``."""
        return ((start, stop, self.rows(start, stop)) for start, stop in _ranges(self.effects))

    @property
    def values(self) -> Array:
        """The whole table. Shape ``(..., m, n)``."""
        with needed(f"the shares of {count(len(self))} effects", 8 * len(self) * self.n, way_out=BY_ROW):
            return concatenate([rows for _, _, rows in self.blocks()], -2)

    @property
    def attribution(self) -> Array:
        """What each player is given in all, by the rows and by what they leave. Shape ``(..., n)``.

        Of truncated effects a theory knows what the rows give, and no more.

        Raises:
            ValueError: measured on some rows, by a method whose attributions nobody knows.
        """
        if self.error is not None and self.rest is None and self.effects.truncated:
            self._nobody_knows()
        if self.total is not None:
            return settle(self.total())
        blocks = self.blocks()
        total = next(blocks)[2].sum(-2)
        for _, _, rows in blocks:
            total = total + rows.sum(-2)
        return settle(total if self.rest is None else total + self.rest)

    @property
    def remainder(self) -> Array:
        """What the rows leave of the attribution; zero where all are there. Shape ``(..., n)``.

        Raises:
            ValueError: rows are missing, and a theory does not know what they are given.
        """
        if self.rest is None and self.effects.truncated:
            self._nobody_knows()
        return zeros((*self.effects.values.shape[:-1], self.n), self.effects.values) if self.rest is None else self.rest

    def _nobody_knows(self) -> NoReturn:
        raise ValueError(
            f"'{self.source}' is known on {len(self):,} rows, and nobody knows what the others are given; measure a "
            "method whose attributions are found without them, or estimate them: estimate(game, 'shapley')"
        )

    @property
    def unexplained(self) -> Any:
        """f(x) − f(b) − Σ attribution: what no player was given, the effects' remainder included. Shape ``(...,)``."""
        return self.effects.total + self.effects.remainder - self.attribution.sum(-1)

    def by_support(self) -> Allocation:
        """The same shares with one row per coalition: Taylor rows summed by support."""
        if self.effects.degrees is None:
            return self
        effects, places = self.effects.by_support(), self.effects.supports()
        table = zeros((len(effects), self.n), self.effects.values)
        for start, stop, rows in self.blocks():
            if effects.exact:
                for row, place in zip(rows, places[start:stop].tolist(), strict=True):
                    table[place] += row
            else:
                table.index_add_(0, torch.as_tensor(places[start:stop], device=table.device), rows)
        return Allocation(effects, lambda start, stop: table[start:stop], self.source)

    def plot(self, path: str | Path | None = None) -> Any:
        """Who is given how much of the strongest effects: a matplotlib figure (extra ``viz``), saved if asked.

        Raises:
            ImportError: matplotlib is missing.
            ValueError: several games.
        """
        return show.figure(self, path)

    def criteria(self) -> Criteria:
        """Coverage, relevance and completeness of the table, as numbers and verdicts."""
        measured = Measured(self.error, self.certain, self.vanishing)
        return judge(self.effects, self.blocks(), self.source, measured, self.proven, self.inside)

    def __getitem__(self, coalition: int | tuple[int, ...]) -> Array:
        """What each player is given of the effects of one coalition. Shape ``(..., n)``."""
        shares = [self.rows(row, row + 1)[..., 0, :] for row in self.effects.rows(coalition)]
        return sum(shares, zeros((*self.effects.values.shape[:-1], self.n), self.effects.values))

    def _repr_html_(self) -> str | None:
        return show.notebook(self)

    def to_pandas(self) -> Any:
        """A pandas DataFrame with a row per effect: its size, and what every player is given of it.

        Raises:
            ImportError: pandas is missing (extra ``pandas``).
        """
        return show.frame(self)

    def __repr__(self) -> str:
        return f"Allocation({self.source}; {several(len(self), 'effect')}, {several(self.n, 'player')})"

    def __str__(self) -> str:
        return self.formula.text if self._is_formula else repr(self)

    def _repr_latex_(self) -> str | None:
        return self.formula._repr_latex_() if self._is_formula else None

    @property
    def formula(self) -> Formula:
        """The table of an exact allocation, effects × players, as text and LaTeX.

        Raises:
            ValueError: floats, or several games.
        """
        return show.formula(self)

    @property
    def attribution_formula(self) -> Formula:
        """The attribution of an exact allocation, labelled by player, as text and LaTeX.

        Raises:
            ValueError: floats, or several games.
        """
        return show.formula(Attribution(self.names, self.attribution))

    @property
    def _is_formula(self) -> bool:
        return self.effects.exact and self.effects.values.ndim == 1


def allocate(effects: Effects, policy: Policy) -> Allocation:
    r"""Share effects out by a policy: the theory.

    Args:
        effects: Harsanyi dividends or Taylor effects.
        policy: a rule; a registered method's is ``method(name).policy(game)``.

    Raises:
        TypeError: no effects, or not a policy (a layer-wise method has none over the network's effects).
        ValueError: a degree policy on Harsanyi dividends, or weights that are not finite.

    Theory: :ref:`policies-of-methods`.

    >>> from decompositions import Game, harsanyi
    >>> from synergy.policies.policy import equal_shares
    >>> allocate(harsanyi(Game.from_values([0., 1., 2., 7.])), equal_shares).attribution.tolist()
    [3.0, 4.0]
    """
    if not isinstance(effects, Effects):
        raise TypeError(
            f"allocate() shares out Effects, not {shown(effects)}; decompose a game with harsanyi() or taylor() first"
        )
    if not isinstance(policy, Policy):
        raise TypeError(
            f"allocate() shares effects out by a Policy, not {type(policy).__name__}; a layer-wise method has no fixed "
            "policy over the network's effects: use measure()"
        )
    policy.require(effects)
    if len(effects) > 1:
        policy.shares(effects.table(1, min(len(effects), 1 + TRIED)))

    def rows(start: int, stop: int) -> Array:
        values = effects.values[..., start:stop, None]
        if start > 0:
            return values * policy.shares(effects.table(start, stop))
        constant = zeros((1, effects.n), effects.values)
        if stop == 1:
            return values * constant
        return values * concatenate([constant, policy.shares(effects.table(1, stop))], 0)

    by_size = _by_size(effects, policy) if policy.symmetric else None
    total = None if by_size is None or effects.degrees is not None else lambda: _in_all(effects, by_size)
    return Allocation(effects, rows, policy.formula, total=total, proven=_proven(policy, effects.n))


def _in_all(effects: Effects, by_size: Array) -> Array:
    """What each player is given in all by a symmetric policy. Shape ``(..., n)``."""
    if effects.dense:
        return by_player(effects.values, by_size)
    total = zeros((*effects.values.shape[:-1], effects.n), effects.values)
    for start, stop in _ranges(effects):
        sizes = effects.sizes(start, stop)
        weights = by_size[sizes if effects.exact else torch.as_tensor(sizes, device=by_size.device)]
        total = total + (effects.values[..., start:stop] * weights) @ effects.table(start, stop)
    return total


def _ranges(effects: Effects) -> list[tuple[int, int]]:
    """Rows whose shares are made at once."""
    return spans(len(effects), max(1, min(ROWS, NUMBERS // max(1, effects.n))))


def allocate_neuron(effects: Effects, policy: LayerPolicy, z: torch.Tensor, start: torch.Tensor) -> Allocation:
    """Share a neuron's effects out by a per-layer policy: the table whose criteria are the per-layer criteria.

    Args:
        effects: of the neuron.
        policy: the rule.
        z: contributions of the inputs. Shape ``(n,)``.
        start: z⁰. Shape ``()``.
    """
    table = effects.table(1, len(effects))
    shares = policy.weights(table, z, start) * effects.values[1:, None]
    return from_table(effects, torch.cat([torch.zeros(1, effects.n).to(shares), shares]), policy.formula)


def _by_size(effects: Effects, policy: Policy) -> Array:
    """What a symmetric policy gives a member of a coalition of 0, 1, …, n players. Shape ``(n+1,)``."""
    first = like(np.tril(np.ones((effects.n, effects.n), dtype=np.int64)), effects.values)
    return concatenate([zeros((1,), effects.values), policy.shares(first)[:, 0]], 0)


def _proven(policy: Policy, n: int) -> frozenset[str]:
    """The criteria that a policy meets on every effect: what it says, or what a symmetric one gives by size."""
    if not policy.symmetric:
        return frozenset(policy.proven)
    sizes = np.arange(1, n + 1)
    weights = policy.shares(np.tril(np.ones((n, n))))[:, 0]
    found = {
        "coverage": bool((weights != 0).all()),
        "relevance": True,
        "completeness": bool((np.abs(weights * sizes - 1) <= ROUNDING).all()),
    }
    return frozenset(name for name, holds in found.items() if holds)


def from_table(effects: Effects, table: Array, source: str, **facts: Any) -> Allocation:
    """An allocation whose rows are known. Shape ``(..., m, n)``."""
    if is_exact(table) != effects.exact or not isinstance(table, (torch.Tensor, np.ndarray)):
        raise TypeError("an allocation's table and its effects are of one number system")
    table = settle(table)
    return Allocation(effects, lambda start, stop: table[..., start:stop, :], source, **facts)
