"""SmoothGrad × Input."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from decompositions.arguments import real, whole
from decompositions.arithmetic import Array
from decompositions.games.game import Game, require_game
from synergy.method import AbstractMean, AbstractMethod, kept, register
from synergy.policies.policy import Policy

MOST = 10**6  # noisy inputs
SAMPLES, FEWEST = 64, 4  # noisy inputs that are taken, and as few as may be taken instead


@register
@dataclass(frozen=True)
class SmoothGradXInput(AbstractMean):
    r"""The gradient averaged over noisy inputs, times the difference from the baseline.

    .. math:: a_i = d_i\, \mathbb{E}_e\, \partial_i f(x + e), \qquad e \sim N(0, \sigma^2) \text{ on every entry}

    which is Gradient × Input of the smoothed function :math:`\mathbb{E}_e f(\cdot + e)`. In the effects of f itself,
    for players of one entry each,

    .. math:: w_i(\kappa) = \kappa_i\, \mathbb{E}_e \Bigl[ (1 + e_i/d_i)^{\kappa_i - 1}
              \prod_{l \ne i} (1 + e_l/d_l)^{\kappa_l} \Bigr]

    These weights belong to x: the noise on an absent player still moves f, so at a masked input x_T a part of an effect
    is given in the rows of its subsets. The measured table equals Gradient × Input on the smoothed game
    (``game.smoothed(noise)``) row by row.

    Args:
        sigma: standard deviation of the noise, in the input's units.
        samples: noisy inputs; one list, the same for every end point and for the policy.
        seed: of the noise.
    """

    title = "SmoothGrad × Input"
    formula = "κᵢ E[(1+eᵢ/dᵢ)^(κᵢ−1) Π (1+e_l/d_l)^κ_l]"
    reference = "smilkov2017smoothgrad"
    independent = "κᵢ E[(1+eᵢ/dᵢ)^(κᵢ−1)]"
    interaction = "κᵢ E[(1+eᵢ/dᵢ)^(κᵢ−1) Π(1+e_l/d_l)^κ_l]"
    holds = "functions of degree one"
    counterexample = "x₁x₂ at (2, 3)"
    at_x = True
    sigma: float = 0.1
    samples: int = SAMPLES
    seed: int = 0

    def __post_init__(self) -> None:
        real(self.sigma, "sigma is the standard deviation of the noise", 0)
        kept(self, "samples", whole(self.samples, "samples is the number of noisy inputs", 1, MOST))
        kept(self, "seed", whole(self.seed, "seed is that of the noise", 0))

    def noise(self, game: Game) -> np.ndarray:
        """The list of shifts, of 24 binary digits as in float32, whatever their size. Shape ``(samples, entries)``."""
        entries = game.embedded.cube.differences().shape[-1]
        draws = np.random.default_rng(self.seed).standard_normal((self.samples, entries))
        digits, powers = np.frexp(self.sigma * draws)
        return np.ldexp(np.rint(digits * 2**24) / 2**24, powers)

    def policy(self, game: Game) -> Policy:
        """The weights above, as the mean over the same list of noise.

        Raises:
            ValueError: players of several entries, null players, or several baselines: no such weights exist.
        """
        require_game(game, "an attribution method")
        order = self._entry_of_player(game)
        ratios = game.cube.array(self.noise(game)[:, order]) / game.cube.differences()[0, order]

        def weights(k: Array) -> Array:
            total = k * 0
            for ratio in ratios:
                grown = 1 + ratio
                total = total + k * (grown**k).prod(-1)[:, None] / grown
            return total / len(ratios)

        return Policy(weights, formula=self.formula, reads="degree")

    def attribute(self, game: Game, ends: Any = None) -> Array:
        require_game(game, "an attribution method")
        points, game = game.ends(ends), game.embedded
        values = points * game.smoothed(game.cube.array(self.noise(game))).gradient(points)
        return values[0] if ends is None else values

    def draws(self, game: Game, ends: Any = None) -> Iterator[Array]:
        points, game = game.ends(ends), game.embedded
        shifts = self.noise(game) if self.sigma else np.zeros((2, game.cube.differences().shape[-1]))  # all are alike
        noise = game.cube.array(shifts)
        for k in range(len(noise)):
            yield points * game.smoothed(noise[k : k + 1]).gradient(points)

    def within(self, game: Game, calls: int) -> AbstractMethod | None:
        """Fewer noisy inputs where all of them are too dear, but at least four; a number that was given stays."""
        require_game(game, "an attribution method")
        affordable = calls // max(1, game.cube.calls_per_point)
        if affordable >= self.samples:
            return self
        return replace(self, samples=affordable) if self.samples == SAMPLES and affordable >= FEWEST else None

    def _entry_of_player(self, game: Game) -> np.ndarray:
        """The one entry of each player. Shape ``(n,)``."""
        owners = game.embedded.cube.entrywise()[1]
        if len(owners) != game.n or game.cube.calls_per_point != 1:
            raise ValueError(
                "SmoothGrad is a policy for players of one entry each and one baseline; otherwise its weights depend "
                "on the model, and the measured allocation stands"
            )
        if len(game.cube.active()) < game.n:
            raise ValueError(
                "SmoothGrad's weights divide by xᵢ − bᵢ, which is zero for a player; leave that player out"
            )
        return np.argsort(owners)
