"""What was there before a call is as it was after it, and after an error or an interruption in the middle of it."""

import random
from collections import deque
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from cases import SIGNALS
from torch import nn

from synergy import METHODS, Game, compare, harsanyi, harsanyi_all, measure, method, taylor

STAGE = SimpleNamespace(calls=0, fails_at=None, error=None)  # outside the model, whose own attributes are put back


class Busy(nn.Module):
    """A network that counts, remembers, draws, and writes into a buffer, none of which changes its answer."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 2, 2), nn.BatchNorm2d(2), nn.ReLU(inplace=True), nn.MaxPool2d(2, stride=1), nn.Flatten()
        )
        self.head = nn.Linear(2, 2)
        self.register_buffer("runs", torch.zeros(()))
        self.seen, self.log, self.kept = None, [], {"last": None}
        self.array, self.nested, self.queue = np.zeros(2), [[0], {"n": [0]}], deque([0], maxlen=5)
        self.thing, self.tensors = SimpleNamespace(count=0, inner=SimpleNamespace(count=0)), [torch.zeros(1)]

    def forward(self, z):
        STAGE.calls += 1
        if STAGE.calls == STAGE.fails_at:
            raise STAGE.error
        self.runs += 1
        self.seen = z
        self.log.append(len(z))
        self.kept["last"] = z
        self.array += 1
        self.nested[0][0] += 1
        self.nested[1]["n"][0] += 1
        self.queue.append(len(z))
        self.thing.count += 1
        self.thing.inner.count += 1
        self.tensors[0] += 1
        torch.rand(2), np.random.rand(), random.random()  # noqa: NPY002  # drawn for nothing
        return self.head(self.body(z))


def network():
    torch.manual_seed(0)
    model = Busy().eval().double()
    model.head.bias.requires_grad_(False)
    model.body[0].weight.grad = torch.ones_like(model.body[0].weight)
    model.head.register_forward_hook(lambda module, args, output: None)
    model.body[2].register_forward_pre_hook(lambda module, args: None)
    return model


MODEL = network()
X, BASELINE = torch.randn(1, 1, 3, 3, dtype=torch.float64), torch.zeros(1, 1, 3, 3, dtype=torch.float64)
X.requires_grad_()
PLAYERS = torch.tensor([[0, 0, 1], [2, 2, 1], [2, 3, 3]])


def build(target=0):
    return Game.from_model(MODEL, X, BASELINE, target=target, players=PLAYERS)


GAME = build()
OTHER = build(1)
ENTRIES = {
    "from_model": build,
    "harsanyi": lambda: harsanyi(GAME),
    "order": lambda: harsanyi(GAME, order=2),
    "all": lambda: harsanyi_all([GAME, OTHER]),
    "taylor": lambda: taylor(GAME, 2, smooth=5.0),
    "compare": lambda: compare(GAME, ["shapley", "lrp_epsilon", "integrated_gradients"]),
    "game": lambda: GAME([[1, 1, 0, 0.5]]),
    "gradient": lambda: GAME.gradient([[1, 1, 0, 0.5]]),
    **{f"{name}, attribution": lambda name=name: method(name).attribute(GAME) for name in METHODS},
    **{f"{name}, policy": lambda name=name: method(name).policy(GAME) for name in METHODS if name not in SIGNALS},
    **{f"{name}, measured": lambda name=name: measure(name, GAME) for name in METHODS},
}


def as_it_is():
    """All that a call could leave something in, in values that compare."""
    modules = dict(MODEL.named_modules())
    tensors = {**dict(MODEL.named_parameters()), **dict(MODEL.named_buffers())}
    return {
        "numbers": {name: (id(each), each.tolist()) for name, each in tensors.items()},
        "requires_grad": {name: each.requires_grad for name, each in tensors.items()},
        "grads": {name: (id(each.grad), each.grad.tolist()) for name, each in tensors.items() if each.grad is not None},
        "attributes": {name: {key: id(value) for key, value in vars(each).items()} for name, each in modules.items()},
        "contents": (list(MODEL.log), dict(MODEL.kept), MODEL.seen, MODEL.array.tolist(), list(MODEL.queue)),
        "deeper": (repr(MODEL.nested), repr(MODEL.thing), repr(MODEL.tensors)),
        "hooks": {name: (*each._forward_hooks, *each._forward_pre_hooks) for name, each in modules.items()},
        "training": {name: each.training for name, each in modules.items()},
        "x": (X.tolist(), X.requires_grad, X.grad, BASELINE.tolist(), BASELINE.requires_grad, PLAYERS.tolist()),
        "random": (torch.get_rng_state().tolist(), random.getstate(), repr(np.random.get_state())),  # noqa: NPY002
        "torch": (
            torch.get_default_dtype(), torch.is_grad_enabled(), torch.is_inference_mode_enabled(),
            torch.get_num_threads(),
            torch.are_deterministic_algorithms_enabled(), torch.get_float32_matmul_precision(),
            torch.backends.cudnn.allow_tf32, torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic,
            torch.backends.cudnn.enabled,
        ),
        "patched": (nn.Module.__call__, nn.Module.__getattr__, nn.Module.__setattr__, nn.functional.relu, torch.relu),
        "numpy": repr(np.geterr()),
    }  # fmt: skip


def run(entry, fails_at=None, error=None):
    """What an entry does, with an error in one of the model's calls; the number of calls."""
    STAGE.calls, STAGE.fails_at, STAGE.error = 0, fails_at, error
    try:
        ENTRIES[entry]()
    except (ValueError, TypeError, RuntimeError, KeyboardInterrupt):
        pass
    finally:
        STAGE.fails_at = None
    return STAGE.calls


@pytest.mark.parametrize("entry", ENTRIES)
def test_nothing_is_left_behind(entry):
    before = as_it_is()
    run(entry)
    assert as_it_is() == before


@pytest.mark.parametrize("error", [RuntimeError("broken"), ValueError("odd"), KeyboardInterrupt()], ids=repr)
@pytest.mark.parametrize("entry", ENTRIES)
def test_nothing_is_left_behind_by_an_error(entry, error):
    calls = run(entry)
    before = as_it_is()
    for fails_at in {1, (calls + 1) // 2, calls} - {0}:
        run(entry, fails_at, error)
        assert as_it_is() == before, f"call {fails_at} of {calls} failed"
