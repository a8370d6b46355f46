"""What the gradients at the nodes of a rule say of an integral along a path, and of how far off it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from decompositions.arithmetic import Array
from decompositions.games.game import Game
from synergy.algorithms.path.way import AbstractWay

POINTS = 2**14  # points on paths that are made at once
LEVER = 1e4  # how many times over a player may be given what is missing of the gain
KRONROD = (  # nodes in (0, 1] of the 15-point rule on [−1, 1], its weights, and those of the 7-point Gauss rule
    (0.991455371120812639206854697526329, 0.022935322010529224963732008058970, 0.0),
    (0.949107912342758524526189684047851, 0.063092092629978553290700663189204, 0.129484966168869693270611432679082),
    (0.864864423359769072789712788640926, 0.104790010322250183839876322541518, 0.0),
    (0.741531185599394439863864773280788, 0.140653259715525918745189590510238, 0.279705391489276667901467771423780),
    (0.586087235467691130294144691693013, 0.169004726639267902826583426598550, 0.0),
    (0.405845151377397166906606412076961, 0.190350578064785409913256402421014, 0.381830050505118944950369775488975),
    (0.207784955007898467600689403773245, 0.204432940075298892414161999234649, 0.0),
)
KRONROD_MIDDLE = (0.0, 0.209482141084727828012999174891714, 0.417959183673469387755102040816327)


@dataclass(frozen=True, eq=False)
class Sums:
    """Integrals over panels of paths, ``(m, p, n)``, and what tells their errors.

    Args:
        values: the integrals.
        changes: their differences from those of another rule.
        sizes: the integrals of the magnitudes.
        jumps: the root of the sum of squares of what a jump between two nodes may make.
        steepness: the integral of the magnitude of the slope along the path, all players together. Shape ``(m, p)``.
    """

    values: torch.Tensor
    changes: torch.Tensor
    sizes: torch.Tensor
    jumps: torch.Tensor
    steepness: torch.Tensor

    def errors(self, gains: torch.Tensor) -> torch.Tensor:
        r"""How far off every integral may be.

        A rule errs on a jump of the gradient by Δ between two of its nodes by Δ times a width at most: that of the
        larger side on which the rule's weights, added up, divide the gap. The jumps between all nodes add in squares.
        For a smooth gradient that is far too much, so it is scaled down as the difference of the two rules tells
        (min(1, 200 difference / jumps)^1.5, as in QUADPACK; a kink is one for all players, so the players' common
        difference counts, too). What is missing of the gain is the error of the players' sum; a player's own is as much
        more as its slope is than that of the sum, which a panel shows even where the rise lies between its nodes. What
        no node and no gain shows (a bump between them that ends where it began) is not known.

        Args:
            gains: of g over every panel. Shape ``(m, p)``.
        """
        missing = abs(self.values.sum(-1) - gains)[..., None]
        jumps = length(self.jumps, -1)[..., None]
        own = torch.maximum(self.changes, missing * part(self.jumps, jumps))
        common = part(torch.maximum(length(self.changes, -1)[..., None], missing), jumps)
        rough = (200 * torch.maximum(part(own, self.jumps), common)).clamp(max=1) ** 1.5
        sides = missing * part(self.sizes, self.steepness[..., None]).clamp(max=LEVER)
        return length(torch.stack([rough * self.jumps, self.changes, sides]), 0)


def summed(way: AbstractWay, left: Array, right: Array, places: Array, weights: Array) -> Sums:
    """One rule or two of common nodes on every panel, some end points at a time; the first gives the integrals.

    Args:
        way: to the end points.
        left: where the panels begin. Shape ``(m, p)``.
        right: where they end. Shape ``(m, p)``.
        places: of the nodes in [0, 1]. Shape ``(q,)``.
        weights: of the nodes. Shape ``(q, 1 or 2)``.
    """
    reached = weights[:-1, 0].cumsum(0)
    gaps = torch.maximum(reached - places[:-1], places[1:] - reached)
    width = (right - left)[..., None]
    nodes = left[..., None] + width * places
    block = max(1, POINTS // nodes[0].numel())
    parts = []
    for start in range(0, len(way), block):
        slopes = way.some(start, start + block).slopes(nodes[start : start + block])
        rules = torch.einsum("mpqn,qr->rmpn", slopes, weights)
        sizes = torch.einsum("mpqn,q->mpn", abs(slopes), weights[:, 0])
        jumps = length(slopes.diff(dim=2) * gaps[:, None], 2) if len(gaps) else sizes * 0
        steepness = (abs(slopes.sum(-1)) @ weights[:, 0])[..., None]
        parts.append([rules[0], abs(rules[0] - rules[-1]), sizes, jumps, steepness])
    values, changes, sizes, jumps, steepness = (torch.cat(each) * width for each in zip(*parts, strict=True))
    return Sums(values, changes, sizes, jumps, steepness.squeeze(-1))


def kronrod(game: Game) -> tuple[Array, Array]:
    """The 15 nodes in [0, 1], and the weights of Kronrod's rule and of Gauss's. Shape ``(15,)`` and ``(15, 2)``."""
    rows = [(-x, k, g) for x, k, g in KRONROD] + [KRONROD_MIDDLE] + list(reversed(KRONROD))
    table = game.cube.array(np.array(rows))
    return (table[:, 0] + 1) / 2, table[:, 1:] / 2


def length(values: Array, axis: int) -> Array:
    """The root of the sum of squares along an axis, of numbers of any size."""
    unit = abs(values).amax(axis, keepdim=True)
    unit = torch.where(unit > 0, unit, 1)
    return (values / unit).norm(dim=axis) * unit.squeeze(axis)


def part(some: Array, whole: Array) -> Array:
    """some / whole, and 1 where the whole is zero."""
    return torch.where(whole > 0, some / torch.where(whole > 0, whole, 1), 1)
