"""What the table of a study says: means, verdicts, comparisons, agreement, orders; each a DataFrame."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

import numpy as np

from synergy.studies.records import imported
from synergy.studies.statistics import Mean, corrected, mean_of, paired, rank_correlations

SCORES = ("coverage", "leakage", "residual", "disagreement", "gap", "deletion", "insertion")
CRITERIA = {"coverage": "coverage", "relevance": "leakage", "completeness": "residual"}
Tables = Callable[..., Any]  # from quantities to their rows


def summary(table: Tables, methods: tuple[str, ...], seed: int) -> Any:
    """A row per model, method and score, with the mean over the inputs; of a gap, that of its size."""
    rows = [
        (*key, *_cells(mean_of(values, errors, seed=seed)))
        for key, values, errors, _ in _scores(table(*SCORES), methods)
    ]
    return imported("pandas").DataFrame(rows, columns=["model", "method", "quantity", *MEAN])


MEAN = ("mean", "low", "high", "error", "n", "undecided")


def _cells(mean: Mean) -> tuple[Any, ...]:
    return mean.value, mean.low, mean.high, mean.error, mean.n, mean.undecided


def _scores(rows: Any, methods: tuple[str, ...]) -> Iterator[tuple[tuple[str, str, str], Any, Any, Any]]:
    """Model, method and score, with its values, errors and notes, by input."""
    groups = {
        key: group.set_index("input") for key, group in rows.groupby(["model", "method", "quantity"], observed=True)
    }
    for model in rows.model.unique():
        for method in methods:
            for score in SCORES:
                group = groups.get((model, method, score))
                if group is not None:
                    values = group.value.abs() if score == "gap" else group.value
                    yield (model, method, score), values, group.error, group.note.astype(object)


def verdicts(table: Tables, methods: tuple[str, ...]) -> Any:
    """A row per model, method and criterion: on how many inputs it passes, fails and is undecided."""
    rows = table(*CRITERIA.values())
    rows = rows.assign(verdict=rows.note.astype(object).str.split().str[0])
    found = []
    for (model, method, number), group in rows.groupby(["model", "method", "quantity"], observed=True):
        counts = group.verdict.value_counts()
        criterion = next(name for name, each in CRITERIA.items() if each == number)
        found.append((model, method, criterion, *(int(counts.get(name, 0)) for name in ("pass", "fail", "undecided"))))
    places = {name: place for place, name in enumerate(methods)}
    found.sort(key=lambda row: (places[row[1]], list(CRITERIA).index(row[2])))
    return imported("pandas").DataFrame(found, columns=["model", "method", "criterion", "pass", "fail", "undecided"])


def compared(table: Tables, pairs: list[tuple[str, str]], seed: int) -> Any:
    """A row per model, pair of methods and score, with a test; the correction is for all of these together."""
    names = tuple(dict.fromkeys(name for pair in pairs for name in pair))
    scores = {key: rest for key, *rest in _scores(table(*SCORES), names)}
    rows = []
    for model in dict.fromkeys(key[0] for key in scores):
        for first, second in pairs:
            for score in SCORES:
                one, other = scores.get((model, first, score)), scores.get((model, second, score))
                if one is not None and other is not None:
                    rows.append((model, first, second, score, *_pair(one, other, score, seed)))
    columns = ["model", "first", "second", "quantity", "difference", "low", "high", "error", "n", "ties", "effect", "p"]
    found = imported("pandas").DataFrame(rows, columns=[*columns, "note"])
    found.insert(len(columns), "adjusted", corrected(found.p))
    return found


def _pair(one: list[Any], other: list[Any], score: str, seed: int) -> tuple[Any, ...]:
    """The cells of a pair, over the inputs on which both have a number of the same coalitions."""
    (values, errors, notes), (others, their_errors, their_notes) = one, other
    both = values.index.intersection(others.index)
    note = ""
    if score in CRITERIA.values():
        scopes, theirs = (_scope(each.loc[both]) for each in (notes, their_notes))
        if (scopes != theirs).any():
            note = f"measured on other coalitions on {int((scopes != theirs).sum())} inputs, which are left out"
        both = both[(scopes == theirs).to_numpy()]
    found = paired(values.loc[both], others.loc[both], errors.loc[both] + their_errors.loc[both], seed=seed)
    mean = found.difference
    test = (found.effect, found.p) if mean.n else (np.nan, np.nan)
    return mean.value, mean.low, mean.high, mean.error, mean.n, found.ties, *test, note


def _scope(notes: Any) -> Any:
    """Of which coalitions numbers speak, as the notes say behind the verdict."""
    return notes.str.partition(" ")[2]


def agreement(table: Tables, methods: tuple[str, ...], seed: int) -> Any:
    """A row per model and pair of methods: the mean over inputs of Spearman's ρ between their attributions."""
    rows, found = table("attribution"), []
    for model in rows.model.unique():
        known = {name: _by_input(rows[(rows.model == model) & (rows.method == name)]) for name in methods}
        for first, second in combinations([name for name in methods if len(known[name][0])], 2):
            mean = mean_of(_correlations(known[first], known[second]), seed=seed)
            found.append((model, first, second, *_cells(mean)))
    return imported("pandas").DataFrame(found, columns=["model", "first", "second", *MEAN]).drop(columns="error")


def _by_input(rows: Any) -> tuple[Any, Any]:
    """Attributions and their errors, inputs × players, NaN behind the last player of inputs that have fewer."""
    rows = rows.assign(player=rows.groupby("input").cumcount())
    return tuple(rows.pivot(index="input", columns="player", values=name) for name in ("value", "error"))


def _correlations(one: tuple[Any, Any], other: tuple[Any, Any]) -> np.ndarray:
    """Spearman's ρ of every input that both have."""
    both = one[0].index.intersection(other[0].index)
    first, errors, second, their_errors = (each.loc[both].to_numpy() for each in (*one, *other))
    counts, found = np.isfinite(first).sum(1), np.full(len(both), np.nan)
    for n in np.unique(counts):
        some = counts == n
        doubts = errors[some, :n], their_errors[some, :n]
        found[some] = rank_correlations(first[some, :n], second[some, :n], doubts)
    return found


def orders(table: Tables, methods: tuple[str, ...], seed: int) -> Any:
    """A row per model, method, order and part: what share of an order's effects goes inside and outside of them.

    With no method, the share of each order in all effects that are known.
    """
    rows = table("effects of order", "given inside", "given outside")
    found = []
    for model in rows.model.unique():
        own = rows[rows.model == model]
        effects = _wide(own[own.quantity == "effects of order"])
        sizes, total = effects[0], effects[0].sum(axis=1)
        for order in sizes:
            some, error = (each[order].fillna(0.0) / total for each in effects)  # none where players are fewer
            mean = mean_of(some, error, seed=seed)
            found.append((model, "", int(order), "share", *_cells(mean)))
        for method in methods:
            for part in ("inside", "outside"):
                given = _wide(own[(own.method == method) & (own.quantity == f"given {part}")])
                found += [(model, method, *row) for row in _shares(given, effects, part, seed)]
    return imported("pandas").DataFrame(found, columns=["model", "method", "order", "part", *MEAN])


def _wide(rows: Any) -> tuple[Any, Any]:
    """Values and errors, inputs × orders."""
    rows = rows.assign(of=rows.of.astype(str).astype(int))
    return tuple(rows.pivot(index="input", columns="of", values=name) for name in ("value", "error"))


def _shares(given: tuple[Any, Any], effects: tuple[Any, Any], part: str, seed: int) -> Iterator[tuple[Any, ...]]:
    """What is given of each order, relative to its effects, on the inputs where these rise above their noise."""
    for order in given[0]:
        if order not in effects[0]:
            continue
        sizes = effects[0][order].reindex(given[0].index)
        heard = sizes > effects[1][order].reindex(given[0].index)
        mean = mean_of((given[0][order] / sizes)[heard], (given[1][order] / sizes)[heard], seed=seed)
        yield (int(order), part, *_cells(mean))


def curves(table: Tables, methods: tuple[str, ...], seed: int) -> Any:
    """A row per model, method, curve and number of players: the mean over inputs of deletion and insertion there."""
    parts = {"deletion at": "deletion", "insertion at": "insertion"}
    rows, found = table(*parts), []
    groups = dict(list(rows.groupby(["model", "method", "quantity"], observed=True)))
    for model in rows.model.unique():
        for method in methods:
            for quantity, curve in parts.items():
                if (model, method, quantity) in groups:
                    values, errors = _wide(groups[model, method, quantity])
                    means = [(k, mean_of(values[k], errors[k].dropna().mean(), seed=seed)) for k in values]
                    found += [(model, method, curve, int(k), *_cells(mean)) for k, mean in means]
    return imported("pandas").DataFrame(found, columns=["model", "method", "curve", "players", *MEAN])


def sanity(table: Tables, methods: tuple[str, ...], seed: int) -> Any:
    """A row per model, method, control and part: the mean over inputs of ρ between attributions."""
    parts = {"correlation": "values", "correlation of sizes": "sizes"}
    rows, found = table(*parts), []
    for model in rows.model.unique():
        for method in methods:
            own = rows[(rows.model == model) & (rows.method == method)]
            for control in own.of.unique():
                for quantity, part in parts.items():
                    these = own[(own.of == control) & (own.quantity == quantity)]
                    found.append((model, method, control, part, *_cells(mean_of(these.value, seed=seed))))
    columns = ["model", "method", "control", "part", *MEAN]
    return imported("pandas").DataFrame(found, columns=columns).drop(columns="error")


def across(table: Tables, models: tuple[str, str], methods: tuple[str, ...], seed: int) -> Any:
    """A row per method: the mean over inputs of ρ between its attributions for two models."""
    rows, found = table("attribution"), []
    for method in methods:
        first, second = (_by_input(rows[(rows.model == model) & (rows.method == method)]) for model in models)
        rho = _correlations(first, second)
        if len(rho):
            found.append((method, *_cells(mean_of(rho, seed=seed))))
    return imported("pandas").DataFrame(found, columns=["method", *MEAN]).drop(columns="error")
