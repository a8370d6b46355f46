"""The page of a ranking in a browser: it sorts, and what is picked silences those neurons."""

import browser
import pytest
import torch
from cases import draw, mlp
from torch import nn

from synergy.neurons import prune, rank_neurons

pytest.importorskip("jinja2", reason="the page needs the extra 'cli'")
pytestmark = pytest.mark.skipif(browser.CHROMIUM is None, reason="needs Chromium")
DATA, LABELS = draw(12, 3, seed=1), torch.arange(12) % 3
MODEL = mlp(nn.Tanh, (3, 40, 3), seed=2)


@pytest.mark.parametrize("width", [1280, 390])
def test_it_sorts_and_what_is_picked_can_be_silenced(width, tmp_path):
    ranking = rank_neurons(MODEL, "1", DATA, LABELS)
    page = ranking.to_html(tmp_path / "page.html")
    found, console = browser.tried(
        page,
        """
        const all = (selector) => [...document.querySelectorAll(selector)];
        const order = () => all("tbody input").map((each) => Number(each.value));
        const first = order();
        all("thead button")[3].click();
        const second = order();
        for (const box of all("tbody input").filter((each) => ["3", "12"].includes(each.value))) box.click();
        return { first, second, text: document.getElementById("picked").value,
          shown: document.getElementById("picked").getBoundingClientRect().height,
          scroll: document.documentElement.scrollWidth };
        """,
        width,
    )
    assert console == []
    assert found["shown"] > 20
    assert found["first"] == torch.argsort(-ranking.score).tolist()
    assert found["second"] == torch.argsort(-ranking.correct).tolist()
    assert found["scroll"] <= width
    assert page.stat().st_size < 1_000_000
    silent = eval(found["text"], {"prune": prune, "model": MODEL, "torch": torch, "ranking": ranking})
    hidden = MODEL[:2](DATA)
    hidden[:, [3, 12]] = 0
    assert torch.equal(silent(DATA), MODEL[2:](hidden))
