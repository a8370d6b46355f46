"""The pages: examples print what they say, theorems are numbered, labels and sources exist, names have examples."""

import doctest
import importlib
import inspect
import re
import sys
import types
import warnings
from pathlib import Path

import pytest

import synergy

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)
THEORY = [DOCS / "theory" / f"{name}.md" for name in ("effects", "policies", "paths", "criteria", "interactions")]
NEEDED = {"coming_from": ("captum", "shap", "shapiq", "zennit"), "pictures": ("matplotlib", "pandas", "statsmodels")}
NEEDED |= {"table": ("sklearn", "pandas"), "studies": ("pandas", "pyarrow"), "sentence": ("safetensors", "tokenizers")}
NEEDED |= {"picture": ("sklearn", "safetensors", "jinja2")}
SOURCE = [path for package in ("synergy", "decompositions") for path in sorted((ROOT / package).rglob("*.py"))]
FRONTS = ("axioms", "baselines", "interactions", "neurons", "paths", "pictures", "players", "studies")


def public():
    """The public names, as a reader writes them."""
    for name in ("axioms", "interactions", "paths"):
        importlib.import_module(f"synergy.{name}")
    found = {}
    for front in ("", *FRONTS):
        module = getattr(synergy, front) if front else synergy
        for name, thing in vars(module).items():
            ours = (getattr(thing, "__module__", "") or "").split(".")[0] in ("synergy", "decompositions")
            if (
                name.startswith("_")
                or inspect.ismodule(thing)
                or not (ours or isinstance(thing, types.MappingProxyType))
            ):
                continue
            if front in ("baselines", "players") and not _belongs(module, thing):
                continue
            found[f"synergy.{front}.{name}".replace("..", ".")] = thing
    return found


def _belongs(module, thing):
    """Whether a file, which imports for itself, is where a reader looks for a thing."""
    return inspect.isfunction(thing) and (thing.__module__ == module.__name__ or thing.__name__ == "superpixels")


PUBLIC = public()
EXAMPLES = "\n".join(path.read_text("utf8") for path in (DOCS / "reference").glob("*.md"))
SHOWN = "\n".join(line for line in EXAMPLES.splitlines() if line.startswith((">>>", "...")))


@pytest.fixture
def zennit(monkeypatch):
    """zennit without torchvision, which its table of known networks alone needs."""
    monkeypatch.setitem(sys.modules, "zennit.torchvision", types.ModuleType("zennit.torchvision"))


@pytest.mark.parametrize(
    "path", [path for path in PAGES if ">>> " in path.read_text("utf8")], ids=lambda path: path.stem
)
def test_a_page_prints_what_it_says(path, tmp_path, monkeypatch, zennit):
    for package in NEEDED.get(path.stem, ()):
        pytest.importorskip(package, reason=f"the page shows {package}, or an example that needs it")
    monkeypatch.chdir(tmp_path)
    text = path.read_text("utf8").replace("\n```\n", "\n\n")
    example = doctest.DocTestParser().get_doctest(text, {"__name__": "page"}, path.name, str(path), 0)
    with warnings.catch_warnings():
        if path.stem == "coming_from":
            warnings.simplefilter("ignore")  # other packages warn
        assert doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(example).failed == 0


def test_definitions_and_theorems_are_numbered_from_one_and_labelled():
    heads = [(path, *found) for path in THEORY for found in HEAD.findall(path.read_text("utf8"))]
    assert [int(number) for _, _, _, number in heads] == list(range(1, len(heads) + 1))
    labels = [label for _, label, _, _ in heads]
    assert len(set(labels)) == len(labels) >= 30


HEAD = re.compile(r"^\(([a-z-]+)\)=\n## (Definition|Theorem) (\d+) ", re.MULTILINE)


@pytest.mark.parametrize("path", THEORY, ids=lambda path: path.stem)
def test_every_theorem_is_proved_or_referred_to(path):
    parts = re.split(r"^## ", path.read_text("utf8"), flags=re.MULTILINE)
    theorems = [part for part in parts if part.startswith("Theorem")]
    assert [part.split("\n")[0] for part in theorems if "*Proof" not in part and "{cite" not in part] == []
    assert [part.split("\n")[0] for part in theorems if "*Proof" in part and "∎" not in part] == []


def test_labels_that_docstrings_cite_exist():
    labels = set(re.findall(r"^\(([a-z-]+)\)=$", "\n".join(path.read_text("utf8") for path in THEORY), re.MULTILINE))
    cited = {name for path in SOURCE for name in re.findall(r":ref:`([a-z-]+)`", path.read_text("utf8"))}
    assert len(cited) >= 15
    assert cited <= labels


def test_sources_exist():
    keys = set(re.findall(r"^@\w+\{([^,]+),", (DOCS / "references.bib").read_text("utf8"), re.MULTILINE))
    lines = [
        line for path in SOURCE for line in re.findall(r"^\s*References?: (.+)$", path.read_text("utf8"), re.MULTILINE)
    ]
    cited = {key for line in lines for key in re.findall(r"\b[a-z]+\d{4}[a-z0-9]+\b", line)}
    pages = {
        key
        for path in PAGES
        for found in re.findall(r"\{cite:?[tp]?\}`([^`]+)`", path.read_text("utf8"))
        for key in found.split(",")
    }
    assert len(cited) > 20
    assert len(pages) > 15
    assert (cited | {key.strip() for key in pages}) - keys == set()


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_has_a_docstring_and_a_running_example(name):
    thing, short = PUBLIC[name], name.rpartition(".")[2]
    text = inspect.getdoc(thing) or ""
    assert isinstance(thing, types.MappingProxyType) or len(text) > 20
    assert ">>> " in text or re.search(rf"\b{short}\b", SHOWN)


ARRAYS = ("torch.Tensor", "np.ndarray", "Array")


@pytest.mark.parametrize(
    "name", [name for name, thing in PUBLIC.items() if inspect.isfunction(inspect.unwrap(thing)) and callable(thing)]
)
def test_arrays_of_a_public_function_have_shapes(name):
    given = inspect.unwrap(PUBLIC[name]).__annotations__
    if any(str(kind) in ARRAYS for kind in given.values()):
        assert re.search("[Ss]hape", inspect.getdoc(PUBLIC[name]) or "")
