"""The pictures: each takes a result and returns a matplotlib figure."""

from synergy.pictures.allocation_map import allocation_map as allocation_map
from synergy.pictures.and_or import and_or as and_or
from synergy.pictures.attributions import attributions as attributions
from synergy.pictures.channels import channels as channels
from synergy.pictures.flow import flow as flow
from synergy.pictures.heat_map import heat_map as heat_map
from synergy.pictures.input_by_neuron import input_by_neuron as input_by_neuron
from synergy.pictures.interaction_graph import interaction_graph as interaction_graph
from synergy.pictures.interaction_matrix import interaction_matrix as interaction_matrix
from synergy.pictures.interaction_orders import interaction_orders as interaction_orders
from synergy.pictures.learning_curve import learning_curve as learning_curve
from synergy.pictures.method_map import method_map as method_map
from synergy.pictures.neurons import neurons as neurons
from synergy.pictures.overlay import overlay as overlay
from synergy.pictures.overview import overview as overview
from synergy.pictures.path_gradients import path_gradients as path_gradients
from synergy.pictures.riemann_sums import riemann_sums as riemann_sums
from synergy.pictures.saturation import saturation as saturation
from synergy.pictures.scaled_photo import scaled_photo as scaled_photo
from synergy.pictures.sentence import sentence as sentence
from synergy.pictures.side_by_side import side_by_side as side_by_side
from synergy.pictures.spectrum import spectrum as spectrum
from synergy.pictures.upset import upset as upset
from synergy.pictures.verdicts import verdicts as verdicts
from synergy.pictures.waterfall import waterfall as waterfall
