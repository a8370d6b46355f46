"""Networks without some neurons of a layer: how much faster they are, what they cost, and how they do.

The neurons are ranked on pictures of the training part, and the networks tried on those held out. Times are those of a
batch of 256 pictures, the whole network's by the smaller one's.
"""

from __future__ import annotations

import torch
from torch import nn

from benchmarks.timing import ratio, rounds
from synergy.examples import digits, digits_vit, two_objects
from synergy.neurons import rank_neurons, savings, shrink

PARTS = (0.25, 0.5, 0.75)
RANKED, TRIED = 400, 359


def run() -> None:
    """Print a row per network and part."""
    print(f"{'network':<28} {'without':>8} {'faster':>20} {'parameters':>16} {'operations':>16} {'accuracy':>16}")
    for name, layer, neurons, model, seen, (x, labels) in _networks():
        ranking = rank_neurons(model, layer, *seen, neurons=neurons)
        for part in PARTS:
            small = shrink(model, layer, ranking.strongest(part, "smallest"))
            saved = savings(model, small, x[:1], repeats=1)
            times = rounds({"whole": lambda m=model, b=x[:256]: m(b), "small": lambda m=small, b=x[:256]: m(b)}, 15)
            sizes = f"{saved.before.parameters:,} → {saved.after.parameters:,}"
            right = [f"{(each(x).argmax(1) == labels).double().mean():.3f}" for each in (model, small)]
            print(
                f"{name:<28} {part:>8.0%} {ratio(times['whole'], times['small']):>20} {sizes:>16} "
                f"{saved.after.operations / saved.before.operations:>16.0%} {' → '.join(right):>16}"
            )


Pair = tuple[torch.Tensor, torch.Tensor]


def _networks() -> list[tuple[str, str, str, nn.Module, Pair, Pair]]:
    """Names, layers, neurons, models, pictures to rank on and pictures to try."""
    images, labels, held_out = digits.data()
    seen, new = (images[~held_out][:RANKED], labels[~held_out][:RANKED]), (images[held_out], labels[held_out])
    ranked, tried = two_objects.draw(RANKED, 21), two_objects.draw(TRIED, 22)
    drawn = [(each.images, each.kinds[:, 0]) for each in (ranked, tried)]
    return [
        ("two objects, conv2", "conv2", "channels", two_objects.model(), drawn[0], drawn[1]),
        ("digits CNN, conv2", "conv2", "channels", digits.model(), seen, new),
        ("digits ViT, MLP of block 2", "blocks.1.mlp.0", "axis:2", digits_vit.model(), seen, new),
    ]
