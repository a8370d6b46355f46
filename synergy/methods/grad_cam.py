"""Grad-CAM."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import torch
from torch import nn

from decompositions.arguments import shown, yes_or_no
from decompositions.arithmetic import Array
from decompositions.games import players as players_
from decompositions.games.game import Game, require_game
from decompositions.models.full_precision import full_precision
from decompositions.models.undisturbed import outside_inference
from decompositions.networks.head import require_cut, run_from
from decompositions.networks.network import Network
from decompositions.networks.operations import Convolution
from decompositions.networks.reading.tracing import modules, network
from synergy.explained import chooser, explained
from synergy.method import AbstractMethod, register
from synergy.policies.policy import Policy, degree_credit


@register
@dataclass(frozen=True)
class GradCAM(AbstractMethod):
    r"""A feature map weighted by its mean gradients.

    .. math:: \alpha_k = \frac{1}{|P|} \sum_{p \in P} \frac{\partial y}{\partial A_{kp}}, \qquad
              a_p = \sum_k \alpha_k A_{kp}

    Its policy shares the effects of the *head*, the part of the network behind the map, as a game of its own
    (:meth:`game`): the players are the locations p, the baseline is A = 0, and :math:`w_p(\kappa) = \kappa_p`. That
    holds where the head reads the map through global average pooling; elsewhere only for the frozen surrogate
    :math:`\sum_k \alpha_k A_k`. A location's share is spread evenly over its cell of the input and summed by player.

    Args:
        layer: the name of the module whose own output is the map; by default the last convolution, with the batch
            normalisation that alone follows it, before its activation.
        relu: whether negative shares are set to zero, as is usual for pictures; outside any linear policy.
    """

    title = "Grad-CAM"
    formula = "κ_loc on the head"
    reference = "selvaraju2017grad"
    independent = "κ_loc"
    interaction = "κ_loc"
    expansion = "the head at A = 0"
    holds = "global average pooling and a linear head"
    counterexample = "A₁ of a 2×2 map, no pooling"
    scope = "feature map"
    target = "head(A) − head(0)"
    layer: str | None = None
    relu: bool = False

    def __post_init__(self) -> None:
        if not (self.layer is None or isinstance(self.layer, str)):
            raise TypeError(
                f"layer is the name of a module, as in named_modules(), or None for the last convolution, not "
                f"{shown(self.layer)}"
            )
        yes_or_no(self.relu, "relu says whether negative shares are set to zero")

    def policy(self, game: Game) -> Policy:
        """The rule over the effects of the head, ``allocate(taylor(method.game(game)), …)``."""
        require_game(game, "an attribution method")
        return degree_credit

    @full_precision()
    def game(self, game: Game) -> Game:
        """The head: players are the locations of the map, the baseline is A = 0.

        Raises:
            ValueError: no such layer, a map without spatial axes, or a path around the layer.
        """
        cube, f = explained(game)
        steps = self._steps(f.module, cube.x)
        place = self._place(steps)
        values = steps.values(cube.x[:1])
        _require_map(steps, place, values)
        require_cut(steps, place)
        choose = chooser(f)

        def head(maps: torch.Tensor) -> torch.Tensor:
            output = run_from(steps, place, values, maps)
            return (output * choose(output)).flatten(1).sum(1)

        table = players_.grid(values[place].shape, tuple(values[place].shape[-2:]))  # type: ignore[arg-type]
        names = [f"({r}, {c})" for r in range(table.shape[-2]) for c in range(table.shape[-1])]
        return Game.from_function(head, values[place], 0.0, table, names=names, chunk=cube.chunk)

    @outside_inference()
    @full_precision()
    def attribute(self, game: Game, ends: Any = None) -> Array:
        cube, f = explained(game)
        steps = self._steps(f.module, cube.x)
        place, choose = self._place(steps), chooser(f)
        parts = []
        for some in game.ends(ends).split(cube.points_at_once):
            inputs = cube.inputs(some)
            shares = self._map(steps, place, choose, inputs.flatten(0, 1))
            cube.on_calls(inputs.shape[0] * inputs.shape[1])
            parts.append(cube.by_player(spread(shares, inputs.shape[2:]).reshape(inputs.shape)))
        values = torch.cat(parts)
        return values[0] if ends is None else values

    @full_precision()
    def locations(self, game: Game) -> torch.Tensor:
        """The shares of the map's locations at x. Shape ``(H, W)``."""
        cube, f = explained(game)
        steps = self._steps(f.module, cube.x)
        return self._map(steps, self._place(steps), chooser(f), cube.x[:1])[0]

    def _map(self, steps: Network, place: int, choose: Any, inputs: torch.Tensor) -> torch.Tensor:
        """The shares of the locations. Shape ``(batch, H, W)``."""
        values = steps.values(inputs)
        _require_map(steps, place, values)
        with torch.enable_grad():
            maps = values[place].detach().requires_grad_()
            output = run_from(steps, place, values, maps)
            (slopes,) = torch.autograd.grad((output * choose(output)).sum(), maps)
        weights = slopes.mean((-2, -1), keepdim=True)
        shares = (weights * maps.detach()).sum(1)
        return shares.clamp(min=0) if self.relu else shares

    def _steps(self, model: nn.Module, x: torch.Tensor) -> Network:
        """The network's steps: a module that is named is one of them, also where a normalisation follows it."""
        return network(model, x) if self.layer is None else modules(model, x)

    def _place(self, steps: Network) -> int:
        """The place of the map among the network's values."""
        names = {step.name: k for k, step in enumerate(steps.steps, start=1)}
        spatial = [k for k, step in enumerate(steps.steps, start=1) if isinstance(step.operation, Convolution)]
        spatial = [k for k in spatial if steps.steps[k - 1].operation.weight.ndim == 4]  # type: ignore[attr-defined]
        if self.layer is None:
            if not spatial:
                raise ValueError(
                    "Grad-CAM needs a layer with spatial axes, and this network has no convolution over two"
                )
            return spatial[-1]
        if self.layer not in names:
            last = [steps.steps[k - 1].name for k in spatial[-3:]]
            near = ", ".join(f"'{name}'" for name in get_close_matches(self.layer, names, n=3) or last)
            raise ValueError(f"the network has no layer {shown(self.layer)}; there is {near or 'no convolution'}")
        return names[self.layer]


def _require_map(steps: Network, place: int, values: list[torch.Tensor]) -> None:
    if values[place].ndim != 4:
        raise ValueError(
            f"'{steps.steps[place - 1].name}' gives no map: its output has shape {tuple(values[place].shape[1:])}, not "
            "(channels, height, width); take a layer with spatial axes"
        )


def spread(shares: torch.Tensor, shape: torch.Size) -> torch.Tensor:
    """Each location's share over its cell of the input, evenly over rows, columns and channels; the sum is kept."""
    if len(shape) != 3:
        raise ValueError(
            f"Grad-CAM spreads a map over a picture (channels, height, width); the input has shape {shape}"
        )
    channels, height, width = shape
    rows, columns = _cells(height, shares.shape[1]).to(shares), _cells(width, shares.shape[2]).to(shares)
    return (rows @ shares @ columns.T / channels)[:, None].expand(-1, channels, -1, -1)


def _cells(pixels: int, locations: int) -> torch.Tensor:
    """How each location along an axis spreads over the pixels. Shape ``(pixels, locations)``, columns sum to one."""
    if pixels >= locations:
        cell = torch.arange(pixels) * locations // pixels
        members = torch.nn.functional.one_hot(cell, locations).double()
        return members / members.sum(0)
    return torch.nn.functional.one_hot(torch.arange(locations) * pixels // locations, pixels).T.double()
