"""Plain text: numbers, tables and reasons, against values worked out by hand."""

import re
from collections import Counter
from fractions import Fraction

import pytest
import torch
from drawn_results import EFFECTS
from drawn_results import comparison as judged
from sympy import Integer

from decompositions.effects.effects import Effects
from synergy import Game, compare, harsanyi, measure, method, taylor
from synergy.comparison.balance import balance
from synergy.comparison.comparison import Comparison
from synergy.comparison.result import Result
from synergy.showing.text import comparison_table, effects_table
from synergy.wording.effects import effect_label
from synergy.wording.names import columns, shared_start, shorten
from synergy.wording.notes import clause
from synergy.wording.numbers import brief, fixed, number
from synergy.wording.room import ELSEWHERE


def product(names=("left", "right"), methods=("shapley", "occlusion_1"), **settings):
    """f = x₁x₂ at (2, 3): one effect, 6; Shapley gives (3, 3), Occlusion-1 (6, 6)."""
    table = Game.from_values([0.0, 0.0, 0.0, 6.0], names=names)
    return compare(table, list(methods), **settings)


def by_hand(n, methods=1, names=None):
    """A comparison of many players, made by hand: independent effects only."""
    names = names or tuple(f"player {i}" for i in range(n))
    values = torch.cat([torch.zeros(1), torch.arange(1.0, n + 1)]).double()
    degrees = torch.cat([torch.zeros(1, n), torch.eye(n)]).int().numpy()
    effects = Effects(values, names=names, basis="harsanyi", degrees=degrees)
    results = tuple(
        Result(f"method_{k}", "f(x) − f(b)", "1", attribution=values[1:], measured_note="not asked", theory_note="none")
        for k in range(methods)
    )
    return Comparison(effects, None, "no series", results)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2.0, "2.000"),
        (-2.03149, "-2.031"),
        (0.0316151, "0.03162"),
        (0, "0"),
        (7, "7"),
        (12345678, "12345678"),
        (Fraction(-35, 18), "-35/18"),
        (Fraction(10**20, 3), "3.333e19"),
        (1.5e-7, "1.5e-7"),
        (-8.88e-16, "-8.88e-16"),
        (torch.tensor(1 / 3), "0.3333"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
    ],
)
def test_number(value, text):
    assert number(value) == text


def test_number_of_sympy():
    sympy = pytest.importorskip("sympy")
    assert number(sympy.Rational(-7, 12)) == "-7/12"
    assert number(sympy.sqrt(2)) == "1.414"
    assert number(sympy.Rational(3, 2), sign=True) == "+3/2"


def test_names_are_cut_to_columns():
    assert shorten("concave points", 8) == "concave…"
    assert columns(shorten("幸福" * 10, 9)) <= 9
    assert shorten("a\x1b[31mb\n") == r"a\x1b[31mb\n"
    assert shorten("a\u202eb\x9bc", 40) == "a\\u202eb\\x9bc"
    assert shorten("two\u00a0words") == "two words"
    family = "\U0001f468\u200d\U0001f469"
    assert shorten(family) == family
    assert columns(family) == 4
    assert columns(shorten("x" * 10**7, 9)) == 9


def test_an_effect_of_many_players_keeps_its_first_members():
    names = ("radius", "texture", "area", "symmetry")
    effects = Effects(torch.zeros(16).double(), names=names)
    assert effect_label(effects, (0, 1, 2, 3), 18) == "radius·texture·+2"
    assert effect_label(effects, (), 18) == "∅"
    regions = Effects(torch.zeros(4).double(), names=("region 1", "region 12"))
    assert effect_label(regions, (0, 1)) == "region 1·12"


def test_long_names_are_shortened_before_members_are_left_out():
    """34 columns for three names: the last needs 8 of them, and 13 are left for each of the others."""
    clauses = Effects(torch.zeros(8).double(), names=("The first part was slow", "but the ending", "moved me"))
    assert effect_label(clauses, (0, 1, 2)) == "The first pa…·but the endi…·moved me"
    assert effect_label(clauses, (0, 1, 2), 20) == "The first part w…·+2"


def test_a_shared_start_leaves_no_name_empty():
    assert shared_start(["a b", "a b c"]) == "a "
    assert shared_start(["a ", "a b"]) == ""
    assert shared_start(["same", "same"]) == ""


def test_balance_says_where_the_gap_went():
    comparison = product()
    sums = balance(comparison, comparison["occlusion_1"])
    assert (sums.total, sums.goal, sums.gap) == (12.0, 6.0, -6.0)
    assert sums.parts == (("left·right", 6.0, 12.0),)
    assert sums.explain() == "gap -6.000: left·right is 6.000, given 12.00"
    assert balance(comparison, comparison["shapley"]).explain() == "no gap"


def test_rounding_of_many_effects_is_no_gap():
    values = torch.randn(2**14, generator=torch.Generator().manual_seed(0)).double() * 1e-7
    comparison = compare(Game.from_values(values), ["shapley", "occlusion_1"])
    assert balance(comparison, comparison["shapley"]).closed
    assert not balance(comparison, comparison["occlusion_1"]).closed


def test_balance_with_another_target():
    base = Game.from_values([1.0, 1.0, 1.0, 7.0])
    comparison = compare(base, ["shapley"])
    result = comparison["shapley"]
    for target, goal in (("f(x) − f(b)", 6.0), ("f(x)", 7.0), ("its own", None)):
        changed = Result(result.name, target, "", result.attribution)
        assert balance(comparison, changed).goal == goal
    with pytest.raises(ValueError, match="no attributions: not here"):
        balance(comparison, Result("x", "f(x)", "", note="not here"))


def test_table_of_a_product():
    text = comparison_table(product())
    lines = [line.split() for line in text.splitlines()]
    assert ["left", "3.000", "6.000"] in lines
    assert ["Σ", "6.000", "12.00"] in lines
    assert ["target", "6.000", "6.000"] in lines
    assert ["gap", "0", "-6.000"] in lines
    verdicts = {line[0] + line[1]: line for line in lines if len(line) > 3 and line[1] == "theory"}
    assert verdicts["shapleytheory"][2:8] == ["pass", "1", "pass", "0", "pass", "0"]
    assert verdicts["occlusion_1theory"][2:] == ["pass", "1", "pass", "0", "fail", "1", "0", "left·right"]
    assert "relative to the largest effect: shapley 0, occlusion_1 0" in " ".join(text.split())
    assert "strongest effects (1 of 1 above the noise; noise floor of J(S): 1.3e-15" in text


def test_reasons_are_footnotes_said_once():
    game = Game.from_function(lambda z: torch.atan(z).sum(1) * z[:, 0], [1.0, 2.0], 0.0)
    text = compare(game, ["integrated_gradients", "gradient_x_input"], budget=50).table()
    lines = text.splitlines()
    assert sum(line.startswith("[1] the Taylor series does not end") for line in lines) == 1
    assert any(
        line.startswith("[2] the fewest rows are worth ") and line.endswith("above the budget of 50") for line in lines
    )
    assert [line.split()[-2:] for line in lines if " theory " in line][:2] == [["none", "[1]"]] * 2


def test_a_method_that_does_not_apply_is_named_with_its_reason():
    comparison = by_hand(2)
    lost = Result("lost", "f(x)", "", note="layer 'x' is reused; call it once")
    text = comparison_table(Comparison(comparison.effects, None, "", (*comparison.results, lost)))
    assert "does not apply [" in text
    assert "layer 'x' is reused" in text


def verdicts(text: str) -> Counter:
    return Counter(re.findall(r"\b(?:pass|fail|undecided) [\d.e-]+", text))


@pytest.mark.parametrize("width", [60, 80, 100])
@pytest.mark.parametrize("case", ["3 players", "60 players", "long names"])
def test_a_comparison_fits_the_terminal_and_loses_no_verdict(case, width, monkeypatch):
    found = judged(EFFECTS[case])
    monkeypatch.setenv("COLUMNS", "300")
    wide = found.table()
    monkeypatch.setenv("COLUMNS", str(width))
    table = found.table()
    for text in (table, str(found)):
        assert max(map(columns, text.splitlines())) <= width
    assert verdicts(table) == verdicts(wide)
    assert verdicts(wide).total() == 3 * 5  # theory and measured of two methods, and one theory
    assert table.count("does not apply") == wide.count("does not apply")


@pytest.mark.parametrize("methods", [1, 8, 15])
def test_table_stays_narrow(methods):
    comparison = by_hand(4, methods, ("a very long name of a player " * 3, "b" * 90, "c", "幸福" * 30))
    lines = comparison_table(comparison).splitlines()
    assert max(map(columns, lines)) <= ELSEWHERE
    for k in range(methods):
        assert sum(f"method_{k}" in line for line in lines) >= 1
    attributions = " ".join(line for line in lines if line.startswith("c "))
    assert attributions.split().count("3.000") == methods


def test_many_players_show_the_strongest_and_count_the_rest():
    text = comparison_table(by_hand(100))
    assert "player 99" in text
    assert "player 3 " not in text
    assert "… 70 more" in text
    assert any(line.split() == ["…", "70", "more", "2485"] for line in text.replace("2485.000", "2485").splitlines())


def test_exact_numbers_stay_fractions():
    game = Game.from_expression("x1*x2 + x1**2*x3", {"x1": "1/2", "x2": 3, "x3": -1})
    text = compare(game, ["shapley", "integrated_gradients"]).table()
    assert "f(x) = 5/4" in text
    assert ["x1", "5/8", "7/12"] in [line.split() for line in text.splitlines()]
    assert "exact numbers, no rounding" in text


def test_effects_are_ranked_with_sign_and_bar():
    lines = effects_table(harsanyi(Game.from_values([0.0, -4.0, 1.0, -1.0])), k=2).splitlines()
    assert lines[0].startswith("strongest effects (2 of 3 above the noise")
    assert lines[1].split() == ["x0", "-4.000", "░" * 24]
    assert lines[2].split() == ["x0·x1", "+2.000", "█" * 12]


def test_taylor_effects_have_powers():
    effects = taylor(Game.from_expression("x1**2*x2", {"x1": 1, "x2": 2}))
    assert effects_table(effects).splitlines()[1].split()[:2] == ["x1²·x2", "+2"]


def test_no_effect_at_all():
    game = Game.from_values([1.0, 1.0, 1.0, 1.0])
    text = compare(game, ["shapley"]).table()
    assert "no effect above the noise" in text
    assert "(0 of 0 above the noise" in text


LONG_NOTE = (
    "there is a kink (relu_ in ReLU 'stem.2', at 6835 of 16384 places; hardtanh, at [1; 2] places); take measure()"
)


@pytest.mark.parametrize(
    ("note", "short"),
    [
        (LONG_NOTE, LONG_NOTE.removesuffix("; take measure()")),
        ("one; two; three", "one"),
        ("no bracket", "no bracket"),
        ("a smile :( is no bracket; nothing to close", "a smile :( is no bracket"),
        ("closed) first; then", "closed) first"),
    ],
)
def test_a_note_is_cut_at_a_semicolon_outside_brackets(note, short):
    assert clause(note) == short


def test_notes_keep_their_brackets_in_the_table():
    game = Game.from_function(lambda z: torch.relu(z.sum(1)) + torch.relu(z[:, 0] - z[:, 1]), [1.0, -2.0], [-2.0, 1.0])
    text = compare(game, ["integrated_gradients"]).table()
    note = text[text.index("[1] ") : text.index("\n\n", text.index("[1] "))]
    assert "; " in note
    assert note.count("(") == note.count(")") == 1


def test_zero_has_no_sign():
    assert (number(-0.0), brief(-0.0), fixed(-0.0, 1.0), fixed(-1e-5, 1.0)) == ("0", "0", "0", "0.00")
    for values in ([0.0, 0.0], [-0.0, -0.0, 0.0, -0.0]):
        assert "noise floor of J(S): 0 ·" in compare(Game.from_values(values), ["shapley"]).table()


def test_exact_numbers_beyond_the_floats():
    assert number(Fraction(7 * 10**400, 3)) == "2.333e400"
    assert number(-(10**5000)) == "-1.000e5000"
    assert number(Integer(10) ** 5000) == "1.000e5000"


def test_numbers_of_more_digits_than_python_writes(tmp_path):
    """(x + 1)^9999 − 1 at 7 is 8^9999 − 1, about 9.926·10^9029."""
    effects = harsanyi(Game.from_expression("(x + 1)**9999", {"x": 7}))
    assert "strongest: x +9.926e+9029" in repr(effects)
    assert "more than 4300 digits" in str(effects)
    assert r"\text{a number of more than 4300 digits}" in effects.formula.latex
    with pytest.raises(ValueError, match="at most 4300 digits"):
        effects.save(tmp_path / "effects")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("n", [3072, 30_000], ids=str)
def test_a_price_that_nobody_can_pay_is_a_power_of_two(n):
    game = Game.from_function(lambda z: z.sum(1), torch.ones(n), 0.0)
    for ask in (harsanyi, lambda g: method("shapley").attribute(g), lambda g: measure("shapley", g)):
        with pytest.raises(
            ValueError, match=rf"takes 2\^{n} model calls, above the limit of 1,048,576; take "
        ) as error:
            ask(game)
        assert len(str(error.value)) < 200


def test_a_table_of_shares_that_nobody_can_read_is_refused():
    game = Game.from_function(lambda z: z.sum(1), torch.ones(30_000), 0.0)
    for ask in (compare, lambda g: compare(g, order=1), lambda g: measure("occlusion_1", g, order=1)):
        with pytest.raises(
            ValueError, match=r"30,000 players are given of 30,(001|081) effects is 90.,...,000 numbers"
        ) as error:
            ask(game)
        assert "take a lower order, or fewer players: players.grid" in str(error.value)


def test_a_comparison_reads_well():
    comparison = product()
    text = str(comparison)
    assert text.splitlines()[0].startswith("f(b) = 0, f(x) = 6.000")
    lines = [line.split() for line in text.splitlines()]
    assert ["left", "3.000", "6.000"] in [line.split() for line in comparison.table().splitlines()]
    assert len(text.splitlines()) < 20
    assert ["occlusion_1", *["pass", "·", "pass", "·", "fail"] * 2] in lines
    assert max(map(columns, text.splitlines())) <= ELSEWHERE
    lost = Result("lost", "f(x)", "", note="layer 'x' is reused; call it once")
    assert "does not apply" in str(Comparison(comparison.effects, None, "", (lost,)))
    assert str(lost) == "lost: does not apply: layer 'x' is reused; call it once"
    shapley = str(comparison["shapley"])
    assert shapley.startswith("shapley: Σ 6.000; theory: coverage pass, relevance pass, completeness pass; measured")


def test_representations_take_one_line():
    comparison = product(names=("left\x1b[31m", "right\n"))
    shapley = comparison["shapley"]
    things = (
        comparison,
        shapley,
        shapley.measured_criteria,
        comparison.effects,
        Game.from_values([0.0, 1.0], names=["\x1b"]),
    )
    for each in (*things, shapley.theory, Result("lost", "f(x)", "", note="no")):
        assert len(repr(each)) < 150
        assert repr(each).isprintable()
        assert repr(each).startswith(type(each).__name__ + "(")
    assert repr(shapley.measured_criteria) == "Criteria(coverage pass, relevance pass, completeness pass)"


def test_several_games_are_refused():
    effects = harsanyi(Game.from_values([[0.0, 1.0], [0.0, 2.0]]))
    with pytest.raises(ValueError, match=r"one game; these effects have shape \(2, 2\)"):
        comparison_table(Comparison(effects, None, "", ()))


def test_names_that_begin_alike_stay_apart_where_they_are_cut():
    """Of 28 columns two of these names have 14 each: too few to reach the number at their end."""
    names = tuple(f"a long measurement of thing {i}" for i in range(3))
    effects = Effects(torch.zeros(8, dtype=torch.float64), names=names)
    labels = [effect_label(effects, key, 24) for key in [(0,), (1,), (0, 1), (0, 2), (1, 2)]]
    assert len(set(labels)) == 5
    assert all(len(label) <= 24 for label in labels)
    assert labels[0].endswith("thing 0")
    assert effect_label(Effects(torch.zeros(4), names=("a long measurement", "b")), (0,), 8) == "a long …"
