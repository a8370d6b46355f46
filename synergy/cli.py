"""Attribution methods in theory and in practice: decompose, share out, judge."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from decompositions.coalitions import LIMIT
from decompositions.harsanyi import harsanyi
from decompositions.harsanyi import price as harsanyi_price
from synergy import measurement, questions
from synergy.comparison import compare
from synergy.examples import Example
from synergy.method import METHODS
from synergy.synergy_function import POINTS
from synergy.text import comparison_table

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
BUDGET = 20_000


@app.command()
def explain(
    kind: Annotated[str, typer.Argument(help=f"what to explain: {', '.join(questions.KINDS)}")],
    subject: Annotated[
        str | None,
        typer.Argument(help="a sentence, a picture, a digit, a row, an expression or package.module:factory"),
    ] = None,
    players: Annotated[str | None, typer.Option(help="features, grid:4x4, words, tokens, groups, …")] = None,
    methods: Annotated[str | None, typer.Option(help="names with commas; all by default")] = None,
    budget: Annotated[int, typer.Option(help="model calls that one measured allocation may cost")] = BUDGET,
    limit: Annotated[int, typer.Option(help="model calls that the decomposition may cost")] = LIMIT,
    output: Annotated[Path | None, typer.Option(help="the report; reports/KIND.html by default")] = None,
    save: Annotated[Path | None, typer.Option(help="a file for the effects (.npz)")] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(help="a directory that keeps the values so far; the same command goes on from there")
    ] = None,
    input_: Annotated[str | None, typer.Option("--input", help="model: the input, a .npy file")] = None,
    baseline: Annotated[str | None, typer.Option(help="model, expression: a number, a .npy file, or x1=0,x2=1")] = None,
    target: Annotated[str | None, typer.Option(help="model: index of the output, several with commas")] = None,
    kind_of_output: Annotated[
        str | None, typer.Option("--output-kind", help="model: logit, probability or log_odds")
    ] = None,
    device: Annotated[str | None, typer.Option(help="model: cpu, cuda, …")] = None,
    at: Annotated[str | None, typer.Option(help="expression: the point, x1=1,x2=1/2")] = None,
    degree: Annotated[int | None, typer.Option(help="expression: of the Taylor series, where it does not end")] = None,
) -> None:
    """Decompose one output, share it out by every method, and judge each by the three criteria."""
    if kind == "model":
        options = {"input": input_, "baseline": baseline, "players": players, "target": target}
        example = questions.model(subject or "", options | {"output": kind_of_output, "device": device})
    elif kind == "expression":
        example = questions.expression(subject or "", at, baseline)
    else:
        example = questions.ready(kind, subject, players)
    chosen = [name.strip() for name in methods.split(",") if name.strip()] if methods else None
    report = questions.writable(output or Path("reports") / f"{kind}.html")
    paths = (report, save and questions.writable(save), checkpoint)
    try:
        _explain(example, chosen, (budget, limit), paths, degree)
    except KeyboardInterrupt as stop:
        typer.echo(str(stop) or "interrupted", err=True)
        raise typer.Exit(130) from None


@app.command("methods")
def list_methods() -> None:
    """The attribution methods, with the policy that each stands for."""
    width = max(map(len, METHODS))
    titles = max(len(cls.title) for cls in METHODS.values())
    for name, cls in METHODS.items():
        typer.echo(f"{name:<{width}}  {cls.title:<{titles}}  {cls.formula}")


@app.command()
def table(
    what: Annotated[str, typer.Argument(help="methods or criteria")],
    form: Annotated[str, typer.Option("--format", help="text, markdown or html")] = "text",
) -> None:
    """The tables of the theory, computed: each method as a policy, or judged by the three criteria."""
    from synergy.theory_tables import criteria_table, methods_table

    tables = {"methods": methods_table, "criteria": criteria_table}
    if what not in tables or form not in ("text", "markdown", "html"):
        raise ValueError(f"a table is {' or '.join(tables)}, as text, markdown or html; not '{what}' as '{form}'")
    typer.echo(getattr(tables[what](), f"to_{form}")().rstrip("\n"))


def _explain(
    example: Example,
    methods: list[str] | None,
    prices: tuple[int, int],
    paths: tuple[Path, Path | None, Path | None],
    degree: int | None,
) -> None:
    budget, limit = prices
    report, save, checkpoint = paths
    typer.echo(example.title)
    for name, fact in example.facts.items():
        typer.echo(f"  {name}: {fact}")
    chosen = [measurement.as_method(name, example.game) for name in methods or METHODS]
    typer.echo(_plan(example, chosen, budget))
    effects = harsanyi(example.game, limit=limit, checkpoint=checkpoint)
    if save:
        effects.save(save)
    comparison = compare(
        example.game,
        chosen,
        budget=budget,
        effects=effects,
        degree=degree,
        announce=lambda line: typer.echo(line + " …"),
    )
    typer.echo()
    typer.echo(comparison_table(comparison))
    comparison.to_html(report, title=example.title, view=example.view, facts=example.facts)
    typer.echo(f"\nreport: {report}" + (f"\neffects: {save}" if save else ""))


def _plan(example: Example, methods: list, budget: int) -> str:
    """What will be paid, said before it is paid."""
    game = example.game
    active, first = len(game.cube.active()), harsanyi_price(game)
    null = f" ({game.n - active} of them without any difference from the baseline)" if active < game.n else ""
    lines = [f"{game.n} players{null}: 2^{active} coalitions, {first:,} model calls"]
    total = first
    for method in methods:
        try:
            whole = measurement.price(method, game)
        except (ValueError, TypeError):
            continue  # the method does not apply; the table says why
        once = whole // 2**active
        within = whole <= budget
        total += once + (whole if within else 0)
        if whole:
            note = (
                f"{whole:,} to measure" if within else f"{whole:,} to measure, above the budget of {budget:,}: left out"
            )
            lines.append(f"  {method.name}: {once:,} at x, {note}")
    lines.append(
        f"about {total:,} model calls in all; within the budget, a method that gives credit where there is no effect"
    )
    lines.append(f"is tried at up to {POINTS} inner points, {first:,} calls each")
    return "\n".join(lines)


def main() -> None:
    """Run the command; a mistake of the user's is one line, not a traceback."""
    try:
        app()
    except (ValueError, TypeError, LookupError, ImportError, OSError) as error:
        message = error.args[0] if isinstance(error, KeyError) and error.args else error
        typer.echo("; ".join([f"error: {message}", *getattr(error, "__notes__", [])]), err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
