"""The power series of a torch function on the cube, from jets along lines."""

from __future__ import annotations

from dataclasses import replace
from math import comb

import numpy as np
import torch

from decompositions.counts import count
from decompositions.degrees import some_corners
from decompositions.evaluation.cost import require_limit
from decompositions.evaluation.progress import expected
from decompositions.games.function_cube import FunctionCube
from decompositions.memory import needed
from decompositions.models.softening import module_names
from decompositions.series.jets.agreement import require_agreement
from decompositions.series.jets.algebra.notes import naming
from decompositions.series.jets.interpolation import coefficients, directions
from decompositions.series.jets.jets import jets
from decompositions.series.jets.kinks import refuse_kinks
from decompositions.series.terms import convergence
from decompositions.series.terms.power_series import PowerSeries
from decompositions.settings import setting

CORNERS = 32  # at which a series that seems complete is tried
ROWS = 1024  # lines that are followed at once, at most
PROBE = 24  # degree to which a few lines are followed, to see how the series goes on
FURTHER = 48  # where those terms do not say how far it reaches
OWN = 12  # degree from which on the terms themselves are asked for that, too
LINES = 4  # how many lines to corners, or between them
GENERIC = 2  # how many more in directions on which no polynomial vanishes by its symmetry
ZERO = 1e-12  # of the largest coefficient: what counts as zero in the probe
ROUNDING = 16  # units in the last place that an expansion along a line may be wrong by
FEWER = "take a lower degree, or fewer players"
MISSING = 1e-9  # of the sum of all effects: what a series that ends must add up to


def function_series(cube: FunctionCube, degree: int | None, limit: int) -> PowerSeries:
    """The Taylor coefficients of g(t) at t = 0 up to a degree, in float64.

    The baseline's kinks must not be crossed anywhere between b and x: that is tried at corners and inner points.

    Args:
        cube: of a torch function; a copy of it computes in float64.
        degree: the largest total degree; None where the series ends by itself, as a polynomial's does.
        limit: of the model calls; a line of degree K counts as K + 1.

    Raises:
        ValueError: a kink between b and x, an operation without a rule, a singular point, a series that does not end
            while no degree is given, or too many calls.
    """
    double = cube.double()
    with cube.calling(), double.calling(), naming(module_names(double.f)):  # a copy of the model, jets write into it
        require_agreement(double, cube.precision)
        return _series(double, degree, limit)


def price(cube: FunctionCube, degree: int | None) -> int:
    """The model calls of :func:`function_series`, foreseen from a few lines, which are followed.

    Raises:
        ValueError: as :func:`function_series`, but for its limit.
    """
    looked = 0

    def report(calls: int) -> None:
        nonlocal looked
        looked += calls

    double = cube.watched(report).double()
    with cube.calling(), double.calling(), naming(module_names(double.f)):
        require_agreement(double, cube.precision)
        _, end, top = _looked_at(double, degree)
    return looked + _still_to_come(double, end, top)


def _series(cube: FunctionCube, degree: int | None, limit: int) -> PowerSeries:
    probe, end, top = _looked_at(cube, degree)
    active = cube.active()
    require_limit(_lines(cube, top) * (top + 1) * cube.calls_per_point, limit, "take a lower degree")
    expected(_still_to_come(cube, end, top))
    table, values, noise = _effects(cube, active, top)
    full = np.zeros((len(table), cube.n), dtype=np.int64)
    full[:, list(active)] = table[:, : len(active)]
    return _judged(cube, PowerSeries(full, values, 0, end > top, noise), probe, top)


def _still_to_come(cube: FunctionCube, end: int, top: int) -> int:
    """The model calls after a few lines were looked at: the lines that are needed, the noise's, and corners.

    A series that is cut off before its end is not tried at corners.
    """
    lines, corners = _lines(cube, top) + LINES, min(CORNERS, 2**cube.n) if end <= top else 0
    return (lines * (top + 1) + 2 + corners) * cube.calls_per_point


def _lines(cube: FunctionCube, degree: int) -> int:
    """The lines from which the coefficients up to a degree follow."""
    return comb(max(1, len(cube.active())) - 1 + degree, degree)


def _looked_at(cube: FunctionCube, degree: int | None) -> tuple[np.ndarray, int, int]:
    """The terms along a few lines, the degree at which they end, and that up to which the series is wanted.

    Raises:
        ValueError: a kink, or a series that does not end while no degree is given.
    """
    active = cube.active()
    refuse_kinks(cube)
    probe = _probe(cube, active, PROBE)
    end = _last_degree(np.abs(probe).max(1), cube.precision)
    if end > PROBE - 4 and np.isnan(convergence.radius(np.abs(probe).max(1))):
        probe = _probe(cube, active, FURTHER)
    if degree is None and end > PROBE - 4:
        reach = convergence.radius(np.abs(probe).max(1))
        short = f" and does not reach x (it converges up to about {reach:.2g} of the way)" if reach <= 1 else ""
        raise ValueError(
            f"the Taylor series does not end{short}; give the degree up to which it is wanted, "
            f"{setting('degree', 6, 'taylor(game, {})')}"
        )
    return probe, end, end if degree is None or not active else degree


def _last_degree(growth: np.ndarray, precision: float) -> int:
    """The highest degree whose terms are more than rounding."""
    zero = max(ZERO * growth[1:].max(), precision * growth[0])
    return int(np.flatnonzero(growth[1:] > zero).max(initial=-1)) + 1


def _effects(cube: FunctionCube, active: tuple[int, ...], degree: int) -> tuple[np.ndarray, torch.Tensor, float]:
    """Degree vectors over the active players, their coefficients, and the error of these."""
    n = max(1, len(active))
    lines = comb(n - 1 + degree, degree)
    with needed(f"the {count(lines)} lines of a Taylor series to degree {degree}", 24 * n * lines, cube.device, FEWER):
        along = _along(cube, torch.as_tensor(directions(n, degree), device=cube.device), active, degree)
        table, values = coefficients(along, n)
    _require_finite(values)
    return table, values, max(_noise(cube, table, values, active, degree), _shaken(along, values, n))


def _judged(cube: FunctionCube, series: PowerSeries, probe: np.ndarray, top: int) -> PowerSeries:
    """The series with what it misses at x, and with what its terms along the probe say of its reach."""
    ends = cube.values(cube.array(np.array([[0] * cube.n, [1] * cube.n])))
    remainder = ends[1] - series.coefficients.sum()
    growth, noise, known = np.abs(probe).max(1), series.noise, float(probe[top + 1 :, 0].sum())
    if not series.truncated:
        noise = max(noise, float(growth[top + 1 :].sum()))  # what was counted as zero
    scale = MISSING * float(series.coefficients.abs().sum() + growth[top + 1 :].sum())
    short = not abs(float(remainder)) <= scale or _misses(cube, series)
    missing = series.truncated or short
    last = _last_degree(growth, cube.precision)
    faded = last <= len(growth) - 4 and abs(float(remainder) - known) <= scale and not (short and not series.truncated)
    whole = faded and convergence.ends(growth, last) and not convergence.regular(growth)
    reach = float("inf") if whole else _reach(series, growth)
    if faded and reach <= 1:  # rounding grows above terms that have faded and add up
        reach = float("nan")
    note = convergence.statement(growth, known, float(remainder), noise, reach) if missing else ""
    if short and not series.truncated:
        note = (
            f"the terms to degree {len(probe) - 1} do not add up to f everywhere: it has terms of higher degree, or is "
            "flat at the baseline; the dividends, harsanyi(), and the measured allocation, measure(), need no series"
        )
    return replace(series, remainder=remainder, truncated=missing, noise=noise, radius=reach, note=note)


def _reach(series: PowerSeries, growth: np.ndarray) -> float:
    """The smaller of the radii that the terms along the probe and the terms themselves have."""
    own = convergence.growth_of(series.degrees, series.coefficients.cpu().numpy())
    found = [convergence.radius(growth), *([convergence.radius(own)] if len(own) > OWN else [])]
    return float("nan") if np.isnan(found).all() else float(np.nanmin(found))


def _misses(cube: FunctionCube, series: PowerSeries) -> bool:
    """Whether the terms of some coalition do not add up to g there: tried at random corners."""
    if series.truncated:
        return True
    generator = torch.Generator().manual_seed(4)
    present = some_corners(cube.n, CORNERS, generator).to(cube.device)
    outside = torch.as_tensor(series.degrees > 0, device=cube.device).to(torch.float64) @ (~present).T.double()
    summed = ((outside == 0) * series.coefficients[:, None]).sum(0)
    unit = MISSING * series.coefficients.abs().sum() + series.noise * len(series.coefficients) ** 0.5
    return bool(((summed - cube.values(present)).abs() > unit).any())


def _along(cube: FunctionCube, lines: torch.Tensor, active: tuple[int, ...], degree: int) -> torch.Tensor:
    """The coefficients of g along lines over the active players. Shape ``(K+1, lines)``."""
    rows = max(1, min(ROWS, cube.chunk))
    return torch.cat([_some(cube, part, active, degree) for part in lines.split(rows)], 1)


def _some(cube: FunctionCube, lines: torch.Tensor, active: tuple[int, ...], degree: int) -> torch.Tensor:
    points = torch.zeros(len(lines), cube.n, dtype=lines.dtype, device=lines.device)
    points[:, list(active)] = lines[:, : len(active)]
    weights = points[:, cube.players]  # each entry goes as fast as its player
    total = torch.zeros(degree + 1, len(lines), dtype=lines.dtype, device=lines.device)
    for k, (start, share) in enumerate(zip(cube.baseline, cube.weights, strict=True)):
        difference = cube.x[k if len(cube.x) > 1 else 0] - start
        result = jets(cube.f, start.expand(len(lines), *start.shape), weights * difference, degree)
        if result.shape != total.shape:
            raise ValueError(f"the function must give one number per input; it gave {tuple(result.shape[1:])}")
        cube.on_calls(len(lines) * (degree + 1))
        total += share * result
    return total


def _probe(cube: FunctionCube, active: tuple[int, ...], degree: int) -> np.ndarray:
    """The coefficients to a high degree along some lines, the one to x first. Shape ``(degree+1, lines)``."""
    generator = torch.Generator().manual_seed(0)
    shape = (LINES + GENERIC, max(1, len(active)))
    lines = (torch.randint(0, 2, shape, generator=generator) * 2 - 1).double()
    lines[0] = 1.0
    lines[LINES:] *= (1 + torch.rand(GENERIC, shape[1], generator=generator, dtype=torch.float64)) / 2
    found = _along(cube, lines.to(cube.device), active, degree)
    _require_finite(found)
    return found.cpu().numpy()


def _require_finite(values: torch.Tensor) -> None:
    if not torch.isfinite(values).all():
        raise ValueError("the Taylor coefficients are not finite: f is singular at the baseline; take another one")


def _shaken(along: torch.Tensor, values: torch.Tensor, n: int) -> float:
    """How far the coefficients move when the expansions move by their rounding: high degrees move most."""
    generator = torch.Generator().manual_seed(3)
    signs = (torch.randint(0, 2, along.shape, generator=generator) * 2 - 1).to(along)
    steps = ROUNDING * torch.finfo(along.dtype).eps * along.abs().amax(1, keepdim=True)
    return float((coefficients(along + signs * steps, n)[1] - values).abs().max())


def _noise(cube: FunctionCube, table: np.ndarray, values: torch.Tensor, active: tuple[int, ...], degree: int) -> float:
    """The error of the coefficients, seen along lines that were not used: the largest there, per coefficient."""
    generator = torch.Generator().manual_seed(1)
    lines = torch.rand(LINES, table.shape[1], generator=generator, dtype=torch.float64).to(cube.device) * 2 - 1
    direct = _along(cube, lines, active, degree)
    kappa = torch.as_tensor(table, device=cube.device)
    steps = torch.ones(degree + 1, *lines.shape, dtype=lines.dtype, device=cube.device)
    for k in range(1, degree + 1):
        steps[k] = steps[k - 1] * lines
    total = torch.as_tensor(table.sum(1), device=cube.device)
    worst = values.new_zeros(())
    for line in range(LINES):
        terms = values.clone()
        for player in range(table.shape[1]):
            terms *= steps[kappa[:, player], line, player]
        summed = values.new_zeros(degree + 1).index_add_(0, total, terms)
        worst = torch.maximum(worst, (summed - direct[:, line]).abs().max())
    rounding = cube.precision * float(values.abs().max())
    return max(float(worst), rounding)
