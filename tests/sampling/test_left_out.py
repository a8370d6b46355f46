"""Pairs left out, against surrogates that are trained anew without them."""

import numpy as np
import pytest
import torch

from decompositions.sampling import left_out
from decompositions.sampling.design import design
from decompositions.sampling.left_out import halves
from decompositions.sampling.surrogate import Surrogate


@pytest.fixture
def known():
    plan = design(7, 60, 3)
    z = plan.table().astype(float)
    return plan, np.sin(z @ np.arange(7)) + z[:, 0] * z[:, 3]


def trained_anew(kernel, table, values, noise):
    covariance = kernel.between(table, table) + noise * torch.eye(len(table), dtype=torch.float64)
    return Surrogate(kernel, table, torch.linalg.solve(covariance, values - kernel.mean))


@pytest.mark.parametrize("points", [4000, 40])
def test_as_if_trained_anew(known, points):
    """Pairs beyond the points that a surrogate is trained on leave residuals only."""
    plan, values = known
    table, v = torch.from_numpy(plan.table()).double(), torch.from_numpy(values)
    border, pairs = len(plan.border), len(plan.drawn)
    for half in halves(plan, values, points):
        centres, kernel = half.surrogate.centres, half.surrogate.kernel
        rows = {tuple(row): place for place, row in enumerate(table.tolist())}
        known_there = v[[rows[tuple(row)] for row in centres.tolist()]]
        noise, means, kept = kernel.noise_for(len(centres)), [], []
        inside = (len(centres) - (min(border, max(points // 2, points - 2 * pairs)))) // 2
        for pair, residual in zip(half.pairs.tolist(), half.residuals, strict=True):
            both = [border + pair, border + pairs + pair]
            rest = torch.ones(len(centres), dtype=torch.bool)
            if pair < inside:  # a pair that comes twice is left out once
                for row in both:
                    rest[(centres == table[row]).all(1).nonzero()[0]] = False
            without = trained_anew(kernel, centres[rest], known_there[rest], noise)
            np.testing.assert_allclose(residual, (v[both] - without.at(table[both])).numpy(), atol=1e-8)
            means.append(without.at(table))
            kept.append(torch.ones(len(table), dtype=torch.float64).index_fill(0, torch.tensor(both), 0.0))
        mean = torch.stack(means).mean(0)
        np.testing.assert_allclose(half.left_out.at(table).numpy(), mean.numpy(), atol=1e-8)
        seen = (torch.stack(kept) * (v - torch.stack(means))).mean(0)
        np.testing.assert_allclose(half.seen, seen.numpy(), atol=1e-8)


def test_a_void_draw_is_not_left_out():
    """Of the 41 draws between the borders of 6 players 30 take all pairs of sizes 2 to 4."""
    plan = design(6, 60, 0)
    assert plan.void.any()
    for half in halves(plan, np.sin(plan.table() @ np.arange(6.0))):
        void = plan.void[half.pairs]
        assert not half.residuals[void].any()
        assert half.residuals[~void].all() or void.all()


def test_every_pair_is_in_one_half(known):
    found = halves(*known)
    assert sorted(np.concatenate([half.pairs for half in found]).tolist()) == list(range(len(known[0].drawn)))


def test_the_kernel_has_not_seen_the_pairs_left_out(known):
    """Other values at them leave the kernel as it is; those at the others do not."""
    plan, values = known
    border, pairs = len(plan.border), len(plan.drawn)
    before = halves(plan, values)
    for parity in (0, 1):
        changed = values.copy()
        own = border + np.concatenate([np.arange(parity, pairs, 2), pairs + np.arange(parity, pairs, 2)])
        changed[own] += np.cos(np.arange(len(own)))
        after = halves(plan, changed)
        assert torch.equal(after[parity].surrogate.kernel.decay, before[parity].surrogate.kernel.decay)
        assert after[parity].surrogate.kernel.mean == before[parity].surrogate.kernel.mean
        assert not torch.equal(after[1 - parity].surrogate.kernel.decay, before[1 - parity].surrogate.kernel.decay)


def test_values_that_do_not_vary_leave_a_constant(known):
    for half in halves(known[0], np.full(len(known[1]), 2.0)):
        assert half.failed
        assert not half.residuals.any()
        assert not half.seen.any()


def test_a_likelihood_that_cannot_be_computed_leaves_a_constant(known, monkeypatch):
    def fail(*_):
        raise torch.linalg.LinAlgError("not positive definite")

    monkeypatch.setattr(left_out, "fitted", fail)
    plan, values = known
    pairs = len(plan.drawn)
    for half in halves(plan, values):
        assert half.failed
        own = np.stack([values[-2 * pairs : -pairs][half.pairs], values[-pairs:][half.pairs]], -1)
        np.testing.assert_allclose(half.residuals, own - half.surrogate.kernel.mean, atol=1e-12)
