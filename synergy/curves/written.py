"""Curves as a person writes them: a function of the parameter that gives every player's position."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import torch

from decompositions.arguments import shown
from decompositions.arithmetic import Array, is_exact, rationals, stack
from synergy.curves.curve import AbstractCurve, require_count

RULE = "a curve is a function from s in [0, 1] to one position for every player, as in lambda s: (s, s**2)"
PLACES = 1024  # steps in which the way is looked at
NEAR = 1e-9  # how far a curve in floats may be from its ends, and go back
FLOATS = (
    "it is no polynomial with whole numbers and Fractions as coefficients, and exact numbers have no others; write it "
    "with these, or build the game in floats, with Game.from_function(sympy.lambdify(…), …)"
)


@dataclass(frozen=True)
class PolynomialCurve(AbstractCurve):
    r""":math:`\gamma_i(s) = \sum_k c_{ik} s^k` with rational coefficients.

    Args:
        coefficients: c, one tuple for each player, the constant first.
    """

    coefficients: tuple[tuple[Fraction, ...], ...]

    @property
    def degree(self) -> int | None:
        return max(1, *(len(row) - 1 for row in self.coefficients))

    def positions(self, s: Array) -> Array:
        return stack([_horner(row, s) for row in self.coefficients], -1)

    def velocities(self, s: Array) -> Array:
        slopes = [tuple(k * c for k, c in enumerate(row))[1:] or (Fraction(0),) for row in self.coefficients]
        return stack([_horner(row, s) for row in slopes], -1)

    def require(self, n: int) -> None:
        require_count(len(self.coefficients), n, "the game has")

    def __repr__(self) -> str:
        return f"({', '.join(_text(row) for row in self.coefficients)})"


@dataclass(frozen=True)
class WrittenCurve(AbstractCurve):
    """A curve of torch operations, each number for itself.

    Args:
        call: s ``(batch,)`` → one tensor ``(batch,)``, or number, for each of n players.
        players: n.
    """

    call: Callable[[Any], Sequence[Any]]
    players: int

    @property
    def degree(self) -> int | None:
        return None

    def positions(self, s: Array) -> Array:
        if is_exact(s):
            raise ValueError(f"the curve {self!r} has no exact positions: {FLOATS}")
        with torch.no_grad():
            return self._at(s.reshape(-1)).reshape(*s.shape, self.players)

    def velocities(self, s: Array) -> Array:
        with torch.enable_grad():
            leaf = s.detach().reshape(-1).clone().requires_grad_()
            places = self._at(leaf).unbind(-1)
            slopes = [_slope(place, leaf) for place in places]
        return torch.stack(slopes, -1).reshape(*s.shape, self.players)

    def _at(self, s: torch.Tensor) -> torch.Tensor:
        return torch.stack([torch.as_tensor(each).to(s).expand(s.shape) for each in self.call(s)], -1)

    def require(self, n: int) -> None:
        require_count(self.players, n, "the game has")

    def __repr__(self) -> str:
        return getattr(self.call, "__name__", type(self.call).__name__)


def curve_of(given: Any, monotone: bool = True) -> AbstractCurve:
    """A curve from what a person writes, looked at.

    A polynomial with whole numbers and Fractions as coefficients is found to be one, and is exact.

    Args:
        given: a curve, or a function of s.
        monotone: whether one that goes back is refused.

    Raises:
        TypeError: no function, or one that gives no positions.
        ValueError: a curve that does not start at the baseline, does not end at x, or goes back.

    >>> curve_of(lambda s: (s, 1 - (1 - s) ** 2))
    (s, 2s − s²)
    """
    if not isinstance(given, AbstractCurve):
        if not callable(given):
            raise TypeError(f"{RULE}, not {shown(given)}")
        given = _polynomial(given) or _written(given)
    _require_way(given, monotone)
    return given


def _polynomial(call: Callable[[Any], Any]) -> PolynomialCurve | None:
    """The same function applied to a polynomial with exact coefficients; None where it gives others."""
    s = np.polynomial.Polynomial([Fraction(0), Fraction(1)])
    try:
        rows = [_coefficients(each) for each in call(s)]
    except Exception:  # whatever functions of tensors raise of a polynomial: then it is one of these
        return None
    known = [tuple(row) for row in rows if row is not None]
    return PolynomialCurve(tuple(known)) if known and len(known) == len(rows) else None


def _coefficients(given: Any) -> list[Fraction] | None:
    numbers = given.coef.tolist() if isinstance(given, np.polynomial.Polynomial) else [given]
    if not all(isinstance(each, (int, Fraction)) and not isinstance(each, bool) for each in numbers):
        return None
    return [Fraction(each) for each in numbers]


def _written(call: Callable[[Any], Any]) -> WrittenCurve:
    """A curve of torch operations.

    Raises:
        TypeError: it gives no positions.
    """
    s = torch.linspace(0, 1, PLACES + 1, dtype=torch.float64)
    try:
        places = list(call(s))
        curve = WrittenCurve(call, len(places))
        if places:
            curve.positions(s)
    except Exception as error:  # whatever a person's function raises
        said = (str(error).splitlines() or [""])[0]
        raise TypeError(
            f"{RULE}; of torch.linspace(0, 1, {PLACES + 1}) {shown(call)} gives {type(error).__name__}: {said}"
        ) from error
    if not places:
        raise TypeError(f"{RULE}; this one gives no positions")
    return curve


def _require_way(curve: AbstractCurve, monotone: bool) -> None:
    """Refuse a curve that is no way from b to x, or that goes back on it.

    Raises:
        ValueError: names the first player that does.
    """
    s = torch.linspace(0, 1, PLACES + 1, dtype=torch.float64)
    places = curve.positions(s)
    if not torch.isfinite(places).all():
        raise ValueError(f"a curve has finite positions everywhere, and {curve!r} has others; s runs from 0 to 1")
    for place, wanted, what in ((places[0], 0, "starts at b: 0 for every player at s = 0"), (places[-1], 1, ENDS)):
        wrong = (abs(place - wanted) > NEAR).nonzero().flatten().tolist()
        if wrong:
            raise ValueError(
                f"a path {what}; player {wrong[0]} is at {float(place[wrong[0]]):.12g}; scale its position, as in "
                "(γ(s) − γ(0)) / (γ(1) − γ(0)), or take another x or baseline"
            )
    back = (places.diff(dim=0) < -NEAR).nonzero().tolist()
    if monotone and back:
        step, player = back[0]
        before, after = (float(places[step + k, player]) for k in (0, 1))
        raise ValueError(
            f"a path goes from b to x without turning back; player {player} goes from {before:.6g} at s = "
            f"{step / PLACES:.4g} to {after:.6g}; write a position that never falls, or say monotone=False to have it "
            "all the same"
        )


ENDS = "ends at x: 1 for every player at s = 1"


def _horner(row: Sequence[Fraction], s: Array) -> Array:
    numbers = rationals(list(row), s)
    total = s * 0
    for number in reversed(list(numbers)):
        total = total * s + number
    return total


def _slope(places: torch.Tensor, s: torch.Tensor) -> torch.Tensor:
    if not places.requires_grad:
        return torch.zeros_like(s)
    (found,) = torch.autograd.grad(places.sum(), s, retain_graph=True, allow_unused=True)
    return torch.zeros_like(s) if found is None else found


def _text(row: Sequence[Fraction]) -> str:
    """A polynomial as a person writes it."""
    text = ""
    for power, number in enumerate(row):
        if number:
            sign = "−" if number < 0 else "+"
            size = "" if abs(number) == 1 and power else str(abs(number))
            letter = "" if not power else "s" + str(power).translate(RAISED) * (power > 1)
            text += f" {sign} {size}{letter}"
    return text.removeprefix(" + ").replace(" − ", "−", 1) if text.startswith(" −") else text.removeprefix(" + ") or "0"


RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
