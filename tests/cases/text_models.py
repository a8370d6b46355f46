"""Tokenizers made here, of the kinds that BERT, GPT-2 and Llama have, with models of their size."""

from functools import cache

import language_models as nets
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

PIECES = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "the",
    "film",
    "is",
    "not",
    "good",
    "bad",
    "un",
    "##like",
    "##ly",
]
PIECES += [",", ".", "a", "very", "long", "##er", "and", "dull", "it", "was"]
LINES = ["the film is not good at all", "not bad, the film is good", "good films are rare and long"]
END = "<|endoftext|>"


def word_pieces(**settings):
    """In lower case, between [CLS] and [SEP], as BERT's."""
    built = Tokenizer(models.WordPiece({piece: i for i, piece in enumerate(PIECES)}, unk_token="[UNK]"))
    built.normalizer, built.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    special = [("[CLS]", 2), ("[SEP]", 3)]
    built.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=special)
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    return PreTrainedTokenizerFast(tokenizer_object=built, **names, **({"mask_token": "[MASK]"} | settings))


@cache
def _bytes():
    built = Tokenizer(models.BPE())
    built.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    built.post_processor = processors.ByteLevel(trim_offsets=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=[END], initial_alphabet=alphabet, show_progress=False)
    built.train_from_iterator(LINES * 3, trainer)
    return built.to_str()


def byte_pairs(**settings):
    """Pieces with the space before them, no mask and no padding, as GPT-2's."""
    names = {"bos_token": END, "eos_token": END, "unk_token": END, "model_input_names": ["input_ids", "attention_mask"]}
    return PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(_bytes()), **(names | settings))


def pieces_after_a_start(**settings):
    """Pieces that begin with the space before a word, after a token for the start, as Llama's."""
    words = ["▁" + word for word in ["the", "film", "is", "not", "good", "bad", "and", "dull"]]
    letters = list("abcdefghijklmnopqrstuvwxyz")
    scores = [("<unk>", 0.0), ("<s>", 0.0), ("</s>", 0.0), ("▁", -4.0)]
    scores += [(word, -2.0) for word in words] + [(each, -6.0) for each in letters]
    built = Tokenizer(models.Unigram(scores, 0))
    built.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    built.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    names = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    return PreTrainedTokenizerFast(tokenizer_object=built, **(names | settings))


def classifier(**settings):
    labels = {"id2label": {0: "bad", 1: "so-so", 2: "good"}, "label2id": {"bad": 0, "so-so": 1, "good": 2}}
    return nets.bert(**labels, **settings)


def gpt2(**settings):
    return nets.gpt2(**({"vocab_size": len(byte_pairs())} | settings))


def llama(**settings):
    return nets.llama(**({"vocab_size": len(pieces_after_a_start())} | settings))
