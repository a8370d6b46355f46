"""The explorer: a page that shares out a polynomial's effects as one moves x and b, and judges the policy.

The page computes by itself, in exact fractions, and asks nothing of the network.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from decompositions.expressions.parser import CONSTANTS, NOT_FINITE
from decompositions.files.whole_file import require_writable, write_whole
from decompositions.games.game import Game
from synergy.method import METHODS
from synergy.methods.occlusion_patch import OcclusionPatch
from synergy.policies.policy import Policy, degree_credit, degree_shares, equal_shares, full_credit
from synergy.showing.report import template
from synergy.showing.sections.shares import as_script

EXAMPLE = "explorer.html"
FIRST = "gradient_x_input"  # the policy that the page starts with: its verdicts turn as one moves


class Asked(NamedTuple):
    """A question that the page proposes: numbers of x and b, one for each player."""

    polynomial: str
    x: str
    b: str
    about: str


EXAMPLES = (
    Asked("z1*z2 + z3", "2,3,1", "0,0,0", "z1·z2 + z3: an interaction and a player on its own"),
    Asked("z1 + 2*z2 - z3", "1,1,1", "0,0,0", "z1 + 2·z2 − z3: no interaction, and nearly all policies agree"),
    Asked("z1^2*z2 - z1*z2^2", "1,1", "0,0", "z1²·z2 − z1·z2²: two effects that cancel at (1, 1)"),
    Asked("(z1 + z2)^3", "1,2", "0,0", "(z1 + z2)³: Shapley and Integrated Gradients differ"),
    Asked("2*z1*z2 - z1^2*z2", "3/4,1", "0,0", "2·z1·z2 − z1²·z2: it grows with z1, and what z1 is given falls"),
    Asked("z1*z2*z3*z4 - z1*z2 + 0.5*z3^2", "1,1,1,1", "0,0,1/2,0", "four players, and a baseline that is not zero"),
)


class Choice(NamedTuple):
    """A policy that the page offers, by the method that it stands for."""

    name: str
    title: str
    formula: str


def write_explorer(path: str | Path) -> Path:
    """Write the page, whole or not at all.

    Args:
        path: of the file; its directory exists.

    Raises:
        ImportError: jinja2 is missing (extra ``cli``).
        OSError: the file cannot be written; nothing is left behind.
    """
    place = require_writable(Path(path), EXAMPLE)
    policies = choices()
    data = {
        "policies": [each._asdict() for each in policies],
        "reserved": [*CONSTANTS, *NOT_FINITE],
        "first": EXAMPLES[0][:3],
    }
    page = template("explorer.html.j2", "explorer_effects.js", "explorer.js").render(
        policies=policies, first=FIRST, examples=EXAMPLES, data=as_script(data)
    )
    write_whole(place, page.encode("utf-8"), EXAMPLE)
    return place


def choices() -> tuple[Choice, ...]:
    """The methods of the fourteen that are policies over f's own effects, in the order of the registry.

    The page knows a policy by its formula; a method with a formula of its own that it does not know is left out.
    """
    game = Game.from_expression("z1*z2*z3*z4", {f"z{i}": 1 for i in range(1, 5)}, 0)
    known = {each.formula for each in (degree_credit, degree_shares, full_credit, equal_shares, _windows(game))}
    found = []
    for name, cls in METHODS.items():
        if cls.scope != "game" or cls.besides:
            continue
        formula = _formula(cls(**cls.judged_with), game)
        if formula is not None and formula in known:
            found.append(Choice(name, _title(cls), formula))
    return tuple(found)


def _windows(game: Game) -> Any:
    return OcclusionPatch(window=2).policy(game)


def _formula(method: Any, game: Game) -> str | None:
    """Of the policy over f's effects, if the method has one for players of one entry each."""
    try:
        policy = method.policy(game)
    except ValueError:
        return None
    return policy.formula if isinstance(policy, Policy) else None


def _title(cls: Any) -> str:
    settings = ", ".join(f"{name} of {value}" for name, value in cls.judged_with.items())
    return f"{cls.title}, {settings}" if settings else cls.title
