"""The table of criteria: each method judged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from decompositions.arithmetic import to_float
from decompositions.dividends.harsanyi import harsanyi
from decompositions.games.game import Game
from decompositions.series.taylor import taylor
from synergy.allocation.allocation import allocate, allocate_neuron
from synergy.allocation.criteria import Criteria, Passes
from synergy.examples import load
from synergy.measurement.measure import measure
from synergy.method import METHODS, AbstractMethod, method
from synergy.methods.grad_cam import GradCAM
from synergy.policies.layer_policy import LayerPolicy
from synergy.policies.policy import degree_credit
from synergy.tables import cases
from synergy.tables.besides import in_blocks
from synergy.tables.counterexamples import counterexamples
from synergy.tables.hidden_zeros import Probe, probes
from synergy.tables.steps_table import steps_table
from synergy.wording.numbers import roughly
from synergy.wording.table import Table

ROUNDING = 1e-6  # a residual below it is that of arithmetic
CRITERIA_NOTES = (
    "Summary: whether the theory's own short summary says that the method meets all three. Coverage, relevance "
    "and completeness: the verdict on the policy's allocation of exact effects (of polynomials, of the head, of "
    "polynomial neurons for layer-wise methods), and the worst number over the bank: coverage (1 is full), "
    "leakage and residual (0 is none). An effect is covered if a player in it is given something: Deep Taylor "
    "hands pure N⁻ effects to N⁺, which is coverage by the summary's reading and leakage by any.",
    "Measured: coverage / leakage / residual of the method itself; over random networks the worst of each, with the "
    "class of the largest residual where that is more than rounding; on the digits network with the verdict on "
    "completeness. For rules that ignore the baseline (LRP, Deep Taylor, Grad-CAM) the constant row is sprayed over "
    "all others.",
    "The gradient, Guided Backpropagation and DeconvNet are raw signals, in the unit of f over that of x: their "
    "residual is that of the numbers as they are. The gradient's weights belong to x, so that it leaks where it is "
    "measured; the other two have no policy over effects. All three may give nothing where f is flat at x, whatever "
    "it has done on the way.",
    "End to end: the largest share of the attributions that goes to players without any effect, over networks in "
    "which a zero is hidden. Here the findings differ from the summary: DeepLIFT Rescale, RevealCancel and Deep "
    "SHAP meet relevance per layer, not end to end; no fixed policy over the network's effects can equal them, as "
    "they depend on how the function is written. And 'fail' for Gradient × Input, LRP-ε, Deep Taylor and Grad-CAM "
    "depends on the class of models: the last column names those on which all three hold.",
)


def criteria_table() -> Table:
    """Every method judged by coverage, relevance and completeness, with numbers, counter-examples and exceptions."""
    columns = (
        "method", "summary", "coverage", "relevance", "completeness", "measured on random networks",
        "measured on the digits network", "end to end", "fails on", "all three hold for",
    )  # fmt: skip
    notes = (*CRITERIA_NOTES, _softmax_note())
    empty = Table("Attribution methods by the three criteria", columns, (), notes, (steps_table(),))
    return in_blocks(empty, _criteria_row)


def _softmax_note() -> str:
    """What the rule of attention at a softmax does, by itself."""
    found = allocate(cases.softmax(), degree_credit).criteria()
    numbers = " / ".join(map(roughly, (found.coverage, found.leakage, found.residual)))
    return (
        f"AttnLRP at a softmax alone, κᵢ of its effects at z = 0: coverage, leakage and residual are {numbers} for a "
        "share of two at (1, −1/2). That is Gradient × Input of this step: relevance is lost where the softmax is "
        "saturated, and made where a small share grows. LRP-ε, LRP-αβ and Deep Taylor have the same rule there; with "
        "constant attention no relevance goes through it."
    )


def _criteria_row(name: str) -> tuple[str, ...]:
    cls, chosen = METHODS[name], method(name)
    verdicts = ["no policy"] * 3 if cls.scope == "signal" else _verdicts(_policy_criteria(chosen))
    return (
        cls.title, "all three" if cls.all_three else "not all", *verdicts, _measured(chosen), _on_digits(chosen),
        _end_to_end(chosen),
        _counterexample(cls), cls.holds,
    )  # fmt: skip


def _verdicts(policy: list[Criteria]) -> list[str]:
    """The worst verdict and number of each criterion over the bank."""
    numbers = {
        "coverage": min(c.coverage for c in policy),
        "relevance": max(c.leakage for c in policy),
        "completeness": max(c.residual for c in policy),
    }
    return [f"{_worst(policy, key)} {roughly(numbers[key])}" for key in Passes._fields]


def _policy_criteria(chosen: AbstractMethod) -> list[Criteria]:
    """The criteria of the policy's allocations of exact effects, one per case of the bank."""
    if chosen.scope == "game":
        return [c for game in cases.polynomials().values() if (c := _game_criteria(chosen, game)) is not None]
    if chosen.scope == "feature map":
        assert isinstance(chosen, GradCAM)
        policy = chosen.policy(cases.pooled_head())
        return [allocate(head, policy).criteria() for head in (cases.quadratic_head(), cases.linear_head())]
    rule = chosen.policy(cases.picture())
    assert isinstance(rule, LayerPolicy)
    found = [allocate_neuron(unit.effects, rule, unit.z, unit.start).criteria() for unit in cases.neurons()]
    return found if rule.softmax is None else [*found, allocate(cases.softmax(), rule.softmax).criteria()]


def _game_criteria(chosen: AbstractMethod, game: Game) -> Criteria | None:
    try:
        policy = method(chosen.name, **chosen.judged_with).policy(game)
    except ValueError:
        return None
    assert not isinstance(policy, LayerPolicy)
    return allocate(harsanyi(game) if policy.reads == "support" else taylor(game), policy).criteria()


def _worst(criteria: list[Criteria], key: str) -> str:
    verdicts = [c.verdicts[key] for c in criteria]
    return next((verdict for verdict in ("fail", "undecided") if verdict in verdicts), "pass")


@dataclass(frozen=True)
class _Measured:
    name: str
    criteria: Criteria


def _measured(chosen: AbstractMethod) -> str:
    """The worst numbers over the random networks, and the class with the largest residual."""
    if chosen.scope == "feature map":
        found = [_Measured("a picture, pooled", measure(chosen, cases.picture()).criteria())]
    else:
        curved = ("softplus", "tanh, b ≠ 0") if chosen.scope == "signal" else ()  # which have no ReLU
        games = {name: game for name, game in cases.networks().items() if name not in curved}.items()
        found = [_Measured(name, measure(chosen, game, points=0).criteria()) for name, game in games]
    worst = max(found, key=lambda each: each.criteria.residual)
    coverage = min(each.criteria.coverage for each in found)
    leakage = max(each.criteria.leakage for each in found)
    residual = worst.criteria.residual
    name = f" ({worst.name})" if residual > ROUNDING else ""
    return f"{roughly(coverage)} / {roughly(leakage)} / {roughly(residual)}{name}"


def _on_digits(chosen: AbstractMethod) -> str:
    """The criteria of the method itself on a real network and input, with its verdict on completeness."""
    try:
        game = load("digits", "7", "grid:2x2").game
    except ImportError as error:
        return f"{error.name or 'a package of the extra demo'} is not installed"
    criteria = measure(chosen, game, points=0).criteria()
    numbers = (criteria.coverage, criteria.leakage, criteria.residual)
    return f"{' / '.join(map(roughly, numbers))}, {criteria.verdicts['completeness']}"


def _end_to_end(chosen: AbstractMethod) -> str:
    """The verdict on relevance from networks with dummy players, and the largest share that they are given."""
    if chosen.scope == "feature map":
        return "not on these networks: no map"
    variants = [method(chosen.name, **settings) for settings in chosen.variants]
    leak = max(_dummy_share(each, probe) for each in variants for probe in probes())
    return f"pass {roughly(leak)}" if leak <= ROUNDING else f"fail {roughly(leak)}"


def _dummy_share(chosen: AbstractMethod, probe: Probe) -> float:
    given = np.abs(to_float(chosen.attribute(probe.game)))
    return float(given[list(probe.dummies)].sum() / given.sum()) if given.sum() else 0.0


def _counterexample(cls: type[AbstractMethod]) -> str:
    if not cls.counterexample:
        return "–"
    shown = counterexamples()[cls.counterexample]
    values = to_float(method(cls.name, **cls.judged_with).attribute(shown.game()))
    return f"{cls.counterexample}: ({', '.join(f'{value:.4g}' for value in values)}); {shown.says}"
