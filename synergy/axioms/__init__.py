"""The axioms by which methods are told apart: each as a value, and a search for a function that breaks it."""

from synergy.axioms.check import check as check
from synergy.axioms.claims.axiom import ATTRIBUTION as ATTRIBUTION
from synergy.axioms.claims.axiom import INTERACTION as INTERACTION
from synergy.axioms.claims.axiom import AbstractAxiom as AbstractAxiom
from synergy.axioms.finding import Check as Check
from synergy.axioms.finding import Witness as Witness
from synergy.axioms.witnesses.named import WITNESSES as WITNESSES
