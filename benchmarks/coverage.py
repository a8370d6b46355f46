"""How often the 95 % bars of estimates hold the exact index, and how their squares compare with the squared errors.

Each game is asked at both budgets of ``many_players``, with a hundred seeds. "lowest" is the player whose bars hold it
least often; squares are those of the standard errors, by those of the errors.
"""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache, partial
from multiprocessing import get_context

import numpy as np
import torch

from benchmarks.known import games
from benchmarks.known.peers import budgets
from decompositions.sampling.sample import sample
from synergy.estimation.estimate import estimated

SEEDS = range(100)
BAR = 1.96
question = lru_cache(lambda name: games.QUESTIONS[name]())


def run() -> None:
    """Print a line per game and budget, and what is pooled of all."""
    print(f"{len(SEEDS)} seeds{'':13}Shapley values{'':16}pairs (SII)")
    print(f"{'game':12}{'calls':>6}{'held':>9}{'lowest':>9}{'squares':>9}{'held':>12}{'squares':>9}")
    every = []
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn"), torch.set_num_threads, (1,)) as pool:
        for name in games.QUESTIONS:
            for calls in budgets(question(name).game.n):
                seeds = list(pool.map(partial(_misses, name, calls), SEEDS))
                players, pairs = (np.array(each) for each in zip(*seeds, strict=True))
                held, held_pairs = (np.abs(each[:, 0]) <= BAR * each[:, 1] for each in (players, pairs))
                every.append((held.mean(), held_pairs.mean()))
                print(
                    f"{name:12}{calls:6}{held.mean():9.3f}{held.mean(0).min():9.2f}{_squares(players):9.2f}"
                    f"{held_pairs.mean():12.3f}{_squares(pairs):9.2f}",
                    flush=True,
                )
    print("{:18}{:9.3f}{:30.3f}".format("pooled", *np.mean(every, axis=0)))


def _misses(name: str, calls: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Errors and standard errors: of the players ``(2, n)``, and of the pairs ``(2, n (n - 1) / 2)``."""
    truth, given = question(name).truth, sample(question(name).game, calls, seed)
    above = np.triu_indices(given.game.n, 1)
    players, pairs = estimated(given, "shapley"), estimated(given, "sii")
    return (
        np.stack([players.values - truth.shapley, players.error]),
        np.stack([(pairs.values - truth.pairs)[above], pairs.error[above]]),
    )


def _squares(misses: np.ndarray) -> float:
    """The sum of the squared standard errors, by that of the squared errors."""
    away, stated = (misses**2).sum((0, 2))
    return float(stated / away)
