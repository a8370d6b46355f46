"""Where a page goes that a person named."""

from __future__ import annotations

from pathlib import Path

from decompositions.files.whole_file import require_writable


def page_file(output: str, example: str) -> Path:
    """The file of a page.

    Raises:
        ValueError, OSError: another kind of file, or none that can be written.
    """
    path = Path(output)
    if path.suffix.lower() not in (".html", ".htm") and not path.is_dir():
        raise ValueError(f"--output writes a .html file, and {path} is named like another; --output {path}.html")
    return require_writable(path, example)
