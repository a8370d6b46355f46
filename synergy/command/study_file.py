"""The file of a study: TOML with the arguments of ``synergy.studies.study``, looked at key by key."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import torch
from torch import nn

from decompositions.arguments import shown, whole
from decompositions.games import players as grouping
from synergy.command.array_file import read_array
from synergy.command.factory import made
from synergy.command.model import FEATURES, usual_players
from synergy.examples import digits, digits_polynomial, digits_vit
from synergy.method import method, usual

READY = {"digits": digits, "digits-polynomial": digits_polynomial, "digits-vit": digits_vit}
PLAIN = ("output", "order", "budget", "rows", "controls", "seed")  # handed on as they are
KEYS = ("folder", "model", "models", "inputs", "targets", "count", "baseline", "players", "methods", "settings", *PLAIN)


@dataclass(frozen=True)
class Divided:
    """How an input is divided into players, by the word that says so."""

    word: str

    def __call__(self, x: Any) -> torch.Tensor:
        return grouping.parse(self.word, x)

    def __repr__(self) -> str:
        return self.word


def read_study(path: Path) -> dict[str, Any]:
    """The arguments of :func:`synergy.studies.study` in a file.

    Raises:
        OSError: no such file.
        ValueError, TypeError, LookupError, ImportError: no TOML, an unknown key (the nearest is named), or what a key
            says does not fit.
    """
    given = _read(path)
    models = _models(given)
    inputs, targets = _inputs(given, models)
    word = given.get("players", usual_players(inputs[:1]) if isinstance(inputs, torch.Tensor) else FEATURES)
    if not isinstance(word, str):
        raise TypeError(f"players are a word such as grid:2x5 or features, not {shown(word)}")
    return {
        "model": models,
        "inputs": inputs,
        "folder": Path(_text(given, "folder", str(path.with_suffix("")))),
        "targets": targets,
        "baseline": _baseline(given.get("baseline", 0.0), inputs),
        "players": Divided(word),
        "methods": _methods(given),
        **{key: given[key] for key in PLAIN if key in given},
    }


def _read(path: Path) -> dict[str, Any]:
    """The keys of the file and what they say."""
    if not path.is_file():
        raise FileNotFoundError(f"a study is described by a .toml file, and there is no file {path}")
    try:
        given = tomllib.loads(path.read_text("utf8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no TOML: {error}") from error
    _require_known(given, KEYS, "key", str(path))
    return given


def _require_known(given: Mapping[str, Any], known: Any, what: str, where: str) -> None:
    """Refuse names that nobody knows."""
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
            raise LookupError(f"no {what} {shown(name)} in {where}; {hint}")


def _text(given: Mapping[str, Any], key: str, otherwise: str) -> str:
    value = given.get(key, otherwise)
    if not isinstance(value, str) or not value:
        raise TypeError(f"{key} is a text, not {shown(value)}")
    return value


def _models(given: Mapping[str, Any]) -> dict[str, Any]:
    """Models by name, from their specifications."""
    if ("model" in given) == ("models" in given):
        raise ValueError('a study names its model, model = "digits", or several: [models] and a line for each')
    wanted = given.get("models", {"model": given.get("model")})
    if not isinstance(wanted, Mapping) or not wanted or not all(isinstance(each, str) for each in wanted.values()):
        raise TypeError(f"models are named by texts, {', '.join(READY)} or package.module:factory, not {shown(wanted)}")
    return {name: READY[spec].model() if spec in READY else made(spec) for name, spec in wanted.items()}


def _inputs(given: Mapping[str, Any], models: Mapping[str, Any]) -> tuple[Any, Any]:
    """The inputs and the targets: of the ready models the images that were held out, and their digits."""
    inputs: Any
    if "inputs" in given:
        inputs, targets = _array(_text(given, "inputs", ""), "inputs"), None
    elif all(spec in READY for spec in given.get("models", {"model": given.get("model")}).values()):
        images, shown_digits, held_out = digits.data()
        inputs, targets = images[held_out], shown_digits[held_out].tolist()
    else:
        raise ValueError('a model of one\'s own needs inputs: inputs = "x.npy", one after the other')
    targets = given.get("targets", targets)
    if isinstance(targets, str) and targets.endswith(".npy"):
        targets = _array(targets, "targets").tolist()
    if "count" in given:
        count = whole(given["count"], "count is the number of inputs that are taken, the first ones", 1, len(inputs))
        inputs, targets = inputs[:count], targets[:count] if isinstance(targets, list) else targets
    return _as_taken(inputs, models), targets


def _array(name: str, key: str) -> torch.Tensor:
    return torch.from_numpy(read_array(Path(name), key))


def _as_taken(inputs: torch.Tensor, models: Mapping[str, Any]) -> Any:
    """In the type that the models take; of functions, arrays of NumPy."""
    if not all(isinstance(model, nn.Module) for model in models.values()):
        return inputs.numpy()
    types = {p.dtype for model in models.values() for p in model.parameters() if p.is_floating_point()}
    if len(types) > 1:
        raise ValueError(
            f"all models of a study take inputs of one type, and these are of {', '.join(map(str, types))}"
        )
    return inputs.to(types.pop()) if types and inputs.is_floating_point() else inputs


def _baseline(given: Any, inputs: Any) -> Any:
    """A number, or what a file holds in the inputs' type."""
    if not isinstance(given, str):
        return given
    found = _array(given, "baseline")
    return found.to(inputs.dtype) if isinstance(inputs, torch.Tensor) else found.numpy()


def _methods(given: Mapping[str, Any]) -> Any:
    """The methods, with the settings of those that have a table of their own."""
    wanted, settings = given.get("methods"), given.get("settings", {})
    if not (wanted is None or isinstance(wanted, (str, list))):
        raise TypeError(f'methods are a list of names, or "all", not {shown(wanted)}')
    if not isinstance(settings, Mapping) or not all(isinstance(each, Mapping) for each in settings.values()):
        raise TypeError("settings are tables by method: [settings.lrp_epsilon] and a line for each")
    if not settings:
        return wanted
    names = usual() if wanted is None else [wanted] if isinstance(wanted, str) else wanted
    _require_known(settings, names, "method", "settings")
    return [method(name, **settings[name]) if name in settings else name for name in names]
