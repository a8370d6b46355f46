"""What a torch module calls, written down as a graph, without changing it or anything else in the process.

:class:`torch.fx.Tracer` replaces methods of ``torch.nn.Module`` itself while it runs, which every other thread sees,
and runs the module's own code, which may keep what it is given. Here a copy runs that code and is thrown away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import fx, nn

from decompositions.models.own_copy import OwnCopy

HOOKS = ("_forward_hooks", "_forward_pre_hooks")


def trace(model: nn.Module, x: torch.Tensor) -> tuple[nn.Module, fx.Graph]:
    """The calls of torch's modules and functions that a model makes, whatever the values of its input.

    Args:
        model: anything; neither it nor what its code writes to is changed.
        x: one input, for the question which hooks change what they see. Shape ``(1, …)``.

    Returns:
        A module at which the graph's names are found, made of the model's own torch modules and parameters, and the
        graph.

    Raises:
        Exception: control flow that depends on values, a scripted model, or whatever the model's own code raises.
    """
    if isinstance(model, torch.jit.ScriptModule):
        raise TypeError("a scripted or frozen module holds no Python code whose steps could be read")
    twins = OwnCopy()
    twin = twins.of(model)
    _without_onlookers(model, twin, x)
    graph = _Tracer().write(twin)
    return _home(model, twin, graph), graph


class _Tracer(fx.Tracer):
    """Writes the graph of a module that may be spoilt: its parameters become symbols, its torch modules write."""

    def write(self, root: nn.Module) -> fx.Graph:
        self.root, self.graph = root, fx.Graph(tracer_cls=fx.Tracer)
        self.tensor_attrs = {
            value: f"{name}.{key}" if name else key
            for name, module in root.named_modules()
            for key, value in module.__dict__.items()
            if isinstance(value, torch.Tensor)
        }
        call, args = self.create_args_for_root(type(root).forward, True)
        for name, module in list(root.named_modules()):
            self._prepare(module, name)
        self.create_node("output", "output", (self.create_arg(call(*args)),), {})
        for node in reversed(self.graph.nodes):
            if node.op == "get_attr" and not node.users:
                self.graph.erase_node(node)
        return self.graph

    def _prepare(self, module: nn.Module, name: str) -> None:
        """Instance attributes come before what ``torch.nn.Module`` looks up and calls."""
        if isinstance(module, torch.jit.ScriptModule):
            return
        for key, value in module._parameters.items():
            if value is not None:
                target = f"{name}.{key}" if name else key
                module.__dict__[key] = self.create_proxy("get_attr", target, (), {})
        if name and self.is_leaf_module(module, name):
            module.__dict__["_compiled_call_impl"] = self._recorder(name)
        else:
            module.__dict__["_compiled_call_impl"] = None

    def _recorder(self, name: str) -> Callable[..., Any]:
        return lambda *args, **kwargs: self.create_proxy("call_module", name, args, kwargs)


def _without_onlookers(model: nn.Module, twin: nn.Module, x: torch.Tensor) -> None:
    """Take from a copy the hooks that only look, found by running another one: what they are shown they may keep."""
    for module in twin.modules():
        if not isinstance(module, torch.jit.ScriptModule):
            module._backward_hooks.clear()
            module._backward_pre_hooks.clear()
    if not any(hooks for _, hooks in _hooks(twin)):
        return
    trial = OwnCopy().of(model)
    changing: set[tuple[str, int]] = set()
    for place, hooks in _hooks(trial):
        for key, hook in hooks.items():
            hooks[key] = _noting(hook, changing, (place, key))
    with torch.no_grad():
        trial(x.clone())
    for place, hooks in _hooks(twin):
        for key in [key for key in hooks if (place, key) not in changing]:
            del hooks[key]


def _hooks(model: nn.Module) -> Iterator[tuple[str, dict[int, Any]]]:
    """The forward hooks of every module that may be written to, each kind with its place."""
    for name, module in model.named_modules():
        if not isinstance(module, torch.jit.ScriptModule):
            for kind in HOOKS:
                yield f"{name}.{kind}", getattr(module, kind)


def _noting(hook: Callable[..., Any], changing: set[Any], name: tuple[str, int]) -> Callable[..., Any]:
    """A hook that adds its name to those that change something when it does."""

    def noted(*args: Any, **kwargs: Any) -> Any:
        result = hook(*args, **kwargs)
        if result is not None:
            changing.add(name)
        return result

    return noted


def _home(model: nn.Module, twin: nn.Module, graph: fx.Graph) -> nn.Module:
    """A module of the same structure that holds what the graph names: the model's own parts, and constants."""
    home = _Home()
    for node in graph.nodes:
        if node.op in ("call_module", "get_attr"):
            try:
                part = attribute(model, node.target)
            except AttributeError:
                part = attribute(twin, node.target)  # a tensor that the code has made
            home.hold(str(node.target).split("."), part)
    return home.eval()


class _Home(nn.Module):
    """A place for parts of another module, under the same names."""

    def hold(self, path: list[str], part: Any) -> None:
        if len(path) == 1:
            self._modules.pop(path[0], None)
            setattr(self, path[0], part)
            return
        inner = self._modules.get(path[0])
        if inner is None:
            inner = _Home()
            setattr(self, path[0], inner)
        if isinstance(inner, _Home):  # else the whole module is there, and with it this part of it
            inner.hold(path[1:], part)


def attribute(module: nn.Module, path: Any) -> Any:
    """A part of a module by its name with dots."""
    found: Any = module
    for name in str(path).split("."):
        found = getattr(found, name)
    return found
