"""Drawn pictures of two objects, one on each side: what they are is asked of the whole, or pixel by pixel.

There are four kinds of objects, 7x7 pixels each, at random places and of random brightness, on noise; a seed draws
always the same pictures. Where both are of one kind, either is enough to name it: so what a network says of a picture
has two reasons that lie apart. The classifier gets all of 1,000 new pictures right; the segmenter 99.2 % of the pixels
of objects, and all but one in 10,000 of the others. ``scripts/train_two_objects.py`` made both.
"""

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from synergy.examples.trained import predictor, read

SIDE, OBJECT = 24, 7  # pixels
NOISE, FAINTEST = 0.3, 0.5  # the brightest noise, and the faintest object
SHAPES = {
    "frame": ("#######", "#.....#", "#.....#", "#.....#", "#.....#", "#.....#", "#######"),
    "plus": ("...#...", "...#...", "...#...", "#######", "...#...", "...#...", "...#..."),
    "cross": ("#.....#", ".#...#.", "..#.#..", "...#...", "..#.#..", ".#...#.", "#.....#"),
    "diamond": ("...#...", "..#.#..", ".#...#.", "#.....#", ".#...#.", "..#.#..", "...#..."),
}
KINDS = tuple(SHAPES)


@dataclass(frozen=True, eq=False)
class Pictures:
    """Some pictures, and what is on them.

    Args:
        images: brightness between 0 and 1, float32. Shape ``(N, 1, 24, 24)``.
        kinds: of the object at the left and of that at the right, places in ``KINDS``. Shape ``(N, 2)``.
        boxes: which pixels lie in the 7x7 of the left object, and of the right one. Shape ``(N, 2, 24, 24)``.
        labels: of every pixel: 0 for the ground, one more than its kind for an object. Shape ``(N, 24, 24)``.
    """

    images: Tensor
    kinds: Tensor
    boxes: Tensor
    labels: Tensor


def draw(count: int, seed: int, *, alike: bool = True) -> Pictures:
    """Pictures that nobody has seen, unless by the same seed.

    Args:
        count: how many.
        seed: of NumPy's random generator.
        alike: both objects of one kind; else of two that are drawn each for itself.
    """
    random = np.random.default_rng(seed)
    kinds = random.integers(len(KINDS), size=(count, 2))
    if alike:
        kinds[:, 1] = kinds[:, 0]
    rows = random.integers(SIDE - OBJECT + 1, size=(count, 2))
    columns = random.integers(SIDE // 2 - OBJECT + 1, size=(count, 2)) + np.array([0, SIDE // 2])
    bright = random.uniform(FAINTEST, 1.0, size=(count, 2))
    images = random.uniform(0.0, NOISE, size=(count, SIDE, SIDE))
    boxes = np.zeros((count, 2, SIDE, SIDE), dtype=bool)
    labels = np.zeros((count, SIDE, SIDE), dtype=np.int64)
    for n, side in np.ndindex(count, 2):
        place = np.s_[rows[n, side] : rows[n, side] + OBJECT, columns[n, side] : columns[n, side] + OBJECT]
        drawn = _bitmap(KINDS[kinds[n, side]])
        boxes[n, side][place] = True
        labels[n][place][drawn] = 1 + kinds[n, side]
        images[n][place][drawn] = bright[n, side]
    pixels = torch.from_numpy(images).float()[:, None]
    return Pictures(pixels, torch.from_numpy(kinds), torch.from_numpy(boxes), torch.from_numpy(labels))


def _bitmap(kind: str) -> np.ndarray:
    return np.array([[pixel == "#" for pixel in row] for row in SHAPES[kind]])


def network() -> nn.Sequential:
    """The untrained classifier, (batch, 1, 24, 24) to (batch, 4) logits; 12 x 12 x 12 neurons are behind ``relu2``."""
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(1, 8, 5, padding=2),
            relu1=nn.ReLU(),
            pool1=nn.MaxPool2d(2),
            conv2=nn.Conv2d(8, 12, 3, padding=1),
            relu2=nn.ReLU(),
            pool2=nn.MaxPool2d(2),
            flatten=nn.Flatten(),
            fc=nn.Linear(432, len(KINDS)),
        )
    )


def segmenter() -> nn.Sequential:
    """The untrained segmenter, (batch, 1, 24, 24) to logits of the ground and of every kind, (batch, 5, 24, 24)."""
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(1, 8, 5, padding=2),
            relu1=nn.ReLU(),
            conv2=nn.Conv2d(8, 12, 5, padding=2),
            relu2=nn.ReLU(),
            conv3=nn.Conv2d(12, 12, 5, padding=2),
            relu3=nn.ReLU(),
            head=nn.Conv2d(12, 1 + len(KINDS), 1),
        )
    )


def model() -> nn.Module:
    """The trained classifier: evaluation mode, float32, on the CPU."""
    with torch.device("meta"):
        module = network()
    return predictor(module, read("two_objects")[0])


def segmentation() -> nn.Module:
    """The trained segmenter: evaluation mode, float32, on the CPU."""
    with torch.device("meta"):
        module = segmenter()
    return predictor(module, read("two_objects_labels")[0])
