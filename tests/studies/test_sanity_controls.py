"""Sanity controls: random weights and labels, by hand, and a method that does not look at the model."""

import numpy as np
import pytest
import scipy.stats
import torch
from study_cases import METHODS, asked, small, some
from torch import nn

from synergy import Game, method
from synergy.studies import study
from synergy.studies.controls import LABEL, randomised


def of_inputs(model, inputs, baselines, target):
    return inputs - baselines


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    methods = {name: name for name in METHODS} | {"inputs": of_inputs}
    place = tmp_path_factory.mktemp("study") / "s"
    return asked(place, methods=methods, controls=["labels", "weights"], seed=3)


def test_weights_are_random_layer_by_layer():
    net = nn.Sequential(nn.Linear(4, 30), nn.ReLU(), nn.Linear(30, 20), nn.Linear(20, 2))
    before = {name: each.clone() for name, each in net.state_dict().items()}
    copies = dict(randomised(net, 1))
    assert list(copies) == ["3", "2", "0"]
    for number, copied in enumerate(copies.values(), 1):
        changed = {"3", "2", "0"} - set(list(copies)[number:])
        for name, each in copied.state_dict().items():
            if name.endswith("weight") or name.partition(".")[0] not in changed:  # two biases may stay as they are
                assert (each != before[name]).any() == (name.partition(".")[0] in changed)
            assert torch.equal(each.flatten().sort().values, before[name].flatten().sort().values)
    assert all(torch.equal(each, before[name]) for name, each in net.state_dict().items())
    assert not torch.equal(dict(randomised(net, 2))["3"][3].weight, copies["3"][3].weight)


def test_correlations_are_spearmans_by_hand(found):
    table = found.table("correlation", "correlation of sizes")
    net, x = small(), some()[5:6]
    own = method("shapley").attribute(Game.from_model(net, x, target=2)).numpy()
    for layer, other in randomised(net, 3 + 5):
        theirs = method("shapley").attribute(Game.from_model(other, x, target=2)).numpy()
        rows = table[(table.input == 5) & (table.method == "shapley") & (table.of == f"random {layer}")]
        values, sizes = (rows[rows.quantity == name].value.iloc[0] for name in ("correlation", "correlation of sizes"))
        assert values == pytest.approx(scipy.stats.spearmanr(own, theirs).statistic)
        assert sizes == pytest.approx(scipy.stats.spearmanr(abs(own), abs(theirs)).statistic)


def test_the_other_label_is_one_of_the_others(found):
    table = found.table("correlation")
    rows = table[(table.of == LABEL) & (table.method == "shapley")].set_index("input").value
    for place in range(9):
        x, targets = some()[place : place + 1], [each for each in range(3) if each != place % 3]
        own, *others = (
            method("shapley").attribute(Game.from_model(small(), x, target=each)).numpy()
            for each in (place % 3, *targets)
        )
        assert rows[place] in [pytest.approx(scipy.stats.spearmanr(own, other).statistic) for other in others]


def test_a_method_that_does_not_look_at_the_model_is_found_out(found):
    sanity = found.sanity().set_index(["method", "control", "part"])
    assert {control for _, control, _ in sanity.index} == {"random 2", "random 0", LABEL}
    for control in ("random 2", "random 0", LABEL):
        assert sanity.loc[("inputs", control, "values"), "mean"] == pytest.approx(1)


@pytest.mark.slow
def test_methods_that_do_are_near_zero(tmp_path):
    """Of many inputs of a linear network, whose weights for one label have nothing to do with each other."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(8, 12)).eval()
    inputs = torch.randn(150, 8)
    targets = (torch.arange(150) % 12).tolist()
    methods = {"gradient": "gradient_x_input", "inputs": of_inputs}
    made = study(net, inputs, targets=targets, folder=tmp_path / "s", methods=methods, controls="weights", budget=0)
    sanity = made.sanity().set_index(["method", "part"])
    assert abs(sanity.loc[("gradient", "values"), "mean"]) < 0.1
    assert sanity.loc[("inputs", "values"), "mean"] == pytest.approx(1)


def test_two_models_beside_each_other(tmp_path):
    """As one that was trained on permuted labels."""
    nets = {"one": small(), "other": nn.Sequential(nn.Linear(4, 3)).eval()}
    made = study(nets, some(5), targets=0, folder=tmp_path / "s", methods=["gradient_x_input"])
    own, other = (
        [method("gradient_x_input").attribute(Game.from_model(net, x[None], target=0)).numpy() for x in some(5)]
        for net in nets.values()
    )
    rho = [scipy.stats.spearmanr(a, b).statistic for a, b in zip(own, other, strict=True)]
    found = made.across("one", "other").set_index("method")
    assert found.loc["gradient_x_input", "mean"] == pytest.approx(np.mean(rho))
    with pytest.raises(LookupError, match="no model 'third'"):
        made.across("one", "third")


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"controls": ["weight"]}, ValueError, "controls are a list of weights and labels, not 'weight'"),
        ({"controls": ["labels"], "targets": 1}, ValueError, "all have the same target"),
        ({"controls": ["labels"], "targets": [1] * 9}, ValueError, "all have the same target"),
        ({"controls": 3}, TypeError, "controls are a list"),
    ],
)
def test_what_is_refused(tmp_path, change, error, said):
    with pytest.raises(error, match=said):
        asked(tmp_path / "s", **change)


def test_functions_have_no_weights(tmp_path):
    with pytest.raises(TypeError, match="makes the weights of torch modules random"):
        study(lambda z: z.sum(1), np.ones((2, 3)), folder=tmp_path / "s", methods="shapley", controls="weights")


def test_it_is_drawn(found, done, tmp_path):
    pytest.importorskip("matplotlib")
    from legible import faults

    figure = found.plot("sanity", tmp_path / "sanity.png")
    assert faults(figure) == []
    table = np.asarray(figure.axes[0].images[0].get_array())
    assert table[3] == pytest.approx(np.ones(3))
    with pytest.raises(ValueError, match="this study has no controls"):
        done.plot("sanity")
