"""Interactions of any order: how the effects of a game are shared out among sets of players."""

from decompositions.dividends.synergy_function import synergy_function as synergy_function
from synergy.interaction_index import INDICES as INDICES
from synergy.interaction_index import AbstractIndex as AbstractIndex
from synergy.interaction_index import register as register
from synergy.interactions.interactions import interactions as interactions
from synergy.interactions.joint_shapley import joint_shapley as joint_shapley
from synergy.interactions.lifts.augmented_recursive import AugmentedRecursive as AugmentedRecursive
from synergy.interactions.lifts.named import LIFTS as LIFTS
from synergy.interactions.lifts.recursive import Recursive as Recursive
from synergy.interactions.lifts.top_distributing import TopDistributing as TopDistributing
from synergy.interactions.measured import measure_interactions as measure_interactions
from synergy.interactions.multi_order import MultiOrder as MultiOrder
from synergy.interactions.multi_order import multi_order as multi_order
from synergy.interactions.result import Interactions as Interactions
from synergy.interactions.set_allocation import SetAllocation as SetAllocation
