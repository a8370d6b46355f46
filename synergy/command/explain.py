"""``synergy explain``: one subcommand for every kind of question, with its own options and those of all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from inspect import Parameter, Signature
from typing import Annotated, Any, get_type_hints

import typer
from typer.core import TyperGroup

from decompositions.settings import options
from synergy.command.answer import answer
from synergy.command.expression import Expression
from synergy.command.model import Model
from synergy.command.question import AbstractQuestion
from synergy.command.ready import Digits, DigitsPolynomial, DigitsVit, Photo, Sentence, Tabular
from synergy.command.terminal import say
from synergy.command.work import Work
from synergy.examples import OWN, require
from synergy.showing.report import template

QUESTIONS: dict[str, type[AbstractQuestion]] = {
    question.kind: question
    for question in (Sentence, Photo, Digits, DigitsPolynomial, DigitsVit, Tabular, Model, Expression)
}
EXAMPLES = (
    'synergy explain sentence "I\'m not happy"',
    "synergy explain digits 7 --methods shapley,lrp_epsilon",
    "synergy explain model my_module:net --input x.npy --target 3 --players grid:4x4",
    "synergy explain model my_module:forest --input row.npy --baseline background.npy --target 1",
    'synergy explain expression "x1*x2 + x3" --at x1=1,x2=2,x3=3',
)
EPILOG = "\n\n".join(["Examples:", *EXAMPLES])
NOT_OURS = Annotated[
    str | None, typer.Option(hidden=True)
]  # another kind's: known, so that it is not a slip of the pen


class Kinds(TyperGroup):
    """The kinds of questions; the options may come before the kind, too."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The subcommand of a kind.

        Raises:
            LookupError: no such kind; the nearest is named.
        """
        require(cmd_name)
        return super().get_command(ctx, cmd_name)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Every option takes one word; the first word that is neither of them is the kind."""
        options = {name for command in self.commands.values() for option in command.params for name in option.opts}
        place = 0
        while place < len(args) and args[place].startswith("--") and args[place].partition("=")[0] in options:
            place += 1 if "=" in args[place] else 2
        if place >= len(args):
            ctx.fail(f"a question is of one kind: synergy explain {'|'.join(self.commands)}")
        return super().parse_args(ctx, [args[place], *args[:place], *args[place + 1 :]])


def subcommands() -> typer.Typer:
    """All kinds of questions."""
    app = typer.Typer(cls=Kinds, subcommand_metavar="KIND [SUBJECT] [OPTIONS]", epilog=EPILOG)
    for question in QUESTIONS.values():
        app.command(question.kind, help=f"{question.help[0].upper()}{question.help[1:]}")(_command(question))
    return app


def _command(question: type[AbstractQuestion]) -> Callable[..., None]:
    """The function that typer reads: its parameters are the question's fields, then those of all questions."""

    def command(**words: Any) -> None:
        def told(declared: type) -> Any:
            return declared(**{field.name: words[field.name] for field in fields(declared)})

        _require_own(question, words)
        with options(_of_arguments(question)):
            _explain(told(question), told(Work), {f"--{name}": words[name] for name in ("input", "baseline")})

    own = [*_parameters(question), *_parameters(Work)]
    known = {parameter.name for parameter in own}
    others = dict.fromkeys(name for each in QUESTIONS.values() for name in each.options() if name not in known)
    hidden = [Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=NOT_OURS) for name in others]
    command.__signature__ = Signature([*own, *hidden])  # type: ignore[attr-defined]
    return command


def _parameters(declared: type) -> list[Parameter]:
    hints = get_type_hints(declared, include_extras=True)
    return [
        Parameter(field.name, Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name])
        for field in fields(declared)
    ]


def _require_own(question: type[AbstractQuestion], words: dict[str, Any]) -> None:
    """Refuse an option of another kind of question."""
    own = question.options()
    for name in (name for each in QUESTIONS.values() for name in each.options() if name not in own):
        if words[name] is not None:
            others = [kind for kind, each in QUESTIONS.items() if kind in OWN and name in each.options()]
            raise ValueError(
                f"{_typed(name)} belongs to {' and '.join(others)}; {question.kind} has {', '.join(map(_typed, own))}"
            )


def _of_arguments(question: type[AbstractQuestion]) -> dict[str, str]:
    """The options that stand for arguments of Python of the same name, so that errors name what can be typed here."""
    names = [*question.options(), *(field.name for field in fields(Work) if field.name != "output")]
    of_python = {"output_kind": "output", "input": "x", "at": "x"}
    return {of_python.get(name, name): _typed(name) for name in names}


def _typed(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _explain(question: AbstractQuestion, work: Work, read: dict[str, str | None]) -> None:
    work.chosen()
    template()  # what is missing is said before anything is computed
    example = question.example()
    report = work.report(question.kind)
    work.require_places(report, read)
    try:
        answer(example, work, report)
    except KeyboardInterrupt as stop:
        say(str(stop) or "interrupted", err=True)
        raise typer.Exit(130) from None
