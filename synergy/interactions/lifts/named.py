"""The lifts of Integrated Gradients' rule, κᵢ / |κ|, by their names.

Reference: janizek2021explaining (Integrated Hessians), lundstrom2023distributing
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from synergy.interaction_index import AbstractLift
from synergy.interactions.lifts.augmented_recursive import AugmentedRecursive
from synergy.interactions.lifts.recursive import Recursive
from synergy.interactions.lifts.top_distributing import TopDistributing
from synergy.policies.policy import degree_shares

_ALL = (
    Recursive(degree_shares, "IH", "Integrated Hessians", 2, 2),
    Recursive(degree_shares, "RIG", "Recursive Integrated Gradients"),
    AugmentedRecursive(degree_shares, "ARIG", "Augmented Recursive Integrated Gradients"),
    TopDistributing(degree_shares, "SP", "Sum of Powers"),
)
LIFTS: Mapping[str, AbstractLift] = MappingProxyType({each.name: each for each in _ALL})
