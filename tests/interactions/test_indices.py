"""The interaction indices: weights against definitions, exactly; known values; shapiq."""

import json
import warnings
from fractions import Fraction
from itertools import combinations
from math import comb
from pathlib import Path

import numpy as np
import pytest
import torch

from decompositions import degrees
from decompositions.arithmetic import as_array
from decompositions.mobius import zeta
from synergy import Game
from synergy.interaction_index import _REGISTRY
from synergy.interactions import INDICES, AbstractIndex, interactions, joint_shapley, register

CALIFORNIA = json.loads((Path(__file__).parents[1] / "cases" / "california_housing.json").read_text())["indices"]
F = Fraction


def table(n, value):
    """The exact table of v from a function of the number and the set of players."""
    return as_array([F(value(frozenset(degrees.coalition(mask)))) for mask in range(2**n)])


def unanimity(n, members):
    return table(n, lambda players: int(set(members) <= players))


def random_table(n, seed=0):
    return as_array([F(int(a), 7) for a in np.random.default_rng(seed).integers(-50, 50, 2**n)])


def orders(index, n):
    return range(1, min(n, index.largest or n) + 1)


def subsets(n, order):
    return [players for t in range(1, order + 1) for players in combinations(range(n), t)]


def require_equal(values, index, order):
    """The index by its weights is what its authors define, and so is its constant."""
    n = len(values).bit_length() - 1
    found, defined = interactions(Game.from_values(values), index, order), INDICES[index].definition(values, order)
    assert {players: defined[degrees.mask(players)] for players in subsets(n, order)} == dict(found)
    assert found.base == defined.get(0, values[0])
    assert defined.keys() == {degrees.mask(players) for players in found} | ({0} if INDICES[index].constant else set())


# --- weights and definitions -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("index", INDICES)
def test_weights_equal_the_definition_on_all_unanimity_games(index):
    for n in (1, 2, 3, 4):
        for members in subsets(n, n):
            for order in orders(INDICES[index], n):
                require_equal(unanimity(n, members), index, order)


@pytest.mark.parametrize("index", INDICES)
@pytest.mark.parametrize("n", [4, 5])
def test_weights_equal_the_definition_on_random_games(index, n):
    for order in orders(INDICES[index], 4 if n == 4 else 3):
        require_equal(random_table(n), index, order)


PAIRS = {  # k = 2, by hand: what singles and pairs get of an effect of 2, 3 and 4 players
    "RS": "1/4 1/2  1/9 2/9  1/16 1/8",
    "ARS": "0 1  1/9 2/9  1/16 1/8",
    "STII": "0 1  0 1/3  0 1/6",
    "k-SII": "0 1  -1/6 1/2  -1/4 1/3",
    "FSII": "0 1  -1/6 1/2  -1/5 3/10",
    "FBII": "0 1  -1/4 1/2  -1/4 1/4",
    "SII": "1/2 1  1/3 1/2  1/4 1/3",
    "BII": "1/2 1  1/4 1/2  1/8 1/4",
    "CHII": "1/2 1  1/3 2/3  1/4 1/2",
    "kADD-SHAP": "1/2 1  1/3 1/2  1/4 3/10",
    "Moebius": "0 1  0 0  0 0",
    "Co-Moebius": "1 1  1 1  1 1",
}


@pytest.mark.parametrize("index", INDICES)
def test_weights_by_hand(index):
    if INDICES[index].largest == 1:
        found = [str(INDICES[index].weight(1, s, 1)) for s in (1, 2, 3, 4)]
        assert found == {"SV": ["1", "1/2", "1/3", "1/4"], "BV": ["1", "1/2", "1/4", "1/8"]}[index]
    else:
        found = [str(INDICES[index].weight(t, s, 2)) for s in (2, 3, 4) for t in (1, 2)]
        assert found == PAIRS[index].split()


def given_away(index, s, order):
    """How much of an effect of s players all sets get together, the empty one included."""
    least = 0 if INDICES[index].constant else 1
    return sum(comb(s, t) * INDICES[index].weight(t, s, order) for t in range(least, min(s, order) + 1))


@pytest.mark.parametrize("index", ["k-SII", "STII", "FSII", "RS", "ARS"])
def test_all_of_every_effect_is_given_away(index):
    assert {given_away(index, s, order) for order in (1, 2, 3, 4) for s in range(1, 10)} == {1}


def test_the_smallest_effects_that_are_not_given_away_whole():
    """FBII of order 3 looks complete for up to four players; its constant takes part."""
    singles = [sum(comb(s, t) * INDICES["FBII"].weight(t, s, k) for t in range(1, k + 1)) for s, k in ((3, 2), (5, 3))]
    assert singles == [F(3, 4), F(15, 16)]
    assert given_away("SII", 2, 2) == 2
    assert given_away("Moebius", 3, 2) == 0


@pytest.mark.parametrize("index", INDICES)
def test_null_players_are_in_no_set_with_a_value(index):
    """A third and a fourth player who do nothing."""
    values = random_table(2)[np.arange(16) & 3]
    found = interactions(Game.from_values(values), index, orders(INDICES[index], 3)[-1])
    assert any(found.values())
    assert not any(value for players, value in found.items() if max(players) > 1)


# --- known values ----------------------------------------------------------------------------------------------------


CROSSES = table(4, lambda players: len(players) + 6 * (len(players) == 4))
KNOWN = {  # of every player and of every pair, for v = Σ xᵢ + 6 Π xᵢ; by shapiq 1.4.1
    "SII": (F(5, 2), 2),
    "BII": (F(7, 4), F(3, 2)),
    "STII": (1, 1),
    "CHII": (F(5, 2), 3),
}


@pytest.mark.parametrize("index", KNOWN)
def test_linear_with_crosses(index):
    found = interactions(Game.from_values(CROSSES), index)
    assert {found[(i,)] for i in range(4)} == {KNOWN[index][0]}
    assert {found[pair] for pair in combinations(range(4), 2)} == {KNOWN[index][1]}


def test_recursive_shapley_of_a_pair():
    found = interactions(Game.from_values(unanimity(2, (0, 1))), "RS")
    assert dict(found) == {(0,): F(1, 4), (1,): F(1, 4), (0, 1): F(1, 2)}


def by_set(asked):
    """Values of the file by tuples of players."""
    values = {() if key == "Empty" else tuple(map(int, key.split(","))): v for key, v in CALIFORNIA[asked].items()}
    return {players: value for players, value in values.items() if players or asked.startswith("Moebius")}


def california():
    dividends = {degrees.mask(players): value for players, value in by_set("Moebius_order=8").items()}
    return Game.from_values(zeta(torch.tensor([dividends[mask] for mask in range(2**8)], dtype=torch.float64)))


@pytest.mark.parametrize("asked", [each for each in CALIFORNIA if not each.startswith("Moebius")])
def test_california_housing(asked):
    """Values that shapiq keeps for its own tests, of a game of eight players; of FSII they are good to 1e-8."""
    index, _, order = asked.partition("_order=")
    found = interactions(california(), index, int(order))
    expected = by_set(asked)
    assert set(found) == set(expected)
    assert max(abs(found[players] - value) for players, value in expected.items()) < (
        1e-8 if "FSII" in asked else 1e-12
    )


PEERS = ["SV", "BV", "SII", "BII", "CHII", "k-SII", "STII", "FSII", "FBII", "kADD-SHAP", "Moebius", "Co-Moebius"]


def computer(values):
    shapiq = pytest.importorskip("shapiq")
    n = len(values).bit_length() - 1
    places = 1 << np.arange(n)
    return shapiq.ExactComputer(n_players=n, game=lambda rows: values[rows.astype(np.int64) @ places])


@pytest.mark.parametrize("n", [4, 6])
@pytest.mark.parametrize("index", PEERS)
def test_shapiq(index, n):
    values = np.random.default_rng(n).standard_normal(2**n)
    peer, tolerance = computer(values), 1e-8 if index in ("FSII", "kADD-SHAP") else 1e-10
    for order in orders(INDICES[index], 3):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a division by zero in one of its weights, whose result it drops
            expected = peer(index, order)
        found = interactions(Game.from_values(values), index, order)
        assert max(abs(value - expected[players]) for players, value in found.items()) < tolerance
        if index == "FBII":
            assert abs(found.base - expected[()]) < tolerance


# --- joint Shapley ---------------------------------------------------------------------------------------------------


def test_joint_shapley_is_no_policy():
    """Of what player 0 does alone it gives a third to the pair with a null player, and less the more of them there
    are."""
    assert joint_shapley(unanimity(2, (0,)), 2) == {(0,): F(2, 3), (1,): 0, (0, 1): F(1, 3)}
    assert joint_shapley(unanimity(3, (0,)), 2)[0, 1] != F(1, 3)
    with pytest.raises(ValueError, match="JointSV is no policy: it gives a part"):
        interactions(Game.from_values(CROSSES), "JointSV")


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_joint_shapley_gives_everything_away_as_shapiq_does(order):
    values = np.random.default_rng(1).standard_normal(16)
    found, peer = joint_shapley(values, order), computer(values)("JointSV", order)
    assert max(abs(value.item() - peer[players]) for players, value in found.items()) < 1e-12
    assert abs(sum(found.values()).item() - (values[-1] - values[0])) < 1e-12


# --- the registry ----------------------------------------------------------------------------------------------------


class Half(AbstractIndex):
    """Half of every effect to its own set."""

    name, title, formula, reference = "half", "half", "[T = S]/2", ""

    def weight(self, t, s, order):
        return Fraction(int(s == t), 2)

    def definition(self, values, order):
        return {}


@pytest.fixture
def registered():
    before = dict(_REGISTRY)
    yield register
    _REGISTRY.clear()
    _REGISTRY.update(before)


def test_an_index_of_ones_own(registered):
    game = Game.from_values(unanimity(2, (0, 1)))
    registered(Half)
    assert interactions(game, "half")[0, 1] == interactions(game, Half())[0, 1] == F(1, 2)


def test_what_is_no_index_is_refused(registered):
    with pytest.raises(TypeError, match="an index is a subclass of AbstractIndex"):
        registered(dict)
    with pytest.raises(TypeError, match="the index Bare lacks definition, formula, name, reference, title, weight"):
        registered(type("Bare", (AbstractIndex,), {}))
    with pytest.raises(ValueError, match="there is an index 'SII' already"):
        registered(type("Other", (Half,), {"name": "SII"}))


@pytest.mark.parametrize("index", INDICES.values(), ids=list(INDICES))
def test_every_index_says_what_it_is(index):
    bibliography = (Path(__file__).parents[2] / "docs" / "references.bib").read_text("utf8")
    assert f"{{{index.reference}," in bibliography
    assert index.formula
    assert index.title
