"""Train the vision transformer of digits: ``python scripts/train_digits_vit.py``, about a minute on one thread.

Images and split are those of the digits example. The same torch gives the same weights.
"""

import torch
from torch import Tensor, nn
from train_digits import train

from synergy.examples import digits_vit

SEED, EPOCHS, BATCH, RATE, DECAY = 0, 150, 64, 2e-3, 0.05
WARM = 0.1  # of all steps: a transformer starts with a rate that rises


def shifted(x: Tensor) -> Tensor:
    """Every image up to one pixel up, down, left or right, on blank paper: a transformer knows no neighbours by itself.

    Shape ``(batch, 1, 8, 8)`` in and out.
    """
    framed = nn.functional.pad(x, (1, 1, 1, 1))
    corners = torch.randint(3, (len(x), 2)).tolist()
    return torch.stack([each[:, i : i + 8, j : j + 8] for each, (i, j) in zip(framed, corners, strict=True)])


def fit(network: nn.Module, x: Tensor, y: Tensor) -> None:
    """AdamW on the cross-entropy of shifted images, its rate rising and then falling to zero."""
    batches = [batch for _ in range(EPOCHS) for batch in torch.randperm(len(y)).split(BATCH)]
    optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=len(batches), pct_start=WARM)
    for batch in batches:
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(shifted(x[batch])), y[batch]).backward()
        optimizer.step()
        schedule.step()


if __name__ == "__main__":
    torch.manual_seed(SEED)
    train("digits_vit", digits_vit.VisionTransformer(), fit)
