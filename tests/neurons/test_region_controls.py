"""Silent neurons of a region beside controls: every number by full Jacobians, hooks and loops of one's own."""

from itertools import product

import numpy as np
import pytest
import torch
from cases import close, draw
from torch import nn

from synergy.examples import two_objects
from synergy.neurons import region_controls
from synergy.neurons.region_controls import MEASURED, RANKINGS

NODES, PARTS = 6, (0.1, 5)
DATA, LABELS = draw(3, 1, 5, 5, seed=71), [1, 0, 2]
REGIONS = [((0, 3), (1, 4)), torch.eye(5, dtype=torch.bool), [0, 1, 2, 7]]
PLACES, WEIGHTS = (each.tolist() for each in np.polynomial.legendre.leggauss(NODES))


def network():
    torch.manual_seed(5)
    layers = (nn.Conv2d(1, 2, 3), nn.Tanh(), nn.Flatten(), nn.Linear(18, 4), nn.Tanh(), nn.Linear(4, 3))
    return nn.Sequential(*layers).double().eval()


def masks():
    box, players = torch.zeros(5, 5, dtype=torch.bool), torch.zeros(25, dtype=torch.bool)
    box[0:3, 1:4] = True
    players[[0, 1, 2, 7]] = True
    return [box, torch.eye(5, dtype=torch.bool), players.reshape(5, 5)]


def through(model, x, label, inside):
    """What a part of the input gives through each of the 18 neurons behind the first tanh, by full Jacobians."""
    front, behind = model[:2], model[2:]
    total = torch.zeros(18, dtype=torch.float64)
    for place, weight in zip(PLACES, WEIGHTS, strict=True):
        point = (place + 1) / 2 * x
        table = torch.autograd.functional.jacobian(lambda z: front(z).flatten(), point).reshape(18, 25)
        slope = torch.autograd.functional.jacobian(lambda a: behind(a)[0, label], front(point)).flatten()
        total += weight / 2 * slope * (table @ (x * inside).flatten())
    return total


def measured(model, x, label, inside, silent):
    """Of the network where some neurons are zero."""
    where = torch.ones(18, dtype=torch.float64)
    where[silent] = 0
    handle = model[1].register_forward_hook(lambda module, given, output: output * where.reshape(2, 3, 3))
    total = torch.zeros_like(x)
    for place, weight in zip(PLACES, WEIGHTS, strict=True):
        point = ((place + 1) / 2 * x).requires_grad_()
        total += weight / 2 * x * torch.autograd.grad(model(point)[0, label], point)[0]
    chances = model(x).softmax(1)[0].detach()
    handle.remove()
    each = total.abs()[0, 0]
    right = float(chances.argmax() == label)
    return [each[inside].sum().log().item(), each[~inside].sum().log().item(), chances[label].item(), right]


def test_every_number():
    model, generator = network(), torch.Generator().manual_seed(4)
    found = region_controls(model, "1", DATA, LABELS, REGIONS, parts=PARTS, nodes=NODES, seed=4)
    assert found.silent == (2, 5)
    assert found.neurons == 18
    for n, (x, label, inside) in enumerate(zip(DATA.split(1), LABELS, masks(), strict=True)):
        rankings = [
            through(model, x, label, inside),
            through(model, x, label, torch.ones(5, 5)),
            model[:2](x).abs().flatten(),
            torch.rand(18, generator=generator, dtype=torch.float64),
        ]
        close(found.before[n], measured(model, x, label, inside, []), 1e-10)
        for (row, values), (column, count) in product(enumerate(rankings), enumerate(found.silent)):
            silent = sorted(range(18), key=lambda j: -values[j])[:count]
            close(found.after[row, column, n], measured(model, x, label, inside, silent), 1e-10)
    assert found.after.shape == (len(RANKINGS), 2, 3, len(MEASURED))
    inside, outside = (found.changes(what, "conductance", 5) for what in ("inside", "outside"))
    close(inside, found.after[1, 1, :, 0] - found.before[:, 0], 0.0)
    close(found.changes("difference", "conductance", 5), inside - outside, 0.0)


def test_channels_and_a_model_that_stays_as_it_is():
    model = network()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    found = region_controls(model, "1", DATA, LABELS, REGIONS, parts=[1], neurons="channels", nodes=NODES)
    assert (found.neurons, found.silent) == (2, (1,))
    for n, (x, label, inside) in enumerate(zip(DATA.split(1), LABELS, masks(), strict=True)):
        best = through(model, x, label, inside).reshape(2, 9).sum(1).argmax().item()
        silent = list(range(9 * best, 9 * best + 9))
        close(found.after[0, 0, n], measured(model, x, label, inside, silent), 1e-10)
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_the_region_s_neurons_speak_for_it_and_the_whole_s_for_both_halves():
    """The published claim, on pictures whose two halves are alike: the other half hardly changes."""
    drawn = two_objects.draw(8, 11)
    halves = [((0, 24), (0, 12))] * 8
    model, labels = two_objects.model().double(), drawn.kinds[:, 0]
    found = region_controls(model, "relu2", drawn.images.double(), labels, halves, parts=[0.03], nodes=24)
    region, whole = (found.interval("difference", name, 0.03) for name in ("region", "conductance"))
    assert region.mean < -0.15
    assert region.high < 0
    assert abs(whole.mean) < 0.1
    assert not whole.apart
    assert abs(found.interval("difference", "random", 0.03).mean) < 0.05


def test_what_it_shows():
    found = region_controls(network(), "1", DATA, LABELS, REGIONS, parts=PARTS, nodes=NODES)
    table = found.table()
    assert table.title == "layer 1: 18 neurons, 3 inputs"
    assert [row[0] for row in table.rows[3:5]] == ["2 at random", "5 by region"]
    mean, low, high = found.interval("outside", "region", 5)
    assert table.rows[4][2] == f"{mean:+.2f} [{low:+.2f}, {high:+.2f}]"
    assert "95 % bootstrap intervals" in str(found)


def test_what_is_refused():
    asked = {"layer": "1", "data": DATA, "labels": LABELS, "regions": REGIONS, "nodes": NODES}
    for settings, error, said in (
        ({"regions": REGIONS[:2]}, ValueError, r"regions are 3 regions, .* take \[region\] \* len\(data\), not 2"),
        ({"regions": 5}, TypeError, "regions are 3 regions"),
        ({"regions": [((0, 5), (0, 5))] * 3}, ValueError, "has no outside"),
        ({"regions": [((0, 9), (0, 5))] * 3}, ValueError, "does not lie in 5 rows"),
        ({"labels": [0, 1, 3]}, ValueError, "0 to 2; one of them is 3"),
        ({"labels": [0, 1]}, ValueError, "labels are 3 whole numbers"),
        ({"parts": 0.1}, TypeError, "parts are whole numbers of neurons, or shares"),
        ({"parts": [1.5]}, ValueError, "not 1.5"),
        ({"parts": []}, ValueError, "parts are whole numbers of neurons, or shares"),
        ({"parts": [18]}, ValueError, "without any neuron of '1'"),
        ({"layer": "9"}, ValueError, "has no layer '9'"),
        ({"data": DATA.numpy()}, TypeError, "data are inputs"),
        ({"data": DATA[:0], "labels": [], "regions": []}, ValueError, "data are inputs"),
    ):
        with pytest.raises(error, match=said):
            region_controls(network(), **(asked | settings))
    found = region_controls(network(), **asked)
    for wrong, said in (
        (("within", "region", 0.01), "what"),
        (("inside", "ig", 0.01), "ranking"),
        (("inside", "region", 2), "part"),
    ):
        with pytest.raises(ValueError, match=f"{said} is one of "):
            found.changes(*wrong)
