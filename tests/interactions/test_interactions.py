"""What ``interactions`` gives: dense and sparse effects, what is missing, other forms, and what it refuses."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from twins import coalitions

from decompositions.effects.coalitions import Coalitions
from synergy import Effects, Game, harsanyi, strongest, taylor
from synergy.interactions import INDICES, interactions, multi_order

N = 6
VALUES = torch.randn(2**N, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def game():
    return Game.from_values(VALUES)


def listed(effects):
    """The same effects, as a list of coalitions in another order."""
    masks = [0, *reversed(range(1, 2**effects.n))]
    rows = Coalitions.of_masks(masks, effects.n)
    return Effects(effects.values[..., masks], names=effects.names, coalitions=rows, noise=effects.noise)


@pytest.mark.parametrize("index", INDICES)
def test_a_list_of_coalitions_gives_what_the_table_gives(index, game):
    for order in range(1, (INDICES[index].largest or 4) + 1):
        dense, sparse = interactions(harsanyi(game), index, order), interactions(listed(harsanyi(game)), index, order)
        assert dense.sets == sparse.sets == tuple(sorted(sparse.sets, key=lambda each: (len(each), each)))
        assert torch.allclose(dense.array, sparse.array, rtol=0, atol=1e-12)
        assert abs(dense.base - sparse.base) < 1e-12


def test_a_list_of_exact_effects():
    values = np.array([Fraction(k * k, 3) for k in range(8)], dtype=object)
    effects = harsanyi(Game.from_values(values))
    assert dict(interactions(listed(effects), "FSII")) == dict(interactions(effects, "FSII"))


def test_many_players():
    """Of a thousand players, two effects: of a pair, and of ten players, whose 210 sets of four share it equally."""
    rows = Coalitions.of_members([(), (3, 999), tuple(range(990, 1000))], 1000)
    names = tuple(f"x{i}" for i in range(1000))
    effects = Effects(torch.tensor([5.0, 2.0, 210.0], dtype=torch.float64), names=names, coalitions=rows)
    found = interactions(effects, "STII", 4)
    assert sorted(found.array.tolist()) == [1] * 210 + [2]
    assert found[3, 999] == 2
    assert found["x990", "x993", "x999", "x991"] == 1
    assert found[0, 1, 2, 3] == found[(5,)] == 0
    assert interactions(effects, "SII", 7)[tuple(range(990, 997))] == 210 / 4


def test_several_games_at_once():
    tables = torch.stack([VALUES, 2 * VALUES])
    found = interactions(Game.from_values(tables), "SII")
    one = interactions(Game.from_values(VALUES), "SII")
    assert torch.allclose(found[0, 3], one[0, 3] * torch.tensor([1.0, 2.0], dtype=torch.float64))
    assert found.to_matrix().shape == (2, N, N)
    assert "shape (2, 21)" in repr(found)
    with pytest.raises(ValueError, match="of one game; these have shape"):
        found.top()


def test_trees_of_any_number_of_players():
    ensemble = pytest.importorskip("sklearn.ensemble")
    rows = np.random.default_rng(0).normal(size=(200, 5))
    model = ensemble.RandomForestRegressor(n_estimators=3, max_depth=3, random_state=0).fit(
        rows, rows[:, 0] * rows[:, 1]
    )
    sparse = Game.from_trees(model, rows[0], rows[:1] * 0)
    dense = Game.from_values(sparse(torch.tensor(coalition_rows(5))))
    a, b = interactions(sparse, "FSII", 3), interactions(dense, "FSII", 3)
    assert all(abs(a[players] - b[players]) < 1e-10 for players in b)


def coalition_rows(n):
    return [[float(i in players) for i in range(n)] for players in coalitions(n)]


# --- what is missing -------------------------------------------------------------------------------------------------


def test_effects_up_to_an_order_say_what_is_missing(game):
    some = harsanyi(game, order=2)
    found = interactions(some, "STII")
    assert found.missing
    assert found.remainder == some.remainder
    assert "STII would share out those that were not, too, which sum to" in str(found)
    assert found[0, 1] == some[0, 1]  # of effects of two players alone


def test_nothing_is_missing_where_nothing_would_be_given(game):
    some = harsanyi(game, order=2)
    assert not interactions(some, "Moebius", 2).missing
    assert interactions(some, "Moebius", 3).missing
    assert not interactions(harsanyi(game), "STII").missing


def test_a_game_is_decomposed_as_far_as_the_index_asks():
    calls = []

    def f(rows):
        calls.append(len(rows))
        return rows.prod(1)

    question = Game.from_function(f, torch.ones(10), torch.zeros(10))
    found = interactions(question, "Moebius", 2)
    assert found.calls < 100
    assert not found.missing
    assert interactions(question, "SII", 2).calls == 1024


def test_of_the_strongest_a_set_in_none_of_them_is_unknown():
    question = Game.from_function(lambda z: z[:, 0] * z[:, 1] * 9 + z.sum(1), torch.ones(30), torch.zeros(30))
    effects = strongest(question, k=3, order=1, budget=500)
    found = interactions(effects, "SII")
    assert found.missing
    with pytest.raises(LookupError, match="no effect that was computed holds"):
        found[28, 29]


def test_taylor_effects_are_summed_by_support():
    question = Game.from_expression("x1**2*x2 + x2*x3 + 5", {"x1": 1, "x2": 1, "x3": 2})
    assert dict(interactions(taylor(question), "SII")) == dict(interactions(harsanyi(question), "SII"))
    cut = interactions(taylor(Game.from_expression("exp(x1*x2)", {"x1": 1, "x2": 1}), degree=4), "Moebius")
    assert cut.missing


# --- rounding ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("index", INDICES)
def test_the_noise_is_that_of_values_that_are_rounded_independently(index):
    """Once from the weights on values, once by asking for the index of every coalition's own indicator."""
    order = min(3, INDICES[index].largest or 3)
    of_indicators = interactions(Game.from_values(torch.eye(32, dtype=torch.float64)), index, order).array
    effects = harsanyi(Game.from_values(torch.rand(32, dtype=torch.float64)))
    found = interactions(effects, index, order)
    assert np.allclose(found.noise, effects.noise * (of_indicators**2).sum(0).sqrt())
    assert (interactions(listed(effects), index, order).noise >= found.noise * (1 - 1e-12)).all()


def test_values_in_the_noise_are_not_among_the_strongest():
    values = torch.tensor([0.1 + 0.2 + 1e-17 * k for k in range(8)], dtype=torch.float64) + torch.arange(8) % 2
    assert [players for players, _ in interactions(Game.from_values(values), "SII").top()] == [(0,)]


def test_too_many_players_are_told_what_else_there_is():
    game = Game.from_function(lambda z: z.prod(1), torch.ones(40), torch.zeros(40))
    for ask in (interactions, multi_order):
        with pytest.raises(ValueError, match=r"shares out the effects of all coalitions, and 40 players have too many"):
            ask(game)


# --- other forms -----------------------------------------------------------------------------------------------------


@pytest.fixture
def small():
    """x1 and x2 alone 1 and −2, both 3, all three 6."""
    names = ("a", "b", "c")
    return interactions(Effects(torch.tensor([7.0, 1, -2, 3, 0, 0, 0, 6]).double(), names=names), "Moebius", 3)


def test_matrix(small):
    assert small.to_matrix().tolist() == [[1, 3, 0], [3, -2, 0], [0, 0, 0]]
    with pytest.raises(ValueError, match="an order of 1 has none"):
        interactions(small.effects(), "SV", 1).to_matrix()


def test_graph(small):
    graph = small.to_graph()
    assert graph.edges[0, 1] == {"value": 3.0, "weight": 3.0}
    assert graph.nodes[1] == {"name": "b", "value": -2.0}
    assert graph.nodes[0, 1, 2] == {"value": 6.0}
    assert set(graph[0, 1, 2]) == {0, 1, 2}
    assert graph.number_of_edges() == 4


def test_shapiq(game):
    pytest.importorskip("shapiq")
    found = interactions(game, "k-SII", 3)
    handed = found.to_shapiq()
    assert (handed.index, handed.max_order, handed.n_players) == ("k-SII", 3, N)
    assert all(handed[players] == value for players, value in found.items())
    assert handed[()] == handed.baseline_value == found.base == VALUES[0]


def test_pandas(small):
    pytest.importorskip("pandas")
    frame = small.to_pandas()
    assert frame.loc["a·b"].tolist() == [3, 2]
    assert len(frame) == 7


def test_effects_of_a_complete_index_add_up(game):
    found = interactions(game, "FSII", 3)
    whole = VALUES[-1] - VALUES[0]
    assert abs(found.total - whole) < 1e-12
    assert abs(found.effects().total - whole) < 1e-12


def test_text(small):
    lines = str(small).splitlines()
    assert lines[0] == "Möbius transform (Moebius), order 3, of 3 players"
    found = [line.split()[:2] for line in lines[1:5]]
    assert found == [["a·b·c", "+6.000"], ["a·b", "+3.000"], ["b", "-2.000"], ["a", "+1.000"]]
    assert lines[-1] == "… 3 more sets"
    assert repr(small) == "Interactions(Moebius, 3 players, order 3, 7 sets; largest: a·b·c +6, a·b +3, b -2)"


def test_values_that_hold_symbols():
    game = Game.from_expression("a*x1*x2 + x1**2", {"x1": 1, "x2": 2}, parameters=("a",))
    found = interactions(game, "SII")
    assert [line.split(maxsplit=1) for line in str(found).splitlines()[1:]] == [
        ["x1", "a + 1"],
        ["x2", "a"],
        ["x1·x2", "2*a"],
    ]
    assert repr(found) == "Interactions(SII, 2 players, order 2, 3 sets; in the symbols a)"
    with pytest.raises(ValueError, match="these values hold the symbols a"):
        found.top()


def test_pictures(small):
    pytest.importorskip("matplotlib")
    from matplotlib.text import Text

    from synergy import pictures

    axis = small.plot().axes[0]
    assert axis.images[0].get_array().tolist() == [[1, 3, 0], [3, -2, 0], [0, 0, 0]]
    assert "Interactions, Moebius" in {each.get_text() for each in axis.figure.findobj(Text)}
    written = {text.get_text() for text in pictures.interaction_graph(small).axes[0].texts}
    assert "+6" in {each.rstrip("0").rstrip(".") for each in written}
    with pytest.raises(ValueError, match="an order of 1 has none"):
        pictures.interaction_graph(interactions(small.effects(), "SV", 1))


def test_cells_of_pairs_that_are_not_known_are_grey():
    rows = Coalitions.of_members([(), (0,), (0, 1)], 3)
    some = Effects(torch.tensor([0.0, 1, 2]), names=("a", "b", "c"), coalitions=rows, truncated=True)
    table = interactions(some, "STII").to_matrix()
    assert table.isnan().tolist() == [[False, False, True], [False, True, True], [True, True, True]]


def test_it_is_a_mapping(small):
    assert list(small) == [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)]
    assert (0, 1) in small
    assert (1, 0) not in small
    assert small[1, 0] == small["a", "b"] == small[0, 1] == 3
    assert dict(small.items())[0, 1, 2] == 6


# --- refused ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        (("stii",), LookupError, "no interaction index 'stii'; did you mean 'STII'?"),
        (("xyzzy",), LookupError, "no interaction index 'xyzzy'; there are"),
        ((3,), TypeError, "an index is asked for by its name"),
        (("STII", 0), ValueError, "a whole number from 1 to 6, not 0"),
        (("STII", 7), ValueError, "a whole number from 1 to 6, not 7"),
        (("STII", 1.5), TypeError, "order is the largest number of players of a set"),
        (("SV", 2), ValueError, "SV is an index of at most 1 player; give order=1"),
    ],
)
def test_what_is_no_index_or_order_is_refused(game, arguments, error, says):
    with pytest.raises(error) as raised:
        interactions(game, *arguments)
    assert says in str(raised.value)


def test_what_is_no_game_is_refused():
    with pytest.raises(TypeError, match=r"interactions\(\) takes a Game or its Effects, not"):
        interactions([0.0, 1.0])


@pytest.mark.parametrize(
    ("players", "error", "says"),
    [
        ((0, 0), ValueError, "has 0 twice"),
        ((0, 9), IndexError, "no player 9"),
        ("d", LookupError, "no player is named 'd'"),
        ((), LookupError, "the constant is .base"),
        ((0.5,), TypeError, "a coalition is made of players"),
    ],
)
def test_what_is_no_set_is_refused(small, players, error, says):
    with pytest.raises(error, match=says):
        small[players]


def test_a_set_above_the_order_is_refused(game):
    with pytest.raises(LookupError, match="the sets are of 1 to 2 players"):
        interactions(game)[0, 1, 2]
