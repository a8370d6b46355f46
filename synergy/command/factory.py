"""A model named by package.module:factory, made by the person's own code."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any

from torch import nn

from decompositions.visible import in_one_line

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
        raise ValueError(f"a model is named package.module:factory, with dots and without .py, not '{spec}'")
    if "" not in sys.path:
        sys.path.insert(0, "")  # a module in the current folder, as with python -m
    try:
        home = importlib.import_module(module)
    except (Exception, SystemExit) as error:  # it runs the user's own code
        raise ImportError(f"the module '{module}' cannot be imported: {_raised(error)}") from error
    found = getattr(home, name, None)
    if found is None:
        raise ImportError(f"the module '{module}' has nothing called '{name}'")
    if not callable(found):
        raise TypeError(f"'{spec}' is a {type(found).__name__}, not a torch.nn.Module nor a function that makes one")
    try:
        net = found if isinstance(found, nn.Module) else found()
    except (Exception, SystemExit) as error:
        raise TypeError(f"'{spec}' is called without arguments to make a model, and fails: {_raised(error)}") from error
    known = [f"its {each}" for each in CALLS if callable(getattr(net, each, None))]
    if isinstance(net, nn.Module) or (callable(net) and not known):
        return net
    way = f"; let it give {' or '.join(known)}" if known else ""
    raise TypeError(f"'{spec}' gave {type(net).__name__}, not a torch.nn.Module nor a function of NumPy rows{way}")


def _raised(error: BaseException) -> str:
    return in_one_line(f"{type(error).__name__}: {error}", 300)
