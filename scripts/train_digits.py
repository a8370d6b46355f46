"""Train the digits example's network: ``python scripts/train_digits.py``, a few seconds on one thread.

The data are scikit-learn's 8x8 digits (a part of the UCI "Optical Recognition of Handwritten Digits", CC BY 4.0).
Every fifth image is held out: unseen images of writers who may have been seen. The same torch gives the same weights.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from synergy.examples import digits, trained

SEED, EPOCHS, BATCH, RATE = 0, 60, 64, 3e-3


def fit(network: nn.Module, x: Tensor, y: Tensor, after: Callable[[int], None] = lambda epoch: None) -> None:
    """Adam on the cross-entropy with a cosine-shaped learning rate; ``after`` is told the number of each epoch."""
    optimizer = torch.optim.Adam(network.parameters(), RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)
    for epoch in range(EPOCHS):
        for batch in torch.randperm(len(y)).split(BATCH):
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(x[batch]), y[batch]).backward()
            optimizer.step()
        schedule.step()
        after(epoch + 1)


def train(name: str, network: nn.Module, fit: Callable[[nn.Module, Tensor, Tensor], None]) -> None:
    """Fit a network to the digits in its own dtype, measure it on the held-out images and write it."""
    x, y, held_out = digits.data()
    x = x.to(next(network.parameters()))
    fit(network, x[~held_out], y[~held_out])
    with torch.no_grad():
        right = network(x[held_out]).argmax(1) == y[held_out]
    figures = {
        "accuracy": round(right.double().mean().item(), 4),
        "held_out": int(held_out.sum()),
        "trained_on": int((~held_out).sum()),
    }
    print(trained.write(name, network.state_dict(), figures), figures)


if __name__ == "__main__":
    torch.manual_seed(SEED)
    train("digits", digits.network(), fit)
