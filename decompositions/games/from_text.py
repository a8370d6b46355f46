"""From a language model, its tokenizer and a text to a FunctionCube whose players are words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from decompositions.arguments import shown, whole
from decompositions.games.encoded import Encoded, continuation, encoded
from decompositions.games.from_torch import asked, function_cube
from decompositions.games.function_cube import FunctionCube
from decompositions.games.language_model import LanguageModel
from decompositions.games.pieces import Tokens
from decompositions.games.spans import Owners, owners, pieces
from decompositions.models.context import Context
from decompositions.models.continuation import Continuation
from decompositions.models.embedding import embedding_of
from decompositions.models.inputs import Inputs
from decompositions.models.model_function import Target, require_evaluation, require_module, require_weights
from decompositions.models.undisturbed import undisturbed

REMOVED = -1  # an id that no token has
ABSENT = 'absent says what an absent token is: "mask", "pad", "remove", or the id of a token'


@dataclass(frozen=True)
class Asked:
    """What is asked about a text, as :meth:`decompositions.games.game.Game.from_text` takes it."""

    target: Any
    players: Any
    absent: Any
    output: str
    embedding: Any
    chunk: int | None


def text_cube(
    model: nn.Module, tokenizer: Any, text: str, about: Asked
) -> tuple[FunctionCube, tuple[str, ...], Tokens]:
    """The cube of :meth:`decompositions.games.game.Game.from_text`, the players' names, and the tokens they have.

    Raises:
        TypeError, ValueError, LookupError: whatever does not fit, said with the way out.
    """
    require_module(model)
    require_weights(model)
    require_evaluation(model)
    reader = LanguageModel(model, tokenizer)
    with undisturbed(model, reader.device, looking=True):  # once for all that follows
        return _cube(reader, encoded(tokenizer, text), about)


def _cube(reader: LanguageModel, read: Encoded, about: Asked) -> tuple[FunctionCube, tuple[str, ...], Tokens]:
    read, target = _aimed(reader, read, about)
    owned = owners(read, about.players)
    absent = _absent(reader.tokenizer, about.absent)
    reader.require_known((absent,))
    inputs = _inputs(reader, read, owned, absent, target)
    function = asked(reader.model, inputs, target, about.output)
    players = torch.tensor([[number for number in owned.numbers if number is not None]])
    cube = function_cube(function, inputs.explained, absent, players, None, about.chunk)
    cube = replace(cube, embedding=embedding_of(reader.model, about.embedding, cube.x))
    return cube, owned.names, pieces(read, owned)


def _aimed(reader: LanguageModel, read: Encoded, about: Asked) -> tuple[Encoded, Target]:
    """The text, with what a language model has to read behind it, and the target in the model's output."""
    reader.require_known(read.ids)
    reader.require_room(len(read.ids))
    if callable(about.target):
        return read, about.target
    path, logits = reader.logits(read)
    if logits.ndim == 2:
        return read, (*path, reader.label(about.target))
    if logits.ndim != 3:
        raise ValueError(
            "a model of texts gives logits of shape (1, classes), or (1, tokens, vocabulary) where it continues them, "
            f"not {tuple(logits.shape)}; give a function from its output to one number per row as target"
        )
    if about.output != "logit":
        raise ValueError(f"a continuation has a log-probability; output={shown(about.output)} is for classes")
    ids = continuation(reader.tokenizer, read, about.target)
    reader.require_known(ids)
    read = read.followed(ids[:-1])
    reader.require_room(len(read.ids))
    reader.require_causal(read)
    return read, Continuation(path, ids)


def _inputs(reader: LanguageModel, read: Encoded, owned: Owners, absent: int, target: Any) -> Inputs:
    """The ids that have players, explained; all others around them, and what else the model takes, bound."""
    text = reader.arguments(read)
    mine = [place for place, number in enumerate(owned.numbers) if number is not None]
    others = [place for place, number in enumerate(owned.numbers) if number is None]
    continued = len(target.ids) if isinstance(target, Continuation) else 1
    if absent == REMOVED and len(others) < continued:
        raise ValueError(
            "with every player removed no token is left that the model could read: the tokenizer puts none before the "
            'text; take absent="pad", "mask" or an id, or players as spans that leave a word out'
        )
    bound = dict(text.bound)
    if isinstance(target, Continuation) and "logits_to_keep" in reader.takes:
        bound["logits_to_keep"] = continued
    order = torch.tensor(others + mine, device=text.explained.device).argsort()
    around = Context(text.explained[:, others], order) if others else None
    removed = REMOVED if absent == REMOVED else None
    return Inputs(text.explained[:, mine], text.name, bound, around, removed)


def _absent(tokenizer: Any, absent: Any) -> int:
    """The id of an absent token.

    Raises:
        ValueError: the tokenizer has no such token, or another word.
        TypeError: neither a word nor an id.
    """
    if not isinstance(absent, str):
        return whole(absent, ABSENT, 0)
    if absent == "remove":
        return REMOVED
    if absent not in ("mask", "pad"):
        raise ValueError(f"{ABSENT}, not {shown(absent)}")
    found = getattr(tokenizer, f"{absent}_token_id", None)
    if found is None:
        others = [f'"{each}"' for each in ("mask", "pad") if getattr(tokenizer, f"{each}_token_id", None) is not None]
        raise ValueError(
            f"the tokenizer has no {absent} token; take absent={' | '.join([*others, chr(34) + 'remove' + chr(34)])} | "
            "an id, as tokenizer.eos_token_id"
        )
    return int(found)
