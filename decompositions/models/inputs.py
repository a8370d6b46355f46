"""What a model is called with: the one tensor that is explained, and the rest, which stays as it is."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from decompositions.arguments import shown
from decompositions.models.context import Context

WAY_OUT = "x is a torch tensor as the model takes it, or a mapping of the model's argument names to tensors"
BOUND = "bound is a mapping of the model's argument names to tensors, or to numbers, texts and None for settings"
PLAIN = (bool, int, float, str, type(None))
MASK = "mask"  # in the name of an argument: it says what counts, and is explained only where it is named


@dataclass(frozen=True, eq=False)
class Inputs:
    """The arguments of a model.

    Args:
        explained: the tensor whose entries have players. Shape ``(1, *shape)``.
        name: the argument that it is, None for the first one.
        bound: the other arguments by name: tensors, and numbers, texts or None for settings.
        around: what comes between the explained tensor and the argument; None where they are the same.
        removed: the id of positions that the model is not given at all; None where it is given every one.
    """

    explained: torch.Tensor
    name: str | None = None
    bound: Mapping[str, Any] = field(default_factory=dict)
    around: Context | None = None
    removed: int | None = None

    @property
    def plain(self) -> bool:
        """Whether the model is simply called with the explained tensor."""
        return self.name is None and not self.bound and self.around is None and self.removed is None


def inputs_of(x: Any, explain: str | None, bound: Mapping[str, Any] | None) -> Inputs:
    """The arguments as :meth:`decompositions.games.game.Game.from_model` takes them.

    Args:
        x: a tensor, or a mapping of names to tensors, one of which is explained and the others are bound.
        explain: the name of the explained argument; None for the only tensor of a mapping but for masks, or its only
            one of floating-point numbers.
        bound: more arguments that stay.

    Raises:
        TypeError: no tensor, or another kind of argument.
        ValueError: it cannot be told which tensor is explained, or an argument is given twice.
        LookupError: the explained argument is not there.

    >>> inputs_of({"pixel_values": torch.ones(1, 3), "size": torch.tensor([[3]])}, None, None).name
    'pixel_values'
    """
    if explain is not None and not isinstance(explain, str):
        raise TypeError(f"explain is the name of the model's argument that is explained, not {shown(explain)}")
    given = _arguments(bound, BOUND)
    if isinstance(x, torch.Tensor):
        inputs = Inputs(x, explain, given)
    elif isinstance(x, Mapping):
        inputs = _from_mapping(_arguments(x, WAY_OUT), explain, given)
    else:
        raise TypeError(f"{WAY_OUT}, not {type(x).__name__}")
    if inputs.name in given:
        raise ValueError(f"the argument {inputs.name!r} is explained and cannot be bound, too; leave it out of bound")
    return inputs


def baseline_of(baseline: Any, inputs: Inputs) -> Any:
    """The baseline of the explained tensor, from a mapping that a tokenizer or processor made of it, too.

    Raises:
        LookupError: the mapping does not hold it.
        ValueError: another of its tensors is not the bound one, which stays.
    """
    if not isinstance(baseline, Mapping):
        return baseline
    if inputs.name not in baseline:
        there = ", ".join(map(repr, baseline)) or "nothing"
        raise LookupError(
            f"a baseline is a number, a tensor, or a mapping that has the explained argument, {inputs.name!r} here, as "
            f"x has; this one has {there}"
        )
    for name, each in baseline.items():
        if name != inputs.name and not is_same(each, inputs.bound.get(name)):
            raise ValueError(
                f"the argument {name!r} of the baseline is another than that of x, and only {inputs.name!r} is "
                "explained, the rest stays; leave it out, or give the baseline as a tensor"
            )
    return baseline[inputs.name]


def require_taken(model: nn.Module, inputs: Inputs) -> None:
    """Refuse arguments that the model's forward has no place for.

    Raises:
        TypeError: names what it takes.
    """
    if inputs.name is None and not inputs.bound:
        return
    try:
        signature = inspect.signature(model.forward)
    except (TypeError, ValueError):  # one of another language tells nothing
        return
    first = () if inputs.name is not None else (inputs.explained,)
    named = {} if inputs.name is None else {inputs.name: inputs.explained}
    try:
        signature.bind(*first, **named, **inputs.bound)
    except TypeError as error:
        raise TypeError(
            f"the model's forward takes ({', '.join(signature.parameters)}), and these arguments do not fit: {error}; "
            "name the explained one with explain= and the others in bound="
        ) from error


def _from_mapping(x: dict[str, Any], explain: str | None, bound: dict[str, Any]) -> Inputs:
    tensors = [name for name, each in x.items() if isinstance(each, torch.Tensor)]
    if explain is None:
        several = [name for name in tensors if MASK not in name] or tensors
        several = [name for name in several if x[name].is_floating_point()] or several
        if len(several) != 1:
            which = f"the explained one cannot be told among {several}" if several else "none of them is a tensor"
            raise ValueError(f"{WAY_OUT}; of the arguments {list(x)} {which}: say which with explain=")
        explain = several[0]
    if explain not in tensors:
        raise LookupError(f"explain={explain!r} is none of the tensors in x: {', '.join(tensors) or 'there are none'}")
    twice = sorted(bound.keys() & x.keys())
    if twice:
        raise ValueError(f"the argument {twice[0]!r} is in x and in bound; give it once")
    rest = {name: each for name, each in x.items() if name != explain}
    return Inputs(x[explain], explain, {**rest, **bound})


def _arguments(given: Mapping[str, Any] | None, rule: str) -> dict[str, Any]:
    """Arguments by name, each looked at.

    Raises:
        TypeError: no mapping, no name, or a value that is neither a tensor nor a plain setting.
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise TypeError(f"{rule}, not {shown(given)}")
    for name, value in given.items():
        if not isinstance(name, str) or not name.isidentifier():
            raise TypeError(f"{rule}; {shown(name)} is no name of an argument")
        if not isinstance(value, (torch.Tensor, *PLAIN)):
            raise TypeError(
                f"{rule}; {name!r} is {shown(value)}: make it a tensor with its batch axis (torch.as_tensor(…), or "
                'return_tensors="pt" of a tokenizer or processor)'
            )
    return dict(given)


def is_same(one: Any, other: Any) -> bool:
    """Whether two arguments are the same: tensors of one type and shape with the same numbers, or equal settings."""
    if not isinstance(one, torch.Tensor) or not isinstance(other, torch.Tensor):
        return type(one) is type(other) and one == other
    return one.dtype == other.dtype and one.shape == other.shape and torch.equal(one, other)
