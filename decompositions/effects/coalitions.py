"""Some coalitions of any number of players, as bitsets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import comb

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
        order = self._order
        twice = np.flatnonzero((self.bits[order[1:]] == self.bits[order[:-1]]).all(1))
        if len(twice):
            raise ValueError(f"every coalition is there once; {self.members(int(order[twice[0]]))} is there twice")

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
        pool, blocks = np.array(players, dtype=np.int64), []
        for size in range(min(order, len(pool)) + 1):
            count = comb(len(pool), size)
            flat = (place for chosen in combinations(range(len(pool)), size) for place in chosen)
            chosen = pool[np.fromiter(flat, dtype=np.int64, count=count * size)].reshape(count, size)
            bits = np.zeros((count, -(-n // WORD)), dtype=np.uint64)
            for column in chosen.T:
                bits[np.arange(count), column // WORD] |= ONE << (column % WORD).astype(np.uint64)
            blocks.append(bits)
        return Coalitions(np.concatenate(blocks), n)

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
        return [sum(int(word) << WORD * k for k, word in enumerate(row)) for row in self.bits]

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
        known, wanted = self._keys[self._order], _keys(bits)
        places = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
        return np.where(known[places] == wanted, self._order[places], -1)

    def meeting(self, mask: int) -> np.ndarray:
        """Which rows have a player of a coalition. Shape ``(m,)``, booleans."""
        words = np.array([mask >> WORD * k & 2**WORD - 1 for k in range(self.bits.shape[1])], dtype=np.uint64)
        return np.asarray((self.bits & words).any(1))

    def __iter__(self) -> Iterator[tuple[int, ...]]:
        """The members of each."""
        return (self.members(row) for row in range(len(self)))

    @cached_property
    def _keys(self) -> np.ndarray:
        return _keys(self.bits)

    @cached_property
    def _order(self) -> np.ndarray:
        return np.argsort(self._keys, kind="stable")


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


def _keys(bits: np.ndarray) -> np.ndarray:
    """Bitsets as values that can be sorted and compared: a number, or of several words their octets. Shape ``(m,)``."""
    if bits.shape[1] == 1:
        return bits[:, 0]
    big = np.ascontiguousarray(bits[:, ::-1].astype(">u8"))
    return big.view(f"S{8 * bits.shape[1]}")[:, 0] if bits.shape[1] else np.zeros(len(bits), dtype=np.uint64)
