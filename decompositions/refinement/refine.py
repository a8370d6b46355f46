"""From coarse players to finer ones: those that matter most are looked at more closely."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from decompositions.arguments import shown, whole
from decompositions.games.cutting import cut
from decompositions.games.function_cube import FunctionCube
from decompositions.games.game import Game, require_game
from decompositions.games.pieces import AbstractPieces
from decompositions.games.players import colours
from decompositions.games.superpixels import superpixels
from decompositions.refinement.strength import strength

PARTS = "parts is the number of finer players in which each is split; None for as many as it has pieces"
WAYS = ("halves", "segments")


def refine(game: Game, effects: Any, count: int = 1, *, parts: int | None = 2, by: str = "halves") -> Game:
    r"""The same question with finer players: those with the largest effects are split, all others stay.

    A player T of the coarse game is a union of players of the finer one, and switched as a whole it is the same input.
    So both games have the same values at all unions of coarse players, and with o(i) the coarse player of i

    .. math:: J_{coarse}(S) = \sum_{T:\, o(T) = S} J_{fine}(T).

    Players are regions of a picture, spans of a text, groups of columns or any other group of entries. They are cut
    into parts of about as many entries: regions across their longer side, spans between words as long as there are
    several, then between tokens, columns in their order. Entries that share a player by broadcasting, as the colours of
    a pixel or the components of a token's vector, are never told apart. The parts come in the place of their player,
    with the names of their words or columns, or numbered: ``region 4.1``, ``region 4.2``. No call is made.

    Args:
        game: the coarse one.
        effects: of it, all or some of them (``harsanyi``, ``taylor``, ``strongest``): a player has the size of its
            equal shares, :func:`decompositions.refinement.strength.strength`. Or one number for each player, as
            attributions are.
        count: how many players are split, of those that can be: of several entries, and not the same in x and b.
        parts: in how many each is split, or in as many as it has where these are fewer. None for all words of a span,
            all tokens of a word, all columns, all pixels.
        by: "halves", or "segments" for regions of like colour in a picture
            (:func:`decompositions.games.superpixels.superpixels`), as x is given to the model.

    Raises:
        TypeError, ValueError: whatever does not fit; a game without entries behind its players (an expression, a
            table); no player that can be split.
        ImportError: segments without scikit-image.

    Theory: :ref:`coarser-players`.

    >>> import torch
    >>> columns = torch.tensor([[0, 0, 0, 1]])
    >>> game = Game.from_function(lambda z: z.prod(1), torch.full((1, 4), 2.0), 1.0, columns, names=["a", "b"])
    >>> refine(game, [7, 1]).names, refine(game, [7, 1], parts=None).names
    (('a.1', 'a.2', 'b'), ('a.1', 'a.2', 'a.3', 'b'))
    """
    require_game(game, "refine()")
    if not isinstance(game.cube, FunctionCube):
        raise ValueError(
            "refine() splits players that are several entries of an input: a player of an expression is one symbol, "
            "and behind a table there is no input"
        )
    count = whole(count, "count is the number of players that are split", 1)
    parts = parts if parts is None else whole(parts, PARTS, 2)
    if by not in WAYS:
        raise ValueError(f"by says how players are split, 'halves' or 'segments', not {shown(by)}")
    table = game.cube.players.cpu().numpy()
    pieces = game.pieces if game.pieces is not None and len(game.pieces) == table.size else None
    part = np.zeros(table.shape, dtype=np.int64)
    for player in _chosen(game, table, strength(game, effects), count):
        mine = table == player
        part[mine] = _segments(game.cube, mine, parts) if by == "segments" else _halves(mine, pieces, parts)
    return _regrouped(game, table, part, pieces)


def _chosen(game: Game, table: np.ndarray, strengths: np.ndarray, count: int) -> list[int]:
    """The strongest players that can be split.

    Raises:
        ValueError: none can.
    """
    several = np.bincount(table.reshape(-1), minlength=game.n) > 1
    able = [player for player in game.cube.active() if several[player]]
    if not able:
        raise ValueError(
            f"none of the {game.n} players can be split: each is a single pixel, token, column or other entry, or is "
            "the same in x and the baseline"
        )
    return sorted(able, key=lambda player: -strengths[player])[:count]


def _halves(mine: np.ndarray, pieces: AbstractPieces | None, parts: int | None) -> np.ndarray:
    """The part of each entry of a player."""
    places = np.argwhere(mine)
    if pieces is not None:
        units = np.array(pieces.units())[mine.reshape(-1)]
        places = units[:, None] if len(np.unique(units)) > 1 else places
    return cut(places, len(places) if parts is None else parts)


def _segments(cube: FunctionCube, mine: np.ndarray, parts: int | None) -> np.ndarray:
    """The superpixel of each pixel of a player.

    Raises:
        ValueError: no picture, or no number of parts.
    """
    x = cube.x[:1]
    if x.ndim < 3 or mine.shape[-2:] != tuple(x.shape[-2:]) or mine.size != mine.shape[-2] * mine.shape[-1]:
        raise ValueError(
            "segments are regions of a picture whose colours share their players; these players, of shape "
            f"{mine.shape} for an input {tuple(x.shape)}, are none: split them by='halves'"
        )
    if parts is None:
        raise ValueError("segments are as many as parts says; give parts=2 or more")
    within, asked = mine.reshape(mine.shape[-2:]), cube.row_function
    image = colours(x if asked is None else asked.cells.taken(x.cpu().numpy()))
    return superpixels(image, min(parts, int(within.sum())), within=within)[within]


def _regrouped(game: Game, table: np.ndarray, part: np.ndarray, pieces: AbstractPieces | None) -> Game:
    """Every pair of a player and a part as a player, in this order."""
    pairs, number = np.unique(np.stack([table.reshape(-1), part.reshape(-1)]), axis=1, return_inverse=True)
    number = number.reshape(-1)
    split = np.bincount(pairs[0], minlength=game.n) > 1
    names = []
    for each, (player, which) in enumerate(pairs.T.tolist()):
        name = game.names[player]
        if split[player]:
            own = "" if pieces is None else pieces.name(np.flatnonzero(number == each).tolist())
            name = own or f"{name}.{which + 1}"
        names.append(name)
    return game.regrouped(torch.from_numpy(number.reshape((1, *table.shape))), names)
