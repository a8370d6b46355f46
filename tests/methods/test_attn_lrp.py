"""AttnLRP: rule by rule and through whole transformer blocks, against the functions of lxt, its authors' library."""

import math

import pytest
import torch
import torch.nn.functional as F
from cases import close, draw
from layer_cases import sequence
from torch import nn

from synergy import Game, method
from synergy.policies.propagation import propagate

SMALLEST = 1e-3  # of the values that are divided by: nearer to zero any ε is felt
EPSILON = 1e-14
AGREED = 1e-10


@pytest.fixture
def lxt():
    return Explicit(pytest.importorskip("lxt.explicit.functional", reason="lxt is not installed"))


class Explicit:
    """lxt's functions in float64, all with one ε; what they divide by is looked at."""

    def __init__(self, functional):
        self.functional = functional

    def _seen(self, value):
        assert value.abs().min() > SMALLEST
        return value

    def linear(self, u, layer):
        return self._seen(self.functional.linear_epsilon(u, layer.weight, layer.bias, EPSILON))

    def matmul(self, u, v):
        return self._seen(self.functional.matmul(u, v, False, EPSILON))

    def add(self, u, v):
        return self._seen(self.functional.add2(u, v, False, EPSILON))

    def mul(self, u, v):
        return self.functional.mul2(u, v)

    def softmax(self, z):
        return self.functional.softmax(z, -1)

    def layer_norm(self, u, norm):
        return self._seen(self.functional.layer_norm_grad_fn.apply(u, norm.weight, norm.bias, norm.eps, EPSILON))

    def rms_norm(self, u, norm):
        class Double(self.functional.rms_norm_identity_fn):
            """lxt's backward; its forward computes in float32."""

            @staticmethod
            def forward(ctx, u, weight, epsilon):
                return F.rms_norm(u, u.shape[-1:], weight, epsilon)

        return Double.apply(u, norm.weight, norm.eps)

    def activation(self, function, u):
        return Identity.apply(function, u)

    def weighted_by_constants(self, shares, v):
        """CP-LRP: shares · v as a linear layer whose weights are the shares, transposed as torch has it."""
        (weight,) = shares.detach()
        return self._seen(self.functional.linear_epsilon(v.mT, weight, None, EPSILON)).mT

    def attributions(self, run, x, target):
        """The relevance of the input, seeded by the value of the target."""
        leaf = x.clone().requires_grad_()
        output = run(self, leaf)[0, target]
        (relevance,) = torch.autograd.grad(output, leaf, output.detach())
        return relevance.flatten()


class Identity(torch.autograd.Function):
    """lxt's rule of activations, ``lxt.explicit.rules.identity_fn``, which needs more than this file."""

    @staticmethod
    def forward(ctx, function, u):
        return function(u)

    @staticmethod
    def backward(ctx, relevance):
        return None, relevance


class Plain:
    """The same vocabulary in plain torch: what is read and attributed by the package."""

    linear = staticmethod(lambda u, layer: layer(u))
    matmul = staticmethod(lambda u, v: u @ v)
    weighted_by_constants = matmul
    add = staticmethod(lambda u, v: u + v)
    mul = staticmethod(lambda u, v: u * v)
    softmax = staticmethod(lambda z: z.softmax(-1))
    layer_norm = rms_norm = staticmethod(lambda u, norm: norm(u))
    activation = staticmethod(lambda function, u: function(u))


class Written(nn.Module):
    """A network written once, in a vocabulary that is given."""

    def __init__(self, write, **parts):
        super().__init__()
        self.write = write
        for name, part in parts.items():
            setattr(self, name, part)

    def run(self, words, x):
        return self.write(self, words, x)

    def forward(self, x):
        return self.run(Plain, x)


def _head(m, words, u):
    return words.linear(u.flatten(1), m.head)


def _matmul(m, words, x):
    return _head(m, words, words.matmul(x[:, 0], x[:, 1]))


def _mul(m, words, x):
    return _head(m, words, words.mul(x[:, 0], x[:, 1]))


def _add(m, words, x):
    return _head(m, words, words.add(x[:, 0], x[:, 1]))


def _masked(m, words, x):
    return _head(m, words, words.softmax(x.masked_fill(torch.ones(3, 4).triu(2).bool(), -torch.inf)))


def _layer_norm(m, words, x):
    return _head(m, words, words.layer_norm(x, m.norm))


def _rms_norm(m, words, x):
    return _head(m, words, words.rms_norm(x, m.norm))


RULES = {
    "linear": ((1, 3), {}, lambda m, words, x: _head(m, words, x)),
    "matmul": ((1, 2, 3, 3), {}, _matmul),
    "mul": ((1, 2, 3, 3), {}, _mul),
    "add": ((1, 2, 3, 3), {}, _add),
    "softmax": ((1, 3, 4), {}, lambda m, words, x: _head(m, words, words.softmax(words.mul(x, 2.0)))),
    "masked-softmax": ((1, 3, 4), {}, _masked),
    "layer-norm": ((1, 3, 4), {"norm": nn.LayerNorm(4)}, _layer_norm),
    "rms-norm": ((1, 3, 4), {"norm": nn.RMSNorm(4, eps=1e-6)}, _rms_norm),
    "activation": ((1, 3, 4), {}, lambda m, words, x: _head(m, words, words.activation(F.gelu, x))),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("seed", [0, 1, 3])
def test_each_rule_by_itself(lxt, rule, seed):
    shape, parts, write = RULES[rule]
    x = draw(*shape, seed=10 + seed)
    width = (x[:, 0] if rule in ("matmul", "mul", "add") else x).numel()
    model = sequence(Written(write, head=nn.Linear(width, 2), **parts), seed=20 + seed)
    _require_lxt(lxt, model[0], x, "uniform", 1)


def _require_lxt(lxt, net, x, attention, target):
    expected = lxt.attributions(net.run, x, target)
    game = Game.from_model(net, x, 0.0, target=target)
    close(method("attn_lrp", epsilon=EPSILON, attention=attention).attribute(game), expected, AGREED)


WIDTH, HEADS, PLACES = 4, 2, 3


def _attention(m, words, h, heads, constant=False):
    """Multi-head attention with a causal mask; with constant shares of one head."""
    query, key, value = (
        words.linear(h, part).unflatten(-1, (heads, -1)).transpose(1, 2) for part in (m.query, m.key, m.value)
    )
    scores = words.mul(words.matmul(query, key.mT), (WIDTH // heads) ** -0.5)
    shares = words.softmax(scores.masked_fill(torch.ones(PLACES, PLACES).triu(1).bool(), -torch.inf))
    if constant:
        mixed = words.weighted_by_constants(shares[:, 0], value[:, 0]).unsqueeze(1)
    else:
        mixed = words.matmul(shares, value)
    return words.linear(mixed.transpose(1, 2).flatten(-2), m.mix)


def _bert(m, words, x):
    """Normalisation before attention and before two layers with GELU, each beside a skip path."""
    h = words.add(x, _attention(m, words, words.layer_norm(x, m.first), HEADS))
    inner = words.activation(F.gelu, words.linear(words.layer_norm(h, m.second), m.up))
    return _head(m, words, words.add(h, words.linear(inner, m.down)))


def _llama(m, words, x):
    """Root mean squares, and a gate: silu of one map times another."""
    h = words.add(x, _attention(m, words, words.rms_norm(x, m.first), HEADS))
    u = words.rms_norm(h, m.second)
    inner = words.mul(words.activation(F.silu, words.linear(u, m.gate)), words.linear(u, m.up))
    return _head(m, words, words.add(h, words.linear(inner, m.down)))


def _constant(m, words, x):
    """One head, whose shares are constants."""
    h = words.add(x, _attention(m, words, words.layer_norm(x, m.first), 1, constant=True))
    return _head(m, words, h)


def _parts(norm):
    square = ("query", "key", "value", "mix", "up", "down", "gate")
    layers = {name: nn.Linear(WIDTH, WIDTH) for name in square}
    return {**layers, "first": norm(WIDTH), "second": norm(WIDTH), "head": nn.Linear(PLACES * WIDTH, 3)}


BLOCKS = {
    "bert": (_bert, nn.LayerNorm, "uniform", [0, 1, 2]),
    "llama": (_llama, lambda width: nn.RMSNorm(width, eps=1e-6), "uniform", [0, 1, 2]),
    "constant": (_constant, nn.LayerNorm, "constant", [0, 1, 2]),
}


@pytest.mark.parametrize(("kind", "number"), [(kind, k) for kind in BLOCKS for k in range(3)])
def test_whole_blocks(lxt, kind, number):
    write, norm, attention, seeds = BLOCKS[kind]
    model = sequence(Written(write, **_parts(norm)), seed=seeds[number])
    _require_lxt(lxt, model[0], draw(1, PLACES, WIDTH, seed=100 + seeds[number]), attention, 2)


@pytest.mark.parametrize("attention", ["uniform", "constant"])
@pytest.mark.parametrize("epsilon", [0.0, 1e-6, 0.05])
@pytest.mark.parametrize("kind", BLOCKS)
def test_policies_composed_through_whole_blocks_are_the_algorithm(kind, epsilon, attention):
    """Attention, layer and root mean square norms, gates, skip paths: step by step by the policy."""
    write, norm, _, seeds = BLOCKS[kind]
    for seed in seeds:
        model = sequence(Written(write, **_parts(norm)), seed=seed)
        game = Game.from_model(model, draw(1, PLACES, WIDTH, seed=100 + seed), draw(1, PLACES, WIDTH), target=1)
        chosen = method("attn_lrp", epsilon=epsilon, attention=attention)
        close(propagate(game, chosen.policy(game)), chosen.attribute(game), 1e-12)


class Softmax(nn.Module):
    """The first share of two."""

    def forward(self, x):
        return x.softmax(1)[:, 0]


@pytest.mark.parametrize("z", [0.5, 2.0, 8.0, 40.0])
def test_a_saturated_softmax_loses_relevance(z):
    """Gradient × Input of that step: z s (1 − s), of s − 1/2 that the first input brings."""
    game = Game.from_model(Softmax(), torch.tensor([[z, 0.0]], dtype=torch.float64))
    share = 1 / (1 + math.exp(-z))
    given = method("attn_lrp").attribute(game)
    close(given, [z * share * (1 - share), 0.0], 1e-5)
    assert given.sum() < share - 0.5


def test_a_small_share_that_grows_makes_relevance():
    """One entry of ten, at 2: s is about e^z/9, and z s (1 − s) is more than s(2) − s(0)."""
    x = torch.tensor([[2.0] + [0.0] * 9], dtype=torch.float64)
    given = method("attn_lrp").attribute(Game.from_model(Softmax(), x))
    share = math.exp(2) / (math.exp(2) + 9)
    close(given, [2 * share * (1 - share)] + [0.0] * 9, 1e-5)
    assert given.sum() > 1.4 * (share - 0.1)


@pytest.mark.parametrize("attention", ["uniform", "constant"])
def test_relevance_is_kept_where_attention_is_constant(attention):
    """Without biases nothing but the softmax loses any, so that CP-LRP is complete and AttnLRP is not."""
    parts = _parts(lambda width: nn.RMSNorm(width, eps=1e-6))
    for part in parts.values():
        if isinstance(part, nn.Linear):
            part.bias = None
    model = sequence(Written(_llama, **parts), seed=7)
    x = draw(1, PLACES, WIDTH, seed=8)
    given = method("attn_lrp", attention=attention, epsilon=EPSILON).attribute(Game.from_model(model, x, target=0))
    output = model(x)[0, 0].item()
    if attention == "constant":
        assert given.sum().item() == pytest.approx(output, rel=1e-9)
    else:
        assert abs(given.sum().item() - output) > 0.01 * abs(output)


def test_nothing_is_given_where_everything_is_held_constant():
    """Only the shares depend on x, and they weight a parameter: no relevance but what the shares themselves have."""

    class Mixed(nn.Module):
        def forward(self, x):
            shares = x.softmax(-1)
            return (shares * shares.detach() @ torch.ones(3, dtype=torch.float64)).reshape(len(x))

    game = Game.from_model(Mixed(), draw(1, 3))
    assert torch.isfinite(method("attn_lrp", attention="constant").attribute(game)).all()


@pytest.mark.parametrize("wrong", [None, True, 1, ["uniform"], torch.ones(2)], ids=lambda value: type(value).__name__)
def test_attention_is_one_of_two_words(wrong):
    with pytest.raises(TypeError, match=r"attention is 'uniform' \(AttnLRP\) or 'constant' \(CP-LRP\), not "):
        method("attn_lrp", attention=wrong)
    with pytest.raises(ValueError, match="not 'flat'"):
        method("attn_lrp", attention="flat")
