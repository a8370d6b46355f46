"""Coverage, relevance and completeness: numbers by hand, verdicts, and what must not change them."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from cases import BY_ID, GAME_METHODS, draw

from synergy import AbstractMethod, Effects, Game, Policy, allocate, compare, harsanyi, measure, method, taylor
from synergy.allocation.allocation import from_table
from synergy.policies.policy import degree_credit, degree_shares, equal_shares, full_credit

J = [5.0, 2.0, -3.0, 4.0]  # ∅, {0}, {1}, {0, 1}; Σ|J| = 9 without the constant
FAIR = [[0, 0], [2, 0], [0, -3], [1, 3]]
UNFAIR = [[0.25, -0.5], [1, 0.5], [0, 0], [4, 4]]


def hand(table, effects=J, noise=0.0, exact=False, **facts):
    if exact:
        values = np.array([Fraction(v) for v in effects], dtype=object)
        rows = np.array([[Fraction(v) for v in row] for row in table], dtype=object)
    else:
        values, rows = torch.tensor(effects).double(), torch.tensor(table).double()
    names = tuple("abcdef"[: len(table[0])])
    return from_table(Effects(values, names=names, noise=noise), rows, "hand", **facts).criteria()


@pytest.mark.parametrize("exact", [False, True])
def test_a_fair_table(exact):
    criteria = hand(FAIR, exact=exact)
    assert (criteria.coverage, criteria.leakage, criteria.residual) == (1, 0, 0)
    assert (criteria.phantom, criteria.constant, criteria.error) == (0, 0, 0)
    assert criteria.tolerance == 1e-6
    assert criteria.passes == (True, True, True)
    assert criteria.worst is None
    assert criteria.effects


@pytest.mark.parametrize("exact", [False, True])
def test_an_unfair_table_by_hand(exact):
    """{1} gets nothing: covered 2 + 4 of 9. Outside: ½ of 9½. Gaps 1 + 3 + 4 of 9. Constant ¼ + ½."""
    criteria = hand(UNFAIR, exact=exact)
    assert criteria.coverage == pytest.approx(6 / 9)
    assert criteria.leakage == pytest.approx(0.5 / 9.5)
    assert criteria.residual == pytest.approx(8 / 9)
    assert criteria.constant == 0.75
    assert criteria.verdicts == {"coverage": "fail", "relevance": "fail", "completeness": "fail"}
    assert criteria.worst == (0, 1)
    assert "completeness: fail (residual 0.889)" in str(criteria)


def test_the_worst_effect_counts_gap_and_leak():
    """Row {0}: gap 1 and leak 3; row {0, 1}: gap 3½."""
    assert hand([[0, 0], [1, 3], [0, -3], [4, 3.5]]).worst == (0,)
    assert hand([[0, 0], [1, 2], [0, -3], [4, 3.5]]).worst == (0, 1)


@pytest.mark.parametrize(("share", "covered"), [(0.9e-6, 0), (1.1e-6, 1), (-1.1e-6, 1), (0, 0)])
def test_an_effect_is_covered_from_a_millionth_of_it_on(share, covered):
    assert hand([[0.0], [share * 7]], [0.0, 7.0]).coverage == covered


def test_what_outsiders_get_covers_nothing():
    assert hand([[0, 0], [0, 2], [0, -3], [0, 4]]).coverage == pytest.approx(7 / 9)


@pytest.mark.parametrize(
    ("error", "verdict"),
    [(0.0, "fail"), (1e-7, "fail"), (1e-4, "fail"), (0.02, "undecided"), (0.5, "undecided")],
)
def test_beyond_the_tolerance_but_of_the_size_of_the_numerical_error_is_undecided(error, verdict):
    """The gap is 0.1 of 9; an error within a factor of ten of it leaves completeness open."""
    criteria = hand([[0, 0], [2, 0], [0, -3], [1, 3.1]], error=np.array([0, 0, 0, error]))
    assert criteria.verdicts["completeness"] == verdict
    assert criteria.passes.completeness is False
    assert criteria.residual == pytest.approx(0.1 / 9)
    assert criteria.error == pytest.approx(error / 9)
    assert criteria.verdicts["coverage"] == "pass"


def test_an_error_below_the_tolerance_does_not_excuse():
    criteria = hand([[0, 0], [2, 0], [0, -3], [1, 3 + 2e-5]], error=np.array([0, 0, 0, 5e-6]))
    assert criteria.verdicts["completeness"] == "fail"


def test_the_error_of_the_constant_row_does_not_count():
    assert hand(UNFAIR, error=np.array([100.0, 0, 0, 0])).verdicts["completeness"] == "fail"


def test_the_tolerance_is_the_noise_floor_where_that_is_larger():
    """Noise 0.01: the floor is 0.01·(√2 + √2 + 2) of Σ|J| = 9; a gap of half of it passes."""
    floor = 0.01 * (2 * 2**0.5 + 2)
    criteria = hand([[0, 0], [2, 0], [0, -3], [1, 3 + floor / 2]], noise=0.01)
    assert criteria.tolerance == pytest.approx(floor / 9)
    assert criteria.verdicts["completeness"] == "pass"
    assert criteria.worst is None
    assert hand([[0, 0], [2, 0], [0, -3], [1, 3 + floor * 2]], noise=0.01).verdicts["completeness"] == "fail"


def noisy(share):
    """One interaction of 1 among 14 players and noise of 1e-4: the floor of all rows together is 23."""
    values = torch.zeros(2**14, dtype=torch.float64)
    values[3] = 1.0
    effects = Effects(values, names=tuple(f"x{i}" for i in range(14)), noise=1e-4)
    rows = torch.zeros(2**14, 14, dtype=torch.float64)
    rows[3, :2] = share
    return effects, rows


@pytest.mark.parametrize("error", [None, 1e-7])
@pytest.mark.parametrize(("shares", "failing"), [((0.45, 0.45), "completeness"), ((0, 0), "coverage")])
def test_much_noise_in_weak_rows_excuses_nothing_in_a_strong_one(shares, failing, error):
    effects, rows = noisy(torch.tensor(shares, dtype=torch.float64))
    criteria = from_table(effects, rows, "hand", error=None if error is None else np.full(2**14, error)).criteria()
    assert criteria.effects
    assert criteria.tolerance > 1
    assert criteria.verdicts[failing] == "fail"
    assert criteria.verdicts["relevance"] == "pass"
    assert criteria.worst == (0, 1)


def test_what_goes_outside_a_strong_row_is_seen_among_much_noise():
    effects, rows = noisy(0.5)
    rows[3, 2] = 0.05
    assert from_table(effects, rows, "hand").criteria().verdicts == {
        "coverage": "pass",
        "relevance": "fail",
        "completeness": "pass",
    }


def test_a_strong_row_that_is_right_to_its_noise_passes_and_an_error_of_its_size_leaves_it_undecided():
    effects, rows = noisy(0.5 - 0.5e-4)  # a gap of 1e-4, half of the floor of a pair
    assert from_table(effects, rows, "hand").criteria().verdicts["completeness"] == "pass"
    effects, rows = noisy(0.45)
    error = np.zeros(2**14)
    error[3] = 0.05
    assert from_table(effects, rows, "hand", error=error).criteria().verdicts["completeness"] == "undecided"


def test_phantom_by_hand():
    """f = z1 + z2 at (2, 3): {0, 1} has no synergy anywhere, and a method that gives (1, −1) for it phantom 2/7."""

    class Invents(AbstractMethod):
        name = "invents"

        def policy(self, game):
            raise ValueError("none")

        def attribute(self, game, ends=None):
            points = game.ends(ends)
            both = points[:, 0] * points[:, 1]
            values = torch.stack([2 * points[:, 0] + both, 3 * points[:, 1] - both], 1)
            return values[0] if ends is None else values

    game = Game.from_function(lambda z: z.sum(1), [2.0, 3.0])
    criteria = measure(Invents(), game, points=64).criteria()
    assert criteria.phantom == pytest.approx(2 / 7)
    assert criteria.passes == (True, True, True), "a diagnostic, not judged"
    assert measure("integrated_gradients", game, points=64).criteria().phantom == 0


def test_a_dividend_that_is_zero_at_x_alone_is_no_phantom():
    for case in (BY_ID["phantom"], BY_ID["phantom-floats"]):
        measured = measure("integrated_gradients", case.game(), points=64)
        assert abs(float(measured.effects[0, 1])) < 1e-12
        assert [float(v) for v in measured.values[3]] == pytest.approx([1 / 3, -1 / 3])
        criteria = measured.criteria()
        assert criteria.phantom == 0
        assert criteria.passes == (True, True, True)


def test_a_synergy_in_a_tenth_of_the_cube_is_seen():
    """f_S is not zero only where z1 and z2 lie in a corner of the cube's interior."""

    def f(z):
        return (0.3 - (z[:, 0] - 0.4).abs()).relu() * (0.3 - (z[:, 1] - 0.6).abs()).relu() * 50 + z[:, 0]

    game = Game.from_function(f, [1.0, 1.0])
    criteria = measure(method("integrated_gradients", nodes=200), game, points=64).criteria()
    assert criteria.phantom == 0


def test_coalitions_without_effect_beyond_the_constant():
    """Σ|J| = 0 is "no effects", not NaN."""
    criteria = hand([[0, 0]] * 4, [5.0, 0.0, 0.0, 0.0])
    assert not criteria.effects
    assert criteria.passes == (True, True, True)
    assert (criteria.coverage, criteria.leakage, criteria.residual) == (1, 0, 0)
    criteria = hand([[0, 0], [1, 0], [0, 0], [0, 0]], [5.0, 0.0, 0.0, 0.0])
    assert not criteria.effects
    assert criteria.verdicts["completeness"] == "fail"
    assert criteria.verdicts["relevance"] == "pass"


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize(
    ("table", "leakage", "residual", "worst"),
    [
        ([[0, 0], [0, 0], [0, 0], [1, -1]], 0, 0, None),  # shared out as it is: nothing in all
        ([[0, 0], [0, 0], [0, 0], [3, -1]], 0, 2 / 4, (0, 1)),
        ([[9, 9], [2, -2], [0, 1], [3, -4]], 2 / 12, 4 / 12, (0,)),  # gaps 2, 1, 1 and a leak of 2
    ],
)
def test_without_effects_the_gaps_are_judged_against_what_is_given(table, leakage, residual, worst, exact):
    criteria = hand(table, [5.0, 0.0, 0.0, 0.0], exact=exact)
    assert not criteria.effects
    assert (criteria.coverage, criteria.leakage, criteria.residual) == (
        1,
        pytest.approx(leakage),
        pytest.approx(residual),
    )
    assert criteria.worst == worst
    verdicts = {"coverage": "pass", "relevance": "fail" if leakage else "pass"}
    assert criteria.verdicts == {**verdicts, "completeness": "fail" if residual else "pass"}


@pytest.mark.parametrize(
    ("error", "verdict"), [(0.0, "fail"), (1e-7, "fail"), (0.04, "fail"), (0.06, "undecided"), (4.3, "undecided")]
)
def test_without_effects_the_error_of_the_method_counts(error, verdict):
    """A gap of ½, and an error within a factor of ten of it."""
    criteria = hand([[0.0], [0.5]], [5.0, 0.0], error=np.array([0.0, error]))
    assert criteria.verdicts["completeness"] == verdict
    assert criteria.error == pytest.approx(error / 0.5)


VANISHING = {  # no dividend at x, and what Integrated Gradients gives by hand
    "x²y − xy²": (lambda z: z[:, 0] ** 2 * z[:, 1] - z[:, 0] * z[:, 1] ** 2, [1.0, 1.0], [1 / 3, -1 / 3]),
    "x³y − xy³": (lambda z: z[:, 0] ** 3 * z[:, 1] - z[:, 0] * z[:, 1] ** 3, [2.0, 2.0], [8.0, -8.0]),
    "z(1 − z)": (lambda z: z[:, 0] * (1 - z[:, 0]), [1.0], [0.0]),
    "z(1 − z) + z²(1 − z)": (lambda z: z[:, 0] * (1 - z[:, 0]) + z[:, 1] ** 2 * (1 - z[:, 1]), [1.0, 1.0], [0.0, 0.0]),
    "5 + z(1 − z)": (lambda z: 5 + z[:, 0] * (1 - z[:, 0]), [1.0], [0.0]),
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("factor", [1.0, 1e-9, 1e9])
@pytest.mark.parametrize("case", VANISHING)
def test_integrated_gradients_is_not_convicted_where_every_dividend_vanishes(case, factor, dtype):
    f, x, by_hand = VANISHING[case]
    game = Game.from_function(lambda z: factor * f(z), torch.tensor([x], dtype=dtype))
    measured = measure("integrated_gradients", game)
    unit = 1e-6 if dtype == torch.float32 else 1e-14
    assert measured.attribution.tolist() == pytest.approx([v * factor for v in by_hand], abs=10 * unit * factor)
    criteria = measured.criteria()
    assert "fail" not in criteria.verdicts.values()
    assert np.isfinite(criteria.residual)
    if any(by_hand):
        assert set(criteria.verdicts.values()) == {"pass"}
        assert criteria.residual <= 1e-6


def test_a_quadrature_that_errs_is_undecided_where_every_dividend_vanishes():
    game = Game.from_function(lambda z: 5 + torch.sin(300 * z[:, 0]) * z[:, 0] * (1 - z[:, 0]), [1.0])
    measured = measure("integrated_gradients", game)
    assert measured.criteria().verdicts["completeness"] != "fail"
    assert abs(measured.attribution.item()) <= measured.error[1]


@pytest.mark.parametrize("case", VANISHING)
def test_what_gives_something_for_nothing_fails(case):
    """Gradient × Input: Σ dᵢ ∂ᵢf(x) is not 0 in any row where a player has a slope at x."""
    f, x, _ = VANISHING[case]
    criteria = measure("gradient_x_input", Game.from_function(f, x)).criteria()
    slopes = {"x²y − xy²": 0, "x³y − xy³": 0}.get(case, 1)  # of degree three and four: Σ is 3 and 4 times f(x) = 0
    assert criteria.verdicts["completeness"] == ("fail" if slopes else "pass")
    assert criteria.verdicts["relevance"] == "pass"


def test_rows_that_are_missing_acquit_nobody_where_those_that_are_there_vanish():
    effects = harsanyi(Game.from_function(lambda z: z[:, 0] * z[:, 1] * (z[:, 0] - z[:, 1]), [1.0, 1.0]), order=1)
    rule = Policy(lambda s: s / s.sum(-1, keepdims=True), reads="support")
    assert set(allocate(effects, rule).criteria().verdicts.values()) == {"undecided"}


def test_a_policy_that_asks_for_sizes_alone_is_proven_on_rows_that_are_missing():
    """1/|S| meets all three on every coalition; 1 gives |S| times the effect; 1[|S| = 1] covers no interaction."""
    effects = harsanyi(Game.from_values([0.0, 1.0, 2.0, 3.0, 0.0, 1.0, 2.0, 5.0]), order=1)
    once = Policy(lambda s: s * (s.sum(-1, keepdims=True) == 1), reads="support", symmetric=True)
    assert set(allocate(effects, equal_shares).criteria().verdicts.values()) == {"pass"}
    verdicts = {"coverage": "pass", "relevance": "pass", "completeness": "undecided"}
    assert allocate(effects, full_credit).criteria().verdicts == verdicts
    verdicts = {"coverage": "undecided", "relevance": "pass", "completeness": "undecided"}
    assert allocate(effects, once).criteria().verdicts == verdicts


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", GAME_METHODS)
def test_a_constant_function_passes_with_every_method(name, dtype):
    x = draw(3, dtype=dtype)
    game = Game.from_function(lambda z: z.sum(1) * 0 + 1234.5678, x[None])
    criteria = measure(name, game).criteria()
    assert not criteria.effects
    assert criteria.passes == (True, True, True)
    assert all(np.isfinite([criteria.coverage, criteria.leakage, criteria.residual, criteria.phantom]))


def test_x_equal_to_the_baseline_has_no_effects():
    case = BY_ID["softplus"]
    game = Game.from_model(case.model, case.x[None], case.x[None], target=1)
    for name in GAME_METHODS:
        if name != "smoothgrad_x_input":
            assert measure(name, game).criteria().passes == (True, True, True)


def test_a_truncated_series_is_not_complete():
    """x + x·y·z at (2, 1, 3) to degree 2: 2 is shared out and 6 left; coverage 2/8, residual 6/8."""
    effects = taylor(Game.from_expression("x + x*y*z", {"x": 2, "y": 1, "z": 3}), degree=2)
    criteria = allocate(effects, degree_shares).criteria()
    assert criteria.coverage == pytest.approx(2 / 8)
    assert criteria.residual == pytest.approx(6 / 8)
    assert criteria.verdicts == {"coverage": "undecided", "relevance": "pass", "completeness": "undecided"}
    effects = harsanyi(Game.from_function(lambda z: z[:, 0] + z.prod(1), [2.0, 1.0, 3.0]), order=2)
    criteria = allocate(effects, equal_shares).criteria()
    assert (criteria.verdicts["completeness"], criteria.residual, criteria.order) == ("pass", 0.0, 2)  # by the policy


def test_what_is_wrong_on_the_known_rows_of_a_truncated_series_convicts():
    """Gradient x Input credits x·y twice over, whatever the missing x·y·z holds."""
    effects = taylor(Game.from_expression("x*y + x*y*z", {"x": 2, "y": 1, "z": 3}), degree=2)
    criteria = allocate(effects, degree_credit).criteria()
    assert criteria.verdicts == {"coverage": "undecided", "relevance": "pass", "completeness": "fail"}


def test_weights_that_are_no_numbers_are_refused():
    effects = harsanyi(Game.from_values([0.0, 1.0, 2.0, 7.0]))
    with pytest.raises(ValueError, match="finite numbers"):
        allocate(effects, Policy(lambda s: s / (s - s), formula="0/0", reads="support")).criteria()


def test_a_truncated_series_is_not_complete_even_if_the_rest_cancels_at_x():
    """x + x²y − xy² at (1, 1) to degree 1: the two terms that nobody is given add up to zero."""
    effects = taylor(Game.from_expression("x + x**2*y - x*y**2", {"x": 1, "y": 1}), degree=1)
    assert effects.remainder == 0
    assert allocate(effects, degree_shares).criteria().verdicts["completeness"] != "pass"


def test_criteria_of_several_games_are_refused():
    with pytest.raises(ValueError, match="judge one game"):
        allocate(harsanyi(BY_ID["table-leading-axes"].game()), equal_shares).criteria()


@pytest.mark.parametrize("size", ["1e-400", "1e400", "exp(-1000)", "3/7"])
def test_exact_verdicts_know_no_range_of_floats(size):
    """x·y·c: Occlusion-1 gives all of it to both, the Shapley value half to each."""
    game = Game.from_expression(f"x*y*{size}", {"x": 2, "y": 1})
    effects = harsanyi(game)
    twice, fair = (allocate(effects, method(name).policy(game)).criteria() for name in ("occlusion_1", "shapley"))
    assert twice.verdicts == {"coverage": "pass", "relevance": "pass", "completeness": "fail"}
    assert (twice.coverage, twice.residual, twice.worst) == (1, 1, (0, 1))
    assert set(fair.verdicts.values()) == {"pass"}
    assert (fair.coverage, fair.residual, fair.worst) == (1, 0, None)
    assert [key for key, _ in effects.top(3)] == [(0, 1)]


@pytest.mark.parametrize("size", ["1e-400", "1e400"])
def test_a_comparison_of_numbers_that_no_float_is_near_is_refused(size):
    with pytest.raises(ValueError, match=r"written and drawn in floats, .* multiply the expression by a power of ten"):
        compare(Game.from_expression(f"x*y*{size}", {"x": 2, "y": 1}))
