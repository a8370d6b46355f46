"""Writes notebooks/*.ipynb, without outputs, from the percent scripts beside them: ``python scripts/notebooks.py``."""

from pathlib import Path

import jupytext
import nbformat

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
KERNEL = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}


def notebook(script: Path) -> nbformat.NotebookNode:
    """The notebook of a percent script; its cells are numbered, so that the same script gives the same file."""
    read = jupytext.read(script, fmt="py:percent")
    for number, cell in enumerate(read.cells):
        cell["id"] = f"cell-{number}"
    read.metadata = nbformat.from_dict(KERNEL)
    return nbformat.from_dict(read)


def main() -> None:
    for script in sorted(NOTEBOOKS.glob("*.py")):
        nbformat.write(notebook(script), script.with_suffix(".ipynb"))


if __name__ == "__main__":
    main()
