"""From the words of the command line to a question: a ready example, an expression, or a model of one's own."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from decompositions import players as players_
from decompositions.game import Game
from synergy.examples import EXAMPLES, Example, load
from synergy.views import Features, Picture, Words

KINDS = (*EXAMPLES, "expression", "model")


def ready(kind: str, subject: str | None, players: str | None) -> Example:
    """One of the examples that come with the package.

    Raises:
        LookupError, ValueError, ImportError: as :func:`synergy.examples.load`.
    """
    return load(kind, subject, players)


def expression(text: str, at: str | None, start: str | None) -> Example:
    """An expression at a point: ``at`` and ``start`` are ``x1=1,x2=1/2``, ``start`` may be one number for all.

    Raises:
        ValueError: what cannot be read or is missing.
    """
    if not at:
        raise ValueError("an expression needs a point: --at x1=1,x2=2,…")
    x = _assignments(at)
    baseline: Any = 0 if start is None else _assignments(start) if "=" in start else start
    game = Game.from_expression(text, x, baseline)
    facts = {"model": text, "input": at, "baseline": start or "0", "prediction": f"f(x) = {game([[1] * game.n])[0]}"}
    return Example("expression", text, game, Features(game.names, tuple(x.values())), facts)


def model(spec: str, options: dict[str, Any]) -> Example:
    """A torch model of one's own.

    Args:
        spec: ``package.module:factory``, where factory is a module or gives one when called.
        options: ``input`` and ``baseline`` (a number or a .npy file), ``players``, ``target``, ``output``, ``device``.

    Raises:
        ImportError, FileNotFoundError, TypeError, ValueError: what is missing or does not fit.
    """
    if not options.get("input"):
        raise ValueError("a model needs an input: --input x.npy, with its batch axis of 1")
    device = _device(options.get("device") or "cpu")
    net = _model(spec).to(device)
    dtype = next((p.dtype for p in net.parameters() if p.is_floating_point()), torch.float32)
    x = _array(options["input"], dtype, device)
    baseline = _number_or_array(options.get("baseline") or "0", dtype, device)
    table = players_.parse(options.get("players") or "features", x.shape)
    target = _target(options.get("target"))
    game = Game.from_model(net, x, baseline, target=target, players=table, output=options.get("output") or "logit")
    with torch.no_grad():
        value = float(game(torch.ones(1, game.n))[0])
    facts = {
        "model": spec,
        "input": f"{options['input']}, shape {tuple(x.shape)}",
        "baseline": options.get("baseline") or "0",
        "prediction": f"f(x) = {value:.6g}" + ("" if target is None else f" (output {target})"),
    }
    return Example("model", spec, game, _view(x, table, game), facts)


def writable(path: Path) -> Path:
    """The path, if a file can be written there.

    Raises:
        OSError: it cannot; found before anything is computed.
    """
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; give the name of a file")
    folder = path.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".{path.name}.probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise OSError(f"cannot write {path}: {error.strerror}; give another --output or --save") from error
    return path


def _assignments(text: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    if not pairs or any(not (name.strip() and sign and value.strip()) for name, sign, value in pairs):
        raise ValueError(f"a point is written x1=1,x2=1/2; '{text}' is not")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _model(spec: str) -> nn.Module:
    module, _, name = spec.partition(":")
    if not name:
        raise ValueError(f"a model is named package.module:factory, not '{spec}'")
    if "" not in sys.path:
        sys.path.insert(0, "")  # a module in the current folder, as with python -m
    found = getattr(importlib.import_module(module), name, None)
    if found is None:
        raise ImportError(f"the module '{module}' has nothing called '{name}'")
    net = found if isinstance(found, nn.Module) else found()
    if not isinstance(net, nn.Module):
        raise TypeError(f"'{spec}' gave {type(net).__name__}, not a torch.nn.Module")
    return net


def _device(name: str) -> torch.device:
    try:
        torch.empty(1, device=name)
        return torch.device(name)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(
            f"there is no device '{name}' here: {str(error).splitlines()[0]}; take --device cpu"
        ) from error


def _array(path: str, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    try:
        array = np.load(path, allow_pickle=False)
    except ValueError as error:
        raise ValueError(f"{path} is no .npy file of numbers: {error}") from error
    tensor = torch.from_numpy(array)
    return tensor.to(device, dtype) if tensor.is_floating_point() else tensor.to(device)


def _number_or_array(text: str, dtype: torch.dtype, device: torch.device) -> float | torch.Tensor:
    try:
        return float(text)
    except ValueError:
        return _array(text, dtype, device)


def _target(text: str | None) -> int | tuple[int, ...] | None:
    if text is None:
        return None
    try:
        index = tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise ValueError(f"a target is a whole number, or several with commas, not '{text}'") from error
    return index[0] if len(index) == 1 else index


def _view(x: torch.Tensor, players: torch.Tensor, game: Game) -> Picture | Words | Features:
    """A picture where the input looks like one and no player splits its channels, else the features."""
    if x.ndim == 4 and x.shape[1] in (1, 3) and players.ndim == 4 and players.shape[:2] == (1, 1):
        pixels = x[0].detach().cpu().double()
        low, high = pixels.min(), pixels.max()
        image = ((pixels - low) / (high - low if high > low else 1) * 255).round().byte()
        shown = image.expand(3, -1, -1).permute(1, 2, 0).contiguous().numpy()
        return Picture(shown, players[0, 0].expand(x.shape[2:]).contiguous().numpy())
    if game.n == x.numel():
        return Features(game.names, tuple(f"{value:.4g}" for value in x.flatten().tolist()))
    return Words(game.names)
