"""Within one question a network is read once, and again when it has changed."""

import pytest
import torch
from torch import nn

from decompositions.networks.reading.kept import kept, readings_kept
from decompositions.networks.reading.tracing import network


class Counting:
    """What makes something of a model, and counts how often it is asked."""

    def __init__(self, refusing=False):
        self.times, self.refusing = 0, refusing

    def __call__(self, model, x):
        self.times += 1
        if self.refusing:
            raise ValueError("it cannot be read")
        return self.times


@pytest.fixture
def model():
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 1)).eval()


X = torch.ones(1, 3)


def test_once_within_a_question_and_anew_in_the_next(model):
    make = Counting()
    with readings_kept():
        with readings_kept():  # a measurement within a comparison
            assert kept(make, model, X, "reading") == 1
        assert kept(make, model, X[:1], "reading") == 1
        assert kept(make, model, X, "another") == 2
    with readings_kept():
        assert kept(make, model, X, "reading") == 3
    assert kept(make, model, X, "reading") == 4
    assert kept(make, model, X, "reading") == 5


def written(model):
    with torch.no_grad():
        model[0].weight[0, 0] += 1


def replaced(model):
    model[3].weight = nn.Parameter(torch.ones(1, 4))


def hooked(model):
    model[2].register_forward_hook(lambda module, inputs, output: 2 * output)


def another_forward(model):
    model[2].forward = lambda x: x


def a_part_replaced(model):
    model[2] = nn.Tanh()


def a_buffer_written(model):
    model[1].running_mean += 1


CHANGES = [written, replaced, hooked, another_forward, a_part_replaced, a_buffer_written]


@pytest.mark.parametrize("change", CHANGES)
def test_again_when_the_model_has_changed(change, model):
    make = Counting()
    with readings_kept():
        kept(make, model, X, "reading")
        change(model)
        assert kept(make, model, X, "reading") == 2


def test_again_at_another_input(model):
    make, x = Counting(), torch.ones(2, 3)
    with readings_kept():
        assert kept(make, model, x[:1], "reading") == 1
        assert kept(make, model, x[1:], "reading") == 2
        x[0, 0] = 3.0
        assert kept(make, model, x[:1], "reading") == 3


def test_a_refusal_is_kept_too(model):
    make = Counting(refusing=True)
    with readings_kept():
        for _ in range(3):
            with pytest.raises(ValueError, match="cannot be read"):
                kept(make, model, X, "reading")
    assert make.times == 1


def test_a_network_that_is_hooked_into_is_read_anew(model):
    with readings_kept():
        before = network(model, X)
        assert network(model, X) is before
        hooked(model)
        after = network(model, X)
    assert torch.allclose(after.values(X)[-1], model(X))
    assert not torch.allclose(after.values(X)[-1], before.values(X)[-1])
