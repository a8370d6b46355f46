"""The network behind a layer as a game: against hooks of one's own, inside residual blocks, and what is refused."""

import copy

import pytest
import torch
from cases import close, draw
from torch import nn
from twins import dividends

from synergy import Game, harsanyi, method
from synergy.examples import digits, digits_vit

DOUBLE, EXACT = torch.float64, 1e-12


def digit(module=digits):
    x, label = digits.choose("7")
    return module.model().double(), x.double(), label


def patched(model, layer, x, change, target):
    """The output of a copy of the model in which a hook of one's own changes what a layer gives."""
    model = copy.deepcopy(model)
    model.get_submodule(layer).register_forward_hook(lambda module, given, output: change(output))
    with torch.no_grad():
        return model(x)[0, target].item()


def activations(model, layer, x):
    seen = []
    model = copy.deepcopy(model)
    model.get_submodule(layer).register_forward_hook(lambda module, given, output: seen.append(output.detach()))
    model(x)
    return seen[0]


def test_dividends_among_eight_channels_of_the_digits_network():
    model, x, label = digit()
    ours = activations(model, "conv1", x)
    there = activations(model, "conv1", torch.full_like(x, 0.1))
    game = Game.from_layer(model, x, 0.1, "conv1", target=label)
    assert game.n == 8
    assert game.names[7] == "channel 7"

    def value(coalition):
        mixed = there.clone()
        for k in coalition:
            mixed[:, k] = ours[:, k]
        return patched(model, "conv1", x, lambda output: mixed, label)

    expected = torch.tensor(dividends(value, 8), dtype=DOUBLE)
    close(harsanyi(game).values, expected, 1e-10)
    assert abs(expected[3:]).max() > 0.1


def test_with_zero_for_absent_locations_it_is_the_head_of_grad_cam():
    model, x, label = digit()
    ours = Game.from_layer(model, x, 0.3, "conv2", target=label, players="locations", reference=0)
    head = method("grad_cam").game(Game.from_model(model, x, 0.3, target=label))
    points = draw(5, 64, seed=1).sigmoid()
    assert ours.names == head.names
    close(ours(points), head(points), EXACT)
    assert ours(points).std() > 0.1


def test_the_path_methods_and_the_layer_wise_ones_run_on_it():
    """Complete between G(b) and G(x), and exact between the kinks behind the layer."""
    model, x, label = digit()
    game = Game.from_layer(model, x, 0.0, "conv1", target=label)
    gain = (model(x) - model(0 * x))[0, label].item()
    found = method("integrated_gradients").integrate(game)
    assert found.rule.startswith("exact")
    for values in (found.values, method("deeplift_rescale").attribute(game), method("shapley").attribute(game)):
        assert abs(values.sum().item() - gain) < 1e-10


@pytest.mark.parametrize("layer", ["blocks.1.mlp.1", "blocks.0.attention"])
def test_beside_a_skip_path_the_path_is_a_player(layer):
    model, x, label = digit(digits_vit)
    b = draw(*x.shape, seed=3).sigmoid()
    with pytest.raises(ValueError, match=f"leads around '{layer}'.*take '{layer[:8]}', which.*around=True"):
        Game.from_layer(model, x, b, layer, target=label)
    game = Game.from_layer(model, x, b, layer, target=label, players="tokens", around=True)
    assert game.n == 18
    assert game.names[-2:] == ("token 16", "around")
    ours, there = activations(model, layer, x), activations(model, layer, b)
    for seed in range(6):
        row = (draw(18, seed=seed) > 0).double()
        mixed = there.clone()
        mixed[:, row[:17] > 0] = ours[:, row[:17] > 0]
        expected = patched(model, layer, x if row[17] else b, lambda output, mixed=mixed: mixed, label)
        close(game(row[None])[0], expected, EXACT)
    close(game([[0] * 18, [1] * 18]), torch.cat([model(b), model(x)])[:, label], EXACT)


def test_the_path_around_stays_in_a_game_of_another_reference():
    model, x, label = digit(digits_vit)
    game = Game.from_layer(model, x, 0.0, "blocks.1.mlp", target=label, players="axis:2", around=True, reference=0.5)
    half = patched(model, "blocks.1.mlp", x, lambda output: output * 0 + 0.5, label)
    close(game([[0] * 32 + [1]])[0], half, EXACT)


def test_several_baselines_and_their_weights():
    model, x, label = digit()
    b = draw(3, *x.shape[1:], seed=5).sigmoid()
    weights = [1.0, 2.0, 5.0]
    game = Game.from_layer(model, x, b, "relu2", target=label, weights=weights)
    singles = [Game.from_layer(model, x, each, "relu2", target=label) for each in b.split(1)]
    points = draw(4, 16, seed=6).sigmoid()
    expected = sum(w / 8 * single(points) for w, single in zip(weights, singles, strict=True))
    close(game(points), expected, EXACT)


@pytest.mark.parametrize("kind", ["probability", "log_odds"])
def test_other_kinds_of_output(kind):
    model, x, label = digit()
    game = Game.from_layer(model, x, 0.0, "conv1", target=label, output=kind)
    whole = Game.from_model(
        model, x, 0.0, target=label, output=kind, players=torch.zeros(1, 1, 1, 1, dtype=torch.int64)
    )
    close(game([[0] * 8, [1] * 8]), whole([[0], [1]]), EXACT)


def test_words_of_a_text_model_lead_to_the_layer_behind_the_embedding():
    class Text(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.out = nn.Embedding(9, 4), nn.Linear(4, 2)

        def forward(self, ids):
            return self.out(self.embed(ids).tanh().sum(1))

    model = Text().double().eval()
    ids = torch.tensor([[3, 1, 4]])
    game = Game.from_layer(model, ids, 0, "embed", target=1, players="tokens")
    close(game([[1, 0, 1]])[0], model(torch.tensor([[3, 0, 4]]))[0, 1].item(), EXACT)
    with pytest.raises(TypeError, match=r"around=True mixes .* torch.int64 and torch.float64"):
        Game.from_layer(model, ids, 0, "embed", target=1, around=True)


def test_the_model_is_left_as_it_was():
    model, x, label = digit()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    harsanyi(Game.from_layer(model, x, 0.0, "relu1", target=label))
    assert not any(module._forward_hooks for module in model.modules())
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


class Odd(nn.Module):
    """Layers that are used twice or never, that give no tensor, several, or whole numbers."""

    def __init__(self):
        super().__init__()
        self.twice, self.never, self.out = nn.Linear(3, 3), nn.Identity(), nn.Linear(3, 2)
        self.words, self.pair, self.whole = Words(), Pair(), Whole()

    def forward(self, x):
        words = self.words(x)
        return self.out(self.pair(self.twice(self.twice(x)))[0] + words["a"]) + self.whole(x)


class Words(nn.Module):
    def forward(self, x):
        return {"a": x * 0}


class Pair(nn.Module):
    def forward(self, x):
        return x.tanh(), "rest"


class Whole(nn.Module):
    def forward(self, x):
        return x.long()[:, :2] * 0


@pytest.mark.parametrize(
    ("layer", "error", "said"),
    [
        ("pear", ValueError, "has no layer 'pear'; there is 'pair'"),
        (3, TypeError, "layer is the name of a module, .* not 3"),
        ("twice", ValueError, "'twice' is called 2 times"),
        ("never", ValueError, "'never' is called 0 times"),
        ("words", ValueError, "'words' gives no tensor"),
        ("whole", ValueError, r"'whole' gives torch.int64 of shape \(1, 2\)"),
    ],
)
def test_layers_that_are_refused(layer, error, said):
    with pytest.raises(error, match=said):
        Game.from_layer(Odd().double().eval(), draw(1, 3, seed=7), 0.0, layer, target=0)


def test_of_a_layer_that_gives_several_the_first_is_meant():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.pair, self.out = Pair(), nn.Linear(3, 1)

        def forward(self, x):
            return self.out(self.pair(x)[0])

    model, x = Net().double().eval(), draw(1, 3, seed=8)
    kept = torch.tensor([[1.0, 0, 1]], dtype=DOUBLE)
    close(Game.from_layer(model, x, 0.0, "pair")(kept)[0], model.out(x.tanh() * kept)[0, 0].item(), EXACT)


@pytest.mark.parametrize(
    ("players", "said"),
    [
        ("chanels", "players of a layer are 'neurons', .*not 'chanels'"),
        ("tokens", r"'tokens' need an output of shape \(tokens, width\); the layer gives \(8, 8, 8\)"),
        ("heads:3", "'heads:3' need a last axis of as many equal parts"),
        ("axis:0", r"'axis:0' need an axis 1 to 3"),
        (torch.zeros(1, 9, 1, 1, dtype=torch.int64), "do not broadcast"),
    ],
)
def test_players_that_do_not_fit(players, said):
    model, x, label = digit()
    with pytest.raises(ValueError, match=said):
        Game.from_layer(model, x, 0.0, "conv1", target=label, players=players)


def test_a_model_in_training_mode_is_refused():
    model = nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.5), nn.Linear(3, 1))
    with pytest.raises(ValueError, match="training mode"):
        Game.from_layer(model, torch.ones(1, 3), 0.0, "0")


@pytest.mark.parametrize(
    ("word", "n", "first"),
    [
        (None, 8, "channel 0"),
        ("neurons", 512, "neuron (0,0,0)"),
        ("locations", 64, "(0, 0)"),
        ("axis:3", 8, "unit 0"),
        ("heads:2", 2, "head 0"),
    ],
)
def test_players_by_a_word(word, n, first):
    model, x, label = digit()
    game = Game.from_layer(model, x, 0.0, "conv1", target=label, players=word)
    assert game.n == n
    assert game.names[0] == first
