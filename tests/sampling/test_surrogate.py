"""The surrogate's closed forms against its own values at all coalitions."""

import math
from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest
import torch

from decompositions import mobius
from decompositions.sampling.kernel import Kernel, fitted, flat
from decompositions.sampling.surrogate import Sum, Surrogate

N = 6
CORNERS = torch.tensor(list(product([0.0, 1.0], repeat=N)), dtype=torch.float64).flip(1)  # position = bitmask


@pytest.fixture(params=[0.3, 9.0], ids=["smooth", "rough"])
def surrogate(request):
    some = torch.Generator().manual_seed(3)
    decay = request.param * torch.rand(N, dtype=torch.float64, generator=some)
    centres = (torch.rand(25, N, generator=some) < 0.5).double()
    return Surrogate(Kernel(decay, 1.3, 0.7, 1e-3, 0.4), centres, torch.randn(25, dtype=torch.float64, generator=some))


def mask(players):
    return sum(1 << int(i) for i in players)


def others(*players):
    return [i for i in range(N) if i not in players]


def test_its_values_are_the_sum_of_kernels(surrogate):
    kernel = surrogate.kernel
    for row in (0, 5, 41, 63):
        total = kernel.mean
        for centre, coefficient in zip(surrogate.centres.tolist(), surrogate.coefficients.tolist(), strict=True):
            z = CORNERS[row].tolist()
            apart = sum(c for c, a, b in zip(kernel.decay.tolist(), z, centre, strict=True) if a != b)
            along = sum((2 * a - 1) * (2 * b - 1) for a, b in zip(z, centre, strict=True))
            total += coefficient * (kernel.variance * math.exp(-apart) + kernel.linear / N * along)
        assert surrogate.at(CORNERS[row : row + 1]).item() == pytest.approx(total, abs=1e-12)


def test_mean_gains_by_size(surrogate):
    v = surrogate.at(CORNERS).numpy()
    for t, i in product(range(N), range(N)):
        gains = [v[mask(some) | 1 << i] - v[mask(some)] for some in combinations(others(i), t)]
        assert surrogate.by_size()[t, i] == pytest.approx(np.mean(gains), abs=1e-11)


def test_derivatives_along_the_diagonal(surrogate):
    """Of the multilinear extension, as sums over all coalitions."""
    v, p = surrogate.at(CORNERS).numpy(), 0.3
    slopes, bends = surrogate.slopes(np.array([p]), np.array([2.0])), surrogate.bends(np.array([p]), np.array([2.0]))
    chance = {size: p**size for size in range(N)}

    def expected(rest, gain):
        sets = [some for size in range(len(rest) + 1) for some in combinations(rest, size)]
        return 2 * sum(chance[len(some)] * (1 - p) ** (len(rest) - len(some)) * gain(mask(some)) for some in sets)

    for i in range(N):
        assert slopes[i] == pytest.approx(expected(others(i), lambda T, i=i: v[T | 1 << i] - v[T]), abs=1e-12)
    for i, k in combinations(range(N), 2):
        a, b = 1 << i, 1 << k
        found = expected(others(i, k), lambda T, a=a, b=b: v[T | a | b] - v[T | a] - v[T | b] + v[T])
        assert (bends[i, k], bends[k, i]) == pytest.approx((found, found), abs=1e-12)
    assert not bends.diagonal().any()


def test_dividends(surrogate):
    dividends = mobius.mobius(surrogate.at(CORNERS)).numpy()
    for size in range(1, N + 1):
        columns = np.array(list(combinations(range(N), size)))
        wanted = [dividends[mask(players)] for players in columns]
        np.testing.assert_allclose(surrogate.dividends(columns), wanted, rtol=0, atol=1e-11)


def test_many_players_of_strong_decay_lose_no_digits():
    """The mean gains by size of one product, whose factor for a player away is tiny, in exact arithmetic by hand."""
    n = 40
    centre = torch.ones(1, n, dtype=torch.float64)
    kernel = Kernel(torch.full((n,), 3.0, dtype=torch.float64), 1.0, 0.0, 1.0, 0.0)
    found = Surrogate(kernel, centre, torch.ones(1, dtype=torch.float64)).by_size()
    for t in range(n):  # v(T) = exp(−3 (n − t))
        assert found[t] == pytest.approx(np.full(n, math.exp(-3 * (n - t - 1)) - math.exp(-3 * (n - t))), rel=1e-9)


@pytest.mark.parametrize("parity", [-1, 0, 1])
def test_the_likelihood_and_its_gradient(parity):
    """Against the density of a normal distribution, and differences."""
    from decompositions.sampling.kernel import _surprise

    some = torch.Generator().manual_seed(1)
    x = torch.randint(0, 2, (20, 3), generator=some).double() * 2 - 1
    y = torch.randn(20, dtype=torch.float64, generator=some)
    theta = np.array([-1.0, -0.5, -2.0, 0.3, -0.7, -1.5])
    value, gradient = _surprise(theta, x, y, parity)
    linear = 0.0 if parity > 0 else math.exp(-0.7)
    kernel = Kernel(torch.from_numpy(np.exp(theta[:3])), math.exp(0.3), linear, math.exp(-1.5), 0.0, parity)
    covariance = kernel.between((x + 1) / 2, (x + 1) / 2) + math.exp(-1.5) * torch.eye(20, dtype=torch.float64)
    normal = torch.distributions.MultivariateNormal(torch.zeros(20, dtype=torch.float64), covariance)
    pull = 0.5 * ((theta[:3] - theta[:3].mean()) ** 2).sum()
    assert value == pytest.approx(-normal.log_prob(y).item() - 10 * math.log(2 * math.pi) + pull, rel=1e-12)
    for place in range(6):
        step = np.zeros(6)
        step[place] = 1e-5
        slope = (_surprise(theta + step, x, y, parity)[0] - _surprise(theta - step, x, y, parity)[0]) / 2e-5
        assert gradient[place] == pytest.approx(slope, rel=1e-6, abs=1e-7)


def test_what_matters_decays_and_what_does_not_stays():
    some = torch.Generator().manual_seed(2)
    table = torch.randint(0, 2, (150, 5), generator=some).double()
    kernel = fitted(table, 3 * table[:, 0] * table[:, 1] + table[:, 0])
    assert kernel.decay[:2].min() > 3 * kernel.decay[2:].max()


@pytest.mark.parametrize("parity", [-1, 1])
def test_a_process_of_a_parity_by_plain_products(surrogate, parity):
    """Its values are odd or even, and the same with the centres' complements written out."""
    linear = 0.0 if parity > 0 else 0.7
    folded = replace(surrogate, kernel=replace(surrogate.kernel, linear=linear, mean=0.0, parity=parity))
    values = folded.at(CORNERS)
    assert values.numpy() == pytest.approx(parity * folded.at(1 - CORNERS).numpy(), rel=1e-12, abs=1e-12)
    assert values.numpy() == pytest.approx(folded.unfolded().at(CORNERS).numpy(), rel=1e-12, abs=1e-12)


def test_a_sum_of_an_odd_and_an_even_part(surrogate):
    """Where nodes are symmetric one part is left out; it would add nothing."""
    odd, even = (
        replace(surrogate, kernel=replace(surrogate.kernel, linear=0.0, mean=0.0, parity=p)).unfolded() for p in (-1, 1)
    )
    both = Sum(odd, even)
    p, weights = np.polynomial.legendre.leggauss(4)
    for nodes in ((p + 1) / 2, (p + 1) / 3):
        for ask in (Surrogate.slopes, Surrogate.bends):
            found = getattr(both, ask.__name__)(nodes, weights)
            assert found == pytest.approx(ask(odd, nodes, weights) + ask(even, nodes, weights), rel=1e-9, abs=1e-12)
    assert both.at(CORNERS).numpy() == pytest.approx((odd.at(CORNERS) + even.at(CORNERS)).numpy())


def test_a_flat_kernel_is_its_mean():
    kernel = flat(N, 2.5)
    surrogate = Surrogate(kernel, CORNERS[:4], torch.ones(4, dtype=torch.float64))
    assert surrogate.at(CORNERS).tolist() == [2.5] * 2**N
    assert not surrogate.slopes(np.array([0.5]), np.ones(1)).any()
