"""The report in a browser: its chooser, its keys, its widths; headless Chromium, where there is one."""

import browser
import numpy as np
import pytest
import torch

from synergy import Game, compare
from synergy.wording.view import Features, Picture, Words

pytest.importorskip("jinja2", reason="the report needs the extra 'cli'")
pytestmark = pytest.mark.skipif(browser.CHROMIUM is None, reason="needs Chromium")

NAMES = ("I'm", "not", "happy")
# J: I'm 0.25, not −0.5, happy 0.75, not·happy −1.75, all three −1.5
VALUES = [0.0, 0.25, -0.5, -0.25, 0.75, 1.0, -1.5, -2.75]
SHAPLEY = ["−0.25", "−1.88", "−0.62"]  # −0.25, −1.875, −0.625
OCCLUSION = ["−1.25", "−3.75", "−2.50"]
QUIET = 'resources: window.performance.getEntriesByType("resource").length'


@pytest.fixture(scope="module")
def comparison():
    return compare(Game.from_values(VALUES, names=NAMES), ["shapley", "occlusion_1"])


@pytest.fixture(scope="module")
def sentence(comparison, tmp_path_factory):
    return comparison.to_html(tmp_path_factory.mktemp("page") / "page.html", view=Words(NAMES), output="the rating")


def test_the_chooser_recolours_input_map_and_flow(sentence):
    found, console = browser.tried(
        sentence,
        f"""
        const all = (selector) => [...document.querySelectorAll(selector)];
        const seen = () => ({{
          by: document.getElementById("by").textContent, total: document.getElementById("total").textContent,
          numbers: all("[data-text]").map((each) => each.textContent),
          colours: all(".input [data-player]").map((each) =>
            [each.classList.contains("neg"), each.style.getPropertyValue("--s")]),
          given: all("[data-given]").map((each) => each.textContent),
          cells: all("[data-e='0']").map((each) => each.textContent),
          ribbons: all("#flow .ribbon").length, leaks: all("#flow .leak").length,
        }});
        const before = seen();
        all("input[name=method]")[1].click();
        return {{ before, after: seen(), {QUIET} }};
        """,
    )
    assert console == []
    assert found["resources"] == 0
    before, after = found["before"], found["after"]
    assert (before["by"], after["by"]) == ("Shapley value", "Occlusion-1")
    assert (before["total"], after["total"]) == ("−2.750", "−7.500")
    assert before["numbers"] == SHAPLEY
    assert after["numbers"] == OCCLUSION
    assert before["colours"] == [[True, "0.133"], [True, "1.000"], [True, "0.333"]]  # of 1.875
    assert after["colours"] == [[True, "0.333"], [True, "1.000"], [True, "0.667"]]  # of 3.75
    assert before["given"] == ["1.00 ×"] * 5
    assert after["given"] == ["2.00 ×", "3.00 ×", "1.00 ×", "1.00 ×", "1.00 ×"]
    assert before["cells"] == ["", "−0.88", "−0.88"]  # of not·happy, −1.75
    assert after["cells"] == ["", "−1.8", "−1.8"]
    assert before["ribbons"] == after["ribbons"] == 8  # three single ones, two and three
    assert before["leaks"] == 0


def test_an_effect_shows_its_players_and_escape_lets_go(sentence):
    found, console = browser.tried(
        sentence,
        """
        const all = (selector) => [...document.querySelectorAll(selector)];
        const seen = () => all(".word.on").map((each) => each.firstChild.textContent);
        const buttons = all("[data-effect]");
        buttons[0].dispatchEvent(new window.Event("mouseenter"));
        const hovered = seen();
        buttons[0].dispatchEvent(new window.Event("mouseleave"));
        const left = seen();
        buttons[1].focus();
        const focused = seen();
        buttons[2].click();
        const clicked = [seen(), buttons[2].getAttribute("aria-pressed")];
        buttons[2].blur();
        document.dispatchEvent(new window.KeyboardEvent("keydown", { key: "Escape" }));
        return { hovered, left, focused, clicked, let_go: seen(), pressed: buttons[2].getAttribute("aria-pressed") };
        """,
    )
    assert console == []
    assert found == {
        "hovered": ["not", "happy"],
        "left": [],
        "focused": list(NAMES),
        "clicked": [["happy"], "true"],
        "let_go": [],
        "pressed": "false",
    }


def test_all_that_can_be_chosen_can_be_reached_by_keys(sentence):
    found, _ = browser.tried(
        sentence,
        """
        const controls = [...document.querySelectorAll("button, input, summary, [tabindex]")];
        return { hidden: controls.filter((each) => each.tabIndex < 0).length, controls: controls.length,
          radios: new Set([...document.querySelectorAll("input[type=radio]")].map((each) => each.name)).size };
        """,
    )
    assert found["hidden"] == 0
    assert found["controls"] > 10
    assert found["radios"] == 2  # the method and the table: one stop each, arrows within


def many():
    """43 players with long names."""
    names = tuple(f"{'extraordinarily' * (k % 3)}word{k}" for k in range(43))
    game = Game.from_function(lambda z: z.sum(1) + z[:, 0] * z[:, 1], torch.ones(43).double(), names=names)
    return compare(game, ["occlusion_1", "gradient_x_input"], order=1, budget=500), names


def regions(rows):
    side = 8 * rows
    row, column = np.mgrid[:side, :side] // 8
    return Picture(np.full((side, side, 3), 90, np.uint8), row * rows + column)


def of_regions(rows):
    n = rows * rows
    game = Game.from_function(lambda z: z.sum(1) + z[:, 0] * z[:, 1], torch.ones(n).double())
    return compare(game, ["occlusion_1", "gradient_x_input"], order=1, budget=500), regions(rows)


def nothing():
    return compare(Game.from_values([1.0, 1.0]), ["shapley", "occlusion_1"]), None


PAGES = {
    "features": lambda: (compare(Game.from_values(VALUES, names=NAMES), ["shapley", "occlusion_1"]),
                         Features(NAMES, ("1 mm", "2 mm", "3 mm"))),
    "many words": lambda: (lambda found: (found[0], Words(found[1])))(many()),
    "many names": lambda: (many()[0], None),
    "picture": lambda: of_regions(3),
    "many regions": lambda: of_regions(10),
    "nothing at all": nothing,
}  # fmt: skip


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_cut_off_at_any_width(page, width, tmp_path):
    comparison, view = PAGES[page]()
    path = comparison.to_html(tmp_path / "page.html", view=view, title="Why so? " + "A rather long heading " * 3)
    found, console = browser.tried(
        path,
        f"""
        const root = document.documentElement;
        const inside = (each) => each.closest(".scroll, details:not([open])") !== null;
        const wide = [...document.querySelectorAll("main *")].filter((each) => !inside(each) && !each.closest("svg"))
          .filter((each) => each.getBoundingClientRect().right > {width} + 1)
          .map((each) => each.outerHTML.slice(0, 90));
        return {{ wide, scroll: root.scrollWidth, tall: root.scrollHeight,
          open: document.querySelectorAll("details[open]").length, {QUIET} }};
        """,
        width,
    )
    assert console == []
    assert found["resources"] == 0
    assert found["wide"] == []
    assert found["scroll"] <= width
    if width == 390:
        assert found["open"] == 0
        assert found["tall"] < 3500


def test_the_first_screen_says_what_was_found(sentence):
    found, _ = browser.tried(
        sentence,
        """
        const bottom = (selector) => document.querySelector(selector).getBoundingClientRect().bottom;
        return { screen: bottom(".screen"), said: document.querySelector(".finding").textContent };
        """,
    )
    assert found["screen"] <= 900
    assert found["said"].startswith("Together, not and happy lower the rating by 1.75 beyond what each brings alone")
