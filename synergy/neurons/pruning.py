"""Copies of a model in which neurons of a layer are silent, or louder."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.modules.linear import NonDynamicallyQuantizableLinear

from decompositions.arguments import entries, real, shown, whole
from decompositions.models.model_function import require_module
from decompositions.networks.head import ModuleHead, with_first
from synergy.neurons.ranking import Ranking

RULE = (
    "neurons are booleans of the shape of what the layer gives for one input, as .strongest(0.05) of a ranking gives "
    "them, or a list of numbers of a linear layer's units or a convolution's channels"
)
UNITS = {
    nn.Linear: "out_features", nn.Conv1d: "out_channels", nn.Conv2d: "out_channels", nn.Conv3d: "out_channels",
    nn.BatchNorm2d: "num_features", nn.LayerNorm: "normalized_shape",
}  # fmt: skip
AXES = {nn.Conv1d: 1, nn.Conv2d: 2, nn.Conv3d: 3, nn.BatchNorm2d: 2}  # behind that of the channels
WEIGHTED = (nn.Linear, NonDynamicallyQuantizableLinear, nn.Conv1d, nn.Conv2d, nn.Conv3d)  # whose rows are units


class Scaled(nn.Module):
    """A layer whose output, or the first of its outputs, is multiplied neuron by neuron.

    Args:
        layer: the layer, which is handed whatever comes.
        factors: of its output for one input, to which they broadcast.
    """

    def __init__(self, layer: nn.Module, factors: torch.Tensor) -> None:
        super().__init__()
        self.layer = layer
        self.register_buffer("factors", factors)
        self.factors: torch.Tensor
        self.training = layer.training

    def forward(self, *given: Any, **named: Any) -> Any:
        """The layer's output times the factors."""
        output = self.layer(*given, **named)
        if isinstance(output, tuple):
            return with_first(output, output[0] * self.factors)
        return output * self.factors


def prune(model: nn.Module, layer: str, neurons: Any) -> nn.Module:
    """A copy of the model in which neurons of a layer give zero; the model stays as it is.

    >>> net = nn.Sequential(nn.Linear(2, 3), nn.ReLU()).eval()
    >>> prune(net, "0", [0, 2])(torch.ones(1, 2))[0, [0, 2]].abs().tolist()
    [0.0, 0.0]

    Args:
        model: any module; the layer gives one tensor, or several of which the first is meant.
        layer: its name, as in ``named_modules()``.
        neurons: which: booleans of the shape of what the layer gives for one input
            (:meth:`synergy.neurons.ranking.Ranking.strongest`), or numbers of a linear layer's units or a convolution's
            channels.

    Raises:
        TypeError, ValueError: no such layer or neurons, or all of them.
    """
    return _scaled(model, {layer: _silent(model, layer, neurons)})


def prune_layers(model: nn.Module, neurons: Mapping[str, Any]) -> nn.Module:
    """A copy of the model in which neurons of several layers give zero; the model stays as it is.

    >>> net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2)).eval()
    >>> prune_layers(net, {"0": [0], "1": [1]})(torch.ones(1, 2))[0, 1].abs().item()
    0.0

    Args:
        model: as of :func:`prune`.
        neurons: by the names of layers, which may lie in each other; as of :func:`prune`, or what
            :meth:`synergy.neurons.rankings.Rankings.strongest` gives.

    Raises:
        TypeError, ValueError: as of :func:`prune`; no mapping, or one of no layer.
    """
    if not isinstance(neurons, Mapping) or not neurons:
        raise TypeError(f"neurons of several layers are a mapping from each one's name, not {shown(neurons)}")
    return _scaled(model, {layer: _silent(model, layer, some) for layer, some in neurons.items()})


def enhance(model: nn.Module, layer: str, ranking: Ranking, strength: float) -> nn.Module:
    r"""A copy of the model in which the neurons of high scores are louder.

    .. math:: a_j \to \Bigl(1 + \text{strength} \cdot \frac{\max(\text{score}_j, 0)}{\max_k \text{score}_k}\Bigr) a_j

    Args:
        model, layer: as of :func:`prune`.
        ranking: of the neurons of that layer.
        strength: by how much the first is louder, 0 for not at all.

    Raises:
        TypeError, ValueError: another layer's ranking, or a strength below 0.
    """
    if not isinstance(ranking, Ranking):
        raise TypeError(f"a ranking is what rank_neurons(model, '{layer}', …) gives, not {shown(ranking)}")
    if ranking.layer != layer:
        raise ValueError(f"the ranking is that of '{ranking.layer}', and the layer is '{layer}'")
    strength = real(strength, "strength is by how much the first neuron is louder", 0)
    layer_of(model, layer)
    score = ranking.score.clamp(min=0)
    loud = score / score.max() if score.max() > 0 else score
    return _scaled(model, {layer: (1 + strength * loud)[ranking.entries]})


def layer_of(model: nn.Module, layer: str) -> nn.Module:
    """The layer of that name in the model itself.

    Raises:
        TypeError, ValueError: no module, no name, or none there is.
    """
    require_module(model)
    if not isinstance(layer, str):
        raise TypeError(f"layer is the name of a module, as in named_modules(), not {shown(layer)}")
    ModuleHead(model, layer)  # refuses a name that is none
    return model.get_submodule(layer)


def mask_of(target: nn.Module, layer: str, neurons: Any) -> torch.Tensor:
    """Which neurons are meant, as booleans that broadcast to what the layer gives for one input.

    Raises:
        TypeError, ValueError: none of the kinds, or numbers of a layer whose units are not known.
    """
    kind = next((each for each in UNITS if isinstance(target, each)), None)
    axes = 0 if kind is None else AXES.get(kind, 0)
    if isinstance(neurons, (torch.Tensor, np.ndarray)) and torch.as_tensor(neurons).dtype == torch.bool:
        mask = torch.as_tensor(neurons)
        if axes and mask.ndim not in (axes + 1, axes + 2):
            raise ValueError(
                f"{RULE}; '{layer}' is a {type(target).__name__}, and this is a mask of shape {tuple(mask.shape)}: "
                "give the channels' numbers"
            )
        return mask
    if kind is None:
        raise ValueError(f"{RULE}; '{layer}' is a {type(target).__name__}, so give booleans")
    size = getattr(target, UNITS[kind])
    size = size[-1] if isinstance(size, tuple) else size
    several = neurons.tolist() if isinstance(neurons, (torch.Tensor, np.ndarray)) else entries(neurons, RULE)
    mask = torch.zeros(size, dtype=torch.bool)
    for each in several:
        mask[whole(each, f"a neuron of '{layer}' is numbered", 0, size - 1)] = True
    return mask.reshape(-1, *(1,) * axes)


def by_unit(target: nn.Module, values: torch.Tensor) -> torch.Tensor | None:
    """Values of a linear layer's or a convolution's output, a row for each unit or channel. Shape ``(units, …)``.

    Args:
        target: the layer.
        values: that broadcast to what it gives for one input.

    Returns:
        None where they do not tell the units apart.
    """
    if isinstance(target, nn.Linear):
        size = target.out_features
        return values.reshape(-1, size).T if values.ndim and values.shape[-1] == size else None
    kind = next((each for each in AXES if isinstance(target, each)), None)
    size = 0 if kind is None else getattr(target, UNITS[kind])
    if kind is None or values.ndim not in (AXES[kind] + 1, AXES[kind] + 2) or values.shape[-AXES[kind] - 1] != size:
        return None
    return values.reshape(size, -1) if values.ndim == AXES[kind] + 1 or len(values) == 1 else None


def _number(model: nn.Module, layer: nn.Module) -> torch.Tensor:
    """A tensor of the type and on the device of a layer's own, of the model's where it has none, or torch's default."""
    own = (each for module in (layer, model) for each in (*module.parameters(), *module.buffers()))
    return next((each for each in own if each.is_floating_point()), torch.zeros(()))


def _silent(model: nn.Module, layer: str, neurons: Any) -> torch.Tensor:
    """Zero for neurons that are to be silent, one for the others."""
    target = layer_of(model, layer)
    silent = mask_of(target, layer, neurons)
    if silent.all():
        raise ValueError(f"without any neuron of '{layer}' nothing of the input is left; keep at least one")
    return (~silent).cpu().double()


def _scaled(model: nn.Module, factors: Mapping[str, torch.Tensor]) -> nn.Module:
    made = copy.deepcopy(model)
    for layer in sorted(factors, key=lambda each: -each.count(".")):  # what lies within another one comes before it
        found = made.get_submodule(layer)
        if _in_its_weights(found, factors[layer]):
            continue
        scaled = Scaled(found, factors[layer].to(_number(made, found)))
        homes = [(home, name) for home in made.modules() for name, each in home._modules.items() if each is found]
        for home, name in homes:  # several where it has several names, by any of which it may be called
            setattr(home, name, scaled)
    return made


def _in_its_weights(layer: nn.Module, factors: torch.Tensor) -> bool:
    """Multiply the rows of a layer's weights, if every unit has one factor; whether that was possible.

    The layer stays what it is for all that reads it, or uses its weights without calling it.
    """
    rows = by_unit(layer, factors) if type(layer) in WEIGHTED else None
    names = ["weight", *(["bias"] if getattr(layer, "bias", None) is not None else [])]
    plain = all(layer._parameters.get(name) is not None for name in names) and not layer._forward_hooks
    if rows is None or not plain or not bool((rows == rows[:, :1]).all()):
        return False
    for name in names:  # numbers of its own, which others that shared the old ones do not see
        old = layer._parameters[name]
        assert old is not None
        new = old.detach() * rows[:, 0].to(old).reshape(-1, *(1,) * (old.ndim - 1))
        layer._parameters[name] = nn.Parameter(new, old.requires_grad)
    return True
