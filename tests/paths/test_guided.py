"""Guided Integrated Gradients: a slow twin, the published implementation's numbers, limits, and no policy."""

import pytest
import torch
from cases import close

from synergy import Game, allocate, compare, harsanyi, measure, method
from synergy.paths import GuidedIG

# f = tanh(z·u) + sin(z·w) at x = (1, −2, .5, 3), b = (0, 1, .5, −1); by saliency 0.2.1, guided_ig_impl
X, B = [1.0, -2.0, 0.5, 3.0], [0.0, 1.0, 0.5, -1.0]
PUBLISHED = {
    (20, 0.25, 0.02): [0.60334421466446, -1.23274283192389, 0.0, 2.63828056247092],
    (20, 0.25, 0.3): [0.39493802565904, -0.38394811030187, 0.0, 1.90968864202713],
    (40, 0.5, 1.0): [0.48477975949019, -0.89462975225846, 0.0, 2.36243406511633],
}


def smooth(z):
    u, w = z.new_tensor([0.7, -0.4, 0.2, 0.5]), z.new_tensor([0.3, 0.6, -0.8, 0.45])
    return torch.tanh(z @ u) + torch.sin(z @ w)


def twin(f, x, b, steps, fraction, max_dist):
    """The algorithm of the paper, entry by entry in the space of inputs."""
    n, z, given = len(x), list(b), [0.0] * len(x)
    whole = sum(abs(x[i] - b[i]) for i in range(n))
    for step in range(1, steps + 1):
        point = torch.tensor([z], dtype=torch.float64, requires_grad=True)
        (slopes,) = torch.autograd.grad(f(point).sum(), point)
        slopes = slopes[0].tolist()
        alpha = step / steps
        low, high = max(alpha - max_dist, 0), min(alpha + max_dist, 1)
        wanted, before = whole * (1 - alpha), list(z)
        top = [b[i] + (x[i] - b[i]) * high for i in range(n)]
        for i in range(n):
            if x[i] != b[i] and (z[i] - b[i]) / (x[i] - b[i]) < low:
                z[i] = b[i] + (x[i] - b[i]) * low
        while (missing := sum(abs(x[i] - z[i]) for i in range(n)) - wanted) > 1e-9:
            free = [abs(slopes[i]) if z[i] != top[i] and x[i] != b[i] else float("inf") for i in range(n)]
            bound = sorted(free)[int(fraction * (n - 1))]
            chosen = [i for i in range(n) if free[i] <= bound and free[i] < float("inf")]
            room = sum(abs(top[i] - z[i]) for i in chosen)
            share = min(1.0, missing / room)
            for i in chosen:
                z[i] = top[i] if share == 1 else z[i] + share * (top[i] - z[i])
        given = [given[i] + slopes[i] * (z[i] - before[i]) for i in range(n)]
    return given


@pytest.mark.parametrize("settings", PUBLISHED, ids=str)
def test_the_numbers_of_the_published_implementation(settings):
    close(GuidedIG(*settings).attribute(Game.from_function(smooth, X, B)), PUBLISHED[settings], 1e-12)


@pytest.mark.parametrize("settings", [(30, 0.25, 0.02), (30, 0.1, 0.4), (12, 0.6, 1.0), (9, 0.0, 0.2)], ids=str)
@pytest.mark.parametrize("activation", [torch.nn.Tanh, torch.nn.ReLU])
def test_the_twin(settings, activation):
    torch.manual_seed(1)
    net = torch.nn.Sequential(torch.nn.Linear(9, 8), activation(), torch.nn.Linear(8, 1)).double()
    x, b = torch.randn(1, 9).double(), torch.randn(1, 9).double()
    given = GuidedIG(*settings).attribute(Game.from_model(net, x, b))
    close(given, twin(lambda z: net(z)[:, 0], x[0].tolist(), b[0].tolist(), *settings), 1e-12)


def test_at_end_points_of_players_and_several_baselines():
    torch.manual_seed(2)
    net = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1)).double()
    f, x, b = lambda z: net(z)[:, 0], torch.randn(1, 6).double(), torch.randn(2, 6).double()
    settings, groups = (15, 0.25, 0.1), [[0, 1], [2, 3], [4, 5]]
    ends = [[1, 0, 1], [0, 1, 0], [0, 0, 0], [1, 1, 1]]
    given = GuidedIG(*settings).attribute(Game.from_model(net, x, b, players=[0, 0, 1, 1, 2, 2]), ends)
    for end, row in zip(ends, given, strict=True):
        there = torch.tensor(end).bool().repeat_interleave(2)
        entries = [twin(f, torch.where(there, x[0], each).tolist(), each.tolist(), *settings) for each in b]
        mean = [sum(each[i] for each in entries) / 2 for i in range(6)]
        close(row, [sum(mean[i] for i in group) for group in groups], 1e-12, scale=1.0)


def test_without_room_it_is_the_left_sum_of_integrated_gradients():
    game = Game.from_function(smooth, X, B)
    expected = method("integrated_gradients", nodes=25, rule="left").attribute(game)
    close(GuidedIG(25, max_dist=0).attribute(game), expected, 1e-12)


def test_the_error_is_at_least_what_is_missing():
    game = Game.from_function(smooth, X, B)
    gain = float(game([[1] * 4]) - game([[0] * 4]))
    before = None
    for steps in (25, 100, 400):
        values, errors = GuidedIG(steps).estimate(game)
        assert abs(float(values.sum()) - gain) <= float(errors.sum())
        assert before is None or errors.max() < before
        before = errors.max()


def test_it_is_not_linear():
    """The first function sends z1 first, the second z2; their sum sends neither so far."""
    first, second = (lambda z: z[:, 0] * z[:, 1] + 3 * z[:, 0]), (lambda z: z[:, 0] * z[:, 1] ** 2 - z[:, 1])
    parts = [GuidedIG(max_dist=1.0).attribute(Game.from_function(f, [1.0, 1.0])) for f in (first, second)]
    whole = GuidedIG(max_dist=1.0).attribute(Game.from_function(lambda z: first(z) + second(z), [1.0, 1.0]))
    assert abs(whole - sum(parts)).max() > 0.1


def test_it_is_measured_and_has_no_policy():
    game = Game.from_function(smooth, X, B)
    table = measure(GuidedIG(400), game)
    close(table.attribution, GuidedIG(400).attribute(game), 1e-12)
    with pytest.raises(ValueError, match="not linear in f, and no weights on its effects"):
        allocate(harsanyi(game), GuidedIG().policy(game))
    found = compare(game, [GuidedIG(50)])
    assert "not linear in f" in found.results[0].theory_note


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"steps": 0}, "steps is the number of terms"),
        ({"fraction": 1.5}, "fraction is the part of the entries"),
        ({"max_dist": -0.1}, "max_dist is a part of an entry's way"),
    ],
)
def test_refused_settings(settings, said):
    with pytest.raises(ValueError, match=said):
        GuidedIG(**settings)


@pytest.mark.parametrize("game", [Game.from_values([0.0, 1, 2, 5]), Game.from_expression("z1*z2", {"z1": 1, "z2": 1})])
def test_refused_games(game):
    with pytest.raises(ValueError, match="found step by step in floats"):
        GuidedIG().attribute(game)
