"""The explorer in a browser: exactly what Python says, and all of it by the keyboard."""

import json
import random
import re
from fractions import Fraction
from functools import cache

import browser
import numpy as np
import pytest

from decompositions import Game, harsanyi, taylor
from synergy import Policy, allocate, method
from synergy.showing.explorer import choices, write_explorer

pytest.importorskip("jinja2", reason="the page needs the extra 'cli'")
pytestmark = pytest.mark.skipif(browser.CHROMIUM is None, reason="needs Chromium")
POLYNOMIALS, PLAYERS, HAND = 200, 4, "hand"
HANDS = """
    const all = (selector) => [...document.querySelectorAll(selector)];
    const one = (selector) => document.querySelector(selector);
    const fire = (element, kind) => element.dispatchEvent(new window.Event(kind, { bubbles: true }));
    const type = (element, text) => { element.value = text; fire(element, "input"); };
    const slide = (element, place) => { element.value = place; fire(element, "input"); };
    const choose = (name) => one(`[name=policy][value=${name}]`).click();
    const judged = () => Object.fromEntries(all("[data-criterion]").map((panel) => [panel.dataset.criterion, {
      verdict: panel.querySelector(".verdict").textContent.slice(1), measure: panel.querySelector(".num").textContent,
      smallest: panel.querySelector(".smallest") && panel.querySelector(".smallest").textContent }]));
    const rows = () => all("#table tbody tr").map((row) => [...row.cells].map((cell) => cell.textContent));
    const attribution = () => all("#bars .num").map((each) => each.title);
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return write_explorer(tmp_path_factory.mktemp("explorer") / "page.html")


def number(rng, low=-8, high=8):
    return Fraction(rng.randint(low, high), rng.choice([1, 2, 3, 4]))


def question(seed):
    """A polynomial of 1 to 4 players, some in brackets, x, b and shares by hand; now and then a player is at b."""
    rng = random.Random(seed)
    names = [f"z{i + 1}" for i in range(rng.randint(1, PLAYERS))]

    def term():
        factors = [str(abs(number(rng)))]
        factors += [f"{rng.choice(names)}^{rng.randint(1, 3)}" for _ in range(rng.randint(0, 3))]
        return "*".join(factors)

    parts = [f"{rng.choice('+-')} {term()}" for _ in range(rng.randint(1, 4))]
    parts += [f"+ 0*{name}" for name in names]  # all of them are players
    if rng.random() < 0.4:
        parts.append(f"- ({names[0]} - 0.5*{names[-1]} + 1/3)^{rng.randint(2, 3)}")
    b = [number(rng) for _ in names]
    x = [each if rng.random() < 0.1 else number(rng) for each in b]
    shares = [[number(rng, -2, 3) for _ in range(PLAYERS + 1)] for _ in range(PLAYERS)]
    return {
        "polynomial": " ".join(parts),
        "names": names,
        "x": dict(zip(names, map(str, x), strict=True)),
        "b": dict(zip(names, map(str, b), strict=True)),
        "shares": [[str(each) for each in row] for row in shares],
        "by": rng.choice(["size", "degree"]),
    }


def drawn(asked):
    """The policy by hand, row by row."""
    shares, by_degree = asked["shares"], asked["by"] == "degree"

    def weights(table):
        made = np.empty(table.shape, dtype=object)
        for row, degrees in enumerate(table):
            count = sum(degrees) if by_degree else sum(k > 0 for k in degrees)
            own = shares[min(int(count), PLAYERS) - 1]
            for i, k in enumerate(degrees):
                made[row, i] = like(own[i] if k > 0 else own[PLAYERS], table)
        return made

    return Policy(weights, formula="by hand")


def like(text, table):
    """A number of the kind that exact tables hold."""
    whole = Fraction(text)
    return 0 * table.flat[0] + type(table.flat[0])(whole.numerator) / type(table.flat[0])(whole.denominator)


def exact(value):
    return Fraction(str(value))


def by_definition(effects, table):
    """Coverage, leakage and residual as they are defined, one row after the other, in fractions."""
    strength = covered = given = leaked = gap = Fraction(0)
    for members, effect, shares in zip(effects.table(1, len(effects)) > 0, effects.values[1:], table[1:], strict=True):
        own = [exact(share) for share, inside in zip(shares, members, strict=True) if inside]
        outside = [exact(share) for share, inside in zip(shares, members, strict=True) if not inside]
        effect = exact(effect)
        strength += abs(effect)
        covered += abs(effect) if sum(map(abs, own)) > abs(effect) / 10**6 else 0
        given += sum(map(abs, own + outside))
        leaked += sum(map(abs, outside))
        gap += abs(effect - sum(own))
    residual = gap / (strength or given or 1)
    return {"coverage": covered / strength if strength else 1, "leakage": leaked / (given or 1), "residual": residual}


def same_rows(found, effects, table, key):
    """Every row of the page is Python's, and of those that the page does not have nothing is anything."""
    expected = {}
    for row in range(1, len(effects)):
        shares = [exact(share) for share in table[row]]
        if effects.values[row] != 0 or any(shares):
            expected[key(effects, row)] = (exact(effects.values[row]), shares)
    assert {k: (Fraction(r["effect"]), list(map(Fraction, r["given"]))) for k, r in found.items()} == expected


def same_criteria(found, allocation):
    numbers, criteria = by_definition(allocation.effects, allocation.values), allocation.criteria()
    assert {name: Fraction(found[name]) for name in numbers} == numbers
    assert [found["verdicts"][name] for name in criteria.verdicts] == list(criteria.passes)
    assert [float(numbers[name]) for name in numbers] == pytest.approx([getattr(criteria, name) for name in numbers])


def test_200_random_polynomials_are_what_python_says(page):
    questions = [question(seed) for seed in range(POLYNOMIALS)]
    found, console = browser.tried(page, f"return window.explored({json.dumps(questions)});")
    assert console == []
    assert len(found) == POLYNOMIALS
    for asked, answers in zip(questions, found, strict=True):
        names = asked["names"]
        game = Game.from_expression(asked["polynomial"], asked["x"], asked["b"])
        effects, dividends = taylor(game), harsanyi(game)
        assert answers.keys() == {*(each.name for each in choices()), HAND}
        for name, answer in answers.items():
            policy = drawn(asked) if name == HAND else of_method(name).policy(game)
            allocation = allocate(effects, policy)
            assert answer["names"] == names
            assert [Fraction(answer[end]) for end in ("start", "end")] == [
                exact(game([[bit] * game.n])[0]) for bit in (0, 1)
            ]
            assert list(map(Fraction, answer["dividends"])) == [
                exact(v) + (exact(effects.values[0]) if s == 0 and dividends.values[0] == 0 else 0)
                for s, v in enumerate(dividends.values)
            ]
            assert list(map(Fraction, answer["attribution"])) == list(map(exact, allocation.attribution))
            same_rows(answer["effects"], effects, allocation.values, lambda e, row: ",".join(map(str, e.degrees[row])))
            same_criteria(answer["criteria"], allocation)
            coalitions = allocation.by_support()
            same_rows(answer["coalitions"], coalitions.effects, coalitions.values, mask)
            same_criteria(answer["byCoalition"], coalitions)


@cache
def of_method(name):
    return method(name, **type(method(name)).judged_with)


def mask(effects, row):
    return str(sum(1 << i for i, inside in enumerate(effects.table(row, row + 1)[0]) if inside > 0))


def test_the_methods_of_the_page():
    assert {each.name for each in choices()} == {
        "gradient_x_input", "occlusion_1", "occlusion_patch", "prediction_difference", "integrated_gradients",
        "expected_gradients", "shapley",
    }  # fmt: skip


@pytest.mark.parametrize("width", [1280, 390])
def test_criteria_turn_and_the_smallest_counterexample_is_shown(width, page):
    script = """
        const found = { first: judged(), frames: [] };
        for (const name of ["integrated_gradients", "shapley", "occlusion_1", "occlusion_patch", "gradient_x_input"]) {
          choose(name); found[name] = judged();
        }
        type(one("#polynomial"), "z1 + 2*z2");
        found.linear = judged();
        one("[data-criterion=completeness] button").click();
        found.shown = [one("#polynomial").value, judged(), rows(), attribution()];
        slide(one("[aria-label='baseline b of z1']"), 4);
        found.moved = [rows(), judged(), one("#values").textContent];
        type(one("[aria-label='x of z1, typed']"), "2/3");
        found.typed = [rows(), one("[aria-label='x of z1']").getAttribute("aria-valuetext")];
        found.scroll = document.documentElement.scrollWidth;
        return found;
    """
    found, console = browser.tried(page, HANDS + script, width)
    assert console == []
    assert found["scroll"] <= width
    # z1·z2 + z3 at (2, 3, 1): effects 6 and 1; Gradient × Input gives 12 of the 6
    assert found["first"]["completeness"] == {"verdict": "fail", "measure": "residual 6/7 ≈ 0.8571", "smallest": "z1²"}
    for name in ("integrated_gradients", "shapley"):
        assert [each["verdict"] for each in found[name].values()] == ["pass"] * 3
        assert [each["smallest"] for each in found[name].values()] == [None] * 3
    assert found["occlusion_1"]["completeness"]["smallest"] == "z1·z2"
    assert found["occlusion_patch"]["relevance"]["smallest"] == "z1"
    assert found["linear"]["completeness"] == {"verdict": "pass", "measure": "residual 0", "smallest": "z1²"}
    polynomial, verdicts, rows, attribution = found["shown"]
    assert (polynomial, rows, attribution) == ("z1^2 + 0*z2", [["z1²", "1", "2", "0", "−1"]], ["2", "0"])
    assert verdicts["completeness"]["verdict"] == "fail"
    assert found["moved"][0] == []  # b is at x
    assert found["moved"][2] == "f(x) = 1, f(b) = 1; to share out: f(x) − f(b) = 0"
    # z² at 2/3 against 1: 2·(−1/3) and (1/3)²
    assert found["typed"] == [[["z1", "−2/3", "−2/3", "0", "0"], ["z1²", "1/9", "2/9", "0", "−1/9"]], "2/3"]


def test_a_policy_drawn_by_hand(page):
    script = """
        choose("hand");
        const equal = [judged(), attribution(), one("#hand").hidden];
        slide(one("[aria-label='share of z1, taking part 2']"), 12);
        slide(one("[aria-label='share of z2, taking part 2']"), 0);
        const to_the_first = [judged(), attribution()];
        slide(one("[aria-label='share of z1, taking part 2']"), 0);
        const nobody = judged();
        slide(one("[aria-label='share of each outsider, taking part 1']"), 6);
        const leaked = [judged(), attribution()];
        one("#by").value = "degree"; fire(one("#by"), "change");
        const labels = all("#hands tbody th").map((each) => each.textContent);
        one("#again").click();
        return { equal, to_the_first, nobody, leaked, labels, again: attribution() };
    """
    found, console = browser.tried(page, HANDS + script)
    assert console == []
    assert found["equal"][1:] == [["3", "3", "1"], False]
    assert [each["verdict"] for each in found["equal"][0].values()] == ["pass"] * 3
    assert found["to_the_first"][1] == ["6", "0", "1"]
    assert [each["smallest"] for each in found["to_the_first"][0].values()] == [None, None, "z1·z3"]
    assert found["nobody"]["coverage"] == {"verdict": "fail", "measure": "coverage 1/7 ≈ 0.1429", "smallest": "z1·z2"}
    assert found["leaked"][0]["relevance"] == {"verdict": "fail", "measure": "leakage 1/2 ≈ 0.5", "smallest": "z1"}
    assert found["leaked"][1] == ["1/2", "1/2", "1"]  # of z3's effect of 1
    assert found["labels"] == ["1", "2", "3", "4 or more"]
    assert found["again"] == ["3", "3", "1"]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("z1 +", "a number, a name or a bracket was expected, not the end"),
        ("(z1 + z2", "a bracket is not closed: “)” was expected, not the end"),
        ("z1 & z2", "“&” at character 4 is no part of a polynomial"),
        ("sin(z1)", "sin(…) is no polynomial"),
        ("z1/z2", "a polynomial is divided by numbers only"),
        ("z1/0", "nothing is divided by zero"),
        ("z1^z2", "a power is a whole number from 0 to 12"),
        ("z1^13", "a power is a whole number from 0 to 12"),
        ("z1^7*z2^6", "a polynomial has degree 12 at most"),
        ("a+b+c+d+e", "there is room for 4 players, and this names 5: a, b, c, d, e"),
        ("pi*z1", "pi is the name of a number"),
        ("3", "a polynomial names its players"),
        ("z1 z2", "the polynomial ends before “z2” at character 4"),
        ("", "a polynomial names its players"),
        ("<b>", "“<” at character 1 is no part"),
        ("+".join(["z1"] * 200), "a polynomial has at most 500 letters"),
        ("z1*9^12*99999999999999999999^12", "a number has at most 200 digits"),
    ],
)
def test_what_is_no_polynomial_is_said_in_one_line(typed, said, bad_input):
    wrong, kept, invalid = bad_input[typed]
    assert wrong.startswith(said)
    assert "\n" not in wrong
    assert kept == ["6", "6", "1"]  # what was right before stays
    assert invalid == "true"


@pytest.fixture(scope="module")
def bad_input(page):
    marks = test_what_is_no_polynomial_is_said_in_one_line.pytestmark
    texts = [case[0] for mark in marks if mark.name == "parametrize" for case in mark.args[1]]
    script = f"""
        const field = one("#polynomial");
        return Object.fromEntries({json.dumps(texts)}.map((text) => {{
          type(field, text);
          return [text, [one("#wrong").textContent, attribution(), field.getAttribute("aria-invalid")]];
        }}));
    """
    return browser.tried(page, HANDS + script)[0]


def test_a_number_that_is_none_is_said_too_and_mended(page):
    script = """
        const field = one("[aria-label='x of z1, typed']");
        type(field, "1/0");
        const wrong = [one("#wrong").textContent, field.getAttribute("aria-invalid"), attribution()];
        type(field, "0.5");
        return { wrong, mended: [one("#wrong").textContent, field.getAttribute("aria-invalid"), attribution()] };
    """
    found, _ = browser.tried(page, HANDS + script)
    assert found["wrong"] == ["a number is written 2, −1/2 or 0.25, not “1/0”", "true", ["6", "6", "1"]]
    assert found["mended"] == ["", None, ["3/2", "3/2", "1"]]


def test_all_of_it_is_reached_by_the_keyboard_and_named(page):
    script = """
        const hidden = (each) => each.closest("[hidden]");
        const controls = all("input, select, button, textarea, [tabindex]").filter((each) => !hidden(each));
        const labelled = (each) => each.getAttribute("aria-label") || (each.labels && each.labels.length);
        const named = (each) => labelled(each) || each.textContent.trim();
        return { bare: controls.filter((each) => !named(each)).map((each) => each.outerHTML),
          out: controls.filter((each) => each.tabIndex < 0).length, clickable: all("[onclick]").length,
          sliders: all("input[type=range]").filter((each) => !hidden(each)).length,
          alert: one("#wrong").getAttribute("role"), status: one("#said").getAttribute("role") };
    """
    found, _ = browser.tried(page, HANDS + script)
    assert found == {"bare": [], "out": 0, "clickable": 0, "sliders": 6, "alert": "alert", "status": "status"}


def test_it_is_one_small_file_that_asks_nothing_of_the_network(page):
    text = page.read_text("utf8")
    assert page.stat().st_size < 200_000
    assert not re.search(r"(src|href)=|https?:|@import|url\(|fetch|XMLHttp|WebSocket", text)
    assert "default-src 'none'" in text
