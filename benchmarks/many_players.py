"""Many players: errors of estimates beside other libraries', strongest effects, boosting, and what a fit costs.

Errors are relative L2 errors, means over seeds, at equal calls of the same games with exact indices (``known/``). What
other libraries estimate is in known/peers.json: "best" is the one of shapiq whose error is the smallest.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from statistics import mean, median

import numpy as np

from benchmarks.known import games, strong, trees
from benchmarks.known.peers import budgets, error
from decompositions.sampling.sample import Sample, sample
from synergy import Game, strongest
from synergy.estimation.estimate import estimated

PEERS = Path(__file__).parent / "known" / "peers.json"
SEEDS = range(8)
LEVERAGE = "LeverageSHAP"
TOP, FURTHER, TRIES = 20, 500, range(4)
RUNS = 20
CALLS = 5000
PEAK = "from benchmarks import many_players; print(many_players.peak())"


def run() -> None:
    """Print the tables."""
    _errors()
    _strongest()
    _boosting()
    _costs()


def _errors() -> None:
    """Shapley values and pairs, a line per game and budget."""
    peers = json.loads(PEERS.read_text())["rows"]
    print(f"{'':12}{'':>6}   Shapley values{'':59}pairs (SII)")
    print(
        f"{'game':12}{'calls':>6}{'ours':>9}{LEVERAGE:>14}{'ratio':>7}{'best':>9} {'of shapiq':19}{'ratio':>7}"
        f"{'ours':>12}{'best':>9} {'of shapiq':19}{'ratio':>7}"
    )
    for name, ask in games.QUESTIONS.items():
        question = ask()
        for calls in budgets(question.game.n):
            players, pairs = _ours(question, calls)
            there = [row for row in peers if (row["game"], row["calls"]) == (name, calls) and row["errors"]]
            leverage = mean(_named(there, LEVERAGE)["errors"])
            best, best_of_pairs = _best(there, "shapley"), _best(there, "pairs")
            print(
                f"{name:12}{calls:6}{players:9.5f}{leverage:14.5f}{players / leverage:7.2f}{_beside(players, best)}"
                f"{pairs:12.4f}{_beside(pairs, best_of_pairs)}",
                flush=True,
            )


def _ours(question: games.Question, calls: int) -> tuple[float, float]:
    """The mean errors of the Shapley values and of the pairs."""
    players, pairs = [], []
    for seed in SEEDS:
        given = sample(question.game, calls, seed)
        players.append(error(estimated(given, "shapley").values, question.truth.shapley))
        pairs.append(error(estimated(given, "sii").values, question.truth.pairs))
    return mean(players), mean(pairs)


def _named(rows: list[dict], title: str) -> dict:
    return next(row for row in rows if row["estimator"] == title)


def _best(rows: list[dict], index: str) -> dict:
    """The estimator of shapiq with the smallest error."""
    of_shapiq = [row for row in rows if row["index"] == index and row["estimator"].startswith("shapiq")]
    return min(of_shapiq, key=lambda row: mean(row["errors"]))


def _beside(ours: float, best: dict) -> str:
    theirs, title = mean(best["errors"]), best["estimator"].removeprefix("shapiq ").removeprefix("SII: ")
    return f"{theirs:9.4f} {title:19}{ours / theirs:7.2f}"


def _strongest() -> None:
    """How many of the strongest dividends are found."""
    sentence = games.sentence43()
    digits, photo = games.digits30().game, games.photo12().game
    print(f"\nOf the {TOP} strongest dividends, found with at most {FURTHER} further calls, seed by seed:")
    for title, game, calls, order, truth in (
        ("digits 30", digits, 5000, 4, games.dividends_of_digits30(4)),
        ("sentence 43", sentence, 2048, 2, games.dividends_of_sentence43(sentence)),
        ("photo 12", photo, 1000, 5, games.dividends_of_photo12(5)),
    ):
        wanted, found, further = strong.largest(truth, TOP), [], []
        for seed in TRIES:
            kept = games.CACHE / f"{title} {calls} {seed}" if game is sentence else None  # whose calls are dear
            given = sample(game, calls, seed, kept)
            effects = strongest(given, TOP, order=order, budget=FURTHER)
            found.append(len(wanted & set(effects.to_dict())))
            further.append(effects.calls - given.calls)
        counts = ", ".join(map(str, found))
        print(f"  {title}, up to order {order}, after {calls:,} calls: {counts}; {max(further)} calls", flush=True)


def _boosting() -> None:
    """The published comparison of LeverageSHAP on correlated features."""
    errors = []
    for seed, (game, truth) in enumerate(trees.questions(RUNS)):
        found = estimated(sample(game, trees.CALLS, seed), "shapley").values
        errors.append(error(found, truth) ** 2)
    published = ", ".join(f"{name} {value:.1e}" for name, value in trees.PUBLISHED.items())
    print(
        f"\nXGBoost, 60 correlated features, {trees.CALLS:,} calls: median squared relative error "
        f"{median(errors):.1e} over {RUNS} rows (published: {published})",
        flush=True,
    )


def _costs() -> None:
    """CPU time of a fit, and the memory of a thousand players with their pairs."""
    print()
    for n in (30, 100):
        game = synthetic(n)
        given = sample(game, CALLS)
        start = time.process_time()
        both(given)
        spent = time.process_time() - start
        print(f"{n} players, {CALLS:,} calls, Shapley values and pairs: fit {spent:.1f} CPU s", flush=True)
    ran = subprocess.run([sys.executable, "-c", PEAK], check=True, capture_output=True, text=True)
    spent, memory = map(float, ran.stdout.split())
    print(f"1,000 players, {CALLS:,} calls, Shapley values and pairs: {spent:.1f} CPU s, {memory:.0f} MiB at the peak")


def synthetic(n: int) -> Game:
    """A softplus network of 64 hidden neurons, each of which sees ten players."""
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(64, n)) * (rng.random((64, n)) < 10 / n)
    heads = rng.normal(size=64)
    return Game.from_function(lambda z: np.logaddexp(0, z @ weights.T) @ heads, np.ones((1, n)), np.zeros((1, n)))


def both(given: Sample) -> None:
    """The Shapley values and the pairs."""
    for index in ("shapley", "sii"):
        estimated(given, index)


def peak() -> str:
    """CPU seconds, and MiB that the process has taken when the pairs of a thousand players are there."""
    start = time.process_time()
    both(sample(synthetic(1000), CALLS))
    spent = time.process_time() - start
    return f"{spent} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}"
