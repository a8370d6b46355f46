"""The table of methods: each as a policy, checked against its algorithm."""

from __future__ import annotations

import numpy as np

from decompositions.arithmetic import to_float
from decompositions.dividends.harsanyi import harsanyi
from decompositions.games.game import Game
from decompositions.series.taylor import taylor
from synergy.allocation.allocation import allocate
from synergy.measurement.measure import measure
from synergy.method import METHODS, AbstractMethod, method
from synergy.methods.grad_cam import GradCAM
from synergy.path_method import AbstractPathMethod
from synergy.policies.layer_policy import LayerPolicy
from synergy.policies.propagation import propagate
from synergy.tables import cases
from synergy.tables.besides import in_blocks
from synergy.tables.peers import disagreement as peer_disagreement
from synergy.wording.numbers import roughly
from synergy.wording.table import Table

METHODS_NOTES = (
    "The weights are derived from the methods' own algorithms and checked here; they are not quoted. Weights of "
    "layer-wise methods are not unique: by the ridge identity other weights give the same credits; these leak "
    "least.",
    "Policy and algorithm: the largest difference over the bank of cases, relative to the largest value, row by "
    "row where the rows are effects of f. 0 is exact arithmetic. SmoothGrad's and the gradient's weights belong "
    "to x: of these the attribution is compared; SmoothGrad's rows are those of Gradient × Input on the smoothed game.",
    "Libraries: captum, shap and shapiq on the bank's networks; '–' where none is maintained. The path "
    "methods are compared with as many nodes, as captum has no exact sum. LRP-αβ and Deep Taylor are compared with "
    "zennit in the tests, AttnLRP with lxt.",
)


def methods_table() -> Table:
    """Every method as a policy, with the largest disagreement between the policy and the algorithm."""
    columns = (
        "method", "independent effects", "interaction effects", "reads", "effects of, at",
        "policy and algorithm differ by", "a library differs by",
    )  # fmt: skip
    return in_blocks(Table("Attribution methods as policies", columns, (), METHODS_NOTES), _methods_row)


def _methods_row(name: str) -> tuple[str, ...]:
    cls = METHODS[name]
    chosen = method(name)
    if cls.scope == "signal":
        reads, gap = "–", "no policy"
    else:
        policy = chosen.policy(next(iter(cases.polynomials().values())))
        reads = "signs and degrees" if isinstance(policy, LayerPolicy) else policy.reads
        gap = roughly(_policy_gap(chosen))
    return cls.title, cls.independent, cls.interaction, reads, cls.expansion, gap, _library(chosen)


def _policy_gap(chosen: AbstractMethod) -> float:
    """The largest relative difference between the policy's side and the algorithm over the bank."""
    if chosen.scope == "game":
        return max(_row_gap(chosen, game) for game in cases.polynomials().values())
    if chosen.scope == "feature map":
        return _head_gap(chosen)
    variants = [method(chosen.name, **settings) for settings in chosen.variants]
    games = [*cases.networks().values()]
    return max(_layer_gap(each, game) for each in variants for game in games)


def _row_gap(chosen: AbstractMethod, game: Game) -> float:
    """Row by row, or by attribution where the weights belong to x; 0 where there is no policy (several baselines)."""
    try:
        policy = chosen.policy(game)
    except ValueError:
        return 0.0
    assert not isinstance(policy, LayerPolicy)
    effects = harsanyi(game) if policy.reads == "support" else taylor(game)
    theory = allocate(effects, policy)
    if chosen.at_x:
        return _relative(theory.attribution, chosen.attribute(game))
    return _relative(theory.by_support().values, measure(chosen, game).values)


def _layer_gap(chosen: AbstractMethod, game: Game) -> float:
    policy = chosen.policy(game)
    assert isinstance(policy, LayerPolicy)
    return _relative(propagate(game, policy), chosen.attribute(game))


def _head_gap(chosen: AbstractMethod) -> float:
    """Grad-CAM on a pooled linear head: the head's effects are of degree one, and shared with weight one."""
    assert isinstance(chosen, GradCAM)
    game = cases.pooled_head()
    allocation = allocate(cases.linear_head(), chosen.policy(game))
    return _relative(allocation.attribution, chosen.locations(game).flatten())


def _library(chosen: AbstractMethod) -> str:
    pictures = [cases.pooled_head(), cases.picture()]
    games = pictures if chosen.scope == "feature map" else list(cases.networks().values())[:2]
    alike = method(chosen.name, nodes=64) if isinstance(chosen, AbstractPathMethod) else chosen
    try:
        found = [peer_disagreement(chosen.name, game, alike.attribute(game)) for game in games]
    except ImportError as error:
        return f"{error.name} is not installed"
    known = [pair for pair in found if pair is not None]
    return f"{known[0][0]}: {roughly(max(gap for _, gap in known))}" if known else "–"


def _relative(theory: object, practice: object) -> float:
    first, second = to_float(theory), to_float(practice)
    scale = np.abs(second).max()
    return float(np.abs(first - second).max() / scale) if scale else float(np.abs(first).max())
