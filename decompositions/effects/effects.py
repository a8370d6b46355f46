"""Effects: the table of independent and interaction effects of a game."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Set
from dataclasses import KW_ONLY, dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from decompositions import degrees as degrees_
from decompositions import show
from decompositions.arguments import real, shown, whole
from decompositions.arithmetic import Array, free_symbols, is_exact, like, strengths, zeros
from decompositions.counts import count, rounded, several
from decompositions.effects import archive
from decompositions.effects.coalitions import Coalitions, packed
from decompositions.effects.for_shapiq import interaction_values
from decompositions.effects.naming import Coalition, members_of
from decompositions.effects.series import NONE, Series
from decompositions.effects.strata import Strata
from decompositions.expressions.settling import settle
from decompositions.files.whole_file import as_path
from decompositions.memory import needed
from decompositions.show import Formula
from decompositions.visible import visible

TABLE = 16  # players up to whom Taylor effects are summed into a table of all coalitions
DEGREE = "a degree vector has one entry per player"
VALUES = "effects are a torch tensor of floats or an object array of exact numbers"


@dataclass(frozen=True, eq=False)
class Effects:
    r"""f(x) = base + Σ effects.

    One row per effect, row 0 the constant. In the basis "harsanyi" a row is a coalition S and its effect the dividend
    J(S); in the basis "taylor" a row is a degree vector κ and its effect the term
    :math:`\partial^\kappa g(0) / \kappa!`, the part of t^κ in g.

    Args:
        values: the effects. Shape ``(..., m)``: float tensors, or an object array of exact numbers.
        names: of the n players.
        basis: "harsanyi" or "taylor".
        degrees: of Taylor effects, one row each. Shape ``(m, n)``. Zeros and ones of Harsanyi dividends are taken as
            ``coalitions``.
        coalitions: of Harsanyi dividends that are not all there, one row each. None for all 2ⁿ: then the row is the
            bitmask (bit i = player i) and no table is kept.
        noise: rounding error of one evaluated value of g, in units of f; 0 for exact numbers.
        remainder: what the rows do not explain, f(x) − f(b) − Σ effects, where it is known. Shape ``(...,)``.
        truncated: whether rows are missing that need not be zero (an order, a degree); the remainder is their sum.
        calls: model calls that were paid.
        series: how far the series holds whose terms these effects are.
        evaluation: by what shortcuts g was evaluated; empty for none.
        strata: how the rows were chosen that are there, where they speak of coalitions up to an order; None for all
            rows, or for some that speak of themselves alone.
    """

    values: Array
    _: KW_ONLY
    names: tuple[str, ...]
    basis: str = "harsanyi"
    degrees: np.ndarray | None = None
    coalitions: Coalitions | None = None
    noise: float = 0.0
    remainder: Any = 0
    truncated: bool = False
    calls: int = 0
    series: Series = NONE
    evaluation: str = ""
    strata: Strata | None = None

    def __post_init__(self) -> None:
        if self.basis not in ("harsanyi", "taylor"):
            raise ValueError(f"the basis is 'harsanyi' or 'taylor', not {shown(self.basis)}")
        if not isinstance(self.names, tuple) or not all(isinstance(name, str) for name in self.names):
            raise TypeError(f"names are a tuple of texts, one per player, not {shown(self.names)}")
        if "" in self.names:
            raise ValueError(f"names have at least one letter each; that of player {self.names.index('')} is empty")
        if not (is_exact(self.values) or (isinstance(self.values, torch.Tensor) and self.values.is_floating_point())):
            raise TypeError(f"{VALUES}, not {shown(self.values)}; decompositions.arithmetic.as_array makes one")
        self._check_degrees()
        self._check_coalitions()
        listed = self.degrees if self.coalitions is None else self.coalitions
        rows = 2**self.n if listed is None else len(listed)
        if self.values.ndim == 0 or self.values.shape[-1] != rows:
            given = "a single number" if self.values.ndim == 0 else self.values.shape[-1]
            raise ValueError(f"{count(rows)} effects of {self.n} players need as many values, not {given}")
        self._check_rows()
        if self.basis == "harsanyi" and self.degrees is not None:
            object.__setattr__(self, "coalitions", Coalitions.of_table(self.degrees))
            object.__setattr__(self, "degrees", None)
        if self.noise != math.inf:
            real(self.noise, "noise is the rounding error of a value", 0)

    def _check_degrees(self) -> None:
        """Refuse a table of degrees that is none, or is missing."""
        if self.degrees is None:
            if self.basis == "taylor":
                raise ValueError("Taylor effects need their table of degree vectors")
            return
        if not isinstance(self.degrees, np.ndarray) or self.degrees.dtype.kind not in "iu":
            raise TypeError(f"degrees are a NumPy array of whole numbers, not {shown(self.degrees)}")
        if self.degrees.ndim != 2 or self.degrees.shape[1] != self.n:
            shape = tuple(self.degrees.shape)
            raise ValueError(
                f"degrees are one row per effect and one column per player, {self.n}, not of shape {shape}"
            )
        if (self.degrees < 0).any() or (self.basis == "harsanyi" and (self.degrees > 1).any()):
            least = "zeros and ones for coalitions" if self.basis == "harsanyi" else "at least 0"
            raise ValueError(
                f"degrees are whole numbers, {least}; these go from {self.degrees.min()} to {self.degrees.max()}"
            )

    def _check_coalitions(self) -> None:
        """Refuse what is no list of coalitions of these players, or is one beside a table of degrees."""
        if self.coalitions is None:
            return
        if not isinstance(self.coalitions, Coalitions):
            raise TypeError(f"coalitions are Coalitions, as Coalitions.of_members makes, not {shown(self.coalitions)}")
        if self.basis != "harsanyi" or self.degrees is not None:
            raise ValueError(
                "coalitions are those of Harsanyi dividends; Taylor effects have a table of degrees instead"
            )
        if self.coalitions.n != self.n:
            raise ValueError(f"these coalitions are of {self.coalitions.n} players, and {self.n} have names")

    def _check_rows(self) -> None:
        """Refuse a table of degrees without a constant, or with a row twice."""
        if self.degrees is None:
            return
        if self.degrees[:1].any():
            raise ValueError(f"row 0 of the degrees is the constant, zeros only, not {shown(self.degrees[0].tolist())}")
        twice = degrees_.repeated(self.degrees)
        if twice is not None:
            entries = shown(self.degrees[twice].tolist())
            raise ValueError(f"degrees have one row per effect; {entries} is there twice, again in row {twice:,}")

    @property
    def n(self) -> int:
        """The number of players."""
        return len(self.names)

    @property
    def base(self) -> Any:
        """g(0) = f(b), the constant. Shape ``(...,)``."""
        return self.values[..., 0]

    @property
    def total(self) -> Any:
        """Σ of all effects but the constant; f(x) − f(b) − remainder. Shape ``(...,)``."""
        return self.values[..., 1:].sum(-1)

    @property
    def radius(self) -> float:
        """Of convergence of the series, with x at 1; see :class:`decompositions.effects.series.Series`."""
        return self.series.radius

    @property
    def note(self) -> str:
        """What a person should know of the terms that the series leaves out."""
        return self.series.note

    @property
    def distance(self) -> float:
        """Between the function of these effects and the one that was asked about."""
        return self.series.distance

    @property
    def gaps(self) -> Array | None:
        """For each coalition the sum of its Taylor effects less its dividend; None where not compared."""
        return self.series.gaps

    @property
    def exact(self) -> bool:
        return is_exact(self.values)

    @cached_property
    def symbols(self) -> tuple[str, ...]:
        """The names of the symbols that effects and remainder hold: then they are expressions, not numbers."""
        remainder = np.asarray(self.remainder, dtype=object) if self.exact else self.values
        return tuple(sorted({*free_symbols(self.values), *free_symbols(remainder)}))

    def require_numbers(self, what: str) -> None:
        """Refuse effects that are expressions.

        Raises:
            ValueError: what cannot be done with them, and which symbols they hold.
        """
        if self.symbols:
            raise ValueError(
                f"{what} needs numbers, and these effects hold the symbols {', '.join(self.symbols)}; put numbers for "
                "them into the expression, x and the baseline"
            )

    @property
    def dense(self) -> bool:
        """Whether all 2ⁿ coalitions have a row, which is their bitmask."""
        return self.degrees is None and self.coalitions is None

    def __len__(self) -> int:
        return int(self.values.shape[-1])

    def __getitem__(self, coalition: Coalition) -> Any:
        """J of a coalition, by number or name: ``effects[0, 2]``, ``effects["a", "c"]``, ``effects[(0,)]``.

        Taylor effects are summed by support.

        Raises:
            TypeError: no whole number and no name.
            IndexError: no player of that number.
            LookupError: no player of that name, or several; or the coalition was not computed (effects up to an order).
            ValueError: a player twice.
        """
        rows = self.rows(coalition)
        if len(rows) == 1:
            return _scalar(self.values[..., rows[0]])
        return _scalar(self.values[..., rows].sum(-1) if rows else zeros(tuple(self.values.shape[:-1]), self.values))

    def rows(self, coalition: Coalition) -> list[int]:
        """The rows whose support is a coalition; none where a series has no such term. Raises as indexing does."""
        members = members_of(coalition, self.names)
        mask = degrees_.mask(members)
        if self.coalitions is not None:
            row = self.coalitions.row(mask)
            if row is None:
                self._require_vanishing(mask, members)
            return [] if row is None else [row]
        return [mask] if self.degrees is None else self._rows_by_mask.get(mask, [])

    def _require_vanishing(self, mask: int, members: tuple[int, ...]) -> None:
        """Refuse a coalition without a row, unless it has no dividend: all are there, or a null player is in it."""
        assert self.coalitions is not None
        if not self.truncated:
            return
        order = -1 if self.strata is None else self.strata.order
        if len(members) <= order and mask & ~self.coalitions.everybody:
            return
        named = tuple(sorted(members))
        if len(members) > order >= int(self.coalitions.sizes.max()):
            raise LookupError(f"{named} has more players than the order that was decomposed")
        raise LookupError(f"{named} is not among the {len(self):,} coalitions whose dividends were computed")

    def degree(self, degree: Iterable[int]) -> Any:
        """The Taylor effect of one degree vector; zero if the series has no such term.

        Raises:
            TypeError: no whole numbers.
            ValueError: Harsanyi dividends have no degrees; or another number of them, or negative ones.
        """
        if self.basis != "taylor":
            raise ValueError(
                "Harsanyi dividends only know who takes part; decompose with taylor() for effects by degree"
            )
        if isinstance(degree, (str, bytes, Mapping, Set)) or not np.iterable(degree):
            raise TypeError(f"{DEGREE}, a whole number of at least 0, not {shown(degree)}")
        key = tuple(whole(k, DEGREE, 0) for k in degree)
        if len(key) != self.n:
            raise ValueError(f"a degree vector has {self.n} entries, one per player, not {len(key)}")
        row = self._rows_by_degree.get(key)
        missing = row is None
        return _scalar(zeros(tuple(self.values.shape[:-1]), self.values) if missing else self.values[..., row])

    def table(self, start: int, stop: int) -> Array:
        """Degree vectors (or zeros and ones) of some rows, in the effects' number type. Shape ``(stop−start, n)``."""
        if not self.dense:
            return like(self._listed(start, stop), self.values)
        device = "cpu" if self.exact else self.values.device
        rows = degrees_.bits(start, stop, self.n, device)
        return like(rows.numpy().astype(np.int64), self.values) if self.exact else rows.to(self.values.dtype)

    def _listed(self, start: int, stop: int) -> np.ndarray:
        """Some rows of the table that is kept."""
        if self.coalitions is not None:
            return self.coalitions.table(start, stop)
        assert self.degrees is not None
        return self.degrees[start:stop]

    def sizes(self, start: int, stop: int) -> np.ndarray:
        """The number of players in the effects of some rows. Shape ``(stop−start,)``."""
        if self.coalitions is not None:
            return self.coalitions.sizes[start:stop]
        return degrees_.sizes(start, stop) if self.degrees is None else (self.degrees[start:stop] > 0).sum(-1)

    def noise_floor(self, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Rounding error to expect in some rows: noise · 2^(s/2) for s players. Shape ``(stop−start,)``."""
        return self.noise * 2.0 ** (self.sizes(start, len(self) if stop is None else stop) / 2)

    @property
    def independent(self) -> Array:
        """The independent effects ψ(i) of the single players. Shape ``(..., n)``."""
        if self.dense:
            return self.values[..., [1 << i for i in range(self.n)]]
        if self.coalitions is not None:
            return self._independent_sparse(self.coalitions)
        columns = [self[i] for i in range(self.n)]
        return np.array(columns, dtype=object).T if self.exact else torch.stack(columns, -1)

    def _independent_sparse(self, coalitions: Coalitions) -> Array:
        """ψ(i) where not all coalitions have a row; raises as indexing does."""
        places = coalitions.rows(Coalitions.up_to(range(self.n), self.n, 1).bits[1:])
        there = np.flatnonzero(places >= 0)
        for player in np.flatnonzero(places < 0).tolist():
            self._require_vanishing(1 << player, (player,))
        alone = zeros((*self.values.shape[:-1], self.n), self.values)
        alone[..., there] = self.values[..., places[there]]
        return alone

    @property
    def interactions(self) -> dict[tuple[int, ...], Any]:
        """The interaction effects J(S) of all groups of two or more players, by coalition."""
        if self.degrees is None:
            found = {self.key(row): row for row in np.flatnonzero(self.sizes(0, len(self)) > 1).tolist()}
            return {key: self._number(found[key]) for key in sorted(found, key=degrees_.mask)}
        masks = sorted(mask for mask in self._rows_by_mask if mask & (mask - 1))
        return {degrees_.coalition(mask): _plain(self[degrees_.coalition(mask)]) for mask in masks}

    def key(self, row: int) -> tuple[int, ...]:
        """The coalition (or, for Taylor effects, the degree vector) of a row.

        Raises:
            IndexError: no such row.
        """
        if not 0 <= row < len(self):
            raise IndexError(f"no row {row}: the rows are 0 to {len(self) - 1}")
        if self.degrees is not None:
            return tuple(int(k) for k in self.degrees[row])
        return degrees_.coalition(row) if self.coalitions is None else self.coalitions.members(row)

    def top(self, k: int = 10) -> list[tuple[tuple[int, ...], Any]]:
        """The k strongest effects above the noise floor, strongest first, the constant left out.

        Raises:
            TypeError: k is no whole number.
            ValueError: k is negative; a table with leading axes: take one game; effects with symbols, which have no
                size.
        """
        k = whole(k, "k is the number of effects to name", 0)
        self.require_numbers("top()")
        if self.values.ndim != 1:
            raise ValueError(f"top() ranks the effects of one game; these have shape {tuple(self.values.shape)}")
        with needed(f"the sizes of {len(self):,} effects", 8 * len(self)):
            rows = self._strongest(k)
        return [(self.key(int(row)), self._number(int(row))) for row in rows]

    def _strongest(self, k: int) -> np.ndarray:
        """The rows of the k strongest effects above the noise floor, strongest first."""
        strength = strengths(self.values)
        strength[0] = 0
        strength[strength <= self.noise_floor()] = 0
        k = min(k, int((strength > 0).sum()))
        rows = np.argpartition(-strength, k - 1)[:k] if k else np.empty(0, dtype=int)
        return rows[np.lexsort((rows, -strength[rows]))]

    def to_dict(self) -> dict[tuple[int, ...], Any]:
        """All rows, the constant included, by coalition (by degree vector for Taylor effects)."""
        return {self.key(row): self._number(row) for row in range(len(self))}

    def by_support(self) -> Effects:
        """Taylor effects summed by support: coalition effects.

        Up to 16 players in a table of all 2ⁿ, of more players with a row for every support that there is.
        """
        if self.degrees is None:
            return self
        coalitions, places = self._supports
        rows = 2**self.n if coalitions is None else len(coalitions)
        sums = zeros((*self.values.shape[:-1], rows), self.values)
        if self.exact:
            for row, place in enumerate(places.tolist()):
                sums[..., place] += self.values[..., row]
        else:
            sums.index_add_(-1, torch.as_tensor(places, device=sums.device), self.values)
        return replace(self, values=settle(sums), basis="harsanyi", degrees=None, coalitions=coalitions)

    def supports(self) -> np.ndarray:
        """In which row of :meth:`by_support` each row is. Shape ``(m,)``."""
        return np.arange(len(self)) if self.degrees is None else self._supports[1]

    @cached_property
    def _supports(self) -> tuple[Coalitions | None, np.ndarray]:
        """The supports of Taylor effects, each once, or None for all coalitions; and which one each row has."""
        assert self.degrees is not None
        if self.n <= TABLE:
            return None, degrees_.support_masks(self.degrees)
        bits, places = np.unique(packed(self.degrees), axis=0, return_inverse=True)
        return Coalitions(bits, self.n), places.reshape(-1)

    def to_shapiq(self) -> Any:
        """The same numbers as ``shapiq.InteractionValues`` (index "Moebius"), for its plots and tools.

        Raises:
            ImportError: shapiq is not installed (extra ``peers``).
        """
        self.require_numbers("shapiq")
        if self.values.ndim != 1:
            raise ValueError(f"shapiq takes one game; these effects have shape {tuple(self.values.shape)}")
        known = self.by_support()
        by_coalition = {known.key(row): known.values[row] for row in range(len(known))}
        largest = max(len(coalition) for coalition in by_coalition)
        return interaction_values(by_coalition, "Moebius", self.n, largest, self.base)

    def save(self, path: str | Path) -> None:
        """Write the effects to one file (npz with a json header, never pickle), whole or not at all.

        A file that is replaced keeps its mode; a symbolic link is followed.

        Raises:
            TypeError: no path.
            ValueError: effects that are NaN or infinite.
            OSError: the file cannot be written.
        """
        contents = {**vars(self.series), **{each.name: getattr(self, each.name) for each in fields(self)}}
        archive.save(contents, as_path(path, archive.PATH))

    @staticmethod
    def load(path: str | Path) -> Effects:
        """Read what :meth:`save` wrote.

        Only what effects need is read, and nothing is unpacked before its size is known to be right.

        Raises:
            TypeError: no path.
            FileNotFoundError: no such file.
            ValueError: not a file of effects, or damaged.
            MemoryError: the effects do not fit.
        """
        with archive.loaded(as_path(path, archive.PATH)) as contents:
            series = Series(**{each.name: contents.pop(each.name) for each in fields(Series) if each.name in contents})
            return Effects(**contents, series=series)

    def __repr__(self) -> str:
        head = f"Effects({self.basis}, {several(self.n, 'player')}, {several(len(self), 'row')}"
        if self.symbols:
            return f"{head}; in the symbols {', '.join(self.symbols)})"
        strongest = (
            ", ".join(f"{self.label(key)} {rounded(value, sign=True)}" for key, value in self.top(3))
            if self.values.ndim == 1
            else ""
        )
        return visible(f"{head}; strongest: {strongest or 'none'})")

    def __str__(self) -> str:
        return self.formula.text if self.exact and self.values.ndim == 1 else repr(self)

    def _repr_latex_(self) -> str | None:
        return self.formula._repr_latex_() if self.values.ndim == 1 else None

    def _repr_html_(self) -> str | None:
        return show.notebook(self)

    def to_pandas(self, k: int | None = None) -> Any:
        """A pandas DataFrame with a row per effect: its size, the number of its players (or its degree), its noise.

        Args:
            k: the strongest effects alone, strongest first; None for all, in the order of the table.

        Raises:
            ImportError: pandas is missing (extra ``pandas``).
            ValueError: effects of several games.
        """
        return show.frame(self, k)

    @property
    def formula(self) -> Formula:
        """f(x) = f(b) + Σ effects as a formula: all of exact effects, the strongest of others with four digits.

        Raises:
            ValueError: other effects.
        """
        return show.formula(self)

    def plot(self, path: str | Path | None = None) -> Any:
        """The strongest effects over their players as a matplotlib figure, saved if asked.

        Raises:
            ImportError: matplotlib is missing (extra ``viz``).
            ValueError: effects of several games.
        """
        return show.figure(self, path=path)

    def label(self, key: tuple[int, ...]) -> str:
        """A coalition or degree vector in the players' names: ``not·happy``, ``x1²·x2``."""
        return "·".join(self.members(key)) or "∅"

    def members(self, key: tuple[int, ...]) -> list[str]:
        """The names of those who take part, with their degrees above one: ``["x1²", "x2"]``."""
        if self.basis == "harsanyi":
            return [self.names[i] for i in key]
        powers = [(name, k) for name, k in zip(self.names, key, strict=True) if k]
        return [name + (str(k).translate(_SUPERSCRIPTS) if k > 1 else "") for name, k in powers]

    def _number(self, row: int) -> Any:
        return _plain(_scalar(self.values[..., row]))

    @cached_property
    def _rows_by_mask(self) -> dict[int, list[int]]:
        assert self.degrees is not None
        masks = degrees_.support_masks(self.degrees)
        order = np.argsort(masks, kind="stable")
        starts = np.flatnonzero(np.append(True, masks[order][1:] != masks[order][:-1]))
        groups = np.split(order, starts[1:])
        return {int(masks[group[0]]): group.tolist() for group in groups}

    @cached_property
    def _rows_by_degree(self) -> dict[tuple[int, ...], int]:
        assert self.degrees is not None
        return {tuple(int(k) for k in entries): row for row, entries in enumerate(self.degrees)}


def _scalar(value: Any) -> Any:
    """An exact number out of an array without axes; anything else as it is."""
    return value[()] if isinstance(value, np.ndarray) and value.ndim == 0 else value


def _plain(value: Any) -> Any:
    """One game's number as a Python number; with leading axes, the array."""
    return value.item() if isinstance(value, torch.Tensor) and value.ndim == 0 else value


_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
