"""The site, from the gathered pages to followed links."""

import shutil
from pathlib import Path

from sphinx.cmd.build import main as sphinx

from scripts.site import gallery, methods, notebooks, sources
from scripts.site.links import broken, loaded_from_elsewhere


def build(output: Path, *, execute: bool) -> list[str]:
    """Build ``output/html`` from ``output/source``.

    Args:
        output: a folder.
        execute: whether notebooks get their outputs.

    Returns:
        What is wrong, a line each; nothing if all is well.
    """
    source, html = output / "source", output / "html"
    made = sources.gather(source)
    given = notebooks.gather(source / "notebooks", execute)
    made |= {source / "notebooks" / f"{name}.ipynb" for name in given}
    made |= gallery.gather(source, given) | methods.gather(source / "methods")
    for path in source.rglob("*"):
        if path.is_file() and path not in made and path.parent.name != "__pycache__":
            path.unlink()
    shutil.rmtree(html, ignore_errors=True)  # what is read stays in doctrees/; pages that are gone go
    if sphinx(["-W", "--keep-going", "-q", "-d", str(output / "doctrees"), str(source), str(html)]):
        return ["the build ended with warnings, which are errors"]
    return [f"leads nowhere: {each}" for each in broken(html)] + [
        f"loaded from the network: {each}" for each in loaded_from_elsewhere(html)
    ]
