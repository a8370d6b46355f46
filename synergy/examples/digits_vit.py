r"""Handwritten digits, seen by a small vision transformer: three blocks of attention over 4x4 patches of 2x2 pixels.

Each patch is a token of 32 channels; a class token stands before them and learned positions are added. In a block
every token reads all others, and then passes through two linear maps by itself, both beside a skip path and after a
LayerNorm:

.. math:: h' = h + \mathrm{attention}(\mathrm{norm}(h)), \qquad h'' = h' + \mathrm{mlp}(\mathrm{norm}(h'))

The logits are read from the class token alone. So what ``blocks.2`` makes of the patches counts for nothing;
``blocks.1`` is the last block whose patches are still read, a map of 4x4 places after the class token.

Images and split are those of ``synergy.examples.digits``. The network gets 352 of the 359 held-out images right;
``scripts/train_digits_vit.py`` made it.

Reference: dosovitskiy2021image
"""

from dataclasses import replace

import torch
from torch import Tensor, nn

from synergy.examples.digits import ask
from synergy.examples.example import Example
from synergy.examples.trained import predictor, read

PATCH, PATCHES = 2, 16  # the side of a patch in pixels; 4x4 of them in 8x8 pixels
WIDTH, HEADS, BLOCKS = 32, 4, 3


class Attention(nn.Module):
    r"""Multi-head self-attention, :math:`\mathrm{softmax}(QK^\top / \sqrt{8})\,V` in each of four heads."""

    def __init__(self) -> None:
        """Four heads of 8 channels."""
        super().__init__()
        self.query, self.key, self.value, self.mix = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.heads = nn.Identity()  # a name for what the heads give, side by side

    def forward(self, h: Tensor) -> Tensor:
        """What every token reads from all. Shape ``(batch, tokens, 32)`` in and out."""
        q, k, v = (part(h).unflatten(-1, (HEADS, -1)).transpose(1, 2) for part in (self.query, self.key, self.value))
        shares = (q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5).softmax(-1)  # (batch, heads, tokens, tokens)
        return self.mix(self.heads((shares @ v).transpose(1, 2).flatten(-2)))


class Block(nn.Module):
    """One transformer layer: attention, then two linear maps with GELU, each after a LayerNorm beside a skip path."""

    def __init__(self) -> None:
        """Twice as many channels between the two linear maps."""
        super().__init__()
        self.attention_norm, self.attention = nn.LayerNorm(WIDTH), Attention()
        self.mlp_norm = nn.LayerNorm(WIDTH)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 2 * WIDTH), nn.GELU(), nn.Linear(2 * WIDTH, WIDTH))

    def forward(self, h: Tensor) -> Tensor:
        """The next hidden states. Shape ``(batch, tokens, 32)`` in and out."""
        h = h + self.attention(self.attention_norm(h))
        return h + self.mlp(self.mlp_norm(h))


class VisionTransformer(nn.Module):
    """Ink to logits; every module is used exactly once."""

    def __init__(self) -> None:
        """Untrained, the class token and the positions near 0."""
        super().__init__()
        self.embed = nn.Conv2d(1, WIDTH, PATCH, stride=PATCH)
        self.class_token = nn.Parameter(0.02 * torch.randn(1, WIDTH))
        self.positions = nn.Parameter(0.02 * torch.randn(1 + PATCHES, WIDTH))
        self.blocks = nn.Sequential(*(Block() for _ in range(BLOCKS)))
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of a batch of images. Shape ``(batch, 1, 8, 8)`` to ``(batch, 10)``."""
        patches = self.embed(x).flatten(2).transpose(1, 2)  # (batch, 16, 32), row by row
        h = torch.cat((self.class_token.expand(x.shape[0], 1, WIDTH), patches), dim=1) + self.positions
        return self.head(self.norm(self.blocks(h)[:, 0]))


def model() -> nn.Module:
    """The trained network: evaluation mode, float32, on the CPU."""
    with torch.device("meta"):
        module = VisionTransformer()
    return predictor(module, read("digits_vit")[0])


def example(subject: str | None = None, players: str | None = None) -> Example:
    """Why does the transformer see this digit? Arguments, answer and errors as for ``synergy.examples.digits``.

    The default players, "grid:4x4", are the network's own patches: each player is one token. Grad-CAM's map are the
    patches that ``blocks.1`` gives; AttnLRP is shown beside the fourteen.
    """
    asked = ask("digits-vit", model(), "vision transformer of 16 patches", subject, players)
    settings = {"grad_cam": {"layer": "blocks.1", "grid": (4, 4)}}
    return replace(asked, settings=settings, besides=("attn_lrp",))
