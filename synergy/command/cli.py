"""Attribution methods in theory and in practice: decompose, share out, judge."""

from __future__ import annotations

import io
import sys
import traceback
from pathlib import Path
from typing import Annotated, Any

try:
    import typer
except ImportError as missing:  # the program ends as it does on any mistake
    print(f"error: the command needs {missing.name}: pip install 'synergy-effects[cli]'", file=sys.stderr)
    raise SystemExit(2) from None

from decompositions.counts import count
from decompositions.dividends.harsanyi import harsanyi
from decompositions.dividends.harsanyi import price as harsanyi_price
from decompositions.evaluation.cost import LIMIT
from decompositions.visible import in_one_line, visible
from synergy import __version__
from synergy.command import questions
from synergy.comparison.compare import compare
from synergy.examples.example import Example
from synergy.measurement import subject as subject_
from synergy.measurement.synergy_function import POINTS
from synergy.method import METHODS, method
from synergy.showing.report import template
from synergy.showing.text import comparison_table

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
BUDGET = 20_000
SAID = (ValueError, TypeError, LookupError, ImportError, OSError, MemoryError)  # errors whose message says the rule


def _say(text: str, *, err: bool = False) -> None:
    """Print lines in which nothing acts on the terminal."""
    typer.echo(visible(text, "\n"), err=err)


def _version(wanted: bool) -> None:
    if wanted:
        _say(f"synergy-effects {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="say the version and stop")
    ] = False,
) -> None:
    pass


@app.command()
def explain(
    kind: Annotated[str, typer.Argument(help=f"what to explain: {', '.join(questions.KINDS)}")],
    subject: Annotated[
        str | None,
        typer.Argument(help="a sentence, a picture, a digit, a row, an expression or package.module:factory"),
    ] = None,
    players: Annotated[str | None, typer.Option(help="features, grid:4x4, words, tokens, groups, …")] = None,
    methods: Annotated[str | None, typer.Option(help="names with commas; all by default")] = None,
    budget: Annotated[int, typer.Option(min=0, help="model calls that one measured allocation may cost")] = BUDGET,
    limit: Annotated[int, typer.Option(min=1, help="model calls that the decomposition may cost")] = LIMIT,
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
    degree: Annotated[int | None, typer.Option(min=0, help="of the Taylor series, where it does not end")] = None,
) -> None:
    """Decompose one output, share it out by every method, and judge each by the three criteria."""
    options = {"input": input_, "baseline": baseline, "players": players, "target": target, "at": at}
    chosen = _methods(methods)
    template()  # what is missing is said before anything is computed
    example = questions.ask(kind, subject, options | {"output-kind": kind_of_output, "device": device})
    report = questions.writable(output or Path("reports") / f"{kind}.html", "--output")
    paths = (report, save and questions.writable(save, "--save"), checkpoint)
    _require_apart({"--output": report, "--save": save}, {"--input": input_, "--baseline": baseline})
    try:
        _explain(example, chosen, (budget, limit), paths, degree)
    except KeyboardInterrupt as stop:
        _say(str(stop) or "interrupted", err=True)
        raise typer.Exit(130) from None


@app.command("methods")
def list_methods() -> None:
    """The attribution methods, with the policy that each stands for."""
    width = max(map(len, METHODS))
    titles = max(len(cls.title) for cls in METHODS.values())
    for name, cls in METHODS.items():
        _say(f"{name:<{width}}  {cls.title:<{titles}}  {cls.formula}")


@app.command()
def table(
    what: Annotated[str, typer.Argument(help="methods or criteria")],
    form: Annotated[str, typer.Option("--format", help="text, markdown or html")] = "text",
) -> None:
    """The tables of the theory, computed: each method as a policy, or judged by the three criteria."""
    from synergy.tables.criteria_table import criteria_table
    from synergy.tables.methods_table import methods_table

    tables = {"methods": methods_table, "criteria": criteria_table}
    if what not in tables or form not in ("text", "markdown", "html"):
        raise ValueError(f"a table is {' or '.join(tables)}, as text, markdown or html; not '{what}' as '{form}'")
    _say(getattr(tables[what](), f"to_{form}")().rstrip("\n"))


def _methods(text: str | None) -> list[str] | None:
    """The methods' names; None for all.

    Raises:
        ValueError: no name among the commas.
        LookupError: no such method.
    """
    if text is None:
        return None
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise ValueError(f"--methods are names with commas, such as shapley,occlusion_1, not '{text}'")
    for name in names:
        method(name)
    return names


def _require_apart(written: dict[str, Any], read: dict[str, Any]) -> None:
    """Refuse to write over what is read, or twice to one place."""
    places = {option: Path(path).resolve() for option, path in (written | read).items() if path}
    for option in written:
        for other in places:
            if other != option and option in places and places[other] == places[option]:
                raise ValueError(
                    f"{option} writes a file of its own, and {other} is {written[option]}, too; give another"
                )


def _explain(
    example: Example,
    methods: list[str] | None,
    prices: tuple[int, int],
    paths: tuple[Path, Path | None, Path | None],
    degree: int | None,
) -> None:
    budget, limit = prices
    report, save, checkpoint = paths
    _say(example.title)
    for name, fact in example.facts.items():
        _say(f"  {name}: {fact}")
    chosen = [subject_.as_method(name, example.game) for name in methods or METHODS]
    _say(_plan(example, chosen, budget))
    effects = harsanyi(example.game, limit=limit, checkpoint=checkpoint)
    if save:
        effects.save(save)
    comparison = compare(
        example.game,
        chosen,
        budget=budget,
        effects=effects,
        degree=degree,
        announce=lambda line: _say(line + " …"),
    )
    _say("")
    _say(comparison_table(comparison))
    comparison.to_html(report, title=example.title, view=example.view, facts=example.facts)
    _say(f"\nreport: {report}" + (f"\neffects: {save}" if save else ""))


def _plan(example: Example, methods: list, budget: int) -> str:
    """What will be paid, said before it is paid."""
    game = example.game
    active, first = len(game.cube.active()), harsanyi_price(game)
    null = f" ({game.n - active} of them without any difference from the baseline)" if active < game.n else ""
    lines = [f"{game.n} players{null}: 2^{active} coalitions, {count(first)} model calls"]
    total = first
    for each in methods:
        try:
            whole = subject_.price(each, game)
        except Exception:  # the method does not apply, whatever it says of it; the table has the reason
            continue
        once = whole // 2**active
        within = whole <= budget
        total += once + (whole if within else 0)
        if whole:
            left_out = "" if within else f", above the budget of {count(budget)}: left out"
            lines.append(f"  {each.name}: {count(once)} at x, {count(whole)} to measure{left_out}")
    lines.append(
        f"about {count(total)} model calls in all; within the budget, a method that gives credit where there is no "
        f"effect\nis tried at up to {POINTS} inner points, {count(first)} calls each"
    )
    return "\n".join(lines)


def main() -> None:
    """Run the command; whatever goes wrong is one line, not a traceback, and exit status 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # of a terminal that lacks a letter
    try:
        status = app(standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        _say("interrupted", err=True)
        sys.exit(130)
    except Exception as error:
        message = _message(error)
        if message:
            _say(f"error: {message}", err=True)
        sys.exit(2)
    sys.exit(status if isinstance(status, int) else 0)


def _message(error: Exception) -> str:
    """The rule, what came and the way out; of an error of somebody else's where it was raised."""
    usage = getattr(error, "format_message", None)  # of typer's own errors
    if usage is not None:
        said = in_one_line(usage()).rstrip(".")
        return f"{said}; see synergy --help" if said else ""  # without any word the help was shown
    text = str(error.args[0] if isinstance(error, KeyError) and error.args else error)
    text = "; ".join([text, *getattr(error, "__notes__", [])])
    if isinstance(error, SAID) and text:
        return in_one_line(text)
    place = traceback.extract_tb(error.__traceback__)[-1]
    return in_one_line(f"{type(error).__name__}: {text} (in {place.name}, line {place.lineno} of {place.filename})")


if __name__ == "__main__":
    main()
