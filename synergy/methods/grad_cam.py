"""Grad-CAM."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from decompositions.arguments import shown, whole, yes_or_no
from decompositions.arithmetic import Array
from decompositions.games import players as players_
from decompositions.games.game import Game, require_game
from decompositions.models.full_precision import full_precision
from decompositions.models.undisturbed import outside_inference
from decompositions.networks.feature_map import feature_map
from decompositions.networks.head import Head, ModuleHead, StepHead, require_cut
from decompositions.networks.operations import Convolution
from decompositions.networks.reading.tracing import network
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
        layer: the name of the module whose own output is the map, as in ``named_modules()``; by default the last
            convolution, with the batch normalisation that alone follows it, before its activation.
        relu: whether negative shares are set to zero, as is usual for pictures; outside any linear policy.
        grid: rows and columns of the map where the layer gives tokens, ``(batch, tokens, channels)``: the last
            rows · columns of them, row by row, are the locations; those before them (a class token) are none and stay
            as they are. Also for a map whose channels come last.
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
    grid: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if not (self.layer is None or isinstance(self.layer, str)):
            raise TypeError(
                f"layer is the name of a module, as in named_modules(), or None for the last convolution, not "
                f"{shown(self.layer)}"
            )
        yes_or_no(self.relu, "relu says whether negative shares are set to zero")
        if self.grid is not None:
            object.__setattr__(self, "grid", rows_and_columns(self.grid))

    def policy(self, game: Game) -> Policy:
        """The rule over the effects of the head, ``allocate(taylor(method.game(game)), …)``."""
        require_game(game, "an attribution method")
        return degree_credit

    @full_precision()
    def game(self, game: Game) -> Game:
        """The head: players are the locations of the map, the baseline is A = 0.

        Raises:
            ValueError: no such layer, an output without locations, or a path around the layer.
        """
        cube, f = explained(game)
        with cube.calling():
            head = self._head(f.module, cube.x)
            value, behind = head.open(cube.x[:1])
            maps, choose = feature_map(value, self.grid, head.name), chooser(f)
            require_cut(head, cube.x, cube.baseline[:1])

        def logit(locations: torch.Tensor) -> torch.Tensor:
            output = behind(maps.written(value, locations))
            return (output * choose(output)).flatten(1).sum(1)

        players = players_.grid(maps.read(value).shape, maps.size)
        names = [f"({r}, {c})" for r in range(maps.size[0]) for c in range(maps.size[1])]
        return Game.from_function(logit, maps.read(value), 0.0, players, names=names, chunk=cube.chunk)

    @outside_inference()
    @full_precision()
    def attribute(self, game: Game, ends: Any = None) -> Array:
        cube, f = explained(game)
        parts = []
        with cube.calling():
            head, choose = self._head(f.module, cube.x), chooser(f)
            for some in game.ends(ends).split(cube.points_at_once):
                inputs = cube.inputs(some)
                shares = self._shares(head, choose, inputs.flatten(0, 1))
                cube.on_calls(inputs.shape[0] * inputs.shape[1])
                parts.append(cube.by_player(spread(shares, inputs.shape[2:]).reshape(inputs.shape)))
        values = torch.cat(parts)
        return values[0] if ends is None else values

    @outside_inference()
    @full_precision()
    def locations(self, game: Game) -> torch.Tensor:
        """The shares of the map's locations at x. Shape ``(H, W)``."""
        cube, f = explained(game)
        with cube.calling():
            return self._shares(self._head(f.module, cube.x), chooser(f), cube.x[:1])[0]

    def _shares(self, head: Head, choose: Any, inputs: torch.Tensor) -> torch.Tensor:
        """The shares of the locations. Shape ``(batch, H, W)``."""
        value, behind = head.open(inputs)
        layout = feature_map(value, self.grid, head.name)
        with torch.enable_grad():
            maps = layout.read(value).detach().requires_grad_()
            output = behind(layout.written(value, maps))
            (slopes,) = torch.autograd.grad((output * choose(output)).sum(), maps)
        weights = slopes.mean((-2, -1), keepdim=True)
        shares = (weights * maps.detach()).sum(1)
        return shares.clamp(min=0) if self.relu else shares

    def _head(self, model: nn.Module, x: torch.Tensor) -> Head:
        """What lies behind the named module, or behind the last convolution of the network that is read."""
        if self.layer is not None:
            return ModuleHead(model, self.layer)
        steps = network(model, x)
        for place in range(len(steps.steps), 0, -1):
            operation = steps.steps[place - 1].operation
            if isinstance(operation, Convolution) and operation.weight.ndim == 4:
                return StepHead(steps, place)
        raise ValueError(
            "Grad-CAM needs a layer with spatial axes, and this network has no convolution over two; name a layer, and "
            "for the tokens of a transformer their grid, as in method('grad_cam', layer='blocks.1', grid=(4, 4))"
        )


def rows_and_columns(grid: Any) -> tuple[int, int]:
    """The two sizes of a grid.

    Raises:
        TypeError, ValueError: something else.
    """
    rule = "grid is the rows and columns of a layer's tokens, as in (14, 14)"
    if isinstance(grid, (str, bytes)) or not isinstance(grid, (tuple, list)) or len(grid) != 2:
        raise TypeError(f"{rule}, not {shown(grid)}")
    rows, columns = (whole(each, rule, 1) for each in grid)
    return rows, columns


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
