"""Rows and columns of the generated tables in docs/."""

from collections.abc import Iterator

from scripts.site.sources import DOCS

BAR = "\0"  # in place of a bar within a cell


def _cells(line: str) -> list[str]:
    return [cell.strip().replace(BAR, r"\|") for cell in line.replace(r"\|", BAR).strip("| \n").split("|")]


def table_rows(page: str) -> Iterator[dict[str, str]]:
    """The rows of all tables of a page, as mappings from columns to cells."""
    header: list[str] = []
    for line in (DOCS / page).read_text("utf8").splitlines():
        if not line.startswith("|"):
            header = []
        elif not header:
            header = _cells(line)
        elif not line.startswith("|---"):
            yield dict(zip(header, _cells(line), strict=True))


def rows(page: str, first: str) -> list[dict[str, str]]:
    """The rows of a page's tables that begin with a name.

    >>> rows("methods.md", "Shapley value")[0]["reads"]
    'support'
    """
    return [row for row in table_rows(page) if next(iter(row.values())) == first]


def column(page: str, name: str) -> dict[str, str]:
    """A column of a page's tables: what stands at the left, and its cell.

    >>> column("networks.md", "Grad-CAM")["BERT"]
    'no feature map'
    """
    return {next(iter(row.values())): row[name] for row in table_rows(page) if name in row}
