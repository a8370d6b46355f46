"""Attribution functions and objects from elsewhere, measured like our own methods."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import torch

from decompositions.arguments import shown
from decompositions.function_cube import FunctionCube
from decompositions.game import Game
from decompositions.model import ModelFunction


@dataclass(frozen=True)
class ForeignMethod:
    """A callable ``(model, inputs, baselines, target) → attributions``, asked at end points of a game.

    Inputs are the masked inputs, one row per end point and baseline; baselines are expanded to the same shape; the
    attributions, shaped like the inputs, are detached, averaged over the baselines and summed by player (a mean where
    the callable was given the players itself and repeats each player's value).
    """

    call: Callable[..., torch.Tensor]
    name: str
    repeats: bool = False
    corners: ClassVar[bool] = False
    target: ClassVar[str] = "its own"
    formula: ClassVar[str] = ""

    def estimate(self, game: Game, ends: Any = None) -> tuple[torch.Tensor, torch.Tensor]:
        """The attributions, ``(n,)`` or ``(m, n)`` for a batch of end points, and the rounding error of their type."""
        points = game.ends(ends)
        step = max(1, _explained(game)[0].chunk // game.cube.calls_per_point)
        parts = [self._some(game, part) for part in points.split(step)]
        values = torch.cat([part[0] for part in parts])
        errors = abs(values) * max(part[1] for part in parts)
        return (values[0], errors[0]) if ends is None else (values, errors)

    def _some(self, game: Game, points: torch.Tensor) -> tuple[torch.Tensor, float]:
        cube, f = _explained(game)
        inputs = cube.inputs(points.bool())
        rows = inputs.flatten(0, 1).clone()  # copies, as a callable may write into what it is given
        baselines = cube.baseline.expand(inputs.shape).flatten(0, 1).clone()
        given = self.call(f.module, rows, baselines, f.target)
        cube.on_calls(len(rows))
        self._require_like(given, inputs.flatten(0, 1).shape)
        entries = given.detach().to(torch.float64).reshape(*inputs.shape[:2], -1)
        players = cube.entry_players()
        summed = torch.zeros(*entries.shape[:2], game.n, dtype=entries.dtype, device=entries.device)
        summed.index_add_(2, players, entries)
        if self.repeats:
            summed = summed / torch.bincount(players, minlength=game.n)
        epsilon = torch.finfo(given.dtype).eps if given.is_floating_point() else 0.0
        return (summed * cube.weights[:, None]).sum(1), epsilon

    def _require_like(self, given: Any, shape: torch.Size) -> None:
        """Refuse what is no table of real numbers of the inputs' shape."""
        rule = f"'{self.name}' must give attributions shaped like its inputs {tuple(shape)}"
        if not isinstance(given, torch.Tensor):
            raise TypeError(f"{rule}, a torch tensor, not {shown(given)}")
        if given.is_complex() or given.dtype == torch.bool:
            raise TypeError(f"{rule}, real numbers, not {given.dtype}")
        if given.shape != shape:
            raise ValueError(
                f"{rule}, not {tuple(given.shape)}; bring them to the inputs' shape in a function of your own and "
                "measure that: measure(lambda model, inputs, baselines, target: …, game)"
            )


def foreign(subject: Any, game: Game) -> ForeignMethod:
    """Wrap a callable or a captum attribution object.

    Raises:
        TypeError: neither of them, or the game has no model.
        ValueError: a captum object on another model than the game's.
    """
    is_object = not callable(subject) and callable(getattr(subject, "attribute", None))
    if not callable(subject) and not is_object:
        raise TypeError(
            "measure() takes a registered name, a method, a callable (model, inputs, baselines, target) → attributions "
            f"or a captum attribution object, not {shown(subject)}"
        )
    _explained(game)
    if not is_object:
        return ForeignMethod(subject, getattr(subject, "__name__", type(subject).__name__))
    return _captum(subject, game)


def _explained(game: Game) -> tuple[FunctionCube, ModelFunction]:
    """The cube of a game about a model, and the model's function."""
    if not isinstance(game.cube, FunctionCube) or not isinstance(game.cube.f, ModelFunction):
        raise TypeError("a callable is measured on a model; build the game with Game.from_model")
    return game.cube, game.cube.f


def _captum(subject: Any, game: Game) -> ForeignMethod:
    known = inspect.signature(subject.attribute).parameters
    if getattr(subject, "forward_func", getattr(subject, "model", None)) is not game.model:
        raise ValueError("the attribution object explains another model than the game; build it with game.model")
    extra: dict[str, Any] = {}
    if "feature_mask" in known:
        cube = _explained(game)[0]
        extra["feature_mask"] = cube.players.expand(cube.x.shape).clone()

    def call(model: Any, inputs: torch.Tensor, baselines: torch.Tensor, target: Any) -> torch.Tensor:
        given = {"baselines": baselines} if "baselines" in known else {}
        try:
            attributions = subject.attribute(inputs, target=target, **given, **extra)
        except TypeError as error:
            raise TypeError(
                f"{error}; to give {type(subject).__name__} settings of its own, measure a function: "
                "measure(lambda model, inputs, baselines, target: obj.attribute(inputs, …), game)"
            ) from error
        return _without_single_axes(attributions, inputs.shape)

    return ForeignMethod(call, type(subject).__name__, repeats="feature_mask" in known)


def _without_single_axes(given: Any, shape: torch.Size) -> Any:
    """A tensor that has the shape but for axes of one entry (captum adds one for an output of one), in that shape."""
    if not isinstance(given, torch.Tensor):
        return given
    same = [size for size in given.shape if size != 1] == [size for size in shape if size != 1]
    return given.reshape(shape) if same else given
