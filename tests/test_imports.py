"""Who may import whom, and what ``import synergy`` loads."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import decompositions
import synergy

BELOW, ABOVE = Path(decompositions.__file__).parent, Path(synergy.__file__).parent
HEAVY = [
    "matplotlib",
    "captum",
    "shap",
    "shapiq",
    "zennit",
    "sklearn",
    "skimage",
    "jinja2",
    "typer",
    "rich",
    "pandas",
    "tokenizers",
    "safetensors",
    "torchvision",
    "dask",
    "flint",
]


def imported(path):
    """All modules that a file names in imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add("." * node.level + (node.module or ""))
            names |= {f"{node.module}.{alias.name}" for alias in node.names if not node.level}
    return names


def files(folder):
    return sorted(folder.rglob("*.py"))


@pytest.mark.parametrize("path", files(BELOW), ids=lambda path: path.stem)
def test_decompositions_know_nothing_of_attribution(path):
    assert not [name for name in imported(path) if name.split(".")[0] == "synergy"]


def test_the_walk_sees_imports_wherever_they_are(tmp_path):
    path = tmp_path / "sample.py"
    path.write_text("def f():\n    from synergy import x\nimport a.b\n", encoding="utf8")
    assert imported(path) >= {"synergy", "synergy.x", "a.b"}


@pytest.mark.parametrize("path", files(ABOVE / "methods"), ids=lambda path: path.stem)
def test_methods_do_not_import_each_other(path):
    if path.stem != "__init__":
        assert not [name for name in imported(path) if name.startswith("synergy.methods")]


@pytest.mark.parametrize("path", [*files(BELOW), *files(ABOVE)], ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_peers_are_never_imported_except_to_hand_effects_on(path):
    found = {name.split(".")[0] for name in imported(path)} & {"captum", "zennit", "shap", "shapiq"}
    allowed = {
        BELOW / "effects" / "effects.py": {"shapiq"},
        ABOVE / "tables" / "peers.py": {"captum", "shap", "shapiq"},
    }
    assert found <= allowed.get(path, set())


@pytest.mark.parametrize("module", ["synergy", "decompositions"])
def test_importing_is_light(module):
    """And it says nothing."""
    code = f"import sys, {module}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    run = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert run.stderr == ""
    assert not set(run.stdout.split()) & set(HEAVY)


def test_importing_decompositions_does_not_load_what_is_above():
    code = "import sys, decompositions; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not [name for name in run.stdout.split() if name.split(".")[0] == "synergy"]


def test_what_the_design_promises_is_public():
    for name in (
        "Game",
        "players",
        "harsanyi",
        "taylor",
        "Effects",
        "Policy",
        "register",
        "method",
        "METHODS",
        "allocate",
        "measure",
        "Allocation",
        "compare",
    ):
        assert hasattr(synergy, name)
