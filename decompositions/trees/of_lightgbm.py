"""Boosting of LightGBM."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import lightgbm
import numpy as np

from decompositions.trees.ensemble import Tree, ensemble
from decompositions.trees.margins import names_of, output_of_boosting, unnamed
from decompositions.trees.model import TreeModel, numbers

CATEGORICAL, DEFAULT_LEFT, MISSING = 1, 2, 4  # the bits of a decision type; what is missing is above
NONE, ZERO = 0, 1  # missing: nothing (NaN is 0), zero and NaN; or, 2, NaN
SMALLEST = float(np.float32(1e-35))
BITS = 32  # categories in a word of a bitset


def read_lightgbm(model: Any, target: Any) -> TreeModel:
    """The trees of a Booster or of a model in scikit-learn's interface, in the raw scores.

    The trees are those up to the best iteration, where there is one, as the model itself predicts.

    Raises:
        NotFittedError: it is not fitted.
        TypeError, ValueError, LookupError: as :func:`decompositions.trees.reading.read`.
    """
    if not isinstance(model, (lightgbm.Booster, lightgbm.LGBMModel)):
        raise TypeError(
            f"of LightGBM a Booster or a model in scikit-learn's interface is read, not {type(model).__name__}"
        )
    booster = model if isinstance(model, lightgbm.Booster) else model.booster_
    header, *stored = booster.model_to_string().split("end of trees")[0].split("\nTree=")
    facts = _facts(header)
    outputs = int(facts["num_tree_per_iteration"])
    place, sign, output = output_of_boosting(model, outputs, target, "raw score")
    trees = [_facts(text) for text in stored[place::outputs]]
    factor = sign / (len(trees) if "average_output" in header.splitlines() else 1)  # of a random forest the mean
    read = ensemble([_tree(tree, factor) for tree in trees], int(facts["max_feature_idx"]) + 1)

    def call(rows: Any) -> np.ndarray:
        return factor * unnamed(lambda some: model.predict(some, raw_score=True), place)(rows)

    return TreeModel(read, call, _encode(booster), _names(model, booster), output)


def _facts(text: str) -> dict[str, str]:
    """Lines of the form name=value."""
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def _tree(facts: Mapping[str, str], factor: float) -> Tree:
    """Splits first, then leaves; a child below 0 is a leaf, −1 the first."""
    if facts.get("is_linear", "0") != "0":
        raise TypeError("the leaves of this model are linear functions, and no sum of products; fit linear_tree=False")
    value = factor * _numbers(facts, "leaf_value", np.float64)
    splits, leaves = int(facts["num_leaves"]) - 1, np.full(len(value), -1)
    kind, threshold = _numbers(facts, "decision_type", np.int64), _numbers(facts, "threshold", np.float64)
    children = [_numbers(facts, f"{side}_child", np.int64) for side in ("left", "right")]
    left, right = (np.concatenate([np.where(each < 0, splits - 1 - each, each), leaves]) for each in children)
    missing = np.where(kind // MISSING == NONE, threshold >= 0, kind & DEFAULT_LEFT > 0)  # NaN is 0 there

    def padded(values: np.ndarray) -> np.ndarray:
        return np.concatenate([values, np.zeros(len(value), dtype=values.dtype)])

    return Tree(
        padded(_numbers(facts, "split_feature", np.int64)),
        padded(threshold),
        left,
        right,
        padded(missing & (kind & CATEGORICAL == 0)),
        np.concatenate([np.zeros(splits), value]),
        padded((kind // MISSING == ZERO) & (kind & CATEGORICAL == 0)),
        _categories(facts, kind, threshold),
    )


def _numbers(facts: Mapping[str, str], name: str, kind: Any) -> np.ndarray:
    return np.array(facts.get(name, "").split(), dtype=np.float64).astype(kind)


def _categories(facts: Mapping[str, str], kind: np.ndarray, threshold: np.ndarray) -> dict[int, tuple[list[int], bool]]:
    """The categories that go left; all others, missing ones and negative numbers go right."""
    starts, words = (_numbers(facts, f"cat_{part}", np.int64) for part in ("boundaries", "threshold"))
    found = {}
    for node in np.flatnonzero(kind & CATEGORICAL):
        first, last = starts[int(threshold[node])], starts[int(threshold[node]) + 1]
        bits = [
            BITS * i + bit
            for i, word in enumerate(words[first:last].tolist())
            for bit in range(BITS)
            if word >> bit & 1
        ]
        found[int(node)] = (bits, True)
    return found


def _names(model: Any, booster: Any) -> tuple[str, ...] | None:
    names = names_of(model) or tuple(booster.feature_name())
    return None if names == tuple(f"Column_{i}" for i in range(len(names))) else names


def _encode(booster: Any) -> Callable[[Any], np.ndarray]:
    """Rows as the trees see them; the categories that the model was taught are those of all such columns in turn."""

    def encoded(rows: Any) -> np.ndarray:
        kinds = rows.dtypes.items() if hasattr(rows, "columns") else ()
        columns = [str(name) for name, kind in kinds if str(kind) == "category"]
        return _rounded(numbers(rows, dict(zip(columns, booster.pandas_categorical or [], strict=False))))

    return encoded


def _rounded(cells: np.ndarray) -> np.ndarray:
    """The library takes the smallest numbers for zero."""
    return np.where(np.abs(cells) <= SMALLEST, 0.0, cells)
