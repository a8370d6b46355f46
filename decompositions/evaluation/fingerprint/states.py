"""What an object holds: the attributes of a module, of a user's class, and of a library's as it would be pickled."""

from __future__ import annotations

import io
import types
import zipfile
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from decompositions.evaluation.fingerprint.libraries import OWN, library_of

OPAQUE = (
    "_asyncio", "_contextvars", "_ctypes", "_io", "_thread", "_weakref", "asyncio", "concurrent", "ctypes", "logging",
    "multiprocessing", "numpy.random", "queue", "random", "socket", "threading", "torch._C", "torch._dynamo",
    "torch._inductor", "tqdm", "weakref",
)  # fmt: skip
HOOKS = ("_forward_pre_hooks", "_forward_hooks")
INTERNAL = frozenset(vars(nn.Module())) - {"training"}


def state_of(value: Any) -> dict[str, Any]:
    """What an object holds, by name; nothing for what holds a process together."""
    library = library_of(type(value).__module__)
    if isinstance(value, nn.Module):
        return _module_state(value)
    if not library or library.partition(".")[0] in OWN:
        return _attributes(value)
    if library.startswith(OPAQUE) or isinstance(value, torch.Generator):
        return {}
    return _reduced_form(value)


def _module_state(module: nn.Module) -> dict[str, Any]:
    """A torch module's parameters, buffers, modules, attributes and forward hooks; hooks without their numbers."""
    state: dict[str, Any] = {**module._parameters, **module._buffers, **module._modules}
    state |= {name: value for name, value in vars(module).items() if name not in INTERNAL}
    for kind in HOOKS:
        hooks = getattr(module, kind)
        if hooks:
            keyed = getattr(module, f"{kind}_with_kwargs", {})
            state[kind] = [(hook, number in keyed) for number, hook in hooks.items()]
    return state


def _attributes(value: Any) -> dict[str, Any]:
    """The attributes of an object of a user's class, and what it holds as a container."""
    state = dict(vars(value)) if hasattr(value, "__dict__") else {}
    for cls in type(value).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            member = cls.__dict__.get(name)
            if isinstance(member, types.MemberDescriptorType):
                try:
                    state[name] = member.__get__(value)
                except AttributeError:  # not set
                    continue
    for kind in (dict, list, tuple, set, frozenset):
        if isinstance(value, kind):
            state["__contents__"] = kind(value)
    return state


def _reduced_form(value: Any) -> dict[str, Any]:
    """What an object of a library holds, as it would be pickled; its attributes where it cannot be."""
    if isinstance(value, torch.fx.Graph):
        return {"graph": str(value)}
    try:
        reduced = value.__reduce_ex__(4)
    except Exception:  # whatever a foreign class raises says that it has no contents to show
        reduced = ""
    if isinstance(reduced, str):
        return dict(vars(value)) if hasattr(value, "__dict__") else {"__qualname__": reduced}
    names = ("__class__", "__args__", "__state__", "__list__", "__dict_items__")
    contents = [list(each) if isinstance(each, Iterator) else each for each in reduced[:5]]
    return {name: each for name, each in zip(names, contents, strict=False) if each is not None}


def script(value: Any) -> str:
    """TorchScript, by the files of its archive; where things stood in the source is left out."""
    buffer = io.BytesIO()
    torch.jit.save(value, buffer)
    with zipfile.ZipFile(buffer) as archive:
        files = [(each.filename.partition("/")[2], each.CRC) for each in archive.infolist()]
    return f"TorchScript {sorted(each for each in files if not each[0].endswith('.debug_pkl'))}"
