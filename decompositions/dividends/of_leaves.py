"""The dividends of a sum of leaves: sparse, exact, of any number of players."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from math import comb

import numpy as np
import torch

from decompositions.counts import count
from decompositions.degrees import count_up_to_order
from decompositions.effects.coalitions import ONE, WORD, Coalitions
from decompositions.effects.effects import Effects
from decompositions.effects.strata import Strata
from decompositions.evaluation.cost import PAYABLE
from decompositions.games.game import Game
from decompositions.games.leaves import Leaves
from decompositions.settings import setting
from decompositions.trees.terms import Terms, merged

TABLE = 16  # players up to whom all coalitions have a row
AT_ONCE = 2**21  # words of bitsets that are made together
Table = tuple[np.ndarray, np.ndarray]  # bitsets and their values
ODD = np.uint64(0x9E3779B97F4A7C15)


def dividends(game: Game, leaves: Leaves, order: int | None, limit: int) -> Effects:
    r"""The dividends of all coalitions that have one, in a table of all 2ⁿ for up to 16 players; or up to an order.

    .. math:: J(A \cup T) \mathrel{+}= c\,(-1)^{|T|} \quad \text{for all } T \subseteq B, \text{ of every leaf}

    Args:
        game: whose function is a sum of leaves.
        leaves: that sum.
        order: the largest number of players; None for all.
        limit: terms above which the work is refused; a leaf has :math:`2^{|B|}`.

    Raises:
        ValueError: too many terms.
    """
    if order is not None:
        return _up_to(game, leaves, order, limit)
    bits, values = _found(leaves, order, limit)
    if leaves.n <= TABLE:
        return _effects(game, leaves, None, np.bincount(bits[:, 0].astype(np.int64), values, 2**leaves.n))
    return _effects(game, leaves, *_those_with_one(bits, values, leaves.n))


def strongest(game: Game, leaves: Leaves, k: int, order: int, limit: int) -> Effects:
    """The k strongest of all dividends of at most ``order`` players, and what all others add up to.

    Raises:
        ValueError: too many terms.
    """
    coalitions, values = _those_with_one(*_found(leaves, order, limit), leaves.n)
    best = 1 + np.argsort(-np.abs(values[1:]), kind="stable")[:k]
    rows = np.array([0, *np.sort(best).tolist()])
    effects = _effects(game, leaves, Coalitions(coalitions.bits[rows], leaves.n), values[rows])
    return replace(effects, truncated=len(rows) < 2 ** len(game.cube.active()))


def _up_to(game: Game, leaves: Leaves, order: int, limit: int) -> Effects:
    """The dividends of all coalitions of at most ``order`` players that are no null players."""
    active = game.cube.active()
    rows = count_up_to_order(len(active), order)
    _require_few("there are {} coalitions of at most " + f"{order} players", rows, limit)
    bits, values = _found(leaves, order, limit)
    coalitions = Coalitions.up_to(active, leaves.n, order)
    values = np.bincount(coalitions.rows(bits), values, len(coalitions))
    effects = _effects(game, leaves, coalitions, values)
    return replace(effects, truncated=order < len(active), strata=Strata(order))


def _found(leaves: Leaves, order: int | None, limit: int) -> Table:
    """Every coalition that has a dividend, and the empty one, with its dividend."""
    terms, words = merged(leaves.blocks()), -(-leaves.n // WORD)
    _require_few("the leaves of this game have {} dividends", _count(terms, order), limit)
    total = (np.zeros((1, words), dtype=np.uint64), np.array([leaves.offset]))
    for bits, values in _gathered(_expanded(terms, words, order), AT_ONCE // words):
        total = summed(np.concatenate([total[0], bits]), np.concatenate([total[1], values]))
    return total


def _gathered(parts: Iterator[Table], rows: int) -> Iterator[Table]:
    """The same rows in fewer parts, of about so many each."""
    kept: list[Table] = []
    for part in parts:
        kept.append(part)
        if sum(len(values) for _, values in kept) >= rows:
            yield _joined(kept)
            kept = []
    if kept:
        yield _joined(kept)


def _joined(parts: list[Table]) -> Table:
    bits, values = zip(*parts, strict=True)
    return np.concatenate(bits), np.concatenate(values)


def summed(bits: np.ndarray, values: np.ndarray) -> Table:
    """Every coalition once, with the sum of its values. Shape ``(m, words)``, ``(m,)``, in no order that is said.

    >>> bits, values = summed(np.array([[5], [3], [5]], dtype=np.uint64), np.array([1.0, 2.0, 4.0]))
    >>> bits.tolist(), values.tolist()
    ([[3], [5]], [2.0, 5.0])
    """
    keys = _mixed(bits)
    order = np.argsort(keys)
    bits, keys = bits[order], keys[order]
    same, alike = keys[1:] == keys[:-1], (bits[1:] == bits[:-1]).all(1)
    if (same & ~alike).any():  # two coalitions of one key
        order = order[np.lexsort(bits.T)]
        bits = bits[np.lexsort(bits.T)]
        alike = (bits[1:] == bits[:-1]).all(1)
    starts = np.flatnonzero(np.concatenate([[True], ~alike]))
    return bits[starts], np.add.reduceat(values[order], starts)


def _mixed(bits: np.ndarray) -> np.ndarray:
    """A number for every coalition: itself if it is one word, else one that others hardly have."""
    if bits.shape[1] == 1:
        return bits[:, 0]
    keys = np.zeros(len(bits), dtype=np.uint64)
    for word in bits.T:
        keys = (keys ^ word) * ODD
        keys ^= keys >> np.uint64(32)
    return keys


def _count(terms: Terms, order: int | None) -> int:
    """How many dividends all terms have, each with those of others counted again."""
    pairs, times = np.unique(np.stack(_sizes(terms)), axis=1, return_counts=True)
    return sum(
        int(time) * sum(comb(int(b), t) for t in range(_most(int(a), int(b), order) + 1))
        for (a, b), time in zip(pairs.T, times, strict=True)
    )


def _sizes(terms: Terms) -> tuple[np.ndarray, np.ndarray]:
    return np.bitwise_count(terms.present).astype(np.int64), np.bitwise_count(terms.absent).astype(np.int64)


def _most(a: int, b: int, order: int | None) -> int:
    """How many of b players may join a of them."""
    return b if order is None else min(b, order - a)


def _require_few(what: str, rows: int, limit: int) -> None:
    if rows > limit:
        paying = f"pass {setting('limit', rows)} to have them all, or " if rows <= PAYABLE else ""
        raise ValueError(
            f"{what.format(count(rows))}, above the limit of {count(limit)}; {paying}take "
            f"{setting('order', 2)}, or fewer baselines; Shapley values need none of them"
        )


def _expanded(terms: Terms, words: int, order: int | None) -> Iterator[Table]:
    """Coalitions A ∪ T and their values, for terms of the same |A| and |B| together, some at a time."""
    a, b = _sizes(terms)
    groups = np.unique(np.stack([a, b]), axis=1).T
    for size_a, size_b in groups.tolist():
        rows = np.flatnonzero((a == size_a) & (b == size_b))
        present, absent = (
            _players(terms, part, rows, size) for part, size in (("present", size_a), ("absent", size_b))
        )
        for size in range(_most(size_a, size_b, order) + 1):
            chosen = np.array(list(combinations(range(size_b), size)), dtype=np.int64).reshape(comb(size_b, size), size)
            step = max(1, AT_ONCE // (len(chosen) * words))
            for start in range(0, len(rows), step):
                some = slice(start, start + step)
                joined = np.concatenate(
                    [np.repeat(present[some, None], len(chosen), 1), absent[some][:, chosen]], axis=2
                )
                values = np.repeat((-1) ** size * terms.weight[rows[some]], len(chosen))
                yield _bits(joined.reshape(len(values), -1), words), values


def _players(terms: Terms, part: str, rows: np.ndarray, size: int) -> np.ndarray:
    """The players at the places of some terms, all of which have so many. Shape ``(rows, size)``."""
    places = getattr(terms, part)[rows]
    there = places[:, None] >> np.arange(terms.members.shape[1], dtype=places.dtype) & places.dtype.type(1)
    return terms.members[terms.leaf[rows]][there.astype(bool)].reshape(len(rows), size)


def _bits(players: np.ndarray, words: int) -> np.ndarray:
    """Coalitions of the same size as bitsets. Shape ``(m, size)`` → ``(m, words)``."""
    bits = np.zeros((len(players), words), dtype=np.uint64)
    every = np.arange(len(players))
    for column in players.T:
        bits[every, column // WORD] |= ONE << (column % WORD).astype(np.uint64)
    return bits


def _effects(game: Game, leaves: Leaves, coalitions: Coalitions | None, values: np.ndarray) -> Effects:
    """The dividends of some coalitions, or of all 2ⁿ, and what they leave of f(x) − f(b)."""
    top = float(game(np.ones((1, game.n)))[0])
    return Effects(
        torch.from_numpy(values),
        names=game.names,
        coalitions=coalitions,
        noise=leaves.noise,
        remainder=torch.tensor(top - values.sum(), dtype=torch.float64),
        evaluation=leaves.how,
    )


def _those_with_one(bits: np.ndarray, values: np.ndarray, n: int) -> tuple[Coalitions, np.ndarray]:
    """The coalitions whose dividend is not 0, and the empty one, by size and then by the players in them."""
    sizes = np.bitwise_count(bits).sum(1, dtype=np.int64)
    order = np.lexsort((*bits.T, sizes))
    order = order[(values[order] != 0) | (sizes[order] == 0)]
    return Coalitions(bits[order], n), values[order]
