"""Functions that put numbers somewhere: into tensors of their own, through views, at places; each with its twin.

The twin computes the same without writing anywhere.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jet_cases import Case, constant
from torch import nn

aten = torch.ops.aten
F64 = torch.float64
FOUR = constant(4)


@dataclass(frozen=True)
class Pair:
    """A function that writes, and its twin; both ``(batch, 4)`` → ``(batch, …)``."""

    id: str
    f: Callable
    twin: Callable

    def cases(self):
        return Case(self.id, self.f), Case(self.id, self.twin)


def zeros(*shape):
    return torch.zeros(*shape, dtype=F64)


def added(z):
    return zeros(len(z), 4).add_(z * z).exp()


def columns(z):
    y = torch.empty(len(z), 3, dtype=F64)
    y[:, 0] = z[:, 1] * z[:, 2]
    y[:, 1:] = z[:, 2:].sin()
    y[:, 1] *= y[:, 0]
    return y


def through_a_view(z):
    """The view is made before anything was written, and the base is read after."""
    base = zeros(len(z), 2, 2)
    view = base.view(-1, 4)[:, 1:3]
    view.copy_(z[:, :2].exp())
    view.mul_(z[:, 2:])
    return base.transpose(1, 2).cos() + base


def seen_by_a_view(z):
    """What is written to the base is seen by a view from before, and by one of a view."""
    base = torch.ones(len(z), 4, dtype=F64)
    early = base.t()[1:]
    base += z * z
    early[0].mul_(2)
    return early.t().exp() * base[:, :3]


def seen_by_a_view_twin(z):
    base = 1 + z * z
    base = torch.cat([base[:, :1], 2 * base[:, 1:2], base[:, 2:]], 1)
    return base[:, 1:].exp() * base[:, :3]


def new_shape_in_place(z):
    y = zeros(len(z), 4)
    y += z
    y.unsqueeze_(1).transpose_(0, 1)
    y.squeeze_(0).mul_(z)
    return y.t_().exp().t()


def apart(z):
    """A copy from before keeps its numbers; a constant written over them is one."""
    y = zeros(len(z), 4)
    y.add_(z)
    kept = y.clone()
    y.mul_(z)
    y[:, 0].fill_(0.5)
    return kept.sin() * y


def loop(z):
    """A recurrence whose states are kept in a list and a tensor."""
    state, states = zeros(len(z)), zeros(len(z), 4)
    for t in range(4):
        state = (state * 0.5 + z[:, t]).tanh()
        states[:, t] = state
    return states * states.flip(1)


def loop_twin(z):
    states = [zeros(len(z))]
    for t in range(4):
        states.append((states[-1] * 0.5 + z[:, t]).tanh())
    joined = torch.stack(states[1:], 1)
    return joined * joined.flip(1)


def moved_into(z):
    """Into the numbers of another type's memory, in float32: series keep their digits."""
    y = torch.zeros(len(z), 4, dtype=torch.float32)
    y[:, :2] = z[:, 2:].to(torch.float32)
    y[:, 2:] = z[:, :2].to(torch.float32)
    return y.to(F64).exp()


def parameter_written(z):
    layer = nn.Parameter(zeros(len(z), 4), requires_grad=False)
    layer.data.add_(z.sin())
    return layer * z


def strided(z):
    y = z.exp().contiguous()
    windows = y.as_strided((len(z), 3, 2), (4, 1, 1))  # pairs of neighbours
    return windows.prod(-1)


def strided_and_written(z):
    y = z.exp()
    y.as_strided((len(z), 2), (4, 2), 1).mul_(z[:, :2])  # the second and the last
    return y


def strided_in_place(z):
    y = (z * z).clone()
    y.as_strided_((2, len(z), 2), (2, 4, 1))
    return y[0] * y[1].exp()


def put(z):
    rows, places = torch.arange(len(z)), torch.tensor([2, 0, 3])[: len(z)]
    y = z.exp()
    y[rows, places] = z[:, 0] * z[:, 1]
    return y * z


def put_twin(z):
    mask = torch.zeros(3, 4, dtype=torch.bool)
    mask[torch.arange(3), torch.tensor([2, 0, 3])] = True
    return torch.where(mask, (z[:, 0] * z[:, 1])[:, None], z.exp()) * z


TWICE = torch.tensor([1, 1, 3])  # a place that is written to twice: the last one stays, as on every CPU


def put_twice(z):
    y = zeros(len(z), 4)
    y[:, TWICE] = z[:, :3].exp()
    return y.cos() * z


def put_twice_twin(z):
    empty = zeros(len(z))
    return torch.stack([empty, z[:, 1].exp(), empty, z[:, 2].exp()], 1).cos() * z


def accumulated(z):
    y = z.sin()
    y.index_put_((torch.arange(3)[:, None], TWICE[None]), z[:, :3] * z[:, 1:], accumulate=True)
    return y * y


def accumulated_twin(z):
    given = z[:, :3] * z[:, 1:]
    return (z.sin() + given @ F.one_hot(TWICE, 4).to(F64)) ** 2


PLACES = torch.tensor([[3, 0, 1], [1, 2, 0], [0, 3, 2]])


def where_to(places):
    """A matrix for every row that takes its numbers to their places."""
    return F.one_hot(places, 4).to(F64)


def taken(given, places=PLACES):
    return (given[:, None] @ where_to(places))[:, 0]


def scattered(z):
    return z.scatter(1, PLACES, z[:, 1:].exp()).sin() * z


def scattered_twin(z):
    return torch.where(taken(torch.ones(3, 3, dtype=F64)) > 0, taken(z[:, 1:].exp()), z).sin() * z


MASK = torch.tensor([[True, False, True, False], [False, True, True, False], [True, True, False, False]])

PAIRS = [
    Pair("add_", added, lambda z: (z * z).exp()),
    Pair(
        "columns",
        columns,
        lambda z: torch.stack([z[:, 1] * z[:, 2], z[:, 2].sin() * z[:, 1] * z[:, 2], z[:, 3].sin()], 1),
    ),
    Pair(
        "view-then-base",
        through_a_view,
        lambda z: (lambda base: base.transpose(1, 2).cos() + base)(
            F.pad(z[:, :2].exp() * z[:, 2:], (1, 1)).view(-1, 2, 2)
        ),
    ),
    Pair("base-then-view", seen_by_a_view, seen_by_a_view_twin),
    Pair("new-shape", new_shape_in_place, lambda z: (z * z).exp()),
    Pair("apart", apart, lambda z: z.sin() * torch.cat([torch.full((len(z), 1), 0.5, dtype=F64), z[:, 1:] ** 2], 1)),
    Pair("loop", loop, loop_twin),
    Pair("parameter", parameter_written, lambda z: z.sin() * z),
    Pair("strided", strided, lambda z: z[:, :3].exp() * z[:, 1:].exp()),
    Pair(
        "strided-write",
        strided_and_written,
        lambda z: z.exp() * torch.stack([torch.ones_like(z[:, 0]), z[:, 0], torch.ones_like(z[:, 0]), z[:, 1]], 1),
    ),
    Pair("strided-in-place", strided_in_place, lambda z: z[:, :2] ** 2 * (z[:, 2:] ** 2).exp()),
    Pair("put", put, put_twin),
    Pair("put-twice", put_twice, put_twice_twin),
    Pair(
        "put-number",
        lambda z: z.exp().index_put((torch.tensor([0, 2]),), torch.tensor(0.25, dtype=F64)) * z,
        lambda z: torch.cat([0.25 * z[:1], z[1:2].exp() * z[1:2], 0.25 * z[2:]]),
    ),
    Pair(
        "put-mask",
        lambda z: zeros(3, 4).index_put((MASK,), z[:, :2].reshape(-1).exp()) + z.sin(),
        lambda z: (
            (z[:, :2].exp()[:, None] @ torch.stack([where_to(row.nonzero()[:, 0]) for row in MASK]))[:, 0] + z.sin()
        ),
    ),
    Pair("accumulate", accumulated, accumulated_twin),
    Pair(
        "flat-put",
        lambda z: aten.put(z.exp(), torch.tensor([0, 5]), z[0, :2] * 2) * z,
        lambda z: (
            torch.cat(
                [
                    torch.stack([2 * z[0, 0], *z[0, 1:].exp()])[None],
                    torch.stack([z[1, 0].exp(), 2 * z[0, 1], *z[1, 2:].exp()])[None],
                    z[2:].exp(),
                ]
            )
            * z
        ),
    ),
    Pair(
        "flat-put-added",
        lambda z: aten.put(z.exp(), torch.tensor([0, 0]), z[0, :2] * z[1, :2], True) * z,
        lambda z: (z.exp() + F.pad((z[0, :2] * z[1, :2]).sum().reshape(1, 1), (0, 3, 0, 2))) * z,
    ),
    Pair("scatter", scattered, scattered_twin),
    Pair(
        "scatter_", lambda z: zeros(3, 4).scatter_(1, PLACES, z[:, 1:].exp()) * z, lambda z: taken(z[:, 1:].exp()) * z
    ),
    Pair(
        "scatter-number",
        lambda z: z.scatter(1, PLACES, 0.75).exp() * z,
        lambda z: torch.where(taken(torch.ones(3, 3, dtype=F64)) > 0, 0.75, z).exp() * z,
    ),
    Pair(
        "scatter-add-number",
        lambda z: z.exp().scatter(1, PLACES, 0.75, reduce="add") ** 2,
        lambda z: (z.exp() + 0.75 * taken(torch.ones(3, 3, dtype=F64))) ** 2,
    ),
    Pair(
        "scatter_add",
        lambda z: z.scatter_add(1, TWICE.expand(3, 3), z[:, 1:].exp()).sin(),
        lambda z: (z + taken(z[:, 1:].exp(), TWICE.expand(3, 3))).sin(),
    ),
    Pair(
        "scatter_add_",
        lambda z: zeros(3, 4).scatter_add_(1, TWICE.expand(3, 3), z[:, 1:].exp()) * z,
        lambda z: (taken(z[:, 1:].exp(), TWICE.expand(3, 3))) * z,
    ),
    Pair(
        "scatter-mean",
        lambda z: z.scatter_reduce(1, TWICE.expand(3, 3), z[:, 1:].exp(), "mean").sin(),
        lambda z: ((z + taken(z[:, 1:].exp(), TWICE.expand(3, 3))) / torch.tensor([1.0, 3.0, 1.0, 2.0])).sin(),
    ),
    Pair(
        "index_add",
        lambda z: z.index_add(1, TWICE, z[:, 1:].exp(), alpha=-2).sin(),
        lambda z: (z - 2 * taken(z[:, 1:].exp(), TWICE.expand(3, 3))).sin(),
    ),
    Pair(
        "index_copy",
        lambda z: z.index_copy(1, torch.tensor([3, 1]), z[:, :2] * z[:, 1:3]).exp(),
        lambda z: torch.stack([z[:, 0], z[:, 1] * z[:, 2], z[:, 2], z[:, 0] * z[:, 1]], 1).exp(),
    ),
    Pair(
        "index_fill",
        lambda z: z.index_fill(1, torch.tensor([2]), 0.5).exp() * z,
        lambda z: torch.cat([z[:, :2], torch.full((3, 1), 0.5, dtype=F64), z[:, 3:]], 1).exp() * z,
    ),
    Pair(
        "index_fill-series",
        lambda z: zeros(3, 4).index_fill_(1, torch.tensor([2]), z[0, 0] * z[0, 1]) * z,
        lambda z: torch.stack([zeros(3), zeros(3), z[0, 0] * z[0, 1] * z[:, 2], zeros(3)], 1),
    ),
    Pair(
        "masked_scatter",
        lambda z: z.masked_scatter(MASK, z[:, :2].exp()).sin() * z,
        lambda z: (
            torch.where(
                MASK, (z[:, :2].exp()[:, None] @ torch.stack([where_to(r.nonzero()[:, 0]) for r in MASK]))[:, 0], z
            ).sin()
            * z
        ),
    ),
    Pair(
        "select_scatter",
        lambda z: z.select_scatter(z[:, 0] * z[:, 1], 1, 2).exp(),
        lambda z: torch.stack([z[:, 0], z[:, 1], z[:, 0] * z[:, 1], z[:, 3]], 1).exp(),
    ),
    Pair(
        "slice_scatter",
        lambda z: z.slice_scatter(z[:, :2].exp(), 1, 0, 4, 2).sin() * z,
        lambda z: torch.stack([z[:, 0].exp(), z[:, 1], z[:, 1].exp(), z[:, 3]], 1).sin() * z,
    ),
    Pair(
        "diagonal_scatter",
        lambda z: z.view(3, 2, 2).diagonal_scatter(z[:, 2:].exp(), 0, 1, 2).sin(),
        lambda z: torch.stack([z[:, 2].exp(), z[:, 1], z[:, 2], z[:, 3].exp()], 1).sin(),
    ),
    Pair("diagonal", lambda z: z.view(3, 2, 2).diagonal(0, 1, 2).exp(), lambda z: z[:, [0, 3]].exp()),
    Pair(
        "diagonal-write",
        lambda z: (lambda y: (y.diagonal(0, 1, 2).mul_(z[:, :2]), y)[1])(z.view(3, 2, 2).exp()),
        lambda z: z.exp() * torch.stack([z[:, 0], torch.ones_like(z[:, 0]), torch.ones_like(z[:, 0]), z[:, 1]], 1),
    ),
    Pair(
        "diag_embed",
        lambda z: (z[:, :2] * z[:, 2:]).diag_embed().exp(),
        lambda z: ((z[:, :2] * z[:, 2:])[:, :, None] * torch.eye(2, dtype=F64)).exp(),
    ),
    Pair("unfold", lambda z: z.unfold(1, 2, 1).prod(-1).exp(), lambda z: (z[:, :3] * z[:, 1:]).exp()),
    Pair("float32-memory", moved_into, lambda z: torch.cat([z[:, 2:], z[:, :2]], 1).exp()),
    Pair("empty-joined", lambda z: torch.cat([torch.tensor([], dtype=F64), z.exp()], 0), lambda z: z.exp()),
    Pair("addcdiv", lambda z: torch.addcdiv(z, z.exp(), z + 3, value=0.5), lambda z: z + 0.5 * z.exp() / (z + 3)),
    Pair(
        "lerp",
        lambda z: torch.lerp(z, z.exp(), 0.25) * torch.lerp(z.sin(), FOUR, z),
        lambda z: (0.75 * z + 0.25 * z.exp()) * (z.sin() * (1 - z) + FOUR * z),
    ),
    Pair("glu", lambda z: F.glu(z, 1).exp(), lambda z: (z[:, :2] / (1 + (-z[:, 2:]).exp())).exp()),
    Pair("hardswish", lambda z: F.hardswish(z * 2).exp(), lambda z: (2 * z * (2 * z + 3) / 6).exp()),
    Pair("hardsigmoid", lambda z: F.hardsigmoid(z * 2).exp() * z, lambda z: ((2 * z + 3) / 6).exp() * z),
]


def enlarged(mode, shape, size):
    return Case(f"interpolate-{mode}", lambda z: F.interpolate(z.view(3, 1, *shape), size=size, mode=mode).exp())


def surrounded(mode, shape, pad):
    return Case(f"pad{len(shape)}d-{mode}", lambda z: F.pad(z.view(3, 1, *shape), pad, mode=mode).exp())


LINEAR = [
    enlarged("nearest", (4,), 7),
    enlarged("linear", (4,), 7),
    enlarged("bilinear", (2, 2), (3, 4)),
    enlarged("bicubic", (2, 2), (3, 4)),
    *(
        surrounded(mode, shape, pad)
        for mode in ("reflect", "replicate")
        for shape, pad in (((4,), (2, 1)), ((2, 2), (1, 0, 1, 1)))
    ),
]
