"""The gradient along a path that is straight in a latent space, entry by entry of the input."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

import torch

from decompositions.arithmetic import wide
from decompositions.games.function_cube import FunctionCube
from decompositions.models.undisturbed import undisturbed

Map = Callable[[torch.Tensor], torch.Tensor]
Stretch = Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]]  # from s of every row to positions, velocities


def latent_integral(
    cube: FunctionCube, ends: torch.Tensor, encoder: Map, decoder: Map, rule: tuple[torch.Tensor, torch.Tensor]
) -> tuple[torch.Tensor, torch.Tensor]:
    r"""The integral along b → D(E(b)) → D(E(x)) → x, the first and last stretch straight, the middle one so in E.

    .. math:: \int_0^1 \partial_i f(z(s))\, z_i'(s)\, ds, \qquad z(s) = D(E(b) + s\,(E(x) - E(b)))

    Args:
        cube: of the players.
        ends: Shape ``(m, n)``.
        encoder: E, inputs ``(rows, *shape)`` → ``(rows, …)``.
        decoder: D, its way back.
        rule: nodes in (0, 1) and weights, of each stretch. Shape ``(q,)`` each.

    Returns:
        The integrals by player, the mean over the baselines, and those of the magnitudes. Shape ``(m, n)`` each.
    """
    with ExitStack() as stack:
        for each in (encoder, decoder):
            stack.enter_context(undisturbed(each, cube.device))
        stack.enter_context(cube.calling())
        stops = cube.inputs(ends)
        starts = cube.baseline.expand(stops.shape).flatten(0, 1)
        given = torch.zeros(starts.shape, dtype=torch.float64, device=cube.weights.device)
        sizes = torch.zeros_like(given)
        for stretch in _stretches(starts, stops.flatten(0, 1), encoder, decoder):
            for place, weight in zip(*(part.tolist() for part in rule), strict=True):
                term = weight * _integrand(cube, stretch, starts.new_full((len(starts),), place))
                given, sizes = given + term, sizes + abs(term)
    return cube.by_player(given.reshape(stops.shape)), cube.by_player(sizes.reshape(stops.shape))


def _stretches(starts: torch.Tensor, stops: torch.Tensor, encoder: Map, decoder: Map) -> list[Stretch]:
    first, last = encoder(starts.clone()), encoder(stops.clone())

    def between(s: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        places = first + _column(s, first) * (last - first)
        with torch.enable_grad():
            found, speeds = torch.autograd.functional.jvp(decoder, places, last - first)
        return found.detach(), speeds.detach()

    beginning, ending = decoder(first.clone()), decoder(last.clone())
    return [_straight(starts, beginning), between, _straight(ending, stops)]


def _straight(start: torch.Tensor, stop: torch.Tensor) -> Stretch:
    return lambda s: (start + _column(s, start) * (stop - start), stop - start)


def _column(s: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    return s.to(like).reshape(-1, *(1,) * (like.ndim - 1))


def _integrand(cube: FunctionCube, stretch: Stretch, s: torch.Tensor) -> torch.Tensor:
    """∂f times the velocity, of every row. Shape ``(rows, *shape)``, float64."""
    places, speeds = stretch(s)
    parts = []
    for some, speed in zip(places.split(cube.chunk), speeds.split(cube.chunk), strict=True):
        if not speed.any():
            parts.append(wide(speed))
            continue
        with torch.enable_grad():
            leaf = some.clone().requires_grad_()
            values = cube.outputs(leaf.clone())
            (slopes,) = torch.autograd.grad(values.sum(), leaf)
        cube.on_calls(len(some))
        parts.append(wide(slopes) * wide(speed))
    return torch.cat(parts)
