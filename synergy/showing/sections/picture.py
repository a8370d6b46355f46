"""A picture in a report: its regions, their borders and numbers, and the colours of shares."""

from __future__ import annotations

import base64
import math
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

from decompositions.effects.effects import Effects
from synergy.wording.colours import NEGATIVE, POSITIVE
from synergy.wording.names import shared_start, shorten
from synergy.wording.view import Picture

PIXELS = 480  # of a picture's longer side
PANEL = 230  # pixels on the screen that a small picture is wide
READABLE = 8.5  # pixels on the screen of the smallest number on a picture


def picture(view: Picture, effects: Effects) -> dict[str, Any]:
    """The picture in grey and in colour, the borders of its regions and the places of their numbers."""
    image, regions = _small(view)
    grey = (image.astype(np.float64) @ [0.299, 0.587, 0.114] * 0.62 + 70).astype(np.uint8)
    prefix = shared_start(effects.names)
    height, width = regions.shape
    return {
        "width": width,
        "height": height,
        "colour": _png(image),
        "grey": _png(np.repeat(grey[..., None], 3, -1)),
        "coarse": max(height, width) <= 64,
        "borders": _borders(regions),
        "shapes": [_shape(regions == region) for region in range(effects.n)],
        "places": _places(regions, effects.n),
        "marks": [shorten(name[len(prefix) :], 6) for name in effects.names],
        "limit": READABLE * width / PANEL,
    }


def _small(view: Picture) -> tuple[np.ndarray, np.ndarray]:
    """Every k-th pixel of a picture that is larger than needed."""
    step = -(-max(view.regions.shape) // PIXELS)
    return view.image[::step, ::step], view.regions[::step, ::step]


def overlay(view: Picture, shares: np.ndarray) -> str:
    """One colour per region, the clearer the larger its share of the scale."""
    colours = np.where(shares[:, None] > 0, POSITIVE, NEGATIVE)
    alpha = np.where(shares == 0, 0, 0.12 + 0.73 * np.abs(shares) ** 0.7) * 255
    table = np.concatenate([colours, alpha[:, None]], 1).astype(np.uint8)
    return _png(table[_small(view)[1]])


def _places(regions: np.ndarray, n: int) -> list[tuple[float, float, float] | None]:
    """For each region the middle of a number, x and y, and the side of the square of its area."""
    places: list[tuple[float, float, float] | None] = []
    for region in range(n):
        inside = regions == region
        rows, cols = np.nonzero(inside)
        if not len(rows):
            places.append(None)
            continue
        y, x = float(rows.mean()), float(cols.mean())
        if not inside[round(y), round(x)]:
            nearest = int(np.argmin((rows - y) ** 2 + (cols - x) ** 2))
            y, x = float(rows[nearest]), float(cols[nearest])
        places.append((x + 0.5, y + 0.5, math.sqrt(len(rows))))
    return places


def _shape(inside: np.ndarray) -> str:
    """An SVG path that covers a region: a rectangle for every run of pixels that lasts for some lines."""
    open_runs: dict[tuple[int, int], int] = {}
    done = []
    padded = np.pad(inside, ((0, 1), (1, 1))).astype(np.int8)
    for line, steps in enumerate(np.diff(padded, axis=1)):
        runs = set(zip(np.flatnonzero(steps == 1).tolist(), np.flatnonzero(steps == -1).tolist(), strict=True))
        for start, stop in sorted(open_runs.keys() - runs):
            first = open_runs.pop((start, stop))
            done.append(f"M{start} {first}V{line}H{stop}V{first}Z")
        for run in runs - open_runs.keys():
            open_runs[run] = line
    return "".join(done)


def _borders(regions: np.ndarray) -> str:
    """An SVG path along the edges between regions."""
    down = _runs((regions[:, 1:] != regions[:, :-1]).T, lambda line, start, stop: f"M{line} {start}V{stop}")
    across = _runs(regions[1:] != regions[:-1], lambda line, start, stop: f"M{start} {line}H{stop}")
    return "".join(down + across)


def _runs(edges: np.ndarray, draw: Callable[[int, int, int], str]) -> list[str]:
    """Every run of true entries in the rows, as drawn from its line, start and stop."""
    padded = np.pad(edges, ((0, 0), (1, 1))).astype(np.int8)
    steps = np.diff(padded, axis=1)
    lines, starts = np.nonzero(steps == 1)
    stops = np.nonzero(steps == -1)[1]
    runs = zip((lines + 1).tolist(), starts.tolist(), stops.tolist(), strict=True)
    return [draw(line, start, stop) for line, start, stop in runs]


def _png(pixels: np.ndarray) -> str:
    """Pixels ``(H, W, 3)`` or, with opacity, ``(H, W, 4)`` in uint8, as a data: address."""
    height, width, channels = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 8, {3: 2, 4: 6}[channels], 0, 0, 0)
    rows = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)], 1)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b"")]
    chunks = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in parts
    ]
    return "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"".join(chunks)).decode()
