r"""Basis pursuit: the sparsest split of a game into conjunctions and disjunctions, with a proof of how sparse.

Of disjunctions o the game :math:`w(T) = \sum_{S \cap T \neq \emptyset} o(S)` has the dividends −P o with

.. math:: (P o)(R) = (-1)^{|R|} \sum_{S \supseteq R} o(S), \qquad P P = 1,

so that a game with dividends J has the conjunctions a = J + P o, whatever o is. Wanted is the o with the smallest
``Σ|a| + Σ|o|``, a linear programme in 2ⁿ unknowns. Douglas–Rachford splitting takes turns between the plane of all
pairs (J + P o, o) and shrinking. The nearest pair in that plane is found without solving anything: P is, but for signs,
a power of [[1, 1], [0, 1]], one factor per player, whose singular values are the golden ratio and its inverse; turned
by one 2 × 2 rotation per player the equations fall apart into 2ⁿ of one unknown. Every y with ``|y| ≤ 1`` and ``|Pᵀ y|
≤ 1`` proves that no split is smaller than ⟨y, J⟩. What the shrinking takes away is such a y, once scaled, and its mean
over the last steps is a better one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property

import torch

from decompositions import degrees
from decompositions.mobius import table_size, zeta

GOLDEN = (1 + math.sqrt(5)) / 2
GROUP = 5  # players whose bits are turned by one matrix product
RELAXATION = 1.8  # of a step, between 0 and 2
EVERY = 25  # steps between two looks at the bounds
FRESH = 1.5  # a mean begins anew when the steps have grown by this factor
STEPS = 20_000
GAP = 1e-3  # relative, at which the search ends …
FINE = 1e-9  # … and where it is cheap: within so many steps, of so many numbers
CHEAP_STEPS, CHEAP_NUMBERS = 2_000, 2**22


@dataclass(frozen=True, eq=False)
class Split:
    """Disjunctions, and what is known of how sparse they make a game.

    Args:
        disjunctions: o, zero for the empty coalition and for single players. Shape ``(2**n,)``.
        size: ``Σ|a| + Σ|o|`` with the conjunctions a that belong to them.
        bound: no split of the game has a smaller size.
        steps: that were made.
    """

    disjunctions: torch.Tensor
    size: float
    bound: float
    steps: int

    @property
    def gap(self) -> float:
        """By how much the size may exceed the smallest, relative to it."""
        return max(0.0, 1 - self.bound / self.size) if self.size else 0.0


def dividends_of(disjunctions: torch.Tensor) -> torch.Tensor:
    r"""The Harsanyi dividends of the game of disjunctions, the empty coalition's left out (it is zero).

    .. math:: J(R) = (-1)^{|R|+1} \sum_{S \supseteq R} o(S)

    Args:
        disjunctions: o, position = bitmask. Shape ``(2**n,)``.

    >>> dividends_of(torch.tensor([0., 0., 0., 1.])).tolist()
    [0.0, 1.0, 1.0, -1.0]
    """
    sums = zeta(disjunctions.flip(-1)).flip(-1) * -_signs(disjunctions)
    sums[0] = 0
    return sums


def sparsest(dividends: torch.Tensor) -> Split:
    """The split of a game whose size is smallest, to a thousandth, or what 20,000 steps reach.

    Args:
        dividends: J, position = bitmask, finite; that of the empty coalition plays no part. Shape ``(2**n,)``, float64.

    Reference: chen1998atomic, eckstein1992douglas

    Theory: :ref:`sparsest-split`.

    >>> split = sparsest(torch.tensor([0., 1., 1., -1.], dtype=torch.float64))
    >>> round(split.disjunctions[3].item(), 4), round(split.size, 4)
    (1.0, 1.0)
    """
    J = dividends.clone()
    J[0] = 0
    scale = J.abs().max() if len(J) > 1 else torch.zeros(())
    if not scale > 0:
        return Split(torch.zeros_like(J), 0.0, 0.0, 0)
    found = _search(_Plane(J / scale))
    unit = float(scale)
    return Split(found.disjunctions * unit, found.size * unit, found.bound * unit, found.steps)


@dataclass(frozen=True, eq=False)
class _Plane:
    """The pairs (a, o) with a = J + P o, half as many dimensions as there are numbers."""

    J: torch.Tensor

    @cached_property
    def signs(self) -> torch.Tensor:
        return _signs(self.J)

    @cached_property
    def disjoint(self) -> torch.Tensor:
        """Which coalitions may be disjunctions: those of two players and more."""
        sizes = torch.as_tensor(degrees.sizes(0, len(self.J)), device=self.J.device)
        return (sizes > 1).to(self.J.dtype)

    @cached_property
    def turns(self) -> tuple[list[torch.Tensor], ...]:
        """The rotations of conjunctions and of disjunctions, and their inverses, by groups of players."""
        norm = math.hypot(1, GOLDEN)
        left = torch.tensor([[GOLDEN, -1.0], [1.0, GOLDEN]], dtype=self.J.dtype, device=self.J.device) / norm
        right = torch.tensor([[1.0, -GOLDEN], [GOLDEN, 1.0]], dtype=self.J.dtype, device=self.J.device) / norm
        n = table_size(len(self.J))
        return tuple(_powers(each, n) for each in (left, right, left.T, right.T))

    @cached_property
    def stretch(self) -> torch.Tensor:
        """The singular values of P in the turned coordinates. Shape ``(2**n,)``."""
        one = torch.tensor([GOLDEN, 1 / GOLDEN], dtype=self.J.dtype, device=self.J.device)
        values = one.new_ones(1)
        for _ in range(table_size(len(self.J))):
            values = torch.kron(one, values)
        return values

    def conjunctions(self, o: torch.Tensor) -> torch.Tensor:
        """J + P o, zero for the empty coalition."""
        return self.J - dividends_of(o)

    def nearest(self, a: torch.Tensor, o: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The pair in the plane that is nearest to another one."""
        left, right, left_back, right_back = self.turns
        seen = _turned(left_back, self.signs * (a - self.J))
        along = (_turned(right_back, o) + self.stretch * seen) / (1 + self.stretch**2)
        return self.J + self.signs * _turned(left, self.stretch * along), _turned(right, along)

    def disjunctions(self, a: torch.Tensor) -> torch.Tensor:
        """The disjunctions that conjunctions leave, o = P (a − J); single players' go to the conjunctions."""
        return -dividends_of(a - self.J) * self.disjoint

    def bound(self, y: torch.Tensor) -> float:
        """What a y with |y| ≤ 1 proves, scaled so that |Pᵀ y| ≤ 1 as well."""
        reach = zeta(self.signs * y)[1:].abs().max()
        return float(y @ self.J / reach.clamp(min=1))


@dataclass(eq=False)
class _Found:
    """The best split so far and the best proof."""

    plane: _Plane
    disjunctions: torch.Tensor
    size: float
    bound: float = 0.0
    first: int = 1
    sum: torch.Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.sum = torch.zeros_like(self.disjunctions)

    def look(self, step: int, a: torch.Tensor, o: torch.Tensor, y: torch.Tensor) -> bool:
        """Take what is better, and say whether the size is proven to be near enough to the smallest."""
        for each in (o, self.plane.disjunctions(a)):
            size = float(self.plane.conjunctions(each).abs().sum() + each.abs().sum())
            if size < self.size:
                self.disjunctions, self.size = each, size
        mean = self.sum / (step - self.first + 1)
        self.bound = max(self.bound, self.plane.bound(y), self.plane.bound(mean))
        if step > FRESH * self.first:
            self.first = step + 1
            self.sum.zero_()
        cheap = step <= min(CHEAP_STEPS, CHEAP_NUMBERS // len(self.sum))
        return self.size - self.bound <= (FINE if cheap else GAP) * self.size


def _search(plane: _Plane) -> Split:
    """Douglas–Rachford splitting from the dividends alone, until the best split is proven to be nearly the smallest."""
    threshold = plane.J.abs().mean()
    a, o = plane.J.clone(), torch.zeros_like(plane.J)
    found = _Found(plane, o, float(plane.J.abs().sum()))
    for step in range(1, STEPS + 1):
        lost = a.clamp(-threshold, threshold)
        lost[0] = 0
        some = a - lost
        other = (o - o.clamp(-threshold, threshold)) * plane.disjoint
        y = lost / threshold
        found.sum += y
        if step % EVERY == 1 and found.look(step, some, other, y):
            break
        near_a, near_o = plane.nearest(2 * some - a, 2 * other - o)
        a, o = a + RELAXATION * (near_a - some), o + RELAXATION * (near_o - other)
    return Split(found.disjunctions, found.size, found.bound, step)


def _signs(values: torch.Tensor) -> torch.Tensor:
    """(−1)^|S|. Shape ``(2**n,)``."""
    sizes = torch.as_tensor(degrees.sizes(0, len(values)), device=values.device)
    return 1 - 2 * (sizes % 2).to(values.dtype)


def _powers(turn: torch.Tensor, n: int) -> list[torch.Tensor]:
    """Kronecker powers of a 2 × 2 matrix that turn the bits of n players together, a few at a time."""
    powers = []
    for start in range(0, n, GROUP):
        power = turn
        for _ in range(min(GROUP, n - start) - 1):
            power = torch.kron(turn, power)
        powers.append(power.contiguous())
    return powers


def _turned(powers: list[torch.Tensor], values: torch.Tensor) -> torch.Tensor:
    """A table whose every bit is turned: each product turns the lowest bits and rotates them to the top."""
    for power in powers:
        values = (power @ values.view(-1, len(power)).T).reshape(-1)
    return values
