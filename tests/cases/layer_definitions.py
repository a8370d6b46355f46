"""Layer-wise methods by their definitions, neuron by neuron; and perceptrons to try them on."""

import math
from dataclasses import dataclass
from itertools import permutations

from cases import draw, mlp, network_case
from torch import nn


@dataclass(frozen=True)
class Layer:
    """Neurons y_j = σ(Σ_i weights[j][i] u_i + bias[j])."""

    weights: list[list[float]]
    bias: list[float]
    sigma: str

    def sums(self, u):
        return [
            sum(w * v for w, v in zip(row, u, strict=True)) + c for row, c in zip(self.weights, self.bias, strict=True)
        ]

    def outputs(self, u):
        return [SIGMA[self.sigma](z) for z in self.sums(u)]


SIGMA = {
    "ReLU": lambda z: max(z, 0.0),
    "Softplus": lambda z: max(z, 0.0) + math.log1p(math.exp(-abs(z))),
    "Tanh": math.tanh,
    "GELU": lambda z: z * (1 + math.erf(z / math.sqrt(2))) / 2,
    "Exp": math.exp,
    "Identity": lambda z: z,
}
SLOPE = {
    "ReLU": lambda z: float(z > 0),
    "Softplus": lambda z: 1 / (1 + math.exp(-z)),
    "Tanh": lambda z: 1 - math.tanh(z) ** 2,
}


def units(model):
    """The layers of a sequence of linear modules and activations as lists of numbers."""
    modules, layers = [m for m in model if not isinstance(m, nn.Flatten)], []
    for place, module in enumerate(modules):
        if isinstance(module, nn.Linear):
            after = type(modules[place + 1]).__name__ if place + 1 < len(modules) else "Identity"
            bias = [0.0] * module.out_features if module.bias is None else module.bias.tolist()
            layers.append(Layer(module.weight.tolist(), bias, after))
    return layers


def places(layers, u):
    """The input and every layer's output."""
    values = [list(u)]
    for layer in layers:
        values.append(layer.outputs(values[-1]))
    return values


def one_hot(size, target):
    return [1.0 if j == (target or 0) else 0.0 for j in range(size)]


def rescale(layers, x, b, target):
    """m_z = m_y Δy/Δz, m_u = Σ_j w_ji m_z; a = m Δx."""
    values, references = places(layers, x), places(layers, b)
    m = one_hot(len(values[-1]), target)
    for k in reversed(range(len(layers))):
        layer = layers[k]
        z, z0 = layer.sums(values[k]), layer.sums(references[k])
        y, y0 = values[k + 1], references[k + 1]
        through = [m[j] * (y[j] - y0[j]) / (z[j] - z0[j]) for j in range(len(z))]
        m = [sum(layer.weights[j][i] * through[j] for j in range(len(z))) for i in range(len(values[k]))]
    return [m[i] * (x[i] - b[i]) for i in range(len(x))]


def reveal_cancel(layers, x, b, target):
    """Two channels per unit with a multiplier each; the two orders of N⁺ and N⁻ written out."""
    references = places(layers, b)
    channels = [[(max(v - v0, 0.0), min(v - v0, 0.0)) for v, v0 in zip(x, b, strict=True)]]
    sums = []
    for layer, u0 in zip(layers, references, strict=False):
        sigma, rows, outputs = SIGMA[layer.sigma], [], []
        for j, z0 in enumerate(layer.sums(u0)):
            contributions = [layer.weights[j][i] * part for i, pair in enumerate(channels[-1]) for part in pair]
            plus, minus = sum(c for c in contributions if c > 0), sum(c for c in contributions if c < 0)
            plus_first = (sigma(z0 + plus) - sigma(z0), sigma(z0 + plus + minus) - sigma(z0 + plus))
            minus_first = (sigma(z0 + plus + minus) - sigma(z0 + minus), sigma(z0 + minus) - sigma(z0))
            rows.append((plus, minus))
            outputs.append(((plus_first[0] + minus_first[0]) / 2, (plus_first[1] + minus_first[1]) / 2))
        sums.append(rows)
        channels.append(outputs)
    chosen = one_hot(len(channels[-1]), target)
    m = [(c, c) for c in chosen]
    for k in reversed(range(len(layers))):
        given = []
        for i, pair in enumerate(channels[k]):
            multipliers = []
            for part in pair:
                total = 0.0
                for j, (z, y) in enumerate(zip(sums[k], channels[k + 1], strict=True)):
                    contribution = layers[k].weights[j][i] * part
                    side = 0 if contribution > 0 else 1
                    if contribution != 0:
                        total += contribution * y[side] / z[side] * m[j][side]
                multipliers.append(total / part if part else 0.0)
            given.append(tuple(multipliers))
        m = given
    return [sum(m_c * part for m_c, part in zip(m[i], channels[0][i], strict=True)) for i in range(len(x))]


def lrp_epsilon(layers, x, target, epsilon, bias, signed=True):
    """R_i = Σ_j w_ji u_i / (z_j + ε·sgn z_j) R_j, or without the sign."""
    values = places(layers, x)
    relevance = [r * c for r, c in zip(values[-1], one_hot(len(values[-1]), target), strict=True)]
    for layer, u in zip(reversed(layers), values[-2::-1], strict=True):
        given = [0.0] * len(u)
        for row, c, r in zip(layer.weights, layer.bias, relevance, strict=True):
            z = sum(w * v for w, v in zip(row, u, strict=True)) + (c if bias else 0.0)
            z += epsilon if z >= 0 or not signed else -epsilon
            for i, (w, v) in enumerate(zip(row, u, strict=True)):
                given[i] += w * v / z * r if z != 0 else 0.0
        relevance = given
    return relevance


def lrp_alpha_beta(layers, x, target, alpha, beta, bias):
    """R_i = Σ_j (α z⁺_ji/(Σz⁺ + c⁺) − β z⁻_ji/(Σz⁻ + c⁻)) R_j."""
    values = places(layers, x)
    relevance = [r * c for r, c in zip(values[-1], one_hot(len(values[-1]), target), strict=True)]
    for layer, u in zip(reversed(layers), values[-2::-1], strict=True):
        given = [0.0] * len(u)
        for row, c, r in zip(layer.weights, layer.bias, relevance, strict=True):
            z = [w * v for w, v in zip(row, u, strict=True)]
            up = sum(max(part, 0.0) for part in z) + (max(c, 0.0) if bias else 0.0)
            down = sum(min(part, 0.0) for part in z) + (min(c, 0.0) if bias else 0.0)
            for i, part in enumerate(z):
                if part > 0:
                    given[i] += alpha * part / up * r
                elif part < 0:
                    given[i] -= beta * part / down * r
        relevance = given
    return relevance


def fused_shapley(layers, x, b, target):
    """Shapley values of whole neurons, order by order: m_i = Σ_j m_j φ_i(j) / Δu_i.

    An input that does not change has no φ_i / Δu_i; the limit is w_ji times the mean slope where it comes in.
    """
    values, references = places(layers, x), places(layers, b)
    m = one_hot(len(values[-1]), target)
    for layer, u, u0 in zip(reversed(layers), values[-2::-1], references[-2::-1], strict=True):
        given = [0.0] * len(u)
        for j, m_j in enumerate(m):
            if layer.sigma == "Identity":
                given = [g + layer.weights[j][i] * m_j for i, g in enumerate(given)]
                continue
            orders = list(permutations(range(len(u))))
            for order in orders:
                mixed = list(u0)
                for i in order:
                    before = layer.sums(mixed)[j]
                    mixed[i] = u[i]
                    if u[i] == u0[i]:
                        rate = layer.weights[j][i] * SLOPE[layer.sigma](before)
                    else:
                        gain = SIGMA[layer.sigma](layer.sums(mixed)[j]) - SIGMA[layer.sigma](before)
                        rate = gain / (u[i] - u0[i])
                    given[i] += rate * m_j / len(orders)
        m = given
    return [m_i * (v - v0) for m_i, v, v0 in zip(m, x, b, strict=True)]


def mean_over_baselines(case, one):
    """Σ_k w_k a(x, b_k) of a case, for a twin ``one(layers, x, b, target)``."""
    layers, x = units(case.model), case.x.flatten().tolist()
    total = [0.0] * len(x)
    for weight, baseline in zip(case._shares, case.baselines, strict=True):
        for i, value in enumerate(one(layers, x, baseline.flatten().tolist(), case.target)):
            total[i] += weight * value
    return total


def perceptrons():
    """Small networks of every activation, with and without biases, one of them with several weighted baselines."""
    cases = []
    for place, activation in enumerate((nn.ReLU, nn.Softplus, nn.Tanh, nn.GELU)):
        for bias in (True, False):
            model = mlp(activation, (4, 5, 4, 3), bias=bias, seed=50 + place)
            name = f"{activation.__name__.lower()}{'' if bias else '-no-bias'}"
            cases.append(network_case(name, model, draw(4, seed=60 + place), [draw(4, seed=70 + place)], target=2))
    several = [draw(4, seed=80 + k) for k in range(3)]
    for activation in (nn.ReLU, nn.Softplus):
        model = mlp(activation, (4, 5, 4, 2), seed=55)
        name = f"{activation.__name__.lower()}-three-baselines"
        cases.append(network_case(name, model, draw(4, seed=65), several, (1.0, 2.0, 0.5), target=1))
    return cases


PERCEPTRONS = perceptrons()
