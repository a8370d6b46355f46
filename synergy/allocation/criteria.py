"""The three criteria: is every effect covered, does none go to players outside it, is each shared out in full?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from decompositions import show
from decompositions.counts import several


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

    A remainder that a series leaves unexplained counts as one more effect that nobody is given; coalitions that were
    chosen (``rows=``, :func:`strongest`) are judged alone, and nothing is said of the others. Where no effect rises
    above the noise floor, the gaps are taken relative to all that is given, Σ|M_i(S)|. Of effects with
    symbols a criterion holds if it holds for all their values; the number of one that does not is NaN.

    Of effects up to an order, and samples of larger ones (:class:`decompositions.effects.strata.Strata`), the sums run
    over all coalitions of at most K players, each of the drawn ones standing for as many as there are of its size, and
    nothing is said of larger ones: such rows can fail a method, but they never pass it.

    Args:
        coverage: the share of the effects that somebody in them is given; 1 is full coverage.
        leakage: the share of what is given that goes to players outside the effect; 0 is full relevance.
        residual: what is not shared out, or more than once, relative to the effects; 0 is completeness.
        phantom: the share given for coalitions whose synergy function vanishes; a diagnostic, not judged; NaN where it
            was not tried.
        constant: what is given of the constant row, Σ|M_i(∅)|, in units of f; not judged.
        tolerance: what counts as zero: 1e-6 or the noise floor of all rows together, relative, whichever is larger. Of
            many rows that floor is much; so a table fails, too, where some rows are wrong beyond twice their own noise,
            by more than 1e-6 of all effects.
        error: the method's own numerical error, relative to the effects, as the residual is.
        verdicts: "pass", "fail" or "undecided" for coverage, relevance and completeness. Undecided: beyond the
            tolerance, but of the size of the method's numerical error; or effects are missing (an order, a degree),
            and no policy says that the criterion holds on these, too.
        worst: the effect that fails most, a coalition or degree vector; None if none fails.
        effects: whether there are any effects above the noise floor.
        order: K, where the numbers speak of coalitions of at most so many players; None for all.
        rows: how many effects the numbers speak of, where these were chosen; None for all, or all up to an order.
        intervals: of "coverage", "leakage" and "residual", in which 95 of 100 samples drawn anew, size by size, from
            the drawn rows have them; empty where no row stands for others.

    Theory: :ref:`three-criteria`.
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
    order: int | None = None
    rows: int | None = None
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def passes(self) -> Passes:
        """Three booleans; undecided is not passed."""
        return Passes(*(self.verdicts[name] == "pass" for name in Passes._fields))

    def _repr_latex_(self) -> str:
        return show.formula(self)._repr_latex_()

    def _repr_html_(self) -> str | None:
        return show.notebook(self)

    def to_pandas(self) -> Any:
        """A pandas DataFrame with a row per criterion: its verdict, its number, and that one's interval.

        Raises:
            ImportError: pandas is missing (extra ``pandas``).
        """
        return show.frame(self)

    def __repr__(self) -> str:
        return f"Criteria({', '.join(f'{name} {self.verdicts[name]}' for name in Passes._fields)})"

    def __str__(self) -> str:
        numbers = {"coverage": self.coverage, "relevance": self.leakage, "completeness": self.residual}
        labels = {"coverage": "coverage", "relevance": "leakage", "completeness": "residual"}
        lines = [
            f"{name}: {self.verdicts[name]} ({labels[name]} {numbers[name]:.3g}{self._interval(labels[name])})"
            for name in Passes._fields
        ]
        scope = "" if self.order is None else f"; up to order {self.order}"
        scope = scope if self.rows is None else f"; of {several(self.rows, 'chosen effect')}"
        return "; ".join(lines) + f"{scope}; tolerance {self.tolerance:.1g}, numerical error {self.error:.1g}"

    def _interval(self, figure: str) -> str:
        if figure not in self.intervals:
            return ""
        low, high = self.intervals[figure]
        return f" [{low:.3g}, {high:.3g}]"
