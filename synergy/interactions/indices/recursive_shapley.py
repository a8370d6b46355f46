"""Recursive Shapley: the Shapley value of the Shapley value, and so on."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, product
from math import comb

from decompositions import degrees
from decompositions.arithmetic import Array
from decompositions.games.game import Game
from decompositions.mobius import table_size
from synergy.interaction_index import AbstractIndex, register
from synergy.methods.shapley import Shapley


@register
class RecursiveShapley(AbstractIndex):
    r"""The Shapley value taken k times, each time of the game that the one before gives on all coalitions.

    .. math:: I(T) = \sum_{\{i_1, \dots, i_k\} = T} \text{Shap}_{i_k} \circ \dots \circ \text{Shap}_{i_1}(v), \qquad
              w(T, S) = \frac{\text{surj}(k, t)}{s^k}

    with surj(k, t) the number of maps of k things onto t. Effects of few players leak to smaller sets, too: of a pair
    for k = 2 one half is the pair's, and one quarter each player's.
    """

    name = "RS"
    title = "Recursive Shapley"
    formula = "surj(k, t)/s^k"
    reference = "lundstrom2023distributing"

    def weight(self, t: int, s: int, order: int) -> Fraction:
        return Fraction(sum((-1) ** j * comb(t, j) * (t - j) ** order for j in range(t + 1)), s**order)

    def definition(self, values: Array, order: int) -> dict[int, Array]:
        n = table_size(len(values))
        corners = degrees.bits(0, 2**n, n)
        tables = values[None]  # one for every tuple of players
        for _ in range(order):
            given = Shapley().attribute(Game.from_values(tables), corners)
            tables = given.swapaxes(-1, -2).reshape(-1, 2**n)
        players = list(product(range(n), repeat=order))
        sets = [degrees.mask(T) for t in range(1, order + 1) for T in combinations(range(n), t)]
        return {T: sum(tables[row, -1] for row, i in enumerate(players) if degrees.mask(i) == T) for T in sets}
