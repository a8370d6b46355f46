"""Choices brought to meet what axioms presuppose."""

from __future__ import annotations

from synergy.axioms.claims.axiom import with_points
from synergy.axioms.claims.trial import Trial
from synergy.axioms.functions.function import AbstractAlgebra


def upwards(trial: Trial) -> Trial:
    """With x and b changed for each other where b is larger."""
    pairs = [sorted(pair) for pair in zip(trial.b, trial.x, strict=True)]
    return with_points(trial, tuple(high for _, high in pairs), tuple(low for low, _ in pairs))


def equal_inputs(trial: Trial) -> Trial:
    """With the values of player i given to player j, too."""
    i, j = trial.players
    return with_points(trial, *(tuple(p[i] if k == j else v for k, v in enumerate(p)) for p in (trial.x, trial.b)))


def symmetric(trial: Trial) -> AbstractAlgebra:
    """The function itself where it is symmetric, else with its mirror image added."""
    f: AbstractAlgebra = trial.functions[0]
    mirrored = f.swapped(*trial.players)
    return f if f.same_map(mirrored) else f.plus(mirrored)
