"""Exact Shapley values of real networks, against shap's and shapiq's exact explainers on the same forward passes."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import mean, median

import numpy as np
import torch
from torch import nn

from benchmarks.timing import ratio, rounds, seconds
from decompositions.evaluation.prefix import prefix
from synergy import Game, harsanyi, method
from synergy.examples import load

SENTENCE = "the film was not bad, but I would never watch it again"
Runs = dict[str, Callable[[], np.ndarray]]


def run() -> None:
    """Print a row per task; all sides must agree to rounding."""
    _digits(50)
    _one("photo, 9 patches", load("photo", "coffee", "grid:3x3").game, 3)
    _one(f"sentence, {len(SENTENCE.split())} words", load("sentence", SENTENCE, "words").game, 3)
    _folding()


def _digits(count: int) -> None:
    """Held-out digits, 16 patches; the blank ones are null players, which shap is told of, or not."""
    times: dict[str, list[float]] = {"ours": [], "told": [], "shap": [], "shapiq": []}
    for number in range(-1, count):  # the first one warms up
        game = load("digits", f"{number % 10}:{max(number, 0) // 10}", "grid:4x4").game
        found = _once(_runs(game) | {"shapiq": _Shapiq(game).values})
        for name, spent in found.items():
            times[name] += [spent] if number >= 0 else []
    print(f"Exact Shapley values of {count} digits, 16 patches: ours {seconds(mean(times['ours']))} on the mean")
    names = {"told": "shap, told of the blank patches", "shap": "shap", "shapiq": "shapiq"}
    for name, title in names.items():
        print(
            f"  {title} / ours: {ratio(times[name], times['ours'])} by digit, "
            f"{mean(times[name]) / mean(times['ours']):.3g} on the mean"
        )


def _one(title: str, game: Game, repeats: int) -> None:
    runs = _runs(game)
    del runs["told"]
    found = [_once(runs) for _ in range(repeats + 1)][1:]  # the first one warms up
    ours, theirs = [each["ours"] for each in found], [each["shap"] for each in found]
    print(f"Exact Shapley values, {title}: ours {seconds(median(ours))}; shap / ours {ratio(theirs, ours)}")
    print(f"  {harsanyi(game).evaluation or 'no shortcut'}")


def _folding() -> None:
    """A network on 3,072 inputs and 12 players, with its first layer run once per player, or for every coalition."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(3072, 256), nn.ReLU(), nn.Linear(256, 10)).eval()
    table = torch.arange(12).repeat_interleave(256).reshape(3, 32, 32)
    game = Game.from_model(net, torch.randn(1, 3, 32, 32), target=0, players=table)

    def whole() -> object:
        worth, prefix.WORTH = prefix.WORTH, 10**18
        try:
            return harsanyi(game)
        finally:
            prefix.WORTH = worth

    if not harsanyi(game).evaluation:
        raise SystemExit("the first layer was not shared")
    times = rounds({"whole": whole, "shared": lambda: harsanyi(game)}, 9)
    print(
        f"MLP 3072-256-10, 12 players, all dividends: {seconds(median(times['shared']))}; without sharing the first "
        f"layer / with {ratio(times['whole'], times['shared'])}"
    )


def _runs(game: Game) -> Runs:
    return {
        "ours": lambda: method("shapley").attribute(game).numpy(),
        "told": _Peer(game, invariants=True).values,
        "shap": _Peer(game, invariants=False).values,
    }


def _once(runs: Runs) -> dict[str, float]:
    """CPU seconds of each, which must all give the same values."""
    spent, answers = {}, {}
    for name, work in runs.items():
        start = time.process_time()
        answers[name] = work()
        spent[name] = time.process_time() - start
    for name, answer in answers.items():
        difference = np.abs(answer - answers["ours"]).max()
        if not difference <= 1e-4 * np.abs(answers["ours"]).max() + 1e-5:
            raise SystemExit(f"{name} differs by {difference:.2g}")
    return spent


class _Shapiq:
    """shapiq's exact computer, as it comes, on the game's values in batches."""

    def __init__(self, game: Game) -> None:
        self.game = game

    def values(self) -> np.ndarray:
        from shapiq import ExactComputer

        computer = ExactComputer(n_players=self.game.n, game=lambda rows: self.game(rows.astype(bool)).numpy())
        found = computer("SV", 1)
        return np.array([found[(i,)] for i in range(self.game.n)])


class _Peer:
    """``shap.explainers.Exact`` on the game's network and players, with our batch size."""

    def __init__(self, game: Game, invariants: bool) -> None:
        import shap

        self.game, self.calls = game, 0
        masker = _Masker(game, invariants)
        self.explainer = shap.explainers.Exact(self._predict, masker)

    def _predict(self, inputs: np.ndarray) -> np.ndarray:
        cube = self.game.cube
        self.calls += len(inputs)
        tensor = torch.from_numpy(np.ascontiguousarray(inputs, dtype=np.float32)).reshape(-1, *cube.x.shape[1:])
        with torch.no_grad():
            return torch.cat([cube.f(part) for part in tensor.split(cube.chunk)]).numpy()

    def values(self) -> np.ndarray:
        row = self.game.cube.x.numpy().reshape(1, -1)
        self.calls = 0
        return self.explainer(row, silent=True, max_evals=2**17, batch_size=self.game.cube.chunk).values[0]


class _Masker:
    """Masks patches; says which players are blank anyway if it may."""

    def __init__(self, game: Game, invariants: bool) -> None:
        cube = game.cube
        self.players, self.n = cube.entry_players().numpy(), game.n
        self.baseline = cube.baseline.numpy().reshape(-1)
        self.clustering = None
        self.supports_delta_masking = False
        if invariants:
            self.invariants = self._invariants

    def __call__(self, mask: np.ndarray, x: np.ndarray) -> tuple[np.ndarray]:
        return (np.where(mask[self.players], x, self.baseline)[None],)

    def shape(self, x: np.ndarray) -> tuple[int, int]:
        return (1, self.n)

    def mask_shapes(self, x: np.ndarray) -> list[tuple[int, ...]]:
        return [(self.n,)]

    def feature_names(self, *rows: np.ndarray) -> list[list[str]]:
        return [[str(i) for i in range(self.n)]]

    def _invariants(self, x: np.ndarray) -> np.ndarray:
        same = x.reshape(-1) == self.baseline
        return np.array([[same[self.players == i].all() for i in range(self.n)]])
