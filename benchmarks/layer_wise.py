"""Measured allocations of all layer-wise methods on the digits network, against captum where it has the method."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable

import torch

from benchmarks.timing import interleaved, seconds
from synergy import METHODS, Game, harsanyi, measure, method, players
from synergy.examples import digits

ENDS = 2**10


def run() -> None:
    """Print a row per method: 1,024 end points in float64, 10 patches that all differ from the baseline."""
    game = _game()
    effects = harsanyi(game)
    ends = torch.arange(ENDS)[:, None] >> torch.arange(10) & 1
    names = [name for name, cls in METHODS.items() if cls.scope == "layer"]
    print("Layer-wise methods, digits network, 10 patches, 1,024 end points, float64 (CPU time)")
    print(f"{'method':<24} {'measured':>9} {'attributions':>12} {'captum':>9} {'captum / ours':>13}")
    total = 0.0
    for name in names:
        chosen = method(name)
        runs: dict[str, Callable[[], object]] = {
            "measured": lambda chosen=chosen: measure(chosen, game, effects=effects, points=0),
            "ours": lambda chosen=chosen: chosen.attribute(game, ends),
        }
        peer = _captum(name, game, ends)
        if peer is not None:
            runs["captum"] = peer
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # captum announces its hooks
            times = interleaved(runs, repeats=3)
        total += times["measured"]
        theirs = f"{seconds(times['captum']):>9} {times['captum'] / times['ours']:>13.2f}" if peer else f"{'–':>9}"
        print(f"{name:<24} {seconds(times['measured']):>9} {seconds(times['ours']):>12} {theirs}")
    print(f"{'together':<24} {seconds(total):>9}")


def _game() -> Game:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        x = torch.rand(1, 1, 8, 8, dtype=torch.float64)
    return Game.from_model(digits.model().double(), x, 0.0, target=3, players=players.grid(x.shape, (2, 5)))


def _captum(name: str, game: Game, ends: torch.Tensor) -> Callable[[], object] | None:
    """captum on the same masked inputs, in the same batches."""
    from captum.attr import LRP, DeepLift
    from captum.attr._utils.lrp_rules import EpsilonRule

    cube = game.cube
    parts = cube.inputs(game.ends(ends)).flatten(0, 1).split(cube.chunk)
    net = copy.deepcopy(cube.f.module)

    def relevance() -> None:
        for part in parts:
            for module in net.modules():  # captum takes the rules away after each call
                if not isinstance(module, torch.nn.ReLU | torch.nn.Sequential):
                    module.rule = EpsilonRule(1e-6)
            LRP(net).attribute(part.clone(), target=3)

    def rescale() -> None:
        for part in parts:
            DeepLift(net).attribute(part.clone(), torch.zeros_like(part), target=3)

    return {"deeplift_rescale": rescale, "deep_shap": rescale, "lrp_epsilon": relevance}.get(name)
