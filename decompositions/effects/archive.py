"""Arrays of numbers and a header on disk, as effects have them: one npz file with a json header. Never pickle."""

from __future__ import annotations

import json
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from decompositions.arguments import real, shown, whole
from decompositions.arithmetic import is_exact, objects
from decompositions.counts import TOO_LONG, count, exactly
from decompositions.effects.coalitions import Coalitions
from decompositions.effects.strata import Strata
from decompositions.files import npz
from decompositions.files.npz import Archive
from decompositions.files.whole_file import whole_file

FORMAT = "synergy-effects/2"
READ = ("synergy-effects/1", FORMAT)  # the first has no coalitions and no strata
FACTS = ("calls", "radius", "note", "distance", "evaluation")  # plain numbers and text
AT_ONCE = 2**20  # effects that are looked at together
PATH = "effects are kept in a file, and path is its name, a text or a Path"
UNREADABLE = (
    OSError, ValueError, LookupError, TypeError, EOFError, RuntimeError, ArithmeticError, zipfile.BadZipFile,
    zlib.error, struct.error,
)  # fmt: skip  # what a file that anybody may have made can bring about


def save(effects: Mapping[str, Any], path: Path) -> None:
    """Write to a file beside ``path`` and move it there, so that nothing half-written is left.

    Args:
        effects: what they are made of, by name.
        path: of the file.

    Raises:
        ValueError: effects, or a noise, that are NaN or infinite.
        OSError: the file cannot be written.
    """
    real(effects["noise"], "the noise of effects that are kept is the rounding error of a value", 0)
    _require_numbers(effects["values"])
    facts = {name: effects[name] for name in ("names", "basis", "noise", "truncated", *FACTS)}
    header = {"format": FORMAT, **facts, "exact": is_exact(effects["values"])}
    if effects["strata"] is not None:
        header["strata"] = effects["strata"].plain()
    arrays: dict[str, Any] = {name: _plain(effects[name]) for name in ("values", "remainder")}
    if effects["degrees"] is not None:
        arrays["degrees"] = effects["degrees"]
    if effects["coalitions"] is not None:
        arrays["coalitions"] = effects["coalitions"].bits
    if effects["gaps"] is not None:
        arrays["gaps"] = _plain(effects["gaps"])
    with whole_file(path, "effects.npz") as file:
        np.savez(file, header=np.array(json.dumps(header)), **arrays)


@contextmanager
def loaded(path: Path) -> Iterator[dict[str, Any]]:
    """What effects are made of, by name, out of a file that :func:`save` wrote.

    Inside they are put together; if they do not fit together, that is an error of the file, too.

    Raises:
        FileNotFoundError: no such file.
        ValueError: another kind of file, a later format, or a damaged one.
        MemoryError: the effects do not fit.
    """
    if not path.exists():
        raise FileNotFoundError(f"no file of effects at {path}")
    try:
        if not path.is_file():
            raise ValueError("it is no file")
        with npz.opened(path) as file:
            yield _contents(file)
    except UNREADABLE as error:
        said = str(error).splitlines() or [type(error).__name__]
        raise ValueError(
            f"{path} is no readable file of effects: {said[0]}; write one with effects.save(path)"
        ) from error


def _contents(file: Archive) -> dict[str, Any]:
    """What effects are made of; all that is needed is looked at before numbers are read."""
    header = _header(file)
    exact, names = header["exact"], header["names"]
    _require_layout(file, names, header["basis"], exact)
    values = _numbers(file.array("values"), exact)
    _require_numbers(values)
    return {
        "values": values,
        "names": tuple(names),
        "degrees": file.array("degrees") if "degrees" in file else None,
        "coalitions": Coalitions(file.array("coalitions"), len(names)) if "coalitions" in file else None,
        "strata": Strata.of_plain(header["strata"], values.shape[-1]) if "strata" in header else None,
        "remainder": _numbers(file.array("remainder"), exact)[()],
        "gaps": _numbers(file.array("gaps"), exact) if "gaps" in file else None,
        **{name: header[name] for name in ("basis", "noise", "truncated", *FACTS) if name in header},
    }


def _header(file: Archive) -> dict[str, Any]:
    """The json header, every entry of the type that it must have.

    Raises:
        ValueError, TypeError: another one.
    """
    layout = file.layout("header")
    if layout.dtype.kind != "U" or layout.shape:
        raise ValueError(f"its header is one text, not {layout.kind} of shape {layout.shape}")
    header = json.loads(str(file.array("header")))
    if not isinstance(header, dict) or header.get("format") not in READ:
        found = header.get("format") if isinstance(header, dict) else header
        raise ValueError(f"its format is {shown(found)}, this version reads {FORMAT!r}")
    for name, kind in KINDS.items():
        if name not in header and name not in FACTS:
            raise ValueError(f"its header does not say {name!r}")
        if name in header and type(header[name]) not in kind:
            raise TypeError(
                f"{name!r} in its header is {' or '.join(each.__name__ for each in kind)}, not {shown(header[name])}"
            )
    real(header["noise"], "'noise' in its header is the rounding error of a value", 0)
    if not header.get("distance", 0.0) >= 0:
        raise ValueError(f"'distance' in its header is at least 0, not {shown(header['distance'])}")
    if header.get("radius", 0.0) < 0:
        raise ValueError(f"'radius' in its header is at least 0, infinity or NaN, not {shown(header['radius'])}")
    whole(header.get("calls", 0), "'calls' in its header are those that were paid", 0)
    return header


KINDS: dict[str, tuple[type, ...]] = {
    "names": (list,),
    "basis": (str,),
    "noise": (float, int),
    "truncated": (bool,),
    "exact": (bool,),
    "calls": (int,),
    "radius": (float, int),
    "note": (str,),
    "distance": (float, int),
    "evaluation": (str,),
}


def _require_layout(file: Archive, names: list[Any], basis: str, exact: bool) -> None:
    """Refuse arrays whose types and shapes are not those of such effects.

    Raises:
        ValueError: which one, and what it must be.
    """
    n = len(names)
    table = file.layout("degrees") if "degrees" in file else None
    if table is not None and (table.dtype.kind not in "iu" or len(table.shape) != 2 or table.shape[1] != n):
        raise ValueError(
            f"its degrees are whole numbers, one row per effect and one column per player, {n}, not {table.kind} of "
            f"shape {table.shape}"
        )
    bits = file.layout("coalitions") if "coalitions" in file else None
    if bits is not None and (bits.dtype != np.uint64 or len(bits.shape) != 2 or table is not None):
        raise ValueError(
            f"its coalitions are rows of 64-bit words and no degrees, not {bits.kind} of shape {bits.shape}"
        )
    if table is None and basis == "taylor":
        raise ValueError("Taylor effects need their table of degree vectors, and it has none")
    listed = table if bits is None else bits
    rows = 2**n if listed is None else listed.shape[0]
    values = file.layout("values")
    if not values.shape or values.shape[-1] != rows:
        raise ValueError(f"its values are {count(rows)} for {n} players, not of shape {values.shape}")
    games = values.shape[:-1]
    shapes = {"values": (values.shape,), "remainder": ((), games), "gaps": ((*games, 2**n),)}
    for name in shapes:
        if name != "gaps" or name in file:
            _require_kind(file, name, exact)
            if file.layout(name).shape not in shapes[name]:
                raise ValueError(f"its {name} have shape {shown(shapes[name][-1])}, not {file.layout(name).shape}")


def _require_kind(file: Archive, name: str, exact: bool) -> None:
    """Exact numbers are texts, others floats of a type that torch has; a remainder may be a whole number, too."""
    layout = file.layout(name)
    kinds = ("U" if exact else "f") + ("iu" if name == "remainder" else "")
    if layout.dtype.kind not in kinds or (layout.dtype.kind == "f" and layout.dtype.itemsize not in (4, 8)):
        wanted = "exact numbers as text" if exact else "real numbers in float32 or float64"
        raise ValueError(f"its {name} are {wanted}, not {layout.kind} ({layout.dtype})")


def _require_numbers(values: Any) -> None:
    """Refuse effects that are no finite real numbers; SymPy's are told by what they answer, as it is not loaded here.

    Raises:
        ValueError: which is none.
    """
    if isinstance(values, torch.Tensor):
        if not all(torch.isfinite(some).all() for some in values.reshape(-1).split(AT_ONCE)):
            raise ValueError("some effects are NaN or infinite; effects that are kept are finite numbers")
        return
    for value in values.flat:
        atoms = value.atoms() if hasattr(value, "atoms") else ()
        infinite = any(each.is_finite is False for each in atoms) or value != value  # which is what NaN differs from
        if infinite or getattr(value, "is_real", None) is False:
            raise ValueError(f"the effect {shown(str(value))} is no real number; effects that are kept are")


def _plain(values: Any) -> np.ndarray:
    """Numbers as an array that needs no pickle: exact ones as text."""
    if isinstance(values, torch.Tensor):
        return values.detach().cpu().numpy()
    values = np.asarray(values)
    if values.dtype != object:
        return values
    texts = np.array([exactly(value) for value in values.reshape(-1)], dtype=str).reshape(values.shape)
    if (texts == TOO_LONG).any():
        raise ValueError(
            "a file holds exact numbers of at most 4300 digits, and these have more; take x of fewer digits"
        )
    return texts


def _numbers(stored: np.ndarray, exact: bool) -> Any:
    if not exact:
        return torch.from_numpy(stored)
    return objects([_exact(str(text)) for text in stored.reshape(-1)]).reshape(stored.shape)


def _exact(text: str) -> Any:
    from decompositions.expressions.parser import read  # SymPy is loaded only where it is used

    return read(text)
