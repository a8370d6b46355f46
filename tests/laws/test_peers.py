"""Maintained libraries as oracles: captum and shapiq, and captum's objects measured like our own methods."""

import warnings

import numpy as np
import pytest
import torch
from cases import BY_ID, NETWORKS, close, draw, label, mlp, network_case
from torch import nn
from twins import coalitions, signs

from synergy import Game, allocate, harsanyi, measure, method
from synergy.policies.policy import equal_shares

captum_attr = pytest.importorskip("captum.attr", reason="the peers are not installed")

EXACT = [case for case in NETWORKS if case.epsilon < 1e-10 and len(case.baselines) == 1]
ROUNDED = 1e-5  # captum's ShapleyValues and Occlusion round to float32
SINGLE = [case for case in EXACT if case.n == case.x.numel()]


def arguments(case):
    """What captum's ``attribute`` takes for a case."""
    return {"inputs": case.x[None], "baselines": case.baselines[0][None], "target": case.target}


def mask(case):
    return case.players.reshape(case.players.shape).expand(case.x.shape)[None]


def first_of_each(case, attributions):
    """captum repeats a group's value on its entries; one of them per player."""
    flat, owners = attributions.reshape(-1), mask(case).reshape(-1)
    return [flat[(owners == i).nonzero()[0, 0]].item() for i in range(case.n)]


@pytest.fixture(autouse=True)
def quiet():
    """The peers warn of their own internals."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("case", EXACT, ids=label)
@pytest.mark.parametrize("name", ["occlusion_1", "prediction_difference", "occlusion_patch"])
def test_feature_ablation(name, case):
    given = captum_attr.FeatureAblation(case.model).attribute(**arguments(case), feature_mask=mask(case))
    close(method(name).attribute(case.game()), first_of_each(case, given), 1e-10)


@pytest.mark.parametrize("case", EXACT, ids=label)
def test_shapley_values(case):
    given = captum_attr.ShapleyValues(case.model).attribute(**arguments(case), feature_mask=mask(case))
    close(method("shapley").attribute(case.game()), first_of_each(case, given), ROUNDED)


@pytest.mark.parametrize("case", [case for case in SINGLE if case.smooth], ids=label)
@pytest.mark.parametrize("name", ["integrated_gradients", "expected_gradients"])
def test_integrated_gradients(name, case):
    given = captum_attr.IntegratedGradients(case.model).attribute(**arguments(case), n_steps=64)
    close(method(name).attribute(case.game()), given[0], 1e-6)


@pytest.mark.parametrize("case", [case for case in SINGLE if not case.smooth], ids=label)
def test_integrated_gradients_at_kinks_with_the_same_nodes(case):
    """Both take 64 Gauss–Legendre nodes, so they agree even where neither has converged."""
    given = captum_attr.IntegratedGradients(case.model).attribute(**arguments(case), n_steps=64)
    close(method("integrated_gradients", nodes=64).attribute(case.game()), given[0], 1e-6)


@pytest.mark.parametrize("case", SINGLE, ids=label)
def test_input_x_gradient(case):
    """captum multiplies by x, which implies b = 0: the model is shifted."""

    class Shifted(nn.Module):
        def forward(self, d):
            return case.model(case.baselines[0] + d)

    given = captum_attr.InputXGradient(Shifted()).attribute((case.x - case.baselines[0])[None], target=case.target)
    close(method("gradient_x_input").attribute(case.game()), given[0], 1e-10)


@pytest.mark.parametrize(
    ("shape", "window", "stride"),
    [((6,), (2,), (1,)), ((7,), (3,), (2,)), ((3, 4), (2, 2), (1, 2)), ((2, 3, 3), (2, 2, 2), (1, 1, 1))],
    ids=str,
)
def test_occlusion_windows(shape, window, stride):
    x, b = draw(*shape, seed=21), draw(*shape, seed=22)
    model = nn.Sequential(nn.Flatten(), mlp(nn.ReLU, (x.numel(), 5, 2), seed=23)).eval()
    given = captum_attr.Occlusion(model).attribute(
        x[None], sliding_window_shapes=window, strides=stride, baselines=b[None], target=1
    )
    chosen = method("occlusion_patch", window=window, stride=stride)
    close(chosen.attribute(Game.from_model(model, x[None], b[None], target=1)), given.reshape(-1), ROUNDED)


def test_gradient_shap_is_expected_gradients_up_to_its_sampling_error():
    """captum samples baseline and place; z-scores below five."""
    case = BY_ID["softplus-baselines"]
    equal = Game.from_model(case.model, case.x[None], torch.stack(case.baselines), target=case.target)
    torch.manual_seed(0)
    runs = torch.stack(
        [
            captum_attr.GradientShap(case.model).attribute(
                case.x[None], torch.stack(case.baselines), n_samples=50, stdevs=0.0, target=case.target
            )[0]
            for _ in range(60)
        ]
    )
    z = (runs.mean(0) - method("expected_gradients").attribute(equal)) / (runs.std(0) / 60**0.5)
    assert abs(z).max() < 5


@pytest.mark.parametrize("case", [case for case in EXACT if case.n <= 5], ids=label)
@pytest.mark.parametrize("index", ["Moebius", "SV"])
def test_shapiq(index, case):
    shapiq = pytest.importorskip("shapiq")

    def values(masks):
        return np.array([case.value(frozenset(np.nonzero(row)[0].tolist())) for row in masks])

    expected = shapiq.ExactComputer(values, n_players=case.n)(index, order=case.n if index == "Moebius" else 1)
    if index == "Moebius":
        table = harsanyi(case.game())
        given = [table[tuple(s)].item() for s in coalitions(case.n)]
        close(given, [expected[tuple(sorted(s))] for s in coalitions(case.n)], 1e-10)
    else:
        close(method("shapley").attribute(case.game()), [expected[(i,)] for i in range(case.n)], 1e-10)


# --- measuring what comes from elsewhere -----------------------------------------------------------------------------


def attributions_at_corners(case, attribute):
    """A_i at all masked inputs, one call each, summed by player, averaged over the baselines."""
    rows = []
    total = sum(case.weights)
    for coalition in coalitions(case.n):
        mean = np.zeros(case.n)
        for k, weight in enumerate(case.weights):
            given = attribute(case.masked(coalition, k)[None], case.baselines[k][None]).reshape(-1)
            for entry, player in zip(given, mask(case).reshape(-1), strict=True):
                mean[int(player)] += float(entry) * weight / total
        rows.append(mean)
    return np.array(rows)


def gradient_times_input(model, inputs, baselines, target):
    inputs = inputs.clone().requires_grad_()
    outputs = model(inputs)
    outputs = outputs if target is None else outputs[:, target]
    (gradient,) = torch.autograd.grad(outputs.sum(), inputs)
    return gradient * (inputs - baselines)


@pytest.mark.parametrize("case", [case for case in NETWORKS if case.epsilon < 1e-10], ids=label)
def test_a_plain_callable_is_measured(case):
    """Groups are summed, several baselines averaged; the table is the transform by the definition."""
    rows = attributions_at_corners(case, lambda x, b: gradient_times_input(case.model, x, b, case.target).detach())
    measured = measure(gradient_times_input, case.game())
    close(measured.values, signs(case.n) @ rows, 1e-11)
    close(measured.values, measure("gradient_x_input", case.game()).values, 1e-11)
    assert measured.source == "gradient_times_input"
    assert not measured.values.requires_grad


def test_a_callable_is_given_masked_inputs_expanded_baselines_and_the_target():
    case = BY_ID["softplus-baselines"]
    seen = []

    def spy(model, inputs, baselines, target):
        seen.append((inputs.clone(), baselines.clone()))
        assert model is case.model
        assert target == case.target
        assert inputs.shape == baselines.shape
        return inputs - baselines

    measured = measure(spy, case.game())
    inputs, baselines = (torch.cat(part)[:48] for part in zip(*seen, strict=True))  # then a few again, alone
    expected = [(case.masked(s, k), case.baselines[k]) for s in coalitions(4) for k in range(3)]
    assert torch.equal(inputs, torch.stack([x for x, _ in expected]))
    assert torch.equal(baselines, torch.stack([b for _, b in expected]))
    assert measured.calls == 16 * 3


@pytest.mark.parametrize("case", EXACT, ids=label)
def test_captum_feature_ablation_with_grouped_players(case):
    """captum repeats a group's loss on each of its entries; the player is given it once."""
    theory = allocate(harsanyi(case.game()), method("occlusion_1").policy(case.game()))
    measured = measure(captum_attr.FeatureAblation(case.model), case.game())
    close(measured.values, theory.values, 1e-10)
    assert measured.source == "FeatureAblation"


@pytest.mark.parametrize("case", [case for case in EXACT if case.n <= 4], ids=label)
def test_captum_shapley_values(case):
    theory = allocate(harsanyi(case.game()), equal_shares)
    close(measure(captum_attr.ShapleyValues(case.model), case.game()).values, theory.values, 2**case.n * ROUNDED)


@pytest.mark.parametrize("case", [case for case in NETWORKS if case.epsilon < 1e-10 and case.smooth], ids=label)
def test_captum_integrated_gradients(case):
    ours = measure(method("integrated_gradients", nodes=50), case.game()).values
    close(measure(captum_attr.IntegratedGradients(case.model), case.game()).values, ours, 1e-5)


@pytest.mark.parametrize("case", [case for case in SINGLE if not any(case.baselines[0])], ids=label)
def test_captum_input_x_gradient(case):
    ours = measure("gradient_x_input", case.game()).values
    close(measure(captum_attr.InputXGradient(case.model), case.game()).values, ours, 1e-10)


@pytest.mark.parametrize("case", [BY_ID["captum-multilayer"], BY_ID["relu"], BY_ID["softplus-groups"]], ids=label)
def test_captum_deeplift(case):
    explainer = captum_attr.DeepLift(case.model)
    rows = attributions_at_corners(case, lambda x, b: explainer.attribute(x, baselines=b, target=case.target).detach())
    measured = measure(explainer, case.game())
    close(measured.values, signs(case.n) @ rows, 1e-9)
    assert measured.criteria().verdicts["completeness"] == "pass"


def test_captum_deeplift_by_hand():
    """The summit of the captum tests: (78, 195, 117) for elementwise modules."""
    case = BY_ID["captum-multilayer"]
    close(measure(captum_attr.DeepLift(case.model), case.game()).attribution, [78, 195, 117], 1e-6)


def test_captum_over_several_baselines_is_the_weighted_mean():
    case = BY_ID["softplus-baselines"]
    theory = allocate(harsanyi(case.game()), method("occlusion_1").policy(case.game()))
    close(measure(captum_attr.FeatureAblation(case.model), case.game()).values, theory.values, 1e-10)


def test_captum_on_the_probability():
    """The model that is explained is ``game.model``, its output included."""
    case = BY_ID["softplus"]
    game = Game.from_model(case.model, case.x[None], case.baselines[0][None], target=1, output="probability")
    theory = allocate(harsanyi(game), method("occlusion_1").policy(game))
    close(measure(captum_attr.FeatureAblation(game.model), game).values, theory.values, 1e-10)


def test_a_captum_object_on_another_model_is_refused():
    case, other = BY_ID["softplus"], BY_ID["relu-no-bias"]
    with pytest.raises(ValueError, match=r"another model than the game.*game\.model"):
        measure(captum_attr.IntegratedGradients(other.model), case.game())
    game = Game.from_model(case.model, case.x[None], target=1, output="probability")
    with pytest.raises(ValueError, match="another model"):
        measure(captum_attr.IntegratedGradients(case.model), game)


@pytest.mark.parametrize("case", ["product", "product-floats", "table"])
def test_a_callable_needs_a_game_about_a_model(case):
    with pytest.raises(TypeError, match=r"Game\.from_model"):
        measure(gradient_times_input, BY_ID[case].game())


@pytest.mark.parametrize("subject", [3, None, [1, 2]], ids=repr)
def test_what_is_no_method_is_refused(subject):
    with pytest.raises(TypeError, match=r"registered name, a method, a callable"):
        measure(subject, BY_ID["softplus"].game())


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (lambda m, x, b, t: x[:, :1], ValueError),
        (lambda m, x, b, t: x.sum(1), ValueError),
        (lambda m, x, b, t: x.T, ValueError),
        (lambda m, x, b, t: None, TypeError),
        (lambda m, x, b, t: x.tolist(), TypeError),
        (lambda m, x, b, t: (x,), TypeError),
        (lambda m, x, b, t: x.numpy().astype(object), TypeError),
        (lambda m, x, b, t: x * 1j, TypeError),
        (lambda m, x, b, t: x > 0, TypeError),
    ],
    ids=["shape", "sum", "transposed", "none", "list", "tuple", "numpy", "complex", "bool"],
)
def test_what_is_no_table_of_attributions_is_refused(wrong, error):
    with pytest.raises(error, match="attributions shaped like its inputs"):
        measure(wrong, BY_ID["softplus"].game())


def test_whole_numbers_are_attributions():
    """Ten for every entry that is there, at four entries: 10 in the rows of single players."""
    measured = measure(lambda m, x, b, t: (x != b).long() * 10, BY_ID["softplus"].game())
    close(measured.values[[1, 2, 4, 8]], 10 * np.eye(4), 0)
    assert measured.attribution.tolist() == [10] * 4


@pytest.mark.parametrize("several", [1, 3])
def test_a_callable_that_writes_into_what_it_is_given_changes_nothing_of_the_game(several):
    """x and b of the caller, and the baselines of later calls, stay as they are."""

    def writes(model, inputs, baselines, target):
        given = inputs - baselines
        inputs.mul_(0)
        baselines.sub_(5).requires_grad_()
        return given

    x, b = draw(1, 4, seed=1), draw(several, 4, seed=2)
    before = x.clone(), b.clone()
    game = Game.from_model(mlp(nn.Softplus, (4, 5, 1)), x, b)
    for _ in range(2):
        close(measure(writes, game).attribution, (x - b).mean(0), 1e-14)
        close(measure(writes, game).values[15], [0] * 4, 1e-14)
    assert torch.equal(x, before[0])
    assert torch.equal(b, before[1])
    assert torch.equal(game.cube.baseline, before[1])
    assert not b.requires_grad


def test_attributions_of_a_layer_are_refused_by_their_shape():
    """Grad-CAM of captum gives one channel of the layer's places."""
    model = nn.Sequential(nn.Conv2d(3, 4, 2), nn.ReLU(), nn.Flatten(), nn.Linear(36, 2)).double().eval()
    game = Game.from_model(model, draw(1, 3, 4, 4), 0.0, target=1, players=torch.arange(16).reshape(4, 4) // 8)
    with pytest.raises(ValueError, match=r"'LayerGradCam' must give .*\(4, 3, 4, 4\), not \(4, 1, 3, 3\); bring them"):
        measure(captum_attr.LayerGradCam(model, model[0]), game)


def test_attributions_of_a_layer_that_have_as_many_entries_by_chance_are_refused():
    model = nn.Sequential(nn.Conv2d(1, 4, 2, stride=2), nn.Flatten(), nn.Linear(16, 1)).double().eval()
    game = Game.from_model(model, draw(1, 1, 4, 4), 0.0, players=torch.arange(16).reshape(4, 4) // 8)
    with pytest.raises(ValueError, match=r"not \(4, 4, 2, 2\)"):
        measure(captum_attr.LayerIntegratedGradients(model, model[0]), game)


def test_attributions_that_are_not_finite_name_the_coalition():
    def bad(model, inputs, baselines, target):
        given = inputs - baselines
        given[(inputs != baselines).sum(1) == 4] = float("nan")
        return given

    with pytest.raises(ValueError, match=r"NaN or infinity at the end point \{x0, x1, x2, x3\}"):
        measure(bad, BY_ID["softplus"].game())


def test_a_network_in_float32_measured_by_captum_keeps_its_rounding_error():
    case = network_case("f32", mlp(nn.Softplus, (4, 6, 1), dtype=torch.float32), draw(4, dtype=torch.float32), target=0)
    criteria = measure(captum_attr.IntegratedGradients(case.model), case.game()).criteria()
    assert criteria.error > 0
    assert criteria.verdicts["completeness"] != "fail"
