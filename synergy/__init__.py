"""Who gets it, and is that fair? Attribution methods as policies over independent and interaction effects."""

from decompositions.dividends.and_or import and_or as and_or
from decompositions.dividends.forecast import forecast as forecast
from decompositions.dividends.harsanyi import harsanyi as harsanyi
from decompositions.dividends.several_games import harsanyi_all as harsanyi_all
from decompositions.dividends.synergy_function import synergy_function as synergy_function
from decompositions.effects.effects import Effects as Effects
from decompositions.games import players as players
from decompositions.games.game import Game as Game
from decompositions.refinement.refine import refine as refine
from decompositions.sampling.strongest import strongest as strongest
from decompositions.series.taylor import taylor as taylor
from synergy import baselines as baselines
from synergy import methods as methods  # registers the built-in methods
from synergy import neurons as neurons
from synergy import pictures as pictures  # with showing, registers how results are shown
from synergy import showing as showing
from synergy import studies as studies
from synergy.algorithms.path.line import straight_line as straight_line
from synergy.allocation.allocation import Allocation as Allocation
from synergy.allocation.allocation import allocate as allocate
from synergy.allocation.criteria import Criteria as Criteria
from synergy.comparison.compare import compare as compare
from synergy.comparison.comparison import Comparison as Comparison
from synergy.comparison.plan import Plan as Plan
from synergy.comparison.prepared import plan as plan
from synergy.estimation.estimate import estimate as estimate
from synergy.estimation.estimate import estimate_all as estimate_all
from synergy.estimation.estimation import Estimation as Estimation
from synergy.measurement.entries import entries as entries
from synergy.measurement.measure import measure as measure
from synergy.method import METHODS as METHODS
from synergy.method import AbstractEstimate as AbstractEstimate
from synergy.method import AbstractMethod as AbstractMethod
from synergy.method import method as method
from synergy.method import register as register
from synergy.paths.curved import path_method as path_method
from synergy.policies.policy import Policy as Policy
from synergy.significance import significance as significance
from synergy.version import __version__ as __version__
