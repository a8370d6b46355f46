"""Layer-wise methods by their definition, one input and one neuron at a time."""

import math
from dataclasses import dataclass, replace
from itertools import product

import torch
from torch import nn


@dataclass(frozen=True, eq=False)
class Layer:
    """A node of the network, or several that the methods see as one.

    Args:
        kind: "affine", "unit", "winner", "place" or "gate".
        runs: what is called, one after the other.
        sources: the places of its inputs.
        weightless: whether it only adds up or scales what it is given.
    """

    kind: str
    runs: tuple
    sources: tuple[int, ...]
    weightless: bool = False

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
        weightless = node.kind == "affine" or (node.kind == "scale" and not isinstance(node.call, nn.Module))
        kept.append(Layer(kind, (node.call,), tuple(moved[s] for s in node.sources), weightless))
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

    def relevance(self, share, weightless=None):
        """By the rule ``share``; by ``weightless``, if given, where a step has no weights of its own."""

        def rule(place, relevance):
            step = self.steps[place - 1]
            if step.kind == "affine":
                dense, constant = self.matrix(place)
                chosen = weightless if step.weightless and weightless else share
                return chosen(dense * self.at(self.x, place), constant, relevance)
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
