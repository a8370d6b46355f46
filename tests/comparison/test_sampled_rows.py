"""What a comparison measures where not even the rows of all single players can be paid."""

import pytest
import torch

from synergy import Game, compare, measure, method

N = 60


def game():
    torch.manual_seed(3)
    net = torch.nn.Sequential(torch.nn.Linear(N, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
    return Game.from_model(net.double().eval(), torch.rand(1, N).double(), 0.0, target=1)


@pytest.mark.parametrize(
    ("name", "budget", "players"), [("lrp_epsilon", 200, 11), ("gradient_x_input", 30, 16), ("lrp_epsilon", 144, 8)]
)
def test_as_many_single_players_are_drawn_as_the_budget_pays(name, budget, players):
    """A layer-wise end point is worth 16 forward passes: 200 pay for ∅ and 11 players, 144 for ∅ and 8."""
    asked = game()
    table = compare(asked, [name], budget=budget)[name].measured
    (singles, *others), effects = table.effects.strata.drawn, table.effects
    assert (effects.strata.order, singles.size, singles.population, len(singles.rows)) == (0, 1, N, players)
    assert not others
    drawn = [key for key in effects.coalitions if key]
    assert len(set(drawn)) == players
    apart = measure(name, asked, rows=drawn)
    for key in drawn:
        assert table.values[effects.rows(key)[0]].tolist() == apart.values[apart.effects.rows(key)[0]].tolist()
    assert table.criteria().order == 1


def test_a_budget_below_eight_players_says_what_the_rows_of_all_would_take():
    result = compare(game(), ["lrp_epsilon"], budget=143)["lrp_epsilon"]
    assert result.measured is None
    assert result.measured_note == "the fewest rows are worth 144 model calls, above the budget of 143"


def test_a_path_method_takes_a_cheaper_rule_for_a_sample():
    """By at most 33 calls for each of 9 end points it is 8 nodes, and of 300 calls these pay for more than 9."""
    softplus = torch.nn.Sequential(torch.nn.Linear(N, 8), torch.nn.Softplus(), torch.nn.Linear(8, 2)).double().eval()
    asked = Game.from_model(softplus, torch.rand(1, N).double(), 0.0, target=1)
    result = compare(asked, [method("integrated_gradients")], budget=300)["integrated_gradients"]
    price = method("integrated_gradients", nodes=8).price(asked)
    assert "rows by nodes=8" in result.settings
    assert len(result.measured.effects.strata.drawn[0].rows) == 300 // price - 1 >= 8


def test_all_values_where_a_sample_would_cost_more():
    """2⁹ coalitions cost less than the thousand calls of a sample, so none of the effects is guessed."""
    torch.manual_seed(3)
    net = torch.nn.Sequential(torch.nn.Linear(9, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1)).double()
    game = Game.from_model(net.eval(), torch.rand(1, 9).double(), 0.0, target=0)
    found = compare(game, ["shapley", "gradient_x_input"], budget=100)
    assert found.effects.dense
    assert found.results[0].measured_criteria.verdicts["completeness"] == "pass"
    rows = found.results[1].measured.effects
    assert rows.strata is not None  # of the method, whose rows are measured, the budget pays a sample
    assert not compare(game, ["shapley"], budget=40).effects.dense
