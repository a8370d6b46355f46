"""The three criteria: is every effect covered, does none go to players outside it, is each shared out in full?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

from decompositions.arithmetic import Array, like, to_float
from decompositions.effects.effects import Effects
from synergy.allocation.allocation import Allocation

TOLERANCE = 1e-6


class Passes(NamedTuple):
    """Which criteria are met for certain."""

    coverage: bool
    relevance: bool
    completeness: bool


@dataclass(frozen=True)
class Criteria:
    r"""Numbers and verdicts on an allocation M of effects J; sums run over the effects without the constant.

    .. math::
        \text{coverage} &= \sum_S |J(S)|\, 1\bigl[\textstyle\sum_{i \in S} |M_i(S)| > 10^{-6} |J(S)|\bigr]
                           \,/\, \sum_S |J(S)| \\
        \text{leakage} &= \sum_S \sum_{i \notin S} |M_i(S)| \,/\, \sum_S \sum_i |M_i(S)| \\
        \text{residual} &= \sum_S \bigl| J(S) - \textstyle\sum_{i \in S} M_i(S) \bigr| \,/\, \sum_S |J(S)|

    A remainder that the effects leave unexplained counts as one more effect that nobody is given. Where no effect rises
    above the noise floor, the gaps are taken relative to all that is given, Σ|M_i(S)|. Of effects with
    symbols a criterion holds if it holds for all their values; the number of one that does not is NaN.

    Args:
        coverage: the share of the effects that somebody in them is given; 1 is full coverage.
        leakage: the share of what is given that goes to players outside the effect; 0 is full relevance.
        residual: what is not shared out, or more than once, relative to the effects; 0 is completeness.
        phantom: the share given for coalitions whose synergy function vanishes; a diagnostic, not judged; NaN where it
            was not tried.
        constant: what is given of the constant row, Σ|M_i(∅)|, in units of f; not judged.
        tolerance: what counts as zero: 1e-6 or the effects' noise floor, relative, whichever is larger.
        error: the method's own numerical error, relative to the effects, as the residual is.
        verdicts: "pass", "fail" or "undecided" for coverage, relevance and completeness. Undecided: beyond the
            tolerance, but of the size of the method's numerical error; or effects are missing (an order, a degree).
        worst: the effect that fails most, a coalition or degree vector; None if none fails.
        effects: whether there are any effects above the noise floor.
    """

    coverage: float
    leakage: float
    residual: float
    phantom: float
    constant: float
    tolerance: float
    error: float
    verdicts: Mapping[str, str]
    worst: tuple[int, ...] | None
    effects: bool = True

    @property
    def passes(self) -> Passes:
        """Three booleans; undecided is not passed."""
        return Passes(*(self.verdicts[name] == "pass" for name in Passes._fields))

    def _repr_latex_(self) -> str:
        from synergy.showing.formulas import of_criteria

        return of_criteria(self)._repr_latex_()

    def __repr__(self) -> str:
        return f"Criteria({', '.join(f'{name} {self.verdicts[name]}' for name in Passes._fields)})"

    def __str__(self) -> str:
        numbers = {"coverage": self.coverage, "relevance": self.leakage, "completeness": self.residual}
        labels = {"coverage": "coverage", "relevance": "leakage", "completeness": "residual"}
        lines = [f"{name}: {self.verdicts[name]} ({labels[name]} {numbers[name]:.3g})" for name in Passes._fields]
        return "; ".join(lines) + f"; tolerance {self.tolerance:.1g}, numerical error {self.error:.1g}"


@dataclass
class _Sums:
    """Running sums over blocks of rows."""

    effects: Any = 0
    covered: Any = 0
    given: Any = 0
    outside: Any = 0
    gap: Any = 0
    ghosts: Any = 0
    constant: Any = 0
    worst: float = 0.0
    worst_row: int | None = None


def judge(allocation: Allocation) -> Criteria:
    """The criteria of an allocation; with symbols, by identities (:mod:`synergy.allocation.symbolic_judge`).

    Raises:
        ValueError: a table with leading axes; judge one game at a time.
    """
    effects = allocation.effects
    if effects.values.ndim != 1:
        raise ValueError(f"criteria judge one game; these effects have shape {tuple(effects.values.shape)}")
    if effects.symbols:
        from synergy.allocation.symbolic_judge import judge_identically  # which builds on this module

        return judge_identically(allocation)
    sums = _Sums()
    for start, stop, rows in allocation.blocks():
        _add(sums, allocation, start, stop, rows)
    left = abs(effects.remainder)
    total, given = float(sums.effects + left), float(sums.given)
    if total != total or given != given:
        raise ValueError(f"the allocation by '{allocation.source}' holds NaN; its weights must be finite numbers")
    floor = float(effects.noise_floor(1).sum())
    error = 0.0 if allocation.error is None else float(allocation.error[1:].sum())
    if total <= floor:
        return _no_effects(allocation, sums, floor, error)
    certain = allocation.certain
    tolerance = max(TOLERANCE, floor / total)
    coverage, residual = float(sums.covered) / total, float(sums.gap + left) / total
    leakage = float(sums.outside) / given if given else 0.0
    failing = sums.worst > tolerance * total
    return Criteria(
        coverage=coverage,
        leakage=leakage,
        residual=residual,
        phantom=_phantom(allocation, sums, given),
        constant=float(sums.constant),
        tolerance=tolerance,
        error=error / total,
        verdicts={
            "coverage": _on_rows(
                effects, float(sums.effects - sums.covered) / total, 1 - coverage, tolerance, error / total, certain
            ),
            "relevance": _verdict(leakage, tolerance, error / given if given else 0.0, certain),
            "completeness": _on_rows(effects, float(sums.gap) / total, residual, tolerance, error / total, certain),
        },
        worst=effects.key(sums.worst_row) if failing and sums.worst_row is not None else None,
    )


def _add(sums: _Sums, allocation: Allocation, start: int, stop: int, rows: Array) -> None:
    """Add the sums of some rows, the constant row apart."""
    values = allocation.effects.values[start:stop]
    inside = allocation.effects.table(start, stop) > 0
    if start == 0:
        sums.constant = abs(rows[0]).sum()
        values, inside, rows, start = values[1:], inside[1:], rows[1:], 1
    if not len(values):
        return
    members = like(inside, rows)
    own, leaked = (rows * members), abs(rows * (1 - members)).sum(-1)
    gap, strength = abs(values - own.sum(-1)), abs(values)
    tiny = Fraction(1, 10**6) if allocation.effects.exact else TOLERANCE
    covered = like(abs(own).sum(-1) > strength * tiny, rows)
    sums.effects += strength.sum()
    sums.covered += (strength * covered).sum()
    sums.given += abs(rows).sum()
    sums.outside += leaked.sum()
    sums.gap += gap.sum()
    ghosts = [s - start for s in allocation.vanishing or () if start <= s < stop]
    if ghosts:
        sums.ghosts += abs(own[ghosts]).sum()
    failures = to_float(gap + leaked) if allocation.effects.exact else gap + leaked
    top = int(failures.argmax())
    if failures[top] > sums.worst:
        sums.worst, sums.worst_row = float(failures[top]), start + top


def _verdict(value: float, tolerance: float, error: float, certain: float) -> str:
    if value <= tolerance:
        return "pass"
    return "undecided" if error > tolerance and value <= certain * error else "fail"


def _phantom(allocation: Allocation, sums: _Sums, given: float) -> float:
    if allocation.vanishing is None:
        return float("nan")
    return float(sums.ghosts) / given if given else 0.0


def _on_rows(effects: Effects, known: float, value: float, tolerance: float, error: float, certain: float) -> str:
    """With effects missing, only what is wrong on the known rows convicts, and nothing acquits."""
    if not effects.truncated:
        return _verdict(value, tolerance, error, certain)
    verdict = _verdict(known, tolerance, error, certain)
    return "undecided" if verdict == "pass" else verdict


def _no_effects(allocation: Allocation, sums: _Sums, floor: float, error: float) -> Criteria:
    """No effect rises above the noise: what is given is judged against its own size."""
    effects, given = allocation.effects, float(sums.given)
    if given <= floor:
        tolerance, leakage, residual, doubt = TOLERANCE, 0.0, 0.0, 0.0
    else:
        tolerance, doubt = max(TOLERANCE, floor / given), error / given
        leakage, residual = float(sums.outside) / given, float(sums.gap) / given
    failing = sums.worst > tolerance * given > 0
    return Criteria(
        coverage=1.0,
        leakage=leakage,
        residual=residual,
        phantom=_phantom(allocation, sums, given),
        constant=float(sums.constant),
        tolerance=tolerance,
        error=doubt,
        verdicts={
            "coverage": _on_rows(effects, 0.0, 0.0, tolerance, 0.0, allocation.certain),
            "relevance": _verdict(leakage, tolerance, doubt, allocation.certain),
            "completeness": _on_rows(effects, residual, residual, tolerance, doubt, allocation.certain),
        },
        worst=effects.key(sums.worst_row) if failing and sums.worst_row is not None else None,
        effects=False,
    )
