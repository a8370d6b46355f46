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


def test_the_mean():
    assert baselines.mean(GROUP[:4]).tolist() == [[7 / 4, 2.0]]
    assert isinstance(baselines.mean(GROUP.numpy()), np.ndarray)
    assert baselines.mean(torch.ones(3, 1, 2, 2)).shape == (1, 1, 2, 2)


def test_the_members_of_an_output():
    """Products 0, 5, 4, 4, 81: of two as far the first."""
    product = lambda z: z.prod(1)  # noqa: E731
    assert baselines.near_output(product, GROUP, 4.2, 3).tolist() == [[4.0, 1.0], [2.0, 2.0], [1.0, 5.0]]
    found = baselines.near_output(lambda z: z[:, :1] * z[:, 1:], GROUP.numpy(), 100)
    assert isinstance(found, np.ndarray)
    assert found.tolist() == [[9.0, 9.0]]


@pytest.mark.parametrize("turned", [False, True])
def test_a_place_of_an_output(turned):
    """z₀² + z₁ on the way from 0 to (2, 4) is 4s² + 4s, 3 at s = ½; and 1 at (√2 − 1)/2."""
    start, end = torch.zeros(1, 2, dtype=torch.float64), torch.tensor([[2.0, 4.0]], dtype=torch.float64)
    ends = (end, start) if turned else (start, end)
    assert baselines.at_output(lambda z: z[:, 0] ** 2 + z[:, 1], *ends, 3).tolist() == [[1.0, 2.0]]
    found = baselines.at_output(lambda z: z[:, :1] ** 2 + z[:, 1:], *ends, 1)
    close(found, end * (2**0.5 - 1) / 2, 1e-14)


def test_blurred_by_a_slow_twin():
    """The definition, pixel by pixel; beyond the border the picture is mirrored, its edge pixels twice."""
    picture, sigma = torch.rand(1, 2, 4, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64), 0.8
    reach = int(4 * sigma + 0.5)

    def mirrored(place, length):
        place %= 2 * length
        return place if place < length else 2 * length - 1 - place

    steps = range(-reach, reach + 1)
    weights = {(i, j): np.exp(-(i * i + j * j) / (2 * sigma**2)) for i in steps for j in steps}
    found = baselines.blurred(picture, sigma)
    for c in range(2):
        for row in range(4):
            for column in range(3):
                around = sum(
                    w * picture[0, c, mirrored(row + i, 4), mirrored(column + j, 3)] for (i, j), w in weights.items()
                )
                close(found[0, c, row, column], around / sum(weights.values()), 1e-12)
    close(found.mean(), picture.mean(), 1e-12)  # mirrored, no light is lost
    assert baselines.blurred(picture.float().numpy(), 1).dtype == np.float32


def test_the_nearest():
    """Squared distances from (3, 2): 13, 13, 2, 1, 85."""
    assert baselines.nearest(GROUP, torch.tensor([3.0, 2.0]), 3).tolist() == [[2.0, 2.0], [4.0, 1.0], [0.0, 0.0]]
    found = baselines.nearest(GROUP.numpy(), np.array([[3.0, 2.0]]))
    assert isinstance(found, np.ndarray)
    assert found.tolist() == [[2.0, 2.0]]
    assert baselines.nearest(GROUP, GROUP[:1], space=lambda z: z[:, 0]).tolist() == [[0.0, 0.0]]
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
        (lambda: baselines.mean(GROUP.long()), TypeError, "give group.float()"),
        (lambda: baselines.near_output(lambda z: z, GROUP, 0), ValueError, r"of 5 it gives \(5, 2\); choose"),
        (lambda: baselines.near_output(lambda z: z[:, 0], GROUP, float("nan")), ValueError, "value is the output"),
        (lambda: baselines.at_output(lambda z: z.sum(1), GROUP[:1], GROUP[1:2], 7), ValueError, "0 at start and 6 at"),
        (lambda: baselines.at_output(lambda z: z.sum(1), GROUP, GROUP[:1], 7), ValueError, "one input each"),
        (lambda: baselines.at_output(lambda z: z.sum(1), *GROUP[:2, None].long(), 7), TypeError, "there is nothing"),
        (lambda: baselines.blurred(GROUP, 0), ValueError, "sigma is .* above 0"),
        (lambda: baselines.blurred(GROUP.long(), 1), TypeError, "give x.float()"),
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
