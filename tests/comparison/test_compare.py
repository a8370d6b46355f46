"""All methods on one game: results, their cost, and theory beside practice."""

import pytest
import torch
from cases import BY_ID, EXPRESSIONS, GAME_METHODS, NETWORKS, WEIGHTS_AT_X, close, label
from counting import counted
from torch import nn

import synergy
from synergy import METHODS, Game, allocate, compare, harsanyi, measure, method, taylor
from synergy.method import usual
from synergy.path_method import AbstractPathMethod


@pytest.mark.parametrize(
    "case",
    [
        BY_ID["triple"],
        BY_ID["baselines"],
        BY_ID["relu"],
        BY_ID["softplus-groups"],
        BY_ID["softplus-baselines"],
        BY_ID["picture"],
    ],
    ids=label,
)
def test_every_result_is_what_the_method_gives_alone(case):
    game = case.game()
    comparison = compare(game)
    assert [result.name for result in comparison.results] == usual()
    tolerance = 0 if case.exact else 1e-12
    close(comparison.effects.values, harsanyi(game).values, tolerance)
    for name in set(GAME_METHODS) & set(usual()):
        result = comparison[name]
        close(result.attribution, method(name).attribute(game), tolerance or 0)
        measured = measure(name, game)
        close(result.measured.values, measured.values, tolerance)
        assert result.measured_criteria == measured.criteria() or not case.exact
        assert result.measured_criteria.verdicts == measured.criteria().verdicts
        assert (result.target, result.formula) == (METHODS[name].target, method(name).formula)
        assert result.note == ""


@pytest.mark.parametrize("case", EXPRESSIONS, ids=label)
def test_theory_and_practice_agree_exactly_on_polynomials(case):
    comparison = compare(case.game())
    for result in comparison.results:
        if result.name in GAME_METHODS and result.name not in WEIGHTS_AT_X:
            assert result.disagreement == 0
            if case.id != "phantom":  # there the terms of one coalition cancel, and so do the gaps of its rows
                assert result.theory_criteria.passes == result.measured_criteria.passes
    assert comparison.series.basis == "taylor"
    assert comparison.series_note == ""


@pytest.mark.parametrize("case", NETWORKS, ids=label)
def test_on_networks_the_support_policies_agree_and_the_others_say_why_not(case):
    comparison = compare(case.game(), ["shapley", "occlusion_1", "prediction_difference", "integrated_gradients"])
    for name in ("shapley", "occlusion_1", "prediction_difference"):
        assert comparison[name].disagreement <= 2**case.n * max(1e-14, 16 * case.epsilon)
        assert comparison[name].theory_note == ""
    integrated = comparison["integrated_gradients"]
    assert integrated.theory is None
    assert integrated.theory_criteria is None
    assert integrated.disagreement is None
    assert "series" in integrated.theory_note
    assert integrated.theory_note == comparison.series_note
    if not case.smooth:
        assert "ReLU" in comparison.series_note


def test_disagreement_is_the_largest_difference_relative_to_the_largest_effect():
    """SmoothGrad's documented exception, by hand: rows of theory and practice on z1·z2 at (2, 3), effect 6."""
    game = BY_ID["product"].game()
    result = compare(game, ["smoothgrad_x_input"]).results[0]
    chosen = method("smoothgrad_x_input")
    in_theory = allocate(taylor(game), chosen.policy(game)).by_support().values
    difference = max(abs(entry) for entry in (in_theory - measure(chosen, game).values).reshape(-1))
    assert result.disagreement == pytest.approx(float(difference) / 6)
    assert result.disagreement > 1e-3


def test_methods_by_name_by_value_and_callables():
    def mine(model, inputs, baselines, target):
        return inputs - baselines

    case = BY_ID["softplus"]
    comparison = compare(case.game(), ["shapley", method("integrated_gradients", nodes=8), mine])
    assert [result.name for result in comparison.results] == ["shapley", "integrated_gradients", "mine"]
    close(comparison["mine"].attribution, case.x - case.baselines[0], 1e-15)
    assert comparison["mine"].theory is None
    assert "no policy" in comparison["mine"].theory_note
    with pytest.raises(LookupError, match="'occlusion_1' was not compared; there are shapley"):
        comparison["occlusion_1"]


def test_a_method_that_is_named_twice_is_refused():
    with pytest.raises(ValueError, match="methods names each once, and 'shapley' is there twice"):
        compare(Game.from_values([0.0, 1.0]), ["shapley", "shapley"])


def test_an_unknown_method_is_refused_before_anything_is_paid():
    model, game = counted(torch.ones(3).double(), 0.0)
    with pytest.raises(LookupError, match="did you mean 'shapley'"):
        compare(game, ["occlusion_1", "shaply"])
    assert model.rows == 0


# that call the model itself; the others read its steps, and a call is then a pass through these
CALLING = [
    "occlusion_1",
    "occlusion_patch",
    "prediction_difference",
    "shapley",
    "gradient_x_input",
    "smoothgrad_x_input",
]


@pytest.mark.parametrize("several", [1, 3])
def test_calls_are_counted(several):
    model, game = counted(torch.ones(4).double(), torch.rand(several, 4).double() / 2)
    comparison = compare(game, CALLING)
    again = (5 + 2) * several  # of the 16 coalitions, to see whether the model gives the same; not priced
    assert comparison.calls == model.rows - again
    assert comparison.calls > 0


@pytest.mark.parametrize("name", GAME_METHODS)
def test_the_price_is_what_measuring_costs_beside_the_effects(name):
    model, game = counted(torch.ones(3).double(), torch.rand(2, 3).double() / 2)
    effects = harsanyi(game)
    of_a_path = issubclass(METHODS[name], AbstractPathMethod)  # what the choice takes is foreseen, not known
    chosen = method(name, nodes=16) if of_a_path else method(name)
    result = compare(game, [chosen], effects=effects).results[0]
    model.rows = 0
    measured = measure(chosen, game, effects=effects)
    # what diagnoses phantoms comes on top, and is asked for only where there are suspects
    compared = 2 * 8  # coalitions at which effects and game are compared, over two baselines
    assert result.measured.calls == result.price
    assert measured.calls == result.price + compared
    assert model.rows == result.price + compared


def test_a_method_above_the_budget_is_left_out_and_its_price_said():
    game = BY_ID["relu"].game()
    comparison = compare(game, [method("integrated_gradients", nodes=64), "shapley"], budget=100)
    dear = comparison["integrated_gradients"]
    assert dear.measured is None
    assert dear.measured_criteria is None
    assert dear.disagreement is None
    assert (
        dear.measured_note == f"the fewest rows are worth {6 * (64 + 32 + 63 + 2)} model calls, above the budget of 100"
    )
    assert dear.price >= 32 * 64
    assert dear.attribution is not None
    assert comparison["shapley"].measured is not None
    assert comparison["shapley"].price == 0


def test_effects_that_are_known_are_not_paid_again():
    model, game = counted(torch.ones(4).double(), 0.0)
    effects = harsanyi(game)
    model.rows = 0
    comparison = compare(game, ["occlusion_1"], effects=effects)
    assert comparison.effects is effects
    assert model.rows == 8  # f(b), f(x) and six coalitions, to see that the effects are this game's
    assert comparison.calls == effects.calls + 8
    other = harsanyi(Game.from_model(model, 2 * torch.ones(1, 4).double(), 0.0))
    with pytest.raises(ValueError, match="another game"):
        compare(game, ["occlusion_1"], effects=other)


def test_announcements():
    lines = []
    compare(BY_ID["relu"].game(), ["shapley", "gradient_x_input"], announce=lines.append)
    plan, *steps = lines
    assert plan == str(synergy.plan(BY_ID["relu"].game(), ["shapley", "gradient_x_input"]))
    assert steps == ["measuring shapley: no further calls", "measuring gradient_x_input: 32 model calls"]


def test_a_table_takes_the_methods_of_corners_and_notes_the_others():
    comparison = compare(BY_ID["table"].game())
    for result in comparison.results:
        if method(result.name).corners:
            assert result.disagreement < 1e-12
            assert result.note == ""
        else:
            assert result.attribution is None
            needs = "does not exist for a table" if method(result.name).scope == "game" else "needs the network"
            assert needs in result.note
            assert result.measured is None


def test_an_integer_input_takes_the_methods_that_remove_players():
    """Indices without vectors of their own: occlusion works, gradients do not, and say so."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.EmbeddingBag(5, 3), nn.Linear(3, 1)).eval()
    game = Game.from_model(model, torch.tensor([[1, 4]]), torch.tensor([[0, 0]]))
    comparison = compare(game)
    for name in set(GAME_METHODS) & set(usual()):
        if method(name).corners:
            assert comparison[name].measured is not None
        else:
            assert "floating-point input" in comparison[name].note


def test_errors_of_estimates_are_kept():
    comparison = compare(BY_ID["relu"].game(), [method("integrated_gradients", nodes=64), "shapley"])
    assert comparison["integrated_gradients"].error.max() > 1e-6
    assert comparison["shapley"].error is None


def test_those_besides_the_fourteen_are_asked_for_by_name_or_all():
    game = BY_ID["relu"].game()
    assert "attn_lrp" not in [result.name for result in compare(game).results]
    assert [result.name for result in compare(game, "attn_lrp").results] == ["attn_lrp"]
    assert [result.name for result in compare(game, "all").results] == list(METHODS)


def test_a_game_without_players_is_refused():
    with pytest.raises(ValueError, match="without players"):
        compare(Game.from_values([5.0]))


def test_values_of_any_size_are_compared():
    text = compare(Game.from_values([0.0, 1e200, 2e200, 7e200]), ["shapley"]).table()
    assert "7e200" in text.replace("+", "")
    assert compare(Game.from_values([0.0, 1e-200, 2e-200, 7e-200]), ["shapley"])["shapley"].measured is not None


def test_methods_that_ask_the_same_question_are_asked_once():
    """Twins have the numbers of the first, and pay nothing."""
    _, game = counted(torch.rand(3, generator=torch.Generator().manual_seed(0)).double(), 0.0)
    both = compare(game, ["integrated_gradients", "expected_gradients"])
    assert both.calls == compare(game, ["integrated_gradients"]).calls
    assert [each.twin for each in both.results] == ["", "integrated_gradients"]
    assert both["expected_gradients"].measured is both["integrated_gradients"].measured
    assert both["expected_gradients"].target == "f(x) − E f(b)"
    (column,) = both.columns
    assert column.name == "integrated_gradients = expected_gradients"
    assert column.heading == "Integrated Gradients = Expected Gradients"
    apart = compare(game, [method("integrated_gradients", nodes=8), "expected_gradients"])
    assert [each.twin for each in apart.results] == ["", ""]


@pytest.mark.parametrize(
    ("first", "second", "settings", "alike"),
    [
        ("occlusion_1", "prediction_difference", {}, True),
        ("occlusion_1", "occlusion_patch", {}, True),
        ("occlusion_1", "occlusion_patch", {"window": 2}, False),
        ("deeplift_rescale", "deep_shap", {}, True),
        ("deeplift_rescale", "deep_shap", {"fused": True}, False),
        ("gradient_x_input", "lrp_epsilon", {}, False),
    ],
)
def test_which_methods_ask_the_same_question(first, second, settings, alike):
    """What is called the same has the same numbers, on two baselines with weights, by its own algorithm."""
    one, other = method(first), method(second, **settings)
    assert (one.question() is not None and one.question() == other.question()) is alike
    if alike:
        net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1)).double().eval()
        baselines = torch.tensor([[0.0, 1.0, 2.0], [1.0, 0.0, -1.0]]).double()
        game = Game.from_model(net, torch.ones(1, 3).double() * 3, baselines, weights=[1, 3])
        assert torch.allclose(one.attribute(game), other.attribute(game), atol=1e-12)


def test_more_players_than_can_be_enumerated_are_compared_on_rows():
    """f = z₀ + 2 z₁z₂ of 30 players; all else is a null effect: Occlusion-1 gives 2 z₁z₂ twice, IG once."""
    game = Game.from_function(lambda z: z[:, 0] + 2 * z[:, 1] * z[:, 2], torch.ones(30, dtype=torch.float64))
    comparison = compare(game, ["occlusion_1", "integrated_gradients", "gradient_x_input"])
    assert not comparison.effects.dense
    assert comparison.effects[1, 2] == 2
    assert comparison["occlusion_1"].measured[1, 2].tolist()[:4] == [0, 2, 2, 0]
    assert comparison["integrated_gradients"].measured[1, 2].tolist()[:4] == pytest.approx([0, 1, 1, 0], abs=1e-9)
    assert comparison["occlusion_1"].measured_criteria.verdicts["completeness"] == "fail"
    assert comparison["occlusion_1"].theory_criteria.verdicts["completeness"] == "fail"
    assert comparison["integrated_gradients"].measured_criteria.verdicts["completeness"] == "undecided"
    assert comparison["occlusion_1"].disagreement == 0
    assert comparison["occlusion_1"].measured.remainder.tolist() == [0.0] * 30
    text = comparison.table()
    assert "measured ≤" in text
    assert comparison.effects.strata.order == 2
    one = compare(game, ["occlusion_1"], order=1, budget=0)
    assert one.effects.strata.largest == 1
    assert len(one.effects) == 31


def test_a_dear_method_is_measured_by_a_cheaper_rule():
    game = Game.from_function(lambda z: torch.tanh(z.sum(1)), torch.rand(12, dtype=torch.float64))
    comparison = compare(game, ["integrated_gradients", "smoothgrad_x_input"], budget=500)
    for name, cheaper in {
        "integrated_gradients": "rows by nodes=8",
        "smoothgrad_x_input": "rows by sigma=0.1, samples=",
    }.items():
        result = comparison[name]
        assert cheaper in result.settings
        assert 13 <= len(result.measured) <= 25  # the empty one, twelve single players, and the strongest effects
        assert result.measured.calls <= 500
        assert torch.allclose(result.measured.attribution, result.attribution)


def test_shapley_values_of_many_players_are_estimated_with_their_error():
    """f = z₀ + 2 z₁z₂ + z₃z₄z₅ of 40 players: 1; 1, 1; 1/3, 1/3, 1/3."""
    game = Game.from_function(
        lambda z: z[:, 0] + 2 * z[:, 1] * z[:, 2] + z[:, 3:6].prod(1), torch.ones(40, dtype=torch.float64)
    )
    result = compare(game, ["shapley"], budget=1000)["shapley"]
    true = torch.zeros(40, dtype=torch.float64)
    true[:6] = torch.tensor([1, 1, 1, 1 / 3, 1 / 3, 1 / 3])
    assert (abs(result.attribution - true) <= 5 * result.error + 1e-9).all()
    assert "estimated from" in result.settings
    assert result.measured[1, 2].tolist()[:3] == [0, 1, 1]
    assert result.theory_criteria.verdicts["completeness"] == "pass"
    assert result.measured_criteria.verdicts["completeness"] == "undecided"
    assert result.measured.rest_error.max() > 0


def test_an_estimate_that_is_noise_is_no_attribution():
    """A game of random signs has no shape that 300 calls could find."""
    bits = 2 ** torch.arange(30, dtype=torch.float64)
    game = Game.from_function(lambda z: torch.sin((z @ bits) * 1.7), torch.ones(30, dtype=torch.float64))
    result = compare(game, ["shapley"], budget=30)["shapley"]
    assert result.attribution is None
    assert "is noise" in result.note
    assert "budget=" in result.note


def test_a_comparison_is_the_results_in_order():
    found = compare(Game.from_values([0.0, 1.0, 2.0, 4.0]), ["shapley", "occlusion_1"])
    assert [each.name for each in found] == ["shapley", "occlusion_1"]
    assert len(found) == 2


def test_thousands_of_players_are_priced_exactly():
    """2^3000 end points are no float."""
    net = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(3000, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1)
    ).eval()
    game = Game.from_model(net, torch.rand(1, 3000), 0.0)
    found = compare(game, ["gradient_x_input", "lrp_epsilon"], order=1, budget=10)
    assert all(each.attribution is not None for each in found)
