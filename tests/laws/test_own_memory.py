"""Nothing that the caller owns is written to, and the ends of the cube are the caller's numbers, bit for bit."""

import math

import pytest
import torch
from torch import nn

from synergy import Game, compare, harsanyi, method


class Shifting(nn.Module):
    """Σ (z − 1)², written into the input."""

    def forward(self, x):
        x.sub_(1)
        return (x * x).sum(1)


class Clipping(nn.Module):
    """A first layer in place, then a product."""

    def __init__(self):
        super().__init__()
        self.first = nn.Hardtanh(-1.0, 1.5, inplace=True)

    def forward(self, x):
        return self.first(x).prod(1)


@pytest.mark.parametrize("mode", [True, False], ids=["training", "eval"])
@pytest.mark.parametrize(
    ("model", "x", "expected"),
    [(Shifting(), [3.0, 2.0], [2.0, 3.0, 0.0, 0.0]), (Clipping(), [3.0, 1.0], [0.0, 0.0, 0.0, 1.5])],
    ids=["sub_", "hardtanh"],
)
def test_a_model_that_writes_into_its_input_changes_nothing(model, x, expected, mode):
    x, b = torch.tensor([x], dtype=torch.float64), torch.zeros(1, 2, dtype=torch.float64)
    kept = x.clone()
    game = Game.from_model(model.train(mode), x, b)
    assert harsanyi(game).values.tolist() == expected
    method("shapley").attribute(game)
    compare(game, ["occlusion_1", "integrated_gradients"])
    assert torch.equal(x, kept)
    assert torch.equal(b, torch.zeros(1, 2, dtype=torch.float64))
    assert x._version == 0
    assert b._version == 0


def test_an_absent_player_may_be_infinitely_far():
    """f = Σ exp(z) with b = −∞: each player brings exp(x)."""
    game = Game.from_function(lambda z: z.exp().sum(1), [0.0, math.log(2.0)], [-math.inf, -math.inf])
    assert harsanyi(game).values.tolist() == pytest.approx([0.0, 1.0, 2.0, 0.0], abs=1e-15)
    for name in ("occlusion_1", "occlusion_patch", "prediction_difference", "shapley"):
        assert method(name).attribute(game).tolist() == pytest.approx([1.0, 2.0], abs=1e-15)


@pytest.mark.parametrize("corner", [[[1, 0]], [[1.0, 0.0]], torch.tensor([[True, False]]), torch.tensor([[1.0, 0.0]])])
def test_ends_are_exact_where_the_difference_overflows(corner):
    """x − b is infinite in float32, x and b are not."""
    x = torch.tensor([[3e38, 3e38]])
    game = Game.from_function(lambda z: (z / 1.5e38).sum(1), x, -x)
    assert game(corner).item() == pytest.approx(0.0, abs=1e-6)
    assert game([[1, 1]]).item() == pytest.approx(4.0)
    assert game([[0.5, 1.0]]).item() == pytest.approx(2.0)


def test_a_negative_zero_stays_one():
    game = Game.from_function(lambda z: torch.atan2(z[:, 0], z[:, 1]), [1.0, -1.0], [-0.0, -1.0])
    assert game([[0, 0]]).item() == -math.pi
    assert game([[0.0, 0.0]]).item() == -math.pi


def test_the_gradient_at_the_ends_is_that_along_the_line():
    game = Game.from_function(lambda z: z[:, 0] ** 2 * z[:, 1], [2.0, 3.0], [1.0, -1.0])
    found = game.gradient([[0, 0], [1, 1], [1, 0]])  # z = (1, −1), (2, 3), (2, −1); d = (1, 4)
    assert found.tolist() == [[-2.0, 4.0], [12.0, 16.0], [-4.0, 16.0]]


def test_a_lost_batch_axis_is_said():
    class Squeezed(nn.Module):
        def __init__(self, outputs):
            super().__init__()
            self.layer = nn.Linear(3, outputs)

        def forward(self, x):
            return self.layer(x).squeeze()

    for outputs, target in ((1, None), (5, 2)):
        with pytest.raises(ValueError, match="the batch axis was lost"):
            Game.from_model(Squeezed(outputs).eval(), torch.ones(1, 3), target=target)


def test_a_function_may_answer_with_numpy():
    game = Game.from_function(lambda z: z.numpy().prod(1), [2.0, 3.0])
    assert harsanyi(game).values.tolist() == [0.0, 0.0, 0.0, 6.0]


@pytest.mark.parametrize(
    "answer", [lambda z: [1.0], lambda z: None, lambda z: 1.0, lambda z: torch.complex(z, z)[:, 0]]
)
def test_an_answer_of_another_kind_is_refused(answer):
    with pytest.raises(TypeError, match="must give a tensor of real numbers"):
        harsanyi(Game.from_function(answer, [2.0, 3.0]))
