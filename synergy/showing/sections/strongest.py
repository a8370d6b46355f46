"""The strongest effects as bars, and how much the orders make up."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from decompositions.arithmetic import to_float
from decompositions.counts import count
from decompositions.effects.effects import Effects
from synergy.comparison.comparison import Comparison
from synergy.showing.sections.cells import Tint, signed
from synergy.wording.effects import above_noise, effect_label
from synergy.wording.numbers import scalar

EFFECTS = 12  # bars of the strongest effects


def strongest(effects: Effects) -> list[dict[str, Any]]:
    """The strongest effects of any size, on one scale."""
    found = effects.top(EFFECTS)
    unit = max((abs(float(value)) for _, value in found), default=1.0)
    return [
        {
            "key": key,
            "value": value,
            "name": effect_label(effects, key, 60),
            "whole": effects.label(key),
            "tint": Tint(signed(value), float(value) / unit),
        }
        for key, value in found
    ]


def effect_lists(comparison: Comparison) -> list[dict[str, Any]]:
    """The strongest independent, interaction and (where there is a series) Taylor effects, on one scale each kind."""
    effects, series = comparison.effects, comparison.series
    alone = _independent(effects)
    together = [(key, value) for key, value in effects.top(EFFECTS + effects.n) if len(key) > 1]
    unit = max((abs(float(value)) for _, value in [*alone, *together]), default=1.0)
    lists = [
        _effect_list("Independent effects", effects, alone, len(alone), unit),
        _effect_list("Interaction effects", effects, together, above_noise(effects) - len(alone), unit),
    ]
    if series is not None:
        terms = series.top(EFFECTS)
        unit = max((abs(float(value)) for _, value in terms), default=1.0)
        lists.append(_effect_list("Taylor effects", series, terms, above_noise(series), unit))
    return lists


def _independent(effects: Effects) -> list[tuple[tuple[int, ...], Any]]:
    """The independent effects above the noise, strongest first."""
    singles = np.flatnonzero(effects.sizes(0, len(effects)) == 1).tolist()
    found = [(effects.key(row), scalar(effects.values[row])) for row in singles]
    strong = [(key, value) for key, value in found if abs(value) > effects.noise * math.sqrt(2)]
    return sorted(strong, key=lambda pair: -abs(float(pair[1])))


def _effect_list(heading: str, effects: Effects, found: list[Any], strong: int, unit: float) -> dict[str, Any]:
    bars = [
        (effect_label(effects, key, 60), effects.label(key), Tint(signed(value), float(value) / unit))
        for key, value in found[:EFFECTS]
    ]
    return {"heading": heading, "bars": bars, "count": f"{strong:,}", "hidden": strong - len(bars)}


def orders(effects: Effects) -> list[tuple[int, str, float]]:
    """For each number of players, what its effects above the noise make up of Σ|J|; drawn ones stand for the others."""
    sizes, strength = effects.sizes(0, len(effects)), np.abs(to_float(effects.values))
    strength[strength <= effects.noise_floor()] = 0
    strength[0] = 0
    if effects.strata is not None:
        strength = strength * effects.strata.weights(sizes)
    sums = np.bincount(sizes, weights=strength)[1:]
    total = float(sums.sum())
    return [(order, f"{share / total:.1%}", share / total) for order, share in enumerate(sums, 1)] if total else []


def of_which(effects: Effects) -> str:
    """Of which effects the orders speak, where not of all."""
    if not effects.truncated:
        return ""
    if effects.strata is None:
        return f", of the {count(len(effects) - 1)} effects that were computed"
    all_of, largest = effects.strata.order, effects.strata.largest
    sampled = f", estimated from a sample above {all_of}" if largest > all_of else ""
    return f", of coalitions of at most {largest} players{sampled}"
