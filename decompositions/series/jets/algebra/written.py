"""Plain tensors that a series was written into: from then on they are read as jets.

A model makes a tensor of its own, ``torch.zeros(…)``, and writes into it what depends on its input, in place or part by
part; torch's recurrences do so themselves. Memory is what is kept account of, not tensors: a storage that a series was
written into has coefficients for every one of its numbers, and whatever tensor looks at it (the one that was written
to, its base, its views, made before or after) is the same look at them. The plain numbers stay as they were.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from decompositions.series.jets.algebra.jet import Jet, aten, in_place

ASIDE = ("tolist", "numpy", "__array__", "__dlpack__", "__deepcopy__", "__reduce_ex__", "data_ptr", "untyped_storage")
OTHER_MEMORY = (aten.set_, aten.resize_)


@contextmanager
def keeping_account() -> Iterator[Account]:
    """Within this context a series may be written into any tensor of floating-point numbers."""
    account = Account()
    with _Aside(account), account:
        yield account


class _Memory(NamedTuple):
    """The coefficients of all numbers of a storage, ``(K+1, numbers)``; it is held, so that none takes its place."""

    storage: torch.UntypedStorage
    dtype: torch.dtype
    coefficients: torch.Tensor


class Account(TorchDispatchMode):
    """Hands the operations on memory with series to the rules of jets."""

    def __init__(self) -> None:
        super().__init__()
        self.memories: dict[int, _Memory] = {}

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        with torch._C.DisableTorchFunction():  # which is for the model's calls, not for those made here
            kwargs = kwargs or {}
            given, named = (self._read(args), self._read(kwargs)) if self.memories else (args, kwargs)
            jet = next(_jets([given, named]), None)
            if jet is None:
                return function(*args, **kwargs)
            if not in_place(function) or not isinstance(args[0], torch.Tensor):
                return function(*given, **named)
            return self._write(function, args, (given, named), jet)

    def _write(self, function: Any, args: Any, given: Any, jet: Jet) -> Any:
        (target, *others), named = given
        if not isinstance(args[0], Jet):
            if torch.Tag.inplace_view in function.tags and function.overloadpacket not in OTHER_MEMORY:
                return function(*args)  # a new shape for the same memory
            target = self._kept(function, args[0], jet)
        function(target, *others, **named)
        return args[0]

    def _read(self, value: Any) -> Any:
        """Arguments, with the tensors that look at memory with series as jets."""
        if isinstance(value, torch.Tensor):
            return self.look(value)
        if isinstance(value, (list, tuple)):
            return type(value)(self._read(each) for each in value)
        return {key: self._read(each) for key, each in value.items()} if isinstance(value, dict) else value

    def look(self, tensor: Any) -> Any:
        """A plain tensor, or the jet that it is by now; anything else as it is."""
        if not self.memories or not isinstance(tensor, torch.Tensor):
            return tensor
        memory = self.memories.get(_place(tensor))
        if memory is None:
            return tensor
        if memory.dtype != tensor.dtype:
            raise ValueError(
                f"a tensor of {memory.dtype} that holds what depends on the input is read as {tensor.dtype}, number by "
                "number; bits have no Taylor series"
            )
        strides, offset = (memory.coefficients.stride(0), *tensor.stride()), tensor.storage_offset()
        return Jet(memory.coefficients.as_strided((len(memory.coefficients), *tensor.shape), strides, offset))

    def _kept(self, function: Any, target: torch.Tensor, like: Jet) -> torch.Tensor:
        """A plain tensor as a jet, its memory kept account of from now on."""
        if _place(target) not in self.memories:
            if not target.is_floating_point():
                raise ValueError(
                    f"'{function.overloadpacket.__name__}' writes what depends on the input into a tensor of "
                    f"{target.dtype}, which holds no series; make that tensor with a floating-point type, or cut the "
                    "numbers down to whole ones yourself, z.long()"
                )
            storage = target.untyped_storage()
            numbers = torch.empty(0, dtype=target.dtype, device=target.device).set_(storage)
            coefficients = like.coefficients.new_zeros(len(like.coefficients), len(numbers))
            coefficients[0] = numbers
            self.memories[_place(target)] = _Memory(storage, target.dtype, coefficients)
        return self.look(target)


class _Aside(TorchFunctionMode):
    """Refuses to read memory with series past torch, where only plain numbers would be seen."""

    def __init__(self, account: Account) -> None:
        super().__init__()
        self.account = account

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = getattr(function, "__name__", "")
        if name in ASIDE and args and self.account.look(args[0]) is not args[0]:
            raise ValueError(
                f"'{name}' takes what depends on the input out of torch, where it has no Taylor series; stay within "
                "torch's operations, or take harsanyi() and measure(), which need no series"
            )
        return function(*args, **(kwargs or {}))


def _place(tensor: torch.Tensor) -> int:
    """What memory a tensor looks at; −1 for a jet, and for sparse ones and the like."""
    if tensor.layout != torch.strided or isinstance(tensor, Jet):
        return -1
    with torch._C.DisableTorchFunction():
        return int(tensor.untyped_storage()._cdata)


def _jets(value: Any) -> Iterator[Jet]:
    if isinstance(value, Jet):
        yield value
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _jets(each)
    elif isinstance(value, dict):
        yield from _jets(list(value.values()))
