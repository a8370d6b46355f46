"""Rules of the cells of recurrences that torch computes in one kernel, on graphics cards."""

from __future__ import annotations

from typing import Any

from decompositions.series.jets.algebra.jet import rule


@rule("_thnn_fused_lstm_cell")
def _lstm_cell(
    function: Any, given: Any, kept: Any, cell: Any, given_bias: Any = None, kept_bias: Any = None
) -> tuple[Any, Any, Any]:
    """c′ = σ(f) c + σ(i) tanh(g), h′ = σ(o) tanh(c′); the third output serves torch's backward pass only."""
    gates = given + kept if given_bias is None else given + kept + given_bias + kept_bias
    entering, forgetting, fresh, leaving = gates.split(cell.shape[1], 1)
    cell = forgetting.sigmoid() * cell + entering.sigmoid() * fresh.tanh()
    return leaving.sigmoid() * cell.tanh(), cell, gates


@rule("_thnn_fused_gru_cell")
def _gru_cell(
    function: Any, given: Any, kept: Any, state: Any, given_bias: Any = None, kept_bias: Any = None
) -> tuple[Any, Any]:
    """h′ = n + σ(z) (h − n) with n = tanh(n_x + σ(r) n_h); the second output serves torch's backward pass only."""
    given = given if given_bias is None else given + given_bias
    kept = kept if kept_bias is None else kept + kept_bias
    size = state.shape[1]
    (reset, update, fresh), (old_reset, old_update, old_fresh) = given.split(size, 1), kept.split(size, 1)
    fresh = (fresh + (reset + old_reset).sigmoid() * old_fresh).tanh()
    return fresh + (update + old_update).sigmoid() * (state - fresh), given
