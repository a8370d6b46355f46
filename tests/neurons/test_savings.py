"""What a smaller network saves: counted by hand, and times that are there."""

import pytest
import torch
from cases import draw, mlp
from torch import nn

from synergy.neurons import savings, shrink


def test_parameters_and_operations():
    """3·4 + 4 + 4·2 + 2 parameters and 2·5·(12 + 8) operations for five rows; half of the units, half of that."""
    model = mlp(nn.ReLU, (3, 4, 2), seed=1)
    small = shrink(model, "0", [0, 2])
    found = savings(model, small, draw(5, 3, seed=2), repeats=2)
    assert (found.before.parameters, found.before.operations) == (26, 200)
    assert (found.after.parameters, found.after.operations) == (14, 100)
    assert found.before.seconds > 0
    assert found.after.seconds > 0
    rows = {row[0]: row[1:] for row in found.table().rows}
    assert rows["parameters"] == ("26", "14", "0.54")
    assert rows["operations"] == ("200", "100", "0.5")
    assert str(found).startswith("a smaller network")


def test_convolutions():
    """Four places of windows of four: 2·4·4 a channel, and 2·4 in the linear map, for three inputs."""
    model = nn.Sequential(nn.Conv2d(1, 5, 2), nn.ReLU(), nn.Flatten(), nn.Linear(20, 1)).double().eval()
    found = savings(model, shrink(model, "0", [4]), draw(3, 1, 3, 3, seed=1), repeats=1)
    assert found.before.operations == 3 * 5 * (32 + 8)
    assert found.after.operations == 3 * 4 * (32 + 8)


class Counting(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        self.calls += 1
        return x


def test_the_networks_are_left_as_they_are():
    model = Counting()
    savings(model, model, draw(2, 3, seed=1), repeats=3)
    assert model.calls.item() == 0


def test_what_is_refused():
    model = mlp(nn.ReLU, (3, 4, 2), seed=1)
    for given, error, said in (
        ((len, model, draw(2, 3, seed=1)), TypeError, "torch.nn.Module is needed"),
        ((model, model, [[1.0, 2.0, 3.0]]), TypeError, "a batch that both networks take"),
        ((model, model, draw(0, 3, seed=1)), TypeError, "a batch that both networks take"),
    ):
        with pytest.raises(error, match=said):
            savings(*given)
    with pytest.raises(ValueError, match="repeats is how often"):
        savings(model, model, draw(2, 3, seed=1), repeats=0)
