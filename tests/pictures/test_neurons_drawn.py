"""Pictures of neurons: bars as long as the numbers, legible, and what is refused."""

import pytest

pytest.importorskip("matplotlib", reason="figures need the extra 'viz'")

import torch
from cases import draw, mlp
from legible import faults
from torch import nn

from synergy import Game, pictures
from synergy.neurons import conductance, input_by_neuron, rank_neurons

DATA, LABELS = draw(12, 3, seed=1), torch.arange(12) % 3
MODEL = mlp(nn.Tanh, (3, 40, 3), seed=2)


def found():
    game = Game.from_model(MODEL, DATA[:1], 0.0, target=1)
    return rank_neurons(MODEL, "1", DATA, LABELS), conductance(game, "1")


def test_the_bars_are_the_numbers():
    for result, values in zip(found(), (found()[0].score, found()[1].values), strict=True):
        figure = pictures.neurons(result, 5)
        (axis,) = figure.axes
        largest = values[values.abs().argsort(descending=True)[:5]].sort(descending=True).values
        assert [bar.get_width() for bar in axis.patches] == pytest.approx(largest.tolist())
        assert axis.get_yticklabels()[0].get_text() == result.names[int(values.argmax())]
        assert "35 more neurons" in "".join(text.get_text() for text in axis.texts)


def test_they_are_legible(tmp_path):
    for result in found():
        assert faults(result.plot(tmp_path / "neurons.png")) == []
        assert (tmp_path / "neurons.png").exists()


def test_what_is_refused():
    game = Game.from_model(MODEL, DATA[:1], 0.0, target=1)
    with pytest.raises(ValueError, match="a row for each player"):
        pictures.neurons(input_by_neuron(game, "1"))
    with pytest.raises(TypeError, match="draws a Ranking or Contributions, not 3"):
        pictures.neurons(3)
    with pytest.raises(ValueError, match="k is the number of neurons"):
        pictures.neurons(found()[0], 0)
