"""Bitsets of coalitions summed by coalition, and the limit on how many there are."""

import re

import numpy as np
import pytest

from decompositions import Game, harsanyi
from decompositions.dividends import of_leaves
from decompositions.dividends.of_leaves import summed
from decompositions.sampling.strongest import strongest


def by_loops(bits, values):
    found = {}
    for row, value in zip(bits.tolist(), values.tolist(), strict=True):
        found[tuple(row)] = found.get(tuple(row), 0) + value
    return found


@pytest.mark.parametrize("words", [1, 2, 5])
def test_every_coalition_once(words):
    rng = np.random.default_rng(words)
    bits = rng.integers(0, 2**63, (40, words), dtype=np.uint64)[rng.integers(0, 40, 1000)]
    values = rng.integers(-50, 50, 1000).astype(float)
    found, sums = summed(bits, values)
    assert by_loops(found, sums) == by_loops(bits, values)
    assert len(found) == 40


def test_two_coalitions_of_one_key(monkeypatch):
    monkeypatch.setattr(of_leaves, "_mixed", lambda bits: bits[:, 0] % np.uint64(2))
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 5, (300, 2), dtype=np.uint64)
    values = rng.integers(-50, 50, 300).astype(float)
    found, sums = summed(bits, values)
    assert by_loops(found, sums) == by_loops(bits, values)
    assert len(found) == 25


def forest(columns=150):
    ensemble = pytest.importorskip("sklearn.ensemble")
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(300, columns))
    response = rows[:, :9].sum(1) + rows[:, 100] * rows[:, 140]
    return ensemble.RandomForestRegressor(6, random_state=0).fit(rows, response), rows


def test_the_number_of_dividends_is_said_before_they_are_made():
    model, rows = forest()
    game = Game.from_trees(model, rows[0], rows[1:9])
    with pytest.raises(ValueError, match=r"of this game have [\d,]+ dividends, above the limit of 10") as found:
        harsanyi(game, limit=10)
    count = int(re.search(r"limit=(\d+)", str(found.value))[1])
    assert count > len(harsanyi(game, limit=count)) > 100
    with pytest.raises(ValueError, match="above the limit"):
        harsanyi(game, limit=count - 1)
    with pytest.raises(ValueError, match="there are 562,626 coalitions of at most 3 players, above the limit"):
        harsanyi(game, order=3, limit=count)
    with pytest.raises(ValueError, match="leave checkpoint= out"):
        harsanyi(game, checkpoint="nowhere")


def test_many_features_against_the_model_at_chosen_coalitions():
    """Every dividend by the alternating sum of the model's own predictions."""
    model, rows = forest()
    x, background = rows[0], rows[1:4]
    effects = harsanyi(Game.from_trees(model, x, background))
    strongest = [key for key, _ in effects.top(40)]
    assert max(map(len, strongest)) >= 3
    for key in [*strongest, (0, 100, 140), (9, 149)]:
        total = 0.0
        for mask in range(2 ** len(key)):
            some = [player for place, player in enumerate(key) if mask >> place & 1]
            table = background.copy()
            table[:, some] = x[some]
            total += (-1) ** (len(key) - len(some)) * model.predict(table).mean()
        assert float(effects[key]) == pytest.approx(total, abs=1e-12)
    assert float(effects.base) == pytest.approx(model.predict(background).mean())
    assert float(effects.base + effects.total) == pytest.approx(model.predict(x[None])[0])


def test_the_strongest_are_those_of_all_dividends():
    model, rows = forest()
    game = Game.from_trees(model, rows[0], rows[1:4])
    everything = harsanyi(game)
    found = strongest(game, 25, order=3)
    right = [(key, value) for key, value in everything.top(len(everything)) if len(key) <= 3][:25]
    assert dict(found.top(25)) == pytest.approx(dict(right), abs=1e-13)
    assert found.truncated
    assert found.calls == 0
    left = everything.total - sum(value for _, value in right)
    assert float(found.remainder) == pytest.approx(float(left), abs=1e-12)
