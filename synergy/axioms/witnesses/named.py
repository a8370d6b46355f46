"""The witnesses by their names."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from synergy.axioms.witnesses.mixtures import AbsoluteShares, Antisymmetric, Equal, HalfAndHalf
from synergy.axioms.witnesses.paths import (
    AxisPath,
    BentPaths,
    BesideBaselines,
    FirstBaselines,
    InputDependentPath,
    PowerPath,
    ReturningPath,
)
from synergy.method import AbstractMethod

_ALL = (
    Equal(), AxisPath(), PowerPath(), InputDependentPath(), ReturningPath(), HalfAndHalf(), Antisymmetric(),
    AbsoluteShares(),
    BentPaths(), BesideBaselines(), FirstBaselines(),
)  # fmt: skip
WITNESSES: Mapping[str, AbstractMethod] = MappingProxyType({each.name: each for each in _ALL})
