"""Path methods besides Integrated Gradients: along any curve, by one order, an adaptive or a latent path."""

from synergy.curves.power import power_path as power_path
from synergy.paths.curved import PathMethod as PathMethod
from synergy.paths.curved import path_method as path_method
from synergy.paths.guided import GuidedIG as GuidedIG
from synergy.paths.latent import LatentIG as LatentIG
from synergy.paths.single_order import SingleOrder as SingleOrder
from synergy.paths.single_order import single_order as single_order
