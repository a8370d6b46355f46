"""The axioms by which methods are told apart: each as a value, and a search for a function that breaks it."""

from synergy.axioms.characterization import Characterization as Characterization
from synergy.axioms.characterization import Demonstration as Demonstration
from synergy.axioms.check import check as check
from synergy.axioms.claims.axiom import ATTRIBUTION as ATTRIBUTION
from synergy.axioms.claims.axiom import INTERACTION as INTERACTION
from synergy.axioms.claims.axiom import AbstractAxiom as AbstractAxiom
from synergy.axioms.demonstrate import characterize as characterize
from synergy.axioms.finding import Check as Check
from synergy.axioms.finding import Witness as Witness
from synergy.axioms.theorems import CHARACTERIZATIONS as CHARACTERIZATIONS
from synergy.axioms.witnesses.named import WITNESSES as WITNESSES
