"""Data written down: numbers, text, tensors, arrays, containers of them, and code."""

from __future__ import annotations

import collections
import ctypes
import hashlib
import re
import types
from typing import Any

import numpy as np
import torch
from torch import nn

from decompositions.evaluation.fingerprint.libraries import type_name

ATOMS = (
    bool, int, float, complex, str, bytes, bytearray, type(None), type(Ellipsis), type(NotImplemented), range,
    torch.dtype, torch.device, torch.layout, torch.memory_format, torch.Size,
)  # fmt: skip


def content_of(value: Any) -> str | None:
    """Numbers, text, tensors, arrays and containers of them, written down; None for anything else."""
    try:
        return _written(value)
    except RecursionError:
        return None


def _written(value: Any) -> str | None:
    if type(value) in ATOMS:
        return f"{type(value).__name__} {value!r}"
    if isinstance(value, np.generic):
        return f"{value.dtype.descr} {value.tobytes()!r}"
    if isinstance(value, torch.Tensor):
        return f"{type(value).__name__} {of_tensor(value)}{_said_of(value)}"
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        shape = f"{value.dtype.descr} {value.shape}"
        return f"{type(value).__name__} {shape} {digest(np.ascontiguousarray(value).tobytes())}{_said_of(value)}"
    if isinstance(value, re.Pattern):
        return f"pattern {value.pattern!r} {value.flags}"
    if isinstance(value, memoryview):
        return f"memory {value.format} {value.shape} {digest(value.tobytes())}"
    if isinstance(value, ctypes._SimpleCData):
        return f"{type(value).__name__} {value.value!r}"
    if type(value) in (list, tuple, set, frozenset):
        entries = [_written(each) for each in value]
        known = [each for each in entries if each is not None]
        if len(known) < len(entries):
            return None
        return f"{type(value).__name__} {known if isinstance(value, (list, tuple)) else sorted(known)}"
    if type(value) in _MAPPINGS:
        pairs = [(_written(key), _written(each)) for key, each in value.items()]
        return None if any(None in pair for pair in pairs) else f"{type(value).__name__} {sorted(map(str, pairs))}"
    return None


_MAPPINGS = (dict, collections.OrderedDict, collections.Counter, types.MappingProxyType)


def _said_of(value: Any) -> str:
    """The attributes that somebody gave a tensor or an array, as far as they are data."""
    given = {name: each for name, each in getattr(value, "__dict__", {}).items() if not name.startswith("__")}
    return (
        f" with {[(name, _written(each) or type_name(each)) for name, each in sorted(given.items())]}" if given else ""
    )


def of_tensor(tensor: torch.Tensor) -> str:
    """A hash of the type, shape and bytes of a tensor."""
    kind = f"{tensor.dtype} {tuple(tensor.shape)}"
    if tensor.device.type == "meta" or nn.parameter.is_lazy(tensor):
        return digest(f"{type(tensor).__name__} without values")
    if tensor.layout != torch.strided:
        indices = tensor.to_sparse_coo().coalesce()
        return digest(f"{kind} {tensor.layout} {of_tensor(indices.indices())} {of_tensor(indices.values())}")
    if tensor.is_quantized:
        return digest(f"{kind} {tensor.q_scale()} {tensor.q_zero_point()} {of_tensor(tensor.int_repr())}")
    plain = tensor.detach().cpu().resolve_conj().resolve_neg().contiguous().flatten().view(torch.uint8)
    found = hashlib.blake2b(f"{kind}\n".encode(), digest_size=16)
    found.update(plain.numpy().data)
    return found.hexdigest()


def is_container(value: Any) -> bool:
    return type(value) in (list, tuple, set, frozenset, *_MAPPINGS)


def digest(content: str | bytes) -> str:
    data = content.encode("utf8", "surrogatepass") if isinstance(content, str) else content
    return hashlib.blake2b(data, digest_size=16).hexdigest()
