"""What other libraries give for the same question, where they have the method: for comparison only."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any

import torch

from decompositions.arithmetic import to_float
from decompositions.evaluation.corners import dense
from decompositions.games.game import Game
from decompositions.models.model_function import ModelFunction
from synergy.explained import explained
from synergy.methods.grad_cam import spread

WITHOUT_BASELINE = ("InputXGradient", "Saliency", "GuidedBackprop", "Deconvolution")


def disagreement(name: str, game: Game, ours: Any) -> tuple[str, float] | None:
    """The library that has a method, and its largest difference from our attributions, relative to the largest one.

    Args:
        name: of the method.
        game: about a model with one baseline.
        ours: attributions. Shape ``(n,)``.

    Returns:
        None where no library has the method.

    Raises:
        ImportError: the library is not installed.
    """
    if name not in _PEERS:
        return None
    library, ask = _PEERS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the libraries announce about hooks and about their own imports
        import_module(library)
        theirs = ask(game)
    own = torch.from_numpy(to_float(ours))
    return library, float(abs(theirs.double() - own).max() / (abs(own).max() or 1.0))


def _captum(kind: str, **settings: Any) -> Callable[[Game], torch.Tensor]:
    """A captum class on the game's model: attributions summed by player."""

    def ask(game: Game) -> torch.Tensor:
        from captum import attr

        cube, f = explained(game)
        given = dict(settings) if kind in WITHOUT_BASELINE else {"baselines": cube.baseline, **settings}
        values = getattr(attr, kind)(f.module).attribute(cube.x.clone(), target=_target(f), **given)
        return cube.by_player(values.detach()[:, None])[0]

    return ask


def _ablation(game: Game) -> torch.Tensor:
    from captum.attr import FeatureAblation

    cube, f = explained(game)
    mask = cube.players.expand(cube.x.shape)
    values = FeatureAblation(f.module).attribute(cube.x, cube.baseline, target=_target(f), feature_mask=mask)
    return cube.by_player(values[:, None].double())[0] / torch.bincount(cube.entry_players())


def _relevance(game: Game) -> torch.Tensor:
    from captum.attr import LRP
    from captum.attr._utils.lrp_rules import EpsilonRule
    from torch import nn

    cube, f = explained(game)
    for module in f.module.modules():
        if isinstance(module, (nn.Linear, nn.Conv2d)):
            module.rule = EpsilonRule(1e-6)
    return cube.by_player(LRP(f.module).attribute(cube.x.clone(), target=_target(f)).detach()[:, None])[0]


def _grad_cam(game: Game) -> torch.Tensor:
    """captum's map, spread over the input as ours is."""
    from captum.attr import LayerGradCam
    from torch import nn

    cube, f = explained(game)
    last = [module for module in f.module.modules() if isinstance(module, nn.Conv2d)][-1]
    shares = LayerGradCam(f.module, last).attribute(cube.x, target=_target(f), relu_attributions=False)[:, 0]
    return cube.by_player(spread(shares.detach(), cube.x.shape[1:])[:, None])[0]


def _deep_explainer(game: Game) -> torch.Tensor:
    import shap

    cube, f = explained(game)
    values = shap.DeepExplainer(f.module, cube.baseline).shap_values(cube.x, check_additivity=False)
    chosen = torch.as_tensor(values)[..., _target(f) or 0].reshape(cube.x.shape)
    return cube.by_player(chosen[:, None])[0]


def _shapiq(game: Game) -> torch.Tensor:
    import numpy as np
    from shapiq import ExactComputer

    values = to_float(dense(game, tuple(range(game.n))))
    places = 1 << np.arange(game.n)
    computer = ExactComputer(n_players=game.n, game=lambda coalitions: values[coalitions.astype(np.int64) @ places])
    found = computer("SV")
    return torch.tensor([found[(i,)] for i in range(game.n)], dtype=torch.float64)


def _target(f: ModelFunction) -> int | None:
    return f.target if isinstance(f.target, int) else None


_PEERS: dict[str, tuple[str, Callable[[Game], torch.Tensor]]] = {
    "gradient": ("captum", _captum("Saliency", abs=False)),
    "guided_backprop": ("captum", _captum("GuidedBackprop")),
    "deconvnet": ("captum", _captum("Deconvolution")),
    "gradient_x_input": ("captum", _captum("InputXGradient")),
    "integrated_gradients": ("captum", _captum("IntegratedGradients", n_steps=64)),
    "expected_gradients": ("captum", _captum("IntegratedGradients", n_steps=64)),
    "occlusion_1": ("captum", _ablation),
    "prediction_difference": ("captum", _ablation),
    "occlusion_patch": ("captum", _ablation),
    "shapley": ("shapiq", _shapiq),
    "grad_cam": ("captum", _grad_cam),
    "lrp_epsilon": ("captum", _relevance),
    "deeplift_rescale": ("shap", _deep_explainer),
    "deep_shap": ("shap", _deep_explainer),
}
