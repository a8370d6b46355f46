"""A fitted model read as a sum of trees."""

from __future__ import annotations

from typing import Any

from decompositions.arguments import shown
from decompositions.trees.model import TreeModel

SUPPORTED = (
    "scikit-learn's decision trees, random forests, extra trees, gradient boosting and histogram gradient boosting, "
    "XGBoost and LightGBM"
)


def read(model: Any, target: Any) -> TreeModel:
    """The trees of a model, and its own output that they add up to.

    The library of the model is loaded already, by whoever has one.

    Args:
        model: fitted.
        target: a class or an output, by its number; a class by its name, too. None where there is one output.

    Raises:
        TypeError: no model of trees, or one whose output is no sum of them.
        ValueError, LookupError: it is not fitted, or has no such target.
    """
    homes = {each.__module__.partition(".")[0] for each in type(model).__mro__}
    if "xgboost" in homes:
        from decompositions.trees.of_xgboost import read_xgboost

        return read_xgboost(model, target)
    if "lightgbm" in homes:
        from decompositions.trees.of_lightgbm import read_lightgbm

        return read_lightgbm(model, target)
    if "sklearn" in homes:
        from decompositions.trees.of_scikit_learn import read_scikit_learn

        found = read_scikit_learn(model, target)
        if found is not None:
            return found
    if callable(model) and getattr(model, "__self__", None) is not None:
        raise TypeError(f"from_trees() reads the model itself, not its method {shown(model)}; give the object")
    raise TypeError(
        f"a sum of trees is read from {SUPPORTED}, not from {shown(model)}; ask any other model by "
        "Game.from_model(model.predict, x, background)"
    )
