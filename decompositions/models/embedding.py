"""A model of whole-number ids as the same model of their vectors, through which gradients reach every position."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import nn

from decompositions.arguments import shown
from decompositions.models.context import Context, expanded
from decompositions.models.held import Around
from decompositions.models.inputs import Inputs
from decompositions.models.model_function import ModelFunction, Output
from decompositions.models.one_tensor import OneTensor
from decompositions.models.removing import Removing

VECTORS = {None: "inputs_embeds", "input_ids": "inputs_embeds", "decoder_input_ids": "decoder_inputs_embeds"}
"""The arguments by which models take vectors instead of ids."""
_HANDED: ContextVar[torch.Tensor | None] = ContextVar("handed", default=None)


@dataclass(frozen=True, eq=False)
class Embedding:
    """The module of a model that turns ids into vectors.

    Args:
        module: ids ``(batch, L)`` → vectors ``(batch, L, D)``.
        views: of functions of ids, those of vectors that were found for them.
    """

    module: nn.Module
    views: WeakKeyDictionary[ModelFunction, ModelFunction] = field(default_factory=WeakKeyDictionary)

    def vectors(self, ids: torch.Tensor) -> torch.Tensor:
        """What the module makes of ids. Shape ``(batch, L)`` → ``(batch, L, D)``.

        Raises:
            ValueError: it gives something else than one vector for each.
        """
        rule, name = "an embedding gives one vector for every id", type(self.module).__name__
        way = (
            "name another module with embedding=, or take a method that only removes players (occlusion_1, shapley, …)"
        )
        try:
            found = self.module(ids.clone())
        except (RuntimeError, IndexError, TypeError, ValueError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
            raise ValueError(f"{rule}; {name} refuses ids of shape {tuple(ids.shape)}: {reason}; {way}") from error
        if not isinstance(found, torch.Tensor) or not found.is_floating_point() or found.shape[:-1] != ids.shape:
            raise ValueError(f"{rule}; {name} gives {shown(found)} for ids of shape {tuple(ids.shape)}; {way}")
        return found.detach().clone()

    def view(self, function: ModelFunction, rows: torch.Tensor, chunk: int) -> ModelFunction:
        """The function of vectors that is f at some rows of ids, bit for bit, in batches of a chunk.

        The model is called by its argument for vectors where it has one and gives the same numbers, else with the
        embedding's output replaced.

        Raises:
            ValueError: neither gives the same, as the model reads the ids elsewhere, too.
        """
        known = self.views.get(function)
        if known is None:
            known = self.views[function] = self._found(function, rows.split(chunk))
        return known

    def _found(self, function: ModelFunction, batches: Sequence[torch.Tensor]) -> ModelFunction:
        given = [(self.vectors(rows), function(rows.clone())) for rows in batches]
        reasons = []
        for build in (_by_argument, _by_replacing):
            try:
                view = replace(function, module=_inside_output(function.module, partial(build, self, batches[0][:1])))
                if all(_same_bits(view(vectors.clone()), values) for vectors, values in given):
                    return view
                reasons.append("the numbers differ")
            except (RuntimeError, TypeError, ValueError, LookupError, AttributeError) as error:
                reasons.append((str(error).splitlines() or [type(error).__name__])[0][:200])
        raise ValueError(
            f"the model is no function of its embedding's output alone (by an argument for vectors: {reasons[0]}; by "
            f"what {type(self.module).__name__} gives: {reasons[1]}): it reads the ids elsewhere, too, to find the end "
            "of the text or what is padding, perhaps. Bind a mask instead, choose another absent token, name the "
            "embedding with embedding=, or take a method that only removes players (occlusion_1, shapley, …)"
        )


def require_positions(function: Any) -> None:
    """Refuse a function from which absent positions are taken out, where something between there and absent is asked.

    Raises:
        TypeError: says so.
    """
    module = getattr(function, "module", None)
    module = module.model if isinstance(module, Output) else module
    if isinstance(module, Removing):
        raise TypeError(
            "an absent token is removed, and the text is shorter without it: there is nothing between present and "
            "absent that gradients, inner points of the cube, series and layer-wise methods could go by; take "
            'absent="mask", "pad" or an id, or a method that only removes players (occlusion_1, shapley, …)'
        )


def embedding_of(model: nn.Module, embedding: Any, x: torch.Tensor) -> Embedding | None:
    """The embedding that is named, that the model names by ``get_input_embeddings()``, or its only one; None if none.

    Whether the model is a function of what it gives is looked at only where vectors are asked for.

    Args:
        model: the caller's.
        embedding: a module of it, its dotted name, or None.
        x: the explained tensor.

    Raises:
        TypeError: neither a module nor a name, or ids are no whole numbers.
        LookupError: the model has no such module.
    """
    if x.is_floating_point():
        if embedding is not None:
            raise TypeError(
                f"an embedding turns whole-number ids into vectors, and x is {x.dtype} already; leave it out"
            )
        return None
    if embedding is None:
        found = _own_embedding(model)
    else:
        found = _named(model, embedding) if isinstance(embedding, str) else embedding
        if not isinstance(found, nn.Module):
            raise TypeError(f"embedding is a module of the model or its dotted name, not {shown(embedding)}")
        if all(found is not each for each in model.modules()):
            raise LookupError(f"the embedding {type(found).__name__} is no module of the model; {embeddings(model)}")
    return None if found is None else Embedding(found)


def _own_embedding(model: nn.Module) -> nn.Module | None:
    ask = getattr(model, "get_input_embeddings", None)
    try:
        found = ask() if callable(ask) else None
    except (NotImplementedError, AttributeError, TypeError):
        found = None
    if isinstance(found, nn.Module) and any(found is each for each in model.modules()):
        return found
    only = [each for each in model.modules() if isinstance(each, nn.Embedding)]
    return only[0] if len(only) == 1 else None


def _named(model: nn.Module, name: str) -> nn.Module:
    modules = dict(model.named_modules())
    if name not in modules or not name:
        raise LookupError(f"embedding={name!r} is no module of the model; {embeddings(model)}")
    return modules[name]


def embeddings(model: nn.Module) -> str:
    """Which embeddings a model has, for a person."""
    names = [name for name, each in model.named_modules() if isinstance(each, nn.Embedding)]
    return f"its embeddings are {', '.join(map(repr, names))}" if names else "it has no nn.Embedding"


def _same_bits(a: torch.Tensor, b: torch.Tensor) -> bool:
    return a.shape == b.shape and a.dtype == b.dtype and bool(((a == b) | (a.isnan() & b.isnan())).all())


def _inside_output(module: nn.Module, build: Callable[[OneTensor], nn.Module]) -> nn.Module:
    """The module of vectors, with the kind of output of the module of ids."""
    if isinstance(module, Output):
        return Output(_inside_output(module.model, build), module.kind)
    return build(module if isinstance(module, OneTensor) else OneTensor(module, Inputs(torch.empty(0))))


def _by_argument(embedding: Embedding, ids: torch.Tensor, called: OneTensor) -> nn.Module:
    name = VECTORS.get(called.name)
    if name is None or name not in inspect.signature(called.model.forward).parameters:
        raise LookupError("there is none")
    inputs = Inputs(ids, name, called.bound, _around(called, embedding))
    return OneTensor(called.model, inputs, called.read)


def _by_replacing(embedding: Embedding, ids: torch.Tensor, called: OneTensor) -> nn.Module:
    return Fed(called, embedding, ids)


def _around(called: OneTensor, embedding: Embedding) -> Context | None:
    """What comes between the explained vectors and the model: the vectors of what comes around the ids."""
    if called.around is None:
        return None
    return Context(embedding.vectors(called.around.rest), called.around.order)


class Fed(Around):
    """A model whose embedding gives what this module is called with, whatever the ids.

    The caller's model stays as it is: the modules on the way to the embedding are copied, and share everything else.

    Args:
        called: the model of ids.
        embedding: to be replaced.
        ids: that it is called with. Shape ``(1, L)``.
    """

    ids: torch.Tensor

    def __init__(self, called: OneTensor, embedding: Embedding, ids: torch.Tensor) -> None:
        super().__init__()
        self.around = _around(called, embedding)
        self.inner = _exchanged(called, embedding.module, Given(embedding.module), {})
        self.register_buffer("ids", ids.clone(), persistent=False)

    @property
    def given(self) -> tuple[Any, ...]:
        return (self.inner,)

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        ids = expanded(self.ids, vectors.shape[0])
        with _handing(vectors if self.around is None else self.around(vectors)):
            return self.inner(ids)


class Given(nn.Module):
    """Stands for an embedding, and gives what was handed over; all else is the embedding's.

    Args:
        embedding: the module.
    """

    def __init__(self, embedding: nn.Module) -> None:
        super().__init__()
        self.embedding = embedding

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name.startswith("__"):
                raise
            return getattr(super().__getattr__("embedding"), name)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        vectors = _HANDED.get()
        if vectors is None:
            return self.embedding(ids)
        if ids.numel() != vectors[..., 0].numel():
            raise ValueError(
                f"the model asks its embedding for {tuple(ids.shape)} ids, not for those that are explained"
            )
        return vectors.reshape(*ids.shape, vectors.shape[-1])


@contextmanager
def _handing(vectors: torch.Tensor) -> Iterator[None]:
    token = _HANDED.set(vectors)
    try:
        yield
    finally:
        _HANDED.reset(token)


def _exchanged(module: nn.Module, old: nn.Module, new: nn.Module, done: dict[int, nn.Module]) -> nn.Module:
    """The module with one of its parts exchanged; only what lies on the way there is copied."""
    if module is old:
        return new
    if id(module) not in done:
        done[id(module)] = module
        children = {
            name: each if each is None else _exchanged(each, old, new, done) for name, each in module._modules.items()
        }
        if any(children[name] is not each for name, each in module._modules.items()):
            copied = copy.copy(module)
            copied._modules = children
            done[id(module)] = copied
    return done[id(module)]
