"""The gallery: a card for every notebook, with a picture that it draws, its title and what it promises."""

import base64
from pathlib import Path

import nbformat

from scripts.site.notebooks import promise, title
from scripts.site.sources import changed

PICTURES = {"image/png": "png", "image/svg+xml": "svg"}
HEAD = """# Gallery

Notebooks, each with a question, a real model and its answer, executed when these pages were made. They lie in the
folder `notebooks/`, to be run and changed; what is asked of the reader has its solution folded below.

::::{grid} 1 2 2 3
:gutter: 3

"""


def pictures(notebook: nbformat.NotebookNode) -> list[tuple[str, bytes]]:
    """All pictures among a notebook's outputs, with the endings of their files."""
    outputs = [each for cell in notebook.cells if cell.cell_type == "code" for each in cell.outputs]
    found = []
    for data in (each.get("data", {}) for each in outputs):
        kind = next((kind for kind in PICTURES if kind in data), None)
        if kind == "image/png":
            found.append((PICTURES[kind], base64.b64decode(data[kind])))
        elif kind:
            found.append((PICTURES[kind], "".join(data[kind]).encode()))
    return found


def thumbnail(name: str, notebook: nbformat.NotebookNode, folder: Path) -> Path | None:
    """The picture on a notebook's card, as a file: the largest that it draws; None if it draws none."""
    drawn = max(pictures(notebook), key=lambda picture: len(picture[1]), default=None)
    if drawn is None:
        return None
    path = folder / f"{name}.{drawn[0]}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(drawn[1])
    return path


def card(name: str, notebook: nbformat.NotebookNode, picture: Path | None) -> str:
    lines = [f":::{{grid-item-card}} {title(notebook)}", f":link: /notebooks/{name}", ":link-type: doc"]
    if picture:
        lines += [f":img-top: thumbnails/{picture.name}", f":img-alt: {title(notebook)}"]
    return "\n".join([*lines, "", promise(notebook), ":::", ""])


def gather(source: Path, notebooks: dict[str, nbformat.NotebookNode]) -> set[Path]:
    """Write learn/gallery.md and its pictures; which files that are."""
    folder = source / "learn" / "thumbnails"
    shown = {name: thumbnail(name, notebook, folder) for name, notebook in notebooks.items()}
    cards = "\n".join(card(name, notebook, shown[name]) for name, notebook in notebooks.items())
    listed = "\n".join(f"/notebooks/{name}" for name in notebooks)
    text = f"{HEAD}{cards}\n::::\n\n```{{toctree}}\n:hidden:\n\n{listed}\n```\n"
    return {changed(source / "learn" / "gallery.md", text), *(path for path in shown.values() if path)}
