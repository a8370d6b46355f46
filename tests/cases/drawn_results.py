"""Results to draw, made by hand: three players and sixty, long names, nothing but zeros, one player."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import torch

from decompositions.effects.coalitions import Coalitions
from synergy import Effects, Estimation, Game, allocate, harsanyi
from synergy.allocation.allocation import from_table
from synergy.comparison.comparison import Comparison
from synergy.comparison.result import Result
from synergy.policies.policy import equal_shares

LONG = (
    "the worst concave points of the nucleus (µm, third quartile)",
    "$cost_of_$treatment in the year before the diagnosis was made",
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
)
# J: x0 1, x1 −2, x0·x1 4, x2 0, x0·x1·x2 2.5; f(b) 10
DIVIDENDS = [10.0, 1.0, -2.0, 4.0, 0.0, 0.0, 0.0, 2.5]


def three(names: tuple[str, ...] = ("x0", "x1", "x2"), unit: float = 1.0) -> Effects:
    return Effects(unit * torch.tensor(DIVIDENDS, dtype=torch.float64), names=names)


def far_apart() -> Effects:
    """Effects of 1e9, of a few units and of 1e-9."""
    values = torch.tensor(DIVIDENDS, dtype=torch.float64)
    values[1], values[7] = 1e9, 1e-9
    return Effects(values, names=("x0", "x1", "x2"))


def ten() -> Effects:
    """All effects of ten players, of both signs and of about 1e-12."""
    values = 1e-12 * torch.from_numpy(np.random.default_rng(1).standard_normal(2**10))
    return Effects(values, names=tuple(f"x{i}" for i in range(10)))


def sixty() -> Effects:
    """All single players and pairs of 60, 40 larger coalitions, and a remainder."""
    n, rng = 60, np.random.default_rng(0)
    larger = {tuple(sorted(rng.choice(n, size, replace=False).tolist())) for size in rng.integers(3, 9, 40)}
    rows = [(), *((i,) for i in range(n)), *combinations(range(n), 2), *sorted(larger), tuple(range(40))]
    values = rng.standard_normal(len(rows)) * 4.0 ** -np.array([max(0, len(row) - 1) for row in rows])
    values[-1] = 3.0
    names = tuple(f"region {i}" for i in range(n))
    coalitions = Coalitions.of_members(rows, n)
    order = [rows.index(each) for each in coalitions]
    values = torch.from_numpy(values[order])
    return Effects(values, names=names, coalitions=coalitions, noise=1e-6, truncated=True, remainder=0.7)


EFFECTS = {
    "3 players": three(),
    "10 players": ten(),
    "60 players": sixty(),
    "long names": three(LONG),
    "large numbers": three(unit=1e9),
    "small numbers": three(unit=1e-9),
    "numbers far apart": far_apart(),
    "all zero": harsanyi(Game.from_values([5.0] * 8)),
    "one player": harsanyi(Game.from_values([1.0, 3.0], names=("only",))),
    "one negative": harsanyi(Game.from_values([1.0, -2.0], names=("only",))),
}


def estimation(effects: Effects, pairs: bool = False, calls: int = 1000, error: float = 0.25) -> Estimation:
    """An estimate: what equal shares give, or the values of pairs."""
    n = effects.n
    values = allocate(effects, equal_shares).attribution.numpy()
    if pairs:
        values = np.add.outer(values, values) * (1 - np.eye(n))
    errors = error * np.abs(values).max() * np.linspace(0, 1, values.size).reshape(values.shape)
    name = "sii" if pairs else "shapley"
    return Estimation(name, values, errors, values, 0.9, calls, calls, effects.names)


def learning(effects: Effects, pairs: bool = False) -> list[Estimation]:
    """Estimates at four budgets, whose errors fall with the root of the calls."""
    return [estimation(effects, pairs, calls, (25 / calls) ** 0.5) for calls in (100, 200, 400, 800)]


def leaking(effects: Effects):
    """Every member gets the whole effect, and the last player a tenth of the effects of others."""
    table = effects.table(0, len(effects)) * effects.values[:, None]
    outside = effects.table(0, len(effects))[:, -1] == 0
    table[outside, -1] += 0.1 * effects.values[outside]
    table[0] = 0
    return from_table(
        effects, table, "leaking", error=np.full(len(effects), 1e-9), rest=torch.zeros(effects.n).double()
    )


def comparison(effects: Effects) -> Comparison:
    """Four questions and five methods: theory and measured, measured alone, theory alone, nothing, and a twin."""
    fair, own = allocate(effects, equal_shares), leaking(effects)
    whole = from_table(effects, fair.values, "fair", rest=torch.zeros(effects.n).double())
    error = torch.linspace(0, 0.3, effects.n, dtype=torch.float64)
    target = "f(x) − f(b)"
    results = (
        Result("fair", target, "1/|S|", fair.attribution, theory=fair, measured=whole, title="Shapley value"),
        Result("leaking", target, "?", own.attribution, error=error, theory=fair, measured=own, title="Leaky × Input"),
        Result("in_theory", target, "1/|S|", fair.attribution, theory=fair, measured_note="too dear"),
        Result("gradient", "its own", "", 1000 * fair.attribution, title="A gradient with a name of many words"),
        Result("refused", target, "", note="it does not apply"),
        Result("twin", target, "1/|S|", fair.attribution, theory=fair, measured=whole, title="Its twin", twin="fair"),
    )
    return Comparison(effects, None, "", results, calls=8)
