r"""The same between the kinks of a piecewise linear network, exactly.

Along the path the layer's own grid of breakpoints has segments on which D_u G is constant, and one pass down the
network gives the integral of ∂H over each of them. So

.. math:: \int_0^1 \partial_j H\, D_u G_j\, ds
          = \sum_{\text{segments}} \Bigl(\int_{\text{segment}} \partial_j H\, ds\Bigr)\, D_u G_j|_{\text{segment}}

and the derivative of G is needed once per segment of the layers before, however many kinks come after.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
        paths = _paths(known, fine)
    if paths is None:
        return None
    values = torch.stack([values for values, _ in paths]).mul(cube.weights[:, None]).sum(0, keepdim=True)
    pieces = several(sum(count for _, count in paths), "piece")
    return Estimate(values, ROUNDINGS * abs(values), f"{EXACT}, {pieces}")


def _singles(cube: FunctionCube) -> list[FunctionCube]:
    """The cube of every baseline by itself."""
    one = torch.ones_like(cube.weights[:1])
    return [replace(cube, baseline=each, weights=one) for each in cube.baseline.split(1)]


def _paths(known: PiecewiseLinear, asked: Question) -> list[tuple[torch.Tensor, int]] | None:
    """What :func:`_path` finds for every baseline, at the first step that is the layer all along; None if none is."""
    for place in _places(known, asked):
        try:
            return [_path(known, place, replace(asked, cube=each)) for each in _singles(asked.cube)]
        except _Another:
            continue
        except TooManyPieces:
            return None
    return None


class _Another(Exception):
    """The step is not the layer everywhere on the path."""


def _path(known: PiecewiseLinear, place: int, asked: Question) -> tuple[torch.Tensor, int]:
    """The integrals along one path, and the pieces that it has at the layer.

    Raises:
        _Another: between two breakpoints of the step the layer bends, or leads on in another way.
    """
    cube, parts = asked.cube, len(asked.parts)
    seen = known.seen(place, cube.baseline, cube.x)
    cube.on_calls(seen.sum.calls)
    _require_layer(known, place, asked, seen.borders)
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


def _places(known: PiecewiseLinear, asked: Question) -> Iterator[int]:
    """The steps that give what the layer gives, and behind which is what is behind the layer, at some inputs.

    Steps have no names that are sure to be a module's, so they are told by their values and gradients.
    """
    inputs = _along(asked, torch.tensor(PROBES, dtype=torch.float64, device=asked.cube.device))
    behind, value = _behind(asked, inputs), _values(asked, inputs)
    steps = Network(known.steps)
    for place, found in enumerate(steps.values(inputs)):
        same = place and found.shape == value.shape and _alike(found, value)
        if same and _alike(_slope(StepHead(steps, place), inputs, known.chosen), behind):
            yield place


def _require_layer(known: PiecewiseLinear, place: int, asked: Question, borders: torch.Tensor) -> None:
    """Refuse a step that is the layer at the probes alone, as a ReLU's input where all of it is positive there.

    Between two breakpoints the layer is straight, and as steep behind as the step.
    """
    widths = borders.diff()
    ends, inside = _by_batches(asked, borders, _values), _by_batches(asked, borders[:-1] + PROBES[0] * widths, _values)
    if (inside - torch.lerp(ends[:-1], ends[1:], PROBES[0])).abs().max() > SAME * ends.abs().max():
        raise _Another
    head, middles = StepHead(Network(known.steps), place), borders[:-1] + widths / 2
    slopes = _by_batches(asked, middles, lambda asked, inputs: _slope(head, inputs, known.chosen))
    behind = _by_batches(asked, middles, _behind)
    apart = (slopes - behind).flatten(1).abs().amax(1) * widths  # rounding tells the sides of a kink in short ones
    if apart.max() > SAME * behind.abs().max():
        raise _Another


def _by_batches(
    asked: Question, places: torch.Tensor, made: Callable[[Question, torch.Tensor], torch.Tensor]
) -> torch.Tensor:
    """What is made of the inputs at some places of the path, a batch at a time."""
    some = places.split(asked.cube.chunk)
    asked.cube.on_calls(len(places))
    return torch.cat([made(asked, _along(asked, each)) for each in some])


def _along(asked: Question, places: torch.Tensor) -> torch.Tensor:
    """The inputs at some places of the path of one baseline. Shape ``(places, *shape)``."""
    return asked.cube.inputs(places[:, None].expand(-1, asked.cube.n))[:, 0]


def _values(asked: Question, inputs: torch.Tensor) -> torch.Tensor:
    return asked.halves.head.open(inputs)[0]


def _behind(asked: Question, inputs: torch.Tensor) -> torch.Tensor:
    with torch.enable_grad():
        return asked.halves.derivatives(inputs, torch.zeros_like(inputs)[None]).behind


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
