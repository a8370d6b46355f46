"""Players of a layer, by a word: its neurons, channels, locations, tokens or heads."""

from __future__ import annotations

from itertools import product
from typing import Any

import torch

from decompositions.arguments import shown
from decompositions.games import players as players_
from decompositions.settings import argument

WORDS = "'neurons', 'channels', 'locations', 'tokens', 'heads:K' or 'axis:K'"
AXES = {"channels": (4, 1, "(channels, rows, columns)"), "tokens": (3, 1, "(tokens, width)")}


def layer_players(given: Any, shape: torch.Size) -> tuple[torch.Tensor, list[str] | None]:
    """Who the players of a layer are, and their names where a word says it.

    Args:
        given: "neurons" (every entry), "channels" and "locations" of a map, "tokens" of ``(tokens, width)``, "heads:4"
            (so many equal parts of the last axis), "axis:2" (one player per index along that axis, the batch axis being
            0), or an integer tensor that broadcasts to the layer's output; None for the channels of a map, and for the
            neurons of anything else.
        shape: of the layer's output, with its batch axis of 1.

    Raises:
        TypeError: neither a word nor whole numbers.
        ValueError: another word, or one that does not fit the shape.

    >>> layer_players("heads:2", torch.Size([1, 3, 4]))
    (tensor([[[0, 0, 1, 1]]]), ['head 0', 'head 1'])
    """
    if given is None:
        given = "channels" if len(shape) == 4 else "neurons"
    if not isinstance(given, str):
        return given, None
    kind, _, number = given.partition(":")
    if kind in ("neurons", "locations") and not number:
        return _neurons(shape) if kind == "neurons" else _locations(shape)
    if kind in AXES and not number:
        axes, axis, wanted = AXES[kind]
        _require(given, len(shape) == axes, shape, f"an output of shape {wanted}")
        return _along(shape, axis, kind[:-1])
    if kind in ("heads", "axis") and number.isdecimal() and len(number) < players_.LONG:
        return _heads(shape, int(number)) if kind == "heads" else _axis(shape, int(number))
    raise ValueError(f"{argument('players')} of a layer are {WORDS}, or an integer tensor, not {shown(given)}")


def _neurons(shape: torch.Size) -> tuple[torch.Tensor, list[str]]:
    places = product(*map(range, shape[1:]))
    names = [f"neuron {','.join(map(str, place))}" for place in places]
    if len(shape) > 2:
        names = [f"neuron ({name[7:]})" for name in names]
    return torch.arange(shape.numel()).reshape(shape), names


def _locations(shape: torch.Size) -> tuple[torch.Tensor, list[str]]:
    _require("locations", len(shape) == 4, shape, "an output of shape (channels, rows, columns)")
    rows, columns = shape[2:]
    return players_.grid(shape, (rows, columns)), [f"({r}, {c})" for r in range(rows) for c in range(columns)]


def _heads(shape: torch.Size, count: int) -> tuple[torch.Tensor, list[str]]:
    fits = len(shape) > 1 and count > 0 and shape[-1] % count == 0
    _require(f"heads:{count}", fits, shape, "a last axis of as many equal parts")
    table = torch.arange(count).repeat_interleave(shape[-1] // count)
    return table.reshape((1,) * (len(shape) - 1) + (-1,)), [f"head {k}" for k in range(count)]


def _axis(shape: torch.Size, axis: int) -> tuple[torch.Tensor, list[str]]:
    _require(f"axis:{axis}", 0 < axis < len(shape), shape, f"an axis 1 to {len(shape) - 1} (0 is that of the batch)")
    return _along(shape, axis, "unit")


def _along(shape: torch.Size, axis: int, name: str) -> tuple[torch.Tensor, list[str]]:
    table = torch.arange(shape[axis]).reshape(tuple(-1 if k == axis else 1 for k in range(len(shape))))
    return table, [f"{name} {k}" for k in range(shape[axis])]


def _require(word: str, fits: bool, shape: torch.Size, needed: str) -> None:
    if not fits:
        raise ValueError(f"{argument('players')} {word!r} need {needed}; the layer gives {tuple(shape[1:])}")
