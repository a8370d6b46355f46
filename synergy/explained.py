"""The network and the logit that a game is about, or the error that says why there is none."""

from __future__ import annotations

from collections.abc import Callable

import torch

from decompositions.games.function_cube import FunctionCube
from decompositions.games.game import Game, require_game
from decompositions.models.model_function import ModelFunction, Output
from decompositions.settings import either, setting


def explained(game: Game) -> tuple[FunctionCube, ModelFunction]:
    """The cube and function of a game about a model whose logit at an index is explained, of ids at their embedding.

    Raises:
        TypeError: no model.
        ValueError: another output than a logit, or a target function.
    """
    require_game(game, "a layer-wise method")
    modelled(game, "a layer-wise method needs the network")
    cube, f = modelled(game.embedded, "a layer-wise method needs the network")
    if isinstance(f.module, Output):
        raise ValueError(
            f"a layer-wise method explains a logit, not a {f.module.kind}; take {setting('output', 'logit')}"
        )
    if callable(f.target):
        raise ValueError("a layer-wise method explains one entry of the output; give its index as target")
    return cube, f


def modelled(game: Game, rule: str) -> tuple[FunctionCube, ModelFunction]:
    """The cube and function of a game about a model.

    Args:
        game: the question.
        rule: why a model is needed, for the error.

    Raises:
        TypeError: no model.
    """
    cube = game.cube
    if not isinstance(cube, FunctionCube) or not isinstance(cube.f, ModelFunction):
        raise without_network(rule)
    return cube, cube.f


def without_network(rule: str) -> TypeError:
    """The refusal of a game that is not about a torch module."""
    game = "build the game with Game.from_model and a torch.nn.Module"
    return TypeError(f"{rule}; {either(game, 'name a torch.nn.Module, or what makes one')}")


def chooser(f: ModelFunction) -> Callable[[torch.Tensor], torch.Tensor]:
    """From an output to a tensor like it with 1 at the target and 0 elsewhere."""

    def choose(output: torch.Tensor) -> torch.Tensor:
        chosen = torch.zeros_like(output)
        if f.target is None:
            return chosen + 1
        index = f.target if isinstance(f.target, tuple) else (f.target,)
        chosen[(slice(None), *index)] = 1
        return chosen

    return choose
