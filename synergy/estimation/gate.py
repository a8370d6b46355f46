"""The gate: an estimate that is mostly noise is refused, a doubtful one is said to be."""

from __future__ import annotations

import math

from decompositions.counts import count
from synergy.estimation.estimation import Estimation

WARNED, REFUSED = 0.25, 0.5  # of the norm of the values: the norm of their standard errors


def require_trust(found: Estimation, active: int) -> None:
    """Refuse an estimate whose standard errors are more than half of its values.

    Args:
        found: the estimate.
        active: players that are no null players.

    Raises:
        ValueError: says the budget that it would take, and what else would help.
    """
    if found.trust > REFUSED:
        raise ValueError(
            f"{said(found, active)}, or take coarser players; refuse=False gives the numbers all the same, with their "
            "errors"
        )


def said(found: Estimation, active: int) -> str:
    """How much of an estimate is noise, and the budget at which about a quarter would be."""
    share = f"{found.trust:.0%}" if math.isfinite(found.trust) else "all"
    return (
        f"{share} of this estimate of '{found.index}' is noise (‖s.e.‖ / ‖values‖, from {found.calls:,} calls; "
        f"r² {found.r2:.2f}); give budget={_enough(found, active)}"
    )


def _enough(found: Estimation, active: int) -> str:
    """Calls at which the noise would be a quarter, as its square falls with their number; all coalitions suffice."""
    everything = 2**active * (found.calls // found.coalitions)
    if not math.isfinite(found.trust):
        return str(10 * found.calls)
    wanted = math.ceil(found.calls * (found.trust / WARNED) ** 2)
    digits = max(0, len(str(wanted)) - 2)
    wanted = -(-wanted // 10**digits) * 10**digits
    return str(everything) + " (all coalitions)" if everything <= wanted else count(wanted).replace(",", "_")
