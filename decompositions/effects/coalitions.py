"""Some coalitions of any number of players, as bitsets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from decompositions import degrees

WORD = 64  # players in a word
ONE = np.uint64(1)


@dataclass(frozen=True, eq=False)
class Coalitions:
    """A list of coalitions, each there once, the empty one first.

    Args:
        bits: bit i % 64 of word i // 64 says whether player i is there. Shape ``(m, ⌈n/64⌉)``, uint64.
        n: the number of players.

    Raises:
        TypeError: no such matrix.
        ValueError: another shape, a player beyond n, a first row that is not empty, or a row that is there twice.

    >>> some = Coalitions.of_members([(), (0,), (0, 2)], 3)
    >>> some.table().tolist(), some.sizes.tolist(), some.row(0b101)
    ([[0, 0, 0], [1, 0, 0], [1, 0, 1]], [0, 1, 2], 2)
    """

    bits: np.ndarray
    n: int

    def __post_init__(self) -> None:
        words = -(-self.n // WORD)
        if not isinstance(self.bits, np.ndarray) or self.bits.dtype != np.uint64:
            raise TypeError("coalitions are a matrix of 64-bit words (uint64), one row each")
        if self.bits.ndim != 2 or self.bits.shape[1] != words or not len(self.bits):
            shape = tuple(self.bits.shape)
            raise ValueError(
                f"coalitions of {self.n} players are rows of {words} words, the empty one first, not {shape}"
            )
        if self.n % WORD and (self.bits[:, -1] >> np.uint64(self.n % WORD)).any():
            raise ValueError(f"a coalition has a player beyond the {self.n} that there are")
        if self.bits[0].any():
            raise ValueError(f"the first coalition is the empty one, not {self.members(0)}")
        twice = _twice(self.bits, self._order, self._sorted)
        if twice is not None:
            raise ValueError(f"every coalition is there once; {self.members(twice)} is there twice")

    @staticmethod
    def of_table(table: np.ndarray) -> Coalitions:
        """From rows of zeros and ones. Shape ``(m, n)``."""
        return Coalitions(packed(table), table.shape[1])

    @staticmethod
    def of_members(members: Sequence[Sequence[int]], n: int) -> Coalitions:
        """From tuples of players."""
        bits = np.zeros((len(members), -(-n // WORD)), dtype=np.uint64)
        sizes = np.fromiter(map(len, members), dtype=np.int64, count=len(members))
        players = np.fromiter((i for each in members for i in each), dtype=np.int64, count=int(sizes.sum()))
        rows = np.repeat(np.arange(len(members)), sizes)
        np.bitwise_or.at(bits, (rows, players // WORD), ONE << (players % WORD).astype(np.uint64))
        return Coalitions(bits, n)

    @staticmethod
    def of_masks(masks: Iterable[int], n: int) -> Coalitions:
        """From bitmasks."""
        return Coalitions.of_members([degrees.coalition(int(mask)) for mask in masks], n)

    @staticmethod
    def up_to(players: Sequence[int], n: int, order: int) -> Coalitions:
        """All coalitions of at most ``order`` of some players, smallest first.

        >>> Coalitions.up_to((0, 2), 3, 2).masks()
        [0, 1, 4, 5]
        """
        pool = np.array(players, dtype=np.int64)
        chosen, blocks = np.zeros((1, 0), dtype=np.int64), [np.zeros((1, -(-n // WORD)), dtype=np.uint64)]
        for _ in range(min(order, len(pool))):
            least = chosen[:, -1] + 1 if chosen.shape[1] else np.zeros(1, dtype=np.int64)
            parents = np.repeat(np.arange(len(chosen)), len(pool) - least)
            firsts = np.cumsum(len(pool) - least) - (len(pool) - least)
            last = least[parents] + np.arange(len(parents)) - firsts[parents]
            chosen = np.concatenate([chosen[parents], last[:, None]], 1)
            blocks.append(with_players(blocks[-1][parents], pool[last]))
        return Coalitions(np.concatenate(blocks), n)

    @staticmethod
    def subsets(players: Sequence[int], n: int) -> Coalitions:
        """All coalitions of some players, in the order of bitmasks over these.

        >>> list(Coalitions.subsets((0, 2), 3))
        [(), (0,), (2,), (0, 2)]
        """
        bits = np.zeros((1, -(-n // WORD)), dtype=np.uint64)
        for player in players:
            bits = np.concatenate([bits, with_players(bits, np.full(len(bits), player))])
        return Coalitions(bits, n)

    def __len__(self) -> int:
        return len(self.bits)

    def table(self, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Zeros and ones of some rows. Shape ``(stop−start, n)``, uint8."""
        return unpacked(self.bits[start:stop], self.n)

    @cached_property
    def sizes(self) -> np.ndarray:
        """The number of players in each. Shape ``(m,)``."""
        return np.bitwise_count(self.bits).sum(1, dtype=np.int64)

    def masks(self) -> list[int]:
        """The bitmasks, as whole numbers of any size."""
        octets, width = np.ascontiguousarray(self.bits.astype("<u8")).tobytes(), 8 * self.bits.shape[1]
        return [int.from_bytes(octets[row * width : (row + 1) * width], "little") for row in range(len(self))]

    @cached_property
    def everybody(self) -> int:
        """The bitmask of the players that are in any of them."""
        return int.from_bytes(np.bitwise_or.reduce(self.bits).astype("<u8").tobytes(), "little")

    def members(self, row: int) -> tuple[int, ...]:
        """The players of one, in order."""
        return tuple(np.flatnonzero(self.table(row, row + 1)[0]).tolist())

    def row(self, mask: int) -> int | None:
        """Where the coalition of a bitmask is; None if it is not among these."""
        words = self.bits.shape[1]
        wanted = np.array([[mask >> WORD * k & 2**WORD - 1 for k in range(words)]], dtype=np.uint64)
        return None if mask >> self.n else next(iter(place for place in self.rows(wanted).tolist() if place >= 0), None)

    def rows(self, bits: np.ndarray) -> np.ndarray:
        """Where some coalitions are, −1 for those that are not among these. Shape ``(k, words)`` → ``(k,)``."""
        keys = _keys(bits)
        places = np.minimum(np.searchsorted(self._sorted, keys), len(self) - 1)
        found = self._order[places]
        same = (self.bits[found] == bits).all(1)
        for row in np.flatnonzero(~same & (self._sorted[places] == keys)):  # another coalition of the same key
            alike = self._order[self._sorted == keys[row]]
            alike = alike[(self.bits[alike] == bits[row]).all(1)]
            found[row], same[row] = (alike[0], True) if len(alike) else (0, False)
        return np.where(same, found, -1)

    def joined(self, others: Coalitions) -> Coalitions:
        """These, and behind them those of the others that are not among them.

        >>> Coalitions.of_masks([0, 1], 3).joined(Coalitions.of_masks([0, 6, 1], 3)).masks()
        [0, 1, 6]
        """
        return Coalitions(np.concatenate([self.bits, others.bits[self.rows(others.bits) < 0]]), self.n)

    def meeting(self, mask: int) -> np.ndarray:
        """Which rows have a player of a coalition. Shape ``(m,)``, booleans."""
        words = np.array([mask >> WORD * k & 2**WORD - 1 for k in range(self.bits.shape[1])], dtype=np.uint64)
        return np.asarray((self.bits & words).any(1))

    def __iter__(self) -> Iterator[tuple[int, ...]]:
        """The members of each."""
        return (self.members(row) for row in range(len(self)))

    @cached_property
    def _order(self) -> np.ndarray:
        return np.argsort(_keys(self.bits), kind="stable")

    @cached_property
    def _sorted(self) -> np.ndarray:
        return _keys(self.bits)[self._order]


def packed(table: np.ndarray) -> np.ndarray:
    """Rows of zeros and ones as bitsets. Shape ``(m, n)`` → ``(m, ⌈n/64⌉)``, uint64."""
    m, n = table.shape
    octets = np.zeros((m, 8 * -(-n // WORD)), dtype=np.uint8)
    octets[:, : -(-n // 8)] = np.packbits(table > 0, axis=1, bitorder="little")
    return octets.view("<u8").astype(np.uint64)


def unpacked(bits: np.ndarray, n: int) -> np.ndarray:
    """Bitsets as rows of zeros and ones, uint8: the inverse of :func:`packed`."""
    octets = np.ascontiguousarray(bits.astype("<u8")).view(np.uint8)
    return np.unpackbits(octets, axis=1, count=n, bitorder="little")


def with_players(bits: np.ndarray, players: np.ndarray) -> np.ndarray:
    """Each coalition with one more player. Shape ``(m, words)``, ``(m,)`` → ``(m, words)``."""
    more = bits.copy()
    more[np.arange(len(bits)), players // WORD] |= ONE << (players % WORD).astype(np.uint64)
    return more


def listed(bits: np.ndarray, size: int) -> np.ndarray:
    """The players of coalitions of one size, in order. Shape ``(m, words)`` → ``(m, size)``.

    >>> listed(np.array([[0b101], [0b110]], dtype=np.uint64), 2).tolist()
    [[0, 2], [1, 2]]
    """
    left, rows = bits.copy(), np.arange(len(bits))
    players = np.empty((len(bits), size), dtype=np.int64)
    for place in range(size):
        word = (left != 0).argmax(1)
        some = left[rows, word]
        players[:, place] = WORD * word + np.bitwise_count((some & (~some + ONE)) - ONE)
        left[rows, word] = some & (some - ONE)
    return players


def _keys(bits: np.ndarray) -> np.ndarray:
    """A number for every bitset, by which it is looked for: itself, or of several words a mix of them. Shape ``(m,)``.

    Two bitsets of several words may have the same number, so that those that are found are compared.
    """
    if bits.shape[1] == 1:
        return bits[:, 0]
    keys = np.zeros(len(bits), dtype=np.uint64)
    for word in bits.T:
        keys = (keys ^ word) * np.uint64(0x9E3779B97F4A7C15)
        keys ^= keys >> np.uint64(29)
        keys *= np.uint64(0xBF58476D1CE4E5B9)
        keys ^= keys >> np.uint64(32)
    return keys


def _twice(bits: np.ndarray, order: np.ndarray, keys: np.ndarray) -> int | None:
    """A row that is there twice; None where all differ. Only rows of one key are compared, which are sorted by it."""
    alike = np.flatnonzero(keys[1:] == keys[:-1])
    if not len(alike):
        return None
    rows = order[np.unique(np.concatenate([alike, alike + 1]))]
    _, first, counts = np.unique(bits[rows], axis=0, return_index=True, return_counts=True)
    return int(rows[first[counts > 1][0]]) if (counts > 1).any() else None
