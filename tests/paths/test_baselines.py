"""Baselines from groups, and the test between the attributions of two groups."""

import numpy as np
import pytest
import scipy.stats
import torch
from cases import close

from synergy import Game, baselines, method
from synergy.significance import significance

GROUP = torch.tensor([[0.0, 0.0], [1.0, 5.0], [4.0, 1.0], [2.0, 2.0], [9.0, 9.0]])


def test_the_median_is_a_value_of_the_group():
    assert baselines.median(GROUP).tolist() == [[2.0, 2.0]]
    assert baselines.median(GROUP[:4]).tolist() == [[1.0, 1.0]]  # of two in the middle the lower one
    assert baselines.median(GROUP.numpy()).tolist() == [[2.0, 2.0]]


def test_the_nearest():
    """Squared distances from (3, 2): 13, 13, 2, 1, 85."""
    assert baselines.nearest(GROUP, torch.tensor([3.0, 2.0]), 3).tolist() == [[2.0, 2.0], [4.0, 1.0], [0.0, 0.0]]
    found = baselines.nearest(GROUP.numpy(), np.array([[3.0, 2.0]]))
    assert isinstance(found, np.ndarray)
    assert found.tolist() == [[2.0, 2.0]]
    in_second = baselines.nearest(GROUP, GROUP[:1], 2, space=lambda z: z[:, 1:])
    assert in_second.tolist() == [[0.0, 0.0], [4.0, 1.0]]


def test_close_to_the_mean():
    """The mean is (3.2, 3.4), squared distances 21.8, 7.4, 6.4, 3.4, 65."""
    assert baselines.close_to_mean(GROUP, 3).tolist() == [[2.0, 2.0], [4.0, 1.0], [1.0, 5.0]]
    assert baselines.close_to_mean(GROUP, space=lambda z: z[:, :1]).tolist() == [[4.0, 1.0]]


def test_they_are_baselines_of_a_game():
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(2, 6), torch.nn.Tanh(), torch.nn.Linear(6, 1))
    x = torch.tensor([[3.0, 2.0]])
    several = Game.from_model(net, x, baselines.nearest(GROUP, x, 3))
    parts = [Game.from_model(net, x, GROUP[row : row + 1]) for row in (3, 2, 0)]
    chosen = method("integrated_gradients")
    close(chosen.attribute(several), sum(chosen.attribute(each) for each in parts) / 3, 1e-5)


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: baselines.median([1.0]), TypeError, "a group is a batch of inputs"),
        (lambda: baselines.median(torch.zeros(3)), ValueError, r"not \(3,\)"),
        (lambda: baselines.median(torch.tensor([[float("nan")]])), ValueError, "finite ones"),
        (lambda: baselines.median(np.array([["a"]])), TypeError, "a group is"),
        (lambda: baselines.nearest(GROUP, torch.zeros(3)), ValueError, r"not \(3,\)"),
        (lambda: baselines.nearest(GROUP, GROUP[0], 6), ValueError, "count is .* 1 to 5, not 6"),
        (lambda: baselines.close_to_mean(GROUP, space=lambda z: z[:2]), ValueError, "of 5 it gives 2 rows"),
    ],
)
def test_refused_groups(call, error, said):
    with pytest.raises(error, match=said):
        call()


def groups():
    generator = np.random.default_rng(0)
    return generator.normal(size=(12, 3)) + np.array([0, 2, 0.3]), generator.normal(size=(9, 3))


def test_welch_by_hand():
    first, second = groups()
    found = significance(first, torch.tensor(second), names=["a", "b", "c"])
    for i in range(3):
        a, b = first[:, i], second[:, i]
        spread = a.var(ddof=1) / 12 + b.var(ddof=1) / 9
        t = (a.mean() - b.mean()) / spread**0.5
        freedom = spread**2 / ((a.var(ddof=1) / 12) ** 2 / 11 + (b.var(ddof=1) / 9) ** 2 / 8)
        p = 2 * scipy.stats.t.sf(abs(t), freedom)
        close([found.statistics[i], found.p[i], found.adjusted[i]], [t, p, min(1, 3 * p)], 1e-10)
    close(found.differences, first.mean(0) - second.mean(0), 1e-14)
    assert found.significant() == ["b"]
    assert repr(found) == "Significance(welch, 3 players; at 0.05: b)"


def test_ranks_by_hand():
    """All three of the first group above all three of the second: 1 of the 20 orders."""
    found = significance([[4.0], [5.0], [6.0]], [[1.0], [2.0], [3.0]], test="mann-whitney", alternative="greater")
    close(found.p, [1 / 20], 1e-12)
    assert found.significant(0.05) == ["x0"]
    assert found.significant(0.01) == []


def test_the_same_number_everywhere_is_no_finding():
    found = significance([[0.0, 1], [0, 2], [0, 1]], [[0.0, 9], [0, 8], [0, 9]])
    assert (found.p[0], found.adjusted[0], found.statistics[0]) == (1, 1, 0)
    assert found.significant() == ["x1"]


@pytest.mark.parametrize(
    ("arguments", "settings", "said"),
    [
        (([[1.0]], [[1.0], [2.0]]), {}, "at least two inputs"),
        (([[1.0], [2.0]], [[1.0, 2], [2, 3]]), {}, "the same players; they have 1 and 2"),
        (groups(), {"test": "t"}, "test is one of welch, mann-whitney"),
        (groups(), {"alternative": "both"}, "alternative is two-sided"),
        (([[float("inf")], [1.0]], [[1.0], [2.0]]), {}, "finite numbers"),
    ],
)
def test_refused_tests(arguments, settings, said):
    with pytest.raises(ValueError, match=said):
        significance(*arguments, **settings)


def test_refused_levels():
    with pytest.raises(ValueError, match="level is a chance"):
        significance(*groups()).significant(-1)
