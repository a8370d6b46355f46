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


@dataclass(frozen=True, eq=False)
class Layer:
    """A node of the network, or several that the methods see as one.

    Args:
        kind: "affine", "unit", "winner", "place" or "gate".
        runs: what is called, one after the other.
        sources: the places of its inputs.
    """

    kind: str
    runs: tuple
    sources: tuple[int, ...]

    def run(self, inputs):
        """The output of a batch of one; the inputs are cloned, as something may write into them."""
        value = self.runs[0](*(each.clone() for each in inputs))
        for call in self.runs[1:]:
            value = call(value.clone())
        return value

    def jacobian(self, inputs):
        """∂ output / ∂ all inputs, flattened. Shape ``(out, in)``."""
        found = torch.autograd.functional.jacobian(lambda *u: self.run(u).flatten(), tuple(inputs))
        return torch.cat([part.reshape(len(part), -1) for part in found], 1)

    def slope(self, u):
        """σ′ entry by entry."""
        leaf = u.clone().requires_grad_()
        return torch.autograd.grad(self.run([leaf]).sum(), leaf)[0]


def layers(nodes, model):
    """The nodes with the float64 model's modules; normalisation joins the layer whose output it alone reads."""
    copies = dict(model.named_children())
    given = []
    for place, node in enumerate(nodes, start=1):
        call = copies.get(f"step{place}", node.call)
        given.append(replace(node, call=call))
    users = [source for node in given for source in node.sources]
    kept, moved, foldable = [], {0: 0}, []
    for place, node in enumerate(given, start=1):
        source = node.sources[0]
        if node.kind == "scale" and source and foldable[moved[source] - 1] and users.count(source) == 1:
            before = kept[moved[source] - 1]
            kept[moved[source] - 1] = replace(before, runs=(*before.runs, node.call))
            moved[place] = moved[source]
            continue
        kind = "affine" if node.kind in ("dense", "scale", "affine") else node.kind
        kept.append(Layer(kind, (node.call,), tuple(moved[s] for s in node.sources)))
        foldable.append(node.kind == "dense")
        moved[place] = len(kept)
    return kept


def joined_units(steps):
    """Affine layers and the units that alone follow them, as pairs: place of the unit → place of the affine layer."""
    users = [source for step in steps for source in step.sources]
    return {
        place: step.sources[0]
        for place, step in enumerate(steps, start=1)
        if step.kind == "unit"
        and step.sources[0]
        and steps[step.sources[0] - 1].kind == "affine"
        and users.count(step.sources[0]) == 1
    }


class Twin:
    """The values of a network at x and at b, place by place, and the rules that go back from the output.

    Args:
        steps: of the network.
        x, b: batches of one.
        target: entry of the output.
        jitter: a relative error of every value on the way, the same where x's and b's are equal.
        seed: of the errors.
    """

    def __init__(self, steps, x, b, target, jitter=0.0, seed=0):
        self.steps, self.jitter = steps, jitter
        self.generator = torch.Generator().manual_seed(seed)
        self.x, self.b = [x], [b]
        with torch.no_grad():
            for step in steps:
                here, there = (step.run([values[s] for s in step.sources]) for values in (self.x, self.b))
                here, there = self.shaken(here, there)
                self.x.append(here)
                self.b.append(there)
        chosen = torch.zeros_like(self.x[-1])
        chosen[(0, *(target if isinstance(target, tuple) else (target,)))] = 1
        self.chosen = chosen.flatten()
        self.matrices = {}

    def shaken(self, here, there):
        """Rounding of the size of the jitter."""
        if not self.jitter:
            return here, there
        one, two = (1 + self.jitter * self.noise(here) for _ in range(2))
        return here * one, there * torch.where(here == there, one, two)

    def noise(self, like):
        return torch.randn(like.shape, generator=self.generator, dtype=torch.float64)

    def matrix(self, place):
        """A and c of an affine layer, its inputs put one after the other."""
        if place not in self.matrices:
            step = self.steps[place - 1]
            inputs = [torch.zeros_like(self.x[s]) for s in step.sources]
            with torch.no_grad():
                constant = step.run(inputs).flatten()
            self.matrices[place] = step.jacobian(inputs), constant
        return self.matrices[place]

    def at(self, values, place):
        """The inputs of a layer, flattened and put one after the other."""
        return torch.cat([values[s].flatten() for s in self.steps[place - 1].sources])

    def back(self, start, rule):
        """From the signal at the output to the one at the input; ``rule`` takes a place and its signal."""
        signals = {len(self.steps): start}
        for place in range(len(self.steps), 0, -1):
            if place not in signals:
                continue
            given = rule(place, signals.pop(place))
            step, first = self.steps[place - 1], 0
            for s in step.sources:
                size = self.x[s].numel()
                part = given[..., first : first + size]
                signals[s] = signals[s] + part if s in signals else part
                first += size
        return signals[0]

    # DeepLIFT

    def rescale(self):
        m = self.back(self.chosen, self._rescale)
        return m * (self.x[0] - self.b[0]).flatten()

    def _rescale(self, place, m):
        step = self.steps[place - 1]
        u, u0, y, y0 = self.at(self.x, place), self.at(self.b, place), self.x[place].flatten(), self.b[place].flatten()
        if step.kind == "affine":
            return m @ self.matrix(place)[0]
        if step.kind == "place":
            return m @ step.jacobian([self.x[s] for s in step.sources])
        if step.kind == "unit":
            return m * secant(step, self.x[step.sources[0]], self.b[step.sources[0]], y, y0)
        if step.kind == "winner":
            at_x, at_b = step.jacobian([self.x[step.sources[0]]]), step.jacobian([self.b[step.sources[0]]])
            top = torch.maximum(y, y0)
            credit = (m * (top - y0)) @ at_x + (m * (y - top)) @ at_b
            return torch.where(u == u0, m @ at_x, credit / torch.where(u == u0, 1.0, u - u0))
        half = [(self.x[s] + self.b[s]).flatten() / 2 for s in step.sources]
        return torch.cat([m * half[1], m * half[0]])

    def fused(self):
        """Shapley values of neurons; every other step as in Rescale."""
        neurons = joined_units(self.steps)

        def rule(place, m):
            if place in neurons:
                return m  # the unit and its affine layer are one: the signal waits for the layer
            later = [unit for unit, affine in neurons.items() if affine == place]
            return self._neurons(place, later[0], m) if later else self._rescale(place, m)

        return self.back(self.chosen, rule) * (self.x[0] - self.b[0]).flatten()

    def _neurons(self, place, unit, m):
        dense, _ = self.matrix(place)
        change = self.at(self.x, place) - self.at(self.b, place)
        start, given = self.b[place].flatten(), torch.zeros_like(change)
        for j, row in enumerate(dense):
            wires = row.nonzero()[:, 0].tolist()
            for i, multiplier in self._shapley(unit, float(start[j]), [(w, row[w], change[w]) for w in wires]):
                given[i] += multiplier * m[j]
        return given

    def _shapley(self, unit, start, wires):
        """φᵢ/Δuᵢ of one neuron, and w times the mean slope where Δuᵢ is 0, over all sets of the others."""
        step, n = self.steps[unit - 1], len(wires)
        masks = torch.tensor(list(product((0.0, 1.0), repeat=n)), dtype=torch.float64)
        places = start + masks @ torch.stack([weight * moved for _, weight, moved in wires])
        values, slopes = step.run([places]).detach(), step.slope(places)
        chances = [math.factorial(size) * math.factorial(n - size - 1) / math.factorial(n) for size in range(n)]
        chances = torch.tensor([*chances, 0.0], dtype=torch.float64)[masks.sum(1).long()]
        for i, (wire, weight, moved) in enumerate(wires):
            without, joined = (masks[:, i] == there for there in (0, 1))  # in the same order of the others
            gain = slopes[without] * weight if moved == 0 else (values[joined] - values[without]) / moved
            yield wire, float((chances[without] * gain).sum())

    # RevealCancel

    def reveal_cancel(self):
        """Two channels of every unit; a contribution's sign says on which side of the neuron it counts."""
        change = (self.x[0] - self.b[0]).flatten()
        self.channels = [torch.stack([change.clamp(min=0), change.clamp(max=0)])]
        for place in range(1, len(self.steps) + 1):
            self.channels.append(self._channels(place))
        m = self.back(torch.stack([self.chosen, self.chosen]), self._reveal)
        return (m * self.channels[0]).sum(0)

    def _before(self, place):
        return torch.cat([self.channels[s] for s in self.steps[place - 1].sources], 1)

    def _channels(self, place):
        step, before = self.steps[place - 1], self._before(place)
        if step.kind == "affine":
            parts = self.matrix(place)[0][:, None, :] * before  # neuron, channel, input
            return torch.stack([parts.clamp(min=0).sum((1, 2)), parts.clamp(max=0).sum((1, 2))])
        inputs = [self.x[s] for s in step.sources]
        if step.kind == "place":
            return before @ step.jacobian(inputs).T
        if step.kind == "unit":
            start, (up, down) = self.b[step.sources[0]].flatten(), before
            nothing, plus, minus, whole = (self._unit(step, start + d) for d in (0, up, down, up + down))
            return torch.stack([plus - nothing + whole - minus, minus - nothing + whole - plus]) / 2
        at_x, same = step.jacobian(inputs), self._same(place)
        gain = self.x[place].flatten() - self.b[place].flatten()
        return torch.where(same, before @ at_x.T, torch.stack([gain.clamp(min=0), gain.clamp(max=0)]))

    def _unit(self, step, u):
        return step.run([u.reshape(self.x[step.sources[0]].shape)]).detach().flatten()

    def _same(self, place):
        source = self.steps[place - 1].sources[0]
        at_x, at_b = (self.steps[place - 1].jacobian([values[source]]) for values in (self.x, self.b))
        return (at_x == at_b).all(1)

    def _reveal(self, place, m):
        step, before = self.steps[place - 1], self._before(place)
        if step.kind == "affine":
            dense = self.matrix(place)[0]
            up = torch.where(dense > 0, dense, 0.0)
            down = dense - up
            rising, falling = m[0] @ up + m[1] @ down, m[1] @ up + m[0] @ down
            return torch.where(before >= 0, rising, falling)
        inputs = [self.x[s] for s in step.sources]
        if step.kind == "place":
            return m @ step.jacobian(inputs)
        if step.kind == "unit":
            start = self.b[step.sources[0]].flatten()
            shape = inputs[0].shape
            limits = [
                (step.slope(start.reshape(shape)) + step.slope((start + other).reshape(shape))).flatten() / 2
                for other in before.flip(0)
            ]
            after = self.channels[place]
            ratio = after / torch.where(before == 0, 1.0, before)
            return m * torch.where(before == 0, torch.stack(limits), ratio)
        return self._reveal_winner(step, place, m, before)

    def _reveal_winner(self, step, place, m, before):
        at_x, at_b = (step.jacobian([values[step.sources[0]]]) for values in (self.x, self.b))
        same, y, y0 = self._same(place), self.x[place].flatten(), self.b[place].flatten()
        u, u0 = self.at(self.x, place), self.at(self.b, place)
        single = torch.where(same, 0.0, torch.where(y > y0, m[0], m[1]))
        top = torch.maximum(y, y0)
        credit = (single * (top - y0)) @ at_x + (single * (y - top)) @ at_b
        moved = torch.where(u == u0, 0.0, credit / torch.where(u == u0, 1.0, u - u0))
        return moved + torch.where(same, m, 0.0) @ at_x

    # relevance

    def relevance(self, share):
        def rule(place, relevance):
            step = self.steps[place - 1]
            if step.kind == "affine":
                dense, constant = self.matrix(place)
                return share(dense * self.at(self.x, place), constant, relevance)
            if step.kind == "unit":
                return relevance
            return relevance @ step.jacobian([self.x[s] for s in step.sources])

        return self.back(self.chosen * self.x[-1].flatten(), rule)


def grad_cam(alone):
    """Σ_c (mean slope of channel c) · A_c at the last convolution over two axes, each share spread over its cell."""
    last = [module for module in alone.model.modules() if isinstance(module, nn.Conv2d)][-1]
    kept = []

    def keep(module, inputs, output):
        kept.append(output)
        return output.clone()  # what comes next may write into it

    handle = last.register_forward_hook(keep)
    value = alone.f(alone.x.clone().requires_grad_())
    handle.remove()
    (slopes,) = torch.autograd.grad(value, kept[0])
    shares = (slopes.mean((2, 3), keepdim=True) * kept[0].detach()).sum(1)[0]
    channels, height, width = alone.x.shape[1:]
    entries, (rows, columns) = torch.zeros(alone.x.shape, dtype=torch.float64), shares.shape
    for r in range(rows):
        for c in range(columns):
            ys, xs = cell(height, rows, r), cell(width, columns, c)
            for y in ys:
                for x in xs:
                    entries[0, :, y, x] += shares[r, c] / (len(ys) * len(xs) * channels)
    return alone.by_player(entries)


def cell(pixels, locations, place):
    """The pixels of a location; of a map that is finer than the picture the one in which it lies."""
    if pixels < locations:
        return [place * pixels // locations]
    return [pixel for pixel in range(pixels) if pixel * locations // pixels == place]


def secant(step, u, u0, y, y0):
    change = (u - u0).flatten()
    limit = step.slope(u).flatten()
    return torch.where(change == 0, limit, (y - y0) / torch.where(change == 0, 1.0, change))


def epsilon_rule(epsilon, bias):
    def share(z, constant, relevance):
        total = z.sum(1) + (constant if bias else 0)
        total = total + epsilon * torch.where(total >= 0, 1.0, -1.0).double()
        return (z * torch.where(total == 0, 0.0, relevance / torch.where(total == 0, 1.0, total))[:, None]).sum(0)

    return share


def signed_rule(alpha, beta, bias):
    def share(z, constant, relevance):
        given = torch.zeros(z.shape[1], dtype=torch.float64)
        constant = constant if bias else constant * 0
        for factor, part, c in (
            (alpha, z.clamp(min=0), constant.clamp(min=0)),
            (-beta, z.clamp(max=0), constant.clamp(max=0)),
        ):
            total = part.sum(1) + c
            kept = torch.where(total == 0, 0.0, relevance / torch.where(total == 0, 1.0, total))
            given = given + factor * (part * kept[:, None]).sum(0)
        return given

    return share
