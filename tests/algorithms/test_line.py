"""The straight line from b to x, against what a hand finds."""

import numpy as np
import pytest
import torch
from torch import nn

from synergy import Game, method, straight_line


def cubic():
    """g(t) = 4 t₁ t₂²: on the line 4 α³, its derivatives 4 α² and 8 α², their integrals 4/3 and 8/3."""
    return Game.from_expression("x1*x2**2", {"x1": 1, "x2": 2})


def test_heights_slopes_and_integrals():
    line = straight_line(cubic(), 4)
    alpha = np.array([0, 0.25, 0.5, 0.75, 1])
    assert line.places.tolist() == alpha.tolist()
    assert line.heights == pytest.approx(4 * alpha**3)
    assert line.slopes == pytest.approx(np.stack([4 * alpha**2, 8 * alpha**2], 1))
    assert line.integrals == pytest.approx([4 / 3, 8 / 3])
    assert line.names == ("x1", "x2")
    assert repr(line) == "StraightLine(2 players, 5 places)"


@pytest.mark.parametrize(
    ("rule", "added"),
    [("left", [0, 0.5]), ("right", [0.5, 2]), ("midpoint", [0.125, 1.125]), ("trapezoid", [0.25, 1.25])],
)
def test_what_two_steps_add(rule, added):
    assert straight_line(cubic(), 8).added(rule, 2)[:, 0] == pytest.approx(added)


def test_the_number_of_steps_has_to_divide_the_places():
    line = straight_line(cubic(), 12)
    assert line.divisions() == [1, 2, 3, 6]
    with pytest.raises(ValueError, match=r"take one of 1, 2, 3, 6, or straight_line\(game, steps=8\)"):
        line.added("left", 4)
    with pytest.raises(ValueError, match="rule is one of left, right, midpoint, trapezoid, not 'simpson'"):
        line.added("simpson", 2)
    with pytest.raises(ValueError, match="an even number of equal parts of the line, not 7; take 8"):
        straight_line(cubic(), 7)


def test_a_network_with_regions_as_players():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 2)).double().eval()
    x = torch.rand(1, 2, 2).double()
    game = Game.from_model(net, x, 0.0, target=1, players=[[0, 0], [1, 2]])
    line = straight_line(game, 10)
    inputs = torch.linspace(0, 1, 11).double()[:, None, None] * x
    inputs.requires_grad_()
    values = net(inputs)[:, 1]
    (gradient,) = torch.autograd.grad(values.sum(), inputs)
    entries = (gradient * x).flatten(1).numpy()
    assert line.heights == pytest.approx(values.detach().numpy())
    assert line.slopes == pytest.approx(np.stack([entries[:, :2].sum(1), entries[:, 2], entries[:, 3]], 1))
    assert line.integrals == pytest.approx(method("integrated_gradients").attribute(game).numpy())


def test_a_table_has_no_line():
    with pytest.raises(ValueError, match="corners of the cube only"):
        straight_line(Game.from_values([0.0, 1.0]))
    with pytest.raises(TypeError, match="asks a Game"):
        straight_line(3)
