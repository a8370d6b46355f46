"""A model named by package.module:factory, made by the person's own code."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

from decompositions.visible import in_one_line

MOST = 12  # names that are listed
CALLS = ("predict_proba", "decision_function", "predict")


def made(spec: str) -> nn.Module | Callable[[Any], Any]:
    """The module of that name, or what the function of that name makes: a module, or a function of NumPy rows.

    Args:
        spec: ``package.module:factory``.

    Raises:
        ValueError: no such name.
        ImportError: the package cannot be imported or has nothing of that name.
        TypeError: what is found is no model and makes none.
    """
    module, _, name = spec.partition(":")
    if not (module and name) or module.startswith(".") or module.endswith(".py") or "/" in module:
        raise ValueError(
            f"a model is named package.module:factory, with dots and without .py, not '{spec}'; {_named_instead(spec)}"
        )
    if "" not in sys.path:
        sys.path.insert(0, "")  # a module in the current folder, as with python -m
    try:
        home = importlib.import_module(module)
    except (Exception, SystemExit) as error:  # it runs the user's own code
        raise ImportError(
            f"the module '{module}' cannot be imported: {_raised(error)}{_elsewhere(spec, error)}"
        ) from error
    found = getattr(home, name, None)
    if found is None:
        raise ImportError(f"the module '{module}' has nothing called '{name}'; {_inside(home, name)}")
    if not callable(found):
        raise TypeError(
            f"'{spec}' is a {type(found).__name__}, not a torch.nn.Module nor a function that makes one; "
            f"{_inside(home, name)}"
        )
    try:
        net = found if isinstance(found, nn.Module) else found()
    except (Exception, SystemExit) as error:
        raise TypeError(f"'{spec}' is called without arguments to make a model, and fails: {_raised(error)}") from error
    known = [f"its {each}" for each in CALLS if callable(getattr(net, each, None))]
    if isinstance(net, nn.Module) or (callable(net) and not known):
        return net
    way = f"; let it give {' or '.join(known)}" if known else ""
    raise TypeError(f"'{spec}' gave {type(net).__name__}, not a torch.nn.Module nor a function of NumPy rows{way}")


def _named_instead(spec: str) -> str:
    """How a model is named that was named as a file."""
    path = Path(spec.partition(":")[0])
    if path.suffix in (".pt", ".pth", ".pt2", ".onnx", ".safetensors"):
        return f"of a {path.suffix} file name a function that reads it and gives the model, such as my_module:net"
    module = ".".join(path.with_suffix("").parts if path.suffix == ".py" else [spec.strip(".:") or "my_module"])
    return f"such as {module.strip('./')}:net, where net is a torch.nn.Module or a function that makes one"


def _elsewhere(spec: str, error: BaseException) -> str:
    """Where a module that is not there may be."""
    module, _, name = spec.partition(":")
    if not isinstance(error, ModuleNotFoundError) or error.name != module.partition(".")[0]:
        return ""
    if Path(f"{name}.py").exists():
        return f"; did you mean '{name}:{module}'?"
    here = sorted(path.stem for path in Path().glob("*.py") if path.stem.isidentifier())
    near = get_close_matches(module, here, 1)
    if near:
        return f"; did you mean '{near[0]}:{name}'?"
    there = f", which has {', '.join(here[:MOST])}" if here else ", which has none"
    return f"; give an installed package, or a module of this folder{there}"


def _inside(home: ModuleType, name: str) -> str:
    """What a module of its own has that may be a model, or make one."""
    own = [
        each
        for each, value in vars(home).items()
        if isinstance(value, nn.Module) or (callable(value) and getattr(value, "__module__", "") == home.__name__)
    ]
    near = get_close_matches(name, own, 1)
    if near:
        return f"did you mean '{home.__name__}:{near[0]}'?"
    return f"it has {', '.join(own[:MOST])}" if own else "give it a function that makes the model"


def _raised(error: BaseException) -> str:
    return in_one_line(f"{type(error).__name__}: {error}", 300)
