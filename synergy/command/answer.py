"""From a question to its answer: the price said, the effects paid for, the table printed, the report written."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from decompositions.counts import count, several
from decompositions.dividends.harsanyi import harsanyi
from decompositions.dividends.harsanyi import price as harsanyi_price
from decompositions.effects.effects import Effects
from decompositions.evaluation.cost import LIMIT
from decompositions.games.game import Game
from synergy.command.terminal import say
from synergy.command.work import Work
from synergy.comparison.compare import compare
from synergy.examples.example import Example
from synergy.measurement import subject as subjects
from synergy.measurement.synergy_function import POINTS
from synergy.method import method
from synergy.showing.text import comparison_table


def answer(example: Example, work: Work, report: Path) -> None:
    """Decompose, share out and judge; what it costs is said first.

    Args:
        example: the question.
        work: the methods, the prices, and where the effects go.
        report: where the page goes.
    """
    say(example.title)
    for name, fact in example.facts.items():
        say(f"  {name}: {fact}")
    chosen = [method(name, **example.settings.get(name, {})) for name in work.chosen(example.besides)]
    budget = example.budget if work.budget is None else work.budget
    effects = _all_effects(example.game, chosen, work, example.limit, budget)
    comparison = compare(
        example.game,
        chosen,
        order=work.order,
        budget=budget,
        effects=effects,
        degree=work.degree,
        announce=lambda line: say(line + " …"),
    )
    if work.save and effects is None:
        comparison.effects.save(work.save)
    say("")
    say(comparison_table(comparison))
    comparison.to_html(
        report,
        title=example.title,
        view=example.view,
        facts=example.facts,
        output=example.output,
        command=shlex.join(["synergy", *sys.argv[1:]]),
    )
    say(f"\nreport: {report}" + (f"\neffects: {work.save}" if work.save else ""))


def _all_effects(game: Game, chosen: list, work: Work, limit: int, budget: int) -> Effects | None:
    """All dividends where they may be paid, and saved; None where some of them have to do. Their price is said.

    Raises:
        ValueError: more calls than ``--limit``, where it was given, or a checkpoint that needs all dividends.
    """
    calls = harsanyi_price(game)
    given = work.limit is not None or work.checkpoint is not None
    if work.order is not None or (calls > limit and not given):
        say(_plan_of_rows(game, chosen, work.order, budget))
        return None
    say(_plan(game, chosen, budget))
    effects = harsanyi(game, limit=work.limit or LIMIT, checkpoint=work.checkpoint)
    if work.save:
        effects.save(work.save)
    return effects


def _players(game: Game) -> str:
    active = len(game.cube.active())
    null = f" ({game.n - active} of them without any difference from the baseline)" if active < game.n else ""
    return f"{several(game.n, 'player')}{null}: 2^{active} coalitions"


def _plan_of_rows(game: Game, chosen: list, order: int | None, budget: int) -> str:
    """What will be looked at of too many coalitions, said before it is paid."""
    sizes = "one and two players" if order is None else f"at most {count(order)} player" + "s" * (order > 1)
    affordable = " as far as the budget goes" if order is None else ""
    return "\n".join(
        [
            f"{_players(game)},\nof which all of {sizes} are looked at{affordable}, and a sample of larger ones",
            f"methods: {len(chosen)}, each measured within {count(budget)} model calls (--budget), by a cheaper rule "
            "where it must;\n--limit pays for all coalitions",
        ]
    )


def _plan(game: Game, methods: list, budget: int) -> str:
    """What will be paid, said before it is paid."""
    active, first = len(game.cube.active()), harsanyi_price(game)
    lines = [f"{_players(game)}, {count(first)} model calls"]
    total = first
    for each in methods:
        try:
            whole = subjects.price(each, game)
        except Exception:  # the method does not apply, whatever it says of it; the table has the reason
            continue
        once = whole // 2**active
        total += once + min(whole, budget)
        if whole:
            part = "" if whole <= budget else f"; within {count(budget)} some rows are measured"
            lines.append(f"  {each.name}: {count(once)} at x, {count(whole)} to measure{part}")
    lines.append(
        f"about {count(total)} model calls in all; within the budget, a method that gives credit where there is no "
        f"effect\nis tried at up to {POINTS} inner points, {count(first)} calls each"
    )
    return "\n".join(lines)
