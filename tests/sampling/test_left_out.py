"""Pairs left out, against surrogates that are trained anew without them."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from decompositions.sampling import left_out
from decompositions.sampling.design import design
from decompositions.sampling.left_out import halves


@pytest.fixture
def known():
    plan = design(7, 60, 3)
    z = plan.table().astype(float)
    return plan, np.sin(z @ np.arange(7)) + z[:, 0] * z[:, 3]


def trained_anew(half, centres, values):
    """The mean of the process whose odd and even parts have the kernels of a half, from values at coalitions."""
    odd, even = (replace(part.kernel, parity=p) for part, p in ((half.surrogate.odd, -1), (half.surrogate.even, 1)))
    trained = len(half.surrogate.odd.centres) // 2

    def covariance(one, other):
        return odd.between(one, other) + even.between(one, other)

    def alike(sign):
        return (centres[:, None] == (centres if sign > 0 else 1 - centres)[None]).all(-1).double()

    uncertain, twice = even.noise_for(trained), odd.noise_for(trained)
    noise = alike(1) * (uncertain + twice) + alike(-1) * (uncertain - twice)
    weights = torch.linalg.solve(covariance(centres, centres) + noise, values - even.mean)
    return lambda table: even.mean + covariance(table, centres) @ weights


@pytest.mark.parametrize("points", [3000, 20])
def test_as_if_trained_anew(known, points):
    """Against one process of all coalitions; pairs beyond those that it is trained on leave residuals only."""
    plan, values = known
    table, v = torch.from_numpy(plan.table()).double(), torch.from_numpy(values)
    border, pairs = len(plan.border), len(plan.drawn)
    for half in halves(plan, values, points):
        centres = half.surrogate.odd.centres
        rows = {tuple(row): place for place, row in enumerate(table.tolist())}
        known_there = v[[rows[tuple(row)] for row in centres.tolist()]]
        whole, means, kept = trained_anew(half, centres, known_there), [], []
        np.testing.assert_allclose(half.surrogate.at(table).numpy(), whole(table).numpy(), atol=1e-7)
        inside = len(centres) // 2 - min(border // 2, max(points // 2, points - pairs))
        for pair, residual in zip(half.pairs.tolist(), half.residuals, strict=True):
            both = [border + pair, border + pairs + pair]
            rest = torch.ones(len(centres), dtype=torch.bool)
            if pair < inside:
                for row in both:
                    rest[(centres == table[row]).all(1)] = False
            without = trained_anew(half, centres[rest], known_there[rest])
            np.testing.assert_allclose(residual, (v[both] - without(table[both])).numpy(), atol=1e-7)
            means.append(without(table))
            kept.append(torch.ones(len(table), dtype=torch.float64).index_fill(0, torch.tensor(both), 0.0))
        mean = torch.stack(means).mean(0)
        np.testing.assert_allclose(half.left_out.at(table).numpy(), mean.numpy(), atol=1e-7)
        seen = (torch.stack(kept) * (v - torch.stack(means))).mean(0)
        np.testing.assert_allclose(half.seen, seen.numpy(), atol=1e-7)


def test_rows_of_a_pair_are_complements(known):
    for plan in (known[0], design(8, 100, 0), design(9, 300, 1)):
        first, second = left_out._pairs(plan)
        assert sorted([*first, *second]) == list(range(len(plan.table())))
        assert (plan.table()[first] + plan.table()[second] == 1).all()


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
        changed[own] += np.cos(np.arange(len(own)))  # not the same at the two of a pair, nor opposite
        after = halves(plan, changed)
        for part in ("odd", "even"):
            same, other = (
                [getattr(each[p].surrogate, part).kernel for each in (before, after)] for p in (parity, 1 - parity)
            )
            assert torch.equal(same[0].decay, same[1].decay)
            assert same[0].mean == same[1].mean
            assert not torch.equal(other[0].decay, other[1].decay)


def test_values_that_do_not_vary_leave_a_constant(known):
    for half in halves(known[0], np.full(len(known[1]), 2.0)):
        assert not half.failed
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
        np.testing.assert_allclose(half.residuals, own - half.surrogate.even.kernel.mean, atol=1e-12)
