"""The rooms and floors of both packages, drawn from their imports: ``python scripts/rooms.py`` writes CONTRIBUTING.md.

A room is a folder; a file that lies in a package itself is a room of its own. It stands one floor above the highest
room that it imports. Imports inside functions, and those for types alone, count as all others do.
"""

import ast
import textwrap
from functools import cache
from pathlib import Path

import networkx

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("synergy", "decompositions")
PAGE = ROOT / "CONTRIBUTING.md"
BEGIN, END = "<!-- python scripts/rooms.py -->\n```text\n", "```\n<!-- the rooms end -->"
WIDTH, COLUMN = 120, 24


@cache
def modules() -> dict[str, Path]:
    """All files of both packages, by the names under which they are imported."""
    paths = (path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")))
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


def imported(path: Path) -> set[tuple[str, str]]:
    """What a file imports, wherever in it: pairs of a module and what is taken from it, perhaps nothing."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf8"))):
        if isinstance(node, ast.Import):
            found |= {(alias.name, "") for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {("." * node.level + (node.module or ""), alias.name) for alias in node.names}
    return found


@cache
def files() -> networkx.DiGraph:
    """From every file an arrow to those that it imports."""
    known, graph = modules(), networkx.DiGraph()
    graph.add_nodes_from(known)
    for name, path in known.items():
        targets = (f"{module}.{part}" if f"{module}.{part}" in known else module for module, part in imported(path))
        graph.add_edges_from((name, target) for target in targets if target in known)
    return graph


@cache
def room(name: str) -> str:
    """The room of a file."""
    folder = modules()[name].parent.relative_to(ROOT).parts
    return ".".join(folder) if len(folder) > 1 else name


@cache
def rooms() -> networkx.DiGraph:
    """From every room an arrow to those whose files its own import."""
    places = {name: room(name) for name in modules()}
    graph = networkx.DiGraph()
    graph.add_nodes_from(places.values())
    graph.add_edges_from((places[a], places[b]) for a, b in files().edges if places[a] != places[b])
    return graph


@cache
def says(name: str) -> str:
    """The idea of a room, in the words of its docstring."""
    words = ast.get_docstring(ast.parse(modules()[name].read_text("utf8"))) or ""
    return " ".join(words.split("\n\n")[0].split())


def picture() -> str:
    """The rooms of each package from the highest floor to the lowest, with what they import."""
    graph = rooms()
    floors = {name: i for i, same in enumerate(networkx.topological_generations(graph.reverse())) for name in same}
    lines: list[str] = []
    for package in PACKAGES:
        lines += [f"{package}: {says(package)}", ""]
        inside = [name for name in graph if name.startswith(f"{package}.") and not empty(name)]
        for name in sorted(inside, key=lambda each: (-floors[each], each)):
            lines += _row(name, floors[name], sorted(graph.successors(name)))
        lines.append("")
    return "\n".join(lines[:-1]) + "\n"


def empty(name: str) -> bool:
    """Whether a room holds other rooms only."""
    path = modules()[name]
    return path.name == "__init__.py" and len(list(path.parent.glob("*.py"))) == 1


def _row(name: str, floor: int, imports: list[str]) -> list[str]:
    package = name.partition(".")[0]
    title = name.partition(".")[2].replace(".", "/") + ("/" if modules()[name].name == "__init__.py" else ".py")
    own = [each.partition(".")[2].replace(".", "/") for each in imports if each.startswith(f"{package}.")]
    below = [each.partition(".")[2].replace(".", "/") for each in imports if not each.startswith(f"{package}.")]
    arrows = "→ " + ", ".join(own) if own else ""
    arrows += ("; " if own else "→ ") + "decompositions: " + ", ".join(below) if below else ""
    head = f"{floor:2}  {title:<{COLUMN}}"
    hang = " " * len(head)
    rows = textwrap.wrap(says(name), WIDTH, initial_indent=head, subsequent_indent=hang)
    return rows + textwrap.wrap(arrows, WIDTH, initial_indent=hang, subsequent_indent=f"{hang}  ")


def page() -> str:
    """CONTRIBUTING.md with the picture between its marks."""
    before, _, rest = PAGE.read_text("utf8").partition(BEGIN)
    return before + BEGIN + picture() + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(page(), "utf8")
