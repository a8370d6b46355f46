"""Do neurons that are ranked by a region speak for it? Integrated Gradients inside and outside after they are silenced.

Per picture of a digit the leading neurons of a layer are silenced: by what the picture's upper half gives through them,
by conductance, and at random. Printed is the mean change of log Σ|IG| over the pixels of the half and over all others,
± 1.96 standard errors over the pictures, and the change of the probability of the true class.
"""

from __future__ import annotations

import torch
from torch import nn

from synergy import Game, method
from synergy.examples import digits
from synergy.neurons import conductance, prune, region_attribution
from synergy.neurons.contributions import Contributions, chosen

LAYER, HALF, PICTURES = "relu2", ((0, 4), (0, 8)), 60
PARTS = (0.01, 0.03, 0.05, 0.10)
EXPLAINED = method("integrated_gradients")


def run() -> None:
    """Print a row per part and ranking."""
    model, generator = digits.model().double(), torch.Generator().manual_seed(0)
    images, labels, held_out = digits.data()
    some = held_out.nonzero().flatten()[:PICTURES]
    changes: dict[tuple[float, str], list[torch.Tensor]] = {}
    for x, label in zip(images[some].double().split(1), labels[some].tolist(), strict=True):
        game = Game.from_model(model, x, 0.0, target=label)
        before = _measured(model, x, label)
        whole = conductance(game, LAYER)
        rankings = {
            "the upper half": region_attribution(game, LAYER, HALF).values,
            "conductance": whole.values,
            "random": torch.rand(len(whole.values), generator=generator),
        }
        for part in PARTS:
            for name, values in rankings.items():
                change = _measured(_without(model, whole, values, part), x, label) - before
                changes.setdefault((part, name), []).append(change)
    print(f"the digits' CNN, layer {LAYER}, {PICTURES} held-out pictures, the upper half of each")
    print(
        f"{'silent':>6}  {'ranked by':<15} {'log Σ|IG| inside':>18} {'outside':>16} {'inside − outside':>18} {'p':>16}"
    )
    for (part, name), found in changes.items():
        inside, outside, chance = torch.stack(found).T
        columns = [_interval(each) for each in (inside, outside, inside - outside, chance)]
        print(f"{part:>6.0%}  {name:<15} {columns[0]:>18} {columns[1]:>16} {columns[2]:>18} {columns[3]:>16}")


def _without(model: nn.Module, whole: Contributions, values: torch.Tensor, part: float) -> nn.Module:
    return prune(model, LAYER, chosen(values, whole.entries, part, "value"))


def _measured(model: nn.Module, x: torch.Tensor, label: int) -> torch.Tensor:
    """log Σ|IG| inside and outside, and the probability of the true class."""
    found = abs(EXPLAINED.attribute(Game.from_model(model, x, 0.0, target=label))).reshape(x.shape[-2:])
    (top, bottom), (left, right) = HALF
    inside = found[top:bottom, left:right].sum()
    with torch.no_grad():
        chance = model(x).softmax(1)[0, label]
    return torch.stack([inside.log(), (found.sum() - inside).log(), chance])


def _interval(values: torch.Tensor) -> str:
    return f"{values.mean():+.3f} ± {1.96 * values.std() / len(values) ** 0.5:.3f}"
