"""Players: which entries of the input go in and out together.

Every function gives an integer tensor for the argument ``players`` of a game, entry → player 0 … n−1, shaped so that it
broadcasts to the input. Any integer tensor of that kind will do, a captum-style ``feature_mask`` included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any

import numpy as np
import torch

from decompositions.arguments import entries, real, shown, whole
from decompositions.counts import count
from decompositions.games.superpixels import COMPACTNESS, superpixels
from decompositions.memory import needed
from decompositions.settings import argument, either, setting

AXES = "x is an input, and every entry of it a player: a tensor or an array"
LABELS = "labels are whole numbers, one per entry, in a tensor, an array or nested lists"
PLAYERS = "players are whole numbers, entry → player, in a tensor, an array or nested lists"
FLAGS = "; for a player that is there and one that is not, number them: players.segments(flags)"
REGIONS = "; for regions of a picture say how many: players.segments(x, 12)"
SHAPE = "the shape of a grid is that of the picture, as x.shape, and each of its entries"
CELLS = "the cells of a grid are k for k × k of them or (rows, columns), each"
LONG = 20  # digits that no number of cells has
PICTURE = "superpixels are those of one picture as the model takes it, x of shape (1, channels, H, W) or (H, W)"
CHANNELS = (1, 3, 4)  # of a picture that has them last
SMALLER = "give the shape of the picture, as x.shape"
WITHIN_INT64 = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)
WORDS = "'features', 'grid:K', 'grid:ROWSxCOLUMNS' or 'segments:K'"
KINDS = {"grid": 2, "segments": 1}  # of players in a word, and the numbers that may follow
TOKENS = "tokens are a tensor of ids, or a sequence of words or of the tokens' word numbers"


def features(x: Any) -> torch.Tensor:
    """One player per entry of x. Shape of x (with its batch axis of 1).

    Raises:
        TypeError: no input.

    >>> features(torch.zeros(1, 3)).tolist()
    [[0, 1, 2]]
    """
    shape = x.shape if isinstance(x, (torch.Tensor, np.ndarray)) else _array(x, AXES).shape
    return torch.arange(int(np.prod(shape))).reshape(tuple(shape))


def grid(shape: Sequence[int], cells: int | tuple[int, int]) -> torch.Tensor:
    """One player per cell of a grid over the last two axes, numbered row by row.

    Args:
        shape: of the picture or the input, ``(..., H, W)``.
        cells: k for k × k cells, or (rows, columns). Cells differ by at most one pixel a side.

    Returns:
        Shape ``(1, …, 1, H, W)`` with as many axes as ``shape``.

    Raises:
        TypeError: no whole numbers.
        ValueError: fewer than two axes, or more cells than pixels along a side.

    >>> grid((2, 4), (1, 2)).tolist()
    [[0, 0, 1, 1], [0, 0, 1, 1]]
    """
    shape, (rows, columns) = _axes(shape), _cells(cells)
    if len(shape) < 2:
        every = either("features(x)", setting("players", "features"))
        raise ValueError(f"a grid needs a height and a width; the shape is {shape}; {every} needs neither")
    height, width = shape[-2:]
    if not (1 <= rows <= height and 1 <= columns <= width):
        cells_said, pixels = f"{count(rows)}x{count(columns)}", f"{count(height)}x{count(width)}"
        raise ValueError(f"a grid of {cells_said} cells does not fit {pixels} pixels; take 1 to that many a side")
    with needed(f"the {count(height)}x{count(width)} pixels of a grid", 8 * height * width, way_out=SMALLER):
        return _cell_numbers(len(shape), (height, width), (rows, columns))


def _cell_numbers(axes: int, pixels: tuple[int, int], cells: tuple[int, int]) -> torch.Tensor:
    """Each pixel's cell, with axes of size 1 before."""
    (height, width), (rows, columns) = pixels, cells
    down = torch.arange(height) * rows // height
    across = torch.arange(width) * columns // width
    return (down[:, None] * columns + across).reshape((1,) * (axes - 2) + (height, width))


def _axes(shape: Any) -> tuple[int, ...]:
    if isinstance(shape, (torch.Tensor, np.ndarray)) and shape.ndim != 1:
        raise TypeError(f"{SHAPE}, a whole number; this is the picture itself, of shape {tuple(shape.shape)}")
    return tuple(whole(size, SHAPE) for size in entries(shape, f"{SHAPE}, a whole number"))


def _cells(cells: Any) -> tuple[int, int]:
    several = isinstance(cells, (tuple, list)) or getattr(cells, "ndim", 0) == 1
    sizes = [whole(size, CELLS) for size in (cells if several else (cells, cells))]
    if len(sizes) != 2:
        raise ValueError(f"{CELLS}, a whole number; these are {len(sizes)}")
    return sizes[0], sizes[1]


def segments(labels: Any, number: int | None = None, *, compactness: float = COMPACTNESS) -> torch.Tensor:
    """One player per distinct label, in ascending order: regions, groups of features. Shape of ``labels``.

    With a number it takes a picture, and proposes so many superpixels of like colour, numbered by the first pixel of
    each: :func:`decompositions.games.superpixels.superpixels`, by scikit-image's SLIC.

    Args:
        labels: whole numbers of any type; of booleans, False is the first player and True the second. With a number
            the picture as the model takes it, ``(1, channels, H, W)`` or with fewer axes before ``H, W``.
        number: of superpixels, None for labels. The players have the shape ``(1, …, 1, H, W)`` with as many axes as
            the picture.
        compactness: how much nearness weighs against colour: 1 follows colours closely, 100 gives squares.

    Raises:
        TypeError: other labels, or no picture.
        ValueError: a picture of another shape, or with numbers that are not finite; more superpixels than pixels.
        ImportError: superpixels without scikit-image.

    >>> segments([[7, 7, 2]]).tolist()
    [[1, 1, 0]]
    """
    device = labels.device if isinstance(labels, torch.Tensor) else "cpu"
    if number is not None:
        return _superpixels(labels, number, compactness).to(device)
    array = _array(labels, LABELS)
    if array.dtype.kind not in "biu":
        raise TypeError(f"{LABELS}; these are {_kind(labels, array)}{REGIONS if array.dtype.kind == 'f' else ''}")
    numbers = np.unique(array, return_inverse=True)[1].reshape(array.shape)
    return torch.from_numpy(numbers.astype(np.int64)).to(device)


def _superpixels(picture: Any, number: Any, compactness: Any) -> torch.Tensor:
    image = colours(picture)
    height, width = image.shape[:2]
    number = whole(number, f"the number of superpixels is at most that of pixels, {height}x{width} here", 1)
    if number > height * width:
        raise ValueError(f"{count(number)} superpixels do not fit {height}x{width} pixels; take 1 to that many")
    compactness = real(compactness, "compactness is how much nearness weighs against colour", above=0)
    regions = torch.from_numpy(superpixels(image, number, compactness))
    return regions.reshape((1,) * (np.ndim(picture) - 2) + (height, width))


def colours(picture: Any) -> np.ndarray:
    """A picture as a model takes it, with its channels last. Shape ``(…, H, W)`` → ``(H, W, channels)``, float64.

    Raises:
        TypeError: no picture.
        ValueError: of another shape, without a pixel, or with numbers that are not finite.
    """
    array = _array(picture, PICTURE)
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{PICTURE}, not {_kind(picture, array)}")
    shape = array.shape
    if array.ndim == 3 and shape[-1] in CHANNELS and shape[0] not in CHANNELS:
        raise ValueError(f"{PICTURE}; this one, of shape {shape}, has its channels last: take np.moveaxis(x, -1, 0)")
    if array.ndim < 2 or any(size != 1 for size in shape[:-3]) or not array.size:
        raise ValueError(f"{PICTURE}, not of shape {shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{PICTURE}, whose numbers are finite; this one has {array[~np.isfinite(array)][0]}")
    return np.moveaxis(array.reshape(-1, *shape[-2:]), 0, -1).astype(np.float64)


def tokens(ids: Any) -> torch.Tensor:
    """One player per token, or per word, clause or other group of tokens.

    Args:
        ids: token ids with their batch axis, ``(1, L)``, in a tensor, an array or nested lists, or a tensor ``(L,)``:
            the players have their shape. Or a sequence: of words (one player each),
            or of whole numbers that say to which word each token belongs, as tokenizers' ``word_ids()`` give them, or
            to which clause: the players have shape ``(1, L, 1)``, for embeddings of shape ``(1, L, D)``.

    Raises:
        TypeError: anything else, a text among it.
        ValueError: no token, or one without a word.

    >>> tokens(["not", "happy"]).shape, tokens([0, 0, 1]).flatten().tolist()
    (torch.Size([1, 2, 1]), [0, 0, 1])
    """
    if isinstance(ids, torch.Tensor):
        return features(_whole_numbers(ids, TOKENS))
    given = entries(ids, TOKENS)
    if not given:
        raise ValueError(f"{TOKENS}; there is none")
    if all(isinstance(entry, str) for entry in given):
        return torch.arange(len(given)).reshape(1, -1, 1)
    if any(entry is None for entry in given):
        raise ValueError(
            "a token that belongs to no word (None) has no player; let the model add special tokens itself"
        )
    numbers = _whole_numbers(given, TOKENS)
    return features(numbers) if numbers.ndim > 1 else segments(numbers).reshape(1, -1, 1)


def parse(text: str, x: Any) -> torch.Tensor:
    """Players from a word of the command line: ``features``, ``grid:4``, ``grid:3x5`` or ``segments:12``.

    Args:
        text: the word.
        x: the input, which superpixels look at. Shape ``(1, …)``.

    Returns:
        Entry → player, of a shape that broadcasts to x.

    Raises:
        ValueError: anything else.

    >>> parse("grid:1x2", torch.zeros(2, 4)).unique().tolist()
    [0, 1]
    """
    kind, _, size = text.partition(":")
    if kind == "features" and not size:
        return features(x)
    parts = size.lower().split("x")
    if kind in KINDS and len(parts) <= KINDS[kind] and all(part.isdecimal() and len(part) < LONG for part in parts):
        try:
            return segments(x, int(size)) if kind == "segments" else grid(x.shape, (int(parts[0]), int(parts[-1])))
        except ValueError as error:
            raise ValueError(f"{setting('players', text)}: {error}") from error
    raise ValueError(f"{argument('players')} are {WORDS}, not {shown(text)}")


def check(players: Any, shape: Sequence[int]) -> tuple[torch.Tensor, int]:
    """The players of an input of the given shape (batch axis of 1 included), and their number.

    Args:
        players: whole numbers of any type, or None for one player per entry.
        shape: of the input.

    Returns:
        The players as int64 with as many axes as the input, and n.

    Raises:
        TypeError: not whole numbers.
        ValueError: the shape does not broadcast to the input's, or the numbers have a gap.
    """
    if players is None:
        players = features(torch.empty(tuple(shape), device="meta"))
    players = _whole_numbers(players, PLAYERS)
    try:
        fits = torch.broadcast_shapes(players.shape, tuple(shape)) == tuple(shape)
    except RuntimeError:
        fits = False
    if not fits:
        raise ValueError(f"players of shape {tuple(players.shape)} do not broadcast to the input's {tuple(shape)}")
    n = _count(players)
    return players.reshape((1,) * (len(shape) - players.ndim) + tuple(players.shape)), n


def _count(players: torch.Tensor) -> int:
    """The number of players; nothing as long as the largest number is made.

    Raises:
        ValueError: a gap, or a negative number.
    """
    used = torch.unique(players).tolist()
    n = len(used)
    if n and (used[0], used[-1]) != (0, n - 1):
        present = set(used)
        missing = [number for number in range(n + 5) if number < used[-1] and number not in present]
        which = f"{missing[:5]} missing" if used[0] >= 0 else f"the smallest is {used[0]}"
        raise ValueError(f"players are numbered 0 to n−1 without a gap; {which}; players.segments() renumbers them")
    return n


def _whole_numbers(values: Any, rule: str) -> torch.Tensor:
    """Whole numbers of any type as int64: torch reads uint8 as a mask, and other types only in places.

    Raises:
        TypeError: anything else.
        ValueError: numbers beyond int64.
    """
    if isinstance(values, torch.Tensor) and values.dtype in WITHIN_INT64:
        return values.to(torch.int64)
    array = _array(values, rule)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{rule}, not {_kind(values, array)}{FLAGS if array.dtype.kind == 'b' else ''}")
    if array.dtype.kind == "u" and array.size and array.max() > np.iinfo(np.int64).max:
        raise ValueError(f"{rule}; {array.max()} is beyond what int64 holds: players.segments() renumbers them")
    numbers = torch.from_numpy(array.astype(np.int64))
    return numbers.to(values.device) if isinstance(values, torch.Tensor) else numbers


def _array(values: Any, rule: str) -> np.ndarray:
    """Numbers of one type and shape as an array; whole numbers among other objects are looked for.

    Raises:
        TypeError: text, a mapping, a set, nothing, rows of several lengths, …
    """
    try:
        array = values.detach().cpu().numpy() if isinstance(values, torch.Tensor) else np.asarray(values)
    except (ValueError, TypeError, RuntimeError) as error:
        raise TypeError(f"{rule}, not {shown(values)}: {str(error).splitlines()[0]}") from error
    if array.dtype == object and array.size and all(type(entry) is int for entry in array.flat):
        array = _fitting(array, rule)
    if array.dtype.kind not in "biufc" or isinstance(values, (str, bytes, Mapping, Set)):
        raise TypeError(f"{rule}, not {shown(values)}")
    return array


def _fitting(array: np.ndarray, rule: str) -> np.ndarray:
    try:
        return array.astype(np.int64)
    except OverflowError as error:
        raise TypeError(f"{rule}; these are beyond what int64 holds") from error


def _kind(values: Any, array: np.ndarray) -> str:
    """The type of numbers, as whoever made them calls it."""
    return str(values.dtype) if isinstance(values, torch.Tensor) else str(array.dtype)
