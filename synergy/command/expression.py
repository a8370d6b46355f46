"""A question about an expression at a point, answered exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

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
        x = _assignments(self.at, "--at")
        _require_named(text, x, self.at)
        baseline = _baseline(self.baseline or "0", x)
        game = Game.from_expression(text, x, baseline)
        value = f"f(x) = {game([[1] * game.n])[0]}"
        facts = {"model": text, "input": self.at, "baseline": self.baseline or "0", "prediction": value}
        if unused := _unused(text, x):
            facts["no part of it"] = ", ".join(unused)
        return Example(self.kind, text, game, Features(game.names, tuple(x.values())), facts)


def _require_named(text: str, x: dict[str, str], at: str) -> None:
    """Refuse a point that does not give every symbol of an expression a number; symbols cannot stay here."""
    from decompositions.expressions.parser import read  # SymPy is loaded only where there is an expression

    _require_numbers(x, "--at")
    missing = sorted(symbol.name for symbol in read(text).free_symbols if symbol.name not in x)
    if missing:
        raise ValueError(
            f"{text} has no value at {at}, for nothing is said of {', '.join(missing)}; --at names every symbol: "
            f"--at {at},{missing[0]}=1"
        )


def _unused(text: str, x: dict[str, str]) -> list[str]:
    """The symbols of a point that an expression does not have: null players, wanted or mistyped."""
    from decompositions.expressions.parser import read  # SymPy is loaded only where there is an expression

    there = {symbol.name for symbol in read(text).free_symbols}
    return [name for name in x if name not in there]


def _baseline(text: str, x: dict[str, str]) -> str | dict[str, str]:
    """One number for all symbols, or one for each.

    Raises:
        ValueError: neither.
    """
    if "=" not in text:
        _require_numbers({next(iter(x)): text}, "--baseline")
        return text
    named = _assignments(text, "--baseline")
    _require_numbers(named, "--baseline")
    odd = sorted(set(named) ^ set(x))
    if odd:
        all_of_them = ",".join(f"{name}={named.get(name, 0)}" for name in x)
        raise ValueError(
            f"--baseline is a number for all symbols, or names those of --at, {', '.join(x)}; check {', '.join(odd)}: "
            f"--baseline {all_of_them}"
        )
    return named


def _require_numbers(point: dict[str, str], option: str) -> None:
    """Refuse what is no number."""
    from decompositions.expressions.parser import read  # SymPy is loaded only where there is an expression

    for name, value in point.items():
        try:
            symbols = read(value).free_symbols
        except ValueError:
            symbols = {value}
        if symbols:
            raise ValueError(f"'{value}' is not a finite real number; {option} gives each symbol one: {name}=1/2")


def _assignments(text: str, option: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    if not pairs or any(not (name.strip() and sign and value.strip()) for name, sign, value in pairs):
        raise ValueError(f"a point is written x1=1,x2=1/2; '{text}' is not, at {option}")
    names = [name.strip() for name, _, _ in pairs]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ValueError(
            f"{option} gives each symbol one number, and {twice[0]} has {names.count(twice[0])} in '{text}'"
        )
    return {name.strip(): value.strip() for name, _, value in pairs}
