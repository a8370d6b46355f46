"""Every notebook runs from top to bottom, says nothing on stderr, and is the pair of its script."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from script_cases import script

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.py"))
notebook = script("notebooks").notebook


def test_there_are_notebooks():
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_its_pair_is_the_same_without_outputs(path):
    kept = nbformat.read(path.with_suffix(".ipynb"), as_version=4)
    nbformat.validate(kept)
    assert kept == notebook(path), "run python scripts/notebooks.py"
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in kept.cells)


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs(path, tmp_path):
    """As its reader runs it: in a kernel of its own, an error ends it, and nothing is warned of."""
    made = notebook(path)
    NotebookClient(made, timeout=500, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [each for cell in made.cells if cell.cell_type == "code" for each in cell.outputs]
    said = [each.text for each in outputs if each.output_type == "stream" and each.name == "stderr"]
    assert outputs
    assert not [text for text in said if "Warning" in text]  # bars of progress may be there
