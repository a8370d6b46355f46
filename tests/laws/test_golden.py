"""Known answers: closed forms and other libraries' own tests. Each entry of golden.json names its source."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
import torch
from cases import BY_ID, EXPRESSIONS, GOLDEN, close, minimum, network_case, polynomial
from twins import coalitions

from synergy import METHODS, Game, allocate, harsanyi, measure, method, taylor

CROSSES = np.array([len(s) + 6.0 * (len(s) == 4) for s in coalitions(4)])
GAMES = {
    "minimum": lambda: network_case("minimum", minimum(), torch.tensor([3.0, 1]).double(), smooth=False).game(),
    "linear-with-crosses": lambda: Game.from_values(CROSSES),
    "probe": lambda: Game.from_expression("x1**2*x2", {"x1": 1, "x2": 1}),
    "demand-three-quarters": lambda: demand("3/4"),
    "demand-one": lambda: demand(1),
}


def demand(z1):
    case = polynomial("demand", "2*z1*z2 - z1**2*z2", {"z1": z1, "z2": 1})
    return case.game()


def build(name):
    return GAMES[name]() if name in GAMES else BY_ID[name].game()


def pieces(game, split):
    """The straight path cut at its kinks: on every piece the gradient is a polynomial, and few nodes are exact."""
    cube = game.cube
    places = [0.0, *split, 1.0]
    ends = [cube.baseline + s * (cube.x - cube.baseline) for s in places]
    return [Game.from_function(cube.f, end, start) for start, end in pairwise(ends)]


GOLDEN_METHODS = [key for key, entry in GOLDEN.items() if entry["method"] != "harsanyi"]


@pytest.mark.parametrize("key", GOLDEN_METHODS)
def test_attributions(key):
    entry = GOLDEN[key]
    game, chosen = build(entry["game"]), method(entry["method"], **entry["settings"])
    whole = [game] if "split" not in entry else pieces(game, entry["split"])
    given = sum(chosen.attribute(piece) for piece in whole)
    expected = [Fraction(str(value)) for value in entry["expected"]]
    given = [given[i] for i in entry.get("players", range(len(given)))]
    if game.cube.precision == 0:
        assert given == expected
    else:
        close(
            np.array([float(value) for value in given]),
            [float(value) for value in expected],
            max(entry["tolerance"], 1e-13),
        )


@pytest.mark.parametrize(
    "key",
    [key for key in GOLDEN_METHODS if GOLDEN[key]["game"] in {"squares", "triple", "probe", "phantom", "demand-one"}],
)
def test_attributions_of_the_policy(key):
    """The same numbers from the policy alone."""
    entry = GOLDEN[key]
    game = build(entry["game"])
    policy = method(entry["method"], **entry["settings"]).policy(game)
    given = list(allocate(taylor(game), policy).attribution)
    assert [given[i] for i in entry.get("players", range(len(given)))] == [
        Fraction(str(value)) for value in entry["expected"]
    ]


def test_dividends_of_the_captum_network():
    entry = GOLDEN["captum-multilayer-dividends"]
    effects = harsanyi(build(entry["game"]))
    for key, expected in entry["expected"].items():
        coalition = () if key == "()" else tuple(map(int, key))
        assert effects[coalition].item() == pytest.approx(expected, rel=entry["tolerance"])


def test_integrated_gradients_at_the_kink_are_near_the_exact_limit_and_say_how_near():
    """Without the split, 64 nodes place the kink within a node's distance: 1e-4 of the attributions."""
    game = BY_ID["captum-multilayer"].game()
    values, errors = method("integrated_gradients", nodes=64).estimate(game)
    off = abs(values - torch.tensor([78.0, 195, 117]).double())
    assert (off < 2e-4 * values).all()
    assert (off > 1e-4 * values).all()
    assert (off <= errors).all()


def test_every_entry_names_its_source_and_a_registered_method():
    for entry in GOLDEN.values():
        assert entry["source"]
        assert entry["method"] in (*METHODS, "harsanyi")
    assert {entry["method"] for entry in GOLDEN.values()} >= {
        "gradient_x_input",
        "occlusion_1",
        "occlusion_patch",
        "integrated_gradients",
        "shapley",
    }


@pytest.mark.parametrize("case", [case for case in EXPRESSIONS if case.id == "phantom"], ids=lambda case: case.id)
def test_a_dividend_of_zero_is_no_phantom_where_the_synergy_is_not(case):
    game = case.game()
    assert harsanyi(game)[0, 1] == 0
    criteria = measure("integrated_gradients", game).criteria()
    assert criteria.phantom == 0
    assert criteria.passes == (True, True, True)


def test_integrated_gradients_fall_although_the_function_does_not():
    """f = 2·z1·z2 − z1²·z2 does not fall in z1 on the unit square: 0.375 at 3/4 and 1/3 at 1."""
    for s in range(101):
        assert demand(1)([[Fraction(s, 100), 1]])[0] <= demand(1)([[Fraction(min(s + 1, 100), 100), 1]])[0]
    assert (
        method("integrated_gradients").attribute(demand("3/4"))[0]
        > method("integrated_gradients").attribute(demand(1))[0]
    )
