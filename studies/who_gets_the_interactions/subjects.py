"""The models and inputs of the study, each as the arguments of :func:`synergy.studies.study`."""

from __future__ import annotations

import copy
import runpy
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from decompositions.games.players import parse
from synergy.examples import digits, digits_polynomial, digits_vit, minilm, photo, sentence, tabular

Asked = dict[str, Any]  # of study(): model, inputs, baseline, players, targets, names, output
SCRIPTS = Path(__file__).parents[2] / "scripts"
SENTENCES = Path(__file__).parent / "sentences.txt"


def subject(name: str, count: int, players: str) -> Asked:
    """What is asked of a model and its first inputs.

    Args:
        name: a table of ``config.toml``.
        count: inputs.
        players: as written there.
    """
    return SUBJECTS[name](count, players)


def _digits(module: Any) -> Callable[[int, str], Asked]:
    """Held-out images, each to the logit of its digit; an absent square is blank paper."""

    def asked(count: int, players: str) -> Asked:
        model = module.model()
        images, labels, held_out = digits.data()
        images = images[held_out][:count].to(next(model.parameters()))
        return _pictures(model, images, labels[held_out][:count], players)

    return asked


def _pictures(model: Any, images: Tensor, targets: Tensor, players: str) -> Asked:
    return {"model": model, "inputs": images, "targets": targets.tolist(), "players": parse(players, images[:1])}


def photos(count: int, players: str) -> Asked:
    """The pictures of scikit-image, each to the logit of the class that the network sees in it; absent is grey."""
    model = photo.model()
    images = torch.cat([photo.normalised(photo.square(photo.read_picture(each))) for each in photo.PICTURES[:count]])
    with torch.no_grad():
        return _pictures(model, images, model(images).argmax(1), players)


def sentences(count: int, players: str) -> Asked:
    """Short sentences, each to its predicted rating; the players are words, and an absent one is [MASK]."""
    net, tokenizer = sentence.model(), minilm.tokenizer()
    vectors = []
    for line in SENTENCES.read_text().splitlines()[:count]:
        ids = tokenizer.encode(line, add_special_tokens=False).ids
        if len(ids) != len(line.split()):
            raise ValueError(f"a word of {line!r} has several pieces; the players are words of one piece each")
        vectors.append(net.encoder.words(torch.tensor([ids])).detach())
    return {"model": net, "inputs": vectors, "baseline": Masked(), "players": words}


class Masked:
    """The embedding of [MASK] for every word of a sentence, ``(1, L, 384)``."""

    def __init__(self) -> None:
        self.vector = sentence.model().encoder.words(torch.tensor([[minilm.MASK]])).detach()

    def __call__(self, x: Tensor) -> Tensor:
        return self.vector.expand_as(x).clone()


def words(x: Tensor) -> Tensor:
    """A player for every word. Shape ``(1, L, 1)``."""
    return torch.arange(x.shape[1])[None, :, None]


def tumours(count: int, players: str) -> Asked:
    """Held-out patients, each to the logit of a malignant tumour; absent is the mean of the training rows."""
    rows, _, held_out = tabular.data()
    return _quantities(tabular.model(), tabular.standardised(rows)[held_out][:count])


def tumours_trees(count: int, players: str) -> Asked:
    """The same patients and quantities, asked of gradient-boosted trees that learn here, to their log-odds."""
    from xgboost import XGBClassifier

    rows, malignant, held_out = tabular.data()
    x, y = tabular.standardised(rows).numpy(), malignant.numpy()
    trees = XGBClassifier(n_estimators=60, max_depth=3, learning_rate=0.2, n_jobs=1, random_state=0)
    trees.fit(x[~held_out.numpy()], y[~held_out.numpy()])
    return _quantities(Margin(trees), x[held_out.numpy()][:count])


class Margin:
    """The log-odds of trees, ``(batch, 30)`` to ``(batch,)``."""

    def __init__(self, trees: Any) -> None:
        self.trees = trees

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        return self.trees.predict(rows, output_margin=True)


def _quantities(model: Any, rows: Any) -> Asked:
    """Ten players: each quantity with its mean, error and worst value, 0 of all of which is the mean patient."""
    players = np.arange(30) % len(tabular.QUANTITIES)
    return {"model": model, "inputs": rows, "players": players[None], "names": tabular.QUANTITIES}


def learning(count: int, players: str, epochs: list[int]) -> Asked:
    """The digits' network after some of the epochs of its training, which is done anew, as its script does it."""
    script = runpy.run_path(str(SCRIPTS / "train_digits.py"))
    images, labels, held_out = digits.data()
    torch.manual_seed(script["SEED"])
    network = digits.network()
    kept: dict[str, nn.Module] = {}

    def keep(epoch: int) -> None:
        if epoch in epochs:
            kept[f"{epoch}"] = copy.deepcopy(network).eval().requires_grad_(False)  # draws no random numbers

    keep(0)
    script["fit"](network, images[~held_out], labels[~held_out], keep)
    few = _pictures(None, images[held_out][:count], labels[held_out][:count], players)
    return few | {"model": kept}


SUBJECTS: Mapping[str, Callable[[int, str], Asked]] = {
    "digits": _digits(digits),
    "digits_polynomial": _digits(digits_polynomial),
    "digits_vit": _digits(digits_vit),
    "photos": photos,
    "sentences": sentences,
    "tumours": tumours,
    "tumours_trees": tumours_trees,
}
