"""Who gets it, and is that fair? Attribution methods as policies over independent and interaction effects."""

from decompositions import players as players
from decompositions.effects import Effects as Effects
from decompositions.game import Game as Game
from decompositions.harsanyi import harsanyi as harsanyi
from decompositions.taylor import taylor as taylor
from decompositions.together import harsanyi_all as harsanyi_all
from synergy import methods as methods  # registers the built-in methods
from synergy.allocation import Allocation as Allocation
from synergy.allocation import allocate as allocate
from synergy.comparison import Comparison as Comparison
from synergy.comparison import compare as compare
from synergy.criteria import Criteria as Criteria
from synergy.measurement import measure as measure
from synergy.method import METHODS as METHODS
from synergy.method import AbstractEstimate as AbstractEstimate
from synergy.method import AbstractMethod as AbstractMethod
from synergy.method import method as method
from synergy.method import register as register
from synergy.policies import Policy as Policy

__version__ = "0.1.0"
