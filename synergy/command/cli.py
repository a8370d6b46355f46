"""Attribution methods in theory and in practice: decompose, share out, judge."""

from __future__ import annotations

import io
import shutil
import sys
from difflib import get_close_matches
from typing import Annotated, Any

try:
    import typer
except ImportError as missing:  # the program ends as it does on any mistake
    print(f"error: the command needs {missing.name}: pip install 'synergy-effects[cli]'", file=sys.stderr)
    raise SystemExit(2) from None

from typer.core import TyperGroup

from decompositions.arguments import shown
from synergy.command.explain import subcommands
from synergy.command.explore import explore
from synergy.command.neurons import app as neurons
from synergy.command.study import study
from synergy.command.terminal import message, say
from synergy.method import METHODS
from synergy.version import __version__

NO_TERMINAL = 10**6  # columns of a file or a pipe


class Commands(TyperGroup):
    """What the program can do, the question that people come with first."""

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(super().list_commands(ctx), key=lambda name: name != "explain")

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of a name.

        Raises:
            LookupError: no such command; the nearest is named.
        """
        if cmd_name not in self.commands:
            near = get_close_matches(cmd_name, self.commands, 1)
            hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(self.list_commands(ctx))}"
            raise LookupError(f"no command {shown(cmd_name)}; {hint}")
        return super().get_command(ctx, cmd_name)


TRY = """Attribution methods in theory and in practice: decompose, share out, judge. Try

  synergy explain expression "x1*x2 + x3" --at x1=2,x2=3,x3=1         # a question that a hand can check
  synergy explain digits                                              # why is this a 7?
  synergy explain model my_module:net --input x.npy --players grid:4x4 # a network of your own

synergy --help says what else there is."""

app = typer.Typer(cls=Commands, invoke_without_command=True, add_completion=False, help=__doc__)
app.add_typer(
    subcommands(),
    name="explain",
    help="Decompose one output, share it out by every method, and judge each by the three criteria.",
)
app.add_typer(neurons, name="neurons")
app.command()(study)
app.command()(explore)


def _version(wanted: bool) -> None:
    if wanted:
        say(f"synergy-effects {__version__}")
        raise typer.Exit


@app.callback()
def common(
    asked: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="say the version and stop")
    ] = False,
) -> None:
    if asked.invoked_subcommand is None:
        say(TRY)


@app.command("methods")
def list_methods() -> None:
    """The attribution methods, with the policy that each stands for."""
    width = max(map(len, METHODS))
    titles = max(len(cls.title) for cls in METHODS.values())
    for besides in (False, True):
        say("\nbesides the fourteen:") if besides else None
        for name, cls in METHODS.items():
            if cls.besides == besides:
                say(f"{name:<{width}}  {cls.title:<{titles}}  {cls.formula}")


@app.command()
def table(
    what: Annotated[str, typer.Argument(help="methods, criteria, axioms or characterizations")] = "",
    form: Annotated[str, typer.Option("--format", help="text, markdown or html")] = "text",
) -> None:
    """The tables of the theory, computed: each method as a policy, and judged by the criteria.

    Those of axioms and characterizations search for counter-examples, which takes minutes.
    """
    from synergy.tables.axioms_table import axioms_table
    from synergy.tables.characterizations_table import characterizations_table
    from synergy.tables.criteria_table import criteria_table
    from synergy.tables.methods_table import methods_table

    tables = {
        "methods": methods_table,
        "criteria": criteria_table,
        "axioms": axioms_table,
        "characterizations": characterizations_table,
    }
    if what not in tables or form not in ("text", "markdown", "html"):
        came = f"not '{what}' as '{form}'" if what else "name one"
        known = "methods, criteria, axioms or characterizations"
        raise ValueError(f"a table is {known}, as text, markdown or html; {came}: synergy table methods")
    made = tables[what]()
    pages = {"markdown": made.to_markdown, "html": made.to_html}
    page = pages[form]() if form in pages else made.to_text(room=shutil.get_terminal_size((NO_TERMINAL, 24)).columns)
    say(page.rstrip("\n"))


def main() -> None:
    """Run the command; whatever goes wrong is one line, not a traceback, and exit status 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # of a terminal that lacks a letter
    try:
        status = app(standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        say("interrupted", err=True)
        sys.exit(130)
    except Exception as error:
        said = message(error)
        if said:
            say(f"error: {said}", err=True)
        sys.exit(2)
    sys.exit(status if isinstance(status, int) else 0)


if __name__ == "__main__":
    main()
