"""From the words of the command line to a question: a ready example, an expression, or a model of one's own."""

from __future__ import annotations

import importlib
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from decompositions.files.whole_file import require_writable
from decompositions.games import players as players_
from decompositions.games.game import Game
from decompositions.visible import in_one_line
from synergy.command.array_file import read_array
from synergy.examples import EXAMPLES, OWN, Example, load, require
from synergy.wording.view import Features, Picture, Words

KINDS = (*EXAMPLES, *OWN)
OPTIONS = {  # beside those that every question has
    "model": ("input", "baseline", "players", "target", "output-kind", "device"),
    "expression": ("at", "baseline"),
}


def ask(kind: str, subject: str | None, options: Mapping[str, str | None]) -> Example:
    """The question that the command line names.

    Args:
        kind: one of :data:`KINDS`.
        subject: a sentence, a picture, …; an expression, or ``package.module:factory``.
        options: the words of the options that not every kind has; None where one was not given.

    Raises:
        LookupError: no such kind; the nearest is named.
        ValueError: an option of another kind, or a subject or an option that cannot be read.
        ImportError, OSError, TypeError: as :func:`ready`, :func:`expression` and :func:`model`.
    """
    require(kind)
    own = OPTIONS.get(kind, ("players",))
    for name, value in options.items():
        if value is not None and name not in own:
            others = [each for each, names in OPTIONS.items() if name in names] or list(EXAMPLES)
            raise ValueError(
                f"--{name} belongs to {' and '.join(others)}; {kind} has {', '.join(f'--{each}' for each in own)}"
            )
    if kind not in OWN:
        return ready(kind, subject, options.get("players"))
    if not (subject and subject.strip()):
        what = "package.module:factory" if kind == "model" else "'x1*x2 + x3' --at x1=1,x2=2,x3=3"
        raise ValueError(f"synergy explain {kind} asks about a subject, and none came; give one: {kind} {what}")
    if kind == "model":
        return model(subject, {**options, "output": options.get("output-kind")})
    return expression(subject, options.get("at"), options.get("baseline"))


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
    device = _device("cpu" if options.get("device") is None else options["device"])
    x = _array(options["input"], "--input")
    if not torch.isfinite(x).all():
        place = tuple(torch.nonzero(~torch.isfinite(x))[0].tolist())
        raise ValueError(f"--input holds finite numbers, and {options['input']} has {x[place].item()} at {place}")
    baseline = _number_or_array(options.get("baseline") or "0")
    net = _model(spec).to(device)
    dtype = next((p.dtype for p in net.parameters() if p.is_floating_point()), torch.float32)
    x = _as(x, dtype, device)
    baseline = _as(baseline, dtype, device) if isinstance(baseline, torch.Tensor) else baseline
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


def writable(path: Path, option: str) -> Path:
    """The path, if a file can be written there; its folder is made.

    Raises:
        OSError: it cannot; found before anything is computed.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        require_writable(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OSError(f"{option} is the name of a file to write, and {path} is not: {reason}") from error
    return path


def _assignments(text: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    if not pairs or any(not (name.strip() and sign and value.strip()) for name, sign, value in pairs):
        raise ValueError(f"a point is written x1=1,x2=1/2; '{text}' is not")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _model(spec: str) -> nn.Module:
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
    if not isinstance(net, nn.Module):
        raise TypeError(f"'{spec}' gave {type(net).__name__}, not a torch.nn.Module")
    return net


def _raised(error: BaseException) -> str:
    return in_one_line(f"{type(error).__name__}: {error}", 300)


def _device(name: str) -> torch.device:
    try:
        if torch.ones(1, device=name).is_meta:
            raise ValueError("it has no numbers")
        return torch.device(name)
    except Exception as error:  # every kind of device has its own
        reason = in_one_line(str(error).partition("\n")[0], 300)
        raise ValueError(f"there is no device '{name}' here: {reason}; take --device cpu") from error


def _array(path: str, option: str) -> torch.Tensor:
    return torch.from_numpy(read_array(Path(path), option))


def _as(x: torch.Tensor, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """On the device; numbers with decimals in the model's type."""
    return x.to(device, dtype) if x.is_floating_point() else x.to(device)


def _number_or_array(text: str) -> float | torch.Tensor:
    try:
        found: float | torch.Tensor = float(text)
    except ValueError:
        if not text.endswith(".npy") and not Path(text).exists():
            raise ValueError(f"--baseline is a number or a .npy file, not '{text}'") from None
        found = _array(text, "--baseline")
    if math.isnan(found) if isinstance(found, float) else torch.isnan(found).any():
        raise ValueError(f"--baseline holds numbers, and '{text}' is or has a NaN")
    return found


def _target(text: str | None) -> int | tuple[int, ...] | None:
    if text is None:
        return None
    try:
        index = tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise ValueError(f"--target is a whole number, or several with commas, not '{text}'") from error
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
