"""Handwritten digits: a small convolutional network on scikit-learn's 8x8 images.

Every fifth image is held out: unseen images of writers who may have been seen. The network gets 98.6 % of these 359
right; ``scripts/train_digits.py`` made it. The images are a part of the UCI "Optical Recognition of Handwritten Digits"
(Alpaydin and Kaynak 1998, CC BY 4.0), as scikit-learn (BSD-3-Clause) packages them.
"""

from collections import OrderedDict

import numpy as np
import torch
from torch import Tensor, nn

from decompositions.games import players as grouping
from decompositions.games.game import Game
from synergy.examples.example import Example
from synergy.examples.trained import predictor, read
from synergy.wording.view import Picture

ZOOM = 32  # the picture shows each pixel as a square of this side


def network() -> nn.Sequential:
    """The untrained network, (batch, 1, 8, 8) to (batch, 10) logits; every module is used exactly once."""
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(1, 8, 3, padding=1),
            relu1=nn.ReLU(),
            conv2=nn.Conv2d(8, 16, 3, padding=1),
            relu2=nn.ReLU(),
            pool=nn.MaxPool2d(2),
            flatten=nn.Flatten(),
            fc=nn.Linear(256, 10),
        )
    )


def model() -> nn.Module:
    """The trained network: evaluation mode, float32, on the CPU."""
    with torch.device("meta"):
        module = network()
    return predictor(module, read("digits")[0])


def data() -> tuple[Tensor, Tensor, Tensor]:
    """All images, their digits, and which are held out.

    Returns:
        Ink between 0 and 1, shape ``(1797, 1, 8, 8)``; digits, shape ``(1797,)``; every fifth image, shape ``(1797,)``.

    Raises:
        ImportError: scikit-learn is not installed.
    """
    from sklearn.datasets import load_digits

    stored = load_digits()
    images = torch.tensor(stored.images, dtype=torch.float32)[:, None] / 16
    return images, torch.tensor(stored.target), torch.arange(len(images)) % 5 == 4


def parse(subject: str) -> tuple[int, int]:
    """Digit and position among the held-out images of that digit.

    Raises:
        ValueError: The text is neither a digit nor a digit, a colon and a position.

    >>> parse("7"), parse("7:3")
    ((7, 0), (7, 3))
    """
    digit, _, position = subject.partition(":")
    if len(digit) != 1 or not digit.isdecimal() or not (position.isdecimal() or subject == digit):
        raise ValueError(f"a subject is a digit such as '7', or '7:3' for the fourth held-out seven, not {subject!r}")
    return int(digit), int(position or 0)


def choose(subject: str) -> tuple[Tensor, int]:
    """The held-out image that the subject names, shape ``(1, 1, 8, 8)``, and its digit.

    Raises:
        IndexError: There are not so many held-out images of that digit.
    """
    digit, position = parse(subject)
    images, labels, held_out = data()
    candidates = images[held_out & (labels == digit)]
    if position >= len(candidates):
        raise IndexError(
            f"{len(candidates)} images of {digit} are held out, '{digit}:0' to '{digit}:{len(candidates) - 1}'; "
            f"there is no {subject!r}"
        )
    return candidates[position : position + 1], digit


def view(x: Tensor, regions: Tensor) -> Picture:
    """The image dark on light, each pixel a square."""
    square = np.ones((ZOOM, ZOOM), dtype=np.uint8)
    paper = np.kron((255 * (1 - x[0, 0].numpy())).round().astype(np.uint8), square)
    return Picture(np.stack([paper] * 3, axis=-1), np.kron(regions.expand_as(x)[0, 0].numpy(), square.astype(int)))


def example(subject: str | None = None, players: str | None = None) -> Example:
    """Why does the network see this digit?

    Args:
        subject: "7" for the first held-out seven, which is the default, or "7:3" for the fourth.
        players: As ``decompositions.games.players.parse`` reads them; by default "grid:4x4", squares of 2x2 pixels.

    Returns:
        The game on the logit of the digit that the subject names; an absent square is blank paper.

    Raises:
        ValueError: The subject is not a digit.
        IndexError: There are not so many held-out images of that digit.
        ImportError: scikit-learn or safetensors is not installed.
    """
    return ask("digits", model(), "convolutional network", subject, players)


def ask(name: str, net: nn.Module, kind: str, subject: str | None, players: str | None) -> Example:
    """The question of :func:`example` to another network on these images.

    Args:
        name: The example's; its weights file has underscores for hyphens.
        net: The network, (batch, 1, 8, 8) to (batch, 10) logits; the image is given to it in its own dtype.
        kind: What the network is, in a few words.
        subject: As for :func:`example`.
        players: As for :func:`example`.
    """
    subject = "7" if subject is None else subject
    ink, digit = choose(subject)
    x, figures = ink.to(next(net.parameters())), read(name.replace("-", "_"))[1]
    regions, chances = grouping.parse(players or "grid:4x4", x), net(x).softmax(-1)[0]
    best = int(chances.argmax())
    facts = {
        "model": f"{kind}, {sum(p.numel() for p in net.parameters())} parameters, "
        f"{figures['accuracy']:.1%} right on {figures['held_out']} held-out images",
        "input": f"held-out image {subject}, 8x8 pixels, a handwritten {digit}",
        "prediction": f"{best} with probability {chances[best]:.3f}; the game is the logit of {digit}",
        "baseline": "an absent region is blank paper, 0",
        "source": "UCI Optical Recognition of Handwritten Digits, CC BY 4.0, from scikit-learn",
    }
    names = [f"region {i}" for i in range(int(regions.max()) + 1)]
    game = Game.from_model(net, x, 0.0, target=digit, players=regions, names=names)
    return Example(
        name, f"Why {digit}? A handwritten {digit}", game, view(x, regions), facts, output=f"the logit of {digit}"
    )
