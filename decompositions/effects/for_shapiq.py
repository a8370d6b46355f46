"""Numbers of sets of players as shapiq's own class, for its plots and tools."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def interaction_values(by_set: Mapping[tuple[int, ...], Any], index: str, n: int, order: int, base: Any) -> Any:
    """A ``shapiq.InteractionValues``.

    Args:
        by_set: a number for every set of players, the empty one included.
        index: its name, one of shapiq's.
        n: the number of players.
        order: the largest number of players of a set.
        base: v(∅), or what stands for it.

    Raises:
        ImportError: shapiq is not installed (extra ``peers``).
    """
    try:
        from shapiq import InteractionValues
    except ImportError as error:
        raise ImportError("to_shapiq() needs shapiq: pip install 'synergy-effects[peers]'") from error
    return InteractionValues(
        values=np.array([float(value) for value in by_set.values()]),
        index=index,
        max_order=order,
        n_players=n,
        min_order=0,
        interaction_lookup={players: row for row, players in enumerate(by_set)},
        baseline_value=float(base),
        estimated=False,
    )
