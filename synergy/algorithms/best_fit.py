"""The game of at most k players' effects that is nearest to a game: weighted least squares, exact for exact values."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import combinations
from math import comb

import numpy as np

from decompositions import degrees
from decompositions.arithmetic import Array, is_exact
from decompositions.mobius import table_size


def best_fit(
    values: Array, order: int, basis: Callable[[int, int], Fraction], kernel: Callable[[int, int], Fraction | None]
) -> dict[int, Array]:
    r"""The coefficients of a weighted least-squares fit.

    .. math:: \min_c \sum_S \mu(|S|) \Bigl( v(S) - \sum_{|T| \le k} \beta(|T|, |S \cap T|)\, c_T \Bigr)^2

    Args:
        values: v, position = bitmask. Shape ``(2**n,)``.
        order: k.
        basis: β, what T adds to the fit at an S that holds so many of its players.
        kernel: μ by the sizes of S and N; None where the fit must be exact.

    Returns:
        Bitmask → c_T, of all T of 0 to k players.
    """
    n = table_size(values.shape[-1])
    sets = [degrees.mask(players) for t in range(order + 1) for players in combinations(range(n), t)]
    design = np.array([[basis(T.bit_count(), (S & T).bit_count()) for T in sets] for S in range(2**n)], dtype=object)
    weights = [kernel(S.bit_count(), n) for S in range(2**n)]
    fixed = [S for S in range(2**n) if weights[S] is None]
    weighted = design.T * np.array([Fraction(0) if w is None else w for w in weights], dtype=object)
    lagrange = np.full((len(fixed), len(fixed)), Fraction(0), dtype=object)
    matrix = np.block([[weighted @ design, design[fixed].T], [design[fixed], lagrange]])
    exactly = values if is_exact(values) else np.array([Fraction(value) for value in values.tolist()], dtype=object)
    right = np.concatenate([weighted @ exactly, exactly[fixed]])
    return dict(zip(sets, solved(matrix, right), strict=False))


def subsets(t: int, held: int) -> Fraction:
    """1 where all of T is there, else 0: the unanimity games."""
    return Fraction(held == t)


def shapley_kernel(s: int, n: int) -> Fraction | None:
    """(n−1) / (C(n, s) s (n−s)), and infinite at ∅ and N."""
    return None if s in (0, n) else Fraction(n - 1, comb(n, s) * s * (n - s))


def solved(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The solution of a regular system in exact numbers, by elimination. Shape ``(m, m)``, ``(m,)`` → ``(m,)``.

    >>> solved(np.array([[Fraction(2), Fraction(1)], [Fraction(1), Fraction(1)]]), np.array([Fraction(3), Fraction(2)]))
    array([Fraction(1, 1), Fraction(1, 1)], dtype=object)
    """
    table = np.concatenate([matrix, right[:, None]], 1)
    for column in range(len(matrix)):
        pivot = next(row for row in range(column, len(table)) if table[row, column])
        table[[column, pivot]] = table[[pivot, column]]
        table[column] = table[column] / table[column, column]
        for row in range(len(table)):
            if row != column and table[row, column]:
                table[row] = table[row] - table[row, column] * table[column]
    return table[:, -1]
