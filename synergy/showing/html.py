"""Results as small pieces of HTML, for notebooks: self-contained, light and dark, no script."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import isnan
from typing import Any

import numpy as np

from decompositions import show
from decompositions.arithmetic import to_float
from decompositions.counts import count, several
from decompositions.dividends.and_or import AndOr
from decompositions.effects.effects import Effects
from decompositions.games.game import Game
from synergy.algorithms.path.line import StraightLine
from synergy.allocation.allocation import Allocation
from synergy.allocation.criteria import Criteria
from synergy.comparison.comparison import Comparison
from synergy.comparison.finding import finding
from synergy.comparison.plan import Plan
from synergy.comparison.result import Result
from synergy.comparison.scale import strongest_players, unit
from synergy.comparison.verdicts import NUMBERS, figures, scope, scoped
from synergy.estimation.estimation import Estimation
from synergy.interactions.result import Interactions
from synergy.neurons.contributions import Contributions
from synergy.neurons.ranking import Ranking, sheet_rows
from synergy.neurons.rankings import Rankings
from synergy.policies.policy import CRITERIA, Policy
from synergy.showing.and_or import label as interaction_label
from synergy.showing.pieces import Raw, card, paragraph, small, table_of, written
from synergy.showing.text import grouped
from synergy.wording.colours import NEGATIVE, POSITIVE, Colour
from synergy.wording.effects import above_noise, effect_label, noise_line
from synergy.wording.names import NAME, players_of, shorten, shortened
from synergy.wording.numbers import brief, minus, number, scalar
from synergy.wording.table import Table

EFFECTS = 8  # rows of effects
PLAYERS = 12  # rows of players
LAYER = 30  # letters of a layer's name
MARKS = {"pass": "✓ pass", "fail": "✗ fail", "undecided": "? undecided"}


@show.html.register(Game)
def of_game(game: Game) -> str:
    """The players, and what g is made of."""
    some = ", ".join(shorten(name, NAME) for name in game.names[:PLAYERS])
    more = f", … {game.n - PLAYERS} more" if game.n > PLAYERS else ""
    active = len(game.cube.active())
    return card(
        f"Game of {players_of(game.n, active)}: {count(2**active)} coalitions",
        paragraph(f"{some}{more}"),
    )


@show.html.register(Effects)
def of_effects(effects: Effects) -> str:
    """The strongest effects with bars; exact ones as their formula, too."""
    if effects.values.ndim != 1:
        return card(repr(effects))
    base, gain = scalar(effects.base), scalar(effects.total + effects.remainder)
    word = "Taylor effects" if effects.basis == "taylor" else "effects"
    if effects.symbols:
        return card(f"{word} in {', '.join(effects.symbols)}", _formula(effects))
    found = effects.top(EFFECTS)
    title = f"f(b) = {number(base)}, f(x) = {number(base + gain)}: {len(effects) - 1:,} {word}"
    rows = [(effect_label(effects, key), _signed(value), _bar(value, found[0][1])) for key, value in found]
    said = f"{len(found)} of {above_noise(effects):,} above the noise; {noise_line(effects)}"
    formula = _formula(effects) if effects.exact else ""
    return card(title, formula, table_of(["effect", "size", ""], rows, "lrl"), small(said))


@show.html.register(Allocation)
def of_allocation(allocation: Allocation) -> str:
    """What is given of the strongest effects to the players that are given most, and the verdicts."""
    effects = allocation.effects
    if effects.values.ndim != 1 or effects.symbols:
        return card(repr(allocation))
    sums = to_float(allocation.attribution)
    shown = sorted(np.argsort(-np.abs(sums), kind="stable")[:PLAYERS].tolist())
    head = ["effect", "size", *(shorten(allocation.names[i], NAME) for i in shown)]
    strength = np.abs(to_float(effects.values))
    strongest = 1 + np.argsort(-strength[1:], kind="stable")[:EFFECTS]
    rows = []
    for row in strongest[strength[strongest] > 0].tolist():
        given = allocation.rows(row, row + 1)[0]
        name, value = effect_label(effects, effects.key(row)), scalar(effects.values[row])
        rows.append([name, _signed(value), *(_signed(scalar(given[i])) for i in shown)])
    rows.append(["all", _signed(scalar(effects.total)), *(_signed(scalar(allocation.attribution[i])) for i in shown)])
    hidden = f"{allocation.n - len(shown)} more players" if allocation.n > len(shown) else ""
    criteria = show.html(allocation.criteria())
    return card(f"Allocation by {allocation.source}", table_of(head, rows), small(hidden), criteria)


@show.html.register(Criteria)
def of_criteria(criteria: Criteria) -> str:
    """The verdicts with their numbers."""
    words = dict(zip(CRITERIA, NUMBERS, strict=True))
    rows = [(name, MARKS[verdict], f"{words[name]} {value}") for name, verdict, value in figures(criteria)]
    said = f"tolerance {brief(criteria.tolerance)}, numerical error {brief(criteria.error)}"
    return card("", table_of(["criterion", "verdict", "number"], rows, "lll"), small(f"{said} {scope(criteria)}"))


@show.html.register(Result)
def of_result(result: Result) -> str:
    """What the players are given, and the verdicts in theory and measured."""
    if result.attribution is None:
        return card(f"{result.heading}: does not apply", paragraph(result.note))
    if result.attribution.ndim != 1:
        return card(repr(result))
    table = result.allocation
    values = to_float(result.attribution)
    names = [f"player {i}" for i in range(len(values))] if table is None else table.names
    shown = np.argsort(-np.abs(values), kind="stable")[:PLAYERS].tolist()
    rows = [(shorten(names[i], NAME), _signed(values[i]), _bar(values[i], values[shown[0]])) for i in shown]
    sides = {"in theory": (result.theory_criteria, result.theory_note)}
    sides["measured"] = (result.measured_criteria, result.measured_note)
    verdicts = [
        (side, *(MARKS[criteria.verdicts[name]] for name in CRITERIA), scope(criteria))
        for side, (criteria, _) in sides.items()
        if criteria is not None
    ]
    notes = [small(f"{side}: {note}") for side, (criteria, note) in sides.items() if criteria is None and note]
    below = table_of(["", *CRITERIA, ""], verdicts, "lllll") if verdicts else ""
    return card(
        f"{result.heading}: target {result.target}", table_of(["player", "given", ""], rows, "lrl"), below, *notes
    )


@show.html.register(Comparison)
def of_comparison(comparison: Comparison) -> str:
    """What was found, the attributions side by side with the verdicts, and the strongest effects."""
    effects = comparison.effects
    if effects.values.ndim != 1:
        return card(repr(comparison))
    columns = [result for result in comparison.columns if result.attribution is not None]
    players = strongest_players(comparison, PLAYERS)
    head = ["", *(result.heading for result in columns)]
    rows: list[list[str | Raw]] = [
        [shorten(effects.names[i], NAME), *(_shaded(comparison, result, i) for result in columns)] for i in players
    ]
    for name in CRITERIA:
        rows.append([name, *(_verdict(result, name) for result in columns)])
    notes = []
    if effects.n > len(players):
        notes.append(small(f"{effects.n - len(players)} more players"))
    if scoped(columns):
        notes.append(small("≤ k: of coalitions of at most k players"))
    notes += [small(f"{', '.join(names)}: {said}") for said, names in grouped(comparison)]
    table = table_of(head, rows) if columns else ""
    return card("", paragraph(str(finding(comparison))), table, show.html(effects), *notes)


@show.html.register(StraightLine)
def of_straight_line(line: StraightLine) -> str:
    """The integral of every player's gradient, and the gradient at both ends."""
    order = np.argsort(-np.abs(line.integrals), kind="stable")[:PLAYERS].tolist()
    rows = [
        (
            shorten(line.names[i], NAME),
            _signed(line.integrals[i]),
            f"± {brief(float(line.errors[i]))}" if line.errors[i] else "",
            _bar(line.integrals[i], line.integrals[order[0]]),
            _signed(line.slopes[0, i]),
            _signed(line.slopes[-1, i]),
        )
        for i in order
    ]
    head = ["player", "integral", "error", "", "gradient at b", "gradient at x"]
    ends = f"f(b) = {number(line.heights[0])}, f(x) = {number(line.heights[-1])}"
    hidden = f"{len(line.names) - len(order)} more players" if len(line.names) > len(order) else ""
    return card(f"{ends}: {line.steps} steps from b to x", table_of(head, rows, "lrrlrr"), small(hidden))


@show.html.register(Estimation)
def of_estimation(found: Estimation) -> str:
    """The largest values with their standard errors."""
    pairs = found.values.ndim == 2
    places = [
        tuple(place) for place in np.argwhere(np.triu(np.ones_like(found.values), 1) if pairs else np.ones(found.n))
    ]
    places.sort(key=lambda place: -abs(found.values[place]))
    rows = [
        (
            "·".join(shorten(found.names[i], NAME) for i in place),
            _signed(found.values[place]),
            f"± {brief(float(found.error[place]))}",
            _bar(found.values[place], found.values[places[0]]),
            "undecided" if found.undecided[place] else "",
        )
        for place in places[:PLAYERS]
    ]
    title = f"{found.index} of {several(found.n, 'player')} from {several(found.coalitions, 'coalition')}"
    said = (
        "exact"
        if found.exact
        else f"standard errors / values {brief(found.trust)}; {several(found.calls, 'model call')}"
    )
    return card(title, table_of(["", "value", "s.e.", "", ""], rows, "lrrll"), small("; ".join([said, *found.notes])))


@show.html.register(AndOr)
def of_and_or(split: AndOr) -> str:
    """The strongest conjunctions and disjunctions with bars."""
    found = split.top(EFFECTS)
    rows = [
        (interaction_label(split, each), _signed(float(each.value)), _bar(float(each.value), float(found[0].value)))
        for each in found
    ]
    return card(
        f"Conjunctions and disjunctions of {several(split.n, 'player')}", table_of(["", "size", ""], rows, "lrl")
    )


@show.html.register(Policy)
def of_policy(policy: Policy) -> str:
    """The weight of player i."""
    reads = "degrees" if policy.reads == "degree" else "who takes part"
    return card("", _formula(policy), small(f"reads {reads}"))


@show.html.register(Plan)
def of_plan(plan: Plan) -> str:
    """The steps and their model calls."""
    rows = [("every method at x", count(plan.paid), "made to know this")] if plan.paid else []
    rows += [(step.what, count(step.calls), step.how) for step in plan.steps]
    rows.append(("model calls in all", count(plan.total), ""))
    note = f"does not apply: {', '.join(plan.left_out)}" if plan.left_out else ""
    return card(plan.players, table_of(["", "model calls", ""], rows, "lrl"), small(note))


@show.html.register(Interactions)
def of_interactions(found: Interactions) -> str:
    """The largest values of sets of players with bars."""
    if found.array.ndim != 1 or found.symbols:
        return card(repr(found))
    largest = found.top(EFFECTS)
    rows = [(shorten(found.label(key), NAME), _signed(value), _bar(value, largest[0][1])) for key, value in largest]
    title = f"{found.title} ({found.index}), order {found.order}, of {several(found.n, 'player')}"
    said = f"{len(largest)} of {several(len(found), 'set')}; {found.note}".rstrip("; ")
    return card(title, table_of(["players", "value", ""], rows, "lrl"), small(said))


@show.html.register(Ranking)
def of_ranking(ranking: Ranking) -> str:
    """The neurons of the largest scores with bars."""
    title = f"layer {ranking.layer}: {several(len(ranking.names), 'neuron')}, {several(ranking.inputs, 'input')}"
    return card(title, table_of(["neuron", "score", "error", ""], _neurons([ranking], 1), "lrrl"))


@show.html.register(Rankings)
def of_rankings(rankings: Rankings) -> str:
    """The same of all layers."""
    left = [f"{layer} {why}" for layer, why in rankings.left_out]
    said = f"not ranked: {'; '.join(left)}" if left else ""
    rows = _neurons(rankings.layers, 0)
    return card(rankings.title, table_of(["layer", "neuron", "score", "error", ""], rows, "llrrl"), small(said))


def _neurons(layers: Sequence[Ranking], first: int) -> list[tuple[Any, ...]]:
    """The neurons of the largest scores, whatever their sign, from one of the columns on."""
    found = sorted(sheet_rows(layers), key=lambda row: -abs(row[3]))[:PLAYERS]
    names = shortened([row[0] for row in found], LAYER)
    return [
        (layer, shorten(name, NAME), _signed(score), _error(error), _bar(score, found[0][3]))[first:]
        for layer, (_, _, name, score, error, *_) in zip(names, found, strict=True)
    ]


def _error(value: float) -> str:
    return "not known" if isnan(value) else f"± {brief(value)}"


@show.html.register(Contributions)
def of_contributions(found: Contributions) -> str:
    """What goes through neurons, the largest numbers with bars."""
    largest = found.top(PLAYERS)
    rows = [
        (" · ".join(shorten(each, NAME) for each in name), _signed(value), _bar(value, largest[0][1]))
        for name, value in largest
    ]
    many = f"{several(len(found.players), 'player')} × " if found.players else ""
    title = f"what goes through {many}{several(len(found.names), 'neuron')}: {_signed(found.total)}"
    around = float(found.around.sum())
    beside = f"; around the layer {_signed(around)}" if abs(around) > 1e-6 * abs(found.total) else ""
    return card(title, table_of(["", "value", ""], rows, "lrl"), small(f"{found.rule}{beside}"))


@show.html.register(Table)
def of_table(table: Table) -> str:
    """All rows, the notes and the tables below."""
    notes = "".join(small(note) for note in table.notes)
    return card(table.title, table_of(table.columns, table.rows), notes, *map(of_table, table.below))


def _formula(value: Effects | Policy) -> str:
    return f"<div>{escape(show.formula(value)._repr_latex_())}</div>"


def _signed(value: object) -> str:
    return minus(number(value, sign=True))


def _bar(value: object, largest: object) -> Raw:
    """A bar of at most 12 em, blue for positive and orange for negative values."""
    size = abs(float(value)) / (abs(float(largest)) or 1.0)  # type: ignore[arg-type]
    colour: Colour = POSITIVE if float(value) > 0 else NEGATIVE  # type: ignore[arg-type]
    return Raw(f"<i style='width:{12 * min(1.0, size):.2f}em;background:rgb{colour}'></i>")


def _shaded(comparison: Comparison, result: Result, player: int) -> Raw:
    """An attribution before a background as strong as it is large on its scale."""
    assert result.attribution is not None
    value = float(scalar(result.attribution[player]))
    share = min(1.0, abs(value) / unit(comparison, result))
    red, green, blue = POSITIVE if value > 0 else NEGATIVE
    style = f"background:rgba({red},{green},{blue},{0.45 * share:.2f});padding:0 .3em"
    return Raw(f"<span style='{style}'>{written(_signed(value))}</span>")


def _verdict(result: Result, name: str) -> str:
    """The verdict in theory or as it was measured; both where they differ."""
    known = {"theory": result.theory_criteria, "measured": result.measured_criteria}
    said = {side: f"{MARKS[each.verdicts[name]]} {scope(each)}".strip() for side, each in known.items() if each}
    if len(set(said.values())) <= 1:
        return next(iter(said.values()), "–")
    return "; ".join(f"{side} {text}" for side, text in said.items())
