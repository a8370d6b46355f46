"""Strong monotonicity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from synergy.axioms.claims.axiom import AbstractAxiom, register
from synergy.axioms.claims.hypotheses import upwards
from synergy.axioms.claims.trial import Claim, Question, Trial
from synergy.axioms.functions.writing import lowered


@register
class StrongMonotonicity(AbstractAxiom):
    r""".. math:: \partial_i F \le \partial_i G \text{ on } [b, x],\; x \ge b \;\Rightarrow\; A_i(F) \le A_i(G)

    With an equality in place of both inequalities it is marginality, which it implies: where the second function that
    is drawn does not read z_i, the slopes are equal, and so must be the two sides.
    """

    name = "strong_monotonicity"
    title = "strong monotonicity"
    statement = "An input in which G rises at least as much as F, between b and x ≥ b, is not given less of G."
    formula = "∂ᵢF ≤ ∂ᵢG on [b, x] ⇒ Aᵢ(F) ≤ Aᵢ(G)"
    violation = "two functions of which the one with the larger slopes in zᵢ gives i less"
    reference = "young1985producer"
    functions = 2
    players = 1

    def settled(self, trial: Trial) -> Trial | None:
        return upwards(trial)

    def questions(self, trial: Trial) -> tuple[Question, ...]:
        f, g = trial.functions
        larger = f.plus(g.rising(trial.b, trial.x, trial.players))
        return Question(f, trial.x, trial.b), Question(larger, trial.x, trial.b, "G")

    def claims(self, trial: Trial, asked: Sequence[Question], given: Sequence[Any]) -> Iterator[Claim]:
        i = trial.players[0]
        a = f"A{lowered(i + 1)}"
        relation = "≥" if trial.functions[1].reads(i) else "="
        yield Claim(given[1][i], relation, given[0][i], (f"{a}(G)", f"{a}(F)"))
