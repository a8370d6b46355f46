"""How effects are named, and what is said of their noise."""

from __future__ import annotations

import numpy as np

from decompositions.arithmetic import to_float
from decompositions.effects.effects import Effects
from synergy.wording.names import columns, in_the_middle, shared_start, shorten
from synergy.wording.numbers import brief

LABEL = 36  # columns of an effect's name
FEW = 8  # columns that still tell one name from another


def effect_label(effects: Effects, key: tuple[int, ...], width: int = LABEL, joint: str = "·") -> str:
    """The name of an effect in at most ``width`` columns, ``region 1·2·+3``.

    What all players' names begin with is said once; long names are shortened, as those of clauses are; of too many
    members, how many more there are.
    """
    start, names = shared_start(effects.names), effects.members(key) or [effects.label(key)]
    members = [*names[:1], *(name[len(start) :] for name in names[1:])]
    if columns(joint.join(members)) <= width:
        return shorten(joint.join(members), width)
    limit = _limit(members, width - columns(joint) * (len(members) - 1))
    if limit:
        return joint.join(_cut(each, effects.names, limit) for each in members)
    for kept in range(len(members) - 1, 0, -1):
        short = joint.join(members[:kept]) + f"{joint}+{len(members) - kept}"
        if columns(short) <= width:
            return shorten(short, width)
    tail = f"{joint}+{len(members) - 1}" if len(members) > 1 else ""
    return _cut(members[0], effects.names, width - len(tail)) + tail


def _cut(name: str, names: tuple[str, ...], width: int) -> str:
    """A name in at most so many columns: its beginning, where no other player's name has the same one."""
    short = shorten(name, width)
    alike = short != name and sum(each.find(short[:-1]) >= 0 for each in names) > 1
    return in_the_middle(name, width) if alike else short


def _limit(members: list[str], room: int) -> int:
    """The columns that each member may take so that all of them fit, at least a few; 0 where they do not."""
    widths = [columns(each) for each in members]
    return max((limit for limit in range(FEW, room + 1) if sum(min(limit, each) for each in widths) <= room), default=0)


def above_noise(effects: Effects) -> int:
    """How many effects rise above their noise floor, the constant left out."""
    return int((np.abs(to_float(effects.values[1:])) > effects.noise_floor(1)).sum())


def noise_line(effects: Effects) -> str:
    """What is known of rounding errors."""
    if effects.exact:
        return "exact numbers, no rounding"
    return f"noise floor of J(S): {brief(effects.noise)} · 2^(|S|/2)"
