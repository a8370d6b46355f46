"""Jets of torch's recurrences: against the same loop written out, and its nested derivatives."""

import copy

import pytest
import torch
from jet_cases import Case, aten, errors, mixed, module
from nested import FORWARD, nested
from taylor_cases import by_definition
from torch import nn

from decompositions.series.jets.jets import jets
from synergy import Game, taylor

STEPS, ENTRIES, STATE = 4, 3, 2


def part(built, name, layer, back):
    return getattr(built, f"{name}_l{layer}{'_reverse' if back else ''}", None)


def linear(built, name, layer, back, value):
    result = value @ part(built, f"weight_{name}", layer, back).T
    bias = part(built, f"bias_{name}", layer, back)
    return result if bias is None else result + bias


def logistic(u):
    return 1 / (1 + (-u).exp())


def lstm_step(given, kept, h, c, projection):
    entering, forgetting, fresh, leaving = (given + kept).tensor_split(4, -1)
    c = logistic(forgetting) * c + logistic(entering) * fresh.tanh()
    h = logistic(leaving) * c.tanh()
    return (h if projection is None else h @ projection.T), c


def gru_step(given, kept, h, c, projection):
    (r, z, n), (old_r, old_z, old_n) = given.tensor_split(3, -1), kept.tensor_split(3, -1)
    fresh = (n + logistic(r + old_r) * old_n).tanh()
    z = logistic(z + old_z)
    return (1 - z) * fresh + z * h, c


def rnn_step(given, kept, h, c, projection):
    return (given + kept).tanh(), c


STEP = {nn.LSTM: lstm_step, nn.GRU: gru_step, nn.RNN: rnn_step}


def written_out(built):
    """All layers and directions of a recurrence, step by step, on inputs ``(batch, steps, entries)``."""
    step, directions = STEP[type(built)], (False, True) if built.bidirectional else (False,)

    def run(z):
        for layer in range(built.num_layers):
            ways = []
            for back in directions:
                states, size = [], part(built, "weight_hh", layer, back).shape[1]
                h, c = torch.zeros(len(z), size).to(z), torch.zeros(len(z), built.hidden_size).to(z)
                for t in range(z.shape[1])[:: -1 if back else 1]:
                    given = linear(built, "ih", layer, back, z[:, t])
                    kept = linear(built, "hh", layer, back, h)
                    h, c = step(given, kept, h, c, part(built, "weight_hr", layer, back))
                    states.append(h)
                ways.append(torch.stack(states[:: -1 if back else 1], 1))
            z = torch.cat(ways, -1)
        return z

    return run


KINDS = {
    "lstm": lambda: nn.LSTM(ENTRIES, STATE, batch_first=True),
    "lstm-two-layers": lambda: nn.LSTM(ENTRIES, STATE, 2, batch_first=True, dropout=0.5),
    "lstm-both-ways": lambda: nn.LSTM(ENTRIES, STATE, batch_first=True, bidirectional=True),
    "lstm-bare": lambda: nn.LSTM(ENTRIES, STATE, batch_first=True, bias=False),
    "lstm-projected": lambda: nn.LSTM(ENTRIES, STATE, batch_first=True, proj_size=1),
    "gru": lambda: nn.GRU(ENTRIES, STATE, batch_first=True),
    "gru-two-layers-both-ways": lambda: nn.GRU(ENTRIES, STATE, 2, batch_first=True, bidirectional=True),
    "gru-bare": lambda: nn.GRU(ENTRIES, STATE, batch_first=True, bias=False),
    "rnn": lambda: nn.RNN(ENTRIES, STATE, 2, batch_first=True),
}


@FORWARD
@pytest.mark.parametrize("name", KINDS)
def test_a_recurrence_is_the_loop_written_out(name):
    built = module(KINDS[name])
    twin = written_out(built)
    case = Case(name, lambda z: built(z)[0], (STEPS, ENTRIES))
    start, slope = case.start(), case.slope()
    expected = nested(lambda z: mixed(twin(z)), start, slope, 4)
    assert (expected[2].abs() > 1e-6).any()
    torch.testing.assert_close(jets(case, start, slope, 4), expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", KINDS)
def test_a_recurrence_is_its_polynomial_near_the_start(name):
    built = module(KINDS[name])
    case = Case(name, lambda z: torch.cat([built(z)[0].flatten(1), last(built(z)[1])], 1), (STEPS, ENTRIES))
    found, _ = errors(case, case.start(), case.slope())
    assert found[1] <= max(found[0] / 2**5.4, 1e-13)
    assert found[2] <= max(found[1] / 2**5.4, 1e-13)


def last(state):
    states = state if isinstance(state, tuple) else (state,)
    return torch.cat([each.transpose(0, 1).flatten(1) for each in states], 1)


@FORWARD
@pytest.mark.parametrize("kind", ["lstm", "gru", "rnn"])
def test_a_cell_in_a_loop_is_the_module(kind):
    whole = module(lambda: {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}[kind](ENTRIES, STATE, batch_first=True))
    cell = {"lstm": nn.LSTMCell, "gru": nn.GRUCell, "rnn": nn.RNNCell}[kind](ENTRIES, STATE).double()
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in whole.state_dict().items()})

    def f(z):
        state, states = None, torch.zeros(len(z), STEPS, STATE, dtype=torch.float64)
        for t in range(STEPS):
            state = cell(z[:, t], state)
            states[:, t] = state[0] if isinstance(state, tuple) else state
        return states

    case = Case(f"{kind}-cell", f, (STEPS, ENTRIES))
    twin = written_out(whole)
    expected = nested(lambda z: mixed(twin(z)), case.start(), case.slope(), 3)
    torch.testing.assert_close(jets(case, case.start(), case.slope(), 3), expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("biased", [True, False])
@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_kernels_of_graphics_cards(kind, biased):
    """Their operations themselves, which a processor does not have."""
    built = module(lambda: (nn.LSTM if kind == "lstm" else nn.GRU)(ENTRIES, STATE, batch_first=True))
    biases = [built.bias_ih_l0, built.bias_hh_l0] if biased else [None, None]
    twin_biases = biases if biased else [0.0, 0.0]

    def operands(z):
        return z[:, 0] @ built.weight_ih_l0.T, z[:, 1, :STATE] @ built.weight_hh_l0.T, z[:, 2, :STATE], z[:, 3, :STATE]

    def fused(z):
        given, kept, h, c = operands(z)
        if kind == "lstm":
            return torch.cat(aten._thnn_fused_lstm_cell(given, kept, c, *biases)[:2], 1)
        return aten._thnn_fused_gru_cell(given, kept, h, *biases)[0]

    def twin(z):
        given, kept, h, c = operands(z)
        given, kept = given + twin_biases[0], kept + twin_biases[1]
        found = STEP[type(built)](given, kept, h, c, None)
        return torch.cat(found, 1) if kind == "lstm" else found[0]

    case = Case(f"fused-{kind}", fused, (STEPS, ENTRIES))
    expected = jets(Case("", twin, (STEPS, ENTRIES)), case.start(), case.slope(), 5)
    torch.testing.assert_close(jets(case, case.start(), case.slope(), 5), expected, rtol=1e-12, atol=1e-13)


class Reader(nn.Module):
    """A recurrence over three steps and what it makes of them."""

    def __init__(self, kind):
        super().__init__()
        self.read, self.say = kind(2, 3, batch_first=True), nn.Linear(3, 2)

    def forward(self, z):
        return self.say(self.read(z)[0][:, -1])


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
def test_dividends_of_a_recurrence_are_its_effects_by_support(kind):
    model = module(lambda: Reader(kind))
    x = torch.tensor([[[0.25, -0.5], [0.5, 0.125], [-0.375, 0.25]]], dtype=torch.float64)
    game = Game.from_model(model, x, baseline=0.0, target=1, players=torch.tensor([[0], [1], [2]]))
    effects = taylor(game, 14)
    expected = torch.tensor(by_definition(game), dtype=torch.float64)
    assert effects.radius > 1
    assert abs(expected[-1]) > 1e-7
    torch.testing.assert_close(effects.by_support().values, expected, rtol=0, atol=1e-10)


def test_a_recurrence_in_float32_is_followed_in_float64():
    """Its cells are never asked for in float32, where torch has one kernel for all of them."""
    torch.manual_seed(0)
    model = Reader(nn.LSTM).eval()
    x = torch.tensor([[[0.25, -0.5], [0.5, 0.125], [-0.375, 0.25]]])
    found = [
        taylor(Game.from_model(each, x.to(kind), baseline=0.0, target=1, players=torch.tensor([[0], [1], [2]])), 3)
        for each, kind in ((model, torch.float32), (copy.deepcopy(model).double(), torch.float64))
    ]
    torch.testing.assert_close(found[0].values, found[1].values, rtol=1e-12, atol=1e-14)
