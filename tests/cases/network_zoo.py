"""Networks that people explain, small and random, in float64: transformers, recurrences, convolutions."""

import pytest
import torch
from torch import nn


class Embedded(nn.Module):
    """A model of transformers from word embeddings, ``(batch, words, width)``, to a table."""

    def __init__(self, model, pick):
        super().__init__()
        self.model, self.pick = model, pick

    def forward(self, x):
        return self.pick(self.model(inputs_embeds=x))


class Pictured(nn.Module):
    """A model of transformers from pixels to logits."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return self.model(pixel_values=x).logits


SMALL = {"num_attention_heads": 4, "hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 2}


def bert(library):
    config = library.BertConfig(vocab_size=20, num_labels=3, max_position_embeddings=8, **SMALL)
    return Embedded(library.BertForSequenceClassification(config), lambda out: out.logits), (1, 3, 8)


def gpt2(library):
    config = library.GPT2Config(
        n_embd=8, n_layer=2, n_head=4, vocab_size=20, n_positions=8, bos_token_id=0, eos_token_id=0
    )
    return Embedded(library.GPT2LMHeadModel(config), lambda out: out.logits[:, -1]), (1, 3, 8)


def llama(library):
    """Grouped heads, rotary positions, gated activations, root mean squares."""
    config = library.LlamaConfig(vocab_size=20, num_key_value_heads=2, max_position_embeddings=8, **SMALL)
    return Embedded(library.LlamaForCausalLM(config), lambda out: out.logits[:, -1]), (1, 3, 8)


def vit(library):
    config = library.ViTConfig(image_size=4, patch_size=2, num_channels=1, num_labels=3, **SMALL)
    return Pictured(library.ViTForImageClassification(config)), (1, 1, 4, 4)


def t5(library):
    config = library.T5Config(d_model=8, d_kv=2, d_ff=12, num_layers=2, num_heads=4, vocab_size=20)
    return Embedded(library.T5EncoderModel(config), lambda out: out.last_hidden_state.mean(1)), (1, 3, 8)


def mamba(library):
    config = library.MambaConfig(
        hidden_size=8, state_size=3, num_hidden_layers=1, vocab_size=20, intermediate_size=16, time_step_rank=2
    )
    return Embedded(library.MambaModel(config), lambda out: out.last_hidden_state[:, -1]), (1, 3, 8)


def resnet(library):
    config = library.ResNetConfig(
        num_channels=1, embedding_size=4, hidden_sizes=[4, 6], depths=[1, 1], layer_type="basic", num_labels=3
    )
    return Pictured(library.ResNetForImageClassification(config)), (1, 1, 12, 12)


class Recurrent(nn.Module):
    def __init__(self, kind, width=5, **settings):
        super().__init__()
        self.steps = kind(4, width, batch_first=True, **settings)
        self.head = nn.Linear(width * (2 if settings.get("bidirectional") else 1), 3)

    def forward(self, x):
        return self.head(self.steps(x)[0][:, -1])


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        layer = nn.TransformerEncoderLayer(8, 2, 12, batch_first=True, dropout=0.0, norm_first=False)
        self.layers, self.head = nn.TransformerEncoder(layer, 2), nn.Linear(8, 3)

    def forward(self, x):
        return self.head(self.layers(x).mean(1))


class UNet(nn.Module):
    """A skip path around a pooling, a group normalisation, a transposed convolution, an interpolation."""

    def __init__(self):
        super().__init__()
        self.first, self.inner = nn.Conv2d(1, 2, 3, padding=1), nn.Conv2d(2, 4, 3, padding=1)
        self.norm, self.up = nn.GroupNorm(2, 4), nn.ConvTranspose2d(4, 2, 2, 2)
        self.last = nn.Conv2d(4, 3, 3, padding=1)

    def forward(self, x):
        skip = torch.relu(self.first(x))
        inner = torch.relu(self.norm(self.inner(nn.functional.max_pool2d(skip, 2))))
        joined = self.last(torch.cat([skip, self.up(inner)], 1))
        return nn.functional.interpolate(joined, scale_factor=2, mode="bilinear").mean((2, 3))


FROM_LIBRARY = {"bert": bert, "gpt2": gpt2, "llama": llama, "vit": vit, "t5": t5, "mamba": mamba, "resnet": resnet}
OWN = {
    "lstm": (lambda: Recurrent(nn.LSTM, num_layers=2), (1, 3, 4)),
    "lstm-both-ways": (lambda: Recurrent(nn.LSTM, bidirectional=True), (1, 3, 4)),
    "gru": (lambda: Recurrent(nn.GRU, num_layers=2), (1, 3, 4)),
    "rnn": (lambda: Recurrent(nn.RNN), (1, 3, 4)),
    "encoder": (Encoder, (1, 3, 8)),
    "unet": (UNet, (1, 1, 4, 4)),
}
ZOO = [*FROM_LIBRARY, *OWN]
IN_FLOAT32 = {"llama", "t5", "mamba"}  # compute a part of what they do in float32, whatever their own type


def zoo(name):
    """A network in float64 with random weights of some size, an input and a baseline."""
    torch.manual_seed(0)
    if name in OWN:
        build, shape = OWN[name]
        model = build()
    else:
        model, shape = FROM_LIBRARY[name](pytest.importorskip("transformers"))
    model = model.double().eval()
    generator = torch.Generator().manual_seed(1)
    for parameter in model.parameters():
        size = (parameter[0].numel() if parameter.ndim > 1 else 16) ** -0.5
        noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float64) * size
        parameter.data = noise if parameter.ndim > 1 else parameter.data + noise
    x, b = torch.randn(2, *shape, generator=generator, dtype=torch.float64)
    return model, x, b
