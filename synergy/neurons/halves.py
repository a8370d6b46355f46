"""A network F = H ∘ G, cut at a layer: the derivatives of both halves, without either's Jacobian."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch.autograd import forward_ad
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.overrides import TorchFunctionMode

from decompositions.models.model_function import ModelFunction
from decompositions.networks.head import ModuleHead

AFFINE = (F.linear, F.conv1d, F.conv2d, F.conv3d)


@dataclass(frozen=True, eq=False)
class Derivatives:
    """At a batch of inputs.

    Args:
        behind: ∂H/∂a, at what the layer gives. Shape ``(batch, *layer)``.
        tangents: D_u G for every direction u. Shape ``(directions, batch, *layer)``.
        whole: ∂F/∂x. Shape ``(batch, *shape)``.
    """

    behind: torch.Tensor
    tangents: torch.Tensor
    whole: torch.Tensor


@dataclass(frozen=True, eq=False)
class Halves:
    r"""Before and behind a layer; what leads around it is a part of neither.

    One call of the model gives all: forward mode carries a direction as far as the layer, and from the output one
    backward pass gives :math:`\partial H` there and :math:`\partial F` at the input. Each further direction costs the
    first half alone.

    Args:
        head: the layer in a copy of the model.
        select: from the model's output to one number per row.
    """

    head: ModuleHead
    select: Callable[[torch.Tensor], torch.Tensor]

    @staticmethod
    def of(f: ModelFunction, layer: str) -> Halves:
        """Those of a model.

        Raises:
            ValueError: it has no such layer.
        """
        return Halves(ModuleHead(f.module, layer), f.select)

    def derivatives(self, inputs: torch.Tensor, directions: torch.Tensor) -> Derivatives:
        """At a batch of inputs, along several directions each.

        Args:
            inputs: Shape ``(batch, *shape)``.
            directions: Shape ``(directions, batch, *shape)``.

        Raises:
            ValueError: an operation that no derivative goes forward through.
        """
        output, value, tangent, leaf = self._called(inputs, directions[0])
        behind, whole = _gradients(output, [value, leaf])
        others = [self.tangent(inputs, each) for each in directions[1:]]
        return Derivatives(behind, torch.stack([tangent, *others]), whole)

    def _called(
        self, inputs: torch.Tensor, direction: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """The output, what the layer gives, its derivative along a direction, and the input, of one call."""
        leaf = inputs.detach().clone().requires_grad_()
        found: list[torch.Tensor] = []

        def split(output: torch.Tensor) -> torch.Tensor:
            value, tangent = forward_ad.unpack_dual(output)
            found.extend((value, torch.zeros_like(value) if tangent is None else tangent.detach()))
            return value.clone()  # what follows may write into it

        with _forward(self.head.name), torch.enable_grad(), self.head.watched(split):
            output = self.select(self.head.model(forward_ad.make_dual(leaf.clone(), direction)))
            output = forward_ad.unpack_dual(output).primal
        return output, found[0], found[1], leaf

    def tangent(self, inputs: torch.Tensor, direction: torch.Tensor) -> torch.Tensor:
        """D_u G, by the first half alone. Shapes ``(batch, *shape)`` → ``(batch, *layer)``."""

        def stop(output: torch.Tensor) -> torch.Tensor:
            raise _Reached(output)

        with _forward(self.head.name), torch.no_grad(), self.head.watched(stop):
            try:
                self.head.model(forward_ad.make_dual(inputs.clone(), direction))
            except _Reached as reached:
                value, tangent = forward_ad.unpack_dual(reached.output)
                return torch.zeros_like(value) if tangent is None else tangent.clone()
        raise ValueError(f"the layer '{self.head.name}' is not called")


def layer_of_one(head: ModuleHead, x: torch.Tensor) -> torch.Tensor:
    """What a layer gives for one input. Shape ``(1, *layer)``.

    Args:
        head: the layer.
        x: inputs, of which the first is taken. Shape ``(N, *shape)``.

    Raises:
        ValueError: it does not give one row for each input, as one that has its steps in time first.
    """
    both = head.open(x[:1].expand(2, *x.shape[1:]))[0]
    value = head.open(x[:1])[0]
    if value.ndim < 2 or len(value) != 1 or both.shape != (2, *value.shape[1:]):
        raise ValueError(
            f"a layer has one row for each input, along its first axis; '{head.name}' gives {tuple(value.shape)} for "
            f"one input and {tuple(both.shape)} for two; take one that gives (batch, …)"
        )
    return value


def votes(halves: Sequence[Halves], inputs: torch.Tensor, direction: torch.Tensor) -> list[torch.Tensor]:
    r""":math:`\partial_j H_c\, D_u G_j` at several layers, for every output c of a model that gives several per row.

    One call of the model and one pass back for each output serve all layers.

    Args:
        halves: of one copy of the model.
        inputs: Shape ``(batch, *shape)``.
        direction: Shape ``(batch, *shape)``.

    Returns:
        By layer, of shape ``(classes, batch, *layer)``.
    """
    found: list[tuple[torch.Tensor, torch.Tensor]] = []
    order: list[int] = []

    def split(k: int) -> Callable[[torch.Tensor], torch.Tensor]:
        def at(output: torch.Tensor) -> torch.Tensor:
            value, tangent = forward_ad.unpack_dual(output)
            order.append(k)
            found.append((value, torch.zeros_like(value) if tangent is None else tangent.detach()))
            passed = value.clone()  # what follows may write into it, and into its derivative
            last = len(found) == len(halves)
            return passed if last or tangent is None else forward_ad.make_dual(passed, tangent.clone())

        return at

    head, leaf = halves[0].head, inputs.detach().clone().requires_grad_()
    with _forward(", ".join(each.head.name for each in halves)), torch.enable_grad(), ExitStack() as watched:
        for k, each in enumerate(halves):
            watched.enter_context(each.head.watched(split(k)))
        output = halves[0].select(head.model(forward_ad.make_dual(leaf.clone(), direction)))
        outputs = forward_ad.unpack_dual(output).primal.unbind(1)
    values = [value for value, _ in found]
    slopes = [_gradients(each, values, keep=True) for each in outputs]
    rows = (torch.stack([slope[k] * tangent for slope in slopes]) for k, (_, tangent) in enumerate(found))
    return [row for _, row in sorted(zip(order, rows, strict=True), key=lambda pair: pair[0])]


class _Reached(Exception):
    """The layer has given its output, and no more is needed."""

    def __init__(self, output: torch.Tensor) -> None:
        super().__init__()
        self.output = output


@contextmanager
def _forward(layer: str) -> Iterator[None]:
    """Derivatives go forward, through attention as well; what stops them is named."""
    _ready()
    try:
        with forward_ad.dual_level(), sdpa_kernel(SDPBackend.MATH), _Affine():
            yield
    except RuntimeError as error:
        if not re.search(r"forward( mode)? AD", str(error)):
            raise
        raise ValueError(
            f"what an input gives through the neurons of '{layer}' needs derivatives that go forward through the "
            f"layers before it, and one of their operations has none: {str(error).splitlines()[0]}; ask about the rest "
            "with Game.from_layer(…) at a layer behind that operation"
        ) from error


class _Affine(TorchFunctionMode):
    """Linear layers and convolutions of a derivative by one more product; torch's own rule takes two.

    Weights that depend on the input, as those that another part of a network gives, are left to that rule.
    """

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if function not in AFFINE or len(args) < 2:
            return function(*args, **kwargs)
        value, tangent = forward_ad.unpack_dual(args[0])
        if tangent is None or any(_moves(each) for each in (*args[1:], *kwargs.values())):
            return function(*args, **kwargs)
        result = function(value, *args[1:], **kwargs)
        with torch.no_grad():
            bias = {"bias": None} if "bias" in kwargs else {}
            moved = function(tangent, args[1], *(None for _ in args[2:3]), *args[3:], **(kwargs | bias))
        return forward_ad.make_dual(result, moved)


def _moves(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and forward_ad.unpack_dual(value).tangent is not None


@cache
def _ready() -> None:
    """Let torch load what it needs for this, about which it warns."""
    with warnings.catch_warnings(), forward_ad.dual_level():
        warnings.simplefilter("ignore", DeprecationWarning)
        forward_ad.make_dual(torch.zeros(1), torch.zeros(1))


def _gradients(output: torch.Tensor, places: list[torch.Tensor], keep: bool = False) -> list[torch.Tensor]:
    """The gradients of the output's sum, zero where nothing leads to it."""
    if not output.requires_grad:
        return [torch.zeros_like(place) for place in places]
    where = [place for place in places if place.requires_grad]
    found = dict(
        zip(map(id, where), torch.autograd.grad(output.sum(), where, allow_unused=True, retain_graph=keep), strict=True)
    )
    return [torch.zeros_like(p) if found.get(id(p)) is None else found[id(p)] for p in places]
