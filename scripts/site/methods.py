"""A page per attribution method, from the registry and the generated tables."""

from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path

import torch

from scripts.site.sources import changed
from scripts.site.tables import column, rows
from synergy import METHODS, AbstractMethod, Game, method, players
from synergy.measurement.subject import price_of_one
from synergy.method import AbstractMean

SCOPES = {
    "game": "the effects of the game itself, so `allocate(effects, policy)` is its theory",
    "feature map": "the effects of the network's head, a game of its own, of the places of the map",
    "layer": "the effects of every neuron; the layers compose, and at the level of the network its table is measured",
    "signal": "no effects: it is a signal, which stands beside the methods for comparison",
}
PAGE = """# {title}

```{{eval-rst}}
.. autoclass:: {module}.{cls}
   :members:
   :exclude-members: {inherited}
```

## Policy

{policy}

It shares out {scope}. It is meant to explain {target}.

## Criteria

{criteria}

All three hold for: {holds}. A case on which one fails: {fails}. [All methods by the criteria](../criteria.md),
[what they are](../theory/criteria.md).

## Axioms

{axioms} [All methods by axioms](../axioms.md).

## Agreement

{agreement}

[All methods](../methods.md), [on every kind of network](../networks.md).

## Cost

{cost}

## Call

```python
from synergy import measure, method
from synergy.examples import load

game = load("digits", "7", "grid:2x2").game
print(method("{name}").attribute(game))  # one number for each player
print(measure("{name}", game).criteria())  # what it really gives, effect by effect
```

{settings}

## Source

{source}
"""
SMALL = (1, 1, 6, 6)  # the picture of which a cost is told


def list_of(row: dict[str, str], *leave: str) -> str:
    return "\n".join(f"* {name}: {cell}" for name, cell in row.items() if name not in ("method", *leave))


def axioms(title: str) -> str:
    marks = {name: mark for row in rows("axioms.md", title) for name, mark in row.items() if name != "method"}
    if set(marks.values()) <= {"–"}:
        return "None is asked of it."
    broken = [f"{name} ({mark[1:].strip()})" for name, mark in marks.items() if mark.startswith("✗")]
    kept = [name for name, mark in marks.items() if mark == "✓"]
    said = [f"Broken: {'; '.join(broken)}." if broken else "None that was asked is broken."]
    return " ".join([*said, *([f"No function was found that breaks: {', '.join(kept)}."] if kept else [])])


def game() -> Game:
    """A small network with a convolution, nine players."""
    net = torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(64, 2)
    ).eval()
    return Game.from_model(net, torch.ones(SMALL), 0.0, target=1, players=players.grid(SMALL, 3))


def cost(name: str) -> str:
    asked, chosen = game(), method(name)
    calls = chosen.price(asked) if chosen.corners else price_of_one(chosen, asked)
    said = f"{calls:,} model calls for the attributions of nine patches of a picture by a small convolutional network"
    if chosen.work > 1:
        said += f", each of them worth about {chosen.work} forward passes"
    if chosen.corners:
        said += ". It looks at masked inputs only, so measuring it beside the dividends costs no further call"
    return f"{said}. `plan(game)` counts them for your own."


def settings(cls: type[AbstractMethod]) -> str:
    if not is_dataclass(cls) or not fields(cls):
        return "It has no settings."
    lines = [f"| `{each.name}` | `{each.default!r}` |" for each in fields(cls) if each.default is not MISSING]
    return "\n".join(
        [
            f'Settings, as in `method("{cls.name}", {fields(cls)[0].name}=…)`:',
            "",
            "| setting | by default |",
            "|---|---|",
            *lines,
        ]
    )


def agreement(title: str) -> str:
    networks = "".join(f"\n* {name}: {cell}" for name, cell in column("networks.md", title).items())
    (row,) = rows("methods.md", title)
    wanted = ("policy and algorithm differ by", "a library differs by")
    first = "\n".join(f"* {name}: {row[name]}" for name in wanted)
    if not networks:
        return first
    return (
        f"{first}\n\n:::{{dropdown}} On real architectures: by how much completeness, its slow twin and a library "
        f"differ\n{networks}\n:::"
    )


def page(name: str) -> str:
    cls = METHODS[name]
    judged = rows("criteria.md", cls.title)
    return PAGE.format(
        name=name,
        title=cls.title,
        module=cls.__module__,
        cls=cls.__name__,
        inherited=", ".join(name for name in dir(AbstractMean) if not name.startswith("_")),
        policy=list_of(rows("methods.md", cls.title)[0], "policy and algorithm differ by", "a library differs by"),
        scope=SCOPES[cls.scope],
        target=cls.target,
        criteria=list_of(judged[0]),
        holds=judged[1]["all three hold for"],
        fails=judged[1]["fails on"],
        axioms=axioms(cls.title),
        agreement=agreement(cls.title),
        cost=cost(name),
        settings=settings(cls),
        source=f"{{cite:t}}`{cls.reference}`",
    )


def built_in() -> list[str]:
    return [name for name, cls in METHODS.items() if cls.__module__ == f"synergy.methods.{name}"]


def gather(folder: Path) -> set[Path]:
    """Write a page for every registered method of the package; which files that are."""
    made = {changed(folder / f"{name}.md", page(name)) for name in built_in()}
    listed = "\n".join(sorted(built_in(), key=lambda name: METHODS[name].title.lower()))
    text = f"# Each method\n\n```{{toctree}}\n:maxdepth: 1\n\n{listed}\n```\n"
    return made | {changed(folder / "index.md", text)}
