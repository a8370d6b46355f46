"""What a model calls, written down by ``torch.export`` as a flat graph of functional operations, for any batch.

A model that writes its batch size into its code (``expand(len(x), …)``) has numbers in its graph. They are found again
because the batch at hand while it is written down is a large prime: what it divides is so many times the batch.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import fx, nn

from decompositions.models.own_copy import OwnCopy
from decompositions.networks.graph import attribute

BATCH = 1009  # a prime that no layer has as its width
ATEN = torch.ops.aten
WHOLE = (  # operations that stay as they are: each is one step
    ATEN.linear.default, ATEN.matmul.default, ATEN.conv1d.default, ATEN.conv2d.default, ATEN.conv3d.default,
    ATEN._safe_softmax.default, ATEN.logsumexp.default, ATEN.silu.default, ATEN.mish.default,
    ATEN.hardswish.default, ATEN.hardsigmoid.default, ATEN.elu.default, ATEN.leaky_relu.default, ATEN.celu.default,
    ATEN.softplus.default, ATEN.prelu.default, ATEN.instance_norm.default, ATEN.log_sigmoid.default,
    ATEN.softmax.int, ATEN.log_softmax.int,
    ATEN.upsample_nearest2d.vec, ATEN.upsample_bilinear2d.vec, ATEN.unfold.default, ATEN.pixel_shuffle.default,
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Exported:
    """The graph of a model, which holds none of its numbers.

    Args:
        graph: of ATen operations; one placeholder per parameter, buffer, constant and input.
        parts: the placeholders that stand for a part of the model, with its name.
        constants: those that stand for a tensor which the model's code has made.
        given: the placeholder of the input.
        result: the node of the output.
        shapes: of the tensors that the nodes give, at a batch of ``BATCH``.
    """

    graph: fx.Graph
    parts: dict[fx.Node, str]
    constants: dict[fx.Node, torch.Tensor]
    given: fx.Node
    result: fx.Node
    shapes: dict[fx.Node, Any]


_KNOWN: WeakKeyDictionary[nn.Module, dict[tuple[Any, ...], Exported]] = WeakKeyDictionary()
_ONE_AT_A_TIME = threading.RLock()  # torch.export marks the whole process while it runs


def known(model: nn.Module, x: torch.Tensor) -> bool:
    """Whether a model was exported already for inputs of this kind."""
    return _kind(x) in _KNOWN.get(model, {})


def forget(model: nn.Module) -> None:
    """Export a model anew when it is asked for: it has changed."""
    _KNOWN.pop(model, None)


def exported(model: nn.Module, x: torch.Tensor) -> Exported:
    """The graph of a model for inputs of a shape, a type and a device; written down once.

    Args:
        model: in eval mode, with one tensor in and one out.
        x: one input. Shape ``(1, …)``.

    Raises:
        Exception: control flow on values, or whatever the model's own code raises.
    """
    with _ONE_AT_A_TIME:
        graphs = _KNOWN.setdefault(model, {})
        kind = _kind(x)
        if kind not in graphs:
            graphs[kind] = _export(OwnCopy().of(model), x)
        return graphs[kind]


def _kind(x: torch.Tensor) -> tuple[Any, ...]:
    return tuple(x.shape[1:]), x.dtype, x.device


def _export(model: nn.Module, x: torch.Tensor) -> Exported:
    batch = x[:1].detach().expand(BATCH, *x.shape[1:])
    with warnings.catch_warnings(), torch.no_grad(), _unlogged():
        warnings.simplefilter("ignore")
        try:
            program = torch.export.export(model, (batch,), strict=False)
        except RuntimeError as error:
            if type(error).__name__ != "GuardOnDataDependentSymNode":
                raise
            raise ValueError(_control_flow(error)) from error
        for node in program.graph.nodes:
            if node.target is ATEN.view.default:  # what is no view of its memory any more is copied
                node.target = ATEN.reshape.default
        program = program.run_decompositions(_table())
    signature = program.graph_signature
    names = {**signature.inputs_to_parameters, **signature.inputs_to_buffers}
    placeholders = [node for node in program.graph.nodes if node.op == "placeholder"]
    lifted = signature.inputs_to_lifted_tensor_constants
    results = [each.arg for each in signature.output_specs if each.kind.name == "USER_OUTPUT"]
    inputs = [node for node in placeholders if node.name in signature.user_inputs]
    alone = program.call_spec.out_spec is not None and program.call_spec.out_spec.is_leaf()
    if len(inputs) != 1 or not alone or not hasattr(results[0], "name"):
        raise ValueError("the model must take one tensor and give one tensor")
    last = next(node for node in program.graph.nodes if node.name == results[0].name)
    shapes = {node: _shape(node.meta.get("val")) for node in program.graph.nodes}
    found = Exported(
        program.graph,
        {node: names[node.name] for node in placeholders if node.name in names},
        {node: program.constants[lifted[node.name]] for node in placeholders if node.name in lifted},
        inputs[0],
        last,
        shapes,
    )
    for node in program.graph.nodes:
        modules = [path for path, _ in node.meta.get("nn_module_stack", {}).values()]
        node.meta = {"modules": modules, "line": _line(node.meta.get("stack_trace") or "")}
    return found


@contextmanager
def _unlogged() -> Iterator[None]:
    """Without what torch logs and prints about an error that it raises anyway."""
    logger = logging.getLogger("torch.fx.experimental.symbolic_shapes")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with redirect_stderr(_OfOthers(sys.stderr)):
            yield
    finally:
        logger.setLevel(before)


class _OfOthers:
    """A stream that writes what other threads give it, and nothing of this one."""

    def __init__(self, stream: Any) -> None:
        self.stream, self.thread = stream, threading.get_ident()

    def write(self, text: str) -> int:
        return len(text) if threading.get_ident() == self.thread else self.stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def _control_flow(error: Exception) -> str:
    """Where a model asks for a number in the middle of its code, to choose its steps by it."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not _is_torch(frame.filename)]
    frames = [frame for frame in frames if not Path(frame.filename).is_relative_to(Path(__file__).parent)]
    where = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno}: {frames[-1].line})" if frames else ""
    return f"its code{where} chooses what to compute by values that depend on the input"


def _is_torch(path: str) -> bool:
    return Path(path).is_relative_to(Path(torch.__file__).parent)


def _line(trace: str) -> str:
    """The innermost line of a stack trace that is the user's, not torch's: its file, its number and what it says."""
    frames = re.findall(r'File "(.+?)", line (\d+), in .*\n\s*(.*)', trace)
    own = [frame for frame in frames if not _is_torch(frame[0])]
    return f"{Path(own[-1][0]).name}, line {own[-1][1]}: {own[-1][2].strip()}" if own else ""


def _table() -> Any:
    table = torch.export.default_decompositions()
    for operation in WHOLE:
        table.pop(operation, None)
    return table


def _shape(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return tuple(value.shape)
    return [_shape(each) for each in value] if isinstance(value, (tuple, list)) else None


def part(model: nn.Module, name: str) -> torch.Tensor:
    """A parameter or buffer of a model by its name."""
    return attribute(model, name).detach()
