"""The definitions of the campaign, one input at a time, in float64: dividends, path integrals, layers, jets.

Nothing here calls the library. A model is deep-copied, every input is a fresh clone and a batch of one.
"""

import copy
import math
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations_with_replacement, pairwise, product
from typing import ClassVar

import numpy as np
import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode
from twins import coalitions

# --- the question, one input at a time -----------------------------------------------------------------------------


class Standardised(nn.Module):
    """Layer normalisation of the last axis by its formula: torch's kernel has wrong derivatives from the third on."""

    def __init__(self, norm):
        super().__init__()
        self.norm = norm

    def forward(self, u):
        centred = u - u.mean(-1, keepdim=True)
        scale = (centred * centred).mean(-1, keepdim=True) + self.norm.eps
        return centred / scale.sqrt() * self.norm.weight + self.norm.bias


class AfterLooking(nn.Module):
    """What a network of tokens makes of their vectors."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, vectors):
        return self.network.after(vectors)


@dataclass(frozen=True, eq=False)
class Alone:
    """An architecture's question in float64.

    Args:
        architecture: what is asked.
        reach: the baselines are moved towards x until this share of the distance is left.
        most: players at most; the others join them.
    """

    architecture: object
    reach: float = 1.0
    most: int = 99

    @cached_property
    def model(self):
        model = copy.deepcopy(self.architecture.model).double()
        for module in list(model.modules()):
            for name, child in module.named_children():
                if isinstance(child, nn.LayerNorm):
                    setattr(module, name, Standardised(child))
        return model

    @cached_property
    def x(self):
        x = self.architecture.x
        return x.double() if x.is_floating_point() else x

    @cached_property
    def baselines(self):
        """Numbers of float32, however near to x they are."""
        b = self.architecture.baselines
        if self.reach == 1:
            return b.double() if b.is_floating_point() else b
        return (self.architecture.x + self.reach * (b - self.architecture.x)).float().double()

    @cached_property
    def players(self):
        return self.architecture.players.long()[0] % self.most

    @property
    def n(self):
        return int(self.players.max()) + 1

    @property
    def shares(self):
        return [weight / sum(self.architecture.weights) for weight in self.architecture.weights]

    @cached_property
    def vectors(self):
        """The same question about what comes after the looked-up tokens; itself, where there are none."""
        a = self.architecture
        if a.x.is_floating_point():
            return self
        look, players = (
            a.model.look.weight.detach(),
            a.players[..., None].expand(*a.players.shape, a.model.look.embedding_dim),
        )
        a = replace(a, model=AfterLooking(a.model), x=look[a.x], baselines=look[a.baselines], players=players)
        return Alone(a, self.reach, self.most)

    def outputs(self, z):
        with sdpa_kernel(SDPBackend.MATH):  # the fused kernel has one derivative only
            return self.model(z.clone())

    def f(self, z):
        """One input with its batch axis → one number, differentiable."""
        outputs = self.outputs(z)
        kind, target = self.architecture.output, self.architecture.target
        if callable(target):
            return target(outputs)[0]
        row = outputs[0]
        if kind == "probability":
            row = row.softmax(0)
        elif kind == "log_odds":
            row = torch.stack([row[i] - torch.cat([row[:i], row[i + 1 :]]).logsumexp(0) for i in range(len(row))])
        return row[target]

    def masked(self, coalition, k):
        inside = torch.zeros(self.players.shape, dtype=torch.bool)
        for player in coalition:
            inside |= self.players == player
        return torch.where(inside, self.x, self.baselines[k : k + 1])

    def value(self, coalition):
        with torch.no_grad():
            return math.fsum(w * float(self.f(self.masked(coalition, k))) for k, w in enumerate(self.shares))

    def by_player(self, entries):
        total = torch.zeros(self.n, dtype=torch.float64)
        return total.index_add(0, self.players.flatten(), entries.flatten())


def table_of_dividends(alone):
    """J(S) = Σ_{T⊆S} (−1)^{|S|−|T|} v(T), by a double loop."""
    everyone = coalitions(alone.n)
    values = [alone.value(coalition) for coalition in everyone]
    return np.array(
        [
            math.fsum((-1) ** (len(s) - len(t)) * v for t, v in zip(everyone, values, strict=True) if t <= s)
            for s in everyone
        ]
    )


# --- kinks ---------------------------------------------------------------------------------------------------------

aten = torch.ops.aten


class Branches(TorchDispatchMode):
    """Notes on which side of its kinks every operation is, row by row."""

    SIDES: ClassVar[dict] = {
        aten.relu: (0.0,), aten.relu_: (0.0,), aten.leaky_relu: (0.0,), aten.leaky_relu_: (0.0,), aten.elu: (0.0,),
        aten.elu_: (0.0,), aten.abs: (0.0,), aten.abs_: (0.0,), aten._prelu_kernel: (0.0,),
    }  # fmt: skip
    BOUNDS = (aten.hardtanh, aten.hardtanh_, aten.clamp, aten.clamp_, aten.clamp_min, aten.clamp_min_)
    COMPARED = (aten.gt, aten.lt, aten.ge, aten.le)
    WINNERS = (aten.max_pool2d_with_indices, aten.adaptive_max_pool2d, aten.max)

    def __init__(self):
        super().__init__()
        self.sides = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        packet, kwargs = function.overloadpacket, kwargs or {}
        bounds = self.SIDES.get(packet, ())
        if packet in self.BOUNDS:
            bounds = [bound for bound in (*args[1:], *kwargs.values()) if bound is not None]
        self.sides.extend((args[0] > bound).flatten(1).long() for bound in bounds)
        if packet is aten.maximum:
            self.sides.append((args[0] > args[1]).flatten(1).long())
        result = function(*args, **kwargs)
        if packet in self.COMPARED:
            self.sides.append(result.flatten(1).long())
        if packet in self.WINNERS and isinstance(result, tuple):
            self.sides.append(result[1].flatten(1))
        return result


def sides(alone, rows):
    """All sides at some inputs. They say where a path is cut, no value is read off them: so all at once."""
    with Branches() as noted, torch.no_grad():
        alone.outputs(rows)
    return torch.cat(noted.sides, 1) if noted.sides else torch.zeros(len(rows), 0)


def has_kink(alone):
    """Whether some operation is on another side somewhere in the cube than at b: corners, and points inside."""
    generator = torch.Generator().manual_seed(5)
    grid = torch.tensor(list(product((0.0, 0.5, 1.0), repeat=alone.n)), dtype=torch.float64)
    points = torch.cat([grid, torch.rand(500, alone.n, generator=generator, dtype=torch.float64)])
    for b in alone.baselines:
        found = sides(alone, b + points[:, alone.players] * (alone.x - b))
        if (found != found[:1]).any():  # the first point is b
            return True
    return False


# --- the path integral ---------------------------------------------------------------------------------------------

GRID = 128  # places of a path at which kinks are looked for first
PARTS = 16  # into which a stretch with a kink is cut, again and again
RULES = {
    "flat": (2, 1),
    "long": (12, 8),
    "short": (6, 4),
}  # nodes of the two Gauss–Legendre rules that must agree on a piece
GAUSS = {count: np.polynomial.legendre.leggauss(count) for pair in RULES.values() for count in pair}
DEEPEST = 24  # times that a piece is cut in two


def path_integral(alone, coalition):
    """∫ ∂ᵢf(b + s(e − b)) ds · (e − b) by player, and its sizes before the sum over entries."""
    total, size = torch.zeros(alone.n, dtype=torch.float64), torch.zeros(alone.n, dtype=torch.float64)
    for k, share in enumerate(alone.shares):
        line = _Line(alone, alone.baselines[k : k + 1], alone.masked(coalition, k))
        entries = line.integral() * (line.end - line.start)
        total, size = total + share * alone.by_player(entries), size + share * alone.by_player(entries.abs())
    return total, size


class _Line:
    """A straight path, cut at its kinks; between them Gauss–Legendre rules, halved until two agree."""

    def __init__(self, alone, start, end):
        self.alone, self.start, self.end = alone, start, end

    def point(self, s):
        return self.start + s * (self.end - self.start)

    def integral(self):
        if bool((self.start == self.end).all()):
            return torch.zeros_like(self.start)
        cuts = [0.0, *self.kinks(), 1.0]
        pieces = [(a, b) for a, b in pairwise(cuts) if b > a]
        return sum((self.piece(a, b, 0) for a, b in pieces), torch.zeros_like(self.start))

    def kinks(self):
        """All places where a side changes, to the last digit."""
        share = torch.arange(PARTS + 1, dtype=torch.float64) / PARTS
        low, high = torch.zeros(1, dtype=torch.float64), torch.ones(1, dtype=torch.float64)
        inner, found = torch.arange(GRID + 1, dtype=torch.float64)[None] / GRID, []
        while len(low) and float((high - low).max()) > 2.0**-52:
            differ = self.differ(inner)
            lost = ~differ.any(1)  # right at an end, where the side depends on rounding
            found += [low[lost], high[lost]]
            low, high = inner[:, :-1][differ], inner[:, 1:][differ]
            inner = low[:, None] + share * (high - low)[:, None]
            inner[:, -1] = high
        return sorted(set(torch.cat([*found, (low + high) / 2]).tolist()) - {0.0, 1.0})

    def differ(self, places):
        """Between which neighbours some side differs. Shape ``(stretches, places)`` → ``(stretches, places − 1)``."""
        s = places.flatten().reshape(-1, *(1,) * (self.start.ndim - 1))
        found = sides(self.alone, self.start + s * (self.end - self.start)).reshape(*places.shape, -1)
        return (found[:, 1:] != found[:, :-1]).any(2)

    def piece(self, a, b, depth):
        """A piece without kinks, of which two rules must agree."""
        if b - a < 1e-15:
            return torch.zeros_like(self.start)
        size = "flat" if self.alone.architecture.bent else "long" if b - a > 0.05 else "short"
        first, second = (self.rule(a, b, *GAUSS[count]) for count in RULES[size])
        if (first - second).abs().max() <= 1e-13 * (first.abs().max() + 1e-30) or depth == DEEPEST:
            return first
        middle = (a + b) / 2
        return self.piece(a, middle, depth + 1) + self.piece(middle, b, depth + 1)

    def rule(self, a, b, nodes, weights):
        total = torch.zeros_like(self.start)
        for node, weight in zip(nodes, weights, strict=True):
            total += (b - a) / 2 * weight * slope(self.alone, self.point((a + b) / 2 + (b - a) / 2 * float(node)))
        return total


def slope(alone, z):
    leaf = z.clone().requires_grad_()
    value = alone.f(leaf)
    return torch.autograd.grad(value, leaf)[0] if value.requires_grad else torch.zeros_like(z)


# --- Taylor effects ------------------------------------------------------------------------------------------------


def taylor_effects(alone, degree):
    """∂^κ g(0)/κ! for all |κ| ≤ degree, by differentiating again and again."""
    found = {}
    for k, share in enumerate(alone.shares):
        t = torch.zeros(alone.n, dtype=torch.float64, requires_grad=True)
        b = alone.baselines[k : k + 1]
        g = alone.f(b + t[alone.players] * (alone.x - b))
        _differentiate(found, share, g, t, (0,) * alone.n, degree)
    return {kappa: value / math.prod(math.factorial(p) for p in kappa) for kappa, value in found.items()}


def _differentiate(found, share, value, t, kappa, left, first=0):
    """Add this derivative and those by players that are not before the last one."""
    found[kappa] = found.get(kappa, 0.0) + share * float(value.detach())
    if not left:
        return
    gradient = None
    if value.requires_grad:
        (gradient,) = torch.autograd.grad(value, t, create_graph=left > 1, retain_graph=True, allow_unused=True)
    gradient = torch.zeros_like(t) if gradient is None else gradient
    for i in range(first, len(t)):
        more = tuple(p + (j == i) for j, p in enumerate(kappa))
        _differentiate(found, share, gradient[i], t, more, left - 1, i)


def degree_vectors(n, degree):
    rows = {(0,) * n}
    for size in range(1, degree + 1):
        for chosen in combinations_with_replacement(range(n), size):
            rows.add(tuple(chosen.count(i) for i in range(n)))
    return rows


# --- layer-wise methods --------------------------------------------------------------------------------------------
