"""Boosting of XGBoost."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import xgboost

from decompositions.trees.ensemble import Tree, ensemble
from decompositions.trees.margins import output_of_boosting, unnamed
from decompositions.trees.model import TreeModel, numbers

LOGIT = ("binary:logistic", "reg:logistic")
LOG = ("count:poisson", "reg:gamma", "reg:tweedie", "survival:cox", "survival:aft")


def read_xgboost(model: Any, target: Any) -> TreeModel:
    """The trees of a Booster or of a model in scikit-learn's interface, in the margins.

    A number of trees that stopped early is the number that the model itself predicts with.

    Raises:
        NotFittedError: it is not fitted.
        TypeError, ValueError, LookupError: as :func:`decompositions.trees.reading.read`.
    """
    booster, predict, missing = _parts(model)
    learner = json.loads(bytes(booster.save_raw("json")))["learner"]
    trees = _trees(learner["gradient_booster"])
    facts = learner["learner_model_param"]
    outputs = max(1, int(facts["num_class"]), int(facts.get("num_target", 1)))
    place, sign, output = output_of_boosting(model, outputs, target, "margin")
    read = [_tree(tree, sign * factor) for tree, factor, group in trees if group == place]
    scores = np.atleast_1d(json.loads(facts["base_score"])).astype(np.float32)  # one, or one per output
    offset = _margin(float(scores[place % len(scores)]), learner["objective"]["name"])
    names = booster.feature_names
    return TreeModel(
        ensemble(read, int(facts["num_feature"]), sign * offset, single=True),
        _signed(unnamed(predict, place), sign),
        _encode(missing, _taught(learner)),
        None if names is None else tuple(names),
        output,
    )


def _parts(model: Any) -> tuple[Any, Callable[[Any], Any], float]:
    """The booster, the margins of rows, and the cell that is a missing one."""
    if isinstance(model, xgboost.Booster):

        def margins(rows: Any) -> Any:
            names = None if hasattr(rows, "columns") else model.feature_names
            kinds = None if hasattr(rows, "columns") else model.feature_types
            data = xgboost.DMatrix(rows, feature_names=names, feature_types=kinds, enable_categorical=True)
            return model.predict(data, output_margin=True)

        return model, margins, np.nan
    if not isinstance(model, xgboost.XGBModel):
        raise TypeError(
            f"of XGBoost a Booster or a model in scikit-learn's interface is read, not {type(model).__name__}"
        )
    booster, best = model.get_booster(), getattr(model, "best_iteration", None)
    booster = booster if best is None else booster[: best + 1]
    return booster, lambda rows: model.predict(rows, output_margin=True), float(model.missing)


def _trees(boosting: dict[str, Any]) -> list[tuple[dict[str, Any], float, int]]:
    """The trees as they are stored, with a factor, 1 or what is left where trees were dropped, and their output."""
    if boosting["name"] not in ("gbtree", "dart"):
        raise TypeError(
            f"this model is a {boosting['name']}, which has no trees; "
            "ask by Game.from_model(model.predict, x, background)"
        )
    stored = boosting["model"] if boosting["name"] == "gbtree" else boosting["gbtree"]["model"]
    trees = stored["trees"]
    if any(int(tree["tree_param"].get("size_leaf_vector", 1)) > 1 for tree in trees):
        raise TypeError(
            "leaves that hold one number per output are not read; fit with multi_strategy='one_output_per_tree'"
        )
    return list(zip(trees, boosting.get("weight_drop", [1.0] * len(trees)), stored["tree_info"], strict=True))


def _tree(tree: dict[str, Any], factor: float) -> Tree:
    conditions = np.array(tree["split_conditions"], dtype=np.float32)
    parts = (tree.get(f"categories_{part}", []) for part in ("nodes", "segments", "sizes"))
    right = {node: tree["categories"][start : start + size] for node, start, size in zip(*parts, strict=True)}
    return Tree(
        np.array(tree["split_indices"]),
        np.nextafter(conditions, np.float32(-np.inf)).astype(np.float64),  # x < t is x ≤ the number before t
        np.array(tree["left_children"]),
        np.array(tree["right_children"]),
        np.array(tree["default_left"]),
        factor * conditions.astype(np.float64),
        categories={node: (codes, False) for node, codes in right.items()},
    )


def _margin(score: float, objective: str) -> float:
    """The start in the margins, which is stored as a prediction."""
    if objective in LOGIT:
        return float(-np.log(1 / score - 1))
    return float(np.log(score)) if objective in LOG else score


def _signed(call: Callable[[Any], np.ndarray], sign: int) -> Callable[[Any], np.ndarray]:
    return call if sign == 1 else lambda rows: -call(rows)


def _taught(learner: dict[str, Any]) -> dict[str, list[Any]]:
    """The categories of columns by their names; of versions before 3.1, which do not keep them, none."""
    model = learner["gradient_booster"].get("model") or learner["gradient_booster"]["gbtree"]["model"]
    stored = model.get("cats", {}).get("enc", [])
    return {
        name: _categories(each) for name, each in zip(learner["feature_names"], stored, strict=False) if each["values"]
    }


def _categories(stored: dict[str, Any]) -> list[Any]:
    """Numbers as they are, texts from their bytes, which lie one behind the other."""
    if "offsets" not in stored:
        return list(stored["values"])
    text, ends = bytes(stored["values"]), stored["offsets"]
    return [text[start:stop].decode() for start, stop in pairwise(ends)]


def _encode(missing: float, taught: dict[str, list[Any]]) -> Callable[[Any], np.ndarray]:
    def encoded(rows: Any) -> np.ndarray:
        cells = numbers(rows, taught)
        return cells if np.isnan(missing) else np.where(cells.astype(np.float32) == np.float32(missing), np.nan, cells)

    return encoded
