"""Whole-number ids and their vectors: one game, bit for bit, and gradients by hand."""

from dataclasses import replace

import language_models as nets
import pytest
import torch
from cases import close, draw
from torch import nn

from decompositions.models.embedding import Fed
from decompositions.models.model_function import Output
from decompositions.models.one_tensor import OneTensor
from synergy import Game, compare, harsanyi, measure, method

IDS = nets.IDS
PATHS = ("integrated_gradients", "expected_gradients")


class Tagger(nn.Module):
    """A recurrence over ids that knows no argument for vectors."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.words = nn.Embedding(nets.WORDS, 4)
        self.body = nn.GRU(4, 5, batch_first=True)
        self.head = nn.Linear(5, 3)

    def forward(self, ids):
        return self.head(self.body(self.words(ids))[0][:, -1])


class Tied(nn.Module):
    """Reads its embedding as a module and as a matrix."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(4)
        self.words = nn.Embedding(nets.WORDS, 4)
        self.mix = nn.Linear(4, 4)

    def forward(self, ids):
        return torch.tanh(self.mix(self.words(ids)).mean(1)) @ self.words.weight.T


def chain():
    torch.manual_seed(5)
    return nn.Sequential(nn.Embedding(nets.WORDS, 4), nn.Flatten(), nn.Linear(20, 3), nn.Tanh()).eval()


class Counted(nn.Module):
    """Two embeddings, of words and of places."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(6)
        self.words, self.places = nn.Embedding(nets.WORDS, 4), nn.Embedding(5, 4)

    def forward(self, ids):
        return torch.tanh(self.words(ids) + self.places(torch.arange(ids.shape[1]))).sum(1)


class Elsewhere(nn.Module):
    """Its only embedding is of places; ids are read as numbers."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(7)
        self.places, self.head = nn.Embedding(5, 4), nn.Linear(4, 3)

    def forward(self, ids):
        return self.head(torch.tanh(ids[..., None] / 9 * self.places(torch.arange(ids.shape[1]))).sum(1))


class Bag(nn.Module):
    """Sums vectors in the module itself."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.words = nn.EmbeddingBag(nets.WORDS, 4)

    def forward(self, ids):
        return self.words(ids)


HALF_READ = {"attention_mask": torch.tensor([[1, 1, 1, 0, 1]])}
ATTENTIONS = {"output_attentions": True, "attn_implementation": "eager"}


def of(model, target, baseline=nets.MASK, **settings):
    return Game.from_model(model, IDS, baseline, target=target, **settings)


GAMES = {
    "BERT": (lambda: of(nets.bert(), ("logits", 1)), OneTensor),
    "BERT in double": (lambda: of(nets.bert().double(), ("logits", 1)), OneTensor),
    "BERT, eager": (lambda: of(nets.bert(attn_implementation="eager"), 1), OneTensor),
    "BERT, attentions as well": (lambda: of(nets.bert(**ATTENTIONS), ("logits", 1)), OneTensor),
    "BERT as tuples": (lambda: of(nets.bert(return_dict=False), (0, 1)), OneTensor),
    "BERT with a mask": (lambda: of(nets.bert(), 1, bound=HALF_READ), OneTensor),
    "BERT, probability": (lambda: of(nets.bert(), 1, output="probability"), OneTensor),
    "BERT, two baselines": (lambda: of(nets.bert(), 1, torch.stack([IDS[0] * 0 + 4, IDS[0] * 0 + 7])), OneTensor),
    "BERT, two players": (lambda: of(nets.bert(), 1, players=torch.tensor([[0, 0, 1, 1, 1]])), OneTensor),
    "BERT, named": (lambda: of(nets.bert(), 1, embedding="bert.embeddings.word_embeddings"), OneTensor),
    "GPT-2, tied, with a cache": (lambda: of(nets.gpt2(), ("logits", -1, 7)), OneTensor),
    "GPT-2, eager": (lambda: of(nets.gpt2(attn_implementation="eager"), ("logits", -1, 7)), OneTensor),
    "Llama, grouped heads": (lambda: of(nets.llama(), ("logits", -1, 7)), OneTensor),
    "Mamba": (lambda: of(nets.mamba(), ("logits", -1, 7), 0, bound={"use_cache": False}), OneTensor),
    "T5 encoder": (lambda: of(nets.t5_encoder(), ("last_hidden_state", 2, 3)), OneTensor),
    "GRU": (lambda: of(Tagger().eval(), 1, 0, embedding="words"), Fed),
    "GRU, found by itself": (lambda: of(Tagger().eval(), 1, 0), Fed),
    "a chain, found by itself": (lambda: of(chain(), 1, 0), Fed),
    "GRU in batches of one": (lambda: of(Tagger().eval(), 1, 0, embedding="words", chunk=1), Fed),
    "tied by hand": (lambda: of(model := Tied().eval(), 7, 0, embedding=model.words), Fed),
}  # fmt: skip


@pytest.fixture(params=GAMES)
def asked(request):
    return GAMES[request.param]


def test_both_views_are_one_game_bit_for_bit(asked):
    build, kind = asked
    game = build()
    corners = torch.cartesian_prod(*[torch.arange(2)] * game.n)
    for points in (corners, corners.bool(), corners.double()):
        assert torch.equal(game(points), game.embedded(points))
    dividends = harsanyi(game).values
    assert torch.equal(dividends, harsanyi(game.embedded).values)
    assert abs(dividends[1:]).max() > 1e-4
    view = game.embedded.model
    assert type(view.model if isinstance(view, Output) else view) is kind


def test_inner_points_and_gradients_are_those_of_the_vectors(asked):
    """Interpolated by hand, one point after the other, and by autograd."""
    game = asked[0]()
    cube = game.embedded.cube
    unit = 1e-12 if cube.x.dtype == torch.float64 else 2e-5
    for point in draw(2, game.n, seed=5).sigmoid():
        t = point.to(cube.x.dtype).requires_grad_()
        rows = [b[None] + t[cube.players] * (cube.x - b[None]) for b in cube.baseline]
        value = sum(weight * cube.f(row).double()[0] for weight, row in zip(cube.weights, rows, strict=True))
        (slope,) = torch.autograd.grad(value, t)
        close(game(point[None])[0], value.detach(), unit)
        close(game.gradient(point[None])[0], slope, unit)


def test_integrated_gradients_are_captums_at_the_embedding():
    from captum.attr import LayerIntegratedGradients

    model = nets.bert().double()
    peer = LayerIntegratedGradients(lambda ids: model(ids).logits, model.bert.embeddings.word_embeddings)
    settings = {"target": 1, "n_steps": 40, "method": "gausslegendre"}
    expected = peer.attribute(IDS, torch.full_like(IDS, nets.MASK), **settings).sum(-1)[0]
    close(
        method("integrated_gradients", nodes=40).attribute(of(model, 1)), expected.detach(), 1e-7
    )  # captum's nodes have the digits of float32


def test_every_method_asks_one_of_the_views():
    game = of(nets.bert().double(), 1, players=torch.tensor([[0, 0, 1, 1, 2]]))
    found = {each.name: each for each in compare(game).results if each.attribution is not None}
    assert {*PATHS, "gradient_x_input", "smoothgrad_x_input", "occlusion_1", "shapley"} <= found.keys()
    close(found["gradient_x_input"].attribution, game.embedded.gradient(torch.ones(1, 3))[0], 1e-12)
    for name in PATHS:
        close(found[name].attribution.sum(), game([[1] * 3])[0] - game([[0] * 3])[0], 1e-9)


@pytest.mark.filterwarnings("ignore:Input Tensor 0 did not already require gradients")
def test_callables_that_need_gradients_are_measured_on_the_vectors():
    from captum.attr import InputXGradient

    game = of(nets.bert().double(), 1, players=torch.tensor([[0, 0, 1, 1, 2]])).embedded

    def from_the_baseline(model, inputs, baselines, target):
        return InputXGradient(model).attribute(inputs, target=target) * (1 - baselines / inputs)

    close(measure(from_the_baseline, game).values, measure("gradient_x_input", game).values, 1e-10)


@pytest.mark.parametrize("asked", ["BERT", "BERT, eager", "GPT-2, tied, with a cache", "GPT-2, eager", "GRU"])
@pytest.mark.filterwarnings("ignore:The tensor attributes .* were assigned during export")
def test_both_views_can_be_exported(asked):
    """For a batch of any size."""
    game = GAMES[asked][0]()
    for cube in (game.cube, game.embedded.cube):
        module, x = cube.f.module, torch.cat([cube.x, cube.baseline[:1]])
        read = torch.export.export(module, (x,), dynamic_shapes=({0: torch.export.Dim.DYNAMIC},), strict=False).module()
        for batch in (x, torch.cat([x, x.flip(0), x[:1]])):
            close(read(batch), module(batch), 1e-6)


def test_a_model_that_is_left_as_it_was():
    """The caller's modules keep their places, also while their output is replaced."""
    model = Tagger().eval()
    before = dict(model.named_modules())
    game = of(model, 1, 0, embedding="words")
    game.gradient([[0.5] * 5])
    assert dict(model.named_modules()) == before
    assert all(not each._forward_hooks for each in model.modules())
    with torch.no_grad():
        model.words.weight.mul_(2)
    assert torch.equal(game([[1] * 5]), game.embedded([[1] * 5]))


def test_threads_replace_each_their_own():
    from concurrent.futures import ThreadPoolExecutor

    model = Tagger().eval()
    games = [Game.from_model(model, IDS + k, k, target=1, embedding="words") for k in range(4)]
    points = draw(20, 5, seed=6).sigmoid()
    alone = [game.gradient(points) for game in games]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda k: games[k % 4].gradient(points), range(16)))
    for k, values in enumerate(together):
        assert torch.equal(values, alone[k % 4])


READS_IDS = {
    "places counted from the padding": lambda: of(nets.roberta(), 1, nets.PAD),
    "the last that is no padding": lambda: of(nets.gpt2_classifier(), 1, nets.PAD),
}


@pytest.mark.parametrize("case", READS_IDS)
def test_a_model_that_reads_the_ids_elsewhere_too(case):
    game = READS_IDS[case]()
    model, target = game.model.model, 1
    rows = [torch.where(torch.tensor(row).bool(), IDS, nets.PAD) for row in ([1, 1, 0, 0, 1], [0, 1, 1, 1, 0])]
    close(game([[1, 1, 0, 0, 1], [0, 1, 1, 1, 0]]), torch.cat([model(row).logits[:, target] for row in rows]), 1e-5)
    for asked in (lambda: game.embedded, lambda: game.gradient([[1] * 5]), lambda: game([[0.5] * 5])):
        with pytest.raises(ValueError, match=r"no function of its embedding's output alone.*occlusion_1, shapley"):
            asked()


def tagger(**settings):
    return lambda: of(Tagger().eval(), 1, 0, **settings)


def test_an_only_embedding_of_something_else_is_in_nobodys_way():
    """It is looked at where vectors are asked for; what removes players gives its numbers."""
    model = Elsewhere().eval()
    game = of(model, 1, 0)
    with torch.no_grad():
        rows = IDS * torch.cartesian_prod(*[torch.arange(2)] * 5)
        values = torch.stack([model(row[None])[0, 1] for row in rows]).double()
    close(game(torch.cartesian_prod(*[torch.arange(2)] * 5)), values, 1e-6)
    found = {each.name: each for each in compare(game).results}
    marginals = torch.stack([values[-1] - values[31 - 2 ** (4 - player)] for player in range(5)])
    close(found["occlusion_1"].attribution, marginals, 1e-6)
    assert found["shapley"].attribution is not None
    for name in (*PATHS, "deeplift_rescale"):
        assert found[name].attribution is None
        assert "one vector for every id; Embedding refuses ids" in found[name].note
    game = of(model, 1, 0, players=torch.zeros(1, 5).long(), chunk=1)
    game = replace(game, cube=replace(game.cube, x=game.cube.x.clamp(max=4)))  # ids that it has vectors for
    with pytest.raises(ValueError, match="no function of its embedding's output alone"):
        game.gradient([[1]])


def without(model):
    return of(model().eval(), 1, 0)


REFUSED = {
    "none is known": (lambda: without(Bag).gradient([[1] * 5]), TypeError, r"need a floating.*\(it has no nn.Em"),
    "several": (lambda: without(Counted).gradient([[1] * 5]), TypeError, r"embedding= \(its .* 'words', 'places'\)"),
    "none for an inner point": (lambda: without(Bag)([[0.5] * 5]), TypeError, "zeros and ones"),
    "none for a method": (lambda: method("integrated_gradients").attribute(without(Bag)), TypeError, "embedding="),
    "another name": (tagger(embedding="body.words"), LookupError, "'body.words' is no.*are 'words'"),
    "another model's": (tagger(embedding=nn.Embedding(3, 2)), LookupError, "is no module of the model"),
    "no module": (tagger(embedding=3), TypeError, "embedding is a module of the model or its dotted name, not 3"),
    "vectors already": (
        lambda: Game.from_model(nn.Linear(2, 1), torch.ones(1, 2), embedding="0"), TypeError, "x is torch.float32",
    ),
    "no vector for each": (lambda: tagger(embedding="head")().embedded, ValueError, "Linear refuses ids.*occlusion_1"),
    "no vectors": (lambda: tagger(embedding="body")().embedded, ValueError, "GRU refuses ids.*name another module"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_an_embedding_that_is_none(case):
    ask, kind, words = REFUSED[case]
    with pytest.raises(kind, match=words):
        ask()
