"""Means, paired tests and rank correlations: by hand, by scipy, and by how often an interval holds the truth."""

import numpy as np
import pytest
import scipy.stats

pytest.importorskip("statsmodels", reason="the correction for many tests needs the extra 'studies'")

from synergy.bootstrap import RESAMPLES
from synergy.studies.statistics import corrected, mean_of, paired, rank_correlations

SAMPLE = np.array([2.1, 0.3, 5.9, 1.2, 1.1, 0.4, 3.3, 2.2, 0.9, 8.0])


def test_the_interval_of_a_mean_is_scipys():
    found = mean_of(SAMPLE, seed=7)
    tail = scipy.stats.norm.cdf(-np.sqrt(10 / 9) * scipy.stats.t.ppf(0.975, 9))
    settings = {"n_resamples": RESAMPLES, "method": "BCa", "confidence_level": 1 - 2 * tail}
    peer = scipy.stats.bootstrap(
        (SAMPLE,), np.mean, **settings, random_state=np.random.default_rng(7)
    ).confidence_interval
    assert (found.value, found.low, found.high) == (SAMPLE.mean(), peer.low, peer.high)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["normal", "gamma", "share"])
def test_of_2000_intervals_95_in_100_hold_the_mean(kind):
    draw = np.random.default_rng(8)
    truth, held = {"normal": 0.0, "gamma": 4.0, "share": 0.1}[kind], 0
    sample_of = {
        "normal": lambda: draw.normal(size=50),
        "gamma": lambda: draw.gamma(4.0, size=50),
        "share": lambda: draw.beta(0.5, 4.5, size=50),
    }[kind]
    for _ in range(2000):
        found = mean_of(sample_of())
        held += found.low <= truth <= found.high
    assert 0.93 <= held / 2000 <= 0.97


@pytest.mark.slow
def test_of_2000_comparisons_of_alike_methods_5_in_100_are_told_apart():
    draw = np.random.default_rng(9)
    p = [paired(*draw.normal(size=(2, 60))).p for _ in range(2000)]
    assert 0.03 <= np.mean(np.array(p) <= 0.05) <= 0.07


def test_what_is_not_there_is_left_out_and_errors_are_carried():
    found = mean_of([1.0, np.nan, 3.0], [0.1, 9.0, 0.5])
    assert (found.value, found.error, found.n) == pytest.approx((2.0, 0.3, 2))
    none = mean_of([np.nan])
    assert none.n == 0
    assert np.isnan(none.value)
    assert none.undecided


@pytest.mark.parametrize(
    ("values", "error", "undecided"),
    [
        ([1.0, 1.1, 0.9, 1.0], 0.1, False),
        ([1.0, 1.1, 0.9, 1.0], 1.5, True),  # within the numerical error
        ([1.0, -1.1, 0.9, -1.0], 0.0, True),  # the interval holds zero
        ([2.0, 2.0], 0.1, False),
        ([0.0, 0.0], 0.0, True),
        ([2.0], 0.1, True),  # of one input
    ],
)
def test_what_lies_below_the_error_is_undecided(values, error, undecided):
    assert mean_of(values, error).undecided is undecided


def test_a_paired_comparison_is_wilcoxons_and_kerbys():
    other = SAMPLE + np.array([0.5, -0.1, 0.7, 0.3, -0.2, 0.9, 0.4, 0.6, 0.8, -0.05])
    found = paired(SAMPLE, other)
    assert found.p == scipy.stats.wilcoxon(SAMPLE, other).pvalue
    # |differences| in order: .05 (+) .1 (+) .2 (+) .3 .4 .5 .6 .7 .8 .9 (−): 6 of 55 ranks for the first
    assert found.effect == pytest.approx((6 - 49) / 55)
    assert found.difference.value == pytest.approx(-0.385)
    assert found.ties == 0


def test_differences_within_the_error_take_no_side():
    found = paired([1.0, 2.0, 3.0, 4.0], [1.05, 1.0, 5.0, 4.2], 0.1)
    assert found.ties == 1
    # .2 (−), 1 (+), 2 (−): 2 of 6 ranks for the first
    assert found.effect == pytest.approx((2 - 4) / 6)
    alike = paired([1.0, 2.0], [1.0, 2.0])
    assert (alike.effect, alike.p, alike.ties) == (0.0, 1.0, 2)


def test_holm_by_hand():
    """The smallest times 4, the next times 3, …, never less than one before; what is no test counts for none."""
    assert corrected([0.02, 0.001, np.nan, 0.5, 0.3]).tolist() == pytest.approx(
        [0.06, 0.004, np.nan, 0.6, 0.6], nan_ok=True
    )
    assert corrected([]).tolist() == []


def test_rank_correlations_are_spearmans():
    first, second = np.random.default_rng(3).normal(size=(2, 6, 7)).round(1)  # with ties
    peer = [scipy.stats.spearmanr(a, b).statistic for a, b in zip(first, second, strict=True)]
    assert rank_correlations(first, second) == pytest.approx(peer)


def test_attributions_within_their_errors_share_a_rank():
    first, second = np.array([[0.01, -0.02, 5.0, 3.0]]), np.array([[0.0, 0.0, 2.0, 1.0]])
    assert rank_correlations(first, second)[0] < 1
    assert rank_correlations(first, second, (0.05, 0.0))[0] == pytest.approx(1)
    assert np.isnan(rank_correlations(first, second, (9.0, 0.0))[0])
