"""Attribution functions and objects from elsewhere, measured like our own methods."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn

from decompositions.arguments import shown
from decompositions.arithmetic import wide
from decompositions.games.function_cube import FunctionCube
from decompositions.games.game import Game
from decompositions.models.model_function import ModelFunction
from decompositions.models.undisturbed import undisturbed
from synergy.algorithms.path.quadrature import length, part
from synergy.estimate import Estimate
from synergy.explained import modelled
from synergy.method import ITS_OWN

ALIKE = 1e-3  # of the largest attribution: more is not the rounding of a batch of another size
CALLED = "it is called as (model, inputs, baselines, target) and gives a tensor shaped like its inputs"
WAY_OUT = (
    "bring them to the inputs' shape in a function of your own and measure that: "
    "measure(lambda model, inputs, baselines, target: …, game) (captum's maps by LayerAttribution.interpolate; or take "
    "method('grad_cam', layer=…))"
)


@dataclass(frozen=True)
class ForeignMethod:
    """A callable ``(model, inputs, baselines, target) → attributions``, asked at end points of a game.

    Inputs are the masked inputs, one row per end point and baseline; baselines are expanded to the same shape; the
    attributions, shaped like the inputs, are detached, averaged over the baselines and summed by player (a mean where
    the callable was given the players itself and repeats each player's value). One that draws random numbers is asked
    twice, and the difference is its error.

    Args:
        call: the callable.
        name: as messages and tables call it.
        repeats: whether each player's value stands at all its entries.
        misses: whether the callable gives, beside the attributions, by how much their sum misses f(x) − f(b) at every
            row, because of a quadrature: that is an error of theirs.
        hint: how it is called, for errors.
    """

    call: Callable[..., torch.Tensor]
    name: str
    repeats: bool = False
    misses: bool = False
    hint: str = CALLED
    corners: ClassVar[bool] = False
    target: ClassVar[str] = ITS_OWN
    formula: ClassVar[str] = ""

    def estimate(self, game: Game, ends: Any = None) -> tuple[torch.Tensor, torch.Tensor]:
        """The attributions, ``(n,)`` or ``(m, n)`` for a batch of end points, and their error by rounding and draws.

        Raises:
            TypeError: no real numbers.
            ValueError: another shape, or rows that depend on each other.
            RuntimeError: it fails.
        """
        points, (cube, f) = game.ends(ends), _explained(game)
        with undisturbed(f.module, cube.device) as before:
            values, errors = self._all(game, points)
            if before.drawn():
                again, _ = self._all(game, points)
                errors = errors + ((values - again) ** 2).mean().sqrt() / 2
                values = (values + again) / 2
            self._require_apart(game, points, values)
        return (values[0], errors[0]) if ends is None else (values, errors)

    def answer(self, game: Game, ends: Any = None) -> Estimate:
        """The same, as every method's."""
        return Estimate(*self.estimate(game, ends))

    def _all(self, game: Game, points: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """At all end points, a chunk at a time, and the error by the attributions' type and by a quadrature."""
        values, errors = zip(*(self._some(game, some) for some in points.split(_at_once(game))), strict=True)
        return torch.cat(values), torch.cat(errors)

    def _some(self, game: Game, points: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        cube, f = _explained(game)
        inputs = cube.inputs(points.bool())
        rows = inputs.flatten(0, 1).clone()  # copies, as a callable may write into what it is given
        baselines = cube.baseline.expand(inputs.shape).flatten(0, 1).clone()
        asked = self._asked(f.module, rows, baselines, f.target)
        asked, missed = asked if self.misses else (asked, torch.zeros(len(rows)))
        given = self._like(asked, inputs.flatten(0, 1))
        cube.on_calls(len(rows))
        entries = wide(given).reshape(*inputs.shape[:2], -1)
        players = cube.entry_players()
        summed = torch.zeros(*entries.shape[:2], game.n, dtype=entries.dtype, device=entries.device)
        summed.index_add_(2, players, entries)
        if self.repeats:
            summed = summed / torch.bincount(players, minlength=game.n)
        epsilon = torch.finfo(given.dtype).eps if given.is_floating_point() else 0.0
        values = (summed * cube.weights[:, None]).sum(1)
        missing = (wide(missed).to(values).abs().reshape(*inputs.shape[:2]) * cube.weights).sum(1, keepdim=True)
        return values, abs(values) * epsilon + missing * part(abs(values), length(values, 1)[:, None])

    def _asked(self, model: Any, rows: torch.Tensor, baselines: torch.Tensor, target: Any) -> Any:
        """What the callable gives, and an error that says whose it is."""
        shape = tuple(rows.shape)
        try:
            return self.call(model, rows, baselines, target)
        except MemoryError:
            raise
        except Exception as error:
            kind = next((each for each in (TypeError, ValueError) if isinstance(error, each)), RuntimeError)
            said = (str(error).splitlines() or [""])[0]
            raise kind(
                f"'{self.name}' fails for inputs {shape}: {type(error).__name__}: {said}; {self.hint}"
            ) from error

    def _like(self, given: Any, inputs: torch.Tensor) -> torch.Tensor:
        """Real numbers of the inputs' shape, detached, where the inputs are; anything else is refused."""
        rule = f"'{self.name}' must give attributions shaped like its inputs {tuple(inputs.shape)}"
        if isinstance(given, np.ndarray) and given.dtype.kind in "fiu" and given.dtype.itemsize <= 8:
            given = torch.from_numpy(given.astype(given.dtype.newbyteorder("=")))
        if not isinstance(given, torch.Tensor):
            raise TypeError(f"{rule}, a tensor of real numbers, not {shown(given)}; return one tensor")
        if given.is_complex() or given.dtype == torch.bool:
            raise TypeError(f"{rule}, real numbers, not {given.dtype}; take its real part or count with numbers")
        if given.shape != inputs.shape:
            raise ValueError(f"{rule}, not {tuple(given.shape)}; {WAY_OUT}")
        if given.is_meta and not inputs.is_meta:
            raise TypeError(f"{rule}, numbers, not a tensor on the meta device; return it on {inputs.device}")
        dense = given if given.layout == torch.strided else given.to_dense()
        return dense.detach().to(inputs.device)

    def _require_apart(self, game: Game, points: torch.Tensor, values: torch.Tensor) -> None:
        """Refuse attributions that are others for an input alone than in a batch; nobody is told of these calls."""
        if len(points) * game.cube.calls_per_point == 1 or points.is_meta:
            return
        untold = replace(game, cube=_explained(game)[0].unwatched())
        unit, copies = ALIKE * float(abs(values).max()), min(2, _at_once(game))  # some methods refuse a single row
        for place in {len(points) - 1, len(points) // 2}:
            alone = points[place].expand(copies, -1)
            first, second = (self._some(untold, alone)[0][0] for _ in range(2))
            if (abs(first - second) <= unit).all() and (abs(first - values[place]) > unit).any():
                raise ValueError(
                    f"'{self.name}' gives other attributions for an input alone than beside others: its rows are not "
                    "independent, or it remembers; attributions of a single input are measured, so build the game with "
                    "chunk=1, or write a function that asks for one input at a time"
                )


def foreign(subject: Any, game: Game) -> ForeignMethod:
    """Wrap a callable or a captum attribution object.

    Raises:
        TypeError: neither of them, a callable that takes something else, or the game has no model.
        ValueError: a captum object on another model than the game's.
    """
    owner = getattr(subject, "__self__", None)
    if owner is not None and getattr(subject, "__name__", "") == "attribute" and _is_captum(owner):
        subject = owner
    _require_attribution(subject)
    _explained(game)
    if _is_captum(subject):
        return _captum(subject, game)
    return ForeignMethod(subject, getattr(subject, "__name__", type(subject).__name__))


def _is_captum(subject: Any) -> bool:
    return not callable(subject) and callable(getattr(subject, "attribute", None))


def _require_attribution(subject: Any) -> None:
    """Refuse what can be no attribution, before anything is paid."""
    rule = (
        "measure() takes a registered name, a method, a callable (model, inputs, baselines, target) → attributions "
        "or a captum attribution object"
    )
    if isinstance(subject, type):
        raise TypeError(f"{rule}, not the class {subject.__name__}; build an object of it on game.model")
    if isinstance(subject, nn.Module):
        raise TypeError(f"{rule}, not a model ({type(subject).__name__}); the model is that of the game")
    if _is_captum(subject):
        return
    if not callable(subject):
        raise TypeError(f"{rule}, not {shown(subject)}")
    try:
        taken = inspect.signature(subject)
    except ValueError:  # built-in functions may have none
        return
    try:
        taken.bind(None, None, None, None)
    except TypeError as error:
        raise TypeError(f"{rule}, not one that takes {taken}: {error}; give it these four arguments") from error


def _explained(game: Game) -> tuple[FunctionCube, ModelFunction]:
    """The cube of a game about a model, and the model's function."""
    return modelled(game, "a callable is measured on a model")


def _at_once(game: Game) -> int:
    """How many end points make one batch of inputs."""
    return _explained(game)[0].points_at_once


def _captum(subject: Any, game: Game) -> ForeignMethod:
    known = inspect.signature(subject.attribute).parameters
    if getattr(subject, "forward_func", getattr(subject, "model", None)) is not game.model:
        raise ValueError("the attribution object explains another model than the game; build it with game.model")
    extra: dict[str, Any] = {}
    if "feature_mask" in known:
        cube = _explained(game)[0]
        extra["feature_mask"] = cube.players.expand(cube.x.shape).clone()

    misses = {"n_steps", "return_convergence_delta"} <= set(known)

    def call(model: Any, inputs: torch.Tensor, baselines: torch.Tensor, target: Any) -> Any:
        given = {"baselines": baselines} if "baselines" in known else {}
        if not misses:
            return _without_single_axes(subject.attribute(inputs, target=target, **given, **extra), inputs.shape)
        attributions, missed = subject.attribute(inputs, target=target, return_convergence_delta=True, **given, **extra)
        return _without_single_axes(attributions, inputs.shape), missed

    hint = (
        f"to give {type(subject).__name__} settings of its own, measure a function: "
        "measure(lambda model, inputs, baselines, target: obj.attribute(inputs, …), game)"
    )
    return ForeignMethod(call, type(subject).__name__, "feature_mask" in known, misses, hint)


def _without_single_axes(given: Any, shape: torch.Size) -> Any:
    """A tensor that has the shape but for axes of one entry (captum adds one for an output of one), in that shape."""
    if not isinstance(given, torch.Tensor):
        return given
    same = [size for size in given.shape if size != 1] == [size for size in shape if size != 1]
    return given.reshape(shape) if same else given
