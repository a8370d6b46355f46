"""Checkpoints: values of coalitions kept on disk, so that an interrupted evaluation goes on where it stopped.

A checkpoint is a directory: ``manifest.json`` says of which question the values are, every ``*.part`` holds the values
of one range of coalitions behind one line of json. A file is written under another name, forced to the disk and then
renamed, so that under its own name it is whole; hashes tell a damaged one. ``lock`` is held while a process works here
and is given back by the operating system when that process ends, however it ends.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch

from decompositions import coalitions, degrees
from decompositions.cube import AbstractCube
from decompositions.function_cube import FunctionCube
from decompositions.game import Game
from decompositions.model import ModelFunction
from decompositions.softening import Softened

FORMAT = "synergy-checkpoint/1"
MANIFEST = "manifest.json"
LOCK = "lock"
ASKED = 8  # coalitions whose values must be the same, bit for bit
QUESTION = {
    "format": "the format",
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
        """For a person."""
        if not (self.folder / MANIFEST).is_file():
            return f"nothing is kept: {self.folder} has vanished meanwhile; give a directory that stays"
        return (
            f"{self.done:,} of {self.total:,} coalitions are kept in {self.folder}; the same call with this checkpoint "
            "goes on from there"
        )

    def restore(self, values: torch.Tensor, how: str, cube: FunctionCube) -> FunctionCube:
        """Fill in the values that are kept.

        Args:
            values: of all coalitions. Shape ``(total,)``.
            how: by what shortcuts the others will be evaluated.
            cube: g.

        Returns:
            The cube, by the smallest chunk to which memory has forced an earlier run.

        Raises:
            ValueError: a damaged part, or one that was evaluated in another way.
        """
        chunk = cube.chunk
        for (start, stop), path in sorted(self.kept.items()):
            header, numbers = _read_part(path, self.question, (start, stop))
            if header["how"] != how:
                raise ValueError(
                    f"{path} was evaluated in another way ({header['how'] or 'without shortcuts'}) than now "
                    f"({how or 'without shortcuts'}); take the versions of then, or give another directory"
                )
            values[start:stop] = torch.from_numpy(numbers).to(values.device)
            chunk = min(chunk, header["chunk"])
        return cube.by(chunk)

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
    folder = Path(folder)
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
    length = coalitions.range_length(total, cube.points_at_once)
    question = _question(game, cube, active, order) | {"range": length}
    for left in folder.glob(".*.tmp"):
        left.unlink()
    path = folder / MANIFEST
    if path.exists():
        _compare(question, _read_manifest(path), folder)
    else:
        _require_empty(folder)
        with _explained(folder):
            _write(path, _sealed(question, b""))
    kept = _kept(folder, set(coalitions.spans(total, length)))
    return Checkpoint(folder, _hash(json.dumps(question).encode()), total, kept)


def _kept(folder: Path, ranges: set[tuple[int, int]]) -> dict[tuple[int, int], Path]:
    named = {_part_name(each): each for each in ranges}
    found = {}
    for path in folder.glob("*.part"):
        if path.name not in named:
            raise _damaged(path, "its name is that of no range of this evaluation")
        found[named[path.name]] = path
    return found


def _require_empty(folder: Path) -> None:
    others = sorted(path.name for path in folder.iterdir() if path.name != LOCK)
    if others:
        raise ValueError(
            f"{folder} has no {MANIFEST} but holds other files ({', '.join(others[:3])}, …); give a new or empty "
            "directory for the checkpoint"
        )


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
        file = (folder / LOCK).open("a+")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise BlockingIOError(
                f"the checkpoint in {folder} is in use by {file.read().strip() or 'another process'}; wait until it "
                "ends, or give another directory (the lock ends with its process, nothing needs to be deleted)"
            ) from error
        with _explained(folder):
            file.truncate(0)
            file.write(f"process {os.getpid()} on {socket.gethostname()}")
            file.flush()
        yield


def _question(game: Game, cube: FunctionCube, active: tuple[int, ...], order: int | None) -> dict[str, Any]:
    """What the values depend on."""
    model, target = _function(cube.f)
    return {
        "format": FORMAT,
        "names": list(game.names),
        "order": order,
        "x": _tensor(cube.x),
        "baseline": _tensor(cube.baseline),
        "weights": _tensor(cube.weights),
        "players": _tensor(cube.entry_players()),
        "model": model,
        "target": target,
        "dtype": str(cube.dtype),
        "device": cube.device.type,
        "chunk": cube.chunk,
        "values": _answers(cube, active),
    }


def _answers(cube: FunctionCube, active: tuple[int, ...]) -> list[str]:
    """g, bit for bit, at ∅, at all players and at a few coalitions between, which betray any other function."""
    last = 2 ** len(active) - 1
    masks = sorted({last * place // (ASKED - 1) for place in range(ASKED)})
    points = torch.cat([degrees.spread(mask, mask + 1, active, cube.n, cube.device) for mask in masks])
    return [float(value).hex() for value in cube.values(points).tolist()]


def _function(f: Callable[[torch.Tensor], torch.Tensor]) -> tuple[str, str]:
    """A function and its target as hashes or names."""
    if isinstance(f, Softened):
        model, target = _function(f.f)
        return f"{model}, softened by {f.beta!r}", target
    if isinstance(f, ModelFunction):
        return _module(f.module), _callable(f.target) if callable(f.target) else repr(f.target)
    if isinstance(f, torch.nn.Module):
        return _module(f), ""
    return _callable(f), ""


def _callable(f: Any) -> str:
    """The name of a plain function and a hash of its code and of what it closes over, as far as that is data."""
    code = getattr(f, "__code__", None)
    name = getattr(f, "__qualname__", type(f).__qualname__)
    if code is None:
        return f"{name}, {_hash(_data(vars(f) if hasattr(f, '__dict__') else {}).encode())}"
    cells = [cell.cell_contents for cell in f.__closure__ or ()]
    known = [code.co_code.hex(), *(_data(each) for each in (code.co_consts, f.__defaults__, f.__kwdefaults__, cells))]
    return f"{name}, {_hash(' '.join(known).encode())}"


def _data(value: Any) -> str:
    """Numbers, text, tensors and what holds them, written down; of anything else its type."""
    if isinstance(value, torch.Tensor):
        return _tensor(value)
    if isinstance(value, (bool, int, float, complex, str, bytes, type(None), np.generic, torch.dtype)):
        return repr(value)
    if isinstance(value, np.ndarray) and value.dtype != object:
        return _tensor(torch.from_numpy(np.ascontiguousarray(value)))
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_data, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {_data(each)}" for key, each in sorted(value.items(), key=_key)) + "}"
    if isinstance(value, torch.nn.Module):
        return _module(value)
    return _callable(value) if hasattr(value, "__code__") else type(value).__qualname__


def _key(item: tuple[Any, Any]) -> str:
    return repr(item[0])


def _module(module: torch.nn.Module) -> str:
    """A hash of the classes of a model's modules and of its parameters and buffers."""
    found = hashlib.sha256()
    for name, each in module.named_modules():
        found.update(f"{name}: {type(each).__qualname__}\n".encode())
    for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
        found.update(f"{name}: {_tensor(tensor)}\n".encode())
    return found.hexdigest()


def _tensor(tensor: torch.Tensor) -> str:
    """A hash of the type, shape and bytes of a tensor."""
    numbers = tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy()
    found = hashlib.sha256(f"{tensor.dtype} {tuple(tensor.shape)}\n".encode())
    found.update(numbers.data)
    return found.hexdigest()


def _compare(now: dict[str, Any], there: dict[str, Any], folder: Path) -> None:
    """Refuse the checkpoint of another question, and say in what it differs."""
    changed = [key for key in QUESTION if now[key] != there.get(key)]
    if len(changed) > 1:  # the values differ because something else does
        changed = [key for key in changed if key not in ("values", "range")]
    if not changed:
        return
    said = [f"{QUESTION[key]}{_both(there.get(key), now[key])}" for key in changed]
    hint = ": another function, another library, or one whose output changes between calls"
    raise ValueError(
        f"the checkpoint in {folder} is of another question: {', '.join(said)} changed"
        f"{hint if changed == ['values'] else ''}; ask what was asked before, or give another directory"
    )


def _both(there: Any, now: Any) -> str:
    """Two short values, for a person."""
    short = all(isinstance(each, (int, str)) and len(str(each)) <= 20 for each in (there, now))
    return f" ({there} there, {now} here)" if short else ""


def _read_manifest(path: Path) -> dict[str, Any]:
    header, _ = _unsealed(path)
    if header.get("format") != FORMAT:
        raise ValueError(f"the format of {path} is {header.get('format')!r}, this version reads {FORMAT!r}")
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
        "delete its whole directory and begin anew"
        if path.name == MANIFEST
        else "delete this file, and its coalitions are evaluated again"
    )
    return ValueError(f"{path} is damaged: {what}; {way_out}")


def _write(path: Path, data: bytes) -> None:
    """All of a file or nothing, and on the disk before it has its name."""
    part = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with part.open("wb") as file:
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
