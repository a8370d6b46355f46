"""Chosen effects of 200 players go wherever effects go; a table of 2²⁰⁰ rows would end the test at once."""

import numpy as np
import pytest
import torch

from decompositions import show
from decompositions.effects.coalitions import Coalitions
from synergy import METHODS, Effects, Game, allocate, compare, measure, method
from synergy.comparison.comparison import Comparison
from synergy.comparison.result import Result
from synergy.policies.policy import Policy

N = 200
TABLE = Game.from_values([0.0, 1.0])  # of which a policy that reads the support asks nothing


def chosen():
    """Pairs and larger coalitions, of which the first is the strongest by far."""
    rng = np.random.default_rng(0)
    found = {tuple(sorted(rng.choice(N, rng.integers(2, 6), replace=False).tolist())) for _ in range(3000)}
    members = [(), (3, 70, 199), *sorted(found - {(3, 70, 199)})]
    values = np.concatenate([[1.0, 50.0], rng.standard_normal(len(members) - 2)])
    coalitions, names = Coalitions.of_members(members, N), tuple(f"p{i}" for i in range(N))
    return Effects(torch.from_numpy(values), names=names, coalitions=coalitions, truncated=True, remainder=0.5)


def of_support():
    policies = {
        name: cls().policy(TABLE) for name, cls in METHODS.items() if cls.scope == "game" and cls.corners is True
    }
    return {
        name: policy for name, policy in policies.items() if isinstance(policy, Policy) and policy.reads == "support"
    }


@pytest.mark.parametrize("name", of_support())
def test_every_policy_of_the_support_shares_them_out(name, tmp_path):
    """By hand: each member of S is given J(S) or J(S) / |S|, and nobody else anything."""
    effects = chosen()
    effects.save(tmp_path / "effects")
    effects = Effects.load(tmp_path / "effects")
    expected = np.zeros(N)
    for row in range(1, len(effects)):
        members = list(effects.key(row))
        expected[members] += float(effects.values[row]) / (len(members) if name == "shapley" else 1)
    allocation = allocate(effects, method(name).policy(TABLE))
    assert allocation.attribution.numpy() == pytest.approx(expected, abs=1e-12)
    assert allocation[3, 70, 199][[3, 4]].tolist() == pytest.approx([50 / 3 if name == "shapley" else 50, 0])
    criteria = allocation.criteria()
    assert criteria.verdicts["relevance"] == "pass"
    assert criteria.verdicts["completeness"] == ("undecided" if name == "shapley" else "fail")


def test_they_are_written_drawn_and_reported(tmp_path):
    effects = chosen()
    allocation = allocate(effects, method("shapley").policy(TABLE))
    result = Result("shapley", "f(x) − f(b)", "", attribution=allocation.attribution, theory=allocation)
    comparison = Comparison(effects, None, "", (result,))
    assert "p3·p70·p199" in show.text(effects)
    assert "p3·p70·p199" in comparison.table()
    assert len(show.figure(effects).axes) == 2
    comparison.plot(tmp_path / "figure.png")
    assert "p3·p70·p199" in comparison.to_html(tmp_path / "page.html").read_text(encoding="utf8")


def null_players():
    """z₀ + 2 z₀z₁ + 3 z₀z₁z₃₉ of 60 players, of whom only 0, 1, 5 and 39 differ from the baseline."""
    x = torch.zeros(60, dtype=torch.float64)
    x[[0, 1, 5, 39]] = 1
    return Game.from_function(lambda z: z[:, 0] + 2 * z[:, 0] * z[:, 1] + 3 * z[:, [0, 1, 39]].prod(1), x)


def test_null_players_of_many_cost_a_comparison_nothing():
    """Shapley's: 1 + 1 + 1, 1 + 1 and 1."""
    game = null_players()
    measured = measure("shapley", game)
    assert len(measured) == 16
    assert measured[0, 1, 39][[0, 1, 5, 39]].tolist() == pytest.approx([1, 1, 0, 1])
    assert measured.attribution[[0, 1, 5, 39, 40]].tolist() == pytest.approx([3, 2, 0, 1, 0])
    assert all(measured.criteria().passes)
    found = compare(game, ["shapley", "occlusion_1"])
    assert found["shapley"].disagreement == pytest.approx(0, abs=1e-12)
    assert found["occlusion_1"].measured_criteria.verdicts["completeness"] == "fail"
