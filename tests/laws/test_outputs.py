"""Targets and kinds of output against the direct formulas."""

import mpmath
import pytest
import torch
from cases import close, draw, mlp
from torch import nn
from twins import coalitions

from decompositions.mobius import zeta
from decompositions.models.model_function import log_odds
from synergy import Game, harsanyi, taylor

X, B = draw(1, 3), draw(1, 3, seed=2)
MANY = mlp(nn.Tanh, (3, 5, 4), seed=3)
ONE = mlp(nn.Tanh, (3, 5, 1), seed=4)


class Flat(nn.Module):
    """The output without its axis of 1."""

    def forward(self, inputs):
        return ONE(inputs)[:, 0]


class Boxes(nn.Module):
    """An output of shape (batch, 2, 2)."""

    def forward(self, inputs):
        return MANY(inputs).reshape(-1, 2, 2)


def corners():
    return torch.stack([torch.where(torch.tensor([i in s for i in range(3)]), X[0], B[0]) for s in coalitions(3)])


def values(model, **settings):
    return zeta(harsanyi(Game.from_model(model, X, B, **settings)).values)


@pytest.mark.parametrize("target", [0, 1, 3, -1])
def test_an_index(target):
    close(values(MANY, target=target), MANY(corners())[:, target], 1e-13)


@pytest.mark.parametrize("target", [(0, 1), (1, 0), (-1, -1)])
def test_a_tuple_of_indices(target):
    close(values(Boxes(), target=target), Boxes()(corners())[:, target[0], target[1]], 1e-13)


def test_a_tuple_of_one_index():
    close(values(MANY, target=(2,)), MANY(corners())[:, 2], 1e-13)


def test_a_function_of_the_output():
    close(values(Boxes(), target=lambda y: y[:, 0].sum(1)), Boxes()(corners())[:, 0].sum(1), 1e-13)
    close(values(MANY, target=lambda y: y[:, 1] - y[:, 2]), MANY(corners())[:, 1] - MANY(corners())[:, 2], 1e-13)


@pytest.mark.parametrize("model", [ONE, Flat()], ids=["(batch, 1)", "(batch,)"])
def test_one_output_needs_no_target(model):
    close(values(model), ONE(corners())[:, 0], 1e-13)


def test_one_output_may_be_named():
    close(values(ONE, target=0), ONE(corners())[:, 0], 1e-13)


@pytest.mark.parametrize("target", [0, 3, lambda y: y[:, 0] + y[:, 1]], ids=["0", "3", "function"])
def test_probability_is_the_softmax(target):
    shares = MANY(corners()).exp()
    shares = shares / shares.sum(1, keepdim=True)
    expected = target(shares) if callable(target) else shares[:, target]
    close(values(MANY, target=target, output="probability"), expected, 1e-13)


@pytest.mark.parametrize("model", [ONE, Flat()], ids=["(batch, 1)", "(batch,)"])
def test_probability_of_one_output_is_the_sigmoid(model):
    close(values(model, output="probability"), 1 / (1 + (-ONE(corners())[:, 0]).exp()), 1e-13)


def test_probability_of_a_picture_is_along_the_classes():
    shares = Boxes()(corners()).exp()
    shares = shares / shares.sum(1, keepdim=True)
    close(values(Boxes(), target=(1, 0), output="probability"), shares[:, 1, 0], 1e-13)


@pytest.mark.parametrize("target", [0, 2])
def test_log_odds_of_moderate_logits(target):
    p = MANY(corners()).softmax(1)[:, target]
    close(values(MANY, target=target, output="log_odds"), (p / (1 - p)).log(), 1e-12)


@pytest.mark.parametrize("model", [ONE, Flat()], ids=["(batch, 1)", "(batch,)"])
def test_log_odds_of_one_output_is_the_logit(model):
    close(values(model, output="log_odds"), ONE(corners())[:, 0], 1e-13)


LOGITS = [
    [0.0, 40.0],
    [0.0, 800.0],
    [-3.0, 0.5, 60.0],
    [-50.0, -49.0, 900.0, 3.0],
    [1.0, 1.0, 1.0],
    [5.0, 5.0],
    [-1000.0, -1001.0, -1002.0],
    [0.0, 1e-9, -1e-9],
    [30.0, 30.0, 0.0],
]


@pytest.mark.parametrize("logits", LOGITS, ids=str)
def test_log_odds_are_stable_for_confident_networks(logits):
    """log p/(1 − p) = z_c − log Σ_{k≠c} exp z_k, in 60 digits."""
    given = log_odds(torch.tensor([logits], dtype=torch.float64))[0]
    with mpmath.workdps(900):
        for c, z in enumerate(logits):
            rest = mpmath.log(sum(mpmath.exp(mpmath.mpf(other)) for k, other in enumerate(logits) if k != c))
            expected = float(mpmath.mpf(z) - rest)
            assert given[c].item() == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("logits", LOGITS[:4] + LOGITS[7:], ids=str)
def test_the_gradient_of_log_odds_is_finite_and_right(logits):
    """∂/∂z_j of z_c − log Σ_{k≠c} exp z_k: 1 at c, minus the softmax of the others elsewhere."""
    z = torch.tensor([logits], dtype=torch.float64)
    for c in range(len(logits)):
        leaf = z.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(log_odds(leaf)[0, c], leaf)
        others = torch.tensor([logits[k] for k in range(len(logits)) if k != c]).double().softmax(0).tolist()
        expected = [-share for share in others]
        expected.insert(c, 1.0)
        assert gradient[0].tolist() == pytest.approx(expected, abs=1e-12)


def test_log_odds_in_float32_do_not_saturate():
    """With p = 1 − 4e-18, p/(1 − p) from the probability would be infinite."""
    confident = nn.Linear(1, 2, bias=False)
    confident.weight.data = torch.tensor([[0.0], [1.0]])
    game = Game.from_model(confident, torch.tensor([[40.0]]), target=1, output="log_odds")
    assert harsanyi(game).values.tolist() == [0, 40]


def test_the_kinks_are_named_behind_the_output():
    game = Game.from_model(mlp(nn.ReLU, (3, 4, 2)), X, B, target=0, output="probability")
    with pytest.raises(ValueError, match="ReLU"):
        taylor(game)
