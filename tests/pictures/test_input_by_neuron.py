"""The picture of players and neurons: its cells and sums are the numbers, and all of it can be read."""

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="figures need the extra 'viz'")

import torch
from cases import draw, mlp
from legible import faults
from torch import nn

from synergy import Game, pictures
from synergy.neurons import conductance, input_by_neuron
from synergy.neurons.contributions import Contributions


def table(values, around=None, names=None, players=None):
    values = torch.tensor(values, dtype=torch.float64)
    n, m = values.shape
    around = torch.zeros(n).double() if around is None else torch.tensor(around).double()
    names = names or tuple(f"neuron {j}" for j in range(m))
    players = players or tuple(f"x{i}" for i in range(n))
    return Contributions(values, around, torch.zeros_like(values), "exact, 1 piece", names, torch.arange(m), players)


def test_cells_and_sums_by_hand():
    figure = pictures.input_by_neuron(table([[1.0, -2.0], [0.5, 4.0]], around=[0.25, 0.0]))
    above, _, cells, side, _ = figure.axes
    assert cells.images[0].get_array().tolist() == [[1.0, -2.0], [0.5, 4.0]]
    assert [bar.get_height() for bar in above.patches] == [1.5, 2.0]
    assert [bar.get_width() for bar in side.patches] == [-0.75, 4.5]  # with what leads around the layer
    assert any("+0.2500 leads around" in text.get_text() for text in figure.texts)


def test_the_largest_are_shown_and_the_sums_are_of_all():
    values = np.arange(1.0, 13.0).reshape(3, 4)  # column sums 15, 18, 21, 24; row sums 10, 26, 42
    figure = pictures.input_by_neuron(table(values.tolist()), 2, players=1)
    above, _, cells, side, _ = figure.axes
    assert cells.images[0].get_array().tolist() == [[11.0, 12.0]]
    assert [bar.get_height() for bar in above.patches] == [21.0, 24.0]
    assert [bar.get_width() for bar in side.patches] == [42.0]
    assert any("2 more players and 2 more neurons" in " ".join(text.get_text().split()) for text in figure.texts)


def test_sums_are_those_of_integrated_gradients_and_conductance(tmp_path):
    x, model = draw(1, 3, seed=1), mlp(nn.Tanh, (3, 5, 3), seed=2)
    game = Game.from_model(model, x, 0.0, target=1)
    figure = input_by_neuron(game, "1").plot(tmp_path / "table.png")
    assert [bar.get_height() for bar in figure.axes[0].patches] == pytest.approx(
        conductance(game, "1").values.tolist(), abs=1e-10
    )
    assert sum(bar.get_width() for bar in figure.axes[3].patches) == pytest.approx(
        (model(x) - model(0 * x))[0, 1].item(), abs=1e-10
    )
    assert (tmp_path / "table.png").exists()


@pytest.mark.parametrize("neurons", [1, 3, 60])
@pytest.mark.parametrize("scale", [0.0, 1.0, 1e-9, 1e7])
def test_it_is_legible(neurons, scale):
    values = scale * np.random.default_rng(0).normal(size=(30, neurons))
    names = tuple(f"a neuron of a rather long name, {j}" for j in range(neurons))
    players = tuple(f"{'extraordinarily' * 4} {i}" for i in range(30))
    for found in (table(values[:3].tolist()), table(values.tolist(), None, names, players)):
        figure = pictures.input_by_neuron(found)
        assert faults(figure) == []
        assert max(figure.get_size_inches()) < 20


def test_what_is_refused():
    from matplotlib.figure import Figure

    game = Game.from_model(mlp(nn.Tanh, (3, 5, 3), seed=2), draw(1, 3, seed=1), 0.0, target=1)
    with pytest.raises(TypeError, match=r"what synergy.neurons.input_by_neuron gives, not 3"):
        pictures.input_by_neuron(3)
    with pytest.raises(ValueError, match="a single row"):
        pictures.input_by_neuron(conductance(game, "1"))
    with pytest.raises(ValueError, match="k is the number of neurons"):
        pictures.input_by_neuron(table([[1.0]]), 0)
    with pytest.raises(ValueError, match="a figure of its own"):
        table([[1.0]]).plot(ax=Figure().subplots())
