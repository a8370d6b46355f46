"""The layer-wise methods step by step: what the table says, against hands."""

import math

import pytest
import torch
from cases import close

from synergy import METHODS, method
from synergy.tables.steps_table import STEPS, game_of, steps_table

COMPLETE = ("deeplift_rescale", "deep_shap", "deeplift_reveal_cancel")


@pytest.fixture(scope="module")
def cells():
    names = {cls.title: name for name, cls in METHODS.items()}
    table = steps_table()
    rows = (*table.rows, *table.below[0].rows)
    return {names[row[0]]: dict(zip(STEPS, row[1:], strict=True)) for row in rows}


def test_every_layer_wise_method_is_judged_on_every_step(cells):
    assert set(cells) == {name for name, cls in METHODS.items() if cls.scope == "layer"}


@pytest.mark.parametrize("name", COMPLETE)
def test_deeplift_meets_all_three_on_every_step(cells, name):
    for step, cell in cells[name].items():
        coverage, leakage, residual = map(float, cell.split(" / "))
        assert (coverage, leakage) == (1, 0), step
        assert residual < 1e-13, step


def test_relevance_is_lost_in_a_softmax(cells):
    """It passes s₁(1 − s₁)z₁ − s₁s₂z₂ − s₁s₃z₃ on, which is not s₁(z) − ⅓."""
    z = STEPS["softmax"][1]
    s = [math.exp(each) / sum(map(math.exp, z)) for each in z]
    given = [s[0] * ((k == 0) - s[k]) * z[k] for k in range(3)]
    close(method("lrp_epsilon").attribute(game_of("softmax")), given, 1e-12)
    assert abs(sum(given) - (s[0] - 1 / 3)) > 0.05
    for name in ("lrp_epsilon", "lrp_alpha_beta", "deep_taylor", "attn_lrp"):
        assert cells[name]["softmax"].endswith("fail")
        assert not cells[name]["gate x₁x₂"].endswith("fail")


def test_a_gate_and_a_quotient_by_hand():
    """Half of x₁x₂ to each; x₁/x₂ from (0, 1): Δx₁ times the mean of 1 and ½, Δ(1/x₂) times the mean of 0 and 3."""
    for name in COMPLETE:
        assert method(name).attribute(game_of("gate x₁x₂")).tolist() == [-3, -3]
        close(method(name).attribute(game_of("quotient x₁/x₂")), [3 * 0.75, -0.5 * 1.5], 1e-14)


def test_the_steps_are_what_their_names_say():
    """Written out with numbers."""
    exp = math.exp
    expected = {
        "gate x₁x₂": -6.0,
        "product of sums (x₁ + x₂)(x₃ − x₄)": 2.5,
        "attention over two places": (exp(1) * 2 - exp(-0.5)) / (exp(1) + exp(-0.5)),
        "layer norm": 1.5 / math.sqrt((1.5**2 + 1.5**2 + 0) / 3 + 1),
        "RMS norm": 2 / math.sqrt((4 + 1 + 0.25) / 3 + 1),
        "silu(x₁)·x₂": -3 / (1 + exp(-1.5)),
        "quotient x₁/x₂": 1.5,
        "largest of three": 3.0,
    }
    for step, value in expected.items():
        game = game_of(step)
        close(game(torch.ones(1, game.n))[0], value, 1e-14)
