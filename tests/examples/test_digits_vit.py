"""The vision transformer of digits, against the same network written out in numpy."""

import re
from math import erf

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from synergy.command.cli import app
from synergy.examples import load

pytest.importorskip("sklearn", reason="the example 'digits-vit' needs sklearn")
pytest.importorskip("safetensors", reason="the example 'digits-vit' needs safetensors")

from synergy.examples import digits, digits_vit, trained


def normed(h, net, name):
    """Every row less its mean, over its deviation, scaled and shifted."""
    deviation = np.sqrt(h.var(-1, keepdims=True) + 1e-5)
    return (h - h.mean(-1, keepdims=True)) / deviation * net[f"{name}.weight"] + net[f"{name}.bias"]


def linear(h, net, name):
    return h @ net[f"{name}.weight"].T + net[f"{name}.bias"]


def attention(h, net, name):
    """One head and one token at a time."""
    q, k, v = (linear(h, net, f"{name}.{part}") for part in ("query", "key", "value"))
    read = np.zeros_like(h)
    for head in (slice(start, start + 8) for start in range(0, 32, 8)):
        for token in range(len(h)):
            weights = np.exp(k[:, head] @ q[token, head] / np.sqrt(8))
            read[token, head] = weights @ v[:, head] / weights.sum()
    return linear(read, net, f"{name}.mix")


def logits(image, net):
    """One image of 8x8 pixels, patch by patch, through three blocks."""
    corners = [(row, column) for row in range(0, 8, 2) for column in range(0, 8, 2)]
    patches = [(net["embed.weight"][:, 0] * image[i : i + 2, j : j + 2]).sum((1, 2)) for i, j in corners]
    h = np.array([net["class_token"][0], *(patch + net["embed.bias"] for patch in patches)]) + net["positions"]
    for block in ("blocks.0", "blocks.1", "blocks.2"):
        h = h + attention(normed(h, net, f"{block}.attention_norm"), net, f"{block}.attention")
        wide = linear(normed(h, net, f"{block}.mlp_norm"), net, f"{block}.mlp.0")
        gelu = wide * (1 + np.vectorize(erf)(wide / np.sqrt(2))) / 2
        h = h + linear(gelu, net, f"{block}.mlp.2")
    return linear(normed(h[0], net, "norm"), net, "head")


@pytest.fixture(scope="module")
def weights():
    return {name: values.double().numpy() for name, values in trained.read("digits_vit")[0].items()}


def test_logits_are_those_of_the_network_written_out(weights):
    from sklearn.datasets import load_digits

    images = load_digits().images[4:60:5] / 16
    given = digits_vit.model().double()(torch.tensor(images)[:, None])
    assert given.numpy() == pytest.approx(np.array([logits(image, weights) for image in images]), rel=0, abs=1e-11)


@pytest.mark.parametrize("present", [[], [1, 2, 6], range(16)], ids=["none", "three", "all"])
def test_players_are_the_patches(weights, present):
    """The default players, numbered row by row, are what the network reads as one token each; absent is blank."""
    from sklearn.datasets import load_digits

    stored = load_digits()
    image = next(stored.images[i] for i in range(4, len(stored.images), 5) if stored.target[i] == 7) / 16
    t = np.isin(range(16), present).astype(float)
    ink = image * np.kron(t.reshape(4, 4), np.ones((2, 2)))
    assert load("digits-vit", "7").game(t[None]).item() == pytest.approx(logits(ink, weights)[7], rel=0, abs=1e-4)


def outputs(network, x):
    """What every module named in the example gives."""
    kept = {}
    for name, module in network.named_modules():
        module.register_forward_hook(lambda _, given, out, name=name: kept.setdefault(name, []).append(out))
    return network(x), kept


def test_modules_are_named_and_used_once():
    _, kept = outputs(digits_vit.model(), torch.zeros(2, 1, 8, 8))
    assert {len(given) for given in kept.values()} == {1}
    assert {"embed", "blocks.0.attention.query", "blocks.2.mlp.1", "norm", "head"} < set(kept)
    assert {kept[f"blocks.{i}"][0].shape for i in range(3)} == {(2, 17, 32)}


def test_the_last_map_of_patches_that_is_read_is_that_of_the_second_block():
    """Gradients at the patch tokens: none after the last block, from which only the class token is read."""
    x = digits.choose("7")[0].requires_grad_()
    given, kept = outputs(digits_vit.model(), x)
    second, last = torch.autograd.grad(given[0, 7], [kept[f"blocks.{i}"][0] for i in (1, 2)])
    assert (last[0, 1:] == 0).all()
    assert (second[0, 1:].norm(dim=-1) > 1e-3).all()


def test_explain_from_the_command_line(weights, tmp_path, monkeypatch):
    from sklearn.datasets import load_digits

    monkeypatch.chdir(tmp_path)
    stored = load_digits()
    image = next(stored.images[i] for i in range(4, len(stored.images), 5) if stored.target[i] == 3) / 16
    words = ["explain", "digits-vit", "3", "--players", "grid:2x2", "--methods", "shapley,gradient_x_input"]
    told = CliRunner().invoke(app, words, catch_exceptions=False)
    assert told.exit_code == 0
    rise = logits(image, weights)[3] - logits(0 * image, weights)[3]
    assert f"f(x) − f(b) = {rise:.4g}" in told.output
    assert "vision transformer of 16 patches, 26762 parameters" in told.output
    assert (tmp_path / "reports" / "digits-vit.html").stat().st_size > 1000


def test_grad_cam_on_tokens_and_attn_lrp_are_among_the_rows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["explain", "digits-vit", "7", "--players", "grid:2x2", "--budget", "0"]
    told = CliRunner().invoke(app, words, catch_exceptions=False).output
    for name in ("shapley", "grad_cam", "attn_lrp"):
        assert re.search(rf"^  {name} +0  (at x alone|(all )?\d+ coalitions?)$", told, re.MULTILINE)
        assert all(re.search(rf"^[^:]* {word}\b", told, re.MULTILINE) for word in name.split("_")[-1:])  # its column
    assert "deconvnet" not in told
