"""Pictures of several layers and of silenced neurons: the numbers are those of the results, and all can be read."""

import itertools

import pytest

pytest.importorskip("matplotlib", reason="figures need the extra 'viz'")

import torch
from legible import faults

from synergy import pictures
from synergy.neurons.controls import Controls, Outcome
from synergy.neurons.ranking import Ranking
from synergy.neurons.region_controls import RegionControls


def ranking(scores, layer="layer", long=False):
    scores = torch.tensor(scores, dtype=torch.float64)
    names = tuple(f"{'an extraordinarily long name ' * long}neuron {j}" for j in range(len(scores)))
    votes, none = torch.zeros(2, 2, len(scores)).double(), torch.zeros(2, 2).double()
    weights, entries = torch.full((2,), 0.5).double(), torch.arange(len(scores))
    return Ranking(layer, votes, votes, scores, 0 * scores, none, weights, names, entries, 12)


def trial(silent, accuracies, error=0.1, layer="fc", neurons=60):
    names = ("as it is", "without the highest scores", "without the loudest", "without some at random")
    outcomes = [Outcome(name, value, value / 2) for name, value in zip(names, accuracies, strict=True)]
    outcomes[3] = Outcome(names[3], accuracies[3], accuracies[3] / 2, error, error / 2)
    return Controls(layer, silent, neurons, tuple(outcomes), 20)


def test_columns_are_the_sorted_scores_on_one_scale():
    figure = pictures.layer_map({"a": ranking([1.0, -4.0, 2.0], "a"), "b": ranking([0.5, 0.25], "b")}, 2)
    first, second, _ = figure.axes
    assert first.images[0].get_array().ravel().tolist() == [2.0, 1.0, -4.0]
    assert second.images[0].get_array().ravel().tolist() == [0.5, 0.25]
    assert first.images[0].get_clim() == second.images[0].get_clim() == (-4.0, 4.0)
    assert first.get_xlabel() == "neuron 1 −4.000\nneuron 2 +2.000"
    assert first.get_title() == "a\n3 neurons"


def test_of_many_neurons_the_ends_are_drawn():
    scores = [float((37 * j) % 60) - 20 for j in range(60)]  # −20 to 39, in another order
    (axis, _) = pictures.layer_map(ranking(scores, "a")).axes
    cells = axis.images[0].get_array().ravel()
    assert cells[:24].tolist() == [39.0 - j for j in range(24)]
    assert cells[24:27].mask.all()
    assert cells[27:].tolist() == [3.0 - j for j in range(24)]
    assert [text.get_text() for text in axis.texts] == ["12 between"]


SIZES = [*itertools.product([1, 3, 8], [1, 3, 60], [0.0, 1e-9, 12345.678]), (17, 60, 12345.678)]


@pytest.mark.parametrize(("layers", "neurons", "scale"), SIZES)
def test_a_map_is_legible(layers, neurons, scale):
    found = {
        f"blocks.{j}.layer.with.a.long.name": ranking(
            [scale * (-1) ** i * (i + 1) for i in range(neurons)], f"blocks.{j}.layer.with.a.long.name", long=True
        )
        for j in range(layers)
    }
    figure = pictures.layer_map(found)
    assert faults(figure) == []
    assert max(figure.get_size_inches()) < 20


def test_lines_are_the_outcomes():
    figure = pictures.silenced([trial(8, (0.9, 0.2, 0.4, 0.7)), trial(2, (0.9, 0.5, 0.6, 0.8))])
    accuracy, confidence, _ = figure.axes
    lines = [line.lines[0] for line in accuracy.containers]
    assert [line.get_xdata().tolist() for line in lines] == [[0, 2, 8]] * 3
    assert [list(line.get_ydata()) for line in lines] == [[0.9, 0.5, 0.2], [0.9, 0.6, 0.4], [0.9, 0.8, 0.7]]
    assert list(confidence.containers[0].lines[0].get_ydata()) == [0.45, 0.25, 0.1]
    (bars,) = accuracy.containers[2].lines[2]
    assert bars.get_segments()[2][:, 1] == pytest.approx([0.5, 0.9])  # 0.7 and two standard errors of 0.1
    assert not accuracy.containers[0].lines[2]


@pytest.mark.parametrize("counts", [(1,), (1, 2, 3), tuple(range(1, 61)), (10_000, 50_000)])
def test_what_is_silenced_is_legible(counts):
    long = "blocks.0.a.layer.with.a.very.long.name.indeed"
    for values in ((0.9, 0.2, 0.4, 0.7), (0.0, 0.0, 0.0, 0.0), (1.0, 1.0, 1.0, 1.0)):
        assert faults(pictures.silenced([trial(k, values, layer=long, neurons=100_000) for k in counts])) == []


def region_trial(changes, silent=(2, 5), layer="fc"):
    """Of three inputs; the changes by ranking and part are the same for all of them and all that is measured."""
    before = torch.tensor([[1.0, 2.0, 0.9, 1.0]]).double().expand(3, -1)
    after = before + torch.tensor(changes).double()[..., None, None]
    return RegionControls(layer, 60_000, tuple(silent), tuple(silent), before, after)


def test_lines_are_the_mean_changes():
    found = region_trial([[-0.5, -0.25], [-0.1, -0.2], [0.0, 0.1], [0.0, float("-inf")]], silent=(5, 2))
    *panels, beside = pictures.region_silenced(found).axes
    assert [axis.get_title(loc="left") for axis in panels] == ["log Σ|a| inside", "log Σ|a| outside", "confidence"]
    for axis in panels:
        lines = [line.lines[0] for line in axis.containers]
        assert [line.get_xdata().tolist() for line in lines] == [[0, 2, 5]] * 4
        region, conductance, loudest, random = (line.get_ydata() for line in lines)
        assert region == pytest.approx([0, -0.25, -0.5])
        assert conductance == pytest.approx([0, -0.2, -0.1])
        assert loudest == pytest.approx([0, 0.1, 0])
        assert random == pytest.approx([0, float("nan"), 0], nan_ok=True)
    assert panels[0].get_ylim() == panels[1].get_ylim()
    names = [text.get_text() for text in beside.get_legend().get_texts()]
    assert names == ["what the region gives", "conductance", "loudness", "chance"]


@pytest.mark.parametrize("scale", [0.0, 1e-7, 1.0, 30.0])
def test_what_a_region_loses_is_legible(scale):
    found = region_trial(
        [[-scale, -2 * scale]] * 4, silent=(100, 10_000), layer="blocks.0.a.layer.with.a.very.long.name.indeed"
    )
    assert faults(pictures.region_silenced(found)) == []


def test_what_is_refused():
    with pytest.raises(TypeError, match=r"what region_controls\(\) gives"):
        pictures.region_silenced(3)
    with pytest.raises(TypeError, match="rankings by layer"):
        pictures.layer_map({"a": 3})
    with pytest.raises(ValueError, match="1 to 48 layers, not 0"):
        pictures.layer_map({})
    with pytest.raises(ValueError, match="k is the number of neurons"):
        pictures.layer_map(ranking([1.0]), 0)
    with pytest.raises(TypeError, match=r"what controls\(\) gives"):
        pictures.silenced(3)
    one = trial(2, (0.9, 0.5, 0.6, 0.8))
    with pytest.raises(ValueError, match="one layer and one order"):
        pictures.silenced([])
    with pytest.raises(ValueError, match="one layer and one order"):
        pictures.silenced([one, trial(3, (0.9, 0.5, 0.6, 0.8), layer="other")])
    with pytest.raises(ValueError, match="another number of neurons"):
        pictures.silenced([one, one])
