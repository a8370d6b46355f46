"""The question whose answers a checkpoint keeps: all that values of g depend on, and in what two questions differ."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from decompositions import degrees
from decompositions.arguments import shown
from decompositions.evaluation.fingerprint.contents import of_tensor
from decompositions.evaluation.fingerprint.fingerprint import changes, fingerprint
from decompositions.evaluation.sealed import FORMAT
from decompositions.games.function_cube import FunctionCube
from decompositions.games.game import Game
from decompositions.models.model_function import ModelFunction
from decompositions.models.row_function import RowFunction
from decompositions.models.softening import Softened

ASKED = 8  # coalitions whose values must be the same, bit for bit
QUESTION = {
    "format": "the format",
    "versions": "the versions",
    "names": "the players' names",
    "order": "the coalitions",
    "x": "the input",
    "baseline": "the baseline",
    "weights": "the baselines' weights",
    "players": "the players",
    "model": "the model",
    "target": "the target",
    "dtype": "the floating-point type",
    "device": "the device",
    "chunk": "the chunk",
    "range": "the length of a range",
    "values": "the function's values",
}
SHOWN = ("versions", "order", "target", "dtype", "device", "chunk", "range")  # rather than hashes or long lists


def question_of(game: Game, cube: FunctionCube, active: tuple[int, ...], order: int | str | None) -> dict[str, Any]:
    """What the values depend on; parts of f that its calls change by themselves (counters, caches) are named."""
    before = _function(cube.f)
    values = _answers(cube, active)
    model, target = _function(cube.f)
    return {
        "format": FORMAT,
        "versions": "Python {}.{}, torch {}, NumPy {}".format(*sys.version_info[:2], torch.__version__, np.__version__),
        "names": list(game.names),
        "order": order,
        **_inputs(cube),
        "weights": of_tensor(cube.weights),
        "players": of_tensor(cube.entry_players()),
        "model": model,
        "target": target,
        "loose": changes(model, before[0]) + changes(_parts(target), _parts(before[1])),
        "dtype": str(cube.dtype),
        "device": cube.device.type,
        "chunk": cube.chunk,
        "values": values,
    }


def _inputs(cube: FunctionCube) -> dict[str, Any]:
    """The input and the baselines; of rows what their cells hold, as codes say only which are alike."""
    if not isinstance(cube.f, RowFunction):
        return {"x": of_tensor(cube.x), "baseline": of_tensor(cube.baseline)}
    cells, rows = cube.f.cells, 1 + len(cube.baseline)
    return {"x": fingerprint(cells.contents(0, 1), "x"), "baseline": fingerprint(cells.contents(1, rows), "baseline")}


def _answers(cube: FunctionCube, active: tuple[int, ...]) -> list[str]:
    """g, bit for bit, at ∅, at all players and at a few coalitions between, which betray any other function."""
    last = 2 ** len(active) - 1
    masks = sorted({last * place // (ASKED - 1) for place in range(ASKED)})
    points = degrees.table(([active[bit] for bit in degrees.coalition(mask)] for mask in masks), cube.n)
    return [float(value).hex() for value in cube.values(points.to(cube.device)).tolist()]


def _function(f: Callable[[torch.Tensor], torch.Tensor]) -> tuple[dict[str, str], dict[str, str] | str]:
    """The parts of a function, and its target: the parts of a function, too, or the index."""
    if isinstance(f, Softened):
        model, target = _function(f.f)
        return model | {"softened": repr(f.beta)}, target
    if not isinstance(f, (ModelFunction, RowFunction)):
        return fingerprint(f, "f") | _global_hooks(), ""
    target = fingerprint(f.target, "target") if callable(f.target) else repr(f.target)
    return fingerprint(f.call if isinstance(f, RowFunction) else f.module, "model") | _global_hooks(), target


def _global_hooks() -> dict[str, str]:
    """The forward hooks that torch calls for every module; mostly there are none."""
    modules = torch.nn.modules.module
    hooks = [*modules._global_forward_pre_hooks.values(), *modules._global_forward_hooks.values()]
    return fingerprint(hooks, "hooks of all modules") if hooks else {}


def _parts(target: dict[str, str] | str) -> dict[str, str]:
    return target if isinstance(target, dict) else {}


def require_same(now: dict[str, Any], there: dict[str, Any], folder: Path) -> None:
    """Refuse the checkpoint of another question, and say in what it differs."""
    differ, where = [], []
    for key in QUESTION:
        if isinstance(now[key], dict) and isinstance(there.get(key), dict):
            paths = changes(now[key], there[key], [*now["loose"], *there["loose"]])
            differ += [key] if paths else []
            where += paths
        elif now[key] != there.get(key):
            differ.append(key)
    if len(differ) > 1:  # the values differ because something else does
        differ = [key for key in differ if key not in ("values", "range")]
    if not differ:
        return
    said = [f"{QUESTION[key]}{_both(there.get(key), now[key]) if key in SHOWN else ''}" for key in differ]
    hint = ": another function, another library, or one whose output changes between calls"
    parts = f" ({', '.join(map(shown, where[:3]))}{', …' if len(where) > 3 else ''})" if where else ""
    raise ValueError(
        f"the checkpoint in {folder} is of another question: {', '.join(said)} changed"
        f"{hint if differ == ['values'] else ''}{parts}; ask what was asked before, or give another directory"
    )


def _both(there: Any, now: Any) -> str:
    """Two short values, for a person."""
    short = all(isinstance(each, (int, str)) and len(str(each)) <= 60 for each in (there, now))
    return f" ({there} there, {now} here)" if short else ""
