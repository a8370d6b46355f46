"""The network behind a layer as a FunctionCube: its players are parts of what the layer gives."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from decompositions.arguments import shown
from decompositions.games.from_torch import function_cube
from decompositions.games.function_cube import FunctionCube
from decompositions.games.layer_players import layer_players
from decompositions.games.players import check
from decompositions.models.full_precision import full_precision
from decompositions.models.model_function import ModelFunction, Output
from decompositions.networks.head import ModuleHead, Rest

AROUND = "around"  # the name of the player that leads around the layer


@full_precision()
def layer_cube(
    cube: FunctionCube, layer: str, players: Any, reference: Any, around: bool, chunk: int | None
) -> tuple[FunctionCube, list[str] | None]:
    """The cube of :meth:`decompositions.games.game.Game.from_layer`, and the names of its players.

    Args:
        cube: the question about the whole model.
        layer, players, reference, around, chunk: as there.

    Raises:
        TypeError, ValueError: whatever does not fit, said with the way out.
    """
    f = cube.f
    if not isinstance(layer, str):
        raise TypeError(f"layer is the name of a module, as in named_modules(), not {shown(layer)}")
    assert isinstance(f, ModelFunction)
    kind = f.module.kind if isinstance(f.module, Output) else None
    model = f.module.model if isinstance(f.module, Output) else f.module
    head = ModuleHead(model, layer)
    with cube.calling():
        value = _activations(head, cube.x)
        baseline = torch.cat([_activations(head, each) for each in cube.baseline.split(1)])
        if not around and head.leads_around(cube.x, cube.baseline[:1]):
            raise ValueError(_leads_around(model, layer, cube))
    baseline = baseline if reference is None else reference
    table, names = layer_players(players, value.shape)
    rest = Rest(head, cube.x, value.shape[1:] if around else None)
    if around:
        value, baseline, table = _with_inputs(cube, value, baseline, table)
        names = None if names is None else [*names, AROUND]
    function = replace(f, module=rest if kind is None else Output(rest, kind))
    weights = cube.weights if len(cube.baseline) > 1 and torch.is_tensor(baseline) else None
    return function_cube(function, value, baseline, table, weights, chunk), names


def _activations(head: ModuleHead, x: torch.Tensor) -> torch.Tensor:
    """What the layer gives for one input.

    Raises:
        ValueError: no batch of one, or no numbers between which there is anything.
    """
    value = head.open(x)[0]
    if value.ndim < 2 or len(value) != 1 or not value.is_floating_point():
        raise ValueError(
            f"the layer '{head.name}' gives {value.dtype} of shape {tuple(value.shape)} for one input; needed are "
            "floating-point numbers with a batch axis of 1 in front; take another layer"
        )
    return value


def _with_inputs(
    cube: FunctionCube, value: torch.Tensor, baseline: Any, table: Any
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The layer's output and the input flat, one behind the other, and one more player, who has the input."""
    if cube.x.dtype != value.dtype:
        raise TypeError(
            f"{AROUND}=True mixes the input with the layer's output, and they are {cube.x.dtype} and {value.dtype}; "
            "take a layer that everything passes through"
        )
    own, n = check(table, value.shape)
    own = own.expand(value.shape).reshape(1, -1).cpu()
    wide = torch.full((1, cube.x.numel()), n, dtype=own.dtype)
    start = torch.as_tensor(baseline).to(value).expand(len(cube.baseline), *value.shape[1:])
    flat = [torch.cat([a.flatten(1), b.flatten(1)], 1) for a, b in ((value, cube.x), (start, cube.baseline))]
    return flat[0], flat[1], torch.cat([own, wide], 1)


def _leads_around(model: torch.nn.Module, layer: str, cube: FunctionCube) -> str:
    """The refusal, with the next module around the layer that everything passes through."""
    parts = layer.split(".")
    outer = (".".join(parts[:k]) for k in range(len(parts) - 1, 0, -1))
    found = next((name for name in outer if _cuts(model, name, cube)), None)
    take = "a layer that everything passes through" if found is None else f"'{found}', which everything passes through"
    return (
        f"a path leads around '{layer}' to the output, so what follows is no function of what it gives alone; take "
        f"{take}, or cut that path, too, as a player of its own, with {AROUND}=True"
    )


def _cuts(model: torch.nn.Module, name: str, cube: FunctionCube) -> bool:
    try:
        return not ModuleHead(model, name).leads_around(cube.x, cube.baseline[:1])
    except ValueError:  # it is called several times, or gives no tensor
        return False
