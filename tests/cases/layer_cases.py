"""Networks for the layer-wise methods, and the methods' definitions neuron by neuron in plain Python numbers.

Nothing below ``units`` calls the library: a multilayer perceptron is a list of layers (weights, biases, activation)
of lists of floats, and every rule is a loop over its neurons.
"""

import torch
import torch.nn.functional as F
from cases import draw
from torch import nn

DOUBLE = torch.float64


class Block(nn.Module):
    """Modules and parameters with a forward pass given as a function of them and of x."""

    def __init__(self, run, **parts):
        super().__init__()
        self.run = run
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x):
        return self.run(self, x)


def block(run, seed=0, **parts):
    return seeded(Block(run, **parts), seed)


def sequence(*modules, seed=0):
    return seeded(nn.Sequential(*modules), seed)


def seeded(model, seed):
    """Every parameter and running mean drawn anew, every running variance between 0.5 and 1.5."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        size = (parameter[0].numel() if parameter.ndim > 1 else 4) ** -0.5
        parameter.data = torch.randn(parameter.shape, generator=generator, dtype=DOUBLE) * size
    for name, buffer in list(model.named_buffers()):
        if name.endswith("running_mean"):
            buffer.data = torch.randn(buffer.shape, generator=generator, dtype=DOUBLE) * 0.3
        if name.endswith("running_var"):
            buffer.data = torch.rand(buffer.shape, generator=generator, dtype=DOUBLE) + 0.5
    return model.double().eval()


def parameter(*shape, seed=31):
    return nn.Parameter(draw(*shape, seed=seed))


VECTOR, SEQUENCE, PICTURE = (1, 4), (1, 3, 6), (1, 2, 6, 6)


def _conv(*args, **settings):
    return nn.Conv2d(2, 4, *args, **settings)


def _pooled(pool):
    return sequence(_conv(3), nn.ReLU(), pool, nn.Flatten())


def _gate(m, x):
    h = m.conv(x)
    return m.out(torch.flatten((h * torch.sigmoid(m.gate(h.mean((2, 3), keepdim=True)))).mean((2, 3)), 1))


def _residual(m, x):
    h = m.first(x)
    return m.out((h + m.second(F.relu(h))).flatten(1))


def _branches(m, x):
    return m.out(torch.cat([torch.relu(m.one(x)), torch.tanh(m.two(x)), x], 1).flatten(1))


def _squeeze_and_excite(m, x):
    h = m.act(m.norm(m.conv(x)))
    s = m.up(F.relu(m.down(F.relu(h).mean((2, 3), keepdim=True))))
    return m.out(torch.mul(h, torch.sigmoid(s)).mean((2, 3)))


def residual(activation=nn.ReLU):
    """A picture through two convolutions with normalisation, a way around the second, and two poolings."""

    def run(m, x):
        h = m.act1(m.norm1(m.conv1(x)))
        h = m.act2(m.norm2(m.conv2(h)) + h)
        return m.out(torch.flatten(m.average(m.pool(h)), 1))

    return block(
        run,
        conv1=_conv(3, padding=1, bias=False),
        norm1=nn.BatchNorm2d(4),
        act1=activation(),
        conv2=nn.Conv2d(4, 4, 3, padding=1),
        norm2=nn.BatchNorm2d(4),
        act2=activation(),
        pool=nn.MaxPool2d(2),
        average=nn.AdaptiveAvgPool2d((2, 1)),
        out=nn.Linear(8, 3),
    )


def concatenation(activation=nn.ReLU):
    """Two branches of a picture, concatenated with the picture itself."""

    def run(m, x):
        h = torch.cat([m.act1(m.one(x)), m.act2(m.two(x)), x], 1)
        return m.out(m.average(m.norm(h)).flatten(1))

    return block(
        run,
        one=nn.Conv2d(2, 3, 3, padding=1),
        act1=activation(),
        two=nn.Conv2d(2, 2, 1),
        act2=activation(),
        norm=nn.BatchNorm2d(7),
        average=nn.AvgPool2d(3),
        out=nn.Linear(28, 2),
    )


def gated():
    """A picture weighted by what is squeezed out of it."""
    return block(
        _squeeze_and_excite,
        conv=_conv(3),
        norm=nn.BatchNorm2d(4),
        act=nn.SiLU(),
        down=nn.Conv2d(4, 2, 1),
        up=nn.Conv2d(2, 4, 1),
        out=nn.Linear(4, 3),
    )


READABLE = {
    # layers
    "linear": (VECTOR, lambda: sequence(nn.Linear(4, 3))),
    "linear-no-bias": (VECTOR, lambda: sequence(nn.Linear(4, 3, bias=False), nn.ReLU(), nn.Linear(3, 2))),
    "linear-on-a-sequence": (SEQUENCE, lambda: sequence(nn.Linear(6, 2), nn.Tanh(), nn.Flatten())),
    "conv1d": (SEQUENCE, lambda: sequence(nn.Conv1d(3, 4, 3, stride=2, padding=1), nn.ReLU(), nn.Flatten())),
    "conv1d-dilated": (SEQUENCE, lambda: sequence(nn.Conv1d(3, 6, 2, dilation=2, groups=3))),
    "conv2d": (PICTURE, lambda: sequence(_conv(3))),
    "conv2d-stride": (PICTURE, lambda: sequence(_conv((3, 2), stride=(2, 3), padding=(1, 0)))),
    "conv2d-leftover": (PICTURE, lambda: sequence(_conv(3, stride=2, bias=False))),
    "conv2d-dilated": (PICTURE, lambda: sequence(_conv(2, dilation=(2, 3), padding=1))),
    "conv2d-groups": (PICTURE, lambda: sequence(_conv(3, groups=2))),
    "conv2d-same": (PICTURE, lambda: sequence(_conv(3, padding="same"))),
    "conv2d-valid": (PICTURE, lambda: sequence(_conv(3, padding="valid"))),
    "squared": (VECTOR, lambda: block(lambda m, x: m.b(torch.square(m.a(x))), a=nn.Linear(4, 3), b=nn.Linear(3, 2))),
    "times-itself": (
        VECTOR,
        lambda: block(lambda m, x: (lambda h: m.b(h * h))(m.a(x)), a=nn.Linear(4, 3), b=nn.Linear(3, 2)),
    ),
    # normalisation, folded and alone
    "batchnorm1d-folded": (VECTOR, lambda: sequence(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.ReLU())),
    "batchnorm1d-alone": (VECTOR, lambda: sequence(nn.BatchNorm1d(4), nn.ReLU(), nn.BatchNorm1d(4))),
    "batchnorm1d-plain": (VECTOR, lambda: sequence(nn.Linear(4, 3, bias=False), nn.BatchNorm1d(3, affine=False))),
    "batchnorm1d-folded-into-conv1d": (SEQUENCE, lambda: sequence(nn.Conv1d(3, 4, 3), nn.BatchNorm1d(4))),
    "batchnorm1d-after-relu-of-a-sequence": (
        SEQUENCE,
        lambda: sequence(nn.Conv1d(3, 6, 3, padding=1), nn.ReLU(), nn.BatchNorm1d(6)),
    ),
    "batchnorm1d-on-a-sequence-of-other-length": (SEQUENCE, lambda: sequence(nn.BatchNorm1d(3), nn.Tanh())),
    "batchnorm1d-after-linear-on-a-sequence": (SEQUENCE, lambda: sequence(nn.Linear(6, 3), nn.BatchNorm1d(3))),
    "batchnorm2d-folded": (PICTURE, lambda: sequence(_conv(3, bias=False), nn.BatchNorm2d(4), nn.ReLU())),
    "batchnorm2d-folded-with-bias": (PICTURE, lambda: sequence(_conv(3, groups=2), nn.BatchNorm2d(4))),
    "batchnorm2d-alone": (PICTURE, lambda: sequence(nn.BatchNorm2d(2), nn.ELU(), nn.BatchNorm2d(2))),
    "batchnorm2d-not-alone": (
        PICTURE,
        lambda: block(lambda m, x: (lambda h: m.norm(h) + h)(m.conv(x)), conv=_conv(3), norm=nn.BatchNorm2d(4)),
    ),
    # pooling
    "avgpool1d": (SEQUENCE, lambda: sequence(nn.AvgPool1d(3, stride=2, padding=1))),
    "avgpool2d": (PICTURE, lambda: _pooled(nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False))),
    "avgpool2d-ceil": (PICTURE, lambda: _pooled(nn.AvgPool2d(3, ceil_mode=True))),
    "adaptiveavgpool1d": (SEQUENCE, lambda: sequence(nn.AdaptiveAvgPool1d(4))),
    "adaptiveavgpool2d": (PICTURE, lambda: _pooled(nn.AdaptiveAvgPool2d((3, 1)))),
    "maxpool1d": (SEQUENCE, lambda: sequence(nn.MaxPool1d(3, stride=1, padding=1))),
    "maxpool2d": (PICTURE, lambda: _pooled(nn.MaxPool2d(2))),
    "maxpool2d-overlapping": (PICTURE, lambda: _pooled(nn.MaxPool2d(2, stride=1, dilation=2, padding=1))),
    "maxpool2d-ceil": (PICTURE, lambda: _pooled(nn.MaxPool2d(3, ceil_mode=True))),
    "adaptivemaxpool1d": (SEQUENCE, lambda: sequence(nn.AdaptiveMaxPool1d(4))),
    "adaptivemaxpool2d": (PICTURE, lambda: _pooled(nn.AdaptiveMaxPool2d((3, 2)))),
    # shapes
    "flatten-module": (PICTURE, lambda: sequence(nn.Flatten(2), nn.Linear(36, 2), nn.Flatten())),
    "unflatten-module": (VECTOR, lambda: sequence(nn.Unflatten(1, (2, 2)), nn.Linear(2, 3))),
    "view": (PICTURE, lambda: block(lambda m, x: m.out(x.view(x.size(0), -1)), out=nn.Linear(72, 2))),
    "view-by-shape": (PICTURE, lambda: block(lambda m, x: m.out(x.view(x.shape[0], -1)), out=nn.Linear(72, 2))),
    "reshape": (PICTURE, lambda: block(lambda m, x: m.out(x.reshape(-1, 72)), out=nn.Linear(72, 2))),
    "flatten-function": (PICTURE, lambda: block(lambda m, x: m.out(torch.flatten(x, 1)), out=nn.Linear(72, 2))),
    "flatten-method": (PICTURE, lambda: block(lambda m, x: m.out(x.flatten(1)), out=nn.Linear(72, 2))),
    "squeeze": (VECTOR, lambda: block(lambda m, x: m.out(x.unsqueeze(1)).squeeze(1), out=nn.Linear(4, 2))),
    "mean-function": (PICTURE, lambda: block(lambda m, x: m.out(torch.mean(x, (2, 3))), out=nn.Linear(2, 2))),
    "mean-method": (PICTURE, lambda: block(lambda m, x: m.out(x.mean(dim=-1)).mean([1, 2]), out=nn.Linear(6, 2))),
    "mean-keeping-the-axes": (PICTURE, lambda: block(lambda m, x: x - x.mean((2, 3), keepdim=True))),
    "zeropad": (PICTURE, lambda: sequence(nn.ZeroPad2d((1, 0, 2, 1)), _conv(3), nn.ReLU())),
    "dropout": (VECTOR, lambda: sequence(nn.Linear(4, 5), nn.Dropout(), nn.ReLU(), nn.Identity(), nn.AlphaDropout())),
    # arithmetic
    "residual": (PICTURE, lambda: block(_residual, first=_conv(1), second=nn.Conv2d(4, 4, 1), out=nn.Linear(144, 2))),
    "residual-network": (PICTURE, residual),
    "in-place-sum": (VECTOR, lambda: block(_in_place_sum, one=nn.Linear(4, 3), two=nn.Linear(4, 3))),
    "difference": (VECTOR, lambda: block(lambda m, x: m.one(x) - torch.tanh(m.two(x)), **_two())),
    "torch-sub": (VECTOR, lambda: block(lambda m, x: torch.sub(m.one(x), m.two(x)).relu(), **_two())),
    "method-add": (VECTOR, lambda: block(lambda m, x: m.one(x).add(m.two(x)).sub(x.mean(1, keepdim=True)), **_two())),
    "concatenation": (VECTOR, lambda: block(_branches, one=nn.Linear(4, 3), two=nn.Linear(4, 2), out=nn.Linear(9, 2))),
    "concatenation-network": (PICTURE, concatenation),
    "concatenation-out-of-order": (
        VECTOR,
        lambda: block(lambda m, x: (lambda h: torch.cat((m.two(h), h, x), dim=-1))(m.one(x)), **_two(3)),
    ),
    "concatenation-by-name": (
        VECTOR,
        lambda: block(lambda m, x: torch.cat(tensors=[m.two(x), x, m.one(x)], dim=1).relu(), **_two()),
    ),
    "gate": (PICTURE, lambda: block(_gate, conv=_conv(3), gate=nn.Conv2d(4, 4, 1), out=nn.Linear(4, 2))),
    "gate-network": (PICTURE, gated),
    "numbers": (VECTOR, lambda: block(lambda m, x: 5 - 2 * (m.one(x) * 0.1 + 0.3) / 3 - 1, one=nn.Linear(4, 3))),
    "negative": (VECTOR, lambda: block(lambda m, x: -m.one(-x), one=nn.Linear(4, 3))),
    "numbers-by-functions": (
        VECTOR,
        lambda: block(lambda m, x: torch.div(torch.mul(torch.add(m.one(x), 0.7), 0.3), 7), one=nn.Linear(4, 3)),
    ),
    "numbers-by-methods": (VECTOR, lambda: block(lambda m, x: x.mul(0.1).add(0.7).sub(0.2).div(0.3))),
    "parameters": (
        VECTOR,
        lambda: block(lambda m, x: (m.one(x) * m.scale + m.shift) / m.scale, one=nn.Linear(4, 3), **_affine(3)),
    ),
    "parameters-by-channel": (
        PICTURE,
        lambda: block(lambda m, x: F.relu(m.conv(x) * m.scale + m.shift), conv=_conv(3), **_affine(4, 1, 1)),
    ),
    "parameters-by-column": (
        PICTURE,
        lambda: block(lambda m, x: F.relu(m.conv(x) * m.scale + m.shift), conv=_conv(3), **_affine(4)),
    ),
    "parameters-by-place": (
        PICTURE,
        lambda: block(lambda m, x: F.relu(m.conv(x) * m.scale + m.shift), conv=_conv(3), **_affine(4, 4, 4)),
    ),
    "parameter-that-widens": (
        VECTOR,
        lambda: block(lambda m, x: torch.tanh(m.one(x) * m.scale) + m.shift, one=nn.Linear(4, 1), **_affine(3)),
    ),
    "shift-that-widens": (VECTOR, lambda: block(lambda m, x: m.one(x) + m.shift, one=nn.Linear(4, 1), **_affine(3))),
    # functions
    "functional-linear": (
        VECTOR,
        lambda: block(lambda m, x: F.linear(x, m.w, m.b), w=parameter(3, 4), b=parameter(3)),
    ),
    "functional-linear-no-bias": (VECTOR, lambda: block(lambda m, x: F.linear(x, m.w).relu(), w=parameter(3, 4))),
    "functional-linear-by-name": (
        VECTOR,
        lambda: block(lambda m, x: F.linear(x, m.w, bias=m.b), w=parameter(3, 4), b=parameter(3)),
    ),
    "functional-conv1d": (
        SEQUENCE,
        lambda: block(lambda m, x: F.conv1d(x, m.w, m.b, 2, 1), w=parameter(4, 3, 2), b=parameter(4)),
    ),
    "functional-conv2d": (
        PICTURE,
        lambda: block(
            lambda m, x: F.relu(F.conv2d(x, m.w, m.b, (2, 1), 1, 2, 2)), w=parameter(4, 1, 2, 2), b=parameter(4)
        ),
    ),
    "functional-conv2d-by-name": (
        PICTURE,
        lambda: block(
            lambda m, x: F.conv2d(x, m.w, bias=m.b, stride=2, padding=1).mean((2, 3)),
            w=parameter(4, 2, 3, 3),
            b=parameter(4),
        ),
    ),
    # activations in place
    "in-place-modules": (VECTOR, lambda: sequence(nn.Linear(4, 3), nn.ReLU(inplace=True), nn.SiLU(inplace=True))),
    "in-place-function": (
        VECTOR,
        lambda: block(lambda m, x: m.two(F.relu(m.one(x), inplace=True)), one=nn.Linear(4, 3), two=nn.Linear(3, 2)),
    ),
    "in-place-by-position": (
        VECTOR,
        lambda: block(lambda m, x: m.two(F.leaky_relu(m.one(x), 0.2, True)), one=nn.Linear(4, 3), two=nn.Linear(3, 2)),
    ),
    "result-unused": (
        VECTOR,
        lambda: block(lambda m, x: (m.one(x), m.two(x))[0].relu(), one=nn.Linear(4, 3), two=nn.Linear(4, 3)),
    ),
    "result-unused-before-normalisation": (
        VECTOR,
        lambda: block(lambda m, x: m.norm((m.one(x), m.two(x))[0]), **_two(), norm=nn.BatchNorm1d(3)),
    ),
}


def _two(width=4):
    return {"one": nn.Linear(4, 3), "two": nn.Linear(width, 3)}


def _affine(*shape):
    return {"scale": parameter(*shape), "shift": parameter(*shape, seed=32)}


def _in_place_sum(m, x):
    h = m.one(x)
    h += torch.tanh(m.two(x))
    h *= 2.5
    h -= 0.1
    return h


def readable(name):
    """The model of that name and an input for it."""
    shape, build = READABLE[name]
    return build(), draw(*shape, seed=40)


# The definitions, neuron by neuron.
