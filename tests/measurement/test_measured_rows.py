"""Some rows of a measured allocation: those of the whole table, of any number of players."""

import numpy as np
import pytest
import torch

from decompositions.effects.coalitions import Coalitions
from synergy import METHODS, AbstractMethod, Game, Policy, allocate, harsanyi, measure, method, players, register

torch.manual_seed(0)
NET = torch.nn.Sequential(
    torch.nn.Conv2d(1, 3, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(48, 8), torch.nn.ReLU(),
    torch.nn.Linear(8, 2),
).eval()  # fmt: skip
IMAGE = torch.randn(1, 1, 6, 6)
MANY = 40


@pytest.fixture(scope="module")
def game():
    return Game.from_model(NET, IMAGE, 0.0, target=1, players=players.grid(IMAGE.shape, (2, 3)))


@pytest.mark.parametrize("name", METHODS)
def test_they_are_the_rows_of_the_whole_table(name, game):
    """Bit for bit, where the end points come in one batch; the models' rows may depend on it by rounding."""
    full, some = measure(name, game), measure(name, game, order=2, rows=[(0, 1, 2, 3)], budget=0)
    assert [some.effects.key(row) for row in range(len(some))][-1] == (0, 1, 2, 3)
    assert len(some) == 1 + 6 + 15 + 1
    scale = float(abs(full.values).max())
    for row in range(len(some)):
        key = some.effects.key(row)
        assert float(abs(some.values[row] - full[key]).max()) <= 1e-6 * scale
        assert float(abs(some.effects.values[row] - full.effects[key])) <= 4 * full.effects.noise
    if name == "shapley":  # 2⁶ values are not paid, and an estimate of so few is noise
        return
    assert some.attribution.numpy() == pytest.approx(full.attribution.numpy(), abs=1e-5 * scale)
    assert (some.attribution - some.values.sum(0)).numpy() == pytest.approx(some.remainder.numpy())


@pytest.mark.parametrize("name", ["shapley", "occlusion_1", "gradient_x_input"])
def test_bit_for_bit_where_every_row_of_a_batch_is_the_same_alone(name):
    game = Game.from_function(lambda z: (z[:, 0] * z[:, 3] + z[:, 1]) * z[:, 2] ** 2 + z[:, 4] / 3, torch.rand(5))
    full, some = measure(name, game), measure(name, game, order=3, budget=0)
    places = some.effects.coalitions.masks()
    assert torch.equal(some.values, full.values[places])
    assert torch.equal(some.effects.values, full.effects.values[places])


def polynomial(z):
    """z₀ + 2 z₁z₂ + 3 z₃²z₃₉ + Π z₁₀ … z₁₄ / 4: its effects, by hand, are these terms at 1."""
    return z[:, 0] + 2 * z[:, 1] * z[:, 2] + 3 * z[:, 3] ** 2 * z[:, 39] + z[:, 10:15].prod(1) / 4


BY_HAND = {  # what {0}, {1, 2} and {3, 39} are given
    "shapley": {(0,): {0: 1}, (1, 2): {1: 1, 2: 1}, (3, 39): {3: 1.5, 39: 1.5}},
    "occlusion_1": {(0,): {0: 1}, (1, 2): {1: 2, 2: 2}, (3, 39): {3: 3, 39: 3}},
    "integrated_gradients": {(0,): {0: 1}, (1, 2): {1: 1, 2: 1}, (3, 39): {3: 2, 39: 1}},
    "gradient_x_input": {(0,): {0: 1}, (1, 2): {1: 2, 2: 2}, (3, 39): {3: 6, 39: 3}},
}


@pytest.mark.parametrize("name", BY_HAND)
def test_rows_of_forty_players_by_hand(name):
    game = Game.from_function(polynomial, torch.ones(MANY, dtype=torch.float64))
    table = measure(name, game, order=2, rows=[(10, 11, 12, 13, 14)], budget=0)
    expected = np.zeros((len(table), MANY))
    for key, shares in BY_HAND[name].items():
        for player, share in shares.items():
            expected[table.effects.rows(key)[0], player] = share
    five = table.effects.rows((10, 11, 12, 13, 14))[0]
    expected[five, 10:15] = 1 / 20 if name in ("shapley", "integrated_gradients") else 1 / 4
    assert table.values.numpy() == pytest.approx(expected, abs=1e-12)
    assert table.effects.remainder == pytest.approx(0, abs=1e-12)
    if name != "shapley":
        assert table.remainder.numpy() == pytest.approx(0, abs=1e-12)
    criteria = table.criteria()
    complete = name in ("shapley", "integrated_gradients")
    assert criteria.verdicts == {
        "coverage": "undecided", "relevance": "undecided", "completeness": "undecided" if complete else "fail"
    }  # fmt: skip


def test_the_shapley_values_of_many_players_are_estimated():
    """By hand: 1 to z₀, 1 each to z₁ and z₂, 1.5 each to z₃ and z₃₉, 1/20 each to the five."""
    game = Game.from_function(polynomial, torch.ones(MANY, dtype=torch.float64))
    table = measure("shapley", game, order=1, budget=3000)
    true = np.zeros(MANY)
    true[[0, 1, 2, 3, 39]] = 1, 1, 1, 1.5, 1.5
    true[10:15] = 1 / 20
    assert (np.abs(table.attribution.numpy() - true) <= 5 * table.rest_error + 1e-9).all()
    left = true - np.eye(MANY)[0]
    assert (np.abs(table.remainder.numpy() - left) <= 5 * table.rest_error + 1e-9).all()
    assert 0 < table.rest_error.max() < 0.1


def test_what_nobody_can_estimate_leaves_a_remainder_that_nobody_knows(registry):
    @register("first_of_all")
    class FirstOfAll(AbstractMethod):
        """The whole effect to its first member: a rule that looks at more than |S|, and refuses many players."""

        corners = True

        def policy(self, game):
            return Policy(lambda s: s * (s.cumsum(-1) == 1), reads="support")

        def attribute(self, game, ends=None):
            if len(game.cube.active()) > 10:
                raise ValueError("too many players")
            table = harsanyi(game)
            total = [sum(float(v) for k, v in table.to_dict().items() if k and k[0] == i) for i in range(game.n)]
            rows = torch.zeros(len(ends), game.n, dtype=torch.float64)
            rows[-1] = torch.tensor(total)
            return rows

    game = Game.from_function(polynomial, torch.ones(MANY, dtype=torch.float64))
    table = measure("first_of_all", game, order=1, budget=0)
    with pytest.raises(ValueError, match="nobody knows what the others are given"):
        _ = table.remainder
    with pytest.raises(ValueError, match="nobody knows what the others are given"):
        _ = table.attribution


def test_samples_stand_for_their_size():
    """Π of 6 of 7 players: of 7 coalitions of six one has an effect, 1, which Occlusion-1 gives six times."""
    game = Game.from_function(lambda z: z[:, :6].prod(1), torch.ones(7, dtype=torch.float64))
    table = measure("occlusion_1", game, order=1, budget=10**6)
    assert table.effects.strata.largest == 7
    criteria = table.criteria()
    assert (criteria.coverage, criteria.leakage, criteria.residual) == (1, 0, 5)
    assert criteria.order == 7


def test_intervals_hold_the_truth():
    """Of 60 games of random dividends: the residual of Occlusion-1 is Σ (|S|−1)|J| / Σ |J|."""
    held = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        sizes = np.array([bin(mask).count("1") for mask in range(2**10)])
        dividends = rng.exponential(size=2**10) * np.where(sizes > 4, 0, 1)
        values = dividends.copy()
        for i in range(10):
            pairs = values.reshape(-1, 2, 1 << i)
            pairs[:, 1] += pairs[:, 0]
        game = Game.from_values(values)
        wanted = harsanyi(game, order=1)
        from decompositions.dividends.choice import chosen

        coalitions, strata = chosen(game, 1, 400, seed=seed)
        assert strata.largest >= 4
        effects = harsanyi(game)
        some = type(effects)(
            effects.values[coalitions.masks()],
            names=effects.names,
            coalitions=coalitions,
            truncated=True,
            strata=strata,
        )
        low, high = allocate(some, method("occlusion_1").policy(game)).criteria().intervals["residual"]
        true = (dividends * (sizes - 1))[1:].sum() / dividends[1:].sum()
        held.append(low <= true <= high)
        assert len(wanted) == 11
    assert 0.8 <= np.mean(held) <= 1.0


@pytest.mark.parametrize(
    ("facts", "error", "said"),
    [
        ({"order": 0}, ValueError, "at least 1|from 1"),
        ({"order": 7}, ValueError, "6"),
        ({"rows": [(0, 9)]}, IndexError, "no player 9"),
        ({"rows": [("nobody",)]}, LookupError, "no player is named 'nobody'"),
        ({"rows": [(1, 1)]}, ValueError, "has 1 twice"),
        ({"rows": 3}, TypeError, r"rows are coalitions, .* not 3; rows=\[\(0, 1\)\]"),
        ({"rows": "01"}, TypeError, "rows are coalitions, .* not '01'"),
        ({"order": 2, "limit": 10}, ValueError, "take a lower order, or fewer rows"),
    ],
)
def test_what_cannot_be_measured_is_refused(facts, error, said, game):
    with pytest.raises(error, match=said):
        measure("lrp_epsilon", game, **facts)


def test_effects_say_themselves_which_rows_there_are(game):
    lower = harsanyi(game, order=1)
    table = measure("lrp_epsilon", game, effects=lower)
    assert table.effects is lower
    with pytest.raises(ValueError, match="give them, or an order"):
        measure("lrp_epsilon", game, effects=lower, order=1)
    other = harsanyi(Game.from_model(NET, IMAGE, 0.0, target=0, players=players.grid(IMAGE.shape, (2, 3))), order=1)
    with pytest.raises(ValueError, match="of another game"):
        measure("lrp_epsilon", game, effects=other)


def test_a_callable_is_measured_by_rows(game):
    def saliency(model, inputs, baselines, target):
        inputs = inputs.detach().requires_grad_()
        model(inputs)[:, target].sum().backward()
        return inputs.grad * (inputs - baselines).detach()

    some, own = (measure(each, game, order=2, budget=0) for each in (saliency, "gradient_x_input"))
    assert some.values.numpy() == pytest.approx(own.values.numpy(), abs=1e-6)


def test_null_players_have_no_rows():
    game = Game.from_function(lambda z: z.prod(1), [1.0, 2.0, 3.0], [0.0, 2.0, 0.0])
    table = measure("occlusion_1", game, order=2, budget=0)
    assert list(table.effects.coalitions) == list(Coalitions.of_members([(), (0,), (2,), (0, 2)], 3))
    assert table[0, 1].tolist() == [0, 0, 0]


def test_chosen_rows_are_judged_alone():
    """f = x₀x₁ + 100 x₂x₃ at 1 against 0: of {0, 1} Gradient × Input gives 2 instead of 1, whatever {2, 3} is."""
    x = torch.ones(4, dtype=torch.float64)
    game = Game.from_function(lambda x: x[:, 0] * x[:, 1] + 100 * x[:, 2] * x[:, 3], x)
    fair = measure("integrated_gradients", game, rows=[(0, 1)]).criteria()
    assert (fair.rows, fair.order) == (1, None)
    assert "of 1 chosen effect;" in str(fair)
    assert (fair.coverage, fair.leakage) == (1, 0)
    assert fair.residual < 1e-12
    assert set(fair.verdicts.values()) == {"undecided"}  # the others are not known
    twice = measure("gradient_x_input", game, rows=[(0, 1)]).criteria()
    assert twice.residual == pytest.approx(1)
    assert twice.verdicts["completeness"] == "fail"
