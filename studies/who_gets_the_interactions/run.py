"""Who gets the interactions? One command runs the study, or goes on with it, and writes its tables::

    python studies/who_gets_the_interactions/run.py [subject …] [--small]

The records of every input go to ``reports/who_gets_the_interactions``, where a run that is interrupted goes on; the
tables to ``results/`` beside this file, of which ``page.py`` makes the page. ``--small`` asks for three inputs of the
subjects that take seconds, and writes nothing here.
"""

from __future__ import annotations

import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).parent))

import subjects

from synergy.studies import Study, study

HERE = Path(__file__).parent
RAW = HERE.parents[1] / "reports" / HERE.name
FIGURES = HERE.parents[1] / "docs" / "images" / HERE.name
SMALL = ("digits", "tumours", "tumours_trees")
TRAINING = "training"


def main(arguments: list[str]) -> None:
    """Run what is named, or all of it."""
    torch.set_num_threads(1)
    config = tomllib.loads((HERE / "config.toml").read_text())
    if "--small" in arguments:
        with tempfile.TemporaryDirectory() as folder:
            for name in SMALL:
                print(asked(name, config[name] | {"inputs": 3}, Path(folder)))
        return
    for name in arguments or list(config):
        found = asked(name, config[name], RAW)
        print(found)
        write(found, HERE / "results" / name)
        if name != TRAINING:
            draw(found, name)


def asked(name: str, settings: dict[str, Any], folder: Path) -> Study:
    """The study of one subject, carried out or gone on with."""
    count, players = settings["inputs"], settings["players"]
    if name == TRAINING:  # how the effects come about, whoever is given them
        question = subjects.learning(count, players, settings["epochs"]) | {"methods": ["shapley"]}
    else:
        question = subjects.subject(name, count, players) | {"budget": settings["budget"]}
        question["model"] = {settings["title"]: question["model"]}
    return study(**question, folder=folder / name, rows=0)


def write(found: Study, folder: Path) -> None:
    """The tables of a study that are small: one row per method and quantity, all inputs together."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = {"orders": found.orders(), "summary": found.summary(), "verdicts": found.verdicts()}
    if len(found.methods) > 1:
        tables |= {"agreement": found.agreement(), "theory": theory(found)}
    refused = found.table("does not apply").groupby("method", observed=True).note
    tables["does not apply"] = refused.agg(inputs="size", first="first").reset_index()
    for name, table in tables.items():
        table = table[table.n > 0] if "n" in table else table
        table.to_csv(folder / f"{name.replace(' ', '_')}.csv", index=False, float_format="%.6g")
    (folder / "methods.txt").write_text(found.methods_paragraph() + "\n")


def draw(found: Study, name: str) -> None:
    """The figures of the page."""
    FIGURES.mkdir(parents=True, exist_ok=True)
    found.plot(what="orders", path=FIGURES / f"{name}.png")


def theory(found: Study) -> Any:
    """On how many inputs a criterion fails in theory and passes as measured, or the other way, by method."""
    numbers = {"coverage": "coverage", "leakage": "relevance", "residual": "completeness"}
    sides = {}
    for side in ("", " in theory"):
        rows = found.table(*(f"{number}{side}" for number in numbers))
        verdict = rows.note.astype(object).str.split().str[0]
        criterion = rows.quantity.astype(object).str.removesuffix(side).map(numbers)
        sides[side] = rows.assign(verdict=verdict, criterion=criterion).set_index(["method", "criterion", "input"])
    both = sides[""].join(sides[" in theory"].verdict.rename("in_theory"), how="inner").reset_index()
    both["theory_fails"] = (both.in_theory == "fail") & (both.verdict == "pass")
    both["theory_passes"] = (both.in_theory == "pass") & (both.verdict == "fail")
    grouped = both.groupby(["method", "criterion"], observed=True)
    counts = grouped[["theory_fails", "theory_passes"]].sum().join(grouped.size().rename("n"))
    return counts.reset_index()


if __name__ == "__main__":
    main(sys.argv[1:])
