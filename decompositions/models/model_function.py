"""A torch model, a target and a kind of output as a function of inputs: one number per row."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn

from decompositions.arguments import shown
from decompositions.models.held import Around
from decompositions.models.inputs import Inputs, require_taken
from decompositions.models.one_tensor import OneTensor
from decompositions.models.outputs import At, contents, is_structure, split
from decompositions.models.removing import Removing
from decompositions.settings import argument, either, setting

Index = int | tuple[int, ...] | Callable[[Any], torch.Tensor] | None  # in one tensor
Target = Index | str | tuple[int | str, ...]  # in all that a model gives
PAIRS = 64  # classes up to which log-odds compare every two of them
OUTPUTS = ("logit", "probability", "log_odds")


@dataclass(frozen=True, eq=False)
class ModelFunction:
    """f of a game about a model: inputs ``(batch, *shape)`` → ``(batch,)``.

    Args:
        module: the model, from one tensor to one tensor, its outputs already of the kind asked for.
        target: an index, a tuple of indices, a function from the output to one number per row, or None where the
            output is one number per row anyway.
        answers: the type of the outputs, which may be coarser than that of the inputs.
    """

    module: nn.Module
    target: Index
    answers: torch.dtype = torch.float64

    def __call__(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.select(self.module(inputs))

    def select(self, outputs: torch.Tensor) -> torch.Tensor:
        """The target of the model's outputs. Shape ``(batch, …)`` → ``(batch,)``."""
        if callable(self.target):
            return self.target(outputs)
        if self.target is None:
            return outputs.reshape(len(outputs))
        index = self.target if isinstance(self.target, tuple) else (self.target,)
        place: Any = (slice(None), *index)
        return outputs[place]


class Output(Around):
    """A classifier whose logits are turned into probabilities or log-odds along axis 1 (sigmoid for one output)."""

    def __init__(self, model: nn.Module, kind: str) -> None:
        super().__init__()
        self.model = model
        self.kind = kind

    @property
    def given(self) -> tuple[Any, ...]:
        return (self.model,)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        logits = require_dense(self.model(inputs), "the model")
        if logits.ndim == 1 or logits.shape[1] == 1:
            return logits.sigmoid() if self.kind == "probability" else logits
        return logits.softmax(1) if self.kind == "probability" else log_odds(logits)


def log_odds(logits: torch.Tensor) -> torch.Tensor:
    """log p/(1 − p) of every class of a softmax along axis 1, without cancellation where p is near 1.

    >>> log_odds(torch.tensor([[0., 40.]])).tolist()
    [[-40.0, 40.0]]
    """
    classes = logits.shape[1]
    if classes <= PAIRS:  # smooth everywhere, so it has a Taylor series
        same = torch.eye(classes, dtype=torch.bool, device=logits.device)
        same = same.reshape(classes, classes, *(1,) * (logits.ndim - 2))
        return -(logits.unsqueeze(1) - logits.unsqueeze(2)).masked_fill(same, -torch.inf).logsumexp(2)
    likely = logits.argmax(1, keepdim=True)
    rest = torch.where(torch.zeros_like(logits, dtype=torch.bool).scatter(1, likely, True), -torch.inf, logits)
    everything = logits.logsumexp(1, keepdim=True)
    others = torch.log1p(-(logits - everything).exp().clamp(max=0.5)) + everything
    others = others.scatter(1, likely, rest.logsumexp(1, keepdim=True))
    return logits - others


def model_function(model: nn.Module, inputs: Inputs, target: Target, output: str) -> ModelFunction:
    """The checked function of a model at inputs like the explained one.

    Raises:
        TypeError: the model is no module, takes other arguments, or x and the model differ in floating-point type.
        ValueError: training mode with dropout or batch normalisation, another device, an unknown output, a target that
            is missing or does not fit the output.
        LookupError: a target that is not there.
    """
    require_module(model)
    if not isinstance(output, str) or output not in OUTPUTS:
        raise ValueError(f"{argument('output')} is one of {', '.join(OUTPUTS)}, not {shown(output)}")
    require_evaluation(model)
    _check_place(model, inputs)
    require_taken(model, inputs)
    x = inputs.explained
    with torch.no_grad():
        module, target = one_tensor(model, inputs, target, output)
        function = ModelFunction(module if output == "logit" else Output(module, output), index_of(target))
        outputs = require_dense(_first_call(function.module, x.clone()), "the model")
        if getattr(model, "training", False) and not _same(outputs, function.module(x.clone())):
            raise ValueError(f"the model is in training mode and answers at random; {evaluation()}")
        require_target(outputs, function.target)
    return replace(function, answers=outputs.dtype)


def one_tensor(model: nn.Module, inputs: Inputs, target: Target, output: str) -> tuple[nn.Module, Any]:
    """The model as a module of one tensor in, one tensor out, and the rest of the target, in what that gives.

    A model that is one already is taken as it is. A target function of several outputs becomes part of the module.

    Raises:
        LookupError, ValueError: the output has no such place, or several.
        ValueError: a function of several outputs, and a kind of output that is one tensor's.
    """
    whole = model if inputs.plain else OneTensor(model, inputs)
    outputs = _first_call(whole, inputs.explained.clone())
    if callable(target) and is_structure(outputs):
        if output != "logit":
            raise ValueError(
                f"output={output!r} is made of one tensor of logits, and the target is a function of several outputs, "
                f"{_described(outputs)}; make it in that function, or give the path to the logits as target"
            )
        _require_one_number(outputs, target)
        return _called(model, inputs, target), None
    path, index = ((), target) if callable(target) else split(outputs, target)
    return (model if inputs.plain and not path else _called(model, inputs, At(path))), index


def _called(model: nn.Module, inputs: Inputs, read: Callable[[Any], torch.Tensor]) -> nn.Module:
    called = OneTensor(model, inputs, read)
    return called if inputs.removed is None else Removing(called, inputs.removed)


def require_module(model: Any) -> None:
    """Refuse what is no torch module.

    Raises:
        TypeError: something else.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(
            f"a torch.nn.Module is needed, not {type(model).__name__}; for a function use Game.from_function"
        )


def require_weights(model: Any) -> None:
    """Refuse a model whose lazy modules have not seen an input yet.

    Raises:
        ValueError: names the module.
    """
    for name, module in model.named_modules() if isinstance(model, nn.Module) else ():
        own = [*module.parameters(recurse=False), *module.buffers(recurse=False)]
        if any(nn.parameter.is_lazy(tensor) for tensor in own):
            raise ValueError(
                f"the model's module '{name}' ({type(module).__name__}) has no weights before its first input; call "
                "the model once, as model(x), load its weights, and then ask"
            )


def _first_call(module: nn.Module, x: torch.Tensor) -> Any:
    try:
        outputs = module(x)
    except TypeError as error:
        if "required positional argument" not in str(error):
            raise
        raise TypeError(
            f"the model takes more than x: {error}; "
            + either(
                "give it with bound={name: tensor}, or x as a mapping of names to tensors with explain=",
                "bind the rest in what makes the model, in a module that takes one tensor",
            )
        ) from error
    except (RuntimeError, IndexError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(
            f"the model refuses an input of shape {tuple(x.shape)} and type {x.dtype}: {reason}; {argument('x')} has "
            "the shape that the model takes, its batch axis of 1 first, and its kind of numbers, whole or with decimals"
        ) from error
    if isinstance(outputs, torch.Tensor) and outputs.is_meta and not x.is_meta:
        raise ValueError(f"the model's output is on meta, which holds no numbers, and x on {x.device}; keep it on one")
    return outputs


def require_dense(outputs: Any, who: str) -> torch.Tensor:
    """One tensor of numbers one after the other, as all that follows needs it.

    Args:
        outputs: what came.
        who: gave it, as the error begins.

    Raises:
        TypeError: no tensor, or a sparse, nested or quantized one.
    """
    if not isinstance(outputs, torch.Tensor):
        raise TypeError(f"{who} must give one tensor, not {type(outputs).__name__}; wrap it in a module that does")
    quantized, nested = outputs.is_quantized, outputs.is_nested
    if quantized or nested or outputs.layout is not torch.strided:
        kind = outputs.dtype if quantized else "torch.nested" if nested else outputs.layout
        way = "dequantize()" if quantized else "to_padded_tensor(0.0)" if nested else "to_dense()"
        raise TypeError(f"{who} must give one dense tensor, not one of the kind {kind}; let it end with {way}")
    return outputs


def index_of(target: Any) -> Index:
    """Whole numbers as Python's own; anything else but a function or None is refused."""
    if target is None or callable(target):
        return target
    entries = target if isinstance(target, (tuple, list)) else (target,)
    rule = f"a target is a whole number, several of them or a function, not {shown(target)}"
    if any(isinstance(entry, (bool, np.bool_)) for entry in entries):
        raise TypeError(rule)
    try:
        index = tuple(operator.index(entry) for entry in entries)
    except (TypeError, RuntimeError) as error:
        raise TypeError(rule) from error
    return index if isinstance(target, (tuple, list)) else index[0]


def require_evaluation(model: nn.Module) -> None:
    """Refuse a model in training mode that answers at random, or by the batch.

    Raises:
        ValueError: names the module.
    """
    for name, module in model.named_modules():
        random = isinstance(module, nn.modules.dropout._DropoutNd) or getattr(module, "dropout", 0.0) not in (0, 0.0)
        batch = isinstance(module, nn.modules.batchnorm._NormBase)
        if getattr(module, "training", False) and (
            batch or (random and not isinstance(getattr(module, "dropout", None), nn.Module))
        ):
            raise ValueError(
                f"the model is in training mode, and its module '{name}' ({type(module).__name__}) then answers at "
                f"random or depends on the batch; {evaluation()}"
            )


def _same(first: torch.Tensor, second: torch.Tensor) -> bool:
    """Whether two outputs have the same numbers; NaN is the same as NaN."""
    return first.shape == second.shape and bool(((first == second) | (first.isnan() & second.isnan())).all())


def evaluation() -> str:
    """How a model is told that it is used, not trained."""
    return either("call model.eval() first", "let what makes it end with model.eval()")


def _check_place(model: nn.Module, inputs: Inputs) -> None:
    parameters, x = list(model.parameters()), inputs.explained
    for name, each in inputs.bound.items():
        if isinstance(each, torch.Tensor) and each.device != x.device:
            raise ValueError(f"x is on {x.device} and the bound {name!r} on {each.device}; move one of them with .to()")
    devices = {p.device for p in parameters}
    if devices and x.device not in devices:
        where = ", ".join(sorted(map(str, devices)))
        raise ValueError(f"the model is on {where} and x on {x.device}; move one of them with .to()")
    dtypes = {p.dtype for p in parameters if p.is_floating_point()}
    if dtypes and x.is_floating_point() and x.dtype not in dtypes:
        kind = ", ".join(sorted(map(str, dtypes)))
        raise TypeError(f"the model computes in {kind} and x is {x.dtype}; convert x or the model with .to()")


def require_target(outputs: torch.Tensor, target: Index) -> None:
    """Refuse a target that does not choose one number of the outputs for one input.

    Raises:
        ValueError: it is missing, or has another number of indices.
        IndexError: it is out of range.
    """
    shape = tuple(outputs.shape)
    if not shape or shape[0] != 1:
        raise ValueError(
            f"for one input the model gave an output of shape {shape}: the batch axis was lost, by a squeeze() without "
            "an axis perhaps; keep it, as in squeeze(-1)"
        )
    if callable(target):
        _require_one_number(outputs, target)
        return
    if target is None:
        if outputs.numel() != 1:
            raise ValueError(f"the model has several outputs, shape {shape}; say which with {setting('target')}")
        return
    index = target if isinstance(target, tuple) else (target,)
    if len(shape) == 1:
        raise ValueError(
            f"the model gives one number per row already, its output has shape {shape}, so there is nothing to choose "
            f"with {setting('target', target)}; leave target out"
        )
    if len(index) != len(shape) - 1:
        raise ValueError(f"target {target} has {len(index)} indices, the model's output {shape} needs {len(shape) - 1}")
    for axis, (i, size) in enumerate(zip(index, shape[1:], strict=True), start=1):
        if not -size <= i < size:
            raise IndexError(
                f"target {target} is out of range: axis {axis} of the model's output {shape} has {size} entries"
            )


def _described(outputs: Any) -> str:
    return (
        f"of shape {tuple(outputs.shape)}" if isinstance(outputs, torch.Tensor) else f"which holds {contents(outputs)}"
    )


def _require_one_number(outputs: Any, target: Callable[[Any], torch.Tensor]) -> None:
    """Refuse a target function that does not choose one number of an output for one input.

    Raises:
        TypeError: it gives no tensor.
        ValueError: it gives another number of them, or fails.
    """
    rule = "the target function must give one number per row"
    try:
        chosen = target(outputs)
    except (TypeError, ValueError, LookupError, AttributeError, RuntimeError) as error:
        reason = (str(error).splitlines() or [""])[0]
        raise ValueError(
            f"{rule}; for the output of one row, {_described(outputs)}, it fails with "
            f"{type(error).__name__}: {reason[:200]}"
        ) from error
    if not isinstance(chosen, torch.Tensor):
        raise TypeError(f"{rule}, in a tensor; for one row it gave {shown(chosen)}")
    if chosen.shape != (1,):
        raise ValueError(f"{rule}; for one row it gave {tuple(chosen.shape)}")
