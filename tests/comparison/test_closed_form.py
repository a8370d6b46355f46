"""Comparisons of games whose dividends have a closed form: trees, and polynomials of many players."""

import numpy as np
import pytest
from cases import close

from decompositions import Effects
from synergy import Game, compare, harsanyi, method, plan

N = 22
CHAIN = " + ".join(f"{i + 1}*x{i}*x{i + 1}**2" for i in range(N - 1))


@pytest.fixture(scope="module")
def chain():
    return Game.from_expression(CHAIN, {f"x{i}": 1 for i in range(N)})


@pytest.fixture(scope="module")
def forest():
    """Of 18 features, too many for a table, and few enough for one value after the other."""
    ensemble = pytest.importorskip("sklearn.ensemble", reason="the packages of the examples are not installed")
    draws = np.random.default_rng(0)
    rows = draws.normal(size=(300, 18))
    labels = (rows[:, 0] * rows[:, 1] + rows[:, 2] * rows[:, 5] > 0).astype(int)
    fitted = ensemble.RandomForestClassifier(6, max_depth=5, random_state=0).fit(rows, labels)
    return Game.from_trees(fitted, rows[0], rows[1:9], target=1)


def test_all_effects_of_a_forest_are_there_and_none_else(forest):
    comparison = compare(forest, ["shapley", "occlusion_1"])
    assert not comparison.effects.truncated
    corners = np.random.default_rng(1).integers(0, 2, (40, forest.n))
    for corner in corners:
        members = set(np.flatnonzero(corner).tolist())
        within = [row for row in range(len(comparison.effects)) if set(comparison.effects.key(row)) <= members]
        value = float(comparison.effects.values[within].sum())
        assert value == pytest.approx(float(forest(corner[None])[0]), abs=1e-12)


def test_the_theory_of_a_forest_is_whole(forest):
    shapley, occlusion = compare(forest, ["shapley", "occlusion_1"])
    assert set(shapley.theory_criteria.verdicts.values()) == {"pass"}
    assert occlusion.theory_criteria.verdicts["completeness"] == "fail"
    everybody = np.ones((1, forest.n))
    without = [forest(everybody - np.eye(forest.n)[[i]])[0] for i in range(forest.n)]
    close(occlusion.theory.attribution, [float(forest(everybody)[0] - each) for each in without], 1e-12)
    close(shapley.theory.attribution, method("shapley").attribute(forest), 1e-12)


def test_a_chain_of_many_symbols_by_hand(chain):
    """(i + 1) x_i x_{i+1}²: half of it to each by Shapley, a third and two thirds by Integrated Gradients."""
    shapley, path, removed = compare(chain, ["shapley", "integrated_gradients", "occlusion_1"], budget=64)
    first, last = [*range(1, N), 0], [0, *range(1, N)]
    halves = [(a + b) / 2 for a, b in zip(first, last, strict=True)]
    close([float(each) for each in shapley.attribution], halves, 1e-12)
    close([float(each) for each in removed.attribution], [a + b for a, b in zip(first, last, strict=True)], 1e-12)
    thirds = [a / 3 + 2 * b / 3 for a, b in zip(first, last, strict=True)]
    close([float(each) for each in path.theory.attribution], thirds, 1e-12)
    assert set(path.theory_criteria.verdicts.values()) == {"pass"}


def test_the_plan_says_where_the_effects_come_from(forest, chain):
    for game, rows in ((forest, len(harsanyi(forest)) - 1), (chain, N - 1)):
        step = plan(game, ["shapley"])["effects in closed form"]
        assert (step.calls, step.how) == (0, f"{rows:,} coalitions")


def test_effects_that_are_known_are_taken_and_others_refused(forest):
    known = harsanyi(forest)
    assert compare(forest, ["shapley"], effects=known).effects is known
    with pytest.raises(ValueError, match="all Harsanyi dividends of the game are needed here"):
        compare(forest, ["shapley"], effects=harsanyi(forest, order=2))
    twice = Effects(2 * known.values, names=known.names, coalitions=known.coalitions, noise=known.noise)
    with pytest.raises(ValueError, match="these effects are of another game"):
        compare(forest, ["shapley"], effects=twice)


def test_an_order_asks_for_rows_up_to_it(forest):
    comparison = compare(forest, ["shapley"], order=1)
    assert comparison.effects.truncated
    assert comparison.effects.strata.order == 1
