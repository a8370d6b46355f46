"""From a question to its answer: the price said, the effects paid for, the table printed, the report written."""

from __future__ import annotations

from pathlib import Path

from decompositions.counts import count
from decompositions.dividends.harsanyi import harsanyi
from decompositions.dividends.harsanyi import price as harsanyi_price
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
    say(_plan(example, chosen, work.budget))
    effects = harsanyi(example.game, limit=work.limit, checkpoint=work.checkpoint)
    if work.save:
        effects.save(work.save)
    comparison = compare(
        example.game,
        chosen,
        budget=work.budget,
        effects=effects,
        degree=work.degree,
        announce=lambda line: say(line + " …"),
    )
    say("")
    say(comparison_table(comparison))
    comparison.to_html(report, title=example.title, view=example.view, facts=example.facts)
    say(f"\nreport: {report}" + (f"\neffects: {work.save}" if work.save else ""))


def _plan(example: Example, methods: list, budget: int) -> str:
    """What will be paid, said before it is paid."""
    game = example.game
    active, first = len(game.cube.active()), harsanyi_price(game)
    null = f" ({game.n - active} of them without any difference from the baseline)" if active < game.n else ""
    lines = [f"{game.n} players{null}: 2^{active} coalitions, {count(first)} model calls"]
    total = first
    for each in methods:
        try:
            whole = subjects.price(each, game)
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
