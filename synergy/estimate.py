"""Attributions with what is known of them: their numerical error, and the rule that gave them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from decompositions.arithmetic import Array


@dataclass(frozen=True, eq=False)
class Estimate:
    """What a method gives, and how.

    Args:
        values: the attributions. Shape ``(m, n)``, or ``(n,)`` for one end point.
        errors: their numerical error, of the same shape; None for rounding alone.
        rule: of a path integral "exact, 94 pieces", "Gauss–Legendre, 16 nodes" or "adaptive, 195 nodes".
    """

    values: Array
    errors: Array | None = None
    rule: str = ""

    @property
    def first(self) -> Estimate:
        """That of the first end point alone."""
        return replace(self, values=self.values[0], errors=None if self.errors is None else self.errors[0])
