"""A campaign: random architectures in both types, each analysis against its definition for one input alone.

What an architecture is allowed to refuse is written down with it; everything else must give numbers. A number may
differ from the truth by ten times the error that it states, and by what rounding in float64 does to the truth itself.
"""

import copy
from functools import partial

import numpy as np
import pytest
import torch
from architectures import ARCHITECTURES
from campaign_layer_twins import Twin, epsilon_rule, grad_cam, layers, signed_rule
from campaign_twins import Alone, degree_vectors, has_kink, path_integral, table_of_dividends, taylor_effects

from synergy import Game, harsanyi, method, players, taylor
from synergy.policies.propagation import propagate

TYPES = {"float32": torch.float32, "float64": torch.float64}
EPSILON = {torch.float32: 2.0**-23, torch.float64: 2.0**-52}
STATED = 10  # times the stated error: what a result may be off by
DEGREE = 3
NEAR = 2.0**-6  # share of the way that is left for a series, where a kink lies on it


class Case:
    """An architecture with its truths, each of which is found once for both types."""

    def __init__(self, architecture):
        self.architecture = architecture
        self.alone = Alone(architecture)
        self.known = {}

    def truth(self, name, find):
        if name not in self.known:
            self.known[name] = find()
        return self.known[name]

    def near(self):
        """The question of the series: three players at most, b so near to x that no kink lies between, if it can."""

        def find():
            far = Alone(self.architecture, most=3)
            if not self.architecture.x.is_floating_point():  # between two tokens there is none
                return far, has_kink(far.vectors)
            near = Alone(self.architecture, NEAR, 3)
            return (far, False) if not has_kink(far) else (near, has_kink(near))

        return self.truth("near", find)


CASES = {architecture.id: Case(architecture) for architecture in ARCHITECTURES}


def asked(alone, dtype):
    """The game in one type; and a check that nothing that was handed over is changed."""
    a = alone.architecture
    model = copy.deepcopy(a.model).to(dtype)
    x, b = alone.x.clone(), alone.baselines.clone()
    if x.is_floating_point():
        x, b = x.to(dtype), b.to(dtype)
    owners = alone.players[None].to(a.players.dtype)
    kept = x.clone(), b.clone(), owners.clone(), {name: value.clone() for name, value in model.state_dict().items()}
    game = Game.from_model(model, x, b, target=a.target, players=owners, output=a.output, weights=list(a.weights))

    def unchanged():
        assert torch.equal(x, kept[0])
        assert torch.equal(b, kept[1])
        assert torch.equal(owners, kept[2])
        state = model.state_dict()
        assert set(state) == set(kept[3])
        assert all(torch.equal(value, kept[3][name]) for name, value in state.items())

    return game, unchanged


SAMPLE = 7  # every seventh of the cases is tried in the quick run


def campaign(test):
    """All architectures in both types; a sample of them, in one type each, is not slow."""
    cases = [
        pytest.param(case, dtype, id=f"{name}-{kind}", marks=_slow(2 * place + half))
        for place, (name, case) in enumerate(CASES.items())
        for half, (kind, dtype) in enumerate(TYPES.items())
    ]
    return pytest.mark.parametrize(("case", "dtype"), cases)(test)


def _slow(place):
    return pytest.mark.slow if place % SAMPLE else ()


def refuses(case, analysis):
    return case.architecture.refused.get(analysis)


def within(actual, expected, allowed):
    actual, expected, allowed = np.broadcast_arrays(
        *(np.asarray(each, dtype=np.float64) for each in (actual, expected, allowed))
    )
    assert np.isfinite(actual).all()
    off = np.abs(actual - expected)
    worst = int((off - allowed).argmax())
    assert (off <= allowed).all(), (
        f"entry {worst}: {actual.flat[worst]} is {off.flat[worst]:.3g} off {expected.flat[worst]}, "
        f"allowed {allowed.flat[worst]:.3g}; largest {np.abs(expected).max():.3g}"
    )


def own_rounding(truth):
    """What the dividends of the definition may be off by themselves: each is a sum of 2^|S| rounded values."""
    sizes = np.array([mask.bit_count() for mask in range(len(truth))])
    return 4 * EPSILON[torch.float64] * np.abs(truth).max() * 2.0**sizes


# --- dividends -----------------------------------------------------------------------------------------------------


@campaign
def test_harsanyi(case, dtype):
    game, unchanged = asked(case.alone, dtype)
    effects = harsanyi(game)
    truth = case.truth("harsanyi", lambda: table_of_dividends(case.alone))
    within(effects.values, truth, STATED * effects.noise_floor() + own_rounding(truth))
    assert effects.noise <= 1e4 * EPSILON[dtype] * max(np.abs(truth).max(), 1)
    unchanged()


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=name, marks=_slow(place)) for place, (name, case) in enumerate(CASES.items())]
)
def test_an_empty_group_is_refused_and_renumbered(case):
    """A player without an entry is a gap in the numbers; the way out gives the numbers."""
    a, alone = case.architecture, case.alone
    labels = (alone.players + (alone.players > 1))[None].to(a.players.dtype)
    model, settings = alone.model, {"target": a.target, "output": a.output, "weights": list(a.weights)}
    with pytest.raises(ValueError, match=r"without a gap; \[2\] missing; players.segments\(\) renumbers"):
        Game.from_model(model, alone.x, alone.baselines, players=labels, **settings)
    game = Game.from_model(model, alone.x, alone.baselines, players=players.segments(labels), **settings)
    effects = harsanyi(game)
    truth = case.truth("harsanyi", lambda: table_of_dividends(case.alone))
    within(effects.values, truth, STATED * effects.noise_floor() + own_rounding(truth))


# --- the path integral ---------------------------------------------------------------------------------------------


@campaign
def test_path_integral(case, dtype):
    game, unchanged = asked(case.alone, dtype)
    chosen = method("integrated_gradients")
    n = game.n
    ends = np.array([[1] * n, [1, 0] * (n // 2) + [1] * (n % 2)])
    if refuses(case, "path"):
        with pytest.raises((ValueError, TypeError), match=refuses(case, "path")):
            chosen.integrate(game, ends)
        return
    found = chosen.integrate(game, ends)
    if case.architecture.bent:
        assert found.rule.startswith("exact"), found.rule
    for row, end in enumerate(ends):
        coalition = tuple(i for i in range(n) if end[i])
        truth, size = case.truth(("path", row), partial(path_integral, case.alone.vectors, coalition))
        own = 64 * EPSILON[torch.float64] * (size + truth.abs().max())
        within(found.values[row], truth, STATED * found.errors[row] + own)
    unchanged()


# --- layer-wise methods --------------------------------------------------------------------------------------------

RULES = {
    "deeplift_rescale": ({}, lambda twin: twin.rescale()),
    "deep_shap": ({}, lambda twin: twin.rescale()),
    "deep_shap-fused": ({"fused": True}, lambda twin: twin.fused()),
    "deeplift_reveal_cancel": ({}, lambda twin: twin.reveal_cancel()),
    "lrp_epsilon": ({"epsilon": 0.01}, lambda twin: twin.relevance(epsilon_rule(0.01, True))),
    "lrp_epsilon-no-bias": (
        {"epsilon": 0.25, "bias": False},
        lambda twin: twin.relevance(epsilon_rule(0.25, False)),
    ),
    "lrp_alpha_beta": ({}, lambda twin: twin.relevance(signed_rule(2.0, 1.0, True), epsilon_rule(0.0, False))),
    "lrp_alpha_beta-3-2": (
        {"alpha": 3, "beta": 2, "bias": False},
        lambda twin: twin.relevance(signed_rule(3.0, 2.0, False), epsilon_rule(0.0, False)),
    ),
    "deep_taylor": ({}, lambda twin: twin.relevance(signed_rule(1.0, 0.0, False))),
}
COMPLETE = ("deeplift_rescale", "deep_shap", "deeplift_reveal_cancel")
SHAKEN = 2  # times that the twin is run with rounding, to see how far that goes
ROUNDINGS = 32  # what of that is allowed
WIDE = 8  # inputs of a neuron above which fused Deep SHAP is left to its own tests


def twin_values(case, rule, jitter=0.0, seed=0):
    """A method's values by player, averaged over the baselines, and the largest entry on the way."""
    a, alone = case.architecture, case.alone
    steps = layers(a.nodes, alone.model)
    total = torch.zeros(alone.n, dtype=torch.float64)
    for k, share in enumerate(alone.shares):
        twin = Twin(steps, alone.x, alone.baselines[k : k + 1], a.target, jitter, seed)
        total = total + share * alone.by_player(rule(twin))
    return total


def moved(case, rule, jitter, truth):
    """How far rounding in the values on the way moves the result."""
    return max(float((twin_values(case, rule, jitter, seed) - truth).abs().max()) for seed in range(SHAKEN))


def fan_in(case):
    """The largest number of inputs of a neuron."""
    steps = layers(case.architecture.nodes, case.alone.model)
    twin = Twin(steps, case.alone.x, case.alone.baselines[:1], case.architecture.target)
    affine = [place for place, step in enumerate(steps, start=1) if step.kind == "affine"]
    return max(int((twin.matrix(place)[0] != 0).sum(1).max()) for place in affine)


def knows(case, name):
    """Whether the twins walk along an architecture; of a product of two parts they know what Rescale says."""
    nodes = case.architecture.nodes
    gated = nodes is not None and any(node.kind == "gate" for node in nodes)
    return nodes is not None and (not gated or name in ("deeplift_rescale", "deep_shap"))


def without_a_twin(case, game, chosen, values, dtype):
    """What is complete adds up to f(x) − f(b); the policy, neuron by neuron, gives what the algorithm gives."""
    digits = 1e-7 if chosen.name == "deeplift_reveal_cancel" else 64 * EPSILON[torch.float64]  # its channels cancel
    size = float(abs(values).sum())
    if chosen.name in COMPLETE:
        gain = float(game([[1] * game.n])[0] - game([[0] * game.n])[0])
        assert abs(float(values.sum()) - gain) <= 256 * max(EPSILON[dtype], digits / 256) * (size + 1), chosen.name
    if dtype == torch.float64:
        within(propagate(game, chosen.policy(game)), values, torch.full_like(values, 1e4 * digits * (size + 1e-3)))


@campaign
def test_layer_wise_methods(case, dtype):
    game, unchanged = asked(case.alone, dtype)
    for name, (settings, rule) in RULES.items():
        chosen = method(name.partition("-")[0], **settings)
        if refuses(case, "layers"):
            with pytest.raises((ValueError, TypeError), match=refuses(case, "layers")):
                chosen.attribute(game)
            continue
        if not knows(case, name):
            if name != "deep_shap-fused":
                without_a_twin(case, game, chosen, chosen.attribute(game), dtype)
            continue
        if name == "deep_shap-fused" and case.truth("fan-in", lambda: fan_in(case)) > WIDE:
            continue
        values = chosen.attribute(game)
        truth = case.truth(name, partial(twin_values, case, rule))
        moves = case.truth(
            (name, dtype),
            partial(moved, case, rule, EPSILON[dtype], truth),
        )
        allowed = ROUNDINGS * (moves + EPSILON[dtype] * float(truth.abs().max())) + 1e-300
        try:
            within(values, truth, torch.full_like(truth, allowed))
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from error
    unchanged()


PICTURES = [case for case in CASES.values() if case.architecture.id.startswith(("conv2d", "max-pool-last"))]
PICTURES = [case for case in PICTURES if not refuses(case, "layers")]


@pytest.mark.parametrize("dtype", TYPES.values(), ids=TYPES)
@pytest.mark.parametrize("case", PICTURES, ids=[case.architecture.id for case in PICTURES])
def test_grad_cam(case, dtype):
    game, unchanged = asked(case.alone, dtype)
    truth = case.truth("grad-cam", partial(grad_cam, case.alone))
    allowed = 64 * EPSILON[dtype] * (1 + float(truth.abs().max()))
    within(method("grad_cam").attribute(game), truth, torch.full_like(truth, allowed))
    unchanged()


# --- jets ----------------------------------------------------------------------------------------------------------


@campaign
def test_jets(case, dtype):
    reason = refuses(case, "jets")
    if reason:
        game, _ = asked(case.alone, dtype)
        with pytest.raises((ValueError, TypeError), match=reason):
            taylor(game, DEGREE)
        return
    alone, kink = case.near()
    game, unchanged = asked(alone, dtype)
    if kink:
        with pytest.raises(ValueError, match="kink"):
            taylor(game, DEGREE)
        return
    effects = taylor(game, DEGREE)
    truth = case.truth("jets", lambda: taylor_effects(alone.vectors, DEGREE))
    assert set(truth) == degree_vectors(alone.n, DEGREE)
    largest = max(map(abs, truth.values()))
    given = effects.to_dict()
    assert set(given) <= set(truth)
    found = [float(given.get(kappa, 0.0)) for kappa in truth]
    within(found, list(truth.values()), STATED * effects.noise + 64 * EPSILON[torch.float64] * largest)
    unchanged()


# --- what the campaign covers --------------------------------------------------------------------------------------


def test_the_campaign_is_as_large_as_it_should_be():
    """A refusal of everything would pass the tests above: so many architectures must give numbers."""
    assert len(CASES) >= 60
    counts = {
        "harsanyi": len(CASES),
        "path": sum(not refuses(case, "path") for case in CASES.values()),
        "exact path": sum(case.architecture.bent for case in CASES.values()),
        "jets": sum(not refuses(case, "jets") and not case.near()[1] for case in CASES.values()),
    }
    for name in RULES:
        counts[name] = sum(not refuses(case, "layers") and knows(case, name) for case in CASES.values())
    print(counts)
    least = {"harsanyi": 60, "path": 60, "exact path": 30, "jets": 40}
    for name, count in counts.items():
        assert count >= least.get(name, 40), f"{name}: {count}"
