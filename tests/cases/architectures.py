"""Random architectures for the campaign: networks, what is asked of them, and what they are allowed to refuse.

A network is a list of nodes, each of a kind that says what it is without the library: dense, scale, affine, unit,
winner, place, gate or other. The same list is the model that is explained, and what the twins of ``campaign_twins``
walk along. The weights, the inputs and the baselines are numbers of float32, so that both types ask the same question.
"""

import torch
from building import (
    BENT,
    CURVED,
    INTEGERS,
    UNITS,
    Affinity,
    Architecture,
    Build,
    LinearFunction,
    Net,
    added,
    added_in_place,
    flat,
    joined,
    multiplied,
    normalisation,
    subtracted,
)
from torch import nn


def perceptron(build, names):
    width = [build.whole(4, 6), *(build.whole(3, 6) for _ in names), 3]
    for before, after, name in zip(width, width[1:], names, strict=False):
        layer = LinearFunction if build.random.random() < 0.2 else nn.Linear
        build.add("dense", layer(before, after))
        build.add("unit", UNITS[name]())
    build.add("dense", nn.Linear(width[-2], 3, bias=build.random.random() < 0.7))
    return (width[0],)


def bent_perceptron(build):
    return perceptron(build, [build.pick(*BENT) for _ in range(build.whole(1, 3))])


def curved_perceptron(build):
    return perceptron(build, [build.pick(*CURVED) for _ in range(build.whole(1, 2))])


def mixed_perceptron(build):
    return perceptron(build, [build.pick(*BENT), build.pick(*CURVED)])


def normalised(build):
    """Batch normalisation first, folded, after an activation, and of numbers by a constant."""
    build.add("scale", normalisation(nn.BatchNorm1d, 5))
    build.add("dense", nn.Linear(5, 6, bias=False))
    build.add("scale", normalisation(nn.BatchNorm1d, 6))
    build.add("unit", UNITS[build.pick(*BENT)]())
    build.add("scale", normalisation(nn.BatchNorm1d, 6))
    build.add("place", nn.Dropout(0.5))
    build.add("dense", nn.Linear(6, 3))
    build.add("scale", lambda u: u * 0.7)
    return (5,)


def writes_first(build):
    """What comes first writes into the input."""
    build.add("unit", build.pick(nn.ReLU(inplace=True), nn.Hardtanh(-0.8, 0.5, inplace=True), nn.ReLU6(inplace=True)))
    build.add("dense", nn.Linear(5, 6))
    build.add("unit", UNITS[build.pick(*BENT)]())
    build.add("dense", nn.Linear(6, 3))
    return (5,)


def conv1d(build, units):
    channels, length = build.whole(1, 2), build.whole(7, 10)
    wide = 4
    build.add("dense", nn.Conv1d(channels, wide, 3, stride=build.whole(1, 2), padding=1, dilation=build.whole(1, 2)))
    if build.random.random() < 0.5:
        build.add("scale", normalisation(nn.BatchNorm1d, wide))
    build.add("unit", UNITS[build.pick(*units)]())
    pool = build.pick("max", "average", "adaptive-max", "adaptive-average", "overlapping")
    build.add(*POOLS_1D[pool]())
    build.add("dense", nn.Conv1d(wide, 4, 2, groups=2, padding=1))
    build.add("unit", UNITS[build.pick(*units)]())
    build.add("affine", nn.AdaptiveAvgPool1d(2))
    build.add("place", build.pick(nn.Flatten(), flat))
    build.add("dense", nn.Linear(8, 3))
    return (channels, length)


POOLS_1D = {
    "max": lambda: ("winner", nn.MaxPool1d(2, ceil_mode=True)),
    "overlapping": lambda: ("winner", nn.MaxPool1d(3, 1, padding=1)),
    "average": lambda: ("affine", nn.AvgPool1d(2, 1, padding=1)),
    "adaptive-max": lambda: ("winner", nn.AdaptiveMaxPool1d(3)),
    "adaptive-average": lambda: ("affine", nn.AdaptiveAvgPool1d(3)),
}
POOLS_2D = {
    "max": lambda: ("winner", nn.MaxPool2d(2, ceil_mode=True)),
    "overlapping": lambda: ("winner", nn.MaxPool2d(3, 1, padding=1)),
    "dilated": lambda: ("winner", nn.MaxPool2d(2, 1, dilation=2)),
    "average": lambda: ("affine", nn.AvgPool2d((2, 1), 1)),
    "average-padded": lambda: ("affine", nn.AvgPool2d(3, 2, padding=1, count_include_pad=False)),
    "adaptive-max": lambda: ("winner", nn.AdaptiveMaxPool2d((2, 3))),
    "adaptive-average": lambda: ("affine", nn.AdaptiveAvgPool2d((3, 2))),
}


def bent_conv1d(build):
    return conv1d(build, list(BENT))


def curved_conv1d(build):
    return conv1d(build, list(CURVED))


def conv2d(build, units, pool):
    channels, size = build.whole(1, 2), build.whole(5, 6)
    stride, dilation = build.pick((1, 1), (2, 1), (1, 2))
    build.add("dense", nn.Conv2d(channels, 4, (3, 2), stride=stride, padding=(1, 1), dilation=dilation))
    if build.random.random() < 0.5:
        build.add("scale", normalisation(nn.BatchNorm2d, 4))
    build.add("unit", UNITS[build.pick(*units)]())
    build.add(*POOLS_2D[pool]())
    build.add("dense", nn.Conv2d(4, 4, (2, 3), groups=build.pick(1, 2, 4), padding=build.pick((1, 2), 1)))
    build.add("unit", UNITS[build.pick(*units)]())
    build.add("affine", build.pick(nn.AdaptiveAvgPool2d(1), lambda u: u.mean((2, 3), keepdim=True)))
    build.add("place", build.pick(nn.Flatten(), flat, lambda u: u.reshape(u.shape[0], -1)))
    build.add("dense", nn.Linear(4, 3))
    return (channels, size, size)


def bent_conv2d(build):
    return conv2d(build, list(BENT), build.pick(*POOLS_2D))


def max_conv2d(build):
    return conv2d(build, list(BENT), build.pick("max", "overlapping", "dilated", "adaptive-max"))


def curved_conv2d(build):
    return conv2d(build, list(CURVED), build.pick(*POOLS_2D))


def pooled_first(build):
    """Max pooling right on the input, after a border of zeros."""
    build.add("place", nn.ZeroPad2d((1, 0, 0, 1)))
    build.add("winner", nn.MaxPool2d(2, build.whole(1, 2)))
    build.add("place", nn.Flatten())
    build.add("dense", nn.LazyLinear(5))
    build.add("unit", UNITS[build.pick(*BENT)]())
    build.add("dense", nn.Linear(5, 2))
    return (1, 5, 5)


def pooled_last(build):
    """Max pooling over units, and nothing bent after it."""
    build.add("dense", nn.Conv2d(1, 3, 2))
    build.add("unit", UNITS[build.pick(*BENT)]())
    build.add("winner", nn.AdaptiveMaxPool2d(1))
    build.add("place", nn.Flatten())
    build.add("dense", nn.Linear(3, 2))
    return (1, 5, 5)


def residual(build, units):
    last = build.add("dense", nn.Linear(5, 6))
    last = build.add("unit", UNITS[build.pick(*units)]())
    for _ in range(build.whole(1, 2)):
        build.add("dense", nn.Linear(6, 6), last)
        build.add("unit", nn.Tanh() if units is CURVED else nn.ReLU())
        inner = build.add("dense", nn.Linear(6, 6))
        last = build.add("affine", build.pick(added, added_in_place, subtracted), inner, last)
        last = build.add("unit", UNITS[build.pick("relu", "leaky") if units is BENT else "softplus"]())
    build.add("dense", nn.Linear(6, 3))
    return (5,)


def bent_residual(build):
    return residual(build, BENT)


def curved_residual(build):
    return residual(build, CURVED)


def input_skip(build):
    """The input itself comes in again, at the end."""
    build.add("dense", nn.Linear(5, 5))
    build.add("unit", UNITS[build.pick(*BENT)]())
    deep = build.add("dense", nn.Linear(5, 5))
    build.add("affine", build.pick(added, added_in_place), deep, 0)
    build.add("dense", nn.Linear(5, 3))
    return (5,)


def concatenated(build):
    one = build.add("dense", nn.Linear(5, 3), 0)
    one = build.add("unit", UNITS[build.pick(*BENT)](), one)
    two = build.add("dense", nn.Linear(5, 4), 0)
    two = build.add("unit", UNITS[build.pick(*BENT)](), two)
    build.add("place", joined, two, 0, one)
    build.add("dense", nn.Linear(12, 5))
    build.add("unit", UNITS[build.pick(*BENT)]())
    build.add("dense", nn.Linear(5, 3))
    return (5,)


def gated(build):
    """A product of two parts: no method of relevance says which is the gate."""
    one = build.add("dense", nn.Linear(5, 4), 0)
    one = build.add("unit", UNITS[build.pick("tanh", "gelu", "leaky")](), one)
    two = build.add("dense", nn.Linear(5, 4), 0)
    two = build.add("unit", nn.Sigmoid(), two)
    build.add("gate", multiplied, one, two)
    build.add("dense", nn.Linear(4, 3))
    return (5,)


def bilinear(build):
    """A polynomial: products and squares of affine maps."""
    one, two = (build.add("dense", nn.Linear(4, 3), 0) for _ in range(2))
    build.add("gate", multiplied, one, two)
    build.add("dense", nn.Linear(3, 3))
    build.add("unit", torch.square)
    build.add("dense", nn.Linear(3, 3))
    return (4,)


def layer_norm(build):
    build.add("dense", nn.Linear(5, 6))
    build.add("other", nn.LayerNorm(6))
    build.add("unit", UNITS[build.pick(*CURVED)]())
    build.add("dense", nn.Linear(6, 3))
    return (5,)


def group_norm(build):
    build.add("dense", nn.Conv2d(1, 4, 2))
    build.add("other", build.pick(nn.GroupNorm(2, 4), nn.InstanceNorm2d(4, affine=True)))
    build.add("unit", UNITS[build.pick(*CURVED)]())
    build.add("place", nn.Flatten())
    build.add("dense", nn.LazyLinear(3))
    return (1, 4, 4)


def functional(build):
    """Operations with a kink that have no module: they go in by function."""
    build.add("dense", nn.Linear(5, 6))
    build.add("other", build.pick(torch.abs, lambda u: u.clamp(-0.5, 0.7), lambda u: torch.where(u > 0, u, 0.3 * u)))
    build.add("dense", nn.Linear(6, 6))
    build.add(
        "other", build.pick(lambda u: u.clamp_(min=-0.2), lambda u: u.abs_(), lambda u: torch.maximum(u, 0.2 * u))
    )
    build.add("dense", nn.Linear(6, 3))
    return (5,)


def own_parameters(build):
    build.add("dense", nn.Linear(5, 6))
    build.add("other", nn.PReLU(6))
    build.add("other", Affinity(6))
    build.add("other", lambda u: u.max(1, keepdim=True).values + u)
    build.add("dense", nn.Linear(6, 3))
    return (5,)


def transposed(build):
    build.add("other", nn.ConvTranspose1d(2, 3, 2, stride=2))
    build.add("unit", UNITS[build.pick(*BENT)]())
    build.add("place", nn.Flatten())
    build.add("dense", nn.LazyLinear(3))
    return (2, 4)


class Attention(nn.Module):
    """One block of self-attention with a residual sum, and a mean over places."""

    def __init__(self, build):
        super().__init__()
        self.attend = nn.MultiheadAttention(4, 2, batch_first=True)
        self.norm, self.one, self.two = nn.LayerNorm(4), nn.Linear(4, 5), nn.Linear(5, 3)
        self.act = build.pick(nn.GELU(), nn.SiLU(), nn.Tanh())

    def forward(self, x):
        h = x + self.attend(x, x, x, need_weights=False)[0]
        return self.two(self.act(self.one(self.norm(h)))).mean(1)


class Softmax(nn.Module):
    """Attention as it is written by hand."""

    def __init__(self):
        super().__init__()
        self.query, self.key, self.value, self.head = (nn.Linear(3, 3) for _ in range(4))

    def forward(self, x):
        scores = self.query(x) @ self.key(x).transpose(1, 2) / 3**0.5
        return self.head((scores.softmax(-1) @ self.value(x)).sum(1))


class Recurrent(nn.Module):
    """A recurrent layer over a sequence; its last output is read."""

    def __init__(self, kind, build):
        super().__init__()
        self.body = kind(3, 4, batch_first=True, bidirectional=build.whole(0, 1) == 1)
        self.head = nn.Linear(8 if self.body.bidirectional else 4, 3)

    def forward(self, x):
        return self.head(self.body(x)[0][:, -1])


class Words(nn.Module):
    """Tokens that are looked up, and a little network of their mean."""

    def __init__(self, build):
        super().__init__()
        self.look, self.one, self.two = nn.Embedding(11, 4), nn.Linear(4, 5), nn.Linear(5, 3)
        self.act = UNITS[build.pick(*UNITS)]()

    def forward(self, ids):
        return self.after(self.look(ids))

    def after(self, vectors):
        return self.two(self.act(self.one(vectors.mean(1))))


class WritesBack(nn.Module):
    """Arithmetic in place on the input itself."""

    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Linear(5, 5), nn.Linear(5, 3)

    def forward(self, x):
        x.sub_(0.3)
        x *= 1.5
        return self.two(torch.tanh(self.one(x)) + x)


def attention(build):
    return (3, 4), {}, Attention(build)


def softmax_attention(build):
    return (3, 3), {}, Softmax()


def recurrent(build):
    kind = build.pick(nn.RNN, nn.LSTM, nn.GRU)
    return (4, 3), {}, Recurrent(kind, build)


def words(build):
    return (6,), {}, Words(build)


def writes_back(build):
    return (5,), {}, WritesBack()


# family → (how many, how it is built, whether it is piecewise linear)
FAMILIES = {
    "mlp-bent": (5, bent_perceptron, True),
    "mlp-curved": (4, curved_perceptron, False),
    "mlp-mixed": (3, mixed_perceptron, False),
    "batch-norm": (3, normalised, True),
    "writes-first": (3, writes_first, True),
    "conv1d-bent": (5, bent_conv1d, True),
    "conv1d-curved": (3, curved_conv1d, False),
    "conv2d-bent": (4, bent_conv2d, True),
    "conv2d-max-pool": (5, max_conv2d, True),
    "conv2d-curved": (3, curved_conv2d, False),
    "max-pool-first": (2, pooled_first, True),
    "max-pool-last": (3, pooled_last, True),
    "residual-bent": (3, bent_residual, True),
    "residual-curved": (2, curved_residual, False),
    "input-skip": (2, input_skip, True),
    "concatenation": (3, concatenated, True),
    "gate": (3, gated, False),
    "polynomial": (2, bilinear, False),
    "layer-norm": (2, layer_norm, False),
    "group-norm": (2, group_norm, False),
    "functions": (3, functional, False),
    "own-parameters": (1, own_parameters, False),
    "transposed-conv": (2, transposed, False),
    "attention": (2, attention, False),
    "softmax": (1, softmax_attention, False),
    "recurrent": (4, recurrent, False),
    "words": (3, words, False),
    "writes-back": (1, writes_back, False),
}


def _made(family, number):
    _, make, bent = FAMILIES[family]
    seed = 1000 * list(FAMILIES).index(family) + number
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        build = Build(seed)
        made = make(build)
        shape, refused, own = (*made, None)[:3] if isinstance(made[0], tuple) else (made, {}, None)
        refused = dict(refused)
        model = (own if own is not None else Net(build.nodes)).eval()
        question = _question(build, model, shape, family == "words")
    refused |= _without_series(model)
    known = None if own is not None or any(node.kind == "other" for node in build.nodes) else tuple(build.nodes)
    return _asked(f"{family}-{number}", model, known, question, refused, bent)


def _without_series(model):
    """Modules that jets have no rule for."""
    for module in model.modules():
        if isinstance(module, (nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d)):
            return {"jets": "'adaptive_max_pool2d' has no rule"}
        if isinstance(module, nn.PReLU):
            return {"jets": "'_prelu_kernel' has no rule"}
    return {}


def _question(build, model, shape, whole):
    """x, some baselines, players with several entries each, one of them null now and then."""
    count = build.pick(1, 1, 1, 2, 3)
    if whole:
        x, baselines = torch.randint(0, 11, (1, *shape)), torch.randint(0, 11, (count, *shape))
    else:
        x, baselines = 1.5 * torch.randn(1, *shape), torch.randn(count, *shape)
        baselines = baselines * build.pick(0.0, 0.5, 1.0)
    with torch.no_grad():
        model(x.clone())  # lazy layers learn their sizes
    entries = x[0].numel()
    n = min(entries, build.whole(4, 6))
    owners = [*range(n), *(build.whole(0, n - 1) for _ in range(entries - n))]
    build.random.shuffle(owners)
    players = torch.tensor(owners).reshape(1, *shape)
    if build.random.random() < 0.4:
        x = torch.where(players == build.whole(0, n - 1), baselines[:1], x)
        baselines = torch.where(x == baselines[:1], x, baselines)
    weights = tuple(build.pick(1.0, 2.0, 0.5) for _ in range(count))
    return x, baselines, weights, players.to(build.pick(*INTEGERS)), build.pick(0, 1, -1, (1,)), build.random.random()


def _asked(name, model, nodes, question, refused, bent):
    """Now and then not a logit at an index is asked for: a function of the outputs, a probability, log-odds."""
    x, baselines, weights, players, target, chance = question
    output = "logit"
    if chance < 0.06:
        target, refused["layers"], bent, name = both, "explains one entry", False, f"{name}-function"
    elif chance < 0.20:
        output = "probability" if chance < 0.13 else "log_odds"
        refused["layers"], bent, name = "explains a logit", False, f"{name}-{output.replace('_', '-')}"
    return Architecture(name, model, nodes, x, baselines, weights, players, target, output, refused, bent)


def both(outputs):
    """One number per row of several outputs."""
    return outputs[:, 0] - 0.5 * outputs[:, 1]


ARCHITECTURES = [_made(family, number) for family in FAMILIES for number in range(FAMILIES[family][0])]
