"""What the attributions of a method add up to, what they should, and where the gap went."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from decompositions.arithmetic import to_float
from synergy.allocation.allocation import Allocation
from synergy.comparison.comparison import Comparison
from synergy.comparison.result import Result
from synergy.wording.effects import effect_label
from synergy.wording.numbers import number, scalar

GAINS = ("f(x) − f(b)", "f(x) − E f(b)")


class Part(NamedTuple):
    """An effect that is not shared out in full: its name, its size, and what the players are given of it in all."""

    name: str
    effect: Any
    given: Any

    @property
    def missing(self) -> Any:
        """What is left of the effect."""
        return self.effect - self.given


@dataclass(frozen=True)
class Balance:
    """What the attributions of one method add up to, and what they should.

    Args:
        total: Σ of the attributions.
        goal: what they are meant to add up to; None where that is not known.
        gap: goal − total; None without a goal.
        error: the numerical error of both: the method's own, the model's rounding, and that of adding effects up.
        parts: where the gap went, the largest part first; None where no allocation says so.
    """

    total: Any
    goal: Any | None
    gap: Any | None
    error: float
    parts: tuple[Part, ...] | None = None

    @property
    def closed(self) -> bool:
        """Whether there is no gap beyond the numerical error."""
        return self.gap is not None and abs(float(self.gap)) <= self.error

    def where(self) -> str:
        """How much of the gap its largest parts are, as the words before them."""
        missing = [float(part.missing) for part in self.parts or ()]
        share = sum(missing) / float(self.gap) if self.gap else 0.0
        if share > 1.005 or any(one * float(self.gap or 0) <= 0 for one in missing):
            return "the largest of its parts, which cancel in part, in"
        return "most of it in" if share > 0.5 else f"the largest of its parts, {share:.0%} of it, in"

    def explain(self) -> str:
        """Where the gap went, in a line."""
        if self.gap is None:
            return "its target is its own, so there is no sum to hold it to"
        if self.closed:
            return "no gap" + (" beyond the numerical error" if self.gap else "")
        if self.parts is None:
            return f"gap {number(self.gap, sign=True)}; where it went was not measured"
        named = "; ".join(f"{part.name} is {number(part.effect)}, given {number(part.given)}" for part in self.parts)
        return f"gap {number(self.gap, sign=True)}: {named or 'many effects, none above the numerical error'}"


def balance(comparison: Comparison, result: Result) -> Balance:
    """The sum of a method's attributions beside its target.

    Raises:
        ValueError: the method has no attributions.
    """
    if result.attribution is None:
        raise ValueError(f"{result.name} has no attributions: {result.note}")
    effects = comparison.effects
    total = scalar(result.attribution.sum())
    gain = effects.total + effects.remainder
    known = {**dict.fromkeys(GAINS, gain), "f(x)": effects.base + gain}
    own = 0.0 if result.error is None else _norm(to_float(result.error))
    adding = 0.0 if effects.exact else np.finfo(np.float64).eps * _norm(to_float(effects.values))
    error = math.hypot(own, math.sqrt(effects.n) * effects.noise, adding)
    if result.target not in known:
        return Balance(total, None, None, error)
    goal = scalar(known[result.target])
    table = result.measured or (result.theory if _reproduces(result, error) else None)
    parts = None if table is None else _gaps(table, result.target == "f(x)", error)
    return Balance(total, goal, goal - total, error, parts)


def _norm(values: np.ndarray) -> float:
    """The root of the sum of squares, of numbers of any size."""
    unit = float(abs(values).max(initial=0.0)) or 1.0
    return unit if math.isinf(unit) else unit * float(np.linalg.norm(values / unit))


def _reproduces(result: Result, error: float) -> bool:
    """Whether the theory's column sums are the attributions, so that it says where they went."""
    if result.theory is None or result.attribution is None:
        return False
    sums, own = to_float(result.theory.attribution), to_float(result.attribution)
    return bool(np.abs(sums - own).max() <= error + 1e-9 * np.abs(own).max())


def _gaps(table: Allocation, with_base: bool, error: float, most: int = 3) -> tuple[Part, ...]:
    """The rows that are not shared out in full: the largest few, and what the effects do not explain."""
    effects = table.effects
    rest = 0 if table.rest is None else scalar(table.rest.sum())
    found = [
        Part("what the rows leave" if effects.truncated else "the effects' remainder", scalar(effects.remainder), rest)
    ]
    for start, stop, rows in table.blocks():
        values, given = effects.values[start:stop], rows.sum(-1)
        left = np.abs(to_float(values - given))
        if start == 0 and not with_base:
            left[0] = abs(float(given[0]))
        for row in np.argsort(-left, kind="stable")[:most].tolist():
            constant = start + row == 0
            name = "the constant ∅" if constant else effect_label(effects, effects.key(start + row))
            effect = 0 if constant and not with_base else scalar(values[row])
            found.append(Part(name, effect, scalar(given[row])))
    strongest = sorted(found, key=lambda part: -abs(float(part.missing)))[:most]
    return tuple(part for part in strongest if abs(float(part.missing)) > error)
