"""A question about an expression at a point, answered exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from decompositions.games.game import Game
from synergy.command.question import AbstractQuestion, required
from synergy.examples.example import Example
from synergy.wording.view import Features


@dataclass(frozen=True)
class Expression(AbstractQuestion):
    """An expression at a point: ``at`` and ``baseline`` are ``x1=1,x2=1/2``, ``baseline`` may be one number for all."""

    kind = "expression"
    help = "an expression of one's own, in exact numbers"
    subject: Annotated[str | None, typer.Argument(help="such as 'x1*x2 + x3'")] = None
    at: Annotated[str | None, typer.Option(help="the point, x1=1,x2=1/2")] = None
    baseline: Annotated[str | None, typer.Option(help="where to start: a number, or x1=0,x2=1")] = None

    def example(self) -> Example:
        text = required(self.subject, self.kind, "'x1*x2 + x3' --at x1=1,x2=2,x3=3")
        if not self.at:
            raise ValueError("an expression needs a point: --at x1=1,x2=2,…")
        x = _assignments(self.at)
        _require_named(text, x, self.at)
        start = self.baseline
        baseline: Any = 0 if start is None else _assignments(start) if "=" in start else start
        game = Game.from_expression(text, x, baseline)
        value = f"f(x) = {game([[1] * game.n])[0]}"
        facts = {"model": text, "input": self.at, "baseline": start or "0", "prediction": value}
        return Example(self.kind, text, game, Features(game.names, tuple(x.values())), facts)


def _require_named(text: str, x: dict[str, str], at: str) -> None:
    """Refuse a point that does not give every symbol of an expression a number; symbols cannot stay here."""
    from decompositions.expressions.parser import read  # SymPy is loaded only where there is an expression

    for name, value in x.items():
        if read(value).free_symbols:
            raise ValueError(f"'{value}' is not a finite real number; --at gives each symbol one: {name}=1/2")
    missing = sorted(symbol.name for symbol in read(text).free_symbols if symbol.name not in x)
    if missing:
        raise ValueError(
            f"{text} has no value at {at}, for nothing is said of {', '.join(missing)}; --at names every symbol: "
            f"--at {at},{missing[0]}=1"
        )


def _assignments(text: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    if not pairs or any(not (name.strip() and sign and value.strip()) for name, sign, value in pairs):
        raise ValueError(f"a point is written x1=1,x2=1/2; '{text}' is not")
    return {name.strip(): value.strip() for name, _, value in pairs}
