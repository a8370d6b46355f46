"""Train the tabular example's network: ``python scripts/train_tabular.py``, a second on one thread.

The data are scikit-learn's breast_cancer (UCI "Breast Cancer Wisconsin (Diagnostic)", CC BY 4.0). Every fifth row is
held out, and the rows are standardised with the mean and deviation of the others. The same torch gives the same
weights.
"""

import torch
from torch import Tensor, nn

from synergy.examples import tabular, trained

SEED, STEPS, RATE = 0, 200, 1e-2
DECAY = 3.0  # so strong that the probabilities keep their meaning: without it the logits grow past 90


def fit(network: nn.Module, x: Tensor, y: Tensor) -> None:
    """AdamW on the logistic loss of all rows at once."""
    optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=DECAY)
    for _ in range(STEPS):
        optimizer.zero_grad()
        nn.functional.binary_cross_entropy_with_logits(network(x)[:, 0], y.float()).backward()
        optimizer.step()


def main() -> None:
    """Fit, measure on the held-out rows and write."""
    torch.manual_seed(SEED)
    network = tabular.network()
    rows, y, held_out = tabular.data()
    mean, deviation = rows[~held_out].mean(0), rows[~held_out].std(0)
    x = ((rows - mean) / deviation).float()
    fit(network, x[~held_out], y[~held_out])
    with torch.no_grad():
        right = (network(x[held_out])[:, 0] > 0) == (y[held_out] == 1)
    figures = {
        "accuracy": round(right.double().mean().item(), 4),
        "held_out": int(held_out.sum()),
        "trained_on": int((~held_out).sum()),
    }
    tensors = {**network.state_dict(), "mean": mean, "deviation": deviation}
    path = trained.write("tabular", tensors, figures)
    print(path, figures)


if __name__ == "__main__":
    main()
