"""Superpixels: regions of like colour in a picture, by SLIC, as many as were asked for."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from decompositions.games.cutting import cut
from decompositions.settings import either, setting

COMPACTNESS = 10.0  # scikit-image's own, for colours from 0 to 100
RANGE = 100.0  # of the lightness of a colour
FASTER = 1.25  # by how much more regions are asked for, at most, where there were too few


def superpixels(
    image: np.ndarray, count: int, compactness: float = COMPACTNESS, within: np.ndarray | None = None
) -> np.ndarray:
    """The region of every pixel, numbered by the first pixel of each.

    SLIC (simple linear iterative clustering, by scikit-image) gives about as many regions as it is asked for, often
    far fewer. So it is asked for more until there are enough. Then the smallest joins the neighbour of the nearest
    mean colour, until there are ``count``; where there are never enough, the largest are cut in halves.

    Args:
        image: finite numbers in any unit. Shape ``(H, W, channels)``; one channel is grey, three are red, green and
            blue, others are compared as they are.
        count: of the regions, at most that of the pixels.
        compactness: how much nearness weighs against colour: 1 follows colours closely, 100 gives squares.
        within: booleans, the pixels that are divided; None for all. Shape ``(H, W)``.

    Returns:
        Numbers from 0 to count − 1, −1 outside. Shape ``(H, W)``.

    Raises:
        ImportError: scikit-image is not installed.
    """
    inside = np.ones(image.shape[:2], dtype=bool) if within is None else within
    colours = _scaled(image, inside)
    labels = _slic(colours, count, compactness, inside)
    if labels.max() + 1 > count:
        labels = _joined(labels, colours, count)
    while labels.max() + 1 < count:
        labels = _largest_halved(labels)
    return _in_order(labels)


def _scaled(image: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Colours between 0 and 1 inside; grey as red, green and blue."""
    low, high = image[inside].min(), image[inside].max()
    colours = (image / 2 - low / 2) / (high / 2 - low / 2 if high > low else 1.0)  # without overflow
    return np.repeat(colours, 3, -1) if image.shape[-1] == 1 else colours


def _slic(colours: np.ndarray, count: int, compactness: float, inside: np.ndarray) -> np.ndarray:
    """At least ``count`` regions where SLIC finds them. Numbers from 0 on without a gap, −1 outside."""
    slic, pixels = _scikit_image(), int(inside.sum())
    lab = colours.shape[-1] == 3
    settings: dict[str, Any] = {"compactness": compactness if lab else compactness / RANGE, "convert2lab": lab}
    settings |= {"start_label": 1, "mask": None if inside.all() else inside}
    asked, best = count, np.where(inside, 0, -1)
    while best.max() + 1 < count:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of centres without a pixel
            found = _numbered(slic(colours, n_segments=asked, **settings), inside)
        best = max(best, found, key=np.max)
        if asked >= pixels:
            break
        asked = min(pixels, 1 + int(asked * min(FASTER, count / (found.max() + 1))))
    return best


def _scikit_image() -> Any:
    try:
        from skimage.segmentation import slic
    except ImportError as error:
        raise ImportError(
            "superpixels need scikit-image: pip install 'synergy-effects[segments]', or take "
            + either("players.grid(x.shape, 4)", setting("players", "grid:4x4"))
        ) from error
    return slic


def _numbered(labels: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Labels inside as numbers from 0 on without a gap."""
    numbers = np.full(labels.shape, -1, dtype=np.int64)
    numbers[inside] = np.unique(labels[inside], return_inverse=True)[1].reshape(-1)
    return numbers


def _joined(labels: np.ndarray, colours: np.ndarray, count: int) -> np.ndarray:
    """The smallest region joins the neighbour of the nearest mean colour, of equals the smallest; until ``count``."""
    inside = labels >= 0
    owner = np.arange(labels.max() + 1)
    sizes = np.bincount(labels[inside])
    sums = np.stack([np.bincount(labels[inside], weights=channel[inside]) for channel in np.moveaxis(colours, -1, 0)])
    neighbours, left = _neighbours(labels), set(owner.tolist())
    while len(left) > count:
        small = min(left, key=lambda each: sizes[each])
        left.remove(small)
        near = sorted(neighbours[small] or left, key=lambda each: (sizes[each], each))
        means = sums[:, near] / sizes[near]
        kept = near[int(np.linalg.norm(means - (sums[:, small] / sizes[small])[:, None], axis=0).argmin())]
        owner[owner == small] = kept
        sizes[kept] += sizes[small]
        sums[:, kept] += sums[:, small]
        for each in neighbours[small]:
            neighbours[each] = (neighbours[each] | {kept}) - {small, each}
        neighbours[kept] |= neighbours[small] - {kept}
    return np.where(inside, _numbered(owner[labels], inside), -1)


def _neighbours(labels: np.ndarray) -> list[set[int]]:
    """The regions that share a side of a pixel with each."""
    found: list[set[int]] = [set() for _ in range(labels.max() + 1)]
    for one, other in ((labels[1:], labels[:-1]), (labels[:, 1:], labels[:, :-1])):
        border = (one != other) & (one >= 0) & (other >= 0)
        for a, b in np.unique(np.stack([one[border], other[border]], 1), axis=0).tolist():
            found[a].add(b)
            found[b].add(a)
    return found


def _largest_halved(labels: np.ndarray) -> np.ndarray:
    """The largest region as two."""
    largest = labels == np.bincount(labels[labels >= 0]).argmax()
    halved = labels.copy()
    halved[largest] = np.where(cut(np.argwhere(largest), 2) == 1, labels.max() + 1, labels[largest])
    return halved


def _in_order(labels: np.ndarray) -> np.ndarray:
    """Numbered by the first pixel of each."""
    inside = labels >= 0
    _, first, which = np.unique(labels[inside], return_index=True, return_inverse=True)
    ordered = np.full(labels.shape, -1, dtype=np.int64)
    ordered[inside] = first.argsort().argsort()[which.reshape(-1)]
    return ordered
