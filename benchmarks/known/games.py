"""The games of the examples on which estimates are compared: ``python -m benchmarks.known.games`` writes them.

Each is written as a plain NumPy archive that says all of it, so that any library in any Python can be asked the same
game: all 2ⁿ values where n ≤ 14, else the parts that it is a sum of. What is absent is what it is in the example.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from benchmarks.known import strong, truth
from synergy import Game
from synergy.examples import digits, load, tabular

CACHE = Path(__file__).parent / "cache"
THIRTEEN = "the film was not bad, but I would never ever watch it again"
FORTY_THREE = (
    "I expected very little from this film, and for the first half hour it was slow and dull, but then the "
    "actors found their rhythm, the jokes became sharp, and I left the cinema happy, even if I will not see it twice"
)
REACH = 2  # pixels beyond a pooled cell of 2x2 that two convolutions of 3x3 see


@dataclass(frozen=True, eq=False)
class Question:
    """A game, what is true of it, and what of it costs little.

    Args:
        name: The game and its number of players, as in the table.
        game: The game as this package takes it.
        truth: The exact indices.
        values: The game's values. Coalitions of shape ``(m, n)`` to ``(m,)``, float64.
    """

    name: str
    game: Game
    truth: truth.Truth
    values: Callable[[np.ndarray], np.ndarray]


def sentence13() -> Question:
    """A sentence of 13 words."""
    return _tabled("sentence 13", lambda: load("sentence", THIRTEEN).game)


def photo12() -> Question:
    """A photo of coffee in 3 x 4 patches."""
    return _tabled("photo 12", lambda: load("photo", "coffee", "grid:3x4").game)


def digits14() -> Question:
    """A handwritten eight, in squares of 2x2 pixels, of which 14 have ink."""
    return _tabled("digits 14", lambda: inked("8:8", 2, 14))


def digits30() -> Question:
    """A handwritten two whose 30 pixels with ink are the players.

    The logit is a sum over the 16 cells of the last pooling, each of which sees at most 6 x 6 pixels.
    """
    stored = _stored("digits 30", _cells)
    parts = [(stored[f"players{i}"], stored[f"values{i}"]) for i in range(16)]
    game = inked("2:17", 1, 30)
    return Question("digits 30", game, _known("digits 30", lambda: truth.of_parts(30, parts)), _sum_of_parts(parts))


def tumours30() -> Question:
    """Thirty measurements of a tumour: a softplus network with one hidden layer."""
    stored = _stored("tumours 30", _softplus)
    numbers = stored["weights"], stored["biases"], stored["heads"]
    game = load("tabular", "0", "features").game
    known = _known("tumours 30", lambda: truth.of_softplus(*numbers))
    return Question("tumours 30", game, known, _softplus_values(*numbers))


def sentence43() -> Game:
    """A sentence of 43 words; its indices are out of reach, its pairs are not."""
    return load("sentence", FORTY_THREE).game


def dividends_of_digits30(order: int) -> strong.Dividends:
    """All dividends of at most ``order`` pixels."""
    stored = _stored("digits 30", _cells)
    return strong.of_parts([(stored[f"players{i}"], stored[f"values{i}"]) for i in range(16)], order)


def dividends_of_photo12(order: int) -> strong.Dividends:
    """All dividends of at most ``order`` patches."""
    return strong.of_parts([(np.arange(12), _stored("photo 12", dict)["table"])], order)


def dividends_of_sentence43(game: Game) -> strong.Dividends:
    """All dividends of single words and pairs."""
    values = _stored("sentence 43 pairs", lambda: {"values": _values_of_pairs(game)})["values"]
    return strong.of_pairs(game.n, values)


def _values_of_pairs(game: Game) -> np.ndarray:
    rows = np.zeros((1 + game.n + game.n * (game.n - 1) // 2, game.n), dtype=bool)
    for row, players in zip(rows[1:], strong.up_to(game.n, 2), strict=True):
        row[list(players)] = True
    return game(torch.as_tensor(rows)).numpy().astype(np.float64)


QUESTIONS: dict[str, Callable[[], Question]] = {
    "sentence 13": sentence13,
    "photo 12": photo12,
    "digits 14": digits14,
    "digits 30": digits30,
    "tumours 30": tumours30,
}


def inked(subject: str, side: int, n: int) -> Game:
    """The digits' game whose players are the squares with ink; blank ones change nothing and go to player 0."""
    x, digit = digits.choose(subject)
    squares = torch.arange(64 // side**2).reshape(8 // side, -1)
    squares = squares.repeat_interleave(side, 0).repeat_interleave(side, 1)
    ink = squares[x[0, 0] > 0].unique()
    if len(ink) != n:
        raise ValueError(f"the digit {subject} has {len(ink)} squares of side {side} with ink, not {n}")
    players = torch.zeros(64 // side**2, dtype=torch.long)
    players[ink] = torch.arange(n)
    return Game.from_model(digits.model(), x, 0.0, target=digit, players=players[squares][None, None])


def _tabled(name: str, game: Callable[[], Game]) -> Question:
    """A game whose 2ⁿ values are evaluated once and kept."""
    values = _stored(name, lambda: {"table": _all_values(game())})["table"]
    n = len(values).bit_length() - 1
    powers = 1 << np.arange(n)
    known = _known(name, lambda: truth.of_table(values))
    return Question(name, Game.from_values(values), known, lambda z: values[z.astype(int) @ powers])


def _known(name: str, make: Callable[[], truth.Truth]) -> truth.Truth:
    return truth.Truth(**_stored(f"{name} truth", lambda: asdict(make())))


def _all_values(game: Game) -> np.ndarray:
    return game(torch.as_tensor(truth.members(game.n))).numpy().astype(np.float64)


def _cells() -> dict[str, np.ndarray]:
    """By pooled cell: the players that it sees, and all values of its share of the logit; the first has the bias."""
    game = inked("2:17", 1, 30)
    x, digit = digits.choose("2:17")
    net, x = digits.model().double(), x.double()
    players = game.cube.entry_players().reshape(8, 8).numpy()
    heads, bias = net.fc.weight[digit].reshape(16, 4, 4), net.fc.bias[digit].item()
    found = {}
    for cell in range(16):
        row, column = divmod(cell, 4)
        seen = np.zeros((8, 8), dtype=bool)
        seen[max(2 * row - REACH, 0) : 2 * row + 2 + REACH, max(2 * column - REACH, 0) : 2 * column + 2 + REACH] = True
        pixels = np.argwhere(seen & (x[0, 0].numpy() > 0))
        found[f"players{cell}"] = players[tuple(pixels.T)]
        values = [_cell(net, x, pixels, part, heads, (row, column)) for part in _spans(len(pixels))]
        found[f"values{cell}"] = np.concatenate(values) + (bias if cell == 0 else 0)
    return found


def _spans(n: int, most: int = 1 << 13) -> list[np.ndarray]:
    """All coalitions of n players, in blocks of 0/1 rows."""
    return [
        (np.arange(start, min(start + most, 1 << n))[:, None] >> np.arange(n) & 1).astype(bool)
        for start in range(0, 1 << n, most)
    ]


def _cell(net, x, pixels, coalitions, heads, cell) -> np.ndarray:
    """A pooled cell's share of the logit, for coalitions of the pixels that it sees."""
    images = torch.zeros(len(coalitions), 1, 8, 8, dtype=torch.float64)
    images[:, 0, pixels[:, 0], pixels[:, 1]] = torch.as_tensor(coalitions) * x[0, 0, pixels[:, 0], pixels[:, 1]]
    row, column = cell
    top, left = max(2 * row - REACH, 0), max(2 * column - REACH, 0)
    images = images[:, :, top : 2 * row + 2 + REACH, left : 2 * column + 2 + REACH]
    with torch.no_grad():  # the margin's own convolutions are wrong at the cut edges, two pixels deep, and not used
        maps = net.pool(net.relu2(net.conv2(net.relu1(net.conv1(images)))))
        return (maps[:, :, (2 * row - top) // 2, (2 * column - left) // 2] @ heads[:, row, column]).numpy()


def _sum_of_parts(parts: list[tuple[np.ndarray, np.ndarray]]) -> Callable[[np.ndarray], np.ndarray]:
    def values(z: np.ndarray) -> np.ndarray:
        return sum(table[z[:, players].astype(int) @ (1 << np.arange(len(players)))] for players, table in parts)

    return values


def _softplus() -> dict[str, np.ndarray]:
    """The tumours' network on one row: v(z) = Σ heads · softplus(biases + weights z); its bias is a last head."""
    net, x = tabular.model().double(), tabular.standardised(tabular.choose("0")[0]).double()
    bias = net.fc2.bias.item()
    constant = np.log(np.expm1(1.0))  # whose softplus is 1
    return {
        "weights": np.vstack(((net.fc1.weight * x).numpy(), np.zeros((1, 30)))),
        "biases": np.append(net.fc1.bias.numpy(), constant),
        "heads": np.append(net.fc2.weight[0].numpy(), bias),
    }


def _softplus_values(weights: np.ndarray, biases: np.ndarray, heads: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    return lambda z: np.logaddexp(0, z @ weights.T + biases) @ heads


def _stored(name: str, make: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """What was written under this name, or what is made now and written."""
    path = CACHE / f"{name.replace(' ', '_')}.npz"
    if not path.exists():
        CACHE.mkdir(exist_ok=True)
        np.savez(path, **make())
    with np.load(path) as archive:
        return {key: archive[key] for key in archive.files}


def check(question: Question, rows: int = 300) -> float:
    """How far the archive is from the game itself, on random coalitions, relative to the range of the values."""
    z = np.random.default_rng(0).random((rows, question.game.n)) < np.linspace(0, 1, rows)[:, None]
    game = question.game(torch.as_tensor(z)).numpy()
    return float(np.abs(game - question.values(z)).max() / np.ptp(game))


if __name__ == "__main__":
    torch.set_num_threads(1)
    for title, ask in QUESTIONS.items():
        asked = ask()
        ends = asked.values(np.repeat([[False], [True]], asked.game.n, axis=1))
        gap = asked.truth.shapley.sum() - (ends[1] - ends[0])
        print(f"{title}: archive against game {check(asked):.1e}, sum of the truth off by {gap:.1e}", flush=True)
