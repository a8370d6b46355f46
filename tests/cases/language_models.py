"""Small networks with random weights from transformers, of whole-number ids, and one of pictures."""

import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    GPT2Config,
    GPT2ForSequenceClassification,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    MambaConfig,
    MambaForCausalLM,
    RobertaConfig,
    RobertaForSequenceClassification,
    T5Config,
    T5EncoderModel,
    ViTConfig,
    ViTForImageClassification,
)

WORDS, PAD, MASK = 40, 0, 4
SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
SHORT = {"vocab_size": WORDS, "max_position_embeddings": 24}
GPT2 = {"vocab_size": WORDS, "n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 24, "bos_token_id": 1}
IDS = torch.tensor([[2, 11, 12, 13, 3]])


def made(kind, config):
    """The same random weights in every process, far enough from zero that every word counts."""
    torch.manual_seed(8)
    model = kind(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim > 1 and "A_log" not in name:
                parameter.mul_(8)
    return model


def bert(**settings):
    return made(BertForSequenceClassification, BertConfig(**SHORT, **SMALL, num_labels=3, **settings))


def roberta(**settings):
    config = RobertaConfig(**SHORT, **SMALL, num_labels=3, pad_token_id=PAD, **settings)
    return made(RobertaForSequenceClassification, config)


def gpt2(**settings):
    """Its head shares its weights with the embedding."""
    return made(GPT2LMHeadModel, GPT2Config(**(GPT2 | {"eos_token_id": 1} | settings)))


def gpt2_classifier(**settings):
    """Reads the ids to find the last that is no padding."""
    config = GPT2Config(**(GPT2 | {"eos_token_id": 1, "pad_token_id": PAD, "num_labels": 3} | settings))
    return made(GPT2ForSequenceClassification, config)


def llama(**settings):
    """Two heads share one key and value; positions by rotation."""
    shape = SMALL | {"num_attention_heads": 4, "num_key_value_heads": 2}
    return made(LlamaForCausalLM, LlamaConfig(**(SHORT | shape | settings)))


def vit(**settings):
    """Four patches of 4x4 pixels."""
    config = ViTConfig(image_size=8, patch_size=4, **SMALL, **settings)
    return made(ViTForImageClassification, config)


def mamba():
    config = MambaConfig(vocab_size=WORDS, hidden_size=16, state_size=4, num_hidden_layers=2, intermediate_size=24)
    return made(MambaForCausalLM, config)


def t5_encoder():
    config = T5Config(vocab_size=WORDS, d_model=16, d_kv=8, d_ff=24, num_layers=2, num_heads=2)
    return made(T5EncoderModel, config)
