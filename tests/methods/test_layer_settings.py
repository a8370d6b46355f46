"""Settings of the layer-wise methods: the wrong ones are refused when the method is made, in words."""

import math

import numpy as np
import pytest
import torch
from layer_cases import sequence
from torch import nn

from synergy import METHODS, Game, method

REAL = {
    "attn_lrp": {"epsilon": "epsilon is the stabiliser of a step's value, a finite number of at least 0, not "},
    "lrp_epsilon": {"epsilon": "epsilon is the stabiliser of a neuron's value, a finite number of at least 0, not "},
    "lrp_alpha_beta": {
        "alpha": "alpha is the factor of the positive parts",
        "beta": "beta is the factor of the negative",
    },
}
CHOICE = {
    "lrp_epsilon": {"bias": "bias says whether the bias takes part in a neuron's value, True or False, not "},
    "lrp_alpha_beta": {"bias": "bias says whether the bias takes part in the denominators, True or False, not "},
    "deep_shap": {"fused": "fused says whether a neuron is one module, True or False, not "},
    "grad_cam": {"relu": "relu says whether negative shares are set to zero, True or False, not "},
}
NO_NUMBERS = [None, "1", b"1", True, np.bool_(True), [1.0], {}, 1j, torch.ones(2), 10**400]
NO_VALUES = [math.nan, math.inf, -math.inf]
NO_CHOICES = [None, "no", "", 0, 1, 1.0, np.bool_(True), []]


def settings(table):
    return [(name, field, rule) for name, fields in table.items() for field, rule in fields.items()]


@pytest.mark.parametrize(("name", "field", "rule"), settings(REAL))
@pytest.mark.parametrize("wrong", [*NO_NUMBERS, *NO_VALUES, -1.0], ids=lambda value: type(value).__name__)
def test_a_number_is_finite_and_not_negative(name, field, rule, wrong):
    if field == "alpha" and isinstance(wrong, float) and wrong == -1:
        rule = "alpha − beta must be 1, not -2"
    kind = ValueError if isinstance(wrong, float) else TypeError
    with pytest.raises(kind) as error:
        method(name, **{field: wrong})
    assert str(error.value).startswith(rule)


@pytest.mark.parametrize(("name", "field", "rule"), settings(CHOICE))
@pytest.mark.parametrize("wrong", NO_CHOICES, ids=lambda value: f"{type(value).__name__}-{value}")
def test_a_choice_is_true_or_false(name, field, rule, wrong):
    with pytest.raises(TypeError) as error:
        method(name, **{field: wrong})
    assert str(error.value).startswith(rule)


@pytest.mark.parametrize("wrong", [0, True, b"conv", ["0"], 1.5, nn.ReLU()], ids=lambda value: type(value).__name__)
def test_a_layer_is_a_name(wrong):
    with pytest.raises(TypeError, match=r"layer is the name of a module, as in named_modules\(\), or None"):
        method("grad_cam", layer=wrong)


@pytest.mark.parametrize(
    "wrong", [4, "44", (4,), (4, 4, 4), (0, 4), (4, -1), (4.5, 4), (True, 4), {4, 5}, torch.ones(2)], ids=str
)
def test_a_grid_is_rows_and_columns(wrong):
    with pytest.raises((TypeError, ValueError), match=r"grid is the rows and columns of a layer's tokens"):
        method("grad_cam", layer="0", grid=wrong)


@pytest.mark.parametrize("layer", ["", "9", "x" * 1000])
def test_a_layer_of_another_name(layer):
    game = Game.from_model(sequence(nn.Conv2d(1, 2, 2), nn.Flatten(), nn.Linear(8, 1)), torch.ones(1, 1, 3, 3).double())
    with pytest.raises(ValueError, match=r"the network has no layer '.*there is ") as error:
        method("grad_cam", layer=layer).attribute(game)
    assert len(str(error.value)) < 200


def test_every_setting_of_a_layer_wise_method_is_tried():
    tried = {(name, field) for table in (REAL, CHOICE) for name, field, _ in settings(table)}
    tried |= {("grad_cam", "layer"), ("grad_cam", "grid"), ("attn_lrp", "attention")}  # words and pairs: apart
    fields = {
        (name, field) for name, cls in METHODS.items() if cls.scope != "game" for field in cls.__dataclass_fields__
    }
    assert tried == fields


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("lrp_epsilon", {"epsilon": 0}),
        ("lrp_epsilon", {"epsilon": np.float32(0.5)}),
        ("lrp_epsilon", {"epsilon": torch.tensor(0.5)}),
        ("lrp_alpha_beta", {"alpha": 1.1, "beta": 0.1}),
        ("lrp_alpha_beta", {"alpha": 1, "beta": 0}),
        ("lrp_alpha_beta", {"alpha": 1e9 + 1.1, "beta": 1e9 + 0.1}),
        ("grad_cam", {"layer": "0", "relu": True}),
    ],
)
def test_right_settings(name, given):
    game = Game.from_model(sequence(nn.Conv2d(1, 2, 2), nn.Flatten(), nn.Linear(8, 1)), torch.ones(1, 1, 3, 3).double())
    assert torch.isfinite(method(name, **given).attribute(game)).all()


def test_alpha_and_beta_that_do_not_belong_together():
    with pytest.raises(ValueError, match=r"alpha − beta must be 1, not 1.5 \(alpha=2.0, beta=0.5\); take alpha=1.5"):
        method("lrp_alpha_beta", alpha=2, beta=0.5)
