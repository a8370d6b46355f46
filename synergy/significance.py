"""Whether the attributions of two groups of inputs differ, player by player."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from decompositions.arguments import real, shown
from decompositions.arithmetic import as_array, to_float
from decompositions.counts import several
from decompositions.games.names import names_of
from decompositions.visible import visible

TESTS = ("welch", "mann-whitney")
RULE = "the attributions of a group are a table with a row for each input and a column for each player"


@dataclass(frozen=True, eq=False)
class Significance:
    """A test for every player, and how it stands after so many tests.

    Args:
        differences: of the mean attributions, the first group's less the second's. Shape ``(n,)``.
        statistics: of the test. Shape ``(n,)``.
        p: of every test alone. Shape ``(n,)``.
        adjusted: n times as large, 1 at most (Bonferroni): the chance that any of all tests is so small where no player
            differs. Shape ``(n,)``.
        names: of the players.
        test: its name.
    """

    differences: np.ndarray
    statistics: np.ndarray
    p: np.ndarray
    adjusted: np.ndarray
    names: tuple[str, ...]
    test: str

    def significant(self, level: float = 0.05) -> list[str]:
        """The players whose adjusted p is at most a level, the smallest first.

        Raises:
            TypeError, ValueError: no number between 0 and 1.
        """
        level = real(level, "level is a chance between 0 and 1", above=0)
        order = np.argsort(self.adjusted, kind="stable")
        return [self.names[i] for i in order if self.adjusted[i] <= level]

    def __repr__(self) -> str:
        found = self.significant()
        return visible(
            f"Significance({self.test}, {several(len(self.names), 'player')}; at 0.05: {', '.join(found) or 'none'})"
        )


def significance(
    first: Any, second: Any, *, test: str = "welch", alternative: str = "two-sided", names: Sequence[str] | None = None
) -> Significance:
    """Compare the attributions of two groups of inputs, such as two classes, by a test for every player.

    Args:
        first: attributions of every input of a group. Shape ``(inputs, n)``, at least two.
        second: of the other group. Shape ``(inputs, n)``.
        test: "welch", of the means, without equal variances; or "mann-whitney", of the ranks.
        alternative: "two-sided", or "greater" or "less" for the first group.
        names: of the players.

    Raises:
        TypeError, ValueError: no such tables, or no such test.

    Reference: jha2020enhanced

    >>> significance([[1., 0.], [2., 1.], [1., 0.]], [[9., 0.], [8., 1.], [9., 0.]]).significant()
    ['x0']
    """
    tables = [_table(each) for each in (first, second)]
    n = tables[0].shape[1]
    if tables[1].shape[1] != n:
        raise ValueError(f"both groups have the same players; they have {n} and {tables[1].shape[1]} columns")
    if not isinstance(test, str) or test not in TESTS:
        raise ValueError(f"test is one of {', '.join(TESTS)}, not {shown(test)}")
    if alternative not in ("two-sided", "greater", "less"):
        raise ValueError(f"alternative is two-sided, greater or less, not {shown(alternative)}")
    means = tables[0].mean(0) - tables[1].mean(0)
    statistics, p = _tested(tables, test, alternative)
    still = (tables[0] == tables[0][:1]).all(0) & (tables[1] == tables[0][:1]).all(0)
    p = np.where(still, 1.0, p)  # the same number everywhere: there is nothing to find
    return Significance(means, np.where(still, 0.0, statistics), p, np.minimum(1.0, p * n), names_of(names, n), test)


def _tested(tables: list[np.ndarray], test: str, alternative: str) -> tuple[np.ndarray, np.ndarray]:
    import scipy.stats  # a third of what all else takes to import

    with np.errstate(all="ignore"):
        if test == "welch":
            found = scipy.stats.ttest_ind(*tables, axis=0, equal_var=False, alternative=alternative)
        else:
            found = scipy.stats.mannwhitneyu(*tables, axis=0, alternative=alternative)
    return np.asarray(found.statistic), np.asarray(found.pvalue)


def _table(given: Any) -> np.ndarray:
    table = to_float(as_array(given))
    if table.ndim != 2 or len(table) < 2 or not table.shape[1]:
        raise ValueError(f"{RULE}, at least two inputs, not the shape {table.shape}")
    if not np.isfinite(table).all():
        raise ValueError(f"{RULE}, of finite numbers; leave out inputs that have others")
    return table
