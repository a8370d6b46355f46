"""Layer-wise methods on a transformer: reading it, against one gradient of the same batch, completeness, and memory."""

from __future__ import annotations

import copy
import subprocess
import sys
import time

import torch

from benchmarks.timing import ratio, rounds, seconds
from decompositions.networks.reading.tracing import network
from synergy import Game, method
from synergy.examples import load

SENTENCES = {
    3: "I'm not happy",
    12: "The film was not nearly as bad as my friends had said",
    25: "I loved this slow and quiet film about two lost friends who meet again by the sea after many years and "
    "forgive each other everything",
}
ENDS = 64
METHODS = ("deeplift_rescale", "deep_shap", "lrp_epsilon", "attn_lrp")
MEMORY = """
import sys
from pathlib import Path
from benchmarks.any_network import asked, end_points
from synergy import method
game = asked(12)
method("deeplift_rescale").attribute(game)

def memory(what):
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith(what))

Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
before = memory("VmRSS")
method("deeplift_rescale").attribute(game, end_points(game, int(sys.argv[1])))
print(memory("VmHWM") - before)
"""


def run() -> None:
    """Print all."""
    for name, subject in (("sentence", SENTENCES[12]), ("photo", "coffee")):
        game = load(name, subject).game
        spent = _reading(game)
        print(f"reading the network of {name}: {spent[0]:.2f} CPU s at first, {spent[1]:.2f} CPU s again")
    game = asked(12)
    ends = end_points(game)
    alternatives = {"gradient": lambda: _gradient(game, ends)}
    alternatives |= {name: lambda name=name: method(name).attribute(game, ends) for name in METHODS}
    times = rounds(alternatives, repeats=3)
    print(f"MiniLM, 12 words, {ENDS} end points, float32; one gradient of the batch: {seconds(min(times['gradient']))}")
    for name in METHODS:
        print(f"  {name:<18} / one gradient: {ratio(times[name], times['gradient'])}")
    for words in SENTENCES:
        gaps = ", ".join(f"{_gap(asked(words, dtype)):.2g} in {dtype}" for dtype in (torch.float32, torch.float64))
        print(f"gap of Rescale, {words} words, relative to f(x) − f(b): {gaps}".replace("torch.", ""))
    for ends_at_once in (ENDS, 4 * ENDS):
        print(f"memory of Rescale at {ends_at_once} end points: {_peak(ends_at_once):.0f} MiB")


def asked(words: int, dtype: torch.dtype = torch.float32) -> Game:
    """Why this sentence of so many words? As many players."""
    game = load("sentence", SENTENCES[words]).game
    cube = game.cube
    model = copy.deepcopy(game.model).to(dtype)
    return Game.from_model(model, cube.x.to(dtype), cube.baseline.to(dtype), players=cube.players, names=game.names)


def end_points(game: Game, count: int = ENDS) -> torch.Tensor:
    """So many coalitions, the whole and the empty one among them."""
    coalitions = torch.randint(0, 2, (count, game.n), generator=torch.Generator().manual_seed(0))
    coalitions[0], coalitions[1] = 1, 0
    return coalitions


def _gradient(game: Game, ends: torch.Tensor) -> None:
    """One backward pass of the model at these end points."""
    inputs = game.cube.inputs(game.ends(ends)).flatten(0, 1).requires_grad_()
    torch.autograd.grad(game.model(inputs).sum(), inputs)


def _gap(game: Game) -> float:
    """|Σa − (f(x) − f(b))| / |f(x) − f(b)|."""
    values = method("deeplift_rescale").attribute(game)
    gain = float(game([[1.0] * game.n])[0] - game([[0.0] * game.n])[0])
    return abs(float(values.sum()) - gain) / abs(gain)


def _reading(game: Game) -> list[float]:
    spent = []
    for _ in range(2):
        start = time.process_time()
        network(game.model, game.cube.x)
        spent.append(time.process_time() - start)
    return spent


def _peak(count: int) -> float:
    """MiB beyond what the model and its calls have taken already, in a process of its own."""
    run = subprocess.run([sys.executable, "-c", MEMORY, str(count)], check=True, capture_output=True, text=True)
    return int(run.stdout) / 1024
