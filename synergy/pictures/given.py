"""What is handed to a picture of an input: one number for each player, from whatever result holds them."""

from __future__ import annotations

from typing import Any

import numpy as np

from decompositions.arguments import shown
from decompositions.arithmetic import as_array, to_float
from decompositions.effects.effects import Effects
from synergy.allocation.allocation import Allocation
from synergy.comparison.comparison import Comparison
from synergy.comparison.result import Result
from synergy.estimate import Estimate
from synergy.estimation.estimation import Estimation
from synergy.method import METHODS
from synergy.wording.numbers import fixed, minus
from synergy.wording.view import Picture, Words

PIXELS = 1600  # of a picture's longer side: what is printed
RULE = "a picture of an input shows one number for each of its players"


def numbers(given: Any, n: int) -> np.ndarray:
    """The attributions of n players as floats. Shape ``(n,)``.

    Args:
        given: a result of a comparison, an allocation, an estimate, or the numbers themselves.
        n: the number of players that the input is shown with.

    Raises:
        ValueError: another number of players, or a method that does not apply.
        TypeError: no numbers.
    """
    values = to_float(as_array(values_of(given)))
    if values.shape != (n,):
        raise ValueError(f"{RULE}: the input is shown with {n}, and the result is of shape {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError(f"{RULE}, and {int((~np.isfinite(values)).sum())} of these are not finite")
    return values


def values_of(given: Any) -> Any:
    """The numbers in a result, in its own number system; whatever is no result is itself.

    Raises:
        ValueError: a method that does not apply.
        TypeError: several methods, or effects.
    """
    if isinstance(given, Comparison):
        raise TypeError(
            f"{RULE}, and a comparison has several: take one, comparison['{given.results[0].name}'], or draw all with "
            "side_by_side(comparison, view)"
        )
    if isinstance(given, Effects):
        raise TypeError(f"{RULE}, and effects are of coalitions: share them out with allocate(effects, policy)")
    if isinstance(given, Result) and given.attribution is None:
        raise ValueError(f"{given.heading} gives nothing to show: {given.note}")
    if isinstance(given, (Result, Allocation)):
        return given.attribution
    return given.values if isinstance(given, (Estimate, Estimation)) else given


def written(values: np.ndarray, largest: float) -> list[str]:
    """The numbers as they stand on a picture: with as many decimals as the largest one of the scale needs.

    >>> written(np.array([-0.5, 0.25]), 0.5), written(np.array([-2.3e-7, 0.0]), 1e-6)
    (['−0.500', '+0.250'], ['−2.3e−7', '0'])
    """
    return [minus(fixed(value, largest)) for value in values.tolist()]


def heading(given: Any) -> str:
    """What texts call the method behind a result; nothing where only numbers are known."""
    if isinstance(given, Result):
        return given.heading
    if isinstance(given, Allocation):
        return title_of(given)
    return given.index if isinstance(given, Estimation) else ""


def title_of(found: Allocation) -> str:
    """What texts call the method that an allocation was measured of; of a policy its formula."""
    known = METHODS.get(found.source)
    return found.source if known is None else known.title or found.source


def unit_of(given: Any, unit: str) -> str:
    """In which unit attributions are: that of f, but for methods with one of their own."""
    return "in a unit of its own" if isinstance(given, Result) and given.own_unit else f"in units of {unit}"


def picture_of(view: Any) -> Picture:
    """The picture that a view is; of one that is larger than what is printed, every second or k-th pixel.

    Raises:
        TypeError: it is none.
    """
    if not isinstance(view, Picture):
        raise TypeError(
            f"view is the Picture behind the players, as load(…).view or Picture(image, regions), not {shown(view)}"
        )
    step = -(-max(view.regions.shape) // PIXELS)
    return view if step == 1 else Picture(view.image[::step, ::step], view.regions[::step, ::step])


def players_of(view: Picture) -> int:
    """How many players a picture has."""
    return int(view.regions.max()) + 1


def words_of(view: Any) -> tuple[str, ...]:
    """The words of a view, or of a list of them.

    Raises:
        TypeError: no words.
    """
    if isinstance(view, Words):
        return view.words
    if isinstance(view, (list, tuple)) and all(isinstance(word, str) for word in view):
        return tuple(view)
    raise TypeError(f"view is the Words behind the players, as load(…).view, or a list of texts, not {shown(view)}")
