"""Checkpoints: values of coalitions kept on disk, so that an interrupted evaluation goes on where it stopped.

A checkpoint is a directory: ``manifest.json`` says of which question the values are, every ``*.part`` holds the values
of one range of coalitions behind one line of json. A file is written under another name, forced to the disk and then
renamed, so that under its own name it is whole; hashes tell a damaged one. ``synergy.lock`` is held while a process
works here and is given back by the operating system when that process ends, however it ends. In a directory that is not
a checkpoint's nothing is made, changed or deleted.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch

from decompositions import degrees
from decompositions.arguments import shown
from decompositions.evaluation.fingerprint import changes, fingerprint, of_tensor
from decompositions.evaluation.spans import range_length, spans
from decompositions.evaluation.work import Work
from decompositions.games.cube import AbstractCube
from decompositions.games.function_cube import FunctionCube
from decompositions.games.game import Game
from decompositions.models.model_function import ModelFunction
from decompositions.models.softening import Softened

FORMAT = "synergy-checkpoint/2"
FORMATS = "synergy-checkpoint/"  # how all of them begin
MANIFEST = "manifest.json"
LOCK = "synergy.lock"
SIGNATURE = "synergy-checkpoint, process "  # how the lock of a checkpoint begins
PART = re.compile(r"\d+-\d+\.part")
UNFINISHED = re.compile(r"\.synergy-(manifest\.json|\d+-\d+\.part)\.\d+\.tmp")
ASKED = 8  # coalitions whose values must be the same, bit for bit
PER_PART = 4  # kept coalitions that are compared again, at most; one in 64 of a part, but one at least
WHOLE = 3  # kept batches that are compared again, bit for bit
ROUNDING = 256.0  # of epsilon, relative to the largest value: how much a value may depend on its batch
QUESTION = {
    "format": "the format",
    "versions": "the versions",
    "names": "the players' names",
    "order": "the order",
    "x": "the input",
    "baseline": "the baseline",
    "weights": "the baselines' weights",
    "players": "the players",
    "model": "the model",
    "target": "the target",
    "dtype": "the floating-point type",
    "device": "the device",
    "chunk": "the chunk",
    "range": "the length of a range",
    "values": "the function's values",
}
SHOWN = ("versions", "order", "target", "dtype", "device", "chunk", "range")  # rather than hashes or long lists


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
            header, numbers = _read_part(path, self.question, (start, stop))
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
        points = torch.cat([work.points(place, place + 1) for place in places])
        again = torch.cat([work.values(cube, some) for some in points.split(cube.points_at_once)])
        first = values[places]
        largest = float(torch.nan_to_num(first, 0.0, 0.0, 0.0).abs().max())
        tolerance = ROUNDING * cube.precision * largest
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
        path = self.folder / _part_name(span)
        payload = values.cpu().numpy().astype("<f8").tobytes()
        header = {"question": self.question, "range": span, "how": how, "chunk": chunk}
        with _explained(self.folder):
            _write(path, _sealed(header, payload))
        self.kept[span] = path


@contextmanager
def opened(folder: str | Path | None, game: Game, active: tuple[int, ...], order: int | None) -> Iterator[Any]:
    """The checkpoint of a game in a directory, or None without one.

    An error or an interruption inside is told how many coalitions are kept.

    Raises:
        ValueError: a game that has nothing to keep, another question's checkpoint, or a damaged one.
        OSError: the directory cannot be written, or another process works in it.
    """
    if folder is None:
        yield None
        return
    cube = _require_function(game.cube)
    folder = _folder(folder)
    _require_ours(folder)
    with _explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        checkpoint = _ready(folder, game, cube, active, order)
        try:
            yield checkpoint
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"interrupted: {checkpoint.state}") from None
        except Exception as error:
            error.add_note(checkpoint.state)
            raise


def _folder(folder: Any) -> Path:
    """The directory, as a path.

    Raises:
        TypeError: no path.
        ValueError: an empty one.
    """
    if not isinstance(folder, (str, os.PathLike)) or isinstance(os.fspath(folder), bytes):
        raise TypeError(f"checkpoint is the path of a directory, a text or a Path, not {shown(folder)}")
    if not os.fspath(folder) or "\0" in os.fspath(folder):
        raise ValueError(f"checkpoint is the path of a directory, not {shown(os.fspath(folder))}")
    return Path(folder)


def _require_function(cube: AbstractCube) -> FunctionCube:
    if not isinstance(cube, FunctionCube):
        raise ValueError(
            "a checkpoint keeps the values of a torch model or function; this game is of an expression or a table, "
            "whose values are at hand or cheap: leave checkpoint out, and keep the effects with effects.save(path)"
        )
    return cube


def _ready(folder: Path, game: Game, cube: FunctionCube, active: tuple[int, ...], order: int | None) -> Checkpoint:
    """Compare the question, or write it down; clear what an earlier process left unfinished."""
    count = len(active)
    total = 2**count if order is None else degrees.count_up_to_order(count, order) + 1
    length = range_length(total, cube.points_at_once)
    question = _question(game, cube, active, order) | {"range": length}
    path = folder / MANIFEST
    _require_ours(folder)
    if path.exists():
        there = _read_manifest(path)
        _compare(question, there, folder)
        question = there
    else:
        with _explained(folder):
            _write(path, _sealed(question, b""))
    _clear(folder)
    kept = _kept(folder, set(spans(total, length)))
    return Checkpoint(folder, _hash(json.dumps(question).encode()), total, kept)


def _clear(folder: Path) -> None:
    """Delete what an earlier process of a checkpoint left unfinished."""
    for left in folder.iterdir():
        if _unfinished(left):
            left.unlink()


def _unfinished(path: Path) -> bool:
    """Whether a file is one that a checkpoint was writing when its process ended; a link is none."""
    return bool(UNFINISHED.fullmatch(path.name)) and not path.is_symlink() and path.is_file()


def _kept(folder: Path, ranges: set[tuple[int, int]]) -> dict[tuple[int, int], Path]:
    named = {_part_name(each): each for each in ranges}
    found = {}
    for path in folder.glob("*.part"):
        if not PART.fullmatch(path.name):
            continue
        if path.name not in named:
            raise _damaged(path, "its name is that of no range of this evaluation")
        found[named[path.name]] = path
    return found


def _require_ours(folder: Path) -> None:
    """Refuse a directory that holds anything but a checkpoint, before anything in it is touched.

    Raises:
        ValueError: another directory, or one whose manifest or lock is not a checkpoint's.
        OSError: the directory cannot be read.
    """
    with _explained(folder):
        if not folder.exists():
            return
        names = sorted(path.name for path in folder.iterdir())
    for name in (MANIFEST, LOCK):
        path = folder / name
        if path.is_symlink() or (name in names and not path.is_file()):
            raise ValueError(f"{path} is no file of a checkpoint's but a link or a directory; {ANOTHER}")
    locked = LOCK in names and _begins(folder / LOCK, SIGNATURE)
    if LOCK in names and not locked and (folder / LOCK).stat().st_size:
        raise ValueError(f"{folder / LOCK} is not the lock of a checkpoint; {ANOTHER}")
    if MANIFEST in names:
        if not (locked or FORMATS in _beginning(folder / MANIFEST)):
            raise ValueError(f"{folder / MANIFEST} is not the manifest of a checkpoint; {ANOTHER}")
        return
    others = [name for name in names if name != LOCK and not _unfinished(folder / name)]
    if others:
        some = ", ".join(map(shown, others[:3])) + (", …" if len(others) > 3 else "")
        raise ValueError(f"{folder} has no {MANIFEST} but holds other files ({some}); {ANOTHER}")


ANOTHER = "give a new or empty directory for the checkpoint"


def _beginning(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(200).decode("utf8", "replace")


def _begins(path: Path, text: str) -> bool:
    return _beginning(path).startswith(text)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the directory for this process.

    Raises:
        OSError: another process holds it, or the system has no locks.
    """
    try:
        import fcntl
    except ImportError as error:
        raise OSError("a checkpoint needs the file locks of POSIX, which this system lacks") from error
    with _explained(folder):
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        file = os.fdopen(os.open(folder / LOCK, flags, 0o666), "r+", errors="replace")
    with file:
        text = file.read(200) if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else "?"
        if text and not text.startswith(SIGNATURE):
            raise ValueError(f"{folder / LOCK} is not the lock of a checkpoint; {ANOTHER}")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = text.partition(", ")[2] or "another process"
            raise BlockingIOError(
                f"the checkpoint in {folder} is in use by {owner}; wait until it "
                "ends, or give another directory (the lock ends with its process, nothing needs to be deleted)"
            ) from error
        with _explained(folder):
            file.seek(0)
            file.truncate()
            file.write(f"{SIGNATURE}{os.getpid()} on {socket.gethostname()}")
            file.flush()
        yield


def _question(game: Game, cube: FunctionCube, active: tuple[int, ...], order: int | None) -> dict[str, Any]:
    """What the values depend on; parts of f that its calls change by themselves (counters, caches) are named."""
    before = _function(cube.f)
    values = _answers(cube, active)
    model, target = _function(cube.f)
    return {
        "format": FORMAT,
        "versions": "Python {}.{}, torch {}, NumPy {}".format(*sys.version_info[:2], torch.__version__, np.__version__),
        "names": list(game.names),
        "order": order,
        "x": of_tensor(cube.x),
        "baseline": of_tensor(cube.baseline),
        "weights": of_tensor(cube.weights),
        "players": of_tensor(cube.entry_players()),
        "model": model,
        "target": target,
        "loose": changes(model, before[0]) + changes(_parts(target), _parts(before[1])),
        "dtype": str(cube.dtype),
        "device": cube.device.type,
        "chunk": cube.chunk,
        "values": values,
    }


def _answers(cube: FunctionCube, active: tuple[int, ...]) -> list[str]:
    """g, bit for bit, at ∅, at all players and at a few coalitions between, which betray any other function."""
    last = 2 ** len(active) - 1
    masks = sorted({last * place // (ASKED - 1) for place in range(ASKED)})
    points = torch.cat([degrees.spread(mask, mask + 1, active, cube.n, cube.device) for mask in masks])
    return [float(value).hex() for value in cube.values(points).tolist()]


def _function(f: Callable[[torch.Tensor], torch.Tensor]) -> tuple[dict[str, str], dict[str, str] | str]:
    """The parts of a function, and its target: the parts of a function, too, or the index."""
    if isinstance(f, Softened):
        model, target = _function(f.f)
        return model | {"softened": repr(f.beta)}, target
    if not isinstance(f, ModelFunction):
        return fingerprint(f, "f") | _global_hooks(), ""
    target = fingerprint(f.target, "target") if callable(f.target) else repr(f.target)
    return fingerprint(f.module, "model") | _global_hooks(), target


def _global_hooks() -> dict[str, str]:
    """The forward hooks that torch calls for every module; mostly there are none."""
    modules = torch.nn.modules.module
    hooks = [*modules._global_forward_pre_hooks.values(), *modules._global_forward_hooks.values()]
    return fingerprint(hooks, "hooks of all modules") if hooks else {}


def _parts(target: dict[str, str] | str) -> dict[str, str]:
    return target if isinstance(target, dict) else {}


def _places(span: tuple[int, int], seed: str) -> list[int]:
    """A few coalitions of a range, drawn by what the checkpoint is of."""
    start, stop = span
    count = max(1, min(PER_PART, (stop - start) // 64))
    drawn = np.random.default_rng([int(seed[:8], 16), start])
    return sorted((start + drawn.choice(stop - start, count, replace=False)).tolist())


def _bits(values: torch.Tensor) -> torch.Tensor:
    return values.contiguous().view(torch.int64)


def _compare(now: dict[str, Any], there: dict[str, Any], folder: Path) -> None:
    """Refuse the checkpoint of another question, and say in what it differs."""
    differ, where = [], []
    for key in QUESTION:
        if isinstance(now[key], dict) and isinstance(there.get(key), dict):
            paths = changes(now[key], there[key], [*now["loose"], *there["loose"]])
            differ += [key] if paths else []
            where += paths
        elif now[key] != there.get(key):
            differ.append(key)
    if len(differ) > 1:  # the values differ because something else does
        differ = [key for key in differ if key not in ("values", "range")]
    if not differ:
        return
    said = [f"{QUESTION[key]}{_both(there.get(key), now[key]) if key in SHOWN else ''}" for key in differ]
    hint = ": another function, another library, or one whose output changes between calls"
    parts = f" ({', '.join(map(shown, where[:3]))}{', …' if len(where) > 3 else ''})" if where else ""
    raise ValueError(
        f"the checkpoint in {folder} is of another question: {', '.join(said)} changed"
        f"{hint if differ == ['values'] else ''}{parts}; ask what was asked before, or give another directory"
    )


def _both(there: Any, now: Any) -> str:
    """Two short values, for a person."""
    short = all(isinstance(each, (int, str)) and len(str(each)) <= 60 for each in (there, now))
    return f" ({there} there, {now} here)" if short else ""


def _read_manifest(path: Path) -> dict[str, Any]:
    header, _ = _unsealed(path)
    if header.get("format") != FORMAT:
        raise ValueError(
            f"the format of {path} is {header.get('format')!r}, this version reads {FORMAT!r}; begin anew in another "
            "directory"
        )
    return header


def _read_part(path: Path, question: str, span: tuple[int, int]) -> tuple[dict[str, Any], np.ndarray]:
    header, payload = _unsealed(path)
    if header.get("question") != question:
        raise _damaged(path, "it belongs to another checkpoint")
    if header.get("range") != list(span) or len(payload) != 8 * (span[1] - span[0]):
        raise _damaged(path, "it holds another range than its name says")
    return header, np.frombuffer(payload, dtype="<f8").astype(np.float64)


def _sealed(header: dict[str, Any], payload: bytes) -> bytes:
    """A line of json with a hash of everything, and the payload."""
    line = json.dumps(header).encode()
    return json.dumps({"sha256": _hash(line + b"\n" + payload), **header}).encode() + b"\n" + payload


def _unsealed(path: Path) -> tuple[dict[str, Any], bytes]:
    if path.is_symlink() or not path.is_file():
        raise _damaged(path, "it is a link or a directory")
    line, end, payload = path.read_bytes().partition(b"\n")
    try:
        header = json.loads(line if end else b"")
        seal = header.pop("sha256")
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise _damaged(path, "its first line cannot be read") from error
    if seal != _hash(json.dumps(header).encode() + b"\n" + payload):
        raise _damaged(path, "its contents do not have the hash that it names")
    return header, payload


def _damaged(path: Path, what: str) -> ValueError:
    way_out = (
        "delete its whole directory, if it holds nothing else, and begin anew"
        if path.name == MANIFEST
        else "delete this file, and its coalitions are evaluated again"
    )
    return ValueError(f"{path} is damaged: {what}; {way_out}")


def _write(path: Path, data: bytes) -> None:
    """All of a file or nothing, and on the disk before it has its name."""
    part = path.with_name(f".synergy-{path.name}.{os.getpid()}.tmp")
    try:
        part.unlink(missing_ok=True)  # of an earlier process of the same number
        with part.open("xb") as file:
            _put(file, data)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _put(file: BinaryIO, data: bytes) -> None:
    file.write(data)
    file.flush()
    os.fsync(file.fileno())


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    """An error of the file system, with the directory and the way out."""
    try:
        yield
    except OSError as error:
        raise type(error)(
            error.errno,
            f"the checkpoint in {folder} cannot be written: {error.strerror or error}; make room or give a directory "
            "that can be written, and call again",
        ) from error


def _part_name(span: tuple[int, int]) -> str:
    return f"{span[0]:012d}-{span[1]:012d}.part"


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
