"""Effects on disk: one npz file with the numbers and a json header. Never pickle."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from decompositions.arithmetic import is_exact, objects

if TYPE_CHECKING:
    from decompositions.effects import Effects

FORMAT = "synergy-effects/1"
FACTS = ("calls", "radius", "note", "distance", "evaluation")  # plain numbers and text


def save(effects: Effects, path: Path) -> None:
    """Write to a file beside ``path`` and move it there, so that nothing half-written is left."""
    header = {
        "format": FORMAT,
        "names": effects.names,
        "basis": effects.basis,
        "noise": effects.noise,
        "truncated": effects.truncated,
        **{name: getattr(effects, name) for name in FACTS},
        "exact": is_exact(effects.values),
    }
    arrays: dict[str, Any] = {"values": _plain(effects.values), "remainder": _plain(effects.remainder)}
    if effects.degrees is not None:
        arrays["degrees"] = effects.degrees
    if effects.gaps is not None:
        arrays["gaps"] = _plain(effects.gaps)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            np.savez(file, header=np.array(json.dumps(header)), **arrays)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def load(path: Path) -> Effects:
    """Read a file that :func:`save` wrote.

    Raises:
        FileNotFoundError: no such file.
        ValueError: another kind of file, a later format, or a damaged one.
    """
    from decompositions.effects import Effects

    if not path.exists():
        raise FileNotFoundError(f"no file of effects at {path}")
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        header = json.loads(str(arrays["header"]))
        if header["format"] != FORMAT:
            raise ValueError(f"its format is {header['format']!r}, this version reads {FORMAT!r}")
        return Effects(
            values=_numbers(arrays["values"], header["exact"]),
            names=tuple(header["names"]),
            basis=header["basis"],
            degrees=arrays.get("degrees"),
            noise=header["noise"],
            remainder=_numbers(arrays["remainder"], header["exact"])[()],
            truncated=header["truncated"],
            gaps=_numbers(arrays["gaps"], header["exact"]) if "gaps" in arrays else None,
            **{name: header[name] for name in FACTS if name in header},
        )
    except (OSError, ValueError, LookupError, TypeError, EOFError, RuntimeError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{path} is no readable file of effects: {error}; write one with effects.save(path)"
        ) from error


def _plain(values: Any) -> np.ndarray:
    """Numbers as an array that needs no pickle: exact ones as text."""
    if isinstance(values, torch.Tensor):
        return values.detach().cpu().numpy()
    values = np.asarray(values)
    return values.astype(str) if values.dtype == object else values


def _numbers(stored: np.ndarray, exact: bool) -> Any:
    if not exact:
        return torch.from_numpy(stored)
    return objects([_exact(str(text)) for text in stored.reshape(-1)]).reshape(stored.shape)


def _exact(text: str) -> Any:
    from decompositions.reading import read  # SymPy is loaded only where it is used

    return read(text)
