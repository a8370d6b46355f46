"""A characterization run and shown."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from decompositions.arguments import shown
from synergy.axioms.characterization import Characterization, Demonstration, Row
from synergy.axioms.check import check
from synergy.axioms.subject import bounded, subject
from synergy.axioms.theorems import CHARACTERIZATIONS


def characterize(name: Any, *, seed: int = 0) -> Demonstration:
    """Check every hypothesis of a characterization: of the method that it singles out, and of those that do without.

    Args:
        name: of a characterization, "shapley", or one of one's own.
        seed: of the random functions.

    Raises:
        LookupError: no such characterization; the nearest name is said.
        TypeError: no name.

    >>> characterize("monotone").holds
    True
    """
    of = _named(name)
    rows = []
    for axiom, method in (("", of.method), *of.without.items()):
        asked = bounded(subject(method, of.order), of.inputs)
        rows.append(Row(asked.name, axiom, {each: check(asked, each, seed=seed) for each in of.hypotheses}))
    return Demonstration(of, tuple(rows))


def _named(name: Any) -> Characterization:
    if isinstance(name, Characterization):
        return name
    if not isinstance(name, str):
        raise TypeError(f'a characterization is asked for by its name, as "shapley", not by {shown(name)}')
    if name not in CHARACTERIZATIONS:
        near = get_close_matches(name, CHARACTERIZATIONS, n=1, cutoff=0.5)
        hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(CHARACTERIZATIONS)}"
        raise LookupError(f"no characterization {shown(name)}; {hint}")
    return CHARACTERIZATIONS[name]
