"""Values as results give them: exact ones in their normal form. SymPy is loaded only where there are any."""

from __future__ import annotations

from decompositions.arithmetic import Array, is_exact, objects


def settle(values: Array) -> Array:
    """Exact values expanded, and 0 where they vanish identically; floats as they are."""
    if not is_exact(values):
        return values
    from decompositions.expressions.normal_form import settled

    return objects([settled(value) for value in values.reshape(-1)]).reshape(values.shape)
