"""The judge of a table: sums over its rows, and the verdicts on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from decompositions.arithmetic import Array, like, to_float
from decompositions.effects.effects import Effects
from synergy.allocation.criteria import Criteria

TOLERANCE = 1e-6
SAME_SIZE = 10.0  # a residual within this factor of the numerical error is of its size
REPLICATES = 2000  # samples drawn anew, for an interval
CLEAR = 2.0  # times the noise floor of a row: what is wrong there beyond that is no rounding
TAIL = 0.025  # of the replicates that are left out at either end of an interval


Inside = Callable[[Any], Any]


class Measured(NamedTuple):
    """What is known of a measured table beside its rows.

    Args:
        error: the method's own numerical error in each row's sum. Shape ``(m,)``; None for none but rounding.
        certain: a gap beyond so many times the error is none.
        vanishing: bitmasks of coalitions without dividend whose synergy function vanishes; None where that was not
            tried.
    """

    error: np.ndarray | None = None
    certain: float = SAME_SIZE
    vanishing: frozenset[int] | None = frozenset()


@dataclass
class _Sums:
    """Running sums over blocks of rows, and what the rows add one by one where some of them stand for others.

    ``heard`` says whether a row is above its noise; ``clear`` is what is uncovered, outside and not shared out, as far
    as it is beyond the noise of each row. ``kept`` has a place for all rows from the start: arrays that are kept on the
    way lie in memory between those of the blocks, which is then not given back.
    """

    effects: Any = 0
    covered: Any = 0
    given: Any = 0
    outside: Any = 0
    gap: Any = 0
    ghosts: Any = 0
    constant: Any = 0
    worst: Any = 0.0
    worst_row: int | None = None
    heard: bool = False
    clear: np.ndarray = field(default_factory=lambda: np.zeros(3))
    kept: np.ndarray | None = None


def judge(
    effects: Effects,
    blocks: Iterable[tuple[int, int, Array]],
    source: str,
    measured: Measured | None = None,
    proven: frozenset[str] = frozenset(),
    columns: Inside = lambda members: members,
) -> Criteria:
    """The criteria of a table of shares; with symbols, by identities (:mod:`synergy.allocation.symbolic_judge`).

    Args:
        effects: what the rows share out.
        blocks: the rows, some at a time: start, stop and the shares ``(stop−start, n)``.
        source: the policy's formula or the method's name.
        measured: what is known of a table that was measured; None for a theory.
        proven: the criteria that the rule meets on every coalition, whether its row is there or not.
        columns: from the players in effects to the columns that belong to them: the players, or sets of them.

    Raises:
        ValueError: a table with leading axes; judge one game at a time.
    """
    if effects.values.ndim != 1:
        raise ValueError(f"criteria judge one game; these effects have shape {tuple(effects.values.shape)}")
    if effects.symbols:
        from synergy.allocation.symbolic_judge import judge_identically  # SymPy is loaded only here

        return judge_identically(effects, blocks, columns)
    measured, sums = measured or Measured(), _Sums()
    if effects.strata is not None:
        sums.kept = np.zeros((len(effects) - 1, 5))
    for start, _, rows in blocks:
        _add(sums, effects, start, rows, measured.vanishing, columns)
    left = 0 * sums.effects if effects.strata or _chosen(effects) else abs(effects.remainder)
    total, given = sums.effects + left, sums.given
    if not effects.exact:
        total, given = float(total), float(given)
    if total != total or given != given:
        raise ValueError(f"the allocation by '{source}' holds NaN; its weights must be finite numbers")
    floor = float(effects.noise_floor(1).sum())
    error = 0.0 if measured.error is None else float(measured.error[1:].sum())
    if total == 0 if effects.exact else total <= floor and not sums.heard:
        return _no_effects(effects, sums, floor, error, measured, proven)
    tolerance = max(TOLERANCE, _share(floor, total))
    figures = _figures(effects, sums, left, total, given)
    doubts = {"coverage": _share(error, total), "relevance": _share(error, given), "completeness": _share(error, total)}
    wrong = {
        "coverage": _share(sums.effects - sums.covered, total) if effects.truncated else 1 - figures.coverage,
        "relevance": _share(sums.outside, given),
        "completeness": _share(sums.gap, total) if effects.truncated else figures.residual,
    }
    clear = dict(zip(wrong, map(_share, sums.clear.tolist(), (total, given, total)), strict=True))
    verdicts = {
        name: _on_rows(
            effects, _verdict(wrong[name], clear[name], tolerance, doubts[name], measured.certain), name, proven
        )
        for name in wrong
    }
    failing = "fail" in verdicts.values() or _share(sums.worst, total) > tolerance
    return Criteria(
        **figures._asdict(),
        phantom=_phantom(measured, sums, given),
        constant=float(sums.constant),
        tolerance=tolerance,
        error=doubts["completeness"],
        verdicts=verdicts,
        worst=effects.key(sums.worst_row) if failing and sums.worst_row is not None else None,
        **_scope(effects, sums),
    )


class _Figures(NamedTuple):
    """The numbers of the criteria."""

    coverage: float
    leakage: float
    residual: float


def _figures(effects: Effects, sums: _Sums, left: Any, total: Any, given: Any) -> _Figures:
    """Ratios of sums over all rows, or over the coalitions that the rows stand for."""
    if effects.strata is None or sums.kept is None:
        return _Figures(_share(sums.covered, total), _share(sums.outside, given), _share(sums.gap + left, total))
    weights = effects.strata.weights(effects.sizes(0, len(effects)))[1:]
    return _Figures(*_ratios(weights @ sums.kept).tolist())


def _ratios(table: np.ndarray) -> np.ndarray:
    """Coverage, leakage and residual, from the sums that :func:`_add` keeps. Shape ``(..., 5)`` → ``(..., 3)``."""
    effects, covered, given, outside, gap = np.moveaxis(table, -1, 0)
    parts, wholes = np.stack([covered, outside, gap], -1), np.stack([effects, given, effects], -1)
    return np.divide(parts, wholes, out=np.zeros_like(parts), where=wholes > 0)


def _scope(effects: Effects, sums: _Sums) -> dict[str, Any]:
    """Up to which order the numbers speak, and the intervals in which they are where rows stand for others."""
    strata = effects.strata
    if strata is None or sums.kept is None:
        return {"rows": len(effects) - 1} if _chosen(effects) else {}
    scope: dict[str, Any] = {"order": strata.largest}
    if strata.sampled:
        table, sizes = sums.kept, effects.sizes(1, len(effects))
        known = table[sizes <= strata.order].sum(0)
        rows = np.concatenate([np.zeros((1, table.shape[1])), table])  # with the constant, as the strata count
        low, high = np.quantile(_ratios(known + strata.resampled(rows, REPLICATES)), [TAIL, 1 - TAIL], axis=0)
        scope["intervals"] = dict(zip(_Figures._fields, zip(low.tolist(), high.tolist(), strict=True), strict=True))
    return scope


def _chosen(effects: Effects) -> bool:
    """Whether the rows are some coalitions that were chosen: they speak of nothing but themselves."""
    return effects.truncated and effects.coalitions is not None and effects.strata is None


def _add(
    sums: _Sums, effects: Effects, start: int, rows: Array, vanishing: frozenset[int] | None, columns: Inside
) -> None:
    """Add the sums of some rows, the constant row apart."""
    stop = start + len(rows)
    values = effects.values[start:stop]
    inside = columns(effects.table(start, stop) > 0)
    if start == 0:
        sums.constant = abs(rows[0]).sum()
        values, inside, rows, start = values[1:], inside[1:], rows[1:], 1
    if not len(values):
        return
    members = like(inside, rows)
    own, leaked = (rows * members), abs(rows * (1 - members)).sum(-1)
    gap, strength = abs(values - own.sum(-1)), abs(values)
    tiny = Fraction(1, 10**6) if effects.exact else TOLERANCE
    covered = strength * like(abs(own).sum(-1) > strength * tiny, rows)
    given = abs(rows).sum(-1)
    sums.effects += strength.sum()
    sums.covered += covered.sum()
    sums.given += given.sum()
    sums.outside += leaked.sum()
    sums.gap += gap.sum()
    if effects.noise:
        noise = CLEAR * effects.noise_floor(start, stop)
        sums.heard |= bool((to_float(strength) > noise).any())
        sums.clear += [np.maximum(to_float(each) - noise, 0).sum() for each in (strength - covered, leaked, gap)]
    if sums.kept is not None:
        figures = [to_float(each) for each in (strength, covered, given, leaked, gap)]
        sums.kept[start - 1 : stop - 1] = np.stack(figures, -1)
    ghosts = [s - start for s in vanishing or () if start <= s < stop]
    if ghosts:
        sums.ghosts += abs(own[ghosts]).sum()
    failures = gap + leaked
    top = _largest(failures) if effects.exact else int(failures.argmax())
    if failures[top] > sums.worst:
        sums.worst, sums.worst_row = failures[top] if effects.exact else float(failures[top]), start + top


def _largest(numbers: np.ndarray) -> int:
    """The place of the largest of some exact numbers, which may be beyond the range of floats."""
    floats = to_float(numbers)
    plain = np.isfinite(floats).all() and floats.max() > 0
    return int(floats.argmax()) if plain else max(range(len(numbers)), key=lambda place: numbers[place])


def _share(part: Any, whole: Any) -> float:
    """A part of a whole, none of nothing; exact numbers are divided before they become floats, which have a range."""
    if isinstance(whole, float):
        return float(part) / whole if whole else 0.0
    return 0.0 if whole == 0 else float(to_float(np.array([part / whole], dtype=object))[0])


def _verdict(value: float, clear: float, tolerance: float, error: float, certain: float) -> str:
    """Pass or fail, or undecided where the method's own error may be all of it.

    Args:
        value: what is wrong, noise of rows without effect included.
        clear: the part of it that is beyond the noise of each row.
        tolerance: of ``value``.
        error: the method's own.
        certain: beyond so many times the error is none.
    """
    if value <= tolerance and clear <= TOLERANCE:
        return "pass"
    beyond, limit = (value, tolerance) if value > tolerance else (clear, TOLERANCE)
    return "undecided" if error > limit and beyond <= certain * error else "fail"


def _phantom(measured: Measured, sums: _Sums, given: Any) -> float:
    if measured.vanishing is None:
        return float("nan")
    return _share(sums.ghosts, given)


def _on_rows(effects: Effects, verdict: str, name: str, proven: frozenset[str]) -> str:
    """With effects missing, only what is wrong on the known rows convicts, and nothing acquits but a proof.

    A remainder counts as an effect that is not covered and not shared out, whatever is proven of the policy; chosen
    rows are judged alone.
    """
    if verdict != "pass" or not effects.truncated:
        return verdict
    known = name in proven and (name == "relevance" or effects.strata is not None)
    return "pass" if known else "undecided"


def _no_effects(
    effects: Effects, sums: _Sums, floor: float, error: float, measured: Measured, proven: frozenset[str]
) -> Criteria:
    """No effect rises above the noise: what is given is judged against its own size."""
    given = sums.given if effects.exact else float(sums.given)
    if given == 0 if effects.exact else given <= floor:
        tolerance, leakage, residual, doubt = TOLERANCE, 0.0, 0.0, 0.0
    else:
        tolerance, doubt = max(TOLERANCE, _share(floor, given)), _share(error, given)
        leakage, residual = _share(sums.outside, given), _share(sums.gap, given)
    failing = _share(sums.worst, given) > tolerance
    wrong = {"coverage": (0.0, 0.0), "relevance": (leakage, doubt), "completeness": (residual, doubt)}
    return Criteria(
        coverage=1.0,
        leakage=leakage,
        residual=residual,
        phantom=_phantom(measured, sums, given),
        constant=float(sums.constant),
        tolerance=tolerance,
        error=doubt,
        verdicts={
            name: _on_rows(effects, _verdict(value, 0.0, tolerance, error, measured.certain), name, proven)
            for name, (value, error) in wrong.items()
        },
        worst=effects.key(sums.worst_row) if failing and sums.worst_row is not None else None,
        effects=False,
        order=None if effects.strata is None else effects.strata.largest,
        rows=len(effects) - 1 if _chosen(effects) else None,
    )
