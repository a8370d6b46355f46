"""Taylor effects: the power series of g at the baseline, exact or from jets by the kind of game."""

from __future__ import annotations

from dataclasses import replace

import torch

from decompositions.arguments import whole
from decompositions.arithmetic import Array
from decompositions.degrees import some_corners
from decompositions.dividends.harsanyi import harsanyi
from decompositions.dividends.harsanyi import price as harsanyi_price
from decompositions.effects.effects import TABLE, Effects
from decompositions.effects.series import Series
from decompositions.evaluation.cost import LIMIT, as_limit, with_progress
from decompositions.games.cube import AbstractCube
from decompositions.games.function_cube import FunctionCube
from decompositions.games.game import Game, require_game
from decompositions.games.table_cube import TableCube
from decompositions.series.jets.series import function_series
from decompositions.series.jets.series import price as jets_price
from decompositions.series.terms.power_series import PowerSeries

CORNERS = 256  # at which two functions are compared
GAPS = {True: 2**6, False: 2**13}  # coalitions of exact and of numerical games whose dividends are always compared


def taylor(game: Game, degree: int | None = None, *, smooth: float | None = None, limit: int = LIMIT) -> Effects:
    r"""The Taylor effects of a game: the coefficients of the power series of g at t = 0.

    .. math:: g(t) = \sum_\kappa \text{effect}(\kappa)\, t^\kappa, \qquad
              \text{effect}(\kappa) = \frac{\partial^\kappa f(b)}{\kappa!} (x - b)^\kappa

    Summed over the degree vectors of one support they are the Harsanyi dividend of that coalition.

    Those of an expression are exact. Those of a network are computed in float64 from its jets along lines;
    ``effects.noise`` is their error, seen along other lines. A series that is cut off says how far it reaches
    (``effects.radius``, ``effects.note``), and by how much its sums miss the dividends (``effects.gaps``).

    Args:
        game: of an expression of elementary functions that are regular at the baseline, or of a network without a kink
            between b and x. Of an expression with kinks (Abs, relu, Max, Min, Piecewise) it is the branch at b that is
            expanded: ``effects.radius`` and ``effects.note`` say how far that one holds.
        degree: the largest total degree that is kept; the others add up to ``effects.remainder``, if the series reaches
            x at all. None keeps all terms of a polynomial.
        smooth: β, to round off a network's kinks on the scale 1/β first. These are the effects of another function:
            ``effects.distance`` says how far from the network it is.
        limit: model calls above which the work is refused; a line of degree K counts as K + 1.

    Raises:
        ValueError: a negative degree, no degree where the series does not end, a singular point, a kink, an operation
            without a rule, a table of values, or too many calls.

    Reference: neidinger2019multivariate

    Theory: :ref:`taylor-effects`.

    >>> effects = taylor(Game.from_expression("2*x1*x2 + x1**2", {"x1": 1, "x2": 3}))
    >>> effects.to_dict()
    {(0, 0): 0, (2, 0): 1, (1, 1): 6}
    """
    require_game(game, "taylor()")
    limit = as_limit(limit)
    if degree is not None:
        degree = whole(degree, "degree is the largest total degree to keep", 0)
    distance = 0.0
    if smooth is not None:
        softened = game.softened(smooth)
        distance, game = _distance(game, softened), softened
    series, paid = with_progress(game, 0, "Taylor effects", lambda g: _series(g.cube, degree, limit))
    effects = Effects(
        series.coefficients,
        names=game.names,
        basis="taylor",
        degrees=series.degrees,
        noise=series.noise,
        remainder=series.remainder,
        truncated=series.truncated,
        calls=paid,
    )
    return replace(effects, series=Series(series.radius, series.note, distance, _gaps(game, effects)))


def price(game: Game, degree: int | None = None) -> int:
    """The model calls of :func:`taylor`; of a network it follows a few lines, and pays for these.

    Raises:
        ValueError: there is no such series.
    """
    require_game(game, "price()")
    compared = harsanyi_price(game)
    compared = 0 if game.n > TABLE or compared > GAPS[not game.cube.precision] else compared
    if isinstance(game.cube, FunctionCube):
        return jets_price(game.cube, degree) + compared
    if isinstance(game.cube, TableCube):
        game.cube.refuse("a Taylor series")
    return compared


def _series(cube: AbstractCube, degree: int | None, limit: int) -> PowerSeries:
    """That of an expression is exact, that of a torch function follows from its jets, and a table has none."""
    if isinstance(cube, FunctionCube):
        return function_series(cube, degree, limit)
    if isinstance(cube, TableCube):
        cube.refuse("a Taylor series")
    from decompositions.games.expression_cube import ExpressionCube  # SymPy is loaded only where it is used
    from decompositions.series.exact.series import expression_series

    if not isinstance(cube, ExpressionCube):
        raise TypeError(f"no Taylor series is known of a {type(cube).__name__}")
    return expression_series(cube, degree, limit)


def _distance(game: Game, softened: Game) -> float:
    """The largest difference of two games over the corners, or over some hundred of them."""
    generator = torch.Generator().manual_seed(0)
    corners = some_corners(game.n, CORNERS, generator)
    ends = torch.stack([torch.zeros_like(corners[0]), torch.ones_like(corners[0])])
    points = torch.cat([ends, corners]).numpy()
    return float(abs(game(points) - softened(points)).max())


def _gaps(game: Game, effects: Effects) -> Array | None:
    """Σ of the Taylor effects of each coalition less its dividend; None where the players or dividends are too many."""
    if game.n > TABLE:
        return None
    count = 2 ** len(game.cube.active())
    if count * game.cube.calls_per_point > GAPS[effects.exact]:
        return None
    exactly = replace(game, cube=game.cube.double()) if isinstance(game.cube, FunctionCube) else game
    try:
        return effects.by_support().values - harsanyi(exactly).values
    except ValueError:  # f has no finite value at a corner: there is no dividend to compare with
        return None
