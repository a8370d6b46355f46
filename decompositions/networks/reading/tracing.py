"""A network read off by tracing: every step it takes from the input to the output, checked against the model."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator

import torch
from torch import fx, nn

from decompositions.models.full_precision import full_precision
from decompositions.models.own_copy import OwnCopy
from decompositions.models.undisturbed import undisturbed
from decompositions.networks.aten import affine, curves, moves, norms, winners  # noqa: F401
from decompositions.networks.aten.export import exported, forget, known
from decompositions.networks.aten.reader import AtenReader
from decompositions.networks.aten.table import RULES
from decompositions.networks.graph import trace
from decompositions.networks.merging import folded
from decompositions.networks.network import WAY_OUT, Network
from decompositions.networks.reading.kept import kept
from decompositions.networks.reading.symbolic import Reader

SAMPLES = 2  # random inputs at which the steps are compared with the model
ROUNDING = 1e3  # of epsilon, relative to the largest number in the network: how far they may differ


def network(model: nn.Module, x: torch.Tensor) -> Network:
    """Read a torch model as it is: by symbolic tracing, and by ``torch.export`` where that ends.

    Batch normalisation in eval mode is folded into the linear layer or convolution before it; dropout does nothing.

    Args:
        model: in eval mode, with one tensor in and one out.
        x: one input, to learn the shapes. Shape ``(1, …)``.

    Raises:
        ValueError: control flow on values, a choice by values, or an operation without a rule; it is named with its
            module and the line of the model, and nothing has been computed with it.
    """
    return kept(lambda model, x: _read_undisturbed(model, x, folded), model, x[:1], network)


def modules(model: nn.Module, x: torch.Tensor) -> Network:
    """The same, with batch normalisation as a step of its own: the output of every module is a step's."""
    return _read_undisturbed(model, x, lambda steps: steps)


def _read_undisturbed(model: nn.Module, x: torch.Tensor, prepare: Callable[[Network], Network]) -> Network:
    with undisturbed(None, x.device):  # of the model a copy is read, but it may draw random numbers
        return _read(model, x[:1], prepare)


@full_precision()
def _read(model: nn.Module, x: torch.Tensor, prepare: Callable[[Network], Network]) -> Network:
    if not known(model, x):
        try:
            return _symbolic(model, x, prepare)
        except ValueError:  # control flow on sizes, a step without a rule, another output than the model's
            if any(isinstance(module, torch.jit.ScriptModule) for module in model.modules()):
                raise
    _require_one_input(model)
    return _by_export(model, x, prepare)


def _require_one_input(model: nn.Module) -> None:
    """Refuse a model that asks for more than one tensor."""
    taken = inspect.signature(model.forward).parameters.values()
    needed = [each.name for each in taken if each.default is each.empty and each.kind <= each.POSITIONAL_OR_KEYWORD]
    if len(needed) > 1:
        raise ValueError(f"the model has a second input '{needed[1]}'; bind it before explaining the first")


def _symbolic(model: nn.Module, x: torch.Tensor, prepare: Callable[[Network], Network]) -> Network:
    """By symbolic tracing: milliseconds instead of seconds, for what is made of torch's modules."""
    try:
        model = OwnCopy().of(model)  # reading runs its code, which may write to what it holds
        home, graph = _graph(model, x)
    except Exception as error:  # tracing runs the model's own code, which may raise anything
        raise ValueError(f"{type(model).__name__} cannot be traced: {error}; {WAY_OUT}") from error
    steps = prepare(Reader(home, graph, x).read())
    _require_same(model, steps, x)
    return steps


def _by_export(model: nn.Module, x: torch.Tensor, prepare: Callable[[Network], Network]) -> Network:
    """By ``torch.export``: whatever is made of operations."""
    for _ in range(2):
        old = known(model, x)
        try:
            found = exported(model, x)
        except Exception as error:  # whatever the model's own code, or the reading of it, raises
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise ValueError(f"{type(model).__name__} cannot be read: {reason}; {WAY_OUT}") from error
        try:
            steps = prepare(AtenReader(model, found, x, RULES).read())
            _require_same(OwnCopy().of(model), steps, x)
        except Exception:
            forget(model)
            if old:  # it may have been changed since it was exported
                continue
            raise
        return steps
    raise AssertionError


def _require_same(model: nn.Module, read: Network, x: torch.Tensor) -> None:
    """Refuse steps that give another output than the model: tracing does not see hooks and replaced forwards.

    Compared at x, at zero and at random inputs, one by one, for what a model gives is what it gives for one input
    alone, and some take no more; on a device without numbers nothing can be.
    """
    if x.device.type == "meta" or not x.is_floating_point():
        return
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(SAMPLES, *x.shape[1:], generator=generator).to(x)
    size = 1 + x.abs().max()
    places = torch.cat([x, torch.zeros_like(x), noise * size, x + noise])
    with torch.no_grad():
        values = read.values(places)
        called = torch.cat([model(place.clone()).reshape(1, -1) for place in places.split(1)])
    steps = values[-1]
    largest = max(float(torch.nan_to_num(value, 0.0, 0.0, 0.0).abs().max()) for value in [*values[1:], called])
    unit = ROUNDING * torch.finfo(x.dtype).eps * largest
    steps = steps.reshape(len(places), -1)
    alike = steps.shape == called.shape
    if not alike or not torch.isclose(steps, called, rtol=0.0, atol=unit, equal_nan=True).all():
        raise ValueError(
            f"read step by step, {type(model).__name__} gives another output than when it is called: a hook, a "
            f"replaced forward or a change in place; {WAY_OUT}"
        )


def _graph(model: nn.Module, x: torch.Tensor) -> tuple[nn.Module, fx.Graph]:
    """What the model calls; a chain of torch's modules is written down as it is, which is faster than tracing it."""
    chain = list(_chain(model, ""))
    if None in chain or len({id(module) for _, module in filter(None, chain)}) < len(chain):
        return trace(model, x)
    graph = fx.Graph()
    node = graph.placeholder("input")
    for name, _ in filter(None, chain):
        node = graph.call_module(name, (node,))
    graph.output(node)
    return model, graph


def _chain(module: nn.Module, name: str) -> Iterator[tuple[str, nn.Module] | None]:
    """The modules of nested Sequentials in order, by name; None for whatever is neither that nor a module of torch."""
    if type(module) is nn.Sequential:
        for key, child in module._modules.items():  # named_children() leaves out what comes twice
            yield from _chain(child, f"{name}.{key}" if name else key)
    else:
        yield (name, module) if name and type(module).__module__.startswith("torch.nn.modules") else None
