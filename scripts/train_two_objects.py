"""Train the networks of two-object pictures: ``python scripts/train_two_objects.py``, two minutes on one thread.

All pictures are drawn from seeds, other ones for training than for the figures. The same torch gives the same weights.
"""

import torch
from torch import Tensor, nn

from synergy.examples import trained, two_objects

SEED, TRIED = 1, 2  # of the pictures to learn from, and of those that tell how well
LEARNT, HELD_OUT = 6_000, 1_000
BATCH, RATE = 64, 1e-2


def fit(network: nn.Module, x: Tensor, y: Tensor, epochs: int) -> None:
    """Adam on the cross-entropy with a cosine-shaped learning rate."""
    batches = [batch for _ in range(epochs) for batch in torch.randperm(len(y)).split(BATCH)]
    optimizer = torch.optim.Adam(network.parameters(), RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, len(batches))
    for batch in batches:
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(x[batch]), y[batch]).backward()
        optimizer.step()
        schedule.step()


def classifier() -> tuple[nn.Module, dict[str, float]]:
    """Pictures of two objects of one kind, to that kind."""
    network, seen = two_objects.network(), two_objects.draw(LEARNT, SEED)
    fit(network, seen.images, seen.kinds[:, 0], epochs=10)
    new = two_objects.draw(HELD_OUT, TRIED)
    return network, {"accuracy": _share(network(new.images).argmax(1) == new.kinds[:, 0]), "held_out": HELD_OUT}


def segmenter() -> tuple[nn.Module, dict[str, float]]:
    """Pictures of two objects of any kinds, to the labels of their pixels."""
    network, seen = two_objects.segmenter(), two_objects.draw(LEARNT, SEED, alike=False)
    fit(network, seen.images, seen.labels, epochs=20)
    new = two_objects.draw(HELD_OUT, TRIED, alike=False)
    right, objects = network(new.images).argmax(1) == new.labels, new.labels > 0
    return network, {"objects": _share(right[objects]), "ground": _share(right[~objects]), "held_out": HELD_OUT}


def _share(right: Tensor) -> float:
    return round(right.double().mean().item(), 4)


if __name__ == "__main__":
    for name, make in {"two_objects": classifier, "two_objects_labels": segmenter}.items():
        torch.manual_seed(0)
        made, figures = make()
        print(trained.write(name, made.state_dict(), figures), figures)
