"""Games of texts: every coalition against ids that are put together by hand, one forward pass for each token."""

from dataclasses import dataclass
from itertools import product
from typing import Any

import language_models as nets
import pytest
import text_models as texts
import torch
from cases import close
from torch import nn
from transformers import BertConfig, BertForMaskedLM

from decompositions.games.from_text import Asked, text_cube
from synergy import Game, harsanyi, harsanyi_all, method

BERT_TEXT, GPT2_TEXT, LLAMA_TEXT = "The film is unlikely good.", "the film  is\nnot bad", "the film is dull"


@dataclass
class Case:
    """A question, and the same by hand: tokens, and one number or several forward passes for every coalition."""

    build: Any  # the model
    tokenizer: Any
    text: str
    parts: list[str]  # tokens of the players, and in brackets those that stay
    goes_on: str | int  # tokens of the continuation, or the number of a class
    absent: str | int  # as it is asked
    id: int | None  # as it is meant
    players: Any = "words"
    target: Any = None

    def game(self, model, **settings):
        about = {"target": self.target, "players": self.players, "absent": self.absent}
        return Game.from_text(model, self.tokenizer, self.text, **(about | settings))

    def ids(self, tokens):
        return [self.tokenizer.convert_tokens_to_ids(token) for token in tokens.split()]

    def loop(self, model):
        """The values of all coalitions, in the order of their bit masks."""
        values = []
        n = sum(part[0] != "(" for part in self.parts)
        for backwards in product([False, True], repeat=n):
            there, ids = list(backwards), []
            for part in self.parts:
                mine = self.ids(part.strip("()"))
                present = part[0] == "(" or there.pop()
                ids += mine if present else [] if self.id is None else [self.id] * len(mine)
            values.append(self.value(model, ids))
        return torch.tensor(values, dtype=torch.float64)

    def value(self, model, ids):
        if isinstance(self.goes_on, int):
            return self.logits(model, ids)[self.goes_on].item()
        total, goes_on = 0.0, self.ids(self.goes_on)
        for place, each in enumerate(goes_on):
            scores = self.logits(model, ids + goes_on[:place])[-1].double()
            total += (scores[each] - scores.exp().sum().log()).item()
        return total

    def logits(self, model, ids):
        with torch.no_grad():
            return model(torch.tensor([ids]), attention_mask=torch.ones(1, len(ids)), return_dict=True).logits[0]


def bert(absent, id, build=texts.classifier, **settings):
    parts = ["([CLS])", "the", "film", "is", "un ##like ##ly", "good .", "([SEP])"]
    return Case(build, texts.word_pieces(), BERT_TEXT, parts, 2, absent, id, **({"target": "good"} | settings))


def gpt2(absent, id, build=texts.gpt2, parts=("the", "Ġfilm", "Ġ Ġis", "Ċ not", "Ġbad"), **settings):
    goes_on, tokens = " good at", "Ġgood Ġat"
    return Case(
        build, texts.byte_pairs(), GPT2_TEXT, list(parts), tokens, absent, id, **({"target": goes_on} | settings)
    )


def llama(absent, id, tokens="▁and ▁good", target=" and good"):
    parts = ["(<s>)", "▁the", "▁film", "▁is", "▁dull"]
    return Case(texts.llama, texts.pieces_after_a_start(), LLAMA_TEXT, parts, tokens, absent, id, target=target)


SPANS = {"film": "film", "both": [(10, 12), "bad"]}
CUT = ("(the)", "Ġfilm", "(Ġ)", "Ġis", "(Ċ)", "not", "Ġbad")
CASES = {
    "BERT, mask": lambda: bert("mask", nets.MASK),
    "BERT, pad": lambda: bert("pad", nets.PAD),
    "BERT, remove": lambda: bert("remove", None),
    "BERT, an id": lambda: bert(16, 16),
    "BERT, eager": lambda: bert("mask", nets.MASK, lambda: texts.classifier(attn_implementation="eager")),
    "BERT, more outputs": lambda: bert("mask", nets.MASK, lambda: texts.classifier(output_attentions=True)),
    "BERT as tuples, mask": lambda: bert("mask", nets.MASK, lambda: texts.classifier(return_dict=False)),
    "BERT as tuples, remove": lambda: bert("remove", None, lambda: texts.classifier(return_dict=False)),
    "BERT, a number": lambda: bert("mask", nets.MASK, target=2),
    "GPT-2, an id": lambda: gpt2(0, 0),
    "GPT-2, more outputs": lambda: gpt2(5, 5, lambda: texts.gpt2(use_cache=True, output_hidden_states=True)),
    "GPT-2, parts": lambda: gpt2("remove", None, parts=CUT, players=["film", (10, 12), "not", "bad"]),
    "GPT-2 as a classifier, pad": lambda: bert("pad", nets.PAD, gpt2_classifier),
    "GPT-2 as a classifier, remove": lambda: bert("remove", None, gpt2_classifier),
    "Llama, an id": lambda: llama(2, 2),
    "Llama, remove": lambda: llama("remove", None),
    "Llama, the next token": lambda: llama("remove", None, "▁bad", " bad"),
    "Llama, its id": lambda: llama(0, 0, "▁bad", 9),
    "GPT-2, an end that the continuation replaces": lambda: open_ended(),
    "Llama, ids": lambda: llama(0, 0, "▁bad ▁film", torch.tensor([9, 5])),
}


def open_ended():
    """The tokenizer puts [SEP] behind every text; what goes on stands in its place."""
    parts = ["([CLS])", "the", "film", "is"]
    return Case(nets.gpt2, texts.word_pieces(), "the film is", parts, "not good", "mask", nets.MASK, target=" not good")


def gpt2_classifier():
    return nets.gpt2_classifier(id2label={0: "bad", 1: "so-so", 2: "good"}, label2id={"bad": 0, "so-so": 1, "good": 2})


@pytest.fixture(params=CASES)
def case(request):
    return CASES[request.param]()


def corners(n):
    return torch.tensor(list(product([0, 1], repeat=n))).flip(1)


def test_every_coalition_is_what_a_loop_gives(case):
    model = case.build()
    game, expected = case.game(model), case.loop(model)
    close(game(corners(game.n)), expected, 2e-5)
    assert expected.std() > 1e-3
    assert not game.model.training


def test_shapley_values_are_those_of_the_loop():
    """Weighted marginal contributions, coalition by coalition."""
    case = CASES["GPT-2, parts"]()
    model = case.build().double()
    v = case.loop(model)
    expected = torch.zeros(4, dtype=torch.float64)
    weights = [1 / 4, 1 / 12, 1 / 12, 1 / 4]  # |S|! (3 − |S|)! / 4!
    for player in range(4):
        for bits in range(16):
            if not bits >> player & 1:
                expected[player] += weights[bits.bit_count()] * (v[bits | 1 << player] - v[bits])
    close(method("shapley").attribute(case.game(model)), expected, 1e-10)


@pytest.mark.parametrize("asked", ["BERT, mask", "GPT-2, an id", "BERT as tuples, mask"])
@pytest.mark.parametrize("name", ["integrated_gradients", "deeplift_rescale", "deep_shap"])
@pytest.mark.filterwarnings("ignore:The tensor attributes .* were assigned during export")
def test_methods_that_need_vectors_are_complete(asked, name):
    case = CASES[asked]()
    model = case.build().double()
    values = case.loop(model)
    found = method(name).attribute(case.game(model))
    unit = 1e-4 if name == "integrated_gradients" else 1e-11
    close(found.sum(), values[-1] - values[0], unit * abs(values[-1] - values[0]).item())
    assert abs(found).min() > 1e-5


def test_between_corners_are_the_vectors():
    case = CASES["BERT, mask"]()
    model = case.build().double()
    game = case.game(model)
    t = torch.tensor([0.1, 0.2, 0.3, 0.4, 0.5]).double()
    shares = torch.tensor([1, *[0.1, 0.2, 0.3, 0.4, 0.4, 0.4, 0.5, 0.5], 1]).double()[:, None]
    words = model.get_input_embeddings().weight
    there = words[torch.tensor(case.ids("[CLS] the film is un ##like ##ly good . [SEP]"))]
    vectors = words[nets.MASK] + shares * (there - words[nets.MASK])
    close(game(t[None]), model(inputs_embeds=vectors[None]).logits[:, 2].detach(), 1e-12)
    assert torch.equal(game(corners(5)), game.embedded(corners(5)))


def test_names_are_those_of_the_text(case):
    names = case.game(case.build()).names
    assert list(names) == (case.text.split() if case.players == "words" else ["film", "is", "not", "bad"])


def test_one_player_may_be_several_spans():
    case = gpt2(5, 5, parts=("(the)", "Ġfilm", "(Ġ)", "Ġis", "(Ċ)", "(not)", "Ġbad"))
    model = case.build()
    expected = case.loop(model).reshape(2, 2, 2)  # bad, is, film
    game = case.game(model, players=SPANS)
    assert game.names == ("film", "both")
    close(game(corners(2)), expected[[0, 1], [0, 1]].flatten(), 2e-5)


def test_other_outputs_of_a_classifier():
    case = CASES["BERT, remove"]()
    model = case.build().double()
    game = case.game(model, output="probability")
    ids = torch.tensor([case.ids("[CLS] the good . [SEP]")])
    close(game([[1, 0, 0, 0, 1]]), model(ids).logits.softmax(1)[:, 2].detach(), 1e-12)


def test_a_target_function_of_another_head():
    """The place of a masked word, among words that are there or not."""
    model = nets.made(BertForMaskedLM, BertConfig(**nets.SHORT, **nets.SMALL)).double()
    tokenizer = texts.word_pieces()

    def likely(out):
        return out.logits[:, 4].log_softmax(-1)[:, 9]

    game = Game.from_text(model, tokenizer, "the film is [MASK] .", target=likely)
    assert game.names == ("the", "film", "is", ".")
    ids = torch.tensor([[2, 5, 4, 7, 4, 4, 3]])
    close(game([[1, 0, 1, 0]]), model(ids).logits[:, 4].log_softmax(-1)[:, 9].detach(), 1e-12)


def test_targets_in_one_text_share_forward_passes():
    case = CASES["BERT, mask"]()
    model = case.build()
    games = [case.game(model, target=target) for target in ("good", "bad")]
    assert [each.calls for each in harsanyi_all(games)] == [32, 0]


@pytest.mark.parametrize("absent", ["mask", "remove"])
def test_games_among_other_words_are_others(absent):
    """The same players, and what stays is not the same."""
    model, tokenizer, film = texts.classifier(), texts.word_pieces(), {"players": ["film"], "absent": absent}
    sentences = ["the film is good", "the film is dull", "film the is good"]
    games = [Game.from_text(model, tokenizer, text, target="good", **film) for text in sentences]
    for game, together in zip(games, harsanyi_all(games), strict=True):
        assert torch.equal(together.values, harsanyi(game).values)
    assert len({float(game([[1]])) for game in games}) == 3


class Bag(nn.Module):
    """A classifier of one's own: an argument of another name, a plain tensor, no configuration."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(2)
        self.words = nn.Embedding(30, 4)
        self.head = nn.Linear(4, 2)

    def forward(self, ids):
        return self.head(torch.tanh(self.words(ids)).sum(1))


@pytest.mark.parametrize("absent", ["mask", "remove"])
def test_a_model_of_ones_own(absent):
    model = Bag().eval()
    game = Game.from_text(model, texts.word_pieces(), "a long film", target=1, absent=absent)
    ids = torch.tensor([[2, 16, 3] if absent == "remove" else [2, 16, 4, 4, 3]])
    close(game([[1, 0, 0]]), model(ids)[:, 1].detach(), 1e-6)


@pytest.mark.parametrize("side", ["left", "right"])
def test_padding_is_left_out(side):
    """On either side, and though the tokenizer pads."""
    case = CASES["GPT-2, an id"]()
    padded = texts.byte_pairs(pad_token="!", padding_side=side)

    class Pads:
        def __getattr__(self, name):
            return getattr(padded, name)

        def __call__(self, text, **settings):
            return padded(text, padding="max_length", max_length=20, **settings)

    model = case.build()
    expected, case.tokenizer = case.loop(model), Pads()
    close(case.game(model)(corners(5)), expected, 2e-5)


def test_ids_go_where_the_model_is():
    about = Asked(target=1, players="words", absent="mask", output="logit", embedding="words", chunk=None)
    cube, names, _ = text_cube(Bag().eval().to("meta"), texts.word_pieces(), "a long film", about)
    assert names == ("a", "long", "film")
    assert {each.device.type for each in (cube.x, cube.baseline, cube.players)} == {"meta"}
    assert cube.values(torch.zeros(4, 3, device="meta")).shape == (4,)


def test_the_model_and_its_tokenizer_stay_as_they_were():
    case = CASES["Llama, remove"]()
    model = case.build()
    before = {name: each.clone() for name, each in model.state_dict().items()}
    harsanyi(case.game(model))
    assert all(torch.equal(each, before[name]) for name, each in model.state_dict().items())
    assert not any(each._forward_hooks for each in model.modules())
    assert case.tokenizer("the film")["input_ids"] == case.ids("<s> ▁the ▁film")
