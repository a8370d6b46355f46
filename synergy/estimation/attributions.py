"""The attributions of a symmetric policy where its coalitions are too many: an estimate with its standard errors."""

from __future__ import annotations

import torch

from decompositions.counts import several
from decompositions.sampling.sample import Sample
from synergy.estimate import Estimate
from synergy.estimation.estimate import estimated
from synergy.estimation.estimation import Estimation
from synergy.estimation.gate import REFUSED, require_trust
from synergy.policies.policy import Policy


def estimated_attributions(policy: Policy, sample: Sample) -> Estimate:
    """What each player is given in all, from a sample of the coalitions.

    Raises:
        ValueError: the policy's weights depend on more than |S|, or the estimate is mostly noise; the budget that it
            would take is said.
    """
    found = estimated(sample, policy)
    require_trust(found, sample)
    return _as_attributions(found, sample)


def trusted_attributions(policy: Policy, sample: Sample) -> Estimate | None:
    """The same where it is worth its name; None where it is mostly noise."""
    found = estimated(sample, policy)
    return None if found.trust > REFUSED else _as_attributions(found, sample)


def _as_attributions(found: Estimation, sample: Sample) -> Estimate:
    values, error = (torch.as_tensor(part, device=sample.game.cube.device) for part in (found.values, found.error))
    return Estimate(values, error, f"estimated from {several(found.coalitions, 'coalition')}, R² {found.r2:.3f}")
