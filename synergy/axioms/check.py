"""Whether a method meets an axiom: a search for a counter-example, which is then made small."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from decompositions.arguments import whole
from synergy.axioms import attribution as attribution  # registers the axioms
from synergy.axioms import interaction as interaction
from synergy.axioms.claims.axiom import AbstractAxiom, axiom_named
from synergy.axioms.claims.trial import Trial
from synergy.axioms.draws import trials
from synergy.axioms.finding import Check, Witness
from synergy.axioms.shrink import shrunk
from synergy.axioms.subject import AbstractSubject, subject


def check(method: Any, axiom: Any, *, seed: int = 0, order: int | None = None, **settings: Any) -> Check:
    """Look for a function on which a method breaks an axiom: in a bank of small ones, then among random ones.

    What is found is shrunk: terms are dropped, exponents, coefficients and coordinates made small and round, as long as
    the axiom stays broken. On polynomials methods are exact, and so is the counter-example; layer-wise methods are
    asked of small ReLU networks. That nothing is found is no proof.

    Args:
        method: the name of a registered method or of an interaction index, or a method, policy or index of one's own.
        axiom: its name, "completeness".
        seed: of the random functions.
        order: of an index, the largest number of players of a set, from 1 to 6; by default 2.
        settings: of a method that is named, ``check("lrp_epsilon", "completeness", bias=False)``.

    Raises:
        LookupError: no such method, index or axiom; the nearest name is said.
        TypeError: no name where one is needed; settings that the method has not; an order of a method.
        ValueError: an axiom that is not asked of this kind of subjects, or none of whose functions the method takes; an
            order that the index has not.

    >>> check("gradient_x_input", "completeness")
    Gradient × Input, completeness: broken
      F = z₁², x = 1, b = 0: A = 2
      Σ A = 2 ≠ 1 = F(x) − F(b)
    """
    asked = subject(method, order, **settings)
    wanted = axiom_named(axiom, asked.of)
    seed = whole(seed, "seed is the number that the random functions begin with", 0)
    return _Search(asked, wanted, seed).result()


class _Search:
    """One search, which counts what it looks at."""

    def __init__(self, asked: AbstractSubject, axiom: AbstractAxiom, seed: int) -> None:
        self.asked, self.axiom, self.seed = asked, axiom, seed
        self.refused = 0
        self.reason = ""

    def result(self) -> Check:
        kinds = [kind for kind in self.axiom.kinds if kind not in self.asked.kinds]
        if not kinds:
            why = self.asked.kinds[self.axiom.kinds[0]]
            raise ValueError(f"'{self.axiom.name}' is not asked of {self.asked.name}: {why}")
        tried = 0
        for kind in kinds[:1]:
            for trial in trials(self.axiom, kind, self.seed, self.asked.order, self.asked.inputs):
                tried += 1
                if self.witness(trial, kind) is not None:
                    return self.said(tried, self.witness(shrunk(trial, self.axiom, self.breaks(kind)), kind))
        if tried == self.refused:
            raise ValueError(f"'{self.axiom.name}' is not asked of {self.asked.name}: {self.reason or 'no functions'}")
        return self.said(tried - self.refused, None)

    def breaks(self, kind: str) -> Callable[[Trial], bool]:
        return lambda trial: self.witness(trial, kind) is not None

    def said(self, tried: int, witness: Witness | None) -> Check:
        return Check(self.asked.name, self.axiom, tried, self.seed, witness, self.refused)

    def witness(self, trial: Trial, kind: str) -> Witness | None:
        """The first claim that does not hold, if there is one."""
        questions = self.axiom.questions(trial)
        if not all(each.function.regular(each.x) for each in questions):
            return None
        try:
            given = tuple(map(self.asked.ask, questions))
        except ValueError as error:  # not a question for this method
            self.refused, self.reason = self.refused + 1, str(error)
            return None
        sizes = [each.function.scale(end) for each in questions for end in (each.x, each.b)]
        scale = float(max(sizes + [abs(each) for numbers in given for each in _numbers(numbers)]))
        for claim in self.axiom.claims(trial, questions, given):
            if claim.broken(self.asked.tolerance(kind), scale):
                return Witness(questions, given, claim)
        return None


def _numbers(given: Any) -> Iterable[Any]:
    """What is given, to players or to sets of them: sums of it round by the size of the largest."""
    return given.values() if isinstance(given, Mapping) else given
