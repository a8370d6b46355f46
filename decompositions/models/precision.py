"""In what types a function computes inside, and the same computed in another type."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

HALF = (torch.float16, torch.bfloat16)
_LEAVING = ("numpy", "__array__", "tolist", "item", "__float__", "__dlpack__")


def too_coarse(what: str, dtype: torch.dtype) -> TypeError:
    """The refusal of half precision."""
    return TypeError(
        f"{what} in {dtype}, which keeps three digits, and effects are differences of many such numbers; compute in "
        "float32 or more: model.float() and x.float(), without autocast"
    )


class Inside(TorchDispatchMode):
    """Notes the coarsest floating-point type of what is computed in this context.

    Args:
        leaves_torch: whether numbers were handed to something else, which computes unseen.
    """

    def __init__(self) -> None:
        super().__init__()
        self.coarsest = torch.float64
        self.leaves_torch = False

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = function(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if isinstance(leaf, torch.Tensor) and leaf.is_floating_point():
                self.coarsest = max(self.coarsest, leaf.dtype, key=lambda dtype: torch.finfo(dtype).eps)
        return result

    def require_fine(self, given: torch.dtype) -> None:
        """Refuse half precision inside, where the input has more.

        Raises:
            TypeError: names the type.
        """
        if self.coarsest in HALF and given not in HALF:
            raise too_coarse("the function computes", self.coarsest)


class _Leaving(TorchFunctionMode):
    """Notes that numbers of a tensor are handed to something else than torch."""

    def __init__(self, inside: Inside) -> None:
        super().__init__()
        self.inside = inside

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(function, "__name__", "") in _LEAVING:
            self.inside.leaves_torch = True
        return function(*args, **(kwargs or {}))


@contextmanager
def types_inside() -> Iterator[Inside]:
    """Watch what is computed."""
    inside = Inside()
    with warnings.catch_warnings(), _Leaving(inside), inside:
        warnings.filterwarnings("ignore", "__array__ implementation doesn't accept", DeprecationWarning)  # when watched
        yield inside


class in_type(TorchDispatchMode):
    """Everything that is computed in this context is computed in one floating-point type, constants and parameters too.

    What is written to in place must be of that type already, else a TypeError is raised.

    Args:
        beyond: whether something came that is finite and not zero, but not so in that type: its range is too small.
    """

    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        self.dtype = dtype
        self.beyond = False

    def __enter__(self) -> in_type:
        self.called = _Called(self)
        self.called.__enter__()
        return super().__enter__()

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        self.called.__exit__(*error)

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        there, named = tree_map(self._converted, (args, kwargs or {}))
        for place, argument in enumerate(function._schema.arguments[: len(args)]):
            if argument.alias_info and argument.alias_info.is_write and there[place] is not args[place]:
                raise TypeError(f"{function} writes into a tensor of another type than {self.dtype}")
        return function(*there, **named)

    def _converted(self, each: Any) -> Any:
        if isinstance(each, torch.dtype) and each.is_floating_point:
            return self.dtype
        if isinstance(each, torch.Tensor) and each.is_floating_point() and each.dtype != self.dtype:
            return self._noted(each, each.to(self.dtype))
        if isinstance(each, float):
            self._noted(torch.tensor(each, dtype=torch.float64), torch.tensor(each, dtype=self.dtype))
        return each

    def _noted(self, given: torch.Tensor, converted: torch.Tensor) -> torch.Tensor:
        """What was converted; noted if its range was too small."""
        if torch.finfo(given.dtype).bits < torch.finfo(self.dtype).bits:
            return converted  # a larger type has all of its range
        lost = ((converted == 0) & (given != 0)) | (converted.isinf() & ~given.isinf())
        self.beyond |= bool(lost.any())
        return converted


class _Called(TorchFunctionMode):
    """The same for functions when they are called: convolutions and recurrences compare types before they dispatch.

    What writes in place is left alone, and so is what a tensor says of itself, but for its type.
    """

    def __init__(self, mode: in_type) -> None:
        super().__init__()
        self.mode = mode

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if function == torch.Tensor.dtype.__get__:  # type: ignore[attr-defined]
            told = function(*args)
            return self.mode.dtype if told.is_floating_point else told
        name = getattr(function, "__name__", "")
        if name not in ("__get__", "__set__", "__setitem__") and not name.endswith("_") and "out" not in kwargs:
            args, kwargs = tree_map(self._alike, (args, kwargs))
        return function(*args, **kwargs)

    def _alike(self, each: Any) -> Any:
        """A tensor in the type; that is noted where it is dispatched."""
        return each.to(self.mode.dtype) if isinstance(each, torch.Tensor) and each.is_floating_point() else each
