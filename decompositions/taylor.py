"""Taylor effects: the power series of g at the baseline."""

from __future__ import annotations

from decompositions.effects import Effects
from decompositions.game import Game


def taylor(game: Game, degree: int | None = None) -> Effects:
    r"""The Taylor effects of a game: the coefficients of the power series of g at t = 0.

    .. math:: g(t) = \sum_\kappa \text{effect}(\kappa)\, t^\kappa, \qquad
              \text{effect}(\kappa) = \frac{\partial^\kappa f(b)}{\kappa!} (x - b)^\kappa

    Summed over the degree vectors of one support they are the Harsanyi dividend of that coalition.

    Args:
        game: of an expression of elementary functions that are regular at the baseline; its effects are exact.
        degree: the largest total degree that is kept; the others add up to ``effects.remainder``, if the series reaches
            x at all. None keeps all terms of a polynomial.

    Raises:
        ValueError: a negative degree, no degree where the series does not end, a singular point, or a game whose series
            is not known (a network, a table).

    >>> effects = taylor(Game.from_expression("2*x1*x2 + x1**2", {"x1": 1, "x2": 3}))
    >>> effects.to_dict()
    {(0, 0): 0, (2, 0): 1, (1, 1): 6}
    """
    if degree is not None and degree < 0:
        raise ValueError(f"the degree is the largest total degree to keep, at least 0, not {degree}")
    degrees, values, remainder, truncated = game.cube.series(degree)
    return Effects(values, game.names, "taylor", degrees, 0.0, remainder, truncated)
