"""Rules along a path: Gauss–Legendre, one or doubled, and Gauss–Kronrod on panels, each with its error.

The error is that of the rule and of a few roundings. What the model's own arithmetic loses in its gradient, as a
saturated sigmoid in float32 does by cancellation, looks like a gradient, and is seen only where two rules differ by it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch

from decompositions.arithmetic import Array, concatenate
from synergy.algorithms.path.quadrature import kronrod, length, part, summed
from synergy.algorithms.path.way import AbstractWay
from synergy.estimate import Estimate

Rule = Callable[[int], tuple[Array, Array]]

POINTS = 2**14  # points on paths that are made at once
RULES = (8, 16, 32)  # nodes of the Gauss–Legendre rules, one after the other until two agree
AGREE = 1e-10  # and the gradient's sum is the gain, relative to the largest of the numbers
MARGIN = 2  # of the error of a sum of panels
ROUNDINGS = 4  # of every number in a sum
FLOOR = 32  # roundings of the model's type that are no disagreement
PANELS = 5  # of the adaptive rule at the start
CUTS = 4  # of a panel in two
NODES = 15 * (PANELS + 2 * CUTS)  # of the adaptive rule in all
ADAPTIVE = NODES + PANELS + 1 + CUTS  # and the values between its panels


def fixed(way: AbstractWay, nodes: int) -> Estimate:
    """One Gauss–Legendre rule; its error is read from its nodes, the gain, and rules of half the nodes and of one less.

    Two other rules, as one may agree by accident where the gradient jumps; a larger one where there are none.
    """
    others = {nodes // 2, nodes - 1, nodes + 1 if nodes < 3 else 0} - {0}
    return by_rule(way, lambda count: way.game.cube.path_rule(count), nodes, others, "Gauss–Legendre, {} nodes")


def by_rule(way: AbstractWay, rule: Rule, nodes: int, others: set[int], said: str) -> Estimate:
    """One rule, whose error is read from its nodes, from the gain, and from the same rule with other numbers of nodes.

    Args:
        way: to the end points.
        rule: from a number of nodes to these and their weights.
        nodes: their number.
        others: those that it is compared with.
        said: what the estimate says of it.
    """
    places, weights = rule(nodes)
    borders = torch.tensor([[0.0], [1.0]], dtype=way.ends.dtype, device=way.ends.device).expand(2, len(way))[..., None]
    found = summed(way, borders[0], borders[1], places, weights[:, None])
    values = found.values[:, 0]
    changes = torch.stack([abs(values - gauss(way, *rule(k))) for k in sorted(others)]).amax(0)
    gains = way.gains()
    errors = MARGIN * replace(found, changes=changes[:, None]).errors(gains[:, None])[:, 0]
    rounding = ROUNDINGS * way.game.cube.precision * found.sizes[:, 0]
    return Estimate(values, widened(values, errors, gains, rounding), said.format(nodes))


def doubled(way: AbstractWay) -> Estimate | None:
    """Gauss–Legendre rules until two agree at all end points and give the gain; None if they never do.

    The gain is the second witness, as two rules may agree by accident where the gradient jumps. A player's own values
    may agree by accident, too: the largest difference of all players, relative to what is summed up, is everybody's. A
    difference within the roundings of the largest sums is no witness, but for the player's own error.
    """
    rule = way.game.cube.path_rule
    before, _ = _gauss_with_sizes(way, *rule(RULES[0]))
    at_ends, at_start = way.game(way.ends).to(way.ends), way.game(way.ends * 0).to(way.ends)
    gains, heights = at_ends - at_start, abs(at_ends) + abs(at_start)
    rounding = FLOOR * way.game.cube.precision
    for nodes in RULES[1:]:
        values, sizes = _gauss_with_sizes(way, *rule(nodes))
        change, size, summed = abs(values - before), abs(values).max(-1).values, sizes.max(-1).values
        unit = AGREE * size + rounding * summed
        agree = (change.max(-1).values <= unit) & (
            abs(values.sum(-1) - gains) <= unit + AGREE * heights + rounding * heights
        )
        if _holds(agree):
            seen = (sizes > 0) & (change > rounding * summed[..., None])
            common = sizes * part(change, sizes).where(seen, 0).max(-1, keepdim=True).values
            known = torch.maximum(common, change)
            errors = widened(values, known, gains, ROUNDINGS * way.game.cube.precision * sizes)
            return Estimate(values, errors, f"Gauss–Legendre, {nodes} nodes")
        before = values
    return None


def adaptive(way: AbstractWay) -> Estimate:
    """Gauss–Kronrod rules on panels; again and again the one that errs most is cut in two, for each path its own.

    A panel's error is read from the gradient's changes between nodes, from the difference of its two rules, and from
    that of its integral's sum and the gain over the panel, so that a kink between its nodes is found as well
    (:meth:`synergy.algorithms.path.quadrature.Sums.errors`). The panels know nothing of each other, so their errors add
    in squares, with a margin.
    """
    m, ends = len(way), way.ends
    borders = torch.linspace(0, 1, PANELS + 1, dtype=ends.dtype, device=ends.device).expand(m, -1)
    heights = way.heights(borders)
    panels = _panels(way, borders[:, :-1], borders[:, 1:], heights[:, :-1], heights[:, 1:])
    for _ in range(CUTS):
        worst = panels.doubt.argmax(1, keepdim=True)
        old = panels.taken(worst)
        middle = (old.left + old.right) / 2
        height = way.heights(middle)
        new = [_panels(way, old.left, middle, old.low, height)]
        new.append(_panels(way, middle, old.right, height, old.high))
        panels = panels.without(worst).joined(new)
    values, change = panels.values.sum(1), MARGIN * length(panels.errors, 1)
    gains, rounding = heights[:, -1] - heights[:, 0], ROUNDINGS * way.game.cube.precision * panels.sizes.sum(1)
    return Estimate(values, widened(values, change, gains, rounding), f"adaptive, {NODES} nodes")


@dataclass(frozen=True, eq=False)
class _Panels:
    """Intervals of every path, ``(m, p)``: their ends, g there, and integrals with sizes and errors, ``(m, p, n)``."""

    left: torch.Tensor
    right: torch.Tensor
    low: torch.Tensor
    high: torch.Tensor
    values: torch.Tensor
    sizes: torch.Tensor
    errors: torch.Tensor

    @property
    def doubt(self) -> torch.Tensor:
        """How much each may err. Shape ``(m, p)``."""
        return length(self.errors, -1) + abs(self.values.sum(-1) - (self.high - self.low))

    def taken(self, which: torch.Tensor) -> _Panels:
        """Some of each path. Shape ``(m, k)``."""
        return self._each(lambda part: part.gather(1, _like(which, part)))

    def without(self, which: torch.Tensor) -> _Panels:
        """All but one of each path. Shape ``(m, 1)``."""
        others = torch.arange(self.left.shape[1] - 1, device=which.device).expand(len(which), -1)
        return self.taken(others + (others >= which))

    def joined(self, more: list[_Panels]) -> _Panels:
        """These and others of the same paths."""
        names = self.__dataclass_fields__
        return _Panels(*(torch.cat([getattr(part, name) for part in (self, *more)], 1) for name in names))

    def _each(self, change: Callable[[torch.Tensor], torch.Tensor]) -> _Panels:
        return _Panels(*(change(getattr(self, name)) for name in self.__dataclass_fields__))


def _panels(way: AbstractWay, left: Array, right: Array, low: Array, high: Array) -> _Panels:
    """The integrals over every panel by the larger of two rules."""
    found = summed(way, left, right, *kronrod(way.game))
    return _Panels(left, right, low, high, found.values, found.sizes, found.errors(high - low))


def _like(which: torch.Tensor, part: torch.Tensor) -> torch.Tensor:
    return which if part.ndim == 2 else which[..., None].expand(-1, -1, part.shape[2])


def gauss(way: AbstractWay, places: Array, weights: Array) -> Array:
    """The integrals by one rule: Gauss–Legendre, or an exact one of an expression. Shape ``(m, n)``."""
    return _gauss_with_sizes(way, places, weights)[0]


def _gauss_with_sizes(way: AbstractWay, places: Array, weights: Array) -> tuple[Array, Array]:
    """The integrals by one rule, and those of the magnitudes. Shape ``(m, n)`` each."""
    block = max(1, POINTS // len(places))
    parts, sizes = [], []
    for start in range(0, len(way), block):
        some = way.some(start, start + block)
        slopes = some.slopes(some.everywhere(places)) * weights[:, None]
        parts.append(slopes.sum(1))
        sizes.append(abs(slopes).sum(1))
    return concatenate(parts, 0), concatenate(sizes, 0)


def widened(values: Array, change: Array, gains: Array, rounding: Array) -> Array:
    """Differences of rules, widened where their squares add up to less than what is missing of the gain.

    Args:
        values: Shape ``(m, n)``.
        change: the differences. Shape ``(m, n)``.
        gains: g at the end points less g at the baseline. Shape ``(m,)``.
        rounding: of every value. Shape ``(m, n)``.
    """
    missing = abs(gains - values.sum(-1))[..., None]
    size = length(values, -1)[..., None]
    share = torch.where(size > 0, abs(values) / size, values.shape[-1] ** -0.5)
    return torch.maximum(change, missing * share) + rounding


def _holds(everywhere: torch.Tensor) -> bool:
    """Whether a condition holds at all end points; where there are only shapes, nothing can be decided."""
    return everywhere.is_meta or bool(everywhere.all())
