"""The site builds without a warning, and what it has to have is there."""

import doctest
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sphinx.util.inventory import InventoryFile

import synergy
from scripts.site import gallery, links, methods, notebooks, sources, tables
from synergy import METHODS

ROOT = Path(__file__).parents[2]
FRONTS = ("synergy", *(f"synergy.{room}" for room in ("axioms", "baselines", "interactions", "neurons", "paths")))
FRONTS += ("synergy.pictures", "synergy.players", "synergy.studies")


def front(name):
    """The module behind a front; synergy.players is one that synergy only names."""
    return synergy.players if name == "synergy.players" else importlib.import_module(name)


def public():
    """All public names of the fronts, as a reader writes them."""
    found = {}
    for name in FRONTS:
        module = front(name)
        own = name in ("synergy.baselines", "synergy.players")  # a file, which imports for itself
        for short, thing in vars(module).items():
            here = (
                not own or thing is synergy.players.superpixels or getattr(thing, "__module__", "") == module.__name__
            )
            if not short.startswith("_") and not inspect.ismodule(thing) and here and (not own or callable(thing)):
                found[f"{name}.{short}"] = thing
    return found


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built site, its notebooks without outputs."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "scripts.site", "--unexecuted", "--output", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return folder / "html"


@pytest.fixture(scope="module")
def entries(site):
    with (site / "objects.inv").open("rb") as file:
        return InventoryFile.load(file, "", lambda base, name: name)


@pytest.mark.parametrize("module", [gallery, links, methods, notebooks, sources, tables], ids=lambda it: it.__name__)
def test_examples_of_the_builder(module):
    assert doctest.testmod(module).failed == 0


def test_it_builds_and_every_method_has_its_page(site):
    assert len(methods.built_in()) >= 19
    for name in methods.built_in():
        page = (site / "methods" / f"{name}.html").read_text("utf8")
        assert METHODS[name].title in page
        assert 'class="math' in page or METHODS[name].scope == "signal"
        assert METHODS[name].reference in (ROOT / "docs" / "references.bib").read_text("utf8")
        assert "model calls" in page


def test_every_public_name_has_an_entry_of_the_reference(entries):
    documented = {name for kind in entries if kind.startswith("py:") for name in entries[kind]}
    first = {}  # a thing that several fronts give needs one
    for name, thing in public().items():
        first.setdefault(id(thing), []).append(name)
    assert [names for names in first.values() if not set(names) & documented] == []


def test_every_notebook_has_a_page_and_a_card(site):
    names = [path.stem for path in (ROOT / "notebooks").glob("*.ipynb")]
    cards = (site / "learn" / "gallery.html").read_text("utf8")
    assert names
    for name in names:
        assert (site / "notebooks" / f"{name}.html").exists()
        assert f"../notebooks/{name}.html" in cards


def test_mathematics_is_at_hand(site):
    scripts = re.findall(r'<script[^>]*src="([^"]*mathjax[^"]*)"', (site / "theory" / "effects.html").read_text("utf8"))
    assert len(scripts) == 1
    assert (site / "theory" / scripts[0].split("?")[0]).exists()


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ('<a href="gone.html">', ["one.html: gone.html"]),
        ('<a href="one.html#gone">', ["one.html: one.html#gone"]),
        ('<a href="#here"><a id="here">', []),
        ('<img src="gone.png">', ["one.html: gone.png"]),
        ('<a href="https://example.org/gone">', []),
    ],
)
def test_links_are_followed(page, said, tmp_path):
    (tmp_path / "one.html").write_text(page, "utf8")
    assert list(links.broken(tmp_path)) == said


def test_what_is_fetched_is_seen(tmp_path):
    (tmp_path / "one.html").write_text(
        '<script src="https://example.org/a.js"></script><a href="https://b.org">', "utf8"
    )
    assert list(links.loaded_from_elsewhere(tmp_path)) == ["one.html: https://example.org/a.js"]


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_links_of_a_notebook_lead_somewhere_where_it_lies(path):
    cells = notebooks.nbformat.read(path, as_version=4).cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    targets = [link.group(1) for link in sources.LINK.finditer(text)]
    assert [each for each in targets if not (path.parent / each).exists()] == []
