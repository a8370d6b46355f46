"""Bootstrap intervals: of all samples of a few values, and the normal one of many."""

from itertools import product

import numpy as np
import pytest
from cases import close, draw
from scipy.special import ndtr, ndtri

from synergy.bootstrap import bootstrap

WIDE = np.sqrt(5 / 4) * 2.776445  # of five values: Student's t by the variance of a bootstrap


def of_all_samples(values):
    """The corrected percentiles of the means of all nⁿ samples, by the formula."""
    means = np.sort([np.mean(some) for some in product(values, repeat=len(values))])
    middle = np.mean(values)
    bias = ndtri(((means < middle).mean() + (means <= middle).mean()) / 2)
    others = np.array([np.mean(values[:k] + values[k + 1 :]) for k in range(len(values))])
    away = others.mean() - others
    skew = (away**3).sum() / (6 * (away**2).sum() ** 1.5)
    shares = [ndtr(bias + (bias + z) / (1 - skew * (bias + z))) for z in (-WIDE, WIDE)]
    return means, shares


def test_an_interval_is_that_of_all_samples():
    values = [0.3, -1.2, 4.0, 0.1, 2.5]
    means, shares = of_all_samples(values)
    found = bootstrap(values)
    assert found.mean == pytest.approx(5.7 / 5)
    for end, share in ((found.low, shares[0]), (found.high, shares[1])):
        assert abs((means <= end).mean() - share) < 0.01
    assert abs(shares[1] - ndtr(WIDE)) > 3e-4  # the correction is one
    assert not found.apart
    assert bootstrap(np.array(values) + 2).apart
    assert bootstrap(np.array(values) - 9).apart


def test_of_many_values_it_is_the_normal_one():
    values = draw(400, seed=3)
    found, error = bootstrap(values), (values.std() / 20).item()
    close([found.low, found.high], [found.mean - 1.96 * error, found.mean + 1.96 * error], 0.1 * error, 1.0)
    assert found == bootstrap(values.clone())
    assert found != bootstrap(values, seed=1)


def test_what_says_nothing_has_no_ends():
    for values in ([3.0], [1.0, -np.inf, 2.0]):
        found = bootstrap(values)
        assert np.isnan([found.low, found.high]).all()
        assert not found.apart


@pytest.mark.parametrize("unit", [2.0**-700, 2.0**-90, 1.0, 2.0**700])
def test_the_unit_of_the_values_is_no_matter(unit):
    values = np.array([0.3, -1.2, 4.0, 0.1, 2.5])
    one, other = bootstrap(values), bootstrap(unit * values)
    assert tuple(other) == tuple(unit * np.array(one))


def test_values_that_differ_by_rounding_alone_are_one():
    found = bootstrap([0.1 + 0.2, 0.3, 0.3])
    assert found.low == found.high == found.mean
    values = np.full(13, 0.5)
    values[::3] -= 2.0**-52  # the means without one of them are the same number
    found = bootstrap(values)
    assert found.low == found.high == found.mean
