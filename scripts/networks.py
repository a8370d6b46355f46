"""Every method on every kind of network that people explain: ``python scripts/networks.py`` writes docs/networks.md.

Transformers, recurrent and convolutional networks, small and with random weights, from the bank of the tests.
"""

import logging
import math
import sys
from pathlib import Path

import torch

from decompositions.arithmetic import to_float
from decompositions.dividends.harsanyi import harsanyi
from decompositions.games import players
from decompositions.games.game import Game
from synergy.allocation.allocation import allocate
from synergy.method import METHODS, AbstractMethod, method, usual
from synergy.path_method import AbstractPathMethod
from synergy.policies.layer_policy import LayerPolicy
from synergy.policies.propagation import propagate
from synergy.tables.peers import disagreement
from synergy.wording.numbers import roughly
from synergy.wording.table import Table

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "networks.md"
sys.path.insert(0, str(ROOT / "tests" / "cases"))
from network_zoo import ZOO, zoo  # noqa: E402

TITLES = {
    "bert": "BERT", "gpt2": "GPT-2", "llama": "Llama", "vit": "ViT", "t5": "T5 encoder", "mamba": "Mamba",
    "resnet": "ResNet", "lstm": "LSTM, two layers", "lstm-both-ways": "LSTM, both ways", "gru": "GRU",
    "rnn": "RNN", "encoder": "nn.TransformerEncoder", "unet": "U-Net",
}  # fmt: skip
NOTES = (
    "Each cell: the gap of completeness, |Σa − (f(x) − f(b))|, for methods that claim it / the largest difference of "
    "policy and algorithm / that of a library, all relative to the largest attribution; '–' where the method claims "
    "none, where its policy reads a Taylor series that does not end, or where no library has the method or takes the "
    "network.",
    "shap's DeepExplainer knows no softmax, product or normalisation of a transformer: it passes their gradient, and "
    "its sum is then not f(x) − f(b). Integrated and Expected Gradients of networks with both kinks and curves are "
    "quadratures, whose error a comparison says; with as many nodes captum gives the same.",
    "Small networks of these kinds with random weights in float64, one entry of the output; the players are the words, "
    "the steps in time or four squares of a picture. Llama, T5 and Mamba compute a part of what they do in float32, "
    "whatever their own type. Grad-CAM: the tokens of the ViT's first layer, the last stage of the ResNet, the last "
    "convolution of the U-Net.",
)


def networks_table(names: list[str] = ZOO) -> Table:
    """What every method gives on every network, checked in three ways; those besides the fourteen below."""
    besides = [each for each in METHODS if each not in usual()]
    below = Table("Besides the fourteen", *_block(names, besides))
    return Table("Every method on every kind of network", *_block(names, usual()), NOTES, (below,))


def _block(names: list[str], methods: list[str]) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """The columns and rows of some methods."""
    rows = []
    for name in names:
        game = question(name)
        rows.append((TITLES[name], *(_cell(name, method(each, **_settings(name, each)), game) for each in methods)))
    return ("network", *(METHODS[each].title for each in methods)), tuple(rows)


def question(name: str, zero: bool = False) -> Game:
    """A network of the bank, made anew, as a game of few players; with zero as the baseline if wanted."""
    model, x, b = zoo(name)
    b = 0 * b if zero else b
    owners = players.grid(x.shape, 2) if x.ndim == 4 else torch.arange(x.shape[1]).reshape(1, -1, 1).expand(x.shape)
    return Game.from_model(model, x, b, target=1, players=owners)


def _settings(network: str, name: str) -> dict:
    """The layer of Grad-CAM, where the last convolution is not what is meant."""
    layers = {
        "vit": {"layer": "model.vit.layers.0", "grid": (2, 2)},
        "resnet": {"layer": "model.resnet.encoder.stages.1.layers.0"},
    }
    return layers.get(network, {}) if name == "grad_cam" else {}


def _cell(network: str, chosen: AbstractMethod, game: Game) -> str:
    try:
        values = to_float(chosen.attribute(game))
    except (ValueError, TypeError) as error:
        return _short(str(error))
    largest = abs(values).max() or 1.0
    gain = float(game([[1.0] * game.n])[0] - game([[0.0] * game.n])[0])
    exact = roughly(abs(values.sum() - gain) / largest) if type(chosen).all_three else "–"
    theory = _theory(chosen, game)
    policy = "–" if theory is None else roughly(abs(to_float(theory) - values).max() / largest)
    return f"{exact} / {policy} / {_library(chosen, network)}"


def _theory(chosen: AbstractMethod, game: Game) -> object | None:
    """What the policy gives, where the effects that it reads are known."""
    if chosen.scope in ("feature map", "signal") or chosen.at_x:
        return None
    policy = chosen.policy(game)
    if isinstance(policy, LayerPolicy):
        return propagate(game, policy)
    return allocate(harsanyi(game), policy).attribution if policy.reads == "support" else None


def _library(chosen: AbstractMethod, network: str) -> str:
    """What a library gives for the same question; it may leave hooks in the network, which is then thrown away."""
    if _settings(network, chosen.name):
        return "–"
    game = question(network, zero=chosen.name == "gradient_x_input")  # the libraries' reference
    alike = method(chosen.name, nodes=64) if isinstance(chosen, AbstractPathMethod) else chosen
    ours = alike.attribute(game)
    try:
        found = disagreement(chosen.name, game, ours)
    except Exception:  # a library refuses a network in whatever way it does
        return "–"
    return f"{found[0]} {roughly(found[1])}" if found and math.isfinite(found[1]) else "–"


def _short(reason: str) -> str:
    if "digits are left" in reason:
        return "refused: its channels outgrow the digits"
    if "is not defined; take" in reason:
        return "not defined beyond ReLU"
    if "spatial axes" in reason:
        return "no feature map"
    return "refused: " + reason.partition("; ")[0]


def main() -> None:
    """Write the page."""
    logging.disable(logging.WARNING)
    PAGE.write_text(networks_table().to_markdown(), "utf8")


if __name__ == "__main__":
    main()
