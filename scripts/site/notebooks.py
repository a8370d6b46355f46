"""Notebooks with their outputs: executed once for the same cells and the same package, kept in docs/_build."""

import hashlib
import re
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from scripts.site.sources import NOTEBOOKS, ROOT, changed, moved

KEPT = ROOT / "docs" / "_build" / "executed"
PACKAGES = ("synergy", "decompositions")
TIME = 1800  # seconds for a cell


def package() -> str:
    """A fingerprint of the package's files: other files may give other outputs."""
    paths = (path for name in PACKAGES for path in sorted((ROOT / name).rglob("*")) if path.is_file())
    files = (path.read_bytes() for path in paths if path.suffix != ".pyc")
    return hashlib.sha256(b"\0".join(hashlib.sha256(each).digest() for each in files)).hexdigest()


def fingerprint(notebook: nbformat.NotebookNode, of_package: str) -> str:
    code = "\0".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    return hashlib.sha256(f"{of_package}\0{code}".encode()).hexdigest()


def executed(path: Path, of_package: str) -> nbformat.NotebookNode:
    """A notebook with its outputs; what it says on stderr, bars of progress among it, is left out."""
    notebook = nbformat.read(path, as_version=4)
    key, kept = fingerprint(notebook, of_package), KEPT / path.name
    if kept.exists():
        before = nbformat.read(kept, as_version=4)
        if before.metadata.get("fingerprint") == key:
            for now, then in zip(notebook.cells, before.cells, strict=True):
                if now.cell_type == "code":
                    now.outputs, now.execution_count = then.outputs, then.execution_count
            return notebook
    KEPT.mkdir(parents=True, exist_ok=True)
    NotebookClient(notebook, timeout=TIME, resources={"metadata": {"path": str(KEPT)}}).execute()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [each for each in cell.outputs if each.get("name") != "stderr"]
        cell.metadata.pop("execution", None)
    notebook.metadata["fingerprint"] = key
    nbformat.write(notebook, kept)
    return notebook


def on_the_site(notebook: nbformat.NotebookNode, path: Path) -> str:
    """The file of a notebook as the site has it, its links moved."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = moved(cell.source, path)
    return nbformat.writes(notebook)


def title(notebook: nbformat.NotebookNode) -> str:
    """The first heading."""
    found = next(re.search(r"^# (.+)$", cell.source, re.MULTILINE) for cell in notebook.cells)
    if not found:
        raise ValueError("a notebook begins with its title, # …")
    return found[1]


def promise(notebook: nbformat.NotebookNode) -> str:
    """What its reader gets: the first paragraph under the title, up to what it takes, without links."""
    text = next(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    paragraph = text.split("\n\n", 2)[1].replace("\n", " ") if "\n\n" in text else ""
    return re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", paragraph.split(" You need ")[0])


def gather(folder: Path, execute: bool) -> dict[str, nbformat.NotebookNode]:
    """Bring the notebooks to a folder, with outputs if they are to be executed; which they are, by their names."""
    of_package = package() if execute else ""
    found = {}
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        made = executed(path, of_package) if execute else nbformat.read(path, as_version=4)
        found[path.stem] = made
        changed(folder / path.name, on_the_site(made, path))
    return found
