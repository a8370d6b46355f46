"""Inside a network: what the input gives through the neurons of a layer, their ranking, and networks without some."""

from synergy.neurons.conductance import conductance as conductance
from synergy.neurons.conductance import input_by_neuron as input_by_neuron
from synergy.neurons.conductance import region_attribution as region_attribution
from synergy.neurons.contributions import Contributions as Contributions
from synergy.neurons.controls import Controls as Controls
from synergy.neurons.controls import controls as controls
from synergy.neurons.controls import controls_of as controls_of
from synergy.neurons.pruning import enhance as enhance
from synergy.neurons.pruning import prune as prune
from synergy.neurons.pruning import prune_layers as prune_layers
from synergy.neurons.rank import rank_neurons as rank_neurons
from synergy.neurons.ranking import Ranking as Ranking
from synergy.neurons.rankings import Rankings as Rankings
from synergy.neurons.region_controls import RegionControls as RegionControls
from synergy.neurons.region_controls import region_controls as region_controls
from synergy.neurons.savings import Savings as Savings
from synergy.neurons.savings import savings as savings
from synergy.neurons.shrinking import shrink as shrink
