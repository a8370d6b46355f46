"""Integrated Gradients along a path that is straight in a latent space."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from decompositions.arguments import shown, whole
from decompositions.arithmetic import Array
from decompositions.games.function_cube import FunctionCube
from decompositions.games.game import Game, require_game
from decompositions.models.undisturbed import outside_inference
from synergy.algorithms.path.latent import latent_integral
from synergy.algorithms.path.rules import MARGIN, ROUNDINGS, widened
from synergy.method import AbstractEstimate, kept
from synergy.policies.policy import Policy


@dataclass(frozen=True, eq=False)
class LatentIG(AbstractEstimate):
    r"""The gradient integrated along a path that is straight in the latent space of an autoencoder.

    .. math:: a_i = \int_0^1 \partial_i f(z(s))\, z_i'(s)\, ds, \qquad z(s) = D(E(b) + s\,(E(x) - E(b)))

    Where D(E(·)) is not the identity this path neither starts at b nor ends at x; then straight stretches from b to
    D(E(b)) and from D(E(x)) to x are gone besides, so that the attributions add up to f(x) − f(b) whatever the
    autoencoder. It is linear in f, but a player that is absent may move on the way, so that it has no policy over the
    effects of the players: its allocation is measured.

    The error is read from a rule of half as many nodes and from what is missing of f(x) − f(b).

    Args:
        encoder: E, from a batch of inputs to one of latent vectors.
        decoder: D, from latent vectors to inputs, differentiable.
        nodes: of a Gauss–Legendre rule on each stretch.

    Reference: jha2020enhanced

    >>> game = Game.from_function(lambda z: z[:, 0] * z[:, 1], [1.0, 1.0])
    >>> LatentIG(lambda z: z * torch.tensor([1., 5.]), lambda h: h / torch.tensor([1., 5.])).attribute(game).tolist()
    [0.5, 0.5]
    """

    encoder: Callable[[torch.Tensor], torch.Tensor]
    decoder: Callable[[torch.Tensor], torch.Tensor]
    nodes: int = 32

    name = "latent_ig"
    title = "Integrated Gradients in a latent space"
    formula = "none"
    reference = "jha2020enhanced"

    def __post_init__(self) -> None:
        for name, given in (("encoder", self.encoder), ("decoder", self.decoder)):
            if not callable(given):
                raise TypeError(f"the {name} is a function of a batch, or a module, not {shown(given)}")
        kept(self, "nodes", whole(self.nodes, "nodes is the number of nodes on each stretch of the path", 2))

    def policy(self, game: Game) -> Policy:
        raise ValueError(
            "the path of Integrated Gradients in a latent space is another one for every coalition, and players that "
            "are absent may move on it: no weights on the effects of the players give them; take measure(), which "
            "needs none"
        )

    @outside_inference()
    def estimate(self, game: Game, ends: Any = None) -> tuple[Array, Array]:
        """The integrals and their errors, ``(n,)`` or ``(m, n)``.

        Raises:
            ValueError: a game without a torch function, or an autoencoder that does not fit its inputs.
        """
        require_game(game, "an attribution method")
        cube = game.embedded.cube
        if not isinstance(cube, FunctionCube):
            raise ValueError(
                "an encoder and a decoder are functions of tensors; build the game with Game.from_model or "
                "Game.from_function"
            )
        self._require_fit(cube)
        points = game.ends(ends).to(cube.weights)
        (values, sizes), (coarser, _) = (
            latent_integral(cube, points, self.encoder, self.decoder, cube.path_rule(nodes))
            for nodes in (self.nodes, self.nodes // 2)
        )
        gains = (cube.values(points) - cube.values(points * 0)).to(values)
        change = MARGIN * abs(values - coarser)
        errors = widened(values, change, gains, ROUNDINGS * cube.precision * sizes)
        return (values[0], errors[0]) if ends is None else (values, errors)

    def attribute(self, game: Game, ends: Any = None) -> Array:
        return self.estimate(game, ends)[0]

    def _require_fit(self, cube: FunctionCube) -> None:
        """Refuse an autoencoder that does not give inputs back."""
        start = cube.baseline[:1].clone()
        try:
            with torch.no_grad():
                found = self.decoder(self.encoder(start))
        except (RuntimeError, TypeError) as error:
            raise ValueError(
                f"the encoder takes inputs of shape {tuple(start.shape)} ({start.dtype}), and the decoder what it "
                f"gives; they fail: {(str(error).splitlines() or [''])[0]}"
            ) from error
        if not isinstance(found, torch.Tensor) or found.shape != start.shape:
            came = tuple(found.shape) if isinstance(found, torch.Tensor) else shown(found)
            raise ValueError(
                f"the decoder gives inputs, shape {tuple(start.shape)}, not {came}; reshape what it gives in a "
                "function of your own"
            )
