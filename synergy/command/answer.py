"""From a question to its answer: the price said, the effects paid for, the table printed, the report written."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from decompositions.dividends.harsanyi import harsanyi
from decompositions.dividends.harsanyi import price as harsanyi_price
from decompositions.effects.effects import Effects
from decompositions.evaluation.cost import LIMIT, require_limit
from decompositions.games.game import Game
from decompositions.settings import setting
from synergy.command.terminal import say
from synergy.command.work import Work
from synergy.comparison.compare import carried_out
from synergy.comparison.comparison import Comparison
from synergy.comparison.prepared import asked
from synergy.examples.example import Example
from synergy.interactions.interactions import interactions
from synergy.interactions.lifts.named import LIFTS
from synergy.interactions.result import Interactions
from synergy.method import method
from synergy.showing.sections.interactions import verdicts_of
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
    effects, index = _all_effects(example, work), work.index(example.game.n)
    what = asked(example.game, chosen, work.order, budget, work.degree, "synergy explain")
    comparison = carried_out(replace(what, effects=effects), lambda line: say(line if "\n" in line else line + " …"))
    if work.save and effects is None:
        comparison.effects.save(work.save)
    say("")
    say(comparison_table(comparison))
    found = [] if index is None else [_interactions(comparison, *index)]
    for each in found:
        say(f"\n{each}\n{verdicts_of(each)}")
    comparison.to_html(
        report,
        title=example.title,
        view=example.view,
        facts=example.facts,
        output=example.output,
        command=shlex.join(["synergy", *sys.argv[1:]]),
        interactions=found,
    )
    say(f"\nreport: {report}" + (f"\neffects: {work.save}" if work.save else ""))


def _interactions(comparison: Comparison, name: str, order: int) -> Interactions:
    """The index of sets of players that is asked for, of the effects of the comparison."""
    reads_degrees = name in LIFTS and LIFTS[name].policy.reads == "degree"
    if reads_degrees and comparison.series is None:
        raise ValueError(f"{name} shares out Taylor effects, and there are none: {comparison.series_note}")
    effects = comparison.series if reads_degrees else comparison.effects
    assert effects is not None
    return interactions(effects, name, order)


def _all_effects(example: Example, work: Work) -> Callable[[Game], Effects] | None:
    """What computes all dividends where they may be paid, and saves them; None where some of them have to do."""
    given = work.limit is not None or work.checkpoint is not None
    if work.order is not None or (harsanyi_price(example.game) > example.limit and not given):
        return None
    if work.limit is not None and work.checkpoint is None:
        calls = harsanyi_price(example.game)
        lower = f"take {setting('order', 2)} for the lower orders only"
        require_limit(calls, work.limit, lower, "limit")

    def computed(game: Game) -> Effects:
        effects = harsanyi(game, limit=work.limit or LIMIT, checkpoint=work.checkpoint)
        if work.save:
            effects.save(work.save)
        return effects

    return computed
