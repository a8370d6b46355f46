"""Rescale on attention, layer normalisation and an LSTM, against the same networks written out number by number."""

import math

import pytest
import torch
from cases import close, draw
from layer_cases import sequence
from scalar_twin import Number, linear, multipliers, softmax, total
from torch import nn

from synergy import Game, method

PLACES, WIDTH = 3, 2


def _lists(layer):
    return layer.weight.tolist(), layer.bias.tolist()


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.query, self.key, self.give = (nn.Linear(WIDTH, WIDTH) for _ in range(3))

    def forward(self, x):
        scores = self.query(x) @ self.key(x).mT / WIDTH**0.5
        return (scores.softmax(-1) @ self.give(x)).flatten(1)

    def written_out(self, rows):
        queries, keys, given = (linear(rows, *_lists(each)) for each in (self.query, self.key, self.give))
        out = []
        for query in queries:
            scores = [total([q * k for q, k in zip(query, key, strict=True)]) * WIDTH**-0.5 for key in keys]
            shares = softmax(scores)
            out += [total([s * row[i] for s, row in zip(shares, given, strict=True)]) for i in range(WIDTH)]
        return out


class Normalised(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.norm = nn.Linear(WIDTH, 4), nn.LayerNorm(4)

    def forward(self, x):
        return self.norm(self.first(x)).flatten(1)

    def written_out(self, rows):
        weight, bias = _lists(self.norm)
        out = []
        for row in linear(rows, *_lists(self.first)):
            mean = total(row) * 0.25
            apart = [each + mean * -1.0 for each in row]
            variance = total([each * each for each in apart]) * 0.25
            scale = variance.through(lambda v: 1 / math.sqrt(v + self.norm.eps))
            out += [each * scale * w + c for each, w, c in zip(apart, weight, bias, strict=True)]
        return out


class Recurrence(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.LSTM(WIDTH, 2, batch_first=True)

    def forward(self, x):
        return self.body(x)[0][:, -1]

    def written_out(self, rows):
        own, back = self.body.weight_ih_l0.tolist(), self.body.weight_hh_l0.tolist()
        bias = (self.body.bias_ih_l0 + self.body.bias_hh_l0).tolist()
        hidden = memory = None
        for row in rows:
            gates = linear([row], own, bias)[0]
            if hidden is not None:
                gates = [a + b for a, b in zip(gates, linear([hidden], back, [0.0] * 8)[0], strict=True)]
            let, keep, show = (
                [each.through(lambda v: 1 / (1 + math.exp(-v))) for each in gates[k : k + 2]] for k in (0, 2, 6)
            )
            new = [a * b.through(math.tanh) for a, b in zip(let, gates[4:6], strict=True)]
            memory = new if memory is None else [k * m + n for k, m, n in zip(keep, memory, new, strict=True)]
            hidden = [o * m.through(math.tanh) for o, m in zip(show, memory, strict=True)]
        return hidden


@pytest.mark.parametrize("kind", [Attention, Normalised, Recurrence])
@pytest.mark.parametrize("target", [0, 1])
def test_rescale_is_what_it_is_number_by_number(kind, target):
    model = sequence(kind())
    x, b = draw(1, PLACES, WIDTH, seed=5), draw(1, PLACES, WIDTH, seed=6)
    rows = [
        [Number(*pair) for pair in zip(*each, strict=True)] for each in zip(x[0].tolist(), b[0].tolist(), strict=True)
    ]
    output = model[0].written_out(rows)[target]
    assert output.value == pytest.approx(model(x)[0, target].item(), rel=1e-12)
    inputs = [each for row in rows for each in row]
    rates = torch.tensor(multipliers(output, inputs), dtype=torch.float64)
    found = method("deeplift_rescale").attribute(Game.from_model(model, x, b, target=target))
    close(found, rates * (x - b).flatten(), 1e-12)
    assert float(found.sum()) == pytest.approx(output.value - output.reference, rel=1e-12)
