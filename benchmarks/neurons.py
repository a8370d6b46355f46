"""A region through 1,200 neurons, beside full Jacobians and Integrated Gradients; conductance, beside captum."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

import numpy as np
import torch
from torch import nn

from benchmarks.timing import ratio, rounds, seconds
from synergy import Game, method
from synergy.examples import digits
from synergy.neurons import conductance, region_attribution

LAYER, TARGET, BOX = 4, 3, ((5, 12), (8, 20))
NODES, FEW = 32, 16  # of the rule; and where full Jacobians are taken, which take long
STEPS = 50  # captum's default


def run() -> None:
    """Print the ratios of a region, and a row per network for the conductance."""
    model, x = _network()
    game = Game.from_model(model, x, 0.0, target=TARGET)
    few = _rule(FEW)
    slow, fast = _by_jacobians(model, x, few), region_attribution(game, str(LAYER), BOX, nodes=FEW)
    apart = abs(slow - fast.values).max()
    assert apart < 1e-12, f"{apart:.0e} apart"
    times = rounds(
        {
            "jacobians": lambda: _by_jacobians(model, x, few),
            "few": lambda: region_attribution(game, str(LAYER), BOX, nodes=FEW),
        },
        repeats=3,
    )
    times |= rounds(
        {
            "region": lambda: region_attribution(game, str(LAYER), BOX, nodes=NODES),
            "ig": lambda: method("integrated_gradients", nodes=NODES).attribute(game),
        },
        repeats=20,
    )
    print(f"a region through {len(fast.names):,} neurons of a convolutional network, 28x28 pixels, float64")
    print(f"  full Jacobians at {FEW} nodes / ours with its error: {ratio(times['jacobians'], times['few'])}")
    print(f"  at most {apart:.0e} apart")
    print(f"  ours / Integrated Gradients, {NODES} nodes each: {ratio(times['region'], times['ig'])}")
    print(f"  ours {seconds(median(times['region']))}\n")
    print(f"conductance, one input: ours against captum with {STEPS} steps; error relative to the largest value")
    print(
        f"{'network':<16} {'rule':<25} {'ours':>8} {'captum':>8} {'its error':>9} {'one neuron':>10} {'its error':>9}"
    )
    _beside_captum("smooth", model, x, str(LAYER), TARGET)
    _beside_captum("digits CNN", digits.model().double(), digits.choose("7")[0].double(), "relu2", 7)


def _network() -> tuple[nn.Sequential, torch.Tensor]:
    """Smooth, untrained, with 12 x 10 x 10 numbers behind its second convolution."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        front = (nn.Conv2d(1, 8, 5), nn.Softplus(), nn.AvgPool2d(2), nn.Conv2d(8, 12, 3), nn.Softplus())
        behind = (nn.Conv2d(12, 24, 3), nn.Softplus(), nn.Flatten(), nn.Linear(1536, 10))
        return nn.Sequential(*front, *behind).double().eval(), torch.rand(1, 1, 28, 28, dtype=torch.float64)


def _rule(nodes: int) -> list[tuple[float, float]]:
    places, weights = np.polynomial.legendre.leggauss(nodes)
    return list(zip((places + 1) / 2, weights / 2, strict=True))


def _by_jacobians(model: nn.Sequential, x: torch.Tensor, rule: list[tuple[float, float]]) -> torch.Tensor:
    """Every derivative of every neuron with respect to every pixel, and those of the region added up."""
    before, behind = model[: LAYER + 1], model[LAYER + 1 :]
    (top, bottom), (left, right) = BOX
    step = torch.zeros_like(x)
    step[..., top:bottom, left:right] = x[..., top:bottom, left:right]
    total = torch.zeros(1200, dtype=x.dtype)
    for place, weight in rule:
        point = place * x
        table = torch.autograd.functional.jacobian(lambda z: before(z).flatten(), point)
        inner = before(point).requires_grad_()
        (slope,) = torch.autograd.grad(behind(inner)[0, TARGET], inner)
        total += weight * slope.flatten() * (table.flatten(1) @ step.flatten())
    return total


def _beside_captum(name: str, model: nn.Module, x: torch.Tensor, layer: str, target: int) -> None:
    from captum.attr import LayerConductance, NeuronConductance

    game = Game.from_model(model, x, 0.0, target=target)
    found = conductance(game, layer)
    module, size = model.get_submodule(layer), abs(found.values).max()
    (first,) = _places(found.entries, int(abs(found.values).argmax()))
    whole, one = LayerConductance(model, module), NeuronConductance(model, module)
    calls: dict[str, Callable[[], torch.Tensor]] = {
        "layer": lambda: whole.attribute(x, target=target, n_steps=STEPS).detach().flatten(),
        "neuron": lambda: one.attribute(x, first, target=target, n_steps=STEPS).detach().sum(),
    }
    times = rounds({"ours": lambda: conductance(game, layer), **calls})
    off = abs(calls["layer"]() - found.values).max() / size
    off_one = abs(calls["neuron"]() - found.values[abs(found.values).argmax()]) / size
    spent = {key: seconds(median(value)) for key, value in times.items()}
    print(
        f"{name:<16} {found.rule:<25} {spent['ours']:>8} {spent['layer']:>8} {off:>9.1g} {spent['neuron']:>10} "
        f"{off_one:>9.1g}"
    )


def _places(entries: torch.Tensor, neuron: int) -> list[tuple[int, ...]]:
    """Where a neuron lies in what the layer gives."""
    return [tuple(place) for place in (entries == neuron).nonzero().tolist()]
