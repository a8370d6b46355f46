"""Integrated Gradients, exact between the kinks, against 50 steps of captum's quadrature."""

from __future__ import annotations

import torch
from torch import nn

from benchmarks.timing import interleaved, seconds
from synergy import Game, method
from synergy.examples import digits

STEPS = 50  # captum's default
TRUTH = 2048  # Gauss–Legendre nodes, as a bound on the exact sum's error


def run() -> None:
    """Print a row per network, one input each: CPU times, and the largest error relative to the largest value."""
    print(f"Integrated Gradients of one input: the exact sum against captum with {STEPS} steps (CPU time)")
    print(f"{'network':<22} {'rule':>18} {'ours':>8} {'captum':>8} {'ours / captum':>13} {'off':>8} {'captum off':>10}")
    for name, model, x in _cases():
        print(_row(name, model, x))


def _row(name: str, model: nn.Module, x: torch.Tensor) -> str:
    from captum.attr import IntegratedGradients

    game = Game.from_model(model, x, 0.0, target=3)
    ours, peer = method("integrated_gradients"), IntegratedGradients(model)
    times = interleaved(
        {
            "ours": lambda: ours.attribute(game),
            "captum": lambda: peer.attribute(x, target=3, n_steps=STEPS),
        },
        repeats=40,
    )
    found = ours.integrate(game)
    size = abs(found.values).max()
    theirs = abs(peer.attribute(x, target=3, n_steps=STEPS).flatten() - found.values).max() / size
    finer = abs(method("integrated_gradients", nodes=TRUTH).attribute(game) - found.values).max() / size
    ratio = times["ours"] / times["captum"]
    cost = f"{seconds(times['ours']):>8} {seconds(times['captum']):>8} {ratio:>13.2f}"
    return f"{name:<22} {found.rule:>18} {cost} {finer:>8.1g} {theirs:>10.1g}"


def _cases() -> list[tuple[str, nn.Module, torch.Tensor]]:
    x = digits.choose("7")[0]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        wide = (nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 10))
        dense = nn.Sequential(nn.Flatten(), *wide).double().eval()
    return [
        ("MLP 64-32-32-10, f64", dense, x.double()),
        ("digits CNN, f64", digits.model().double(), x.double()),
        ("digits CNN, f32", digits.model(), x),
    ]
