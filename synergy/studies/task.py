"""The work of a study: the same question about many inputs, in blocks of which each is answered by itself."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch

from decompositions.dividends.several_games import harsanyi_all
from decompositions.effects.effects import Effects
from decompositions.games.game import Game
from decompositions.models.undisturbed import outside_inference
from decompositions.networks.reading.kept import readings_kept
from synergy.comparison.compare import carried_out
from synergy.comparison.extent import extent_of
from synergy.comparison.prepared import asked
from synergy.comparison.trial import reason_of
from synergy.studies.controls import Controls
from synergy.studies.inputs import Inputs
from synergy.studies.of_one_input import record
from synergy.studies.records import Records

FAILED = "failed"


@dataclass(frozen=True, eq=False)
class Task:
    """What is asked of every input.

    Args:
        models: by name.
        inputs: with their baselines, players and targets.
        methods: by name; what :func:`synergy.compare` takes.
        output: of the models, as :meth:`Game.from_model` takes it.
        order: up to which rows are wanted, as :func:`synergy.compare` takes it.
        budget: of measuring one method, likewise.
        rows: effects that are recorded one by one.
        controls: "weights" or "labels", or both: random ones, to which attributions are compared.
        seed: of what is drawn.
    """

    models: Mapping[str, Any]
    inputs: Inputs
    methods: Mapping[str, Any]
    output: str = "logit"
    order: int | None = None
    budget: int | None = None
    rows: int = 10
    controls: tuple[str, ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse controls that cannot be made."""
        _ = self.checks

    @cached_property
    def checks(self) -> Controls:
        """What attributions are compared to."""
        return Controls(self.controls, self.models, self.inputs, self.output, self.seed)

    @property
    def device(self) -> str:
        """The kind of device that the models ask for: that of the first which is not on the processor."""
        kinds = (part.device.type for model in self.models.values() for part in _parameters(model))
        return next((kind for kind in kinds if kind != "cpu"), "cpu")

    @outside_inference()
    def answers(self, start: int, stop: int) -> Records:
        """The records of the inputs from start to stop: a function of these numbers alone, whoever asks and when.

        An input that fails is recorded with its error.

        Raises:
            MemoryError: memory runs out.
        """
        records = Records()
        for name, model in self.models.items():
            games = {place: self._game(model, place) for place in range(start, stop)}
            known = self._dividends({place: game for place, game in games.items() if isinstance(game, Game)})
            for place, game in games.items():
                self._record(records, name, place, game, known.get(place))
        return records

    def _game(self, model: Any, place: int) -> Game | str:
        """The question about one input, or why there is none."""
        try:
            return self.inputs.game(model, place, self.output)
        except Exception as error:  # whatever a model raises
            return reason_of(error)

    def _dividends(self, games: Mapping[int, Game]) -> Mapping[int, Effects]:
        """All dividends of games where they are wanted, from common batches; none where one of the games fails."""
        try:
            places = [place for place, game in games.items() if self._wants_all(game)]
            return dict(zip(places, harsanyi_all([games[place] for place in places]), strict=True)) if places else {}
        except Exception as error:  # which input it is, each says for itself
            reason_of(error)
            return {}

    def _wants_all(self, game: Game) -> bool:
        what = asked(game, [], self.order, self.budget, None, "study()")
        return extent_of(game, what.order, what.budget, False).dense

    def _record(self, records: Records, model: str, place: int, game: Game | str, effects: Effects | None) -> None:
        """The records of one input, whole; or that it fails."""
        found = Records()
        try:
            if isinstance(game, str):
                raise ValueError(game)
            what = asked(game, list(self.methods.values()), self.order, self.budget, None, "study()")
            if effects is not None:
                what = replace(what, effects=lambda _: effects)
            with readings_kept():
                comparison = carried_out(what, lambda line: None)
            if effects is not None:  # which were paid beforehand
                comparison = replace(comparison, calls=comparison.calls + effects.calls)
            write = found.of_input(model, place)
            record(write, game, comparison, list(self.methods), self.rows)
            self.checks.record(write, game, comparison, self.methods)
        except Exception as error:  # whatever a model raises
            found = Records()
            found.of_input(model, place)(FAILED, math.nan, note=reason_of(error))
        records.extend(found)


def _parameters(model: Any) -> Iterator[torch.Tensor]:
    return model.parameters() if isinstance(model, torch.nn.Module) else iter(())
