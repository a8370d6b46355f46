"""The page of rankings in a browser: it sorts and filters, and what is picked silences those neurons."""

import re

import browser
import pytest
import torch
from cases import draw, mlp
from torch import nn

from synergy.neurons import Rankings, prune, prune_layers, rank_neurons
from synergy.neurons.ranking import Ranking
from synergy.wording.numbers import minus, number

pytest.importorskip("jinja2", reason="the page needs the extra 'cli'")
in_browser = pytest.mark.skipif(browser.CHROMIUM is None, reason="needs Chromium")
DATA, LABELS = draw(12, 3, seed=1), torch.arange(12) % 3
MODEL = mlp(nn.Tanh, (3, 40, 3), seed=2)
DEEP = mlp(nn.Tanh, (3, 6, 5, 3), seed=3)
HANDS = """
    const all = (selector) => [...document.querySelectorAll(selector)];
    const one = (selector) => document.querySelector(selector);
    const filters = one("#filters"), fill = (name, value) => {
      if (filters[name].type === "checkbox") filters[name].checked = value; else filters[name].value = value;
      filters.dispatchEvent(new window.Event("input"));
    };
    const rows = () => all("tbody tr").map((row) => [...row.cells].map((cell) => cell.textContent.trim()).slice(0, -1));
    const sort = (by) => one(`thead button[data-by="${by}"]`).click();
"""


def drawn(layer, scores):
    """A ranking of neurons of given scores."""
    scores = torch.as_tensor(scores, dtype=torch.float64)
    count = len(scores)
    votes = torch.stack([torch.stack([scores, -scores]), torch.stack([scores / 2, scores])])
    weights, none = torch.tensor([0.5, 0.5]).double(), torch.zeros(2, 2).double()
    names = tuple(f"neuron ({j // 100},{j % 100})" for j in range(count))
    return Ranking(layer, votes, votes, scores, scores.abs() / 3, none, weights, names, torch.arange(count), 12)


@in_browser
@pytest.mark.parametrize("width", [1280, 390])
def test_it_sorts_and_what_is_picked_can_be_silenced(width, tmp_path):
    ranking = rank_neurons(MODEL, "1", DATA, LABELS)
    page = ranking.to_html(tmp_path / "page.html")
    script = """
        const first = rows();
        sort(2);
        const second = rows();
        const named = (box) => /neuron (3|12)$/.test(box.parentElement.textContent);
        for (const box of all("tbody input").filter(named)) box.click();
        return { first, second, text: one("#python").value, shown: one("#python").getBoundingClientRect().height,
          scroll: document.documentElement.scrollWidth };
        """
    found, console = browser.tried(page, HANDS + script, width)
    assert console == []
    assert found["shown"] > 20
    columns = [ranking.column(name) for name in ("score", "error", "correct", "bolstering", "suppression")]
    for rows, by in ((found["first"], "score"), (found["second"], "correct")):
        order = torch.argsort(-ranking.column(by)).tolist()
        assert rows == [[ranking.names[j], *(minus(number(each[j])) for each in columns)] for j in order]
    assert found["scroll"] <= width
    silent = eval(found["text"], {"prune": prune, "model": MODEL, "ranking": ranking})
    hidden = MODEL[:2](DATA)
    hidden[:, [3, 12]] = 0
    assert torch.equal(silent(DATA), MODEL[2:](hidden))


@in_browser
@pytest.mark.parametrize("width", [1280, 390])
def test_several_layers(width, tmp_path):
    rankings = rank_neurons(DEEP, None, DATA, LABELS)
    page = rankings.to_html(tmp_path / "page.html", command="synergy neurons prune mine:net")
    script = """
        const listed = rows();
        one(".map button[data-layer='1']").click();
        const alone = rows(), pressed = all(".map button").map((each) => each.getAttribute("aria-pressed"));
        fill("from", "0");
        one("#all").click();
        const positive = rows();
        fill("from", ""); fill("layer", "0"); fill("text", " 4");
        all("tbody input")[0].click();
        fill("layer", ""); fill("text", ""); fill("picked", true);
        const picked = rows();
        sort("name");
        return { listed, alone, pressed, positive, picked, named: rows(), text: one("#python").value,
          command: one("#command").value, here: all(".here").map((each) => each.textContent),
          count: one("#count").textContent, scroll: document.documentElement.scrollWidth };
        """
    found, console = browser.tried(page, HANDS + script, width)
    assert console == []
    assert found["scroll"] <= width
    expected = [[row[1], row[0], *row[2:]] for row in rankings.table(11).rows]
    assert [[minus(cell) for cell in row] for row in expected] == found["listed"]
    second = rankings["2"].order.tolist()
    assert [row[0] for row in found["alone"]] == [rankings["2"].names[j] for j in second]
    assert found["pressed"] == ["false", "true"]
    above = [j for j in second if rankings["2"].score[j] >= 0]
    assert [row[0] for row in found["positive"]] == [rankings["2"].names[j] for j in above]
    assert 0 < len(above) < 5
    chosen = {("0", "neuron 4"), *(("2", rankings["2"].names[j]) for j in above)}
    assert {(row[1], row[0]) for row in found["picked"]} == chosen
    assert [row[0] for row in found["named"]] == sorted(row[0] for row in found["picked"])
    assert found["here"] == [", 1 picked", f", {len(above)} picked"]
    assert found["count"] == f"{len(above) + 1} neurons"
    numbers = ",".join(map(str, sorted(above)))
    assert found["command"] == f"synergy neurons prune mine:net --pick 0:4 --pick 2:{numbers}"
    silent = eval(found["text"], {"prune_layers": prune_layers, "model": DEEP, "rankings": rankings})
    first = DEEP[0](DATA)
    first[:, 4] = 0
    last = DEEP[1:3](first)
    last[:, above] = 0
    assert torch.equal(silent(DATA), DEEP[3:](last))


@in_browser
def test_of_many_thousand_neurons_the_strongest_are_listed_within_a_megabyte(tmp_path):
    layers = tuple(
        drawn(f"blocks.{k}.attention.query", torch.randn(5000, generator=torch.Generator().manual_seed(k)).double())
        for k in range(6)
    )
    rankings = Rankings(layers)
    page = rankings.to_html(tmp_path / "page.html", command="synergy neurons prune mine:net")
    assert page.stat().st_size < 1_000_000
    script = """
        const first = rows(), count = one("#count").textContent;
        fill("to", "0");
        one("#on").click();
        return { first, count, next: rows(), second: one("#count").textContent, values: one(".values").textContent };
        """
    found, console = browser.tried(page, HANDS + script)
    assert console == []
    assert (
        found["values"]
        == "30,000 neurons, 12 inputs; below are 12,000, those of the largest scores, whatever their sign"
    )
    assert found["count"] == "1 to 100 of 12,000 neurons"
    expected = [[row[1], row[0], *map(minus, row[2:])] for row in rankings.table(100).rows]
    assert found["first"] == expected
    scores = rankings.column("score")
    negative = scores[scores.abs().argsort(descending=True)[:12_000]]
    negative = negative[negative < 0].sort(descending=True).values
    assert found["second"] == f"101 to 200 of {len(negative):,} neurons"
    assert [row[2] for row in found["next"]] == [minus(number(each)) for each in negative[100:200]]


@in_browser
def test_what_is_odd(tmp_path):
    """A layer's name that a shell and HTML read, all neurons of it, an error that is not known, scores of zero."""
    layer = drawn("odd name's </script><b>", [0.0, 0.0])
    layer = Ranking(**(layer.__dict__ | {"error": torch.full((2,), torch.nan).double(), "names": ("<i>", "b&c")}))
    page = layer.to_html(tmp_path / "page.html", command="synergy neurons prune mine:net")
    script = """
        one("#all").click();
        return { rows: rows(), text: one("#python").value, command: one("#command").value, how: one("#how").textContent,
          title: one("h1").textContent };
        """
    found, console = browser.tried(page, HANDS + script)
    assert console == []
    assert [row[:3] for row in found["rows"]] == [["<i>", "0", "–"], ["b&c", "0", "–"]]
    assert found["title"] == "Neurons of odd name's </script><b>"
    assert found["text"] == """prune(model, "odd name's </script><b>", ranking.named([0, 1]))"""
    assert found["command"].endswith(r"""--pick 'odd name'\''s </script><b>:0,1'""")
    assert "prune refuses that" in found["how"]


def test_without_its_script_it_lists_the_first_and_asks_for_nothing(tmp_path):
    page = drawn("conv", torch.linspace(1, -1, 250)).to_html(tmp_path / "page.html").read_text("utf8")
    rows = re.findall(r'<tr><th scope="row">(.*?)</th><td>(.*?)</td>', page)
    assert [name for name, _ in rows] == [f"neuron ({j // 100},{j % 100})" for j in range(100)]
    assert rows[0][1] == "1.000"
    assert "the first 100 of 250" in page
    assert not re.search(r"(src|href)=|https?:", page)
