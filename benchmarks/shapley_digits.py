"""The exact Shapley values of the digits network with 16 patches, against ``shap.explainers.Exact``."""

from __future__ import annotations

import numpy as np
import torch

from benchmarks.timing import interleaved, seconds
from synergy import Game, method
from synergy.examples import load

DIGITS = ("1", "4", "7", "3", "0", "8")


def run() -> None:
    """Print a row per digit; both sides must agree to 1e-5."""
    print(
        "Exact Shapley values, digits network, 16 patches: CPU time; shap told which patches are blank, then by default"
    )
    print(
        f"{'digit':>5} {'calls':>7} {'ours':>9} {'shap':>9} {'ratio':>6} {'calls':>7} {'shap default':>12} {'ratio':>6}"
    )
    for digit in DIGITS:
        _row(digit)


def _row(digit: str) -> None:
    game = load("digits", digit, "grid:4x4").game
    told, default = _Peer(game, invariants=True), _Peer(game, invariants=False)
    counted = [0]
    watched = game.watched(lambda calls: counted.__setitem__(0, counted[0] + calls))
    ours = method("shapley").attribute(watched).numpy()
    for peer in (told, default):
        difference = np.abs(peer.values() - ours).max()
        if difference > 1e-5:
            raise SystemExit(f"digit {digit}: shap differs by {difference:.2g}")
    calls = told.calls, default.calls
    times = interleaved(
        {"ours": lambda: method("shapley").attribute(game), "told": told.values, "default": default.values}, repeats=3
    )
    print(
        f"{digit:>5} {counted[0]:>7,} {seconds(times['ours']):>9} {seconds(times['told']):>9} "
        f"{times['told'] / times['ours']:>6.2f} {calls[1]:>7,} {seconds(times['default']):>12} "
        f"{times['default'] / times['ours']:>6.2f}"
        + ("" if calls[0] == counted[0] else f"   (shap: {calls[0]:,} calls)")
    )


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
            return cube.f(tensor).numpy()

    def values(self) -> np.ndarray:
        row = self.game.cube.x.numpy().reshape(1, -1)
        self.calls = 0
        return self.explainer(row, silent=True, max_evals=2**17, batch_size=256).values[0]


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
