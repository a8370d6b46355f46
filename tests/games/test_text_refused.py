"""Questions about texts that cannot be asked: each says the rule, what came and the way out."""

import language_models as nets
import pytest
import text_models as texts
import torch
from torch import nn
from transformers import BertConfig, BertForMaskedLM, BertModel, PythonBackend, T5Config, T5ForConditionalGeneration

from synergy import Game, method

TEXT = "the film is not good"


class Letters(PythonBackend):
    """A tokenizer in Python, which does not say where its tokens lie."""

    vocab_size = 30

    def get_vocab(self):
        return {chr(97 + k): k for k in range(26)}

    def _tokenize(self, text):
        return list(text)

    def _convert_token_to_id(self, token):
        return ord(token) - 97

    def _convert_id_to_token(self, index):
        return chr(index + 97)


def bert(text=TEXT, model=None, tokenizer=None, **settings):
    model = texts.classifier() if model is None else model
    return Game.from_text(
        model, texts.word_pieces() if tokenizer is None else tokenizer, text, **({"target": "good"} | settings)
    )


def gpt2(text=TEXT, model=None, tokenizer=None, **settings):
    model = texts.gpt2() if model is None else model
    settings = {"target": " at", "absent": 0} | settings
    return Game.from_text(model, texts.byte_pairs() if tokenizer is None else tokenizer, text, **settings)


def llama(text=TEXT, **settings):
    settings = {"target": " and", "absent": 0} | settings
    return Game.from_text(texts.llama(), texts.pieces_after_a_start(), text, **settings)


def training():
    return texts.classifier().train()


def masked(kind=BertForMaskedLM, **settings):
    return nets.made(kind, BertConfig(**(nets.SHORT | nets.SMALL | settings)))


def t5():
    shape = {"vocab_size": 40, "d_model": 16, "d_kv": 8, "d_ff": 24, "num_layers": 1, "num_heads": 2}
    return nets.made(T5ForConditionalGeneration, T5Config(**shape))


def unknown(tokenizer):
    tokenizer.add_tokens(["<new>"])
    return tokenizer


class Three(nn.Module):
    def forward(self, input_ids):
        return input_ids.double().reshape(1, -1, 1, 1)


REFUSED = {
    "no mask token": (
        lambda: gpt2(absent="mask"), ValueError, 'no mask token; take absent="remove" | an id, as tokenizer.eos_token',
    ),
    "no mask token, but padding": (
        lambda: gpt2(absent="mask", tokenizer=texts.byte_pairs(pad_token="!")), ValueError,
        r'no mask token; take absent="pad" \| "remove" \| an id',
    ),
    "no padding": (lambda: llama(absent="pad"), ValueError, "no pad token"),
    "another absent": (lambda: bert(absent="zero"), ValueError, '"mask", "pad", "remove", or the id of a token, not'),
    "an absent that is no id": (lambda: bert(absent=1.5), TypeError, "or the id of a token, a whole number"),
    "a negative id": (lambda: bert(absent=-1), ValueError, "a whole number of at least 0"),
    "an id beyond the vocabulary": (lambda: bert(absent=40), ValueError, "the id 40, and the model knows 40 of them"),
    "a token beyond the vocabulary": (
        lambda: gpt2("the <new> film", tokenizer=unknown(texts.byte_pairs())), ValueError, "resize_token_embeddings",
    ),
    "nothing left": (
        lambda: gpt2(absent="remove"), ValueError, "no token is left that the model could read.*absent=\"pad\"",
    ),
    "nothing left but the continuation": (
        lambda: gpt2(absent="remove", target=" at all"), ValueError, "no token is left that the model could read",
    ),
    "a slow tokenizer": (lambda: bert(tokenizer=Letters()), TypeError, "Letters, does not say: load the fast one"),
    "a tokenizer without offsets": (
        lambda: bert(tokenizer=lambda text, **settings: {"input_ids": [5, 6]}), TypeError, "no list 'offset_mapping'",
    ),
    "a tokenizer that takes no settings": (lambda: bert(tokenizer=lambda text: [5]), TypeError, "load the fast one"),
    "no tokenizer": (lambda: bert(tokenizer=3), TypeError, "this tokenizer, int, does not say"),
    "a text too long": (lambda: bert("film " * 23), ValueError, r"25 tokens and the model takes 24 \(max_position"),
    "too long for its tokenizer": (
        lambda: bert("film " * 9, tokenizer=texts.word_pieces(model_max_length=10)), ValueError,
        r"11 tokens and the model takes 10 \(tokenizer.model_max_length\); shorten",
    ),
    "too long with what follows": (
        lambda: gpt2("film " * 5, target=[5] * 20), ValueError, r"the model takes 24 \(max_position_embeddings\)",
    ),
    "no text": (lambda: bert(""), ValueError, "text is '', in which there is nothing to read"),
    "white space": (lambda: gpt2(" \n "), ValueError, "there is nothing to read; give at least one word"),
    "several texts": (lambda: bert([TEXT, TEXT]), TypeError, "text is one text, not"),
    "ids": (lambda: bert(torch.tensor([[5]])), TypeError, "text is one text, not Tensor of shape"),
    "a label that is not there": (
        lambda: bert(target="great"), LookupError, "'great' is none of the model's labels: 'bad', 'so-so', 'good'",
    ),
    "a class that is not there": (lambda: bert(target=3), IndexError, "out of range"),
    "no class": (lambda: bert(target=None), TypeError, "target is the name or the number of a class.*not None"),
    "no continuation": (lambda: gpt2(target=[]), ValueError, "there is none"),
    "an empty one": (lambda: gpt2(target=""), ValueError, "read as other tokens"),
    "one that is none": (lambda: gpt2(target=1.5), TypeError, "target is how the text goes on"),
    "one that is glued to the text": (
        lambda: gpt2("the fil", target="m"), ValueError, "begin the target where a token begins",
    ),
    "one after a space": (
        lambda: gpt2("the film ", target="is"), ValueError, "with the space before its first word, or give the ids",
    ),
    "one of ids that are unknown": (lambda: gpt2(target=999), ValueError, "the id 999, and the model knows"),
    "one with a probability": (lambda: gpt2(output="probability"), ValueError, "a continuation has a log-probability"),
    "a model that looks ahead": (lambda: bert(model=masked(), target=" bad"), ValueError, "no causal language model"),
    "one token of it": (
        lambda: gpt2("the", masked(vocab_size=300), absent=0), ValueError, "no causal language model.*lambda out",
    ),
    "a model without a head": (lambda: bert(model=masked(BertModel)), ValueError, "a head, as …ForSequenceClassif"),
    "a model of other arguments": (lambda: bert(model=t5()), ValueError, "the model refuses the 7 tokens of the text"),
    "another shape of logits": (lambda: bert(model=Three()), ValueError, r"not \(1, 7, 1, 1\)"),
    "a model in training": (lambda: bert(model=training()), ValueError, r"call model.eval\(\) first"),
    "no model": (lambda: bert(model=lambda ids: ids), TypeError, "a torch.nn.Module is needed"),
    "players": (lambda: bert(players="sentences"), ValueError, "players of a text are 'words', 'tokens'"),
    "no classes in a batch": (
        lambda: gpt2("the film", nets.gpt2_classifier(vocab_size=300, pad_token_id=None), target=1), ValueError,
        "chunk=1",
    ),
}  # fmt: skip
BETWEEN = {
    "inner points": lambda game: game([[0.5] * game.n]),
    "a gradient": lambda game: game.gradient([[1] * game.n]),
    "vectors": lambda game: game.embedded,
    "a path": lambda game: method("integrated_gradients").attribute(game),
    "a layer-wise method": lambda game: method("deeplift_rescale").attribute(game),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_question_that_cannot_be_asked(case):
    ask, kind, words = REFUSED[case]
    with pytest.raises(kind, match=words):
        ask()


@pytest.mark.parametrize("case", BETWEEN)
@pytest.mark.parametrize("output", ["logit", "probability"])
def test_nothing_is_between_present_and_removed(case, output):
    game = bert(absent="remove", output=output)
    with pytest.raises(TypeError, match=r"an absent token is removed, and the text is shorter.*occlusion_1, shapley"):
        BETWEEN[case](game)


def test_one_input_at_a_time():
    """Where a model takes no batches."""
    model = nets.gpt2_classifier(vocab_size=300, pad_token_id=None)
    game = gpt2("the film", model, target=1, chunk=1)
    ids = texts.byte_pairs()("the film", return_tensors="pt")["input_ids"]
    assert game([[1, 1]]).item() == pytest.approx(model(ids).logits[0, 1].item(), rel=1e-5)
