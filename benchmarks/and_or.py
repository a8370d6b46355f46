"""AND–OR: how long the sparsest split takes, how near it is to the smallest, and how much sparser than the dividends.

Σ|·| is in units of |f(x) − f(b)|; R² is that of the 30 strongest, dividends alone and both kinds.
"""

from __future__ import annotations

import time

import torch

from decompositions import Effects, Game, harsanyi
from decompositions.dividends.and_or import and_or
from synergy.examples import load

SENTENCE = "The plot was not very good but the actors were brilliant and funny"
STRONGEST = 30


def run() -> None:
    """Print a line per game."""
    print(
        f"{'game':22}{'players':>8}{'CPU s':>8}{'gap':>10}{'Σ|·| alone':>12}{'split':>10}{'R² alone':>10}{'split':>7}"
    )
    torch.manual_seed(0)
    for name, effects in {
        "sentence": harsanyi(load("sentence", SENTENCE).game),
        "photo 3x4": harsanyi(load("photo", None, "grid:3x4").game),
        "digits 2x7": harsanyi(load("digits", "7", "grid:2x7").game),
        "values at random, 14": harsanyi(Game.from_values(torch.randn(2**14, dtype=torch.float64))),
        "values at random, 16": harsanyi(Game.from_values(torch.randn(2**16, dtype=torch.float64))),
    }.items():
        print(_line(name, effects), flush=True)


def _line(name: str, effects: Effects) -> str:
    start = time.process_time()
    split = and_or(effects)
    spent = time.process_time() - start
    unit, alone = abs(float(effects.total)), float(effects.values[1:].abs().sum())
    curve = split.curve(STRONGEST)
    r2 = f"{curve.alone[-1]:10.2f}{curve.split[-1]:7.2f}"
    return f"{name:22}{effects.n:8}{spent:8.1f}{split.gap:10.2e}{alone / unit:12.3g}{split.size / unit:10.3g}{r2}"
