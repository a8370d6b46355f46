"""Conductance, its table and its part of a region: against full Jacobians, kinks found by hand, captum, and sums."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from cases import captum_network, close, draw, mlp
from torch import nn

from synergy import Game, method, players
from synergy.examples import digits, digits_vit
from synergy.neurons import conductance, input_by_neuron, region_attribution

DOUBLE, EXACT, BOTH = torch.float64, 1e-10, 1e-12


def halves(model, cut):
    return model[:cut], model[cut:]


def along(model, cut, x, b, target, s):
    """C_ij at one place of the path, by both full Jacobians."""
    before, behind = halves(model, cut)
    point = (b + s * (x - b))[0]
    inner = torch.autograd.functional.jacobian(lambda z: before(z[None])[0], point)
    slope = torch.autograd.functional.jacobian(lambda a: behind(a[None])[0, target], before(point[None])[0])
    return slope[None] * inner.T * (x - b)[0][:, None]


def by_jacobians(model, cut, x, b, target, nodes):
    places, weights = np.polynomial.legendre.leggauss(nodes)
    return sum(w / 2 * along(model, cut, x, b, target, (s + 1) / 2) for s, w in zip(places, weights, strict=True))


def borders(model, x, b):
    """Where some unit of a chain of linear maps and ReLUs passes its kink, layer by layer."""
    found = [0.0, 1.0]
    for k, layer in enumerate(model):
        if not isinstance(layer, nn.ReLU):
            continue
        more = set(found)
        for left, right in pairwise(found):
            u, v = (model[:k](b + s * (x - b))[0] for s in (left, right))
            for p, q in zip(u.tolist(), v.tolist(), strict=True):
                if p * q < 0:
                    more.add(left + (right - left) * p / (p - q))
        found = sorted(more)
    return found


def smooth(seed=0):
    return mlp(nn.Tanh, (3, 5, 4, 2), seed=seed)


X, B = draw(1, 3, seed=31), draw(1, 3, seed=32)


@pytest.mark.parametrize("nodes", [3, 20])
@pytest.mark.parametrize("cut", [1, 2, 4])
def test_the_table_of_a_smooth_network_is_that_of_full_jacobians(cut, nodes):
    model = smooth()
    game = Game.from_model(model, X, B, target=1)
    table = input_by_neuron(game, str(cut - 1), nodes=nodes)
    expected = by_jacobians(model, cut, X, B, 1, nodes)
    close(table.values, expected, BOTH)
    assert table.rule == f"Gauss–Legendre, {nodes} nodes"
    close(conductance(game, str(cut - 1), nodes=nodes).values, expected.sum(0), BOTH)
    close(region_attribution(game, str(cut - 1), [0, 2], nodes=nodes).values, expected[[0, 2]].sum(0), BOTH)


@pytest.mark.parametrize("cut", [1, 2, 3, 4])
def test_sums_of_a_smooth_network(cut):
    """Rows are Integrated Gradients, columns the conductance, all F(x) − F(b)."""
    model = smooth(3)
    game = Game.from_model(model, X, B, target=0)
    table, flow = input_by_neuron(game, str(cut - 1)), conductance(game, str(cut - 1))
    close(table.values.sum(1), method("integrated_gradients").attribute(game), EXACT)
    close(table.values.sum(0), flow.values, EXACT)
    gain = (model(X) - model(B))[0, 0].item()
    assert abs(table.total - gain) < EXACT
    assert abs(flow.total - gain) < EXACT
    assert abs(table.around).max() < EXACT
    reference = by_jacobians(model, cut, X, B, 0, 60)
    assert (abs(table.values - reference) <= table.errors + 1e-13).all()


def test_a_sum_that_is_rounding_alone_says_nothing_of_the_others():
    """What leads around a layer is 0 up to rounding; its digits change with the rule, and tell no error of others."""
    game = Game.from_model(smooth(3), X, B, target=0)
    found = conductance(game, "1")
    expected = by_jacobians(smooth(3), 2, X, B, 0, 60).sum(0)
    assert found.rule.startswith("Gauss–Legendre")
    assert (abs(found.values - expected) <= found.errors).all()
    assert found.errors.max() < 1e-7 * abs(expected).max()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("cut", [1, 2, 3, 4, 5])
def test_between_the_kinks_it_is_exact(cut, seed):
    """The kinks found unit by unit, and full Jacobians between them."""
    model = mlp(nn.ReLU, (3, 6, 5, 2), seed=40 + seed)
    game = Game.from_model(model, 3 * X, B, target=1)
    ends = borders(model, 3 * X, B)
    assert len(ends) > 2
    expected = sum(
        (right - left) * along(model, cut, 3 * X, B, 1, (left + right) / 2) for left, right in pairwise(ends)
    )
    table = input_by_neuron(game, str(cut - 1))
    assert table.rule.startswith("exact")
    close(table.values, expected, BOTH)
    close(table.values.sum(1), method("integrated_gradients").attribute(game), BOTH)
    close(conductance(game, str(cut - 1)).values, expected.sum(0), BOTH)


def digit(module=digits):
    x, label = digits.choose("7")
    return module.model().double(), x.double(), label


LAYERS = ("conv1", "relu1", "conv2", "relu2", "pool", "flatten", "fc")


@pytest.mark.parametrize("layer", LAYERS)
def test_sums_of_the_digits_network_with_its_pooling(layer):
    model, x, label = digit()
    b = draw(*x.shape, seed=5).sigmoid()
    game = Game.from_model(model, x, b, target=label, players=players.grid(x.shape, (2, 3)))
    table, flow = input_by_neuron(game, layer), conductance(game, layer)
    assert table.rule.startswith("exact")
    close(table.values.sum(1), method("integrated_gradients").attribute(game), EXACT)
    close(table.values.sum(0), flow.values, EXACT)
    box, mask = ((2, 5), (0, 6)), torch.ones(8, 8, dtype=torch.bool)
    mask[2:5, 0:6] = False
    close(
        region_attribution(game, layer, box).values + region_attribution(game, layer, mask).values, flow.values, EXACT
    )
    close(region_attribution(game, layer, ["x1", "x4"]).values, table.values[[1, 4]].sum(0), EXACT)
    estimated = conductance(game, layer, nodes="adaptive")
    assert (abs(estimated.values - flow.values) <= estimated.errors).all()
    assert abs(flow.values).max() > 0.01


def test_normalised_convolutions_and_a_layer_whose_activation_writes_into_it():
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 2)
    )
    model[1].running_mean, model[1].running_var = torch.randn(4), torch.rand(4) + 0.5
    model = model.double().eval()
    x = draw(1, 1, 8, 8, seed=6)
    game = Game.from_model(model, x, 0.0, target=0, players=players.grid(x.shape, 2))
    expected = method("integrated_gradients").attribute(game)
    tables = [input_by_neuron(game, str(k), neurons="channels") for k in range(3)]
    for table in tables:
        assert table.rule.startswith("exact")
        close(table.values.sum(1), expected, EXACT)
    close(tables[0].values, tables[2].values, EXACT)  # channel by channel nothing is mixed on the way
    assert not any(p.grad is not None for p in model.parameters())


def test_a_last_linear_map_in_closed_form():
    """H is linear: neuron j gives V_j (a_j(x) − a_j(b)), whatever is before."""
    for kind in (nn.Tanh, nn.ReLU):
        model = mlp(kind, (3, 5, 4, 2), seed=50)
        before = model[:4]
        expected = model[4].weight[1] * (before(X) - before(B))[0]
        game = Game.from_model(model, X, B, target=1)
        close(conductance(game, "3").values, expected.detach(), EXACT)


class Skip(nn.Module):
    """A hidden layer, and something beside it that leads around."""

    def __init__(self, join):
        super().__init__()
        self.first, self.act, self.branch = nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 4)
        self.same, self.out, self.join = nn.Identity(), nn.Linear(4, 2), join

    def forward(self, x):
        return self.out(self.join(self, self.act(self.first(x))))


def skip(join):
    torch.manual_seed(7)
    return Skip(join).double().eval()


def test_what_leads_around_a_layer_between_kinks():
    """h = u + relu(branch(u)): the skip path is a network of its own, as the output is linear in h."""
    model = skip(lambda m, u: u + m.branch(u).relu())
    game = Game.from_model(model, 3 * X, B, target=1)
    alone = method("integrated_gradients").attribute(Game.from_model(skip(lambda m, u: u), 3 * X, B, target=1))
    for layer in ("branch", "first"):
        table = input_by_neuron(game, layer)
        assert table.rule.startswith("exact")
        close(table.values.sum(1) + table.around, method("integrated_gradients").attribute(game), EXACT)
        expected = alone if layer == "branch" else torch.zeros(3, dtype=DOUBLE)
        assert abs(table.around - expected).max() < EXACT
    assert abs(alone).max() > 0.1


def test_a_layer_that_gives_what_another_gives_is_told_from_it():
    """h = u + same(u): half of all goes through each, though both have the same values."""
    model = skip(lambda m, u: u + m.same(u))
    game = Game.from_model(model, 3 * X, B, target=0)
    total = method("integrated_gradients").attribute(game)
    for nodes in (None, "adaptive"):
        half, all_of_it = (input_by_neuron(game, layer, nodes=nodes) for layer in ("same", "act"))
        assert (abs(half.values.sum(1) - total / 2) <= half.errors.sum(1) + 1e-12).all()
        assert (abs(all_of_it.values.sum(1) - total) <= all_of_it.errors.sum(1) + 1e-12).all()


def test_from_the_channels_of_one_layer_through_those_of_the_next():
    model, x, label = digit()
    game = Game.from_layer(model, x, 0.3, "conv1", target=label)
    table = input_by_neuron(game, "conv2", neurons="channels")
    assert table.values.shape == (8, 16)
    close(table.values.sum(1), method("integrated_gradients").attribute(game), EXACT)
    whole = conductance(Game.from_model(model, x, 0.3, target=label), "conv2", neurons="channels").values
    assert abs(table.values.sum() - whole.sum()) < EXACT  # F(x) − F(b), though the two paths differ
    assert abs(table.values).max() > 0.1


@pytest.mark.parametrize(
    ("layer", "cuts"), [("blocks.1", True), ("blocks.1.mlp.1", False), ("blocks.0.attention", False)]
)
def test_neurons_of_a_transformer(layer, cuts):
    """MLP units and attention lie beside skip paths; what leads around them is told from what goes through."""
    model, x, label = digit(digits_vit)
    game = Game.from_model(model, x, 0.5, target=label, players=players.grid(x.shape, (2, 1)))
    table = input_by_neuron(game, layer, neurons="tokens", nodes=16)
    same = method("integrated_gradients", nodes=16).attribute(game)
    close(table.values.sum(1) + table.around, same, EXACT)
    assert (abs(table.around).max() < EXACT) == cuts
    seen = []
    handle = model.get_submodule(layer).register_forward_hook(lambda module, given, output: seen.append(output))
    places, weights = np.polynomial.legendre.leggauss(16)
    step, expected = torch.zeros_like(x), torch.zeros(17, dtype=DOUBLE)
    step[..., :4, :] = x[..., :4, :] - 0.5
    for s, w in zip((places + 1) / 2, weights / 2, strict=True):
        point = (0.5 + s * (x - 0.5)).requires_grad_()
        seen.clear()
        output = model(point)[0, label]
        (slope,) = torch.autograd.grad(output, seen[0], retain_graph=True)
        dual = torch.ones_like(seen[0], requires_grad=True)  # the derivative of G along the step, by two ways back
        (pulled,) = torch.autograd.grad(seen[0], point, dual, create_graph=True)
        (pushed,) = torch.autograd.grad((pulled * step).sum(), dual)
        expected += w * (slope * pushed)[0].sum(1)
    handle.remove()
    close(table.values[0], expected, EXACT)


def test_several_baselines_are_averaged_over():
    for model in (smooth(9), mlp(nn.ReLU, (3, 6, 5, 2), seed=9)):
        many, weights = draw(3, 3, seed=33), [1.0, 0.0, 3.0]
        table = input_by_neuron(Game.from_model(model, X, many, target=0, weights=weights), "1")
        singles = [input_by_neuron(Game.from_model(model, X, b, target=0), "1").values for b in many.split(1)]
        close(table.values, singles[0] / 4 + 3 * singles[2] / 4, EXACT)


def test_the_case_of_captums_own_tests():
    """relu(z₁ + z₂ + z₃ − 10) at (0, 100, 0) from zero: the kink is passed at a tenth of the way, and 90 is left."""
    game = Game.from_model(captum_network(), torch.tensor([[0.0, 100, 0]], dtype=DOUBLE), 0.0, target=0)
    close(input_by_neuron(game, "0").values[:, 0], [0, 90, 0], EXACT)


def test_captum():
    """At its own error, which its steps make: less with more of them."""
    attr = pytest.importorskip("captum.attr")
    model = smooth(12)
    game = Game.from_model(model, X, B, target=1)
    table, flow = input_by_neuron(game, "1"), conductance(game, "1")
    layer, neuron = attr.LayerConductance(model, model[1]), attr.NeuronConductance(model, model[1])
    errors = [
        abs(layer.attribute(X, B, target=1, n_steps=steps, method="riemann_trapezoid").detach()[0] - flow.values).max()
        for steps in (50, 2000)
    ]
    assert errors[1] < errors[0] / 5
    assert errors[1] < 1e-3
    for j in range(5):
        theirs = neuron.attribute(X, j, B, target=1, n_steps=50, method="gausslegendre").detach()[0]
        close(theirs, table.values[:, j], 1e-6)


def test_the_published_loop_errs_as_one_over_its_steps():
    """Σ_k ∂H(G(x_{k+1})) (G(x_k + Δ1_R) − G(x_k)) goes to ours; four times the steps leave a quarter of the error."""
    model = smooth(14)
    before, behind = halves(model, 2)
    inside = torch.tensor([1.0, 0.0, 1.0], dtype=DOUBLE)
    ours = region_attribution(Game.from_model(model, X, B, target=0), "1", [0, 2]).values

    def loop(steps):
        delta, total = (X - B) / steps, 0.0
        for k in range(steps):
            point = B + k * delta
            after = before(point + delta).detach().requires_grad_()
            (slope,) = torch.autograd.grad(behind(after)[0, 0], after)
            total = total + (slope * (before(point + delta * inside) - before(point)).detach())[0]
        return total

    errors = [abs(loop(steps) - ours).max().item() for steps in (64, 256, 1024)]
    assert errors[2] > 1e-6
    for first, second in pairwise(errors):
        assert 3.8 < first / second < 4.2


def test_outputs_of_other_kinds_and_of_float32():
    model, x, label = digit()
    game = Game.from_model(model, x, 0.0, target=label, output="log_odds", players=players.grid(x.shape, 2))
    gain = game([[1] * 4])[0] - game([[0] * 4])[0]
    found = input_by_neuron(game, "conv2", neurons="channels")
    assert abs(found.total - gain.item()) < 1e-8 * abs(gain.item()) + found.errors.sum().item()
    coarse = Game.from_model(digits.model(), x.float(), 0.0, target=label)
    fine = Game.from_model(model, x.float().double(), 0.0, target=label)
    close(conductance(coarse, "conv2").values, conductance(fine, "conv2").values, 1e-6)


def test_ids_at_their_embedding():
    class Text(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.hidden, self.out = nn.Embedding(9, 4), nn.Linear(4, 6), nn.Linear(6, 2)

        def forward(self, ids):
            return self.out(self.hidden(self.embed(ids)).tanh().sum(1))

    torch.manual_seed(3)
    model = Text().double().eval()
    game = Game.from_model(model, torch.tensor([[3, 1, 4]]), 0, target=1)
    table = input_by_neuron(game, "hidden")
    assert table.entries.shape == (3, 6)
    close(table.values.sum(1), method("integrated_gradients").attribute(game), EXACT)
    by_token = table.values.reshape(3, 3, 6).sum(2)  # a position's token alone reads it
    close(by_token, torch.diag(by_token.diagonal()), EXACT)


class NoWayForward(torch.autograd.Function):
    @staticmethod
    def forward(ctx, z):
        return z * 2

    @staticmethod
    def backward(ctx, grad):
        return grad * 2


class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.out = nn.Linear(3, 4), nn.Linear(4, 1)

    def forward(self, x):
        return self.out(self.first(NoWayForward.apply(x)).tanh())


def test_what_is_refused():
    game = Game.from_model(smooth(), X, B, target=0)
    for call, error, said in (
        (lambda: conductance(game, "7"), ValueError, "has no layer '7'; there is"),
        (lambda: conductance(game, 1), TypeError, "layer is the name of a module, .*, not 1"),
        (lambda: conductance(game, "1", nodes=0), ValueError, "nodes is the number"),
        (lambda: conductance(game, "1", neurons="channels"), ValueError, "'channels' need an output of shape"),
        (lambda: conductance("game", "1"), TypeError, "asks a Game, not 'game'"),
        (lambda: region_attribution(game, "1", []), ValueError, r"a region is a box .*; \[\] has no entry"),
        (lambda: region_attribution(game, "1", 0.5), TypeError, r"a region is a box .*, not 0.5"),
        (lambda: region_attribution(game, "1", [3]), ValueError, "its number, 0 to 2, not 3"),
        (lambda: region_attribution(game, "1", "y"), LookupError, "no player 'y'; there are x0, x1, x2"),
        (lambda: region_attribution(game, "1", torch.ones(3)), TypeError, r"a tensor of torch.float32: take mask.bool"),
        (lambda: region_attribution(game, "1", torch.zeros(3).bool()), ValueError, "has no entry of the input"),
        (
            lambda: region_attribution(game, "1", torch.zeros(4).bool()),
            ValueError,
            r"\(4,\) does not broadcast to \(3,\)",
        ),
        (lambda: region_attribution(game, "1", ((0, 1), (0, 1))), ValueError, r"is none for an input of shape \(3,\)"),
    ):
        with pytest.raises(error, match=said):
            call()
    table = Game.from_values([0.0, 1.0])
    with pytest.raises(TypeError, match="needs the network"):
        conductance(table, "1")
    with pytest.raises(ValueError, match="'first' needs derivatives that go forward"):
        conductance(Game.from_model(Own().double().eval(), X, B), "first")


@pytest.mark.parametrize("box", [((0, 9), (0, 1)), ((2, 2), (0, 1)), ((-1, 3), (0, 1))])
def test_a_box_that_does_not_lie_in_the_picture(box):
    model, x, label = digit()
    with pytest.raises(ValueError, match="does not lie in 8 rows and 8 columns"):
        region_attribution(Game.from_model(model, x, target=label), "conv1", box)


def test_what_it_shows():
    pandas = pytest.importorskip("pandas")
    game = Game.from_model(smooth(), X, B, target=1)
    table = input_by_neuron(game, "1", nodes=20)
    (player, neuron), value = table.top(1)[0]
    expected = by_jacobians(smooth(), 2, X, B, 1, 20)
    assert abs(value) == pytest.approx(abs(expected).max().item())
    assert table.to_pandas().loc[player, neuron] == value
    assert isinstance(conductance(game, "1").to_pandas(), pandas.Series)
    assert repr(table).startswith("Contributions(3 players × 5 neurons, Gauss–Legendre, 20 nodes: x")
