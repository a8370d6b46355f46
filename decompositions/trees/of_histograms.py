"""Histogram gradient boosting of scikit-learn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from decompositions.trees.ensemble import Tree, ensemble
from decompositions.trees.margins import margin, names_of
from decompositions.trees.model import TreeModel, numbers

BITS = 32  # categories in a word of a bitset


def read_histograms(model: Any, target: Any) -> TreeModel:
    """The trees of a ``HistGradientBoosting…``, which is fitted."""
    found, order = margin(model, target), _order(model)
    trees = [_tree(each[found.place], found.sign, order) for each in model._predictors]
    offset = found.sign * float(np.asarray(model._baseline_prediction).reshape(-1)[found.place])
    read = ensemble(trees, model.n_features_in_, offset)
    return TreeModel(read, found.call, _encode(model, order), names_of(model), found.output)


def _tree(predictor: Any, sign: int, order: np.ndarray) -> Tree:
    nodes = predictor.nodes
    leaf = nodes["is_leaf"].astype(bool)
    left, right = (np.where(leaf, -1, nodes[side].astype(np.int64)) for side in ("left", "right"))
    by_category = np.flatnonzero(nodes["is_categorical"].astype(bool) & ~leaf)
    bits = predictor.raw_left_cat_bitsets
    categories = {int(node): (_members(bits[nodes["bitset_idx"][node]]), True) for node in by_category}
    return Tree(
        order[nodes["feature_idx"]],
        nodes["num_threshold"],
        left,
        right,
        nodes["missing_go_to_left"],
        sign * nodes["value"],
        categories=categories,
    )


def _members(words: np.ndarray) -> list[int]:
    return [word * BITS + bit for word in range(len(words)) for bit in range(BITS) if int(words[word]) >> bit & 1]


def _order(model: Any) -> np.ndarray:
    """The column of x that is each of those that the trees see: categories come first there."""
    if model.is_categorical_ is None:
        return np.arange(model.n_features_in_)
    return np.concatenate([np.flatnonzero(model.is_categorical_), np.flatnonzero(~model.is_categorical_)])


def _encode(model: Any, order: np.ndarray) -> Callable[[Any], np.ndarray]:
    """Rows as the trees see them: unknown categories are missing."""
    if model.is_categorical_ is None:
        return numbers

    def encoded(rows: Any) -> np.ndarray:
        seen = np.asarray(model._preprocess_X(rows, reset=False), dtype=np.float64)
        back = np.empty_like(seen)
        back[:, order] = seen
        return back

    return encoded
