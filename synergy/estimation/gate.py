"""The gate: an estimate that is mostly noise is refused, a doubtful one is said to be."""

from __future__ import annotations

import math

from decompositions.sampling.sample import Sample
from decompositions.settings import setting
from synergy.estimation.estimation import Estimation

WARNED, REFUSED = 0.25, 0.5  # of the norm of the values: the norm of their standard errors


def require_trust(found: Estimation, sample: Sample) -> None:
    """Refuse an estimate whose standard errors are more than half of its values.

    Args:
        found: the estimate.
        sample: what it was made from.

    Raises:
        ValueError: says the budget that it would take, and what else would help.
    """
    if found.trust > REFUSED:
        raise ValueError(
            f"{said(found, sample)}, or take coarser players; refuse=False gives the numbers all the same, with their "
            "errors"
        )


def said(found: Estimation, sample: Sample) -> str:
    """How much of an estimate is noise, and the budget at which about a quarter would be.

    Calls are those that the coalitions take, be they paid here or shared with another game.
    """
    each = max(1, sample.game.cube.calls_per_point)
    calls = each * found.coalitions
    share = f"{found.trust:.0%}" if math.isfinite(found.trust) else "all"
    everything = each * 2 ** len(sample.active)
    enough = min(everything, _enough(found.trust, calls))
    return (
        f"{share} of this estimate of '{found.index}' is noise (‖s.e.‖ / ‖values‖, from {calls:,} calls; "
        f"r² {found.r2:.2f}); give {setting('budget', enough)}{' (all coalitions)' if enough == everything else ''}"
    )


def _enough(trust: float, calls: int) -> int:
    """Calls at which the noise would be a quarter, as its square falls with their number; two digits are kept."""
    if not math.isfinite(trust):
        return 10 * calls
    wanted = math.ceil(calls * (trust / WARNED) ** 2)
    digits = max(0, len(str(wanted)) - 2)
    return -(-wanted // 10**digits) * 10**digits
