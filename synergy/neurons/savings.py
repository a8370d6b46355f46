"""What a smaller network saves: parameters, floating-point operations, and time."""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from decompositions import show
from decompositions.arguments import shown, whole
from decompositions.models.model_function import require_module
from decompositions.models.undisturbed import outside_inference, undisturbed
from synergy.wording.numbers import brief, number
from synergy.wording.table import Table


@dataclass(frozen=True)
class Cost:
    """Of one network and one batch.

    Args:
        parameters: how many numbers it has learnt.
        operations: floating-point operations of its linear maps, convolutions and products, two for each
            multiplication and addition.
        seconds: of a call, the least of several.
    """

    parameters: int
    operations: int
    seconds: float


@dataclass(frozen=True)
class Savings:
    """Two networks on the same batch.

    Args:
        before: of the network as it is.
        after: of the smaller one.
    """

    before: Cost
    after: Cost

    def table(self) -> Table:
        """As text, Markdown or HTML."""
        pairs = {
            "parameters": (f"{self.before.parameters:,}", f"{self.after.parameters:,}"),
            "operations": (f"{self.before.operations:,}", f"{self.after.operations:,}"),
            "milliseconds": (number(1e3 * self.before.seconds), number(1e3 * self.after.seconds)),
        }
        shares = (
            self.after.parameters / max(1, self.before.parameters),
            self.after.operations / max(1, self.before.operations),
            self.after.seconds / self.before.seconds,
        )
        rows = tuple((name, *pair, brief(share)) for (name, pair), share in zip(pairs.items(), shares, strict=True))
        return Table("a smaller network", ("of a batch", "as it is", "smaller", "ratio"), rows)

    def _repr_html_(self) -> str | None:
        return show.notebook(self.table())

    def __str__(self) -> str:
        return self.table().to_text()


@outside_inference()
def savings(model: nn.Module, small: nn.Module, data: torch.Tensor, *, repeats: int = 20) -> Savings:
    """Ask both networks in turns, without gradients, and compare what it takes.

    Args:
        model: as it is, in eval mode.
        small: as :func:`synergy.neurons.shrink` makes it.
        data: a batch that both take. Shape ``(N, *shape)``.
        repeats: calls of each, after one that is not counted; the fastest of them are compared.

    Raises:
        TypeError, ValueError: no modules, no batch, or no number of calls.
    """
    for each in (model, small):
        require_module(each)
    if not isinstance(data, torch.Tensor) or not len(data):
        raise TypeError(f"data is a batch that both networks take, not {shown(data)}")
    repeats = whole(repeats, "repeats is how often each network is called", 1)
    operations = [_operations(each, data) for each in (model, small)]
    times = [[_seconds(each, data) for each in (model, small)] for _ in range(repeats)]
    before, after = (
        Cost(sum(p.numel() for p in each.parameters()), count, min(row[k] for row in times))
        for k, (each, count) in enumerate(zip((model, small), operations, strict=True))
    )
    return Savings(before, after)


def _operations(model: nn.Module, data: torch.Tensor) -> int:
    with undisturbed(model, data.device), torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(data.clone())
    return int(counter.get_total_flops())


def _seconds(model: nn.Module, data: torch.Tensor) -> float:
    with undisturbed(model, data.device), torch.no_grad():
        given = data.clone()
        _wait(data.device)
        start = time.perf_counter()
        model(given)
        _wait(data.device)
        return time.perf_counter() - start


def _wait(device: torch.device) -> None:
    """Until a device that works in the background is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
