"""Trees, forests and boosting of scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn import ensemble as ensembles
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.tree import BaseDecisionTree
from sklearn.utils.validation import check_is_fitted

from decompositions.arguments import shown
from decompositions.trees.ensemble import Tree, ensemble
from decompositions.trees.margins import margin, names_of, output_of, unnamed
from decompositions.trees.model import TreeModel, numbers, require_place
from decompositions.trees.of_histograms import read_histograms

FORESTS = (
    ensembles.RandomForestClassifier,
    ensembles.RandomForestRegressor,
    ensembles.ExtraTreesClassifier,
    ensembles.ExtraTreesRegressor,
)
BOOSTING = (ensembles.GradientBoostingClassifier, ensembles.GradientBoostingRegressor)
HISTOGRAMS = (ensembles.HistGradientBoostingClassifier, ensembles.HistGradientBoostingRegressor)


def read_scikit_learn(model: Any, target: Any) -> TreeModel | None:
    """The trees of a model of scikit-learn; None of a kind that is no sum of them.

    Raises:
        NotFittedError: it is not fitted.
        TypeError, ValueError, LookupError: as :func:`decompositions.trees.reading.read`.
    """
    if not isinstance(model, (BaseDecisionTree, *FORESTS, *BOOSTING, *HISTOGRAMS)):
        return None
    check_is_fitted(model)
    if isinstance(model, HISTOGRAMS):
        return read_histograms(model, target)
    return _boosting(model, target) if isinstance(model, BOOSTING) else _forest(model, target)


def _forest(model: Any, target: Any) -> TreeModel:
    """The mean of trees: of the distributions of their leaves, or of their values."""
    trees = [model] if isinstance(model, BaseDecisionTree) else model.estimators_
    if hasattr(model, "classes_"):
        if model.n_outputs_ > 1:
            raise TypeError(
                f"this classifier has {model.n_outputs_} outputs with classes of their own; fit one model for each"
            )
        place = require_place(target, model.classes_, "a class")
        call, output = unnamed(model.predict_proba, place), f"the probability of {model.classes_[place]!s}"
        values = [each.tree_.value[:, 0, place] / each.tree_.value[:, 0].sum(1) for each in trees]
    else:
        place = output_of(target, model.n_outputs_)
        call, output = unnamed(model.predict, place), "the prediction"
        values = [each.tree_.value[:, place, 0] for each in trees]
    read = [_tree(each.tree_, value / len(trees)) for each, value in zip(trees, values, strict=True)]
    return TreeModel(ensemble(read, model.n_features_in_, single=True), call, numbers, names_of(model), output)


def _boosting(model: Any, target: Any) -> TreeModel:
    """Trees on top of a constant."""
    if not isinstance(model.init_, (str, DummyClassifier, DummyRegressor)):
        raise TypeError(
            f"this model adds its trees to the output of init={shown(model.init_)}, which is no sum of trees; fit it "
            "without init=, or ask by Game.from_model(model.predict, x, background)"
        )
    found = margin(model, target)
    trees = [
        _tree(each.tree_, found.sign * model.learning_rate * each.tree_.value[:, 0, 0])
        for each in model.estimators_[:, found.place]
    ]
    start = model._raw_predict_init(np.zeros((1, model.n_features_in_), dtype=np.float32))
    read = ensemble(trees, model.n_features_in_, found.sign * float(start[0, found.place]), single=True)
    return TreeModel(read, found.call, numbers, names_of(model), found.output)


def _tree(tree: Any, value: np.ndarray) -> Tree:
    missing = getattr(tree, "missing_go_to_left", np.zeros(tree.node_count, dtype=bool))
    return Tree(tree.feature, tree.threshold, tree.children_left, tree.children_right, missing, value)
