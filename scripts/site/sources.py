"""The pages of the site in one folder: docs/ as its root, the notebooks, and some pages of the repository.

Links between files are right where the files lie, in the repository; here they are turned to where the pages lie.
"""

import os
import re
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS, NOTEBOOKS = ROOT / "docs", ROOT / "notebooks"
SKIPPED = {"_build", "__pycache__"}
ELSEWHERE = {  # pages that lie outside of docs/, and where the site has them
    "README.md": "index.md",
    "CHANGELOG.md": "about/changelog.md",
    "CONTRIBUTING.md": "about/contributing.md",
    "benchmarks/RESULTS.md": "about/benchmarks.md",
    "benchmarks/GPU.md": "about/benchmarks_gpu.md",
}
LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)\s#]+)(?=[)#\s])")


def place(path: Path) -> str | None:
    """Where the site has a file of the repository; None if it has not."""
    name = path.relative_to(ROOT).as_posix()
    ours = name.startswith(("docs/", "notebooks/"))
    return ELSEWHERE.get(name) or (name.removeprefix("docs/") if ours else None)


def moved(text: str, page: Path) -> str:
    """A page's text with links as they are on the site.

    Args:
        text: the page.
        page: its file in the repository.

    >>> moved("[criteria](../docs/theory/criteria.md#verdicts)", NOTEBOOKS / "some.ipynb")
    '[criteria](../theory/criteria.md#verdicts)'
    """
    here = Path(place(page) or "").parent

    def new(link: re.Match[str]) -> str:
        target = (page.parent / link[1]).resolve()
        there = place(target) if target.is_relative_to(ROOT) and target.exists() else None
        return Path(os.path.relpath(there, here)).as_posix() if there else link[0]

    return LINK.sub(new, text)


def changed(path: Path, text: str) -> Path:
    """Write a file if it would be another one, so that Sphinx reads anew only what is new."""
    if not path.exists() or path.read_text("utf8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf8")
    return path


def gather(folder: Path) -> set[Path]:
    """Bring docs/ and the pages from elsewhere to a folder; which files that are."""
    made = set()
    for path in sorted(path for path in DOCS.rglob("*") if path.is_file()):
        name = path.relative_to(DOCS)
        if SKIPPED & set(name.parts):
            continue
        if path.suffix == ".md":
            made.add(changed(folder / name, moved(path.read_text("utf8"), path)))
        else:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            made.add(Path(shutil.copy2(path, folder / name)))
    for source, target in ELSEWHERE.items():
        if target != "index.md":
            made.add(changed(folder / target, moved((ROOT / source).read_text("utf8"), ROOT / source)))
    return made
