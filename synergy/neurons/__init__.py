"""Inside a network: what the input gives through the neurons of a layer."""

from synergy.neurons.conductance import conductance as conductance
from synergy.neurons.conductance import input_by_neuron as input_by_neuron
from synergy.neurons.conductance import region_attribution as region_attribution
from synergy.neurons.contributions import Contributions as Contributions
