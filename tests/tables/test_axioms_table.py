"""The tables of axioms and of characterizations: the committed pages, and their cells."""

import random
import re
from pathlib import Path

from synergy import METHODS
from synergy.axioms import ATTRIBUTION, CHARACTERIZATIONS, INTERACTION, check
from synergy.axioms.subject import subject
from synergy.tables.axioms_table import FIRST, SETTINGS, cell
from synergy.tables.characterizations_table import characterizations_table

DOCS = Path(__file__).parents[2] / "docs"
SAMPLE = 60  # of the cells


def written(page):
    """The cells of the page's tables of methods, by method and axiom."""
    found, columns = {}, ()
    for line in page.splitlines():
        if line.startswith("| method |"):
            columns = cells_of(line)[1:]
        elif not line.startswith("|"):
            columns = ()
        elif columns and not line.startswith("|---"):
            title, *marks = cells_of(line)
            found |= {(title, column): mark for column, mark in zip(columns, marks, strict=True)}
    return found


def cells_of(line):
    return [each.strip() for each in line.strip().strip("|").split(" | ")]


def test_the_committed_page_is_what_the_search_finds():
    """A sample of its cells; all of them take minutes, and are made by ``make tables``."""
    page = written((DOCS / "axioms.md").read_text("utf8"))
    names, axioms = (
        {cls.title: name for name, cls in METHODS.items()},
        {each.title: each for each in ATTRIBUTION.values()},
    )
    known = sorted(key for key in page if key[0] in names)
    assert len(known) == len(METHODS) * len(ATTRIBUTION)
    for title, axiom in random.Random(0).sample(known, SAMPLE):
        asked = subject(names[title], **SETTINGS.get(names[title], {}))
        try:
            found = cell(check(asked, axioms[axiom]))
        except ValueError:
            found = "–"
        assert page[title, axiom] == found, (title, axiom)


def test_the_committed_characterizations_are_what_the_code_makes():
    made = characterizations_table().to_markdown()
    assert made.rstrip() == (DOCS / "characterizations.md").read_text("utf8").rstrip()


def test_cells():
    assert cell(check("occlusion_1", "completeness")) == "✗ z₁z₂ at (1, 1)"
    assert cell(check("gradient_x_input", "completeness")) == "✗ z₁² at 1"
    assert cell(check("shapley", "completeness")) == "✓"


def test_the_page_has_every_method_axiom_and_characterization():
    page = (DOCS / "axioms.md").read_text("utf8")
    for cls in METHODS.values():
        assert re.search(rf"^\| {re.escape(cls.title)} \|", page, re.M)
    for axioms in (ATTRIBUTION, INTERACTION):
        for axiom in axioms.values():
            assert f"| {axiom.name} | {axiom.statement} |" in page
    assert "a search, not a proof" in page
    told = (DOCS / "characterizations.md").read_text("utf8")
    assert all(f"| {name} |" in told for name in CHARACTERIZATIONS)
    assert set(FIRST) <= {*ATTRIBUTION, *INTERACTION}
