"""Functions with a rule for jets, each run in the middle of one of its branches."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from decompositions.series.jets.jets import jets

aten = torch.ops.aten
DEGREE = 5
STEPS = (0.2, 0.1, 0.05)
BESIDE: set = set()  # rules that ran while the cases below did


@dataclass(frozen=True)
class Case:
    """A function of inputs ``(batch, *shape)``, run in the middle of one of its branches."""

    id: str
    f: Callable
    shape: tuple[int, ...] = (4,)
    low: float = -0.6
    high: float = 0.6

    def start(self):
        generator = torch.Generator().manual_seed(len(self.id))
        return self.low + (self.high - self.low) * torch.rand(3, *self.shape, generator=generator, dtype=torch.float64)

    def slope(self):
        generator = torch.Generator().manual_seed(100 + len(self.id))
        return torch.rand(3, *self.shape, generator=generator, dtype=torch.float64) - 0.5

    def __call__(self, inputs):
        result = self.f(inputs)
        return result if result.ndim == 1 else mixed(result)


def mixed(result):
    """All entries of a result in one number, each with its own weight, so that none can hide behind another."""
    flat = result.reshape(len(result), -1)
    weights = torch.linspace(-1.0, 1.3, flat.shape[1], dtype=torch.float64).cos()
    return (flat * weights).sum(1)


def module(build, seed=0):
    """A module in float64, in eval mode, its parameters random, its running statistics, too."""
    torch.manual_seed(seed)
    built = build().double().eval()
    for name, buffer in built.named_buffers():
        if buffer.is_floating_point():
            buffer.uniform_(0.5, 1.5) if "var" in name else buffer.uniform_(-0.5, 0.5)
    for parameter in built.parameters():
        if parameter.ndim == 1:
            nn.init.uniform_(parameter, 0.2, 1.2)
    return built.requires_grad_(False)


def constant(*shape, seed=3, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def net(build, shape=(4,), after=torch.tanh, name=None, **settings):
    """A module followed by a bend, so that its own mistakes do not stay linear."""
    built = module(build)
    return Case(name or str(built).split("(")[0], lambda z: after(built(z)), shape, **settings)


def attention(weights, **settings):
    built = module(lambda: nn.MultiheadAttention(4, 2, batch_first=True))
    return lambda z: built(z, z * 0.5, z.flip(1), need_weights=weights, **settings)[0].tanh()


def written(work):
    """A function that works in place on a copy of its input and goes on with the copy."""

    def f(z):
        y = z * 1.5
        work(y, z)
        return (y * z.roll(1, 1)).exp() + y

    return f


class Twice(nn.Module):
    """One layer used three times, with a loop, a constant in float32 and a residual sum."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.scale = torch.tensor([0.5, 0.25, 0.125, 1.0], dtype=torch.float32)

    def forward(self, z):
        for _ in range(3):
            z = z + torch.tanh(self.layer(z)) * self.scale
        return z


def replaced(y, z):
    y[:, 0] = z[:, 1] ** 2


def increased(y, z):
    y[:, 0] += y[:, 1] * z[:, 2]


def overlapping(y, z):
    y[:, 1:] = y[:, :-1].sin()


def row_of_constants(y, z):
    y[:, 1:3] = torch.tensor([0.25, -0.5])


IN_PLACE = {
    "view-mul_": lambda y, z: y.view(-1).mul_(2),
    "view-view": lambda y, z: y.view(3, 2, 2)[:, 0].view(3, 2).exp_(),
    "increased-column": increased,
    "replaced-column": replaced,
    "overlapping-columns": overlapping,
    "row-of-constants": row_of_constants,
    "number": lambda y, z: y.__setitem__((slice(None), 2), 0.5),
    "zero_": lambda y, z: y[:, 1].zero_(),
    "fill_": lambda y, z: y[:, 1].fill_(0.25),
    "fill_-tensor": lambda y, z: y[:, 1].fill_(torch.tensor(0.25)),
    "relu_-on-a-view": lambda y, z: (y + 0)[:, :2].relu_(),
    "relu_-through-a-view": lambda y, z: y[:, :2].relu_(),
    "transposed-add_": lambda y, z: y.t().add_(constant(4, 1)),
    "add_-alpha": lambda y, z: y.add_(z * z, alpha=-0.5),
    "sub_": lambda y, z: y.sub_(z * z),
    "div_": lambda y, z: y.div_(z + 3),
    "itself": lambda y, z: y.mul_(y),
    "tanh_": lambda y, z: y[:, 1:].tanh_(),
    "masked_fill_": lambda y, z: y.masked_fill_(torch.tensor([True, False, False, True]), 0.3),
    "clamp_": lambda y, z: y.clamp_(min=-50.0),
    "permuted": lambda y, z: y.view(3, 2, 2).permute(0, 2, 1).mul_(torch.tensor([1.0, 2.0])),
    "unbound": lambda y, z: y.unbind(1)[2].square_(),
    "split": lambda y, z: y.split(2, 1)[1].mul_(3),
    "addcmul_": lambda y, z: y.addcmul_(z, z, value=0.5),
    "expanded-source": lambda y, z: y.copy_(z[:, :1].expand(3, 4)),
    "clone-apart": lambda y, z: y.clone().mul_(7),
}


def new_shape(z):
    y = (z * z).view(-1, 2, 2).sin()
    y.transpose_(1, 2)
    y.unsqueeze_(1)
    return (y.squeeze_(1) * torch.tensor([[1.0, 2.0], [3.0, 4.0]])).exp()


def buffers(z):
    """Tensors made like the input and written into."""
    a, b, c = torch.zeros_like(z), z.new_zeros(len(z), 2), torch.empty_like(z)
    a[:, 1] = z[:, 0] ** 2
    b += z[:, 1:3]
    c.copy_(z * z)
    return torch.cat([a, b.exp(), c], 1).cos()


def masks(z):
    scores = (z[:, :, None] * z[:, None]).masked_fill(torch.ones(4, 4).triu(1).bool(), -torch.inf)
    return scores.softmax(-1)


def added_mask(z):
    mask = torch.zeros(4, 4).masked_fill(torch.ones(4, 4).triu(1).bool(), -torch.inf)
    return (z[:, :, None] * z[:, None] + mask).softmax(-1)


def sdpa(z, **settings):
    return F.scaled_dot_product_attention(z[:, None], z[:, None].sin(), z[:, None] ** 2, **settings)


def first_row_masked(z):
    mask = torch.ones(4, 4, dtype=torch.bool)
    mask[0] = False
    return sdpa(z.view(-1, 4, 1) * torch.tensor([1.0, -0.5]), attn_mask=mask)


def apart(indices, z):
    """Indices with a slice between them, whose result torch puts first."""
    return (z.view(-1, 2, 2)[indices[0], :, indices[1]]).exp()


ABOVE = {"low": 0.3, "high": 0.9}
BELOW = {"low": -0.9, "high": -0.3}
MODULES = [
    net(lambda: nn.Linear(4, 3)),
    net(lambda: nn.Linear(4, 3, bias=False), name="Linear-bare"),
    net(lambda: nn.Linear(4, 3), (2, 4), name="Linear-3d"),
    net(lambda: nn.Linear(4, 3, bias=False), (2, 4), name="Linear-3d-bare"),
    net(lambda: nn.Linear(4, 3), (2, 3, 4), name="Linear-4d"),
    net(lambda: nn.Conv1d(2, 4, 3, stride=2, padding=1, groups=2), (2, 7)),
    net(lambda: nn.Conv2d(2, 3, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2)), (2, 6, 5)),
    net(lambda: nn.Conv2d(4, 4, 3, groups=4, bias=False), (4, 4, 4), name="Conv2d-depthwise"),
    net(lambda: nn.Conv3d(1, 2, 2), (1, 3, 3, 3)),
    net(lambda: nn.ConvTranspose2d(2, 3, 2, stride=2), (2, 3, 3)),
    net(lambda: nn.BatchNorm1d(4)),
    net(lambda: nn.BatchNorm1d(2, affine=False), (2, 5), name="BatchNorm1d-3d"),
    net(lambda: nn.BatchNorm2d(2), (2, 3, 3)),
    net(lambda: nn.LayerNorm(4)),
    net(lambda: nn.LayerNorm((2, 4), elementwise_affine=False), (3, 2, 4), name="LayerNorm-two-axes"),
    net(lambda: nn.GroupNorm(2, 4), (4, 3)),
    net(lambda: nn.RMSNorm(4)),
    *(net(each, after=torch.sin) for each in (nn.Tanh, nn.Sigmoid, nn.SiLU, nn.Mish, nn.LogSigmoid, nn.Softsign)),
    net(lambda: nn.Softplus(beta=3.0)),
    net(lambda: nn.Softplus(beta=40.0), name="Softplus-threshold", low=0.8, high=1.2),
    net(nn.GELU, after=torch.sin),
    net(lambda: nn.GELU("tanh"), after=torch.sin, name="GELU-tanh"),
    *(
        Case(f"{each.__name__}-{side}", lambda z, bend=each: (bend()(z).sin() + z) * z, **where)
        for each in (nn.ELU, nn.SELU, nn.CELU, nn.LeakyReLU, nn.ReLU, nn.Hardtanh, nn.ReLU6)
        for side, where in (("above", ABOVE), ("below", BELOW))
    ),
    net(lambda: nn.CELU(0.3), after=torch.sin, name="CELU-alpha", **BELOW),
    net(lambda: nn.ELU(0.3), after=torch.sin, name="ELU-alpha", **BELOW),
    Case("hardtanh-cut", lambda z: F.hardtanh(z, -2.0, 0.1) * z.exp(), **ABOVE),
    net(lambda: nn.Softmax(1)),
    net(lambda: nn.LogSoftmax(1)),
    net(lambda: nn.Softmin(1)),
    net(lambda: nn.AvgPool1d(2), (2, 6)),
    net(lambda: nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False), (1, 5, 5)),
    net(lambda: nn.AvgPool3d(2), (1, 4, 4, 4)),
    net(lambda: nn.AdaptiveAvgPool1d(2), (2, 5)),
    net(lambda: nn.AdaptiveAvgPool2d(1), (2, 4, 4), name="AdaptiveAvgPool2d-1"),
    net(lambda: nn.AdaptiveAvgPool2d((2, 3)), (2, 5, 5)),
    net(lambda: nn.AdaptiveAvgPool3d(2), (1, 3, 3, 3)),
    net(lambda: nn.MaxPool1d(2), (1, 6), low=-9.0, high=9.0),
    net(lambda: nn.MaxPool2d(2, stride=1), (2, 3, 3), low=-9.0, high=9.0, after=lambda u: (u / 9).tanh()),
    net(lambda: nn.Upsample(scale_factor=2), (1, 2, 3)),
    net(lambda: nn.Unfold(2), (2, 3, 3)),
    net(lambda: nn.ZeroPad2d(1), (1, 2, 2)),
    net(Twice),
    net(lambda: nn.TransformerEncoderLayer(4, 2, 8, 0.0, "gelu", batch_first=True), (3, 4)),
    net(
        lambda: nn.TransformerEncoderLayer(4, 2, 8, 0.0, "gelu", batch_first=True, norm_first=True),
        (3, 4),
        name="TransformerEncoderLayer-norm-first",
    ),
    Case("MultiheadAttention-weights", attention(True), (3, 4)),
    Case("MultiheadAttention-no-weights", attention(False), (3, 4)),
    Case("MultiheadAttention-mask", attention(False, attn_mask=torch.ones(3, 3).triu(1).bool()), (3, 4)),
    Case("attention", lambda z: sdpa(z), (3, 2)),
    Case("attention-causal", lambda z: sdpa(z, is_causal=True), (3, 2)),
    Case("attention-empty-row", first_row_masked),
]
FUNCTIONS = [
    Case("exp-log", lambda z: (z + 2).log() * z.exp()),
    Case("log1p-expm1", lambda z: z.log1p() * z.expm1()),
    Case("circle", lambda z: z.sin() * z.cos() + z.tan()),
    Case("hyperbola", lambda z: z.sinh() * z.cosh()),
    Case("atan-erf", lambda z: z.atan() + z.erf() * z),
    Case("square", lambda z: z.square().exp()),
    Case("roots", lambda z: (z + 2).sqrt() + (z + 2).rsqrt() + (z + 2).reciprocal()),
    Case("quotient", lambda z: z[:, :2] / (z[:, 2:] + 3) + 2 / (z[:, 2:] + 3)),
    Case("quotient-by-whole-numbers", lambda z: (z / torch.tensor([3, 7, 11, 13])).exp()),
    Case("powers", lambda z: z**3 + z**0 + (z + 2) ** -1.5 + z**17),
    Case("powers-of-numbers", lambda z: 2**z + torch.tensor([1.5, 2.0, 0.5, 3.0], dtype=torch.float64) ** z),
    Case("power-of-series", lambda z: (z + 2) ** z + (z + 2) ** torch.tensor(2.5)),
    Case("sums", lambda z: torch.add(z, z * z, alpha=2) - torch.sub(1, z, alpha=3) + (0.5 - z) * z),
    Case("rsub", lambda z: torch.rsub(z * z, 1, alpha=3).exp()),
    Case("neg", lambda z: (-z).exp()),
    Case("addcmul", lambda z: torch.addcmul(z, z, z.exp(), value=0.5)),
    Case("means", lambda z: torch.stack([z.mean(1), z.sum(1), z.exp().mean(-1), (z * z).sum((1,))], 1).exp()),
    Case("mean-of-all", lambda z: z * (z * z).mean() + z.sum(dim=()) + z.exp().sum()),
    Case("prod", lambda z: z.prod(1) + (z + 1).prod(1, keepdim=True).exp()[:, 0]),
    Case("var", lambda z: z.var(1) + z.var(1, unbiased=False) * z[:, 0]),
    Case("var-of-all", lambda z: z * z.exp().var()),
    Case("norm", lambda z: z.norm(dim=1) + F.normalize(z, dim=1)[:, 1], **ABOVE),
    Case("mm", lambda z: z @ z.t() @ z),
    Case("mm-constant", lambda z: constant(3, 3) @ (z * z) @ constant(4, 2)),
    Case("mv", lambda z: (z @ constant(4)).exp()),
    Case("mv-constant", lambda z: constant(3, 4) @ z[0].exp()),
    Case("dot", lambda z: torch.stack([row @ row.exp() for row in z])),
    Case("row-times-matrix", lambda z: torch.stack([constant(4) @ (constant(4, 2) * row.exp()[:, None]) for row in z])),
    Case("bmm", lambda z: (z[:, :, None] * z[:, None]) @ z[:, :, None]),
    Case("bmm-constant", lambda z: torch.bmm(constant(3, 2, 4), z[:, :, None]).exp()),
    Case("addmm", lambda z: torch.addmm(z, z @ z.t(), z, beta=0.5, alpha=2)),
    Case("addmm-constant", lambda z: torch.addmm(z, constant(3, 3), constant(3, 4), alpha=2).exp()),
    Case("addmm-bias", lambda z: torch.addmm(constant(4), z, constant(4, 4), beta=2, alpha=3).exp()),
    Case("baddbmm", lambda z: torch.baddbmm(constant(3, 1, 1), z[:, None], z.exp()[:, :, None], alpha=2)),
    Case("einsum", lambda z: torch.einsum("bi,ij,bj->b", z, constant(4, 4), z.exp())),
    Case("cat", lambda z: torch.cat([z * z, constant(3, 2), z.exp()], -1)),
    Case("stack", lambda z: torch.stack([z, constant(3, 4), z.exp()], 1).sin()),
    Case("stack-last", lambda z: torch.stack([z, z.exp()], -1).prod(-1)),
    Case("expand", lambda z: (z[:, None].expand(-1, 2, -1) * z[:, :2, None]).exp()),
    Case("repeat", lambda z: (z.repeat(1, 2) * z.repeat_interleave(2, 1)).exp()),
    Case("views", lambda z: z.view(-1, 2, 2).transpose(1, 2).reshape(-1, 4).roll(1, 1) * z),
    Case("permute", lambda z: (z.view(-1, 2, 2, 1).permute(0, -1, 2, 1).squeeze() * z.view(-1, 2, 2)).exp()),
    Case("squeeze", lambda z: (z[:, None, :, None].squeeze((1, 3)) * z.unsqueeze(-1).squeeze(-1)).exp()),
    Case("flip", lambda z: z.flip(1, 0).exp() * z.flip(-1)),
    Case("roll-flat", lambda z: z.roll(1).exp() * z.roll((1, 1), (0, 1))),
    Case("cumsum", lambda z: z.cumsum(1).exp()),
    Case("triangles", lambda z: (z[:, :, None] * z[:, None]).tril(-1).exp() + (z[:, :, None] * z[:, None]).triu()),
    Case("select", lambda z: torch.stack([z[:, 0] * z[:, -1], z[:, 1:3].prod(1), z[:, ::2].exp().sum(1)], 1)),
    Case("index", lambda z: z[:, [3, 0, 0]].exp() * z[torch.tensor([2, 0, 1])][:, 1:]),
    Case("index-mask", lambda z: z[:, torch.tensor([True, False, True, True])].exp()),
    Case("index-apart", lambda z: apart((torch.tensor([0, 1, 2]), torch.tensor([1, 0, 1])), z)),
    Case("index_select", lambda z: z.index_select(1, torch.tensor([3, 1])).exp()),
    Case("gather", lambda z: z.gather(1, torch.tensor([[0, 3], [1, 1], [2, 0]])).exp()),
    Case("parts", lambda z: z.unbind(1)[2] * z.split(3, 1)[0].exp().sum(1) * z.split([1, 3], 1)[1].sum(1)),
    Case("chunks", lambda z: z.chunk(2, 1)[1] * torch.unsafe_chunk(z, 2, 1)[0].exp()),
    Case("unsafe-split", lambda z: aten.unsafe_split_with_sizes(z, [1, 3], 1)[1].exp()),
    Case("pad", lambda z: F.pad(z, (1, 2), value=0.5).exp()),
    Case("ones", lambda z: z.exp() * torch.ones_like(z) * 2 + z.new_ones(4) + torch.full_like(z, 3) * z),
    Case("new-full", lambda z: (z * z.new_full((4,), 2.5)).exp()),
    Case("zeros", lambda z: torch.where(torch.zeros_like(z, dtype=torch.bool), z, z.exp())),
    Case("detach", lambda z: z.detach() * z.exp()),
    Case("clone", lambda z: z.clone().exp() * z.contiguous()),
    Case("buffers", buffers),
    Case("new-shape-in-place", new_shape),
    Case("masked-softmax", masks),
    Case("added-mask", added_mask),
    Case("logsumexp", lambda z: z.logsumexp(1) + z.exp().logsumexp(-1, keepdim=True)[:, 0]),
    Case("abs", lambda z: z.abs() ** 3, **BELOW),
    Case("clamp", lambda z: z.clamp(-2, 3).exp() + z.clamp(min=0.2).exp() + z.clamp(max=0.1).exp(), low=0.4, high=0.6),
    Case("clamp-one-side", lambda z: z.clamp_min(0.2).exp() * torch.clamp_max(z, 5.0), low=0.4, high=0.6),
    Case("clamp-by-tensors", lambda z: z.clamp(torch.tensor(-2.0), torch.full((4,), 0.125)).exp() * z, **ABOVE),
    Case("extremes", lambda z: torch.maximum(z, z - 1).exp() + torch.minimum(z, z + 1) ** 2),
    Case(
        "extremes-of-numbers",
        lambda z: torch.maximum(z, torch.tensor(-5.0)).exp() * torch.minimum(z, torch.tensor(9.0)),
    ),
    Case("winners", lambda z: (z + 9 * torch.arange(4)).max(1).values / 9 * (z - torch.arange(4)).amin(1)),
    Case("losers", lambda z: (z + 9 * torch.arange(4)).amax(-1, True)[:, 0] * (z + torch.arange(4) * 3).min(1)[0] / 9),
    Case("where", lambda z: torch.where(torch.tensor([True, False, True, False]), z.exp(), 0.1) * z),
    Case("where-more-axes", lambda z: torch.where(torch.ones(1, 1, 1, dtype=torch.bool), z.exp(), 0.5)[0]),
    Case("compared", lambda z: torch.where((z > -5) & (z < 5) & (z >= -6) & (z <= 6), z.exp(), z) * (z != 7)),
    Case("equal", lambda z: z.exp() * (z == z) + z.masked_fill(z == 8, 0.0)),
    Case("steps", lambda z: (z + 0.5).int() * z.exp() + (z > -3).to(torch.float64), low=0.6, high=1.2),
    *(Case(f"in-place-{name}", written(work), **ABOVE) for name, work in IN_PLACE.items()),
    # operations that a model of today reaches by other ones
    Case("aten-t", lambda z: aten.t(z).exp().t()),
    Case("aten-celu", lambda z: aten.celu(z, 0.3).exp(), **BELOW),
    Case("aten-elu", lambda z: aten.elu(z, 0.7, 1.1, 2.0).exp(), **BELOW),
    Case("aten-square", lambda z: aten.square(z).exp()),
    Case("aten-alias", lambda z: aten.alias(aten.lift_fresh(z)).exp()),
    Case("aten-reshape", lambda z: aten.reshape(z, [-1, 2, 2]).exp()),
    Case("aten-view", lambda z: aten._unsafe_view(z, [3, 2, 2]).exp()),
]
CASES = [*MODULES, *FUNCTIONS]
BY_ID = {case.id: case for case in CASES}


def modules_of(case):
    cells = [cell.cell_contents for cell in case.f.__closure__ or ()]
    return [cell for cell in cells if isinstance(cell, nn.Module)]


def errors(f, start, slope, degree=DEGREE, steps=STEPS):
    """How far the polynomial is from the function, at the end of each interval and on both sides."""
    a = jets(f, start, slope, degree)
    assert a.shape == (degree + 1, len(start))
    found = []
    for step in steps:
        misses = [sum(a[k] * s**k for k in range(degree + 1)) - f(start + s * slope) for s in (step, -step, 0.7 * step)]
        found.append(max(float(miss.abs().max()) for miss in misses))
    return found, float(a.abs().max())
