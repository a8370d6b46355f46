"""Breast cancer: a small softplus network on thirty measurements of cell nuclei.

Every fifth patient is held out. The network gets 99.1 % of these 113 right; ``scripts/train_tabular.py`` made it. The
data are the UCI "Breast Cancer Wisconsin (Diagnostic)" set (Wolberg, Mangasarian, Street and Street 1993, CC BY 4.0),
as scikit-learn (BSD-3-Clause) packages them.
"""

from collections import OrderedDict
from dataclasses import replace

import torch
from torch import Tensor, nn

from decompositions.games import players as grouping
from decompositions.games.game import Game
from decompositions.games.pieces import Columns
from decompositions.settings import argument
from synergy.examples.example import Example
from synergy.examples.trained import predictor, read
from synergy.wording.view import Features

STATISTICS = ("mean", "error", "worst")  # of one quantity over the nuclei of a patient, ten columns each
QUANTITIES = (
    "radius",
    "texture",
    "perimeter",
    "area",
    "smoothness",
    "compactness",
    "concavity",
    "concave points",
    "symmetry",
    "fractal dimension",
)
MEASUREMENTS = tuple(f"{statistic} {quantity}" for statistic in STATISTICS for quantity in QUANTITIES)


def network() -> nn.Sequential:
    """The untrained network, (batch, 30) standardised measurements to the (batch, 1) logit of malignant."""
    return nn.Sequential(OrderedDict(fc1=nn.Linear(30, 32), softplus=nn.Softplus(), fc2=nn.Linear(32, 1)))


def model() -> nn.Module:
    """The trained network: evaluation mode, float32, on the CPU."""
    with torch.device("meta"):
        module = network()
    tensors = read("tabular")[0]
    return predictor(module, {name: tensors[name] for name in module.state_dict()})


def data() -> tuple[Tensor, Tensor, Tensor]:
    """All patients, who has a malignant tumour, and who is held out.

    Returns:
        Measurements, float64, shape ``(569, 30)``; 1 for malignant, shape ``(569,)``; every fifth, shape ``(569,)``.

    Raises:
        ImportError: scikit-learn is not installed.
    """
    from sklearn.datasets import load_breast_cancer

    rows, benign = load_breast_cancer(return_X_y=True)
    return torch.tensor(rows), 1 - torch.tensor(benign), torch.arange(len(rows)) % 5 == 4


def standardised(rows: Tensor) -> Tensor:
    """Measurements in standard deviations from the training mean, as the network takes them. Shape ``(m, 30)``."""
    tensors = read("tabular")[0]
    return ((rows - tensors["mean"]) / tensors["deviation"]).float()


def choose(subject: str) -> tuple[Tensor, int]:
    """The held-out row that the subject names, shape ``(1, 30)``, and 1 if its tumour is malignant.

    Raises:
        ValueError: The subject is not a whole number.
        IndexError: There is no such held-out row.
    """
    rows, malignant, held_out = data()
    try:
        position = int(subject)
    except ValueError:
        raise ValueError(f"a subject is the number of a held-out row, such as '0', not {subject!r}") from None
    rows, malignant = rows[held_out], malignant[held_out]
    if not 0 <= position < len(rows):
        raise IndexError(f"the held-out rows are 0 to {len(rows) - 1}; there is no row {position}")
    return rows[position : position + 1], int(malignant[position])


def grouped(players: str) -> tuple[Tensor, tuple[str, ...]]:
    """Player of each of the 30 columns, shape ``(1, 30)``, and the names of the players.

    Raises:
        ValueError: The text is neither "groups" nor "features".
    """
    if players == "groups":
        return torch.arange(30)[None] % len(QUANTITIES), QUANTITIES
    if players == "features":
        return grouping.features(torch.empty(1, 30)), MEASUREMENTS
    raise ValueError(
        f"{argument('players')} are 'groups' (the ten quantities) or 'features' (all 30 columns), not {players!r}"
    )


def view(row: Tensor, groups: Tensor, names: tuple[str, ...]) -> Features:
    """What was measured for each player, in the units of the data set."""
    values = [f"{value:.4g}" for value in row[0].tolist()]
    if len(names) == len(values):
        return Features(names, tuple(values))
    measured = [f"{STATISTICS[i // 10]} {value}" for i, value in enumerate(values)]
    owned = ((groups[0] == i).nonzero().flatten().tolist() for i in range(len(names)))
    return Features(names, tuple(", ".join(measured[i] for i in columns) for columns in owned))


def example(subject: str | None = None, players: str | None = None) -> Example:
    """Which measurements speak for a malignant tumour?

    Args:
        subject: The number of a held-out row, by default "0".
        players: "groups", the default: each of the ten quantities with its mean, error and worst value; or "features",
            all 30 columns one by one.

    Returns:
        The game on the logit of malignant; an absent measurement is the training mean.

    Raises:
        ValueError: The subject is not a whole number, or the players are neither of the two.
        IndexError: There is no such held-out row.
        ImportError: scikit-learn or safetensors is not installed.
    """
    subject = "0" if subject is None else subject
    row, malignant = choose(subject)
    groups, names = grouped(players or "groups")
    x, net, figures = standardised(row), model(), read("tabular")[1]
    chance = net(x).sigmoid().item()
    facts = {
        "model": f"softplus network 30-32-1, {figures['accuracy']:.1%} right on {figures['held_out']} held-out rows",
        "input": f"held-out row {subject}, a {'malignant' if malignant else 'benign'} tumour",
        "prediction": f"malignant with probability {chance:.3f}; the game is its logit, {net(x).item():+.2f}",
        "baseline": "an absent measurement is the mean of the training rows",
        "source": "UCI Breast Cancer Wisconsin (Diagnostic), CC BY 4.0, from scikit-learn",
    }
    game = replace(Game.from_model(net, x, 0.0, players=groups, names=names), pieces=Columns(MEASUREMENTS))
    title = f"Is this tumour malignant? Held-out row {subject}"
    return Example("tabular", title, game, view(row, groups, names), facts, output="the logit of malignant")
