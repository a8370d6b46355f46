"""The layer-wise methods judged by the criteria on single steps: gates, attention, normalisations, selections."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from decompositions.games.game import Game
from synergy.measurement.measure import measure
from synergy.method import METHODS, method
from synergy.tables.besides import in_blocks
from synergy.wording.numbers import roughly
from synergy.wording.table import Table

STEPS_NOTES = (
    "Each column is a network of this one step; players are its inputs and the baseline is zero (one for the divisor), "
    "so that the effects are those of the step itself. Coverage / leakage / residual of the method measured on it, "
    "with 'fail' where one of the three fails. The mixed effect of a product goes in halves to its factors; a softmax "
    "and a normalisation are affine between x and b for DeepLIFT and Deep SHAP, with weights that depend on both ends; "
    "relevance holds the deviation of a normalisation constant and passes Gradient × Input through a softmax, which "
    "is why it is not complete there.",
)


class _Step(nn.Module):
    """One operation as a model."""

    def __init__(self, operation: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.operation = operation

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.operation(x)


def _attention(x: torch.Tensor) -> torch.Tensor:
    """Two keys and two values of one channel each, for a query of 1."""
    return (x[:, :2].softmax(1) * x[:, 2:]).sum(1)


STEPS: dict[str, tuple[Callable[[torch.Tensor], torch.Tensor], list[float]]] = {
    "gate x₁x₂": (lambda x: x[:, 0] * x[:, 1], [2.0, -3.0]),
    "product of sums (x₁ + x₂)(x₃ − x₄)": (
        lambda x: torch.einsum("bi,bi->b", x[:, :2].sum(1, keepdim=True), x[:, 2:3] - x[:, 3:]),
        [2.0, -1.0, 3.0, 0.5],
    ),
    "softmax": (lambda x: x.softmax(1)[:, 0], [1.0, -1.0, 0.5]),
    "attention over two places": (_attention, [1.0, -0.5, 2.0, -1.0]),
    "layer norm": (lambda x: nn.functional.layer_norm(x, (3,), eps=1.0)[:, 0], [2.0, -1.0, 0.5]),
    "RMS norm": (lambda x: nn.functional.rms_norm(x, (3,), eps=1.0)[:, 0], [2.0, -1.0, 0.5]),
    "logsumexp": (lambda x: x.logsumexp(1), [1.0, -1.0, 0.5]),
    "quotient x₁/x₂": (lambda x: x[:, 0] / x[:, 1], [3.0, 2.0]),
    "silu(x₁)·x₂": (lambda x: nn.functional.silu(x[:, 0]) * x[:, 1], [1.5, -2.0]),
    "largest of three": (lambda x: x.amax(1), [1.0, 3.0, -2.0]),
}
"""What a step computes, and at which x."""


def steps_table() -> Table:
    """Every layer-wise method by coverage, relevance and completeness, on one step at a time."""
    empty = Table("Layer-wise methods by the three criteria, step by step", ("method", *STEPS), (), STEPS_NOTES)
    return in_blocks(empty, _steps_row, scopes=("layer",))


def _steps_row(name: str) -> tuple[str, ...]:
    return METHODS[name].title, *(_judged(name, step) for step in STEPS)


def game_of(step: str) -> Game:
    """The step as a network."""
    operation, x = STEPS[step]
    baseline = torch.zeros(1, len(x), dtype=torch.float64)
    if step.startswith("quotient"):
        baseline[0, 1] = 1.0
    return Game.from_model(_Step(operation), torch.tensor([x], dtype=torch.float64), baseline)


def _judged(name: str, step: str) -> str:
    try:
        criteria = measure(method(name), game_of(step), points=0).criteria()
    except ValueError as error:
        return str(error).partition(":")[0][:60]
    numbers = " / ".join(map(roughly, (criteria.coverage, criteria.leakage, criteria.residual)))
    return numbers if all(verdict == "pass" for verdict in criteria.verdicts.values()) else f"{numbers}, fail"
