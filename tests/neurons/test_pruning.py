"""Networks without some neurons: silent ones against hooks of one's own, smaller ones against silent ones."""

import copy

import pytest
import torch
import torch.nn.functional as F
from cases import close, draw, mlp
from torch import nn

from synergy import Game, method, players
from synergy.examples import digits, digits_vit
from synergy.neurons import conductance, enhance, prune, prune_layers, rank_neurons, shrink

DOUBLE, EXACT = torch.float64, 1e-12


def hooked(model, layer, change, x):
    model = copy.deepcopy(model)
    model.get_submodule(layer).register_forward_hook(lambda module, given, output: change(output))
    return model(x).detach()


@pytest.mark.parametrize(("module", "layer"), [(digits, "conv2"), (digits, "pool"), (digits_vit, "blocks.1.mlp.1")])
def test_silent_neurons_are_what_a_hook_makes(module, layer):
    model, (x, label) = module.model().double(), digits.choose("7")
    x = x.double()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    mask = conductance(Game.from_model(model, x, target=label), layer, nodes=8).strongest(0.1)
    assert 0.09 < mask.double().mean() < 0.11
    pruned = prune(model, layer, mask)
    close(pruned(x).detach(), hooked(model, layer, lambda output: output.masked_fill(mask, 0), x), EXACT)
    assert abs(pruned(x) - model(x)).max() > 1e-3
    assert type(model.get_submodule(layer)).__name__ != "Scaled"
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_a_pruned_network_is_asked_like_any():
    """It is read, so that Integrated Gradients are exact, and neurons without a voice give nothing."""
    model, (x, label) = digits.model().double(), digits.choose("3")
    pruned = prune(model, "conv1", [0, 5])
    game = Game.from_model(pruned, x.double(), target=label, players=players.grid(x.shape, 2))
    found = method("integrated_gradients").integrate(game)
    assert found.rule.startswith("exact")
    assert abs(found.values.sum() - (pruned(x.double()) - pruned(0 * x.double()))[0, label]) < 1e-10
    shares = conductance(game, "conv1", neurons="channels").values
    assert shares[[0, 5]].tolist() == [0, 0]
    assert (shares[[1, 2, 3, 4, 6, 7]] != 0).all()


class Told(nn.Module):
    """A layer that is told something by name, and gives two things."""

    def forward(self, u, *, times):
        return times * u, times


class Teller(nn.Module):
    def __init__(self):
        super().__init__()
        self.told = Told()

    def forward(self, x):
        u, times = self.told(x, times=3.0)
        return u.sum(1, keepdim=True) + times


def test_a_layer_with_arguments_by_name_and_several_outputs():
    """The first output is silenced, all else goes on: 3 (1 + 4) + 3 without the second of (1, 2, 4)."""
    silent = prune(Teller().eval(), "told", torch.tensor([False, True, False]))
    assert silent(torch.tensor([[1.0, 2.0, 4.0]])).item() == 18.0


@pytest.mark.parametrize(("layer", "numbers", "axis"), [("0", [1, 3], 1), ("2", [0], -1)], ids=["channels", "units"])
def test_neurons_by_number(layer, numbers, axis):
    torch.manual_seed(1)
    model = nn.Sequential(nn.Conv2d(1, 4, 2), nn.Flatten(), nn.Linear(36, 3)).double().eval()
    x = draw(2, 1, 4, 4, seed=2)
    expected = hooked(model, layer, lambda output: output.index_fill(axis, torch.tensor(numbers), 0), x)
    close(prune(model, layer, numbers)(x).detach(), expected, EXACT)


def test_louder_neurons():
    data, labels = draw(12, 3, seed=3), torch.arange(12) % 3
    model = mlp(nn.Tanh, (3, 5, 3), seed=4)
    ranking = rank_neurons(model, "1", data, labels)
    loud = enhance(model, "1", ranking, 0.5)
    factors = 1 + 0.5 * ranking.score.clamp(min=0) / ranking.score.max()
    close(loud(data).detach(), hooked(model, "1", lambda output: output * factors, data), EXACT)
    close(enhance(model, "1", ranking, 0)(data).detach(), model(data).detach(), EXACT)
    with pytest.raises(ValueError, match="has no layer '1'"):
        enhance(nn.Sequential(nn.Linear(3, 5)), "1", ranking, 1)
    for layer, given, strength, error, said in (
        ("0", ranking, 1, ValueError, "ranking is that of '1', and the layer is '0'"),
        ("1", ranking.score, 1, TypeError, "a ranking is what rank_neurons"),
        ("1", ranking, -1, ValueError, "strength is by how much"),
    ):
        with pytest.raises(error, match=said):
            enhance(model, layer, given, strength)


class Net(nn.Module):
    """Code of one's own between two convolutions and a linear layer."""

    def __init__(self, between, padding=0):
        super().__init__()
        self.first, self.second = nn.Conv2d(1, 5, 3, padding=1), nn.Conv2d(5, 4, 3, padding=padding)
        self.third = nn.Conv2d(5, 1, 3, padding=padding)
        self.norm, self.out, self.between = nn.BatchNorm2d(5), nn.LazyLinear(3), between

    def forward(self, x):
        return self.out(F.relu(self.between(self, self.first(x))).flatten(1))


def net(between, **settings):
    torch.manual_seed(5)
    model = Net(between, **settings).double().eval()
    model(X)
    return model


X = draw(3, 1, 6, 6, seed=6)
WAYS = {
    "relu": lambda m, u: m.second(F.relu(u)),
    "softplus": lambda m, u: m.second(F.softplus(u, beta=2)),
    "sigmoid": lambda m, u: m.second(u.sigmoid()),
    "two readers": lambda m, u: m.second(u.tanh()) * m.third(u),
    "straight to the linear layer": lambda m, u: torch.sigmoid(u),
    "viewed": lambda m, u: F.relu(u).view(u.size(0), -1),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_smaller_network_gives_what_the_silent_one_gives(way):
    model = net(WAYS[way])
    before = {key: value.clone() for key, value in model.state_dict().items()}
    small, silent = shrink(model, "first", [0, 3]), prune(model, "first", [0, 3])
    close(small(X).detach(), silent(X).detach(), EXACT)
    assert abs(small(X) - model(X)).max() > 1e-3
    assert small.first.weight.shape == (3, 1, 3, 3)
    assert small.first.out_channels == 3
    assert sum(p.numel() for p in small.parameters()) < sum(p.numel() for p in model.parameters())
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_the_digits_network_smaller_by_channels_and_by_a_ranking():
    images, labels, held_out = digits.data()
    some = held_out.nonzero().flatten()[:80]
    model = digits.model()
    for layer in ("conv1", "conv2"):
        ranking = rank_neurons(model, layer, images[some], labels[some], neurons="channels")
        worst = ranking.strongest(0.25, by="smallest")
        small, silent = shrink(model, layer, worst), prune(model, layer, worst)
        close(small(images[some]), silent(images[some]), 1e-5)
        assert (small(images[some]) - model(images[some])).abs().max() > 1e-3 or layer == "conv2"
    assert small.conv2.weight.shape == (12, 8, 3, 3)
    assert small.fc.weight.shape == (10, 192)


def test_units_of_linear_layers():
    for activation in (nn.ReLU, nn.Softplus):
        model = mlp(activation, (3, 6, 5, 2), seed=7)
        x = draw(4, 3, seed=8)
        small = shrink(shrink(model, "0", [5, 1]), "2", [0])
        close(small(x).detach(), prune(prune(model, "0", [5, 1]), "2", [0])(x).detach(), EXACT)
        assert [each.weight.shape for each in small[::2]] == [(4, 3), (4, 4), (2, 4)]


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(3, 3), nn.Linear(3, 3)

    def forward(self, x):
        return self.second(self.second(self.first(x)))


REFUSED = {
    "a residual sum": (net(lambda m, u: m.second(u + F.relu(u))), "first", "behind 'first' comes 'add'"),
    "a norm": (net(lambda m, u: m.second(m.norm(u))), "first", r"comes 'norm' \(BatchNorm2d\).*normalisations"),
    "a concatenation": (net(lambda m, u: m.second(torch.cat((u[:, :2], u[:, 2:]), 1))), "first", "comes 'getitem"),
    "padding": (net(lambda m, u: m.second(u.sigmoid()), padding=1), "first", "'second' has padding, .* elsewhere 0.5:"),
    "weights elsewhere": (net(lambda m, u: m.second(u) + m.second.bias.sum()), "first", "uses 'second.bias' outside"),
    "the output": (mlp(nn.ReLU, (3, 2)), "0", "gives the network's output"),
    "an activation": (mlp(nn.ReLU, (3, 4, 2)), "1", "'1' is a ReLU; prune"),
    "a divisor": (
        nn.Sequential(nn.Conv2d(1, 2, 1), nn.Sigmoid(), nn.AvgPool2d(2, divisor_override=3), nn.Conv2d(2, 1, 1)).eval(),
        "0", "a divisor of its own changes what a silent neuron gives, 0.5",
    ),
    "training": (nn.Sequential(nn.Linear(2, 4), nn.Dropout(0.5), nn.Linear(4, 1)), "0", "training mode"),
    "groups": (nn.Sequential(nn.Conv2d(2, 4, 1, groups=2), nn.ReLU(), nn.Conv2d(4, 1, 1)), "0", "a Conv2d of 2 groups"),
    "one that is called twice": (Twice(), "first", "'second' is called 2 times"),
    "control flow": (net(lambda m, u: m.second(u) if u.sum() > 0 else m.second(-u)), "first", "cannot be traced"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_get_smaller(case):
    model, layer, said = REFUSED[case]
    mask = torch.zeros(4, dtype=torch.bool) if layer == "1" else [0]
    with pytest.raises(ValueError, match=said):
        shrink(model, layer, mask)


def test_neurons_that_are_refused():
    model = net(WAYS["relu"])
    single = torch.zeros(5, 6, 6, dtype=torch.bool)
    single[0, 0, 0] = True
    for call, error, said in (
        (lambda: prune(model, "first", range(5)), ValueError, "without any neuron of 'first'"),
        (lambda: shrink(model, "first", range(5)), ValueError, "without any neuron of 'first'"),
        (lambda: prune(model, "first", [5]), ValueError, "from 0 to 4, not 5"),
        (lambda: prune(model, "first", 3), TypeError, "neurons are booleans of the shape"),
        (lambda: prune(model, "frist", [0]), ValueError, "has no layer 'frist'; there is 'first'"),
        (lambda: prune(model, "", [1]), ValueError, "has no layer"),
        (lambda: prune(nn.Sequential(nn.ReLU()), "0", [1]), ValueError, "'0' is a ReLU, so give booleans"),
        (lambda: prune(nn.BatchNorm1d(3), "0", [1]), ValueError, "has no layer"),
        (
            lambda: prune(nn.Sequential(nn.BatchNorm1d(3)), "0", [1]),
            ValueError,
            "'0' is a BatchNorm1d, so give booleans",
        ),
        (
            lambda: prune(model, "first", single[:, 0, 0]),
            ValueError,
            r"a mask of shape \(5,\): give the channels' numbers",
        ),
        (lambda: shrink(model, "first", single), ValueError, "by whole units and channels"),
        (lambda: prune(len, "first", [0]), TypeError, "torch.nn.Module is needed"),
    ):
        with pytest.raises(error, match=said):
            call()


class Named(nn.Module):
    """A layer that is called by its second name."""

    def __init__(self):
        super().__init__()
        self.first = self.second = nn.Linear(3, 4)
        self.out = nn.Linear(4, 2)

    def forward(self, x):
        return self.out(self.second(x))


def test_a_layer_of_two_names():
    model, x = Named().double().eval(), draw(4, 3, seed=9)
    close(
        prune(model, "first", [1])(x), hooked(model, "first", lambda h: h.index_fill(1, torch.tensor([1]), 0), x), EXACT
    )
    assert model.first is model.second


def test_a_layer_without_numbers_of_its_own_stays_in_the_models_type_and_on_its_device():
    mask = torch.tensor([True, False, False, False])
    model, x = mlp(nn.ReLU, (3, 4, 2), seed=4).to(torch.bfloat16), draw(4, 3, seed=9).to(torch.bfloat16)
    expected = hooked(model, "1", lambda output: output.masked_fill(mask, 0), x)
    assert torch.equal(prune(model, "1", mask)(x), expected)
    for layer in ("0", "1"):
        assert prune(model.to("meta"), layer, mask)(x.to("meta")).is_meta


class Reads(nn.Module):
    """Uses weights without calling their layer, or beside calling it; two layers share theirs."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.out = nn.Linear(3, 4), nn.Linear(4, 4), nn.Linear(4, 4)
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True)
        self.out.weight = self.second.weight

    def forward(self, x):
        hidden = F.linear(x, self.first.weight, self.first.bias)
        hidden = self.second(hidden.to(self.second.weight.dtype))[:, None]
        return self.out(torch.tanh(self.attention(hidden, hidden, hidden)[0][:, 0]))


def test_weights_that_are_read_without_a_call():
    torch.manual_seed(3)
    model, x = Reads().double().eval(), draw(5, 3, seed=10)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    first = model.first(x).index_fill(1, torch.tensor([0, 2]), 0)
    close(prune(model, "first", [0, 2])(x), model.out(torch.tanh(attended(model, model.second(first)))), EXACT)
    second = model.second(model.first(x)).index_fill(1, torch.tensor([1]), 0)
    close(prune(model, "second", [1])(x), model.out(torch.tanh(attended(model, second))), EXACT)
    last = attended(model, model.second(model.first(x))).index_fill(1, torch.tensor([3]), 0)
    close(prune(model, "attention.out_proj", [3])(x), model.out(torch.tanh(last)), EXACT)
    assert model.out.weight is model.second.weight
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def attended(model, hidden):
    return model.attention(hidden[:, None], hidden[:, None], hidden[:, None])[0][:, 0]


class Steps(nn.Module):
    """Linear layers on four steps in time."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(2, 2), nn.Linear(2, 3)

    def forward(self, x):
        return self.second(F.softplus(self.first(x)))


def test_units_and_steps_of_a_linear_layer_are_told_apart():
    torch.manual_seed(4)
    model, x, mask = Steps().double().eval(), draw(3, 4, 2, seed=11), torch.zeros(4, 2, dtype=torch.bool)
    steps, units = mask.clone(), mask.clone()
    steps[:2], units[:, 1] = True, True
    for some in (steps, units):
        close(prune(model, "first", some)(x), hooked(model, "first", lambda h, m=some: h.masked_fill(m, 0), x), EXACT)
    small = shrink(model, "first", units)
    assert small.first.weight.shape == (1, 2)
    close(small(x), prune(model, "first", units)(x), EXACT)
    with pytest.raises(ValueError, match="by whole units and channels"):
        shrink(model, "first", steps)


def test_several_layers_at_once_also_one_within_another():
    net = nn.Sequential(nn.Sequential(nn.Linear(3, 4), nn.Tanh()), nn.Linear(4, 2)).double().eval()
    x = draw(5, 3, seed=5)
    silent = prune_layers(net, {"0": torch.tensor([True, False, False, False]), "0.0": [2], "1": [0]})
    first = net[0][0](x)
    first[:, 2] = 0
    first = torch.tanh(first)
    first[:, 0] = 0
    last = net[1](first)
    last[:, 0] = 0
    assert torch.equal(silent(x), last)
    for given, said in (({}, "a mapping"), ([("1", [0])], "a mapping")):
        with pytest.raises(TypeError, match=said):
            prune_layers(net, given)
    with pytest.raises(ValueError, match="without any neuron of '1'"):
        prune_layers(net, {"0.0": [1], "1": [0, 1]})
