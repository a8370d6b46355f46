"""Players as a graph: what each does alone, what pairs do together, and the strongest larger coalitions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import networkx
import numpy as np

from decompositions.arguments import shown, whole
from decompositions.counts import several
from synergy.estimation.estimation import Estimation
from synergy.interactions.result import Interactions
from synergy.pictures.canvas import (
    BODY,
    INK,
    axes,
    clean,
    colours,
    fitting,
    headed,
    inches,
    is_axes,
    plain,
    root,
    wrapped,
    written,
)
from synergy.pictures.pairs import Found, Pairs, pairs_of
from synergy.pictures.ranking import members
from synergy.wording.effects import effect_label
from synergy.wording.names import columns
from synergy.wording.numbers import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PLAYERS, EDGES, LARGER, CROWD = 20, 40, 4, 8  # at most; a larger crowd is named in the note
NODE, EDGE = 620.0, 6.0  # of the largest: points² of a node, points of an edge
ACROSS, LETTER, NAME = 5.4, 0.07, 18  # inches of the picture and of a letter, letters of a name
LEAST = 0.02  # of the largest pair: what is thinner is left out
APIECE = 0.22  # inches of the height of the caller's axes for every player
APART = 0.26  # radii between two squares
ROUND = 9  # players up to whom names on a circle are upright

Layout = Callable[[networkx.Graph], Mapping[int, Any]] | Mapping[int, Any]


@dataclass(frozen=True)
class Hub:
    """A coalition of three or more players: where its mark stands, who is in it, and its effect."""

    place: tuple[float, float]
    players: tuple[int, ...]
    value: float


def interaction_graph(
    found: Found,
    k: int = EDGES,
    *,
    layout: Layout | None = None,
    ax: Axes | None = None,
    path: str | Path | None = None,
) -> Figure:
    """Players as nodes, pairs as edges, the strongest larger coalitions as squares joined to their players.

    The area of a node is the effect of the player alone, the width of an edge that of the pair, the area of a square
    that of the coalition; blue is positive, orange negative. Pairs of an estimate that are not told from zero are
    dashed.

    Args:
        found: effects (Taylor effects are summed by support), ``interactions(game)``, or an estimate of pairs,
            ``estimate(game, "sii")``.
        k: how many of the strongest pairs have an edge, at most.
        layout: where the players stand: a layout of networkx, or places by their number; a circle by default.
        ax: to draw on; None for a figure of its own.
        path: of a file to save the figure in.

    Raises:
        ImportError: matplotlib is missing (extra ``viz``).
        TypeError: no effects and no estimate, or no layout.
        ValueError: effects of several games, an estimate of single players, or k below 1.
    """
    k = whole(k, "k is the number of pairs with an edge", 1)
    pairs = pairs_of(found)
    players = pairs.of(fitting(ax, PLAYERS, APIECE))
    across = min(ACROSS, 0.6 * min(inches(ax))) if is_axes(ax) else ACROSS  # its notes leave so much
    graph = _graph(pairs, players, k)
    places = _places(graph, layout)
    hubs, said = _larger(found, players, places)
    upright = layout is not None or len(players) <= ROUND
    (left, right), (low, high) = _room([plain(pairs.names[i], NAME) for i in players], places, upright, across)
    notes = [line for note in (_notes(pairs, players, graph), said) for line in wrapped(note, ACROSS - 0.2)]
    height = ACROSS * (high - low) / (right - left) + 0.45 + 0.15 * len(notes)
    with axes(ax, ACROSS, height, path) as axis:
        _edges(axis, graph, places)
        _hubs(axis, hubs, places)
        _nodes(axis, pairs, places)
        _names(axis, pairs, places, upright)
        _bare(axis, (left, right), (low, high))
        headed(axis, f"Interactions, {plain(pairs.what)}", *notes, width=ACROSS)
    return root(axis)


def _bare(axis: Axes, across: tuple[float, float], up: tuple[float, float]) -> None:
    """No frame and no ticks; one scale for both axes, which may grow for it."""
    axis.set_xlim(*across, auto=True)
    axis.set_ylim(*up, auto=True)
    axis.set_aspect("equal", adjustable="datalim")
    axis.set_xticks([])
    axis.set_yticks([])
    clean(axis)


def _room(
    names: list[str], places: Mapping[int, np.ndarray], upright: bool, across: float
) -> tuple[tuple[float, float], tuple[float, float]]:
    """The ends of both axes, so that all names fit into so many inches."""
    middle, reach = _circle(places)
    longest = LETTER * max(map(columns, names), default=0)
    wide = reach * 1.2 / (1 - min(0.55, 2 * longest / across))
    heights = [float(place[1]) for place in places.values()]
    low, high = (min(heights), max(heights)) if upright else (middle[1], middle[1])
    away = 0.35 * reach * min(2.0, ACROSS / across) if upright else wide
    return (middle[0] - wide, middle[0] + wide), (low - away, high + away)


def _circle(places: Mapping[int, np.ndarray]) -> tuple[np.ndarray, float]:
    """The middle of all players, and how far the farthest one stands from it."""
    middle = np.mean(list(places.values()), axis=0)
    return middle, max((float(np.hypot(*(place - middle))) for place in places.values()), default=0.0) or 1.0


def _graph(pairs: Pairs, players: list[int], k: int) -> networkx.Graph:
    """The players and the strongest pairs."""
    graph = networkx.Graph()
    graph.add_nodes_from(players)
    known = [(abs(pairs.values[i, j]), i, j) for i, j in combinations(players, 2) if not np.isnan(pairs.values[i, j])]
    known.sort(key=lambda each: -each[0])
    for size, i, j in known[:k]:
        if size > LEAST * known[0][0]:
            unsure = bool(pairs.undecided[i, j])
            graph.add_edge(i, j, weight=float(size), value=float(pairs.values[i, j]), undecided=unsure)
    return graph


def _places(graph: networkx.Graph, layout: Layout | None) -> dict[int, np.ndarray]:
    """Where the players stand; on the circle the first at the top, then clockwise."""
    if layout is None and len(graph) == 1:
        return {player: np.zeros(2) for player in graph}
    if layout is None:
        turns = 2 * np.pi * np.arange(len(graph)) / max(1, len(graph))
        return {player: np.array([np.sin(turn), np.cos(turn)]) for player, turn in zip(graph, turns, strict=True)}
    if not (callable(layout) or isinstance(layout, Mapping)):
        raise TypeError(f"layout is a layout of networkx or places by the players' numbers, not {shown(layout)}")
    given = layout(graph) if callable(layout) else layout
    missing = [player for player in graph if player not in given]
    if missing:
        raise ValueError(f"layout has a place for every player; {missing[0]} has none")
    return {player: np.asarray(given[player], dtype=float) for player in graph}


def _larger(found: Found, players: list[int], places: Mapping[int, np.ndarray]) -> tuple[list[Hub], str]:
    """The strongest coalitions of three or more players: those that are drawn, and those that are only named."""
    if isinstance(found, Estimation):
        return [], ""
    effects = found.effects() if isinstance(found, Interactions) else found.by_support()
    larger = [each for each in effects.top(EDGES) if len(members(effects, each[0])) > 2][:LARGER]
    hubs: list[Hub] = []
    named = []
    for key, value in larger:
        if len(key) <= CROWD and set(key) <= set(players):
            hubs.append(Hub(_apart(np.mean([places[i] for i in key], axis=0), hubs), key, float(value)))
        else:
            named.append(f"{plain(effect_label(effects, key, 30), 30)} {number(value, sign=True)}")
    more = f" and {several(len(named) - 1, 'weaker coalition')}" if len(named) > 1 else ""
    return hubs, f"not drawn: {named[0]}{more}" if named else ""


def _apart(place: np.ndarray, hubs: list[Hub]) -> tuple[float, float]:
    """A place near the given one that no square has yet: on circles around it, the nearest first."""
    turns = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    tried = [place, *(place + r * np.array([np.cos(t), np.sin(t)]) for r in (0.26, 0.4, 0.55) for t in turns)]
    free = [each for each in tried if all(np.hypot(*(each - np.array(hub.place))) > APART for hub in hubs)]
    x, y = (free or [place])[0]
    return float(x), float(y)


def _edges(axis: Axes, graph: networkx.Graph, places: Mapping[int, np.ndarray]) -> None:
    largest = max((each["weight"] for *_, each in graph.edges(data=True)), default=1.0)
    for i, j, each in graph.edges(data=True):
        (x, y), style = zip(places[i], places[j], strict=True), "--" if each["undecided"] else "-"
        width, colour = EDGE * each["weight"] / largest, colours(np.array([each["value"]]))[0]
        axis.plot(x, y, style, color=colour, linewidth=width, alpha=0.75, solid_capstyle="round", zorder=1)


def _hubs(axis: Axes, hubs: list[Hub], places: Mapping[int, np.ndarray]) -> None:
    """Squares with their numbers, joined to their players by thin lines."""
    largest = max((abs(hub.value) for hub in hubs), default=1.0)
    for hub in hubs:
        colour = colours(np.array([hub.value]))[0]
        for player in hub.players:
            x, y = zip(hub.place, places[player], strict=True)
            axis.plot(x, y, color=colour, linewidth=0.9, linestyle=(0, (2, 1.5)), zorder=2)
        size = 40 + 90 * abs(hub.value) / largest
        axis.scatter(*hub.place, s=size, marker="s", color=colour, edgecolors="white", linewidths=1, zorder=3)
        text = written(hub.value)
        paper = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.5}
        axis.annotate(
            text,
            hub.place,
            (0, 7),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=7,
            color=INK,
            bbox=paper,
            zorder=4,
        )


def _nodes(axis: Axes, pairs: Pairs, places: Mapping[int, np.ndarray]) -> None:
    alone = np.array([pairs.values[player, player] for player in places])
    sizes, largest = np.abs(np.nan_to_num(alone)), float(np.abs(np.nan_to_num(pairs.values.diagonal())).max()) or 1.0
    x, y = np.array(list(places.values())).T
    inside = [colour if size else "white" for colour, size in zip(colours(np.nan_to_num(alone)), sizes, strict=True)]
    areas = np.maximum(NODE * sizes / largest, 24)
    axis.scatter(x, y, s=areas, color=inside, edgecolors=INK, linewidths=0.8, zorder=5)


def _names(axis: Axes, pairs: Pairs, places: Mapping[int, np.ndarray], upright: bool) -> None:
    """Names outside the nodes: beside them, or along the rays of the circle."""
    middle, reach = _circle(places)
    for player, place in places.items():
        x, y = (place - middle) / (np.hypot(*(place - middle)) or 1.0) if len(places) > 1 else (0.0, 1.0)
        angle = np.degrees(np.arctan2(y, x))
        turned = 0.0 if upright else angle - 180 * (abs(angle) > 90)
        beside = "left" if x > 0.2 or (not upright and x > -1e-9) else "right" if x < -0.2 or not upright else "center"
        above = "center" if not upright or abs(x) > 0.2 else "bottom" if y > 0 else "top"
        axis.text(
            float(place[0] + 0.16 * reach * x),
            float(place[1] + 0.16 * reach * y),
            plain(pairs.names[player], NAME),
            rotation=turned,
            rotation_mode="anchor",
            ha=beside,
            va=above,
            fontsize=BODY,
            color=INK,
        )


def _notes(pairs: Pairs, players: list[int], graph: networkx.Graph) -> str:
    """The scales in numbers, and who is left out."""
    alone, found = pairs.values.diagonal(), []
    if not np.isnan(alone).all() and np.nan_to_num(alone).any():
        largest = float(alone[np.nanargmax(np.abs(alone))])
        found.append(f"largest node {number(largest, sign=True)}")
    edges = sorted(graph.edges(data=True), key=lambda each: -each[2]["weight"])
    found += [f"widest edge {number(edges[0][2]['value'], sign=True)}"] if edges else ["no pair interacts"]
    hidden = len(pairs.names) - len(players)
    found += [f"{hidden} weaker players are not shown"] if hidden else []
    dashed = ["dashed: not told from zero"] if any(each["undecided"] for *_, each in edges) else []
    return f"in units of f: {'; '.join([*found, *dashed])}"
