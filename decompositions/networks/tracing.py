"""A network read off by tracing: every step it takes from the input to the output, checked against the model."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import fx, nn

from decompositions.models.full_precision import full_precision
from decompositions.models.own_copy import OwnCopy
from decompositions.models.undisturbed import undisturbed
from decompositions.networks.graph import trace
from decompositions.networks.merging import folded
from decompositions.networks.network import Network
from decompositions.networks.reader import WAY_OUT, Reader

SAMPLES = 2  # random inputs at which the steps are compared with the model
ROUNDING = 1e3  # of epsilon, relative to the largest number in the network: how far they may differ


def network(model: nn.Module, x: torch.Tensor) -> Network:
    """Read a torch model as it is.

    Batch normalisation in eval mode is folded into the linear layer or convolution before it; dropout does nothing.

    Args:
        model: in eval mode, with one tensor in and one out.
        x: one input, to learn the shapes. Shape ``(1, …)``.

    Raises:
        ValueError: control flow that cannot be traced, a module with parameters that is used twice, or an operation
            without a rule; it is named, and nothing has been computed with it.
    """
    return _read_undisturbed(model, x, folded)


def modules(model: nn.Module, x: torch.Tensor) -> Network:
    """The same, with batch normalisation as a step of its own: the output of every module is a step's."""
    return _read_undisturbed(model, x, lambda steps: steps)


def _read_undisturbed(model: nn.Module, x: torch.Tensor, prepare: Callable[[Network], Network]) -> Network:
    with undisturbed(None, x.device):  # of the model a copy is read, but it may draw random numbers
        return _read(model, x[:1], prepare)


@full_precision()
def _read(model: nn.Module, x: torch.Tensor, prepare: Callable[[Network], Network]) -> Network:
    title = type(model).__name__
    try:
        model = OwnCopy().of(model)  # reading runs its code, which may write to what it holds
        home, graph = _graph(model, x)
    except Exception as error:  # tracing runs the model's own code, which may raise anything
        raise ValueError(f"{title} cannot be traced: {error}; {WAY_OUT}") from error
    steps = prepare(Reader(home, graph, x).read())
    _require_same(model, steps, x)
    return steps


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
