"""What a study was asked, written down: two runs with the same manifest give the same table."""

from __future__ import annotations

import platform
import re
from typing import Any

import numpy as np
import scipy
import torch

from decompositions.arguments import shown
from decompositions.evaluation.fingerprint.fingerprint import fingerprint
from synergy.studies.folder import FORMAT
from synergy.studies.records import imported
from synergy.studies.task import Task
from synergy.version import __version__


def manifest(task: Task) -> dict[str, Any]:
    """The fingerprints of all that the answers depend on, the settings and the versions."""
    inputs = task.inputs
    return {
        "format": FORMAT,
        "versions": versions(),
        "models": {name: fingerprint(model, "model") for name, model in task.models.items()},
        "about": {name: about(model) for name, model in task.models.items()},
        "said": {name: said(getattr(inputs, name)) for name in ("values", "baseline", "players", "targets")},
        "inputs": inputs.digest(),
        "count": len(inputs),
        "baseline": fingerprint(inputs.baseline, "baseline"),
        "players": fingerprint(inputs.players, "players"),
        "names": None if inputs.names is None else list(inputs.names),
        "targets": fingerprint(inputs.targets, "targets"),
        "methods": {name: fingerprint(each, "method") for name, each in task.methods.items()},
        "order of methods": list(task.methods),
        "settings of methods": {name: said(each) for name, each in task.methods.items()},
        "settings": {
            "output": task.output,
            "order": task.order,
            "budget": task.budget,
            "rows": task.rows,
            "controls": list(task.controls),
            "seed": task.seed,
        },
    }


def said(value: Any) -> str:
    """A value in a few words, the same in every process."""
    if isinstance(value, list):
        return f"a list of {len(value):,}"
    if callable(value) and hasattr(value, "__qualname__"):
        return f"the function {value.__qualname__}"
    return re.sub(r" at 0x[0-9a-f]+", "", shown(value))


def versions() -> dict[str, str]:
    """Of what computes the numbers."""
    return {
        "synergy-effects": __version__,
        "Python": platform.python_version(),
        "torch": torch.__version__,
        "NumPy": np.__version__,
        "SciPy": scipy.__version__,
        "pyarrow": imported("pyarrow").__version__,
    }


def about(model: Any) -> str:
    """What a model is, in a few words."""
    kind = type(model).__name__ if not hasattr(model, "__name__") else model.__name__
    if not isinstance(model, torch.nn.Module):
        return kind
    parameters = list(model.parameters())
    size = sum(each.numel() for each in parameters)
    where = f", {parameters[0].dtype}, {parameters[0].device.type}" if parameters else ""
    return f"{kind}, {size:,} parameters{where}"
