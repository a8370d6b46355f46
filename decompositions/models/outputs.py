"""What a model gives: one tensor, or several in a mapping, a tuple or a dataclass, and the one that is meant."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from decompositions.arguments import shown
from decompositions.settings import either, setting

Path = tuple[str | int, ...]
SHOWN = 12  # places that an error names
DEEPEST = 4  # how far down


@dataclass(frozen=True)
class At:
    """Reads the tensor at a path of an output.

    >>> At(("logits",))({"logits": torch.ones(1, 2), "cache": None}).shape
    torch.Size([1, 2])
    """

    path: Path

    def __call__(self, outputs: Any) -> Any:
        for place in self.path:
            outputs = _step(outputs, place)
        return outputs


def split(outputs: Any, target: Any) -> tuple[Path, Any]:
    """The path to the tensor that a target is about, and the target within it.

    The first entries of a target lead through mappings (by key), dataclasses (by field) and tuples (by number). Where
    none leads on, an output that holds one tensor alone is read as that.

    Args:
        outputs: what the model gave.
        target: an index, a tuple of names and indices, a name, a function or None.

    Raises:
        LookupError: a place that is not there, with what there is.
        ValueError: several tensors, and no path to one.

    >>> split({"logits": torch.ones(1, 2), "hidden": torch.ones(1, 3)}, ("logits", 1))
    (('logits',), (1,))
    >>> split((torch.ones(1, 2),), 1)
    ((0,), 1)
    """
    rest = (target,) if isinstance(target, str) else target
    left = tuple(rest) if isinstance(rest, (tuple, list)) else ()
    path: Path = ()
    here = outputs
    while left and _leads(here, left[0], target):
        here, path, left = _step(here, left[0]), (*path, left[0]), left[1:]
    path = _only(here, path, target)
    return path, (left or None) if isinstance(rest, (tuple, list)) else rest


def places(outputs: Any) -> dict[str | int, Any]:
    """What an output holds, by key, field or number; nothing for a tensor and for what is no structure."""
    if isinstance(outputs, Mapping):
        return dict(outputs)
    if dataclasses.is_dataclass(outputs) and not isinstance(outputs, type):
        return {each.name: getattr(outputs, each.name) for each in dataclasses.fields(outputs)}
    if isinstance(outputs, (tuple, list)):
        return dict(zip(getattr(outputs, "_fields", range(len(outputs))), outputs, strict=True))
    return {}


def is_structure(outputs: Any) -> bool:
    """Whether something is no tensor, but holds others by name or number."""
    return not isinstance(outputs, torch.Tensor) and bool(places(outputs))


def contents(outputs: Any) -> str:
    """The paths of what an output holds, for a person.

    >>> contents({"logits": torch.ones(1, 2), "pair": (torch.ones(1), None)})
    "('logits',) of shape (1, 2), ('pair', 0) of shape (1,)"
    """
    found = [
        f"{_written(path)} of shape {tuple(each.shape)}" for path, each in _leaves(outputs, ()) if _is_tensor(each)
    ]
    found += [
        f"{_written(path)}, a {type(each).__name__}" for path, each in _leaves(outputs, ()) if not _is_tensor(each)
    ]
    return ", ".join(found[:SHOWN]) + (", …" if len(found) > SHOWN else "")


def _written(path: Path) -> str:
    return either(str(path), ",".join(map(str, path)))


def _leads(outputs: Any, place: Any, target: Any) -> bool:
    """Whether a place is in a structure; a number is an index in a tensor, and where names alone lead on.

    Raises:
        LookupError: a place that should be there and is not.
    """
    held = {} if isinstance(outputs, torch.Tensor) else places(outputs)
    numbered = bool(held) and isinstance(outputs, (tuple, list))
    if _known(place, held) or (numbered and _is_index(outputs, place)):
        return True
    if isinstance(place, str) or numbered:
        raise _missing(outputs, target, place)
    return False


def _known(place: Any, held: dict[str | int, Any]) -> bool:
    return isinstance(place, (str, int)) and not isinstance(place, bool) and place in held


def _step(outputs: Any, place: str | int) -> Any:
    held = places(outputs)
    return held[place] if place in held else outputs[place]


def _is_index(outputs: Any, place: Any) -> bool:
    return isinstance(place, int) and not isinstance(place, bool) and -len(outputs) <= place < len(outputs)


def _only(outputs: Any, path: Path, target: Any) -> Path:
    """The path on to the only tensor there is; the path itself where it leads to one.

    Raises:
        ValueError: several, or none.
    """
    if not is_structure(outputs):
        return path
    tensors = [way for way, each in _leaves(outputs, path) if _is_tensor(each)]
    if len(tensors) != 1:
        raise ValueError(
            f"the model gives several tensors and the target {shown(target)} does not say which; begin it with one of "
            f"these paths, as in {setting('target', (*(tensors[0] if tensors else ('logits',)), 3))}: "
            f"{contents(outputs)}"
        )
    return tensors[0]


def _leaves(outputs: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    for place, each in places(outputs).items():
        if is_structure(each) and len(path) < DEEPEST:
            yield from _leaves(each, (*path, place))
        elif each is not None:
            yield (*path, place), each


def _is_tensor(value: Any) -> bool:
    return isinstance(value, torch.Tensor)


def _missing(outputs: Any, target: Any, place: Any) -> LookupError:
    there = (
        f"one tensor of shape {tuple(outputs.shape)}, whose places are whole numbers"
        if _is_tensor(outputs)
        else contents(outputs)
    )
    return LookupError(f"target {shown(target)}: the model's output has no place {place!r}; it gives {there}")
