"""Small pieces of HTML for notebooks: what they say, and that they are well-formed whatever names hold."""

import re
from html import unescape
from html.parser import HTMLParser

import browser
import numpy as np
import pytest
import torch
from torch import nn

from decompositions import show
from synergy import Game, allocate, and_or, compare, estimate, harsanyi, measure, method, plan, straight_line, taylor
from synergy.neurons import conductance, input_by_neuron, rank_neurons
from synergy.neurons.controls import Controls, Outcome
from synergy.neurons.savings import Cost, Savings
from synergy.wording.numbers import brief, minus, number
from synergy.wording.table import Table

VOID = {"br", "img", "meta"}


class Reader(HTMLParser):
    """The tags that are open, and the text."""

    def __init__(self):
        super().__init__()
        self.open, self.text, self.tags = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1] != "style":
            self.text.append(data)


def read(value):
    page = value._repr_html_()
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    assert "http" not in page
    assert "<script" not in page
    return "|".join(reader.text), reader.tags


@pytest.fixture(scope="module")
def game():
    """2 x0 + 3 x0 x1 at (1, 1): effects 2 and 3, Shapley 3.5 and 1.5."""
    return Game.from_function(lambda z: 2 * z[:, 0] + 3 * z[:, 0] * z[:, 1], torch.ones(2).double(), names=["a<b", "c"])


def test_effects_by_hand(game):
    text, tags = read(harsanyi(game))
    assert "f(b) = 0, f(x) = 5.000: 3 effects" in text
    assert text.index("a<b·c|+3.000") < text.index("a<b|+2.000")
    assert tags.count("i") == 2  # a bar each
    assert "2 of 2 above the noise" in text


def test_an_allocation_and_its_criteria_by_hand(game):
    text, _ = read(allocate(harsanyi(game), method("shapley").policy(game)))
    assert "a<b·c|+3.000|+1.500|+1.500" in text
    assert "all|+5.000|+3.500|+1.500" in text
    assert text.count("✓ pass") == 3


def test_taylor_effects_have_rows_of_their_own(game):
    effects = taylor(game, 2)
    text, _ = read(allocate(effects, method("integrated_gradients").policy(game)))
    assert "a<b·c|+3.000|+1.500|+1.500" in text
    assert "a<b|+2.000|+2.000|0" in text


def test_a_comparison_says_what_was_found_and_joins_methods_alike(game):
    comparison = compare(game, ["shapley", "occlusion_1", "occlusion_patch", "lrp_epsilon", "deep_shap"])
    text, tags = read(comparison)
    assert "strongest effect" in text
    assert "Occlusion-1 = Occlusion-patch" in text
    assert tags.count("th") - 3 == 3  # nothing, Shapley, both occlusions; and the head of the effects
    assert "+3.500" in text
    assert "✗ fail" in text  # of Occlusion: 3 is given twice
    reasons = [part for part in text.split("|") if "needs the network" in part]
    assert len(reasons) == 1
    assert reasons[0].startswith("lrp_epsilon, deep_shap: needs the network")


def test_a_result(game):
    comparison = compare(game, ["occlusion_1", "lrp_epsilon"])
    text, _ = read(comparison["occlusion_1"])
    assert "target f(x) − f(b)" in text
    assert "+5.000" in text
    assert "does not apply" in read(comparison["lrp_epsilon"])[0]


@pytest.mark.parametrize("index", ["shapley", "sii"])
def test_an_estimation(game, index):
    text, _ = read(estimate(game, index))
    assert ("+3.500" if index == "shapley" else "a<b·c|+3.000") in text


def test_the_others(game):
    assert "2 players" in read(game)[0]
    assert "a<b ∧ c" in read(and_or(harsanyi(game)))[0]
    assert "model calls in all" in read(plan(game, ["shapley"]))[0]
    assert r"w_{i}" in read(method("shapley").policy(game))[0]
    assert "leakage 0" in read(measure("shapley", game).criteria())[0]


def test_a_straight_line(game):
    """2 x0 + 3 x0 x1 from (0, 0) to (1, 1): the gradient of x0 goes from 2 to 5, that of x1 from 0 to 3."""
    text, _ = read(straight_line(game, 4))
    assert "f(b) = 0, f(x) = 5.000: 4 steps from b to x" in text
    rows = {name: re.search(rf"\|{name}\|([^|]*)\|± [^|]*\|([^|]*)\|([^|]*)", text).groups() for name in ("a<b", "c")}
    assert rows == {"a<b": ("+3.500", "+2.000", "+5.000"), "c": ("+1.500", "0", "+3.000")}
    many = Game.from_function(lambda z: z.sum(1), torch.ones(14).double())
    assert "2 more players" in read(straight_line(many, 2))[0]


WIDE = [f"a feature with a name {letter}" for letter in "abcdefghijkl"]


@pytest.fixture(scope="module")
def wide():
    torch.manual_seed(0)
    weights = torch.rand(12, 12).double()
    return Game.from_function(lambda z: ((z @ weights) ** 2).sum(1), torch.ones(12).double(), names=WIDE)


def widths(value):
    """Of every table the letters in its widest cells, all columns together."""
    found = []
    for table in re.findall("<table>.*?</table>", value._repr_html_(), re.S):
        rows = [re.findall("<t[hd][^>]*>(.*?)</t[hd]>", row) for row in re.findall("<tr>.*?</tr>", table, re.S)]
        cells = [[len(unescape(re.sub("<[^>]*>", "", cell))) for cell in row] for row in rows]
        found.append(sum(map(max, zip(*cells, strict=True))))
    return found


def test_a_wide_table_is_several(wide):
    """140 letters of 14 pixels' type are about 1,000 pixels; 12 players' names alone are 240."""
    allocation = allocate(harsanyi(wide), method("shapley").policy(wide))
    assert max(widths(allocation)) < 140
    text, _ = read(allocation)
    assert text.count("effect|size") == 1
    assert text.count("a feature with a n") >= 12


@pytest.mark.skipif(browser.CHROMIUM is None, reason="needs Chromium")
def test_tables_are_no_wider_than_a_notebook(wide, tmp_path):
    compared = compare(
        wide, ["shapley", "occlusion_1", "gradient_x_input", "integrated_gradients", "smoothgrad_x_input"]
    )
    for value in (compared, compared["shapley"].measured, straight_line(wide, 2)):
        page = tmp_path / "cell.html"
        page.write_text(
            f"<meta charset='utf8'><body style='font:14px sans-serif'>{value._repr_html_()}", encoding="utf8"
        )
        script = "return {widths: [...document.querySelectorAll('table')].map((each) => each.offsetWidth)}"
        found, _ = browser.tried(page, script)
        assert found["widths"]
        assert max(found["widths"]) <= 1000


def test_exact_effects_come_with_their_formula():
    exact = Game.from_expression("x1*x2", {"x1": 1, "x2": 3})
    assert r"\underbrace{3}" in read(harsanyi(exact))[0]
    assert "1 Taylor effects" in read(taylor(exact))[0]
    assert "in a" in read(harsanyi(Game.from_expression("a*x1", {"x1": 1}, parameters=["a"])))[0]


def test_many_players_and_no_effect_at_all():
    torch.manual_seed(0)
    many = Game.from_model(nn.Linear(40, 1), torch.ones(1, 40))
    text, _ = read(compare(many, ["shapley", "occlusion_1"], budget=1000))
    assert "28 more players" in text
    nothing = Game.from_function(lambda z: 0 * z[:, 0], torch.ones(3).double())
    assert "0 of 0 above the noise" in read(harsanyi(nothing))[0]
    assert read(compare(nothing, ["shapley"]))
    assert read(allocate(harsanyi(nothing), method("shapley").policy(nothing)))


def test_several_games_are_said_in_words():
    tables = harsanyi(Game.from_values(np.arange(8.0).reshape(2, 4)))
    assert read(tables)[0].startswith("Effects(")


def test_what_no_printer_knows_is_left_to_the_notebook():
    assert show.notebook(object()) is None
    with pytest.raises(TypeError, match="html\\(\\) shows"):
        show.html(3)


def test_neurons():
    torch.manual_seed(7)
    net = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 2)).double().eval()
    data, labels = torch.randn(8, 2).double(), torch.arange(8) % 2
    rankings = rank_neurons(net, None, data, labels)
    ranking = rankings["0"]
    largest = ranking.score.abs().argmax()
    for value, title in ((rankings, "1 layer: 3 neurons, 8 inputs"), (ranking, "layer 0: 3 neurons, 8 inputs")):
        text, tags = read(value)
        assert text.startswith(title)
        assert tags.count("tr") == 4
        rows = [ranking.names[largest], minus(number(ranking.score[largest], sign=True))]
        assert "|".join(rows) in text
        assert f"± {brief(ranking.error[largest].item())}" in text
    assert "not ranked: 2 gives the output" in read(rankings)[0]
    game = Game.from_model(net, data[:1], 0.0, target=1, names=["<one>", "two"])
    whole, table = conductance(game, "0"), input_by_neuron(game, "0")
    text, tags = read(whole)
    assert text.startswith(f"what goes through 3 neurons: {minus(number(whole.total, sign=True))}")
    assert tags.count("tr") == 4
    text, _ = read(table)
    (name, value), *_ = table.top(1)
    assert f"{name[0]} · {name[1]}|{minus(number(value, sign=True))}" in text


def test_a_table_is_shown_whole():
    below = Table("below", ("c",), (("3",),))
    text, tags = read(Table("a<b", ("one", "two"), (("x", "1"), ("y", "2")), ("a note",), (below,)))
    assert text == "a<b|one|two|x|1|y|2|a note|below|c|3"
    assert tags.count("tr") == 5


def test_the_silent_neurons_are_shown_as_their_table():
    outcomes = (Outcome("as it is", 0.75, 0.5), Outcome("without the highest scores", 0.25, 0.125))
    text, _ = read(Controls("fc", 2, 8, outcomes, 20))
    assert "layer fc: 2 of 8 neurons silent|network|accuracy|confidence|as it is|0.7500|0.5000" in text
    text, _ = read(Savings(Cost(1000, 8, 0.5), Cost(250, 4, 0.25)))
    assert "parameters|1,000|250|0.25" in text
