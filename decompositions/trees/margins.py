"""What models of scikit-learn's interface give: the margins, whose sum of trees it is, and the columns they know."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from decompositions.arguments import shown, whole
from decompositions.settings import setting
from decompositions.trees.model import place_of, require_place

NAMES = "X (does not have valid|has) feature names"  # how scikit-learn warns; the columns are compared before
LOGARITHMIC = ("poisson", "gamma")  # losses of which a prediction is the exponential of the margin


class Margin(NamedTuple):
    """A margin of a boosting model.

    Args:
        place: of its trees among those of an iteration.
        sign: −1 where it is the other class of two that the trees add up to.
        call: rows → margins.
        output: what it is, in words.
    """

    place: int
    sign: int
    call: Callable[[Any], np.ndarray]
    output: str


def margin(model: Any, target: Any) -> Margin:
    """The margin of a class, or the prediction before any inverse link.

    A probability is no sum of trees: of two classes the margin is its log-odds, of several the softmax of all margins
    is the probabilities. With two classes, target None is the second.

    Raises:
        TypeError, ValueError, LookupError: no such class.
    """
    if not hasattr(model, "classes_"):
        output_of(target, 1)
        if model.loss in LOGARITHMIC:
            predict = unnamed(model.predict, None)
            return Margin(0, 1, lambda rows: np.log(predict(rows)), "the logarithm of the prediction")
        return Margin(0, 1, unnamed(model.predict, None), "the prediction")
    decide, classes = model.decision_function, model.classes_
    if len(classes) > 2:
        place = require_place(target, classes, "a class")
        return Margin(place, 1, unnamed(decide, place), f"the margin of {classes[place]!s}")
    if place_of(target, classes, "a class") == 0:
        second = unnamed(decide, None)
        return Margin(0, -1, lambda rows: -second(rows), f"the margin of {classes[0]!s}")
    return Margin(0, 1, unnamed(decide, None), f"the margin of {classes[1]!s}")


def output_of_boosting(model: Any, outputs: int, target: Any, what: str) -> tuple[int, int, str]:
    """The output of XGBoost and LightGBM that is asked for: its place, its sign, and what it is in words.

    Args:
        model: which may have classes.
        outputs: trees of an iteration.
        target: what came.
        what: the sum of trees is called.

    Raises:
        TypeError, ValueError, LookupError: no such output.
    """
    classes = getattr(model, "classes_", None)
    if classes is None:
        return output_of(target, outputs), 1, f"the {what}"
    if outputs > 1:
        place = require_place(target, classes, "a class")
        return place, 1, f"the {what} of {classes[place]!s}"
    place_ = place_of(target, classes, "a class")
    return 0, -1 if place_ == 0 else 1, f"the {what} of {classes[1 if place_ is None else place_]!s}"


def output_of(target: Any, count: int) -> int:
    """The number of one of several outputs that are no classes; of a single one it need not be said.

    Raises:
        TypeError, ValueError, LookupError: no such output.
    """
    if count > 1:
        return require_place(target, range(count), "an output")
    if target is not None and (isinstance(target, str) or whole(target, "target is the number of an output")):
        raise LookupError(f"this model has one output, and no {shown(target)}; leave {setting('target')} out")
    return 0


def unnamed(call: Callable[[Any], Any], place: int | None) -> Callable[[Any], np.ndarray]:
    """One column of a model's output; without warnings about names of columns, which are compared elsewhere."""

    def column(rows: Any) -> np.ndarray:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=NAMES)
            found = np.asarray(call(rows))
        return found if found.ndim == 1 else found[:, 0 if place is None else place]

    return column


def names_of(model: Any) -> tuple[str, ...] | None:
    """The columns that a model was fitted with, if they had names."""
    names = getattr(model, "feature_names_in_", None)
    return None if names is None else tuple(map(str, names))
