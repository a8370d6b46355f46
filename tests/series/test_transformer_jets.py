"""Jets of small random transformers and their kin: against the network itself near the start."""

from itertools import pairwise

import pytest
import torch
from jet_cases import DEGREE, Case, constant, module
from torch import nn
from torch.overrides import TorchFunctionMode

from decompositions.series.jets.jets import jets

transformers = pytest.importorskip("transformers")

WORDS = {"vocab_size": 20, "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2}
SMALL = {
    **WORDS, "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16,
    "max_position_embeddings": 16,
}  # fmt: skip
PATCHES = {
    "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16,
    "image_size": 8, "patch_size": 4, "num_channels": 1,
}  # fmt: skip
T5 = {**WORDS, "d_model": 8, "d_kv": 4, "d_ff": 16, "num_layers": 2, "num_heads": 2}
GPT = {**WORDS, "n_embd": 8, "n_layer": 2, "n_head": 2, "n_positions": 16}
MAMBA = {**WORDS, "hidden_size": 8, "state_size": 4, "num_hidden_layers": 2}
NETWORKS = {
    "bert": ("BertForSequenceClassification", "BertConfig", SMALL),
    "gpt2": ("GPT2LMHeadModel", "GPT2Config", GPT),
    "llama": ("LlamaForCausalLM", "LlamaConfig", {**SMALL, "num_key_value_heads": 1}),
    "vit": ("ViTForImageClassification", "ViTConfig", PATCHES),
    "t5": ("T5EncoderModel", "T5Config", {**T5, "feed_forward_proj": "gated-gelu"}),
    "mamba": ("MambaForCausalLM", "MambaConfig", MAMBA),
}


def built(name, attention):
    model, config, settings = NETWORKS[name]
    settings = settings if attention is None else {**settings, "attn_implementation": attention}
    model = module(lambda: getattr(transformers, model)(getattr(transformers, config)(**settings)))
    for parameter in model.parameters():  # of a size that its inputs can be told from
        if parameter.ndim > 1:
            parameter.copy_(constant(*parameter.shape) * parameter[0].numel() ** -0.5)
    return model


class Wide(TorchFunctionMode):
    """Without the roundings to float32 that a network asks for on the way, as jets compute."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = {name: value for name, value in (kwargs or {}).items() if value is not torch.float32}
        if function is torch.Tensor.float and args[0].dtype == torch.float64:
            return args[0]
        if function is torch.Tensor.to and torch.float32 in args[1:] and args[0].dtype == torch.float64:
            return args[0]
        return function(*args, **kwargs)


def widely(f):
    def run(z):
        with Wide():
            return f(z)

    return run


def near(case, start, slope):
    """Followed with the roundings that it asks for, and compared without them."""
    a = jets(case, start, slope, DEGREE)
    assert (a[2].abs() > 1e-4).any()
    found = []
    for step in (0.1, 0.05, 0.025):
        expected = [widely(case)(start + s * slope) for s in (step, -step)]
        summed = [sum(a[k] * s**k for k in range(DEGREE + 1)) for s in (step, -step)]
        found.append(max(float((x - y).abs().max()) for x, y in zip(expected, summed, strict=True)))
    for longer, shorter in pairwise(found):
        assert shorter <= max(longer / 2 ** (DEGREE + 0.3), 2e-13), found


@pytest.mark.parametrize(
    ("name", "attention"),
    [(name, kind) for name in ("bert", "gpt2", "llama", "vit") for kind in ("eager", "sdpa")]
    + [("t5", None), ("mamba", None)],
)
def test_a_network_is_its_polynomial_near_the_start(name, attention):
    model = built(name, attention)

    def f(z):
        found = model(z) if name == "vit" else model(inputs_embeds=z)
        return found["last_hidden_state" if name == "t5" else "logits"]

    case = Case(name, f, (1, 8, 8) if name == "vit" else (4, 8))
    near(case, case.start(), case.slope())


def test_torchs_own_encoder_and_decoder():
    model = module(lambda: nn.Transformer(4, 2, 1, 1, 8, 0.0, "gelu", batch_first=True))
    case = Case("encoder-decoder", lambda z: model(z, z.flip(1) * 0.5), (3, 4))
    near(case, case.start(), case.slope())


class Convolved(nn.Module):
    """A small U-Net: down, up by interpolation, and what was kept beside."""

    def __init__(self):
        super().__init__()
        self.down, self.deep = nn.Conv2d(1, 2, 3, 2, 1), nn.Conv2d(2, 2, 3, padding=1)
        self.up, self.out = nn.Upsample(scale_factor=2, mode="bilinear"), nn.Conv2d(3, 1, 1)

    def forward(self, z):
        low = nn.functional.silu(self.down(z))
        return self.out(torch.cat([z, self.up(nn.functional.gelu(self.deep(low)))], 1)).tanh()


def test_a_small_u_net():
    model = module(Convolved)
    case = Case("u-net", model, (1, 4, 4))
    near(case, case.start(), case.slope())
