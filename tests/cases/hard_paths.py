"""Functions that are hard to integrate along a path, and their integrals by a rule of 48,000 and more nodes."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import hardswish, softplus

PLACES, WEIGHTS = (torch.tensor(each) for each in np.polynomial.legendre.leggauss(6))


@dataclass(frozen=True)
class HardPath:
    """A function, an input ``(1, n)`` and baselines ``(K, n)``, all of numbers that float32 holds."""

    name: str
    f: Callable
    x: torch.Tensor
    baselines: torch.Tensor

    def truth(self):
        """The mean over the baselines of the path integrals, in float64. Shape ``(n,)``."""
        return sum(self._along(b) for b in self.baselines) / len(self.baselines)

    def _along(self, b):
        panels = 30_000 if self.name.startswith(("sin-300", "step-5000")) else 8_000
        s = ((torch.arange(panels).double()[:, None] + (PLACES + 1) / 2) / panels).reshape(-1)
        shares = WEIGHTS.repeat(panels) / 2 / panels
        total = torch.zeros_like(b)
        for some, weights in zip(s.split(2**14), shares.split(2**14), strict=True):
            z = (b + some[:, None] * (self.x[0] - b)).requires_grad_()
            (slopes,) = torch.autograd.grad(self.f(z).sum(), z)
            total = total + (slopes * weights[:, None]).sum(0)
        return total * (self.x[0] - b)


def drawn(seed, *shape, scale=1.0):
    """Normal numbers, rounded to float32."""
    numbers = torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return (numbers * scale).float().double()


def functions(seed, n):
    """Kinks, near-kinks, oscillations, steps, cusps, and networks of them, computed in the input's type."""
    w, v = drawn(seed, n, scale=n**-0.5), drawn(seed + 50, n, scale=n**-0.5)
    opposed = (w - w.mean()).float().double()  # adds up to almost nothing
    m, c = drawn(seed + 99, n, 4, scale=n**-0.5), drawn(seed + 7, 4, scale=0.5)
    k = float(torch.rand(1, generator=torch.Generator().manual_seed(seed)))

    def by(weights):
        return lambda z: z @ weights.to(z.dtype)

    u, t, o, h = by(w), by(v), by(opposed), by(m)
    bias = lambda z: c.to(z.dtype)  # noqa: E731
    return {
        "relu": lambda z: (u(z) - k / 2).relu(),
        "abs-opposed": lambda z: (o(z) - 0.0625).abs() + z[:, 0],
        "kinks": lambda z: (h(z) - bias(z)).relu().prod(1) + h(z).abs().sum(1),
        "near-kink-50": lambda z: softplus(h(z) - bias(z), beta=50).sum(1),
        "near-kink-500": lambda z: softplus(h(z) - bias(z), beta=500).sum(1),
        "near-kink-5000": lambda z: softplus(h(z) - bias(z), beta=5000).sum(1),
        "clamp": lambda z: h(z).clamp(-0.25, 0.375).sum(1) * (1 + t(z)),
        "largest": lambda z: z.max(1).values * (1 + u(z).sin() / 2),
        "largest-unit": lambda z: (h(z) + bias(z)).max(1).values,
        "min-max": lambda z: torch.minimum(u(z), t(z) + 0.125) * 2 - torch.maximum(z[:, 0], t(z)),
        "sin-20": lambda z: (20 * u(z)).sin() * t(z),
        "sin-60": lambda z: (60 * u(z)).sin() * t(z),
        "sin-300": lambda z: (300 * u(z)).sin() * t(z),
        "step-50": lambda z: (50 * (u(z) - k / 2)).sigmoid(),
        "step-500": lambda z: (500 * (u(z) - k / 2)).sigmoid() * (1 + t(z)),
        "step-5000": lambda z: (5000 * (u(z) - k / 2)).sigmoid(),
        "steps-opposed": lambda z: (200 * (o(z) - 0.03125)).tanh(),
        "cusp": lambda z: ((u(z) - k / 4).abs() + 2**-10).sqrt(),
        "norm": lambda z: (z - 0.375).norm(dim=1),
        "sharp-softmax": lambda z: ((20 * h(z)).softmax(1) * h(z)).sum(1),
        "bump": lambda z: (1 - ((u(z) - k / 2) * 4) ** 2).relu() * (1 + t(z)),
        "ramp-times-sin": lambda z: (u(z) - k / 4).relu() * (9 * t(z)).sin() + h(z).relu().sum(1),
        "abs-network": _network(seed, n, 8, lambda y: (y * y.abs()).tanh() + y.abs() / 4),
        "relu-sin-network": _network(seed, n, 8, lambda y: y.relu() + (6 * y).sin() / 4),
        "hardswish-network": _network(seed, n, 12, lambda y: hardswish(3 * y)),
    }


def _network(seed, n, hidden, activation):
    first, second = drawn(seed, n, hidden, scale=n**-0.5), drawn(seed + 2, hidden, hidden, scale=hidden**-0.5)
    biases, last = drawn(seed + 1, 2, hidden, scale=0.5), drawn(seed + 4, hidden, scale=hidden**-0.5)

    def f(z):
        one, two, b, end = (each.to(z.dtype) for each in (first, second, biases, last))
        return activation(activation(z @ one + b[0]) @ two + b[1]) @ end

    return f


def hard_paths(players, seeds):
    """All functions of every number of players; the third seed of every four has three baselines."""
    return [
        HardPath(f"{name}-{n}-{seed}", f, drawn(77 * seed + n, 1, n) + 1, _baselines(seed, n))
        for n in players
        for seed in seeds
        for name, f in functions(1000 * n + 10 * seed, n).items()
    ]


def _baselines(seed, n):
    return drawn(78 * seed + n + 1, 3 if seed % 4 == 2 else 1, n, scale=0.5 if seed % 4 else 0.0)
