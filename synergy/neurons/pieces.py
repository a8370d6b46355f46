r"""The same between the kinks of a piecewise linear network, exactly.

Along the path the layer's own grid of breakpoints has segments on which D_u G is constant, and one pass down the
network gives the integral of ∂H over each of them. So

.. math:: \int_0^1 \partial_j H\, D_u G_j\, ds
          = \sum_{\text{segments}} \Bigl(\int_{\text{segment}} \partial_j H\, ds\Bigr)\, D_u G_j|_{\text{segment}}

and the derivative of G is needed once per segment of the layers before, however many kinks come after.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from decompositions.counts import several
from decompositions.games.function_cube import FunctionCube
from decompositions.models.model_function import ModelFunction
from decompositions.networks.head import StepHead
from decompositions.networks.network import Network
from decompositions.networks.reading.tracing import modules
from synergy.algorithms.path.integral import EXACT
from synergy.algorithms.path.piecewise import PiecewiseLinear, TooManyPieces, reading
from synergy.estimate import Estimate
from synergy.neurons.halves import Halves
from synergy.neurons.question import Question

ROUNDINGS = 2.0**-50  # of every value
SAME = 1e-9  # relative difference up to which two places of a network are taken for one
PROBES = (0.29, 0.53, 0.91)  # along the path


def between_kinks(asked: Question) -> Estimate | None:
    """The exact integrals, in the order of :meth:`Question.rates`, Shape ``(1, …)``.

    Returns:
        None where the network is curved, cannot be read, has too many pieces, or where no step of it is the layer.
    """
    try:
        cube = asked.cube.double()
    except ValueError:  # a model that runs in its own type alone
        return None
    known = reading(cube, modules)
    if known is None or not isinstance(cube.f, ModelFunction):
        return None
    fine = replace(asked, cube=cube, halves=Halves.of(cube.f, asked.halves.head.name), parts=asked.parts.double())
    with cube.calling():
        place = _place(known, fine)
        if place is None:
            return None
        try:
            paths = [_path(known, place, replace(fine, cube=each)) for each in _singles(cube)]
        except TooManyPieces:
            return None
    values = torch.stack([values for values, _ in paths]).mul(cube.weights[:, None]).sum(0, keepdim=True)
    pieces = several(sum(count for _, count in paths), "piece")
    return Estimate(values, ROUNDINGS * abs(values), f"{EXACT}, {pieces}")


def _singles(cube: FunctionCube) -> list[FunctionCube]:
    """The cube of every baseline by itself."""
    one = torch.ones_like(cube.weights[:1])
    return [replace(cube, baseline=each, weights=one) for each in cube.baseline.split(1)]


def _path(known: PiecewiseLinear, place: int, asked: Question) -> tuple[torch.Tensor, int]:
    """The integrals along one path, and the pieces that it has at the layer."""
    cube, parts = asked.cube, len(asked.parts)
    seen = known.seen(place, cube.baseline, cube.x)
    cube.on_calls(seen.sum.calls)
    middles = ((seen.borders[1:] + seen.borders[:-1]) / 2)[:, None].expand(-1, cube.n)
    directions, total = asked.directions(), torch.zeros(parts, asked.count, dtype=torch.float64, device=cube.device)
    for points, signals in zip(middles.split(cube.chunk), seen.signals.split(cube.chunk), strict=True):
        inputs = cube.inputs(points).flatten(0, 1)
        for row, direction in zip(total, directions, strict=True):
            tangents = asked.halves.tangent(inputs, direction.expand(inputs.shape))
            row += asked.by_neuron((signals.reshape(tangents.shape) * tangents).sum(0, keepdim=True))[0]
            cube.on_calls(len(inputs))
    own = (directions[:, 0] * seen.sum.entries).flatten(1).sum(1)
    rest = ((cube.x - cube.baseline) * seen.sum.entries).sum() - own.sum()
    rows = torch.cat([total, (own - total.sum(1))[:, None]], 1)
    return torch.cat([rows.flatten(), rest[None]]), len(middles)


def _place(known: PiecewiseLinear, asked: Question) -> int | None:
    """The step that gives what the layer gives, and behind which is what is behind the layer; None if there is none.

    Steps have no names that are sure to be a module's, so they are told by their values and gradients at some inputs.
    """
    points = torch.tensor(PROBES, dtype=torch.float64, device=asked.cube.device)[:, None].expand(-1, asked.cube.n)
    inputs = asked.cube.inputs(points)[:, 0]
    with torch.enable_grad():
        behind = asked.halves.derivatives(inputs, torch.zeros_like(inputs)[None]).behind
    value, steps = asked.halves.head.open(inputs)[0], Network(known.steps)
    for place, found in enumerate(steps.values(inputs)):
        if place and found.shape == value.shape and _alike(found, value):
            slope = _slope(StepHead(steps, place), inputs, known.chosen)
            if _alike(slope, behind):
                return place
    return None


def _slope(head: StepHead, inputs: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
    """The gradient of the explained output with respect to a step's."""
    value, behind = head.open(inputs)
    with torch.enable_grad():
        leaf = value.detach().clone().requires_grad_()
        output = (behind(leaf) * chosen).sum()
        (slope,) = torch.autograd.grad(output, leaf)
    return slope


def _alike(one: torch.Tensor, other: torch.Tensor) -> bool:
    return bool(((one - other).abs().max() <= SAME * other.abs().max()).all())
