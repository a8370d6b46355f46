"""Polynomials and smooth functions whose Taylor effects are known."""

from fractions import Fraction
from functools import cache
from itertools import pairwise, product
from math import factorial, prod

import torch
from torch import nn
from twins import dividends

from synergy import Game

F64 = torch.float64


def vector(*numbers):
    return torch.tensor(numbers, dtype=F64)


def degree_vectors(n, degree):
    return [kappa for kappa in product(range(degree + 1), repeat=n) if sum(kappa) <= degree]


@cache
def tanh_coefficients(degree):
    """Of tanh at 0, from y′ = 1 − y²."""
    y = [Fraction(0)]
    for k in range(degree):
        y.append((Fraction(k == 0) - sum(y[j] * y[k - j] for j in range(k + 1))) / (k + 1))
    return y


def ridge(series, slopes, table):
    """The coefficients of Σ_k c_k (a·t)^k: c_k k!/κ! a^κ, in Fractions."""
    parts = [[a**p / factorial(p) for p in range(len(series))] for a in slopes]
    heads = [c * factorial(k) for k, c in enumerate(series)]
    return [heads[sum(row)] * prod(parts[i][p] for i, p in enumerate(row) if p) for row in table.tolist()]


def worst(effects, *ridges):
    expected = [float(sum(parts)) for parts in zip(*(ridge(*each, effects.degrees) for each in ridges), strict=True)]
    largest = max(map(abs, expected))
    return float((effects.values.cpu() - torch.tensor(expected, dtype=F64)).abs().max()), largest


A = [Fraction(k, 16) for k in (3, -5, 7, 2, -1, 4, -6, 5, 1, -3)]
B = [Fraction(k, 16) for k in (-2, 1, 3, -7, 5, 6, -1, 2, -4, 3)]


def two_ridges(n, degree, device="cpu"):
    """tanh(a·t) + 1/(3 − b·t) and the coefficients of both parts."""
    a, b = (torch.tensor([float(each) for each in row[:n]], dtype=F64, device=device) for row in (A, B))
    x = torch.ones(1, n, dtype=F64, device=device)
    game = Game.from_function(lambda z: (z @ a).tanh() + 1 / (3 - z @ b), x)
    geometric = [Fraction(1, 3 ** (k + 1)) for k in range(degree + 1)]
    return game, (tanh_coefficients(degree), A[:n]), (geometric, B[:n])


class Square(nn.Module):
    def forward(self, u):
        return u * u


def gentle(bend, sizes, seed, scale=0.45):
    """A network whose units stay near zero, far from the singularities of their bend."""
    torch.manual_seed(seed)
    layers = [layer for a, b in pairwise(sizes) for layer in (nn.Linear(a, b), bend())][:-1]
    built = nn.Sequential(*layers).double().eval().requires_grad_(False)
    for parameter in built.parameters():
        nn.init.uniform_(parameter, -scale, scale)
    return built


def by_definition(game):
    """The dividends of a game as sums over subsets of its values."""
    return dividends(lambda s: game([[int(i in s) for i in range(game.n)]]).item(), game.n)
