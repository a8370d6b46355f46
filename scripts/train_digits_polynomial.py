"""Train the polynomial of digits: ``python scripts/train_digits_polynomial.py``, a few seconds on one thread.

Images and split are those of the digits example. The same torch gives the same weights.
"""

import torch
from torch import Tensor, nn
from train_digits import train

from synergy.examples import digits_polynomial

SEED, EPOCHS, BATCH, RATE = 0, 60, 64, 3e-3
DECAY = 0.5  # keeps a logit near 10 and its effects near 1; without it both are two to five times as large


def fit(network: nn.Module, x: Tensor, y: Tensor) -> None:
    """AdamW on the cross-entropy, its rate falling to zero as a cosine."""
    optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=DECAY)
    batches = [batch for _ in range(EPOCHS) for batch in torch.randperm(len(y)).split(BATCH)]
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, len(batches))
    for batch in batches:
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(x[batch]), y[batch]).backward()
        optimizer.step()
        schedule.step()


if __name__ == "__main__":
    torch.manual_seed(SEED)
    train("digits_polynomial", digits_polynomial.network(), fit)
