"""A question about a model of one's own."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from torch import nn

from decompositions.games import players as grouping
from decompositions.games.game import Game
from decompositions.visible import in_one_line
from synergy.command.array_file import read_array
from synergy.command.factory import made
from synergy.command.question import AbstractQuestion, required
from synergy.examples.example import Example
from synergy.wording.view import Features, Picture, Words

FEATURES, PATCHES = "features", "grid:3x3"
SIDE = 4  # pixels from which on a side is one of a picture


@dataclass(frozen=True)
class Model(AbstractQuestion):
    """A torch model or a function of NumPy rows, made by ``package.module:factory``, at an input of one's own."""

    kind = "model"
    help = "a torch model of one's own, or a function of NumPy rows such as forest.predict_proba"
    subject: Annotated[str | None, typer.Argument(help="package.module:factory, a module or what makes one")] = None
    input: Annotated[str | None, typer.Option(help="the input, a .npy file, with its batch axis of 1")] = None
    baseline: Annotated[str | None, typer.Option(help="what absent means: a number or a .npy file")] = None
    players: Annotated[
        str | None,
        typer.Option(help="features, grid:4x4, grid:4 or segments:12; grid:3x3 of a picture by default, else features"),
    ] = None
    target: Annotated[
        str | None, typer.Option(help="index of the output, several with commas; its name before them")
    ] = None
    output_kind: Annotated[str | None, typer.Option(help="logit, probability or log_odds")] = None
    device: Annotated[str | None, typer.Option(help="cpu, cuda, …")] = None

    def example(self) -> Example:
        spec = required(self.subject, self.kind, "package.module:factory")
        if not self.input:
            raise ValueError("a model needs an input: --input x.npy, with its batch axis of 1")
        device = _device("cpu" if self.device is None else self.device)
        x, baseline, target = _input(self.input), _number_or_array(self.baseline or "0"), _target(self.target)
        baseline = _alike(baseline, x)
        model = made(spec)
        if isinstance(model, nn.Module):
            model = model.to(device)
            dtype = next((p.dtype for p in model.parameters() if p.is_floating_point()), torch.float32)
            x = _as(x, dtype, device)
            baseline = _as(baseline, dtype, device) if isinstance(baseline, torch.Tensor) else baseline
        elif device.type != "cpu":
            raise ValueError(f"--device {self.device} is for torch models, and '{spec}' gave a function of NumPy rows")
        x = x[None] if x.ndim == 1 and not isinstance(model, nn.Module) else x
        divided = self.players or usual_players(x)
        players = grouping.parse(divided, x)
        given = (x, baseline) if isinstance(model, nn.Module) else (_rows(x), _rows(baseline))
        game = Game.from_model(model, *given, target=target, players=players, output=self.output_kind or "logit")
        facts = self._facts(game, x, target)
        if self.players is None and divided != FEATURES:
            facts["players"] = f"{divided}, as none are named; --players {FEATURES} is every entry for itself"
        return Example(self.kind, spec, game, _view(x, players, game), facts)

    def _facts(self, game: Game, x: torch.Tensor, target: Any) -> dict[str, str]:
        with torch.no_grad():
            value = float(game(torch.ones(1, game.n))[0])
        return {
            "model": str(self.subject),
            "input": f"{self.input}, shape {tuple(x.shape)}",
            "baseline": self.baseline or "0",
            "prediction": f"f(x) = {value:.6g}" + ("" if target is None else f" (output {target})"),
        }


def _device(name: str) -> torch.device:
    try:
        if torch.ones(1, device=name).is_meta:
            raise ValueError("it has no numbers")
        return torch.device(name)
    except Exception as error:  # every kind of device has its own
        reason = in_one_line(str(error).partition("\n")[0], 300)
        raise ValueError(f"there is no device '{name}' here: {reason}; take --device cpu") from error


def _input(path: str) -> torch.Tensor:
    x = _array(path, "--input")
    if not torch.isfinite(x).all():
        place = tuple(torch.nonzero(~torch.isfinite(x))[0].tolist())
        raise ValueError(f"--input holds finite numbers, and {path} has {x[place].item()} at {place}")
    return x


def _array(path: str, option: str) -> torch.Tensor:
    return torch.from_numpy(read_array(Path(path), option))


def _as(x: torch.Tensor, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """On the device; numbers with decimals in the model's type."""
    return x.to(device, dtype) if x.is_floating_point() else x.to(device)


def _rows(given: Any) -> Any:
    """What a function of NumPy rows takes."""
    return given.numpy() if isinstance(given, torch.Tensor) else given


def usual_players(x: torch.Tensor) -> str:
    """How an input is divided where nobody says: pictures in nine patches, else every entry for itself.

    >>> usual_players(torch.zeros(1, 3, 32, 32)), usual_players(torch.zeros(1, 8))
    ('grid:3x3', 'features')
    """
    return PATCHES if x.ndim == 4 and min(x.shape[-2:]) >= SIDE else FEATURES


def _alike(baseline: float | torch.Tensor, x: torch.Tensor) -> float | torch.Tensor:
    """Whole numbers as a baseline of an input that has decimals are such numbers, too."""
    if not isinstance(baseline, torch.Tensor) or baseline.is_floating_point() or not x.is_floating_point():
        return baseline
    return baseline.to(x.dtype)


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


def _target(text: str | None) -> int | str | tuple[int | str, ...] | None:
    """An index, or a path: names of the output's parts, and then indices."""
    if text is None:
        return None
    parts = [part.strip() for part in text.split(",")]
    index = [int(part) if part.lstrip("-").isdecimal() else part for part in parts]
    names = [isinstance(each, str) for each in index]
    if names != sorted(names, reverse=True) or not all(each.isidentifier() for each in index if isinstance(each, str)):
        raise ValueError(f"--target is a whole number, or several with commas, not '{text}'")
    return index[0] if len(index) == 1 else tuple(index)


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
