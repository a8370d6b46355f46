"""A sum of trees, whichever library it comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

AT_ONCE = 2**22  # pairs of a row and a tree that are walked together


@dataclass(frozen=True, eq=False)
class Ensemble:
    r"""f(row) = offset + Σ over the trees of the value of the leaf to which the row goes.

    .. math:: f(z) = c_0 + \sum_\ell c_\ell \prod_{\text{splits on the way to } \ell} [z \text{ goes that way}]

    The nodes of all trees are numbered through. At a split a row goes left if its cell is at most the threshold; a
    missing cell, and a category, where they are told. A leaf is its own left and right child.

    Args:
        column: of a split; 0 of a leaf. Shape ``(N,)``.
        threshold: of a split. Shape ``(N,)``.
        left, right: the children. Shape ``(N,)``.
        missing_left: whether a missing cell (NaN) goes left. Shape ``(N,)``.
        value: of a leaf; 0 of a split. Shape ``(N,)``.
        roots: of the trees, each before its other nodes, in order. Shape ``(T,)``.
        width: the number of columns.
        offset: what the trees add to.
        single: whether cells are rounded to float32 before they are compared.
        zero_missing: splits at which zero is a missing cell. Shape ``(N,)``.
        categories: of a split by categories the row of ``goes``; −1 of others. Shape ``(N,)``.
        goes: whether the categories 0, 1, … go left; the last column says it of all others. Shape ``(C, width + 1)``.
    """

    column: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    missing_left: np.ndarray
    value: np.ndarray
    roots: np.ndarray
    width: int
    offset: float = 0.0
    single: bool = False
    zero_missing: np.ndarray | None = field(default=None, repr=False)
    categories: np.ndarray | None = field(default=None, repr=False)
    goes: np.ndarray | None = field(default=None, repr=False)

    @property
    def is_leaf(self) -> np.ndarray:
        """Shape ``(N,)``."""
        return np.asarray(self.left == np.arange(len(self.left)))

    @property
    def magnitude(self) -> float:
        """The largest sum of |leaves| that a row can meet, the offset included: what rounding is relative to."""
        return float(abs(self.offset) + np.maximum.reduceat(np.abs(self.value), self.roots).sum())

    def cells(self, rows: np.ndarray) -> np.ndarray:
        """Cells as they are compared. Shape ``(batch, width)``, float64."""
        with np.errstate(over="ignore"):
            return (rows.astype(np.float32) if self.single else rows).astype(np.float64)

    def goes_left(self, nodes: np.ndarray, cells: np.ndarray) -> np.ndarray:
        """Whether cells go left at splits. Both of one shape, as the result."""
        left = cells <= self.threshold[nodes]
        missing = np.isnan(cells)
        if self.zero_missing is not None:
            missing |= self.zero_missing[nodes] & (cells == 0)
        if self.categories is not None and self.goes is not None:
            row, other = self.categories[nodes], self.goes.shape[1] - 1
            code = np.trunc(np.where(missing, -1, cells))  # −0.5 is category 0, as C casts it
            known = (code >= 0) & (code < other)
            left = np.where(row < 0, left, self.goes[row, np.where(known, code, other).astype(np.int64)])
        if missing.any():
            left = np.where(missing, self.missing_left[nodes], left)
        return left

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """f of every row. Shape ``(batch, width)`` → ``(batch,)``."""
        cells, step = self.cells(rows), max(1, AT_ONCE // max(1, len(self.roots)))
        parts = [self._walked(cells[start : start + step]) for start in range(0, len(cells), step)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _walked(self, cells: np.ndarray) -> np.ndarray:
        nodes = np.broadcast_to(self.roots, (len(cells), len(self.roots)))
        while True:
            left = self.goes_left(nodes, np.take_along_axis(cells, self.column[nodes], 1))
            below = np.where(left, self.left[nodes], self.right[nodes])
            if (below == nodes).all():
                return np.asarray(self.offset + self.value[nodes].sum(1))
            nodes = below


class Tree(NamedTuple):
    """One tree as its library has it, its nodes numbered from the root.

    Args:
        column, threshold, missing_left: of a split, whatever of a leaf. Shape ``(k,)``.
        left, right: the children, below 0 at a leaf. Shape ``(k,)``.
        value: of a leaf, whatever of a split. Shape ``(k,)``.
        zero_missing: splits at which zero is a missing cell. Shape ``(k,)``; None for none.
        categories: of some splits, those that go one way, and whether that is to the left; all others go the other.
    """

    column: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    missing_left: np.ndarray
    value: np.ndarray
    zero_missing: np.ndarray | None = None
    categories: Mapping[int, tuple[Sequence[int], bool]] = MappingProxyType({})


def ensemble(trees: Sequence[Tree], width: int, offset: float = 0.0, single: bool = False) -> Ensemble:
    """The sum of some trees, at least one."""
    sizes = np.array([len(tree.left) for tree in trees])
    roots = np.cumsum(sizes) - sizes
    numbers, shift = np.arange(sizes.sum()), np.repeat(roots, sizes)

    def everywhere(part: str) -> np.ndarray:
        return np.concatenate([np.asarray(getattr(tree, part)) for tree in trees])

    left, right = everywhere("left").astype(np.int64), everywhere("right").astype(np.int64)
    leaf = left < 0
    zero = [np.zeros(len(t.left), bool) if t.zero_missing is None else t.zero_missing for t in trees]
    categories, goes = _by_categories(trees, roots, len(numbers))
    return Ensemble(
        column=np.where(leaf, 0, everywhere("column")).astype(np.int64),
        threshold=np.where(leaf, 0.0, everywhere("threshold")),
        left=np.where(leaf, numbers, left + shift),
        right=np.where(leaf, numbers, right + shift),
        missing_left=~leaf & everywhere("missing_left").astype(bool),
        value=np.where(leaf, everywhere("value"), 0.0),
        roots=roots,
        width=width,
        offset=offset,
        single=single,
        zero_missing=np.concatenate(zero) if any(each.any() for each in zero) else None,
        categories=categories,
        goes=goes,
    )


def _by_categories(trees: Sequence[Tree], roots: np.ndarray, count: int) -> tuple[np.ndarray | None, np.ndarray | None]:
    """The splits by categories, and which categories go left at each."""
    found = [
        (root + node, *way) for tree, root in zip(trees, roots, strict=True) for node, way in tree.categories.items()
    ]
    if not found:
        return None, None
    width = 1 + max((max(codes, default=-1) for _, codes, _ in found), default=-1)
    rows, goes = np.full(count, -1), np.zeros((len(found), width + 1), dtype=bool)
    for row, (node, codes, to_left) in enumerate(found):
        rows[node] = row
        goes[row] = not to_left
        goes[row, list(codes)] = to_left
    return rows, goes
