"""Checkpoints: values of coalitions kept on disk, so that an interrupted evaluation goes on where it stopped.

A checkpoint is a directory: ``manifest.json`` says of which question the values are, every ``*.part`` holds the values
of one range of coalitions behind one line of json. A file is written under another name, forced to the disk and then
renamed, so that under its own name it is whole; hashes tell a damaged one. ``synergy.lock`` is held while a process
works here and is given back by the operating system when that process ends, however it ends. In a directory that is not
a checkpoint's nothing is made, changed or deleted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from decompositions import degrees
from decompositions.evaluation.directory import clear, explained, kept_in, locked, require_ours
from decompositions.evaluation.question import question_of, require_same
from decompositions.evaluation.sealed import MANIFEST, digest, part_name, read_manifest, read_part, sealed, write
from decompositions.evaluation.spans import range_length, spans
from decompositions.evaluation.work import Work
from decompositions.files.whole_file import as_path
from decompositions.games.cube import AbstractCube
from decompositions.games.function_cube import FunctionCube
from decompositions.games.game import Game
from decompositions.games.rows import largest_of

PER_PART = 4  # kept coalitions that are compared again, at most; one in 64 of a part, but one at least
WHOLE = 3  # kept batches that are compared again, bit for bit
ROUNDING = 256.0  # of epsilon, relative to the largest value: how much a value may depend on its batch


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """An open checkpoint.

    Args:
        folder: where it is.
        question: a hash of the manifest, which every part repeats.
        total: coalitions of the whole evaluation.
        kept: the ranges that are there, from their first coalition to behind the last; it grows.
    """

    folder: Path
    question: str
    total: int
    kept: dict[tuple[int, int], Path]

    @property
    def done(self) -> int:
        """How many coalitions are kept."""
        return sum(stop - start for start, stop in self.kept)

    @property
    def state(self) -> str:
        """For a person: what is there now, which may be less than was written."""
        if not (self.folder / MANIFEST).is_file():
            return f"nothing is kept: {self.folder} has vanished meanwhile; give a directory that stays"
        done = sum(stop - start for (start, stop), path in self.kept.items() if path.is_file())
        if done < self.done:
            return (
                f"{done:,} of {self.total:,} coalitions are left in {self.folder}, from which files have vanished; "
                "what is missing is evaluated again"
            )
        return (
            f"{done:,} of {self.total:,} coalitions are kept in {self.folder}; the same call with this checkpoint "
            "goes on from there"
        )

    def restore(self, values: torch.Tensor, work: Work, cube: FunctionCube) -> FunctionCube:
        """Fill in the values that are kept, and compare some of them with what g gives now.

        Args:
            values: of all coalitions. Shape ``(total,)``.
            work: how the others will be evaluated.
            cube: g.

        Returns:
            The cube, by the smallest chunk to which memory has forced an earlier run.

        Raises:
            ValueError: a damaged part, one that was evaluated in another way, or values that g does not give any more.
        """
        chunks = {}
        for (start, stop), path in sorted(self.kept.items()):
            header, numbers = read_part(path, self.question, (start, stop))
            if header["how"] != work.how:
                raise ValueError(
                    f"{path} was evaluated in another way ({header['how'] or 'without shortcuts'}) than now "
                    f"({work.how or 'without shortcuts'}); take the versions of then, or give another directory"
                )
            values[start:stop] = torch.from_numpy(numbers).to(values.device)
            chunks[start, stop] = header["chunk"]
        if chunks and cube.device.type != "meta":
            self._compare_some(values, work, cube.unwatched())
            self._compare_batches(values, work, cube.unwatched(), chunks)
        return cube.by(min([cube.chunk, *chunks.values()]))

    def _compare_some(self, values: torch.Tensor, work: Work, cube: FunctionCube) -> None:
        """A few coalitions of every part, up to rounding."""
        places = [place for span in sorted(self.kept) for place in _places(span, self.question)]
        again, first = work.at(places, cube), values[places]
        tolerance = ROUNDING * cube.precision * largest_of(first)
        same = torch.isclose(again, first, rtol=0.0, atol=tolerance, equal_nan=True)
        if not same.all():
            worst = int((~same).nonzero()[0])
            raise self._changed(first[worst].item(), again[worst].item(), places[worst])

    def _compare_batches(
        self, values: torch.Tensor, work: Work, cube: FunctionCube, chunks: dict[tuple[int, int], int]
    ) -> None:
        """A batch of the first, of a middle and of the last part, bit for bit."""
        kept = sorted(self.kept)
        for start, stop in sorted({kept[place * (len(kept) - 1) // (WHOLE - 1)] for place in range(WHOLE)}):
            cube = cube.by(chunks[start, stop])
            behind = min(stop, start + cube.points_at_once)
            again, first = work.values(cube, work.points(start, behind)), values[start:behind]
            if not torch.equal(_bits(again), _bits(first)):
                worst = int((_bits(again) != _bits(first)).nonzero()[0])
                raise self._changed(first[worst].item(), again[worst].item(), start + worst)

    def _changed(self, there: float, now: float, place: int) -> ValueError:
        return ValueError(
            f"the checkpoint in {self.folder} is of another question: it holds {there!r} for the coalition at position "
            f"{place:,}, and the function gives {now!r} now: another function, another library, or one whose output "
            "changes between calls; ask what was asked before, or give another directory"
        )

    def keep(self, start: int, values: torch.Tensor, how: str, chunk: int) -> None:
        """Store the values of one range.

        Args:
            start: its first coalition.
            values: Shape ``(range,)``, float64.
            how: by what shortcuts they were evaluated.
            chunk: by which they were evaluated.

        Raises:
            OSError: the directory cannot be written; nothing is left half-written.
        """
        span = (start, start + len(values))
        path = self.folder / part_name(span)
        payload = values.cpu().numpy().astype("<f8").tobytes()
        header = {"question": self.question, "range": span, "how": how, "chunk": chunk}
        with explained(self.folder):
            write(path, sealed(header, payload))
        self.kept[span] = path


@contextmanager
def opened(
    folder: str | Path | None, game: Game, active: tuple[int, ...], order: int | str | None, total: int | None = None
) -> Iterator[Any]:
    """The checkpoint of a game in a directory, or None without one.

    An error or an interruption inside is told how many coalitions are kept.

    Args:
        folder: the directory.
        game: the question.
        active: the players that are no null players.
        order: which coalitions are evaluated: those up to an order, all for None, or others in words.
        total: how many these others are.

    Raises:
        ValueError: a game that has nothing to keep, another question's checkpoint, or a damaged one.
        OSError: the directory cannot be written, or another process works in it.
    """
    if folder is None:
        yield None
        return
    cube = _require_function(game.cube)
    folder = as_path(folder, "checkpoint is the path of a directory, a text or a Path")
    require_ours(folder)
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        checkpoint = _ready(folder, game, cube, active, order, _total(len(active), order) if total is None else total)
        try:
            yield checkpoint
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"interrupted: {checkpoint.state}") from None
        except Exception as error:
            error.add_note(checkpoint.state)
            raise


def _require_function(cube: AbstractCube) -> FunctionCube:
    if not isinstance(cube, FunctionCube):
        raise ValueError(
            "a checkpoint keeps the values of a torch model or function; this game is of an expression or a table, "
            "whose values are at hand or cheap: leave checkpoint out, and keep the effects with effects.save(path)"
        )
    return cube


def _total(count: int, order: int | str | None) -> int:
    """How many coalitions of so many players are evaluated up to an order, with the input itself; all for None."""
    return degrees.count_up_to_order(count, order) + 1 if isinstance(order, int) else 2**count


def _ready(
    folder: Path, game: Game, cube: FunctionCube, active: tuple[int, ...], order: int | str | None, total: int
) -> Checkpoint:
    """Compare the question, or write it down; clear what an earlier process left unfinished."""
    length = range_length(total, cube.points_at_once)
    question = question_of(game, cube, active, order) | {"range": length}
    path = folder / MANIFEST
    require_ours(folder)
    if path.exists():
        there = read_manifest(path)
        require_same(question, there, folder)
        question = there
    else:
        with explained(folder):
            write(path, sealed(question, b""))
    clear(folder)
    kept = kept_in(folder, set(spans(total, length)))
    return Checkpoint(folder, digest(json.dumps(question).encode()), total, kept)


def _places(span: tuple[int, int], seed: str) -> list[int]:
    """A few coalitions of a range, drawn by what the checkpoint is of."""
    start, stop = span
    count = max(1, min(PER_PART, (stop - start) // 64))
    drawn = np.random.default_rng([int(seed[:8], 16), start])
    return sorted((start + drawn.choice(stop - start, count, replace=False)).tolist())


def _bits(values: torch.Tensor) -> torch.Tensor:
    return values.contiguous().view(torch.int64)
