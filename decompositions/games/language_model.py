"""A model of texts, and what it takes and gives: arguments, logits, labels, and how much of a text."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from decompositions.arguments import shown, whole
from decompositions.games.encoded import Encoded
from decompositions.models.embedding import embedding_of
from decompositions.models.full_precision import full_precision
from decompositions.models.inputs import Inputs
from decompositions.models.one_tensor import OneTensor
from decompositions.models.outputs import Path, contents, is_structure, places
from decompositions.models.undisturbed import undisturbed

IDS = "input_ids"  # what tokenizers, and the models that they belong to, call them
ALIKE = 256.0  # of epsilon, relative to the largest logit: how far those of one prefix may differ


@dataclass(frozen=True)
class LanguageModel:
    """A classifier of texts or a language model, with its tokenizer, in the interface of transformers."""

    model: nn.Module
    tokenizer: Any

    @property
    def takes(self) -> dict[str, inspect.Parameter]:
        """The arguments of the model."""
        return dict(inspect.signature(self.model.forward).parameters)

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return next((each.device for each in self.model.parameters()), torch.device("cpu"))

    def arguments(self, read: Encoded) -> Inputs:
        """All that the model is called with for a text; token types of a model that knows none say nothing."""
        takes = self.takes
        anything = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in takes.values())
        bound: dict[str, Any] = {
            name: torch.tensor([row], device=self.device)
            for name, row in read.bound.items()
            if anything or name in takes
        }
        if "use_cache" in takes:  # it is for going on, and would be made for every coalition
            bound["use_cache"] = False
        name = IDS if anything or IDS in takes else None
        return Inputs(torch.tensor([read.ids], device=self.device), name, bound)

    def logits(self, read: Encoded) -> tuple[Path, torch.Tensor]:
        """The way to the logits in the model's output, and those of a text.

        Raises:
            ValueError: there are none.
        """
        return self._logits(self.arguments(read))

    def label(self, target: Any) -> int:
        """The number of a class, from its name or itself.

        Raises:
            LookupError: another name, with those that there are.
            TypeError: neither.
        """
        if not isinstance(target, str):
            return whole(target, "target is the name or the number of a class")
        labels = dict(getattr(getattr(self.model, "config", None), "label2id", None) or {})
        if target not in labels:
            there = ", ".join(map(repr, list(labels)[:12])) or "it has none; give a class by its number"
            raise LookupError(f"target {shown(target)} is none of the model's labels: {there}")
        return int(labels[target])

    def require_known(self, ids: tuple[int, ...]) -> None:
        """Refuse ids beyond the model's vocabulary.

        Raises:
            ValueError: names the token.
        """
        found = embedding_of(self.model, None, torch.tensor([[0]]))
        size = getattr(None if found is None else found.module, "num_embeddings", None)
        if isinstance(size, int) and max(ids) >= size:
            raise ValueError(
                f"a token has the id {max(ids)}, and the model knows {size} of them: are tokenizer and model of one "
                "kind? After tokens were added, model.resize_token_embeddings(len(tokenizer))"
            )

    def require_room(self, count: int) -> None:
        """Refuse more tokens than model and tokenizer say that they take.

        Raises:
            ValueError: says how many.
        """
        limits = {
            "max_position_embeddings": getattr(getattr(self.model, "config", None), "max_position_embeddings", None),
            "tokenizer.model_max_length": getattr(self.tokenizer, "model_max_length", None),
        }
        for name, most in limits.items():
            if isinstance(most, int) and 0 < most < count:
                raise ValueError(f"the text has {count} tokens and the model takes {most} ({name}); shorten it")

    def require_causal(self, read: Encoded) -> None:
        """Refuse a model whose logits at a place change with the tokens after it: they do not continue a text.

        Raises:
            ValueError: says so.
        """
        if len(read.ids) == 1:
            read = replace(read, ids=read.ids * 2, bound={name: row * 2 for name, row in read.bound.items()})
        inputs = self.arguments(read)
        other = inputs.explained.clone()
        other[:, -1] = int(read.ids[-1] == 0)  # 0, or 1 where it is 0
        one, two = (self._logits(replace(inputs, explained=ids))[1][:, :-1] for ids in (inputs.explained, other))
        if not one.is_meta and bool((abs(one - two) > ALIKE * torch.finfo(one.dtype).eps * abs(one).max()).any()):
            raise ValueError(
                "the model is no causal language model: what it says at a place changes with the tokens after it, so "
                "it does not continue a text; give a function from its output to one number per row as target, as "
                "lambda out: out.logits[:, place].log_softmax(-1)[:, id]"
            )

    def _logits(self, inputs: Inputs) -> tuple[Path, torch.Tensor]:
        """By name, or in the first place of an output without names."""
        outputs = self._called(inputs)
        if not is_structure(outputs):
            return (), outputs
        held = places(outputs)
        place: str | int = "logits" if "logits" in held else 0
        if not isinstance(held.get(place), torch.Tensor):
            raise ValueError(
                f"the model gives no logits but {contents(outputs)}; take one with a head, as "
                "…ForSequenceClassification or …ForCausalLM, or give a function from its output to one number per row "
                "as target"
            )
        return (place,), held[place]

    def _called(self, inputs: Inputs) -> Any:
        with undisturbed(self.model, inputs.explained.device), torch.no_grad(), full_precision():
            try:
                return OneTensor(self.model, inputs)(inputs.explained.clone())
            except (RuntimeError, IndexError, ValueError, TypeError) as error:
                reason = (str(error).splitlines() or [type(error).__name__])[0]
                raise ValueError(
                    f"the model refuses the {inputs.explained.shape[1]} tokens of the text: {reason[:200]}; where it "
                    "needs other arguments, too, take Game.from_model with bound="
                ) from error
