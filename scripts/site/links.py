"""Links within a built site that lead nowhere, and what a page would ask the network for."""

from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}
NOT_LOADED = {"canonical", "search", "next", "prev", "index", "author"}


class _Page(HTMLParser):
    """The anchors of a page, where its links go, and what it loads."""

    def __init__(self) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if given.get(name)}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag in LOADED and LOADED[tag] in given and not NOT_LOADED & set(given.get("rel", "").split()):
            self.loads.append(given[LOADED[tag]])


@cache
def read(path: Path) -> _Page:
    page = _Page()
    page.feed(path.read_text("utf8"))
    return page


def leads_nowhere(page: Path, link: str) -> bool:
    """Whether a link to a file of the site has no file, or no anchor in it."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return False
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if not target.exists():
        return True
    return bool(parts.fragment) and target.suffix == ".html" and unquote(parts.fragment) not in read(target).anchors


def broken(site: Path) -> Iterator[str]:
    """Every link or file within a site that is not there: the page, and where it points."""
    for path in sorted(site.rglob("*.html")):
        if "_static" not in path.relative_to(site).parts:
            links = [*read(path).links, *read(path).loads]
            yield from (f"{path.relative_to(site)}: {link}" for link in links if leads_nowhere(path, link))


def loaded_from_elsewhere(site: Path) -> Iterator[str]:
    """Every script, style or picture that a page would fetch from the network."""
    for path in sorted(site.rglob("*.html")):
        for address in read(path).loads:
            if urlsplit(address).netloc:
                yield f"{path.relative_to(site)}: {address}"
