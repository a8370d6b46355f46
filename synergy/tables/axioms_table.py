"""The table of axioms: for every method and index the function on which it breaks each, where a search finds one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from synergy.axioms.check import check
from synergy.axioms.claims.axiom import ATTRIBUTION, INTERACTION, AbstractAxiom
from synergy.axioms.finding import Check
from synergy.axioms.functions.writing import point
from synergy.axioms.subject import JOINT, AbstractSubject, subject
from synergy.axioms.witnesses.named import WITNESSES
from synergy.interaction_index import INDICES
from synergy.interactions.lifts.named import LIFTS
from synergy.method import METHODS
from synergy.tables.besides import in_blocks
from synergy.wording.names import shorten
from synergy.wording.table import Table

FIRST = (
    "completeness", "linearity", "dummy", "null", "sensitivity", "implementation_invariance", "symmetry",
    "equivariance", "non_decreasing_positivity", "demand_monotonicity", "marginality", "strong_monotonicity",
    "symmetric_monotonicity", "affine_scale_invariance", "proportionality", "taylor_continuity",
)  # fmt: skip
SETTINGS: Mapping[str, Mapping[str, Any]] = {"smoothgrad_x_input": {"samples": 4}}  # for the search to be quick
LENGTH = 48  # of a function in a cell
NOTES = (
    "✓: no function was found on which the axiom is broken. It is a search, not a proof: a bank of small functions, "
    "then random ones (seed 0). ✗: a function on which it is broken, at x, with b = 0 where nothing is said; "
    "synergy.axioms.check(method, axiom) shows it with its numbers. –: not asked of such a method.",
    "Methods on the game are asked of polynomials in exact arithmetic, layer-wise methods and raw signals of small "
    "ReLU networks, implementation invariance of pairs of networks, and continuity of exponentials and sines. Grad-CAM "
    "needs a feature map, and these functions have none. SmoothGrad is asked with four noisy inputs.",
    "LRP-ε and AttnLRP with the bias taking part are Gradient × Input on networks of ReLUs, which no implementation "
    "changes; lrp_epsilon(bias=False) depends on it. Explaining f(x) and not f(x) − f(b), they break completeness.",
    "What axioms suppose of F they suppose of its values: a network that is written with its inputs and is 0 "
    "everywhere is a constant. Methods that give something of it break dummy, and with it most axioms of symmetric, "
    "rising or alike functions.",
    "Marginality is the equality in strong monotonicity. The path that turns back and the antisymmetric part keep it "
    "and break the inequality.",
)
WITNESS_NOTES = (
    "No methods of practice: each keeps some axioms and breaks others. On polynomials alone.",
    "Means over several baselines keep linearity, dummy, affine scale invariance, marginality and, where F rises from "
    "every one of them to x, non-decreasing positivity. They add up to F(x) − E F(b), not to F(x) − F(b) of one "
    "baseline, and sensitivity speaks of this difference, too: of 3z₁ − z₁² at 2, with baselines of 0 moved half-way, "
    "the mean of one is given nothing. Symmetry needs a distribution that treats the inputs alike; proportionality and "
    "symmetric monotonicity need more, baselines in which they are alike.",
)
SETS_NOTES = (
    "Indices of sets of at most so many players, on polynomials in exact arithmetic. Faithful Banzhaf of order 3 is "
    "complete up to four players: it takes five to see it break. Of Möbius all sets of k players are given nothing of "
    "larger monomials, which is in any proportion.",
)


def axioms_table() -> Table:
    """Every method by every axiom, the witnesses, the interaction indices, and what the axioms say."""
    axioms = _ordered(ATTRIBUTION)
    below = (_witnesses(axioms), *(_indices(order) for order in (2, 3)), _said(ATTRIBUTION), _said(INTERACTION))
    columns = ("method", *(axiom.title for axiom in axioms))
    empty = Table("Attribution methods by axioms", columns, (), NOTES, below)
    return in_blocks(empty, lambda name: _row(METHODS[name].title, subject(name, **SETTINGS.get(name, {})), axioms))


def _witnesses(axioms: list[AbstractAxiom]) -> Table:
    rows = tuple(_row(each.title, subject(each), axioms) for each in WITNESSES.values())
    return Table("Witnesses", ("method", *(axiom.title for axiom in axioms)), rows, WITNESS_NOTES)


def _indices(order: int) -> Table:
    axioms = _ordered(INTERACTION)
    names = [name for name, index in INDICES.items() if (index.largest or order) >= order]
    names += [name for name, lift in LIFTS.items() if (lift.largest or order) >= order]
    rows = tuple(_row(name, subject(name, order), axioms) for name in (*names, JOINT))
    title = f"Interaction indices of order {order} by axioms"
    return Table(title, ("index", *(axiom.title for axiom in axioms)), rows, SETS_NOTES if order == 3 else ())


def _said(axioms: Mapping[str, AbstractAxiom]) -> Table:
    of = next(iter(axioms.values())).of
    rows = tuple((each.name, each.statement, each.formula, each.violation, each.reference) for each in _ordered(axioms))
    return Table(f"The axioms of {of}", ("name", "says", "formula", "is broken by", "source"), rows)


def _ordered(axioms: Mapping[str, AbstractAxiom]) -> list[AbstractAxiom]:
    return sorted(axioms.values(), key=lambda each: FIRST.index(each.name) if each.name in FIRST else len(FIRST))


def _row(title: str, asked: AbstractSubject, axioms: Iterable[AbstractAxiom]) -> tuple[str, ...]:
    return title, *(_cell(asked, axiom) for axiom in axioms)


def _cell(asked: AbstractSubject, axiom: AbstractAxiom) -> str:
    try:
        return cell(check(asked, axiom))
    except ValueError:  # not asked of it
        return "–"


def cell(found: Check) -> str:
    """A mark, and the largest function of a counter-example with its points."""
    if found.witness is None:
        return "✓"
    asked = max(found.witness.asked, key=lambda each: each.function.size)
    b = f", b = {point(asked.b)}" if any(asked.b) else ""
    return f"✗ {shorten(asked.function.text(), LENGTH)} at {point(asked.x)}{b}"
