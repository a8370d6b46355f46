"""Exact Shapley values and pairwise Shapley interactions, by the structure of a game: no sampling, nothing of ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FREQUENCIES = 240  # of the cosine series of log(2 cosh(u/2)); the fit is checked
FIT = 1e-9  # how well, relative to the largest weight's share of the range


@dataclass(frozen=True, eq=False)
class Truth:
    """Exact indices.

    Args:
        shapley: The Shapley values. Shape ``(n,)``.
        pairs: The Shapley interaction index of each pair, 0 on the diagonal. Shape ``(n, n)``.
    """

    shapley: np.ndarray
    pairs: np.ndarray


def members(n: int) -> np.ndarray:
    """Which players each of the 2ⁿ bitmasks holds. Shape ``(2**n, n)``, bool."""
    return (np.arange(1 << n)[:, None] >> np.arange(n) & 1).astype(bool)


def dividends(values: np.ndarray) -> np.ndarray:
    """Harsanyi dividends of all coalitions. Shape ``(2**n,)`` in and out."""
    found = np.array(values, dtype=np.float64)
    for player in range(len(found).bit_length() - 1):
        pair = found.reshape(-1, 2, 1 << player)
        pair[:, 1] -= pair[:, 0]
    return found


def of_table(values: np.ndarray) -> Truth:
    r"""From all 2ⁿ values: :math:`\sum_{S \ni i} J(S)/|S|` and :math:`\sum_{S \ni i,k} J(S)/(|S| - 1)`."""
    n = len(values).bit_length() - 1
    table, found = members(n).astype(np.float64), dividends(values)
    sizes = table.sum(1)
    pairs = table.T @ (table * np.divide(found, sizes - 1, out=np.zeros_like(found), where=sizes > 1)[:, None])
    np.fill_diagonal(pairs, 0)
    return Truth((found / np.maximum(sizes, 1)) @ table, pairs)


def of_parts(n: int, parts: Sequence[tuple[np.ndarray, np.ndarray]]) -> Truth:
    """Of a sum of games of few players each: pairs of the part's players and its table of values."""
    shapley, pairs = np.zeros(n), np.zeros((n, n))
    for players, values in parts:
        part = of_table(values)
        shapley[players] += part.shapley
        pairs[np.ix_(players, players)] += part.pairs
    return Truth(shapley, pairs)


def of_softplus(weights: np.ndarray, biases: np.ndarray, heads: np.ndarray) -> Truth:
    r"""Of :math:`v(z) = \sum_h c_h \log(1 + e^{b_h + w_h \cdot z})`.

    :math:`\log(1 + e^u) = u/2 + \log(2\cosh(u/2))`, and the second, an even function, is a sum of cosines on the range
    of u. Of :math:`e^{i\omega(b + w \cdot z)}` both indices are integrals over p of products over players.

    Args:
        weights: w. Shape ``(h, n)``.
        biases: b. Shape ``(h,)``.
        heads: c. Shape ``(h,)``.
    """
    n = weights.shape[1]
    reach = np.maximum(*(np.abs(biases + np.clip(weights, *ends).sum(1)) for ends in ((0, None), (None, 0))))
    shapley, pairs = heads @ weights / 2, np.zeros((n, n))
    for w, b, head, most in zip(weights, biases, heads, reach, strict=True):
        frequencies, amounts = _cosines(most)
        phases = head * amounts * np.exp(1j * frequencies * b)
        turns = np.exp(1j * frequencies[:, None] * w)  # (frequencies, n): the factor of a player that takes part
        single, double = _integrals(phases, turns)
        shapley, pairs = shapley + single, pairs + double
    return Truth(shapley, pairs)


def _cosines(reach: float) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies and amounts of log(2 cosh(u/2)) for |u| ≤ reach, of period twice as long as the range."""
    frequencies = np.pi * np.arange(FREQUENCIES) / (2 * reach)
    u = reach * np.cos(np.linspace(0, np.pi / 2, 2000))
    wanted = np.logaddexp(u / 2, -u / 2)
    waves = np.cos(frequencies * u[:, None])
    amounts = np.linalg.lstsq(waves, wanted, rcond=1e-14)[0]
    gap = np.abs(waves @ amounts - wanted).max()
    if gap > FIT * max(reach, 1.0):
        raise ArithmeticError(f"the cosine series is off by {gap:.1e}; take more than {FREQUENCIES} frequencies")
    return frequencies, amounts


def _integrals(phases: np.ndarray, turns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both indices of Σ phase·Π turn, the real part: ∫ Π (1 − p + p·turn) over the others times (turn − 1)."""
    n = turns.shape[1]
    nodes, shares = np.polynomial.legendre.leggauss(n // 2 + 1)
    single, double = np.zeros(n), np.zeros((n, n))
    for p, share in zip((nodes + 1) / 2, shares / 2, strict=True):
        factors, steps = 1 + p * (turns - 1), turns - 1
        for i in range(n):
            others = np.delete(np.arange(n), i)
            without, product = _leave_one_out(factors[:, others])
            single[i] += share * (phases * product * steps[:, i]).sum().real
            double[i, others] += share * ((phases * steps[:, i]) @ (without * steps[:, others])).real
    return single, double


def _leave_one_out(factors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The product of each row without each of its factors, and the whole product; nothing is divided by."""
    one = np.ones((len(factors), 1), dtype=factors.dtype)
    before = np.cumprod(np.hstack((one, factors)), axis=1)
    after = np.cumprod(np.hstack((one, factors[:, ::-1])), axis=1)[:, ::-1]
    return before[:, :-1] * after[:, 1:], before[:, -1]
