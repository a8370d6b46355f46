"""The dividends of a polynomial of many players: those of its terms, and none of size 2ⁿ."""

from __future__ import annotations

from decompositions.effects.effects import Effects
from decompositions.games.function_cube import FunctionCube
from decompositions.games.game import Game

FEW = 20  # players up to whom the corners are evaluated, whatever the function is


def dividends(game: Game, limit: int) -> Effects | None:
    r"""J(S), the sum of the terms whose players are S, of an expression of more than 20 players that is a polynomial.

    .. math:: g(t) = \sum_\kappa c_\kappa t^\kappa, \qquad J(S) = \sum_{\operatorname{supp} \kappa = S} c_\kappa

    Args:
        game: the question.
        limit: terms above which the work is refused.

    Returns:
        None for another game.

    Raises:
        ValueError: too many terms.

    >>> terms = " + ".join(f"x{i}*x{i + 1}**2" for i in range(30))
    >>> found = dividends(Game.from_expression(terms, {f"x{i}": 2 for i in range(31)}), 100)
    >>> len(found), found[29, 30]
    (31, 8)
    """
    if game.n <= FEW or isinstance(game.cube, FunctionCube):
        return None
    from decompositions.games.expression_cube import ExpressionCube  # SymPy is loaded only where it is used
    from decompositions.series.exact.series import expression_series

    if not isinstance(game.cube, ExpressionCube) or not game.cube.is_polynomial or len(game.cube.active()) <= FEW:
        return None
    series = expression_series(game.cube, None, limit)
    terms = Effects(series.coefficients, names=game.names, basis="taylor", degrees=series.degrees)
    return terms.by_support()
