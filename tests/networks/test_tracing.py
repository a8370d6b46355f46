"""Reading a network leaves it, its surroundings and other threads alone."""

import operator
import threading
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from cases import close, draw
from layer_cases import block, parameter, seeded, sequence
from torch import fx, nn

from decompositions.evaluation.prefix.prefix import shared_prefix
from decompositions.models.own_copy import OwnCopy
from decompositions.networks.graph import trace
from decompositions.networks.reading.tracing import network
from synergy import Game, harsanyi, method
from synergy.algorithms.path import piecewise

SEEN = []
READING = ["deeplift_rescale", "deeplift_reveal_cancel", "lrp_epsilon", "deep_shap", "integrated_gradients"]


class Remembering(nn.Module):
    """Keeps what it sees in a buffer, in attributes, in a list, in an object and in a module of its own."""

    def __init__(self, fails=False):
        super().__init__()
        self.a, self.b, self.inner, self.fails = nn.Linear(4, 5), nn.Linear(5, 1), nn.Sequential(nn.ReLU()), fails
        self.register_buffer("last", torch.zeros(1, 5))
        self.register_buffer("count", torch.zeros(()))
        self.seen, self.log, self.keeper = None, [], Keeper()

    def forward(self, x):
        h = self.inner(self.a(x))
        self.seen, self.last, self.keeper.value, self.inner.shown = h, h, h, h
        self.log.append(h)
        self.count += 1
        if self.fails:
            raise RuntimeError("after everything was kept")
        return self.b(h)


class Keeper:
    value = None


def state(model):
    """Everything a model holds, tensors by value."""
    found = {}
    for name, module in model.named_modules():
        for key, value in vars(module).items():
            shown = dict(value) if isinstance(value, dict) else list(value) if isinstance(value, list) else value
            found[f"{name}.{key}"] = str(shown), id(value)
    found |= {name: (str(each), id(each)) for name, each in model.named_buffers()}
    found |= {name: (str(each), each.requires_grad, each.grad) for name, each in model.named_parameters()}
    return found | {"keeper": model.keeper.value, "training": [m.training for m in model.modules()]}


@pytest.mark.parametrize("fails", [False, True], ids=["right", "with-an-error"])
@pytest.mark.parametrize("read", [network, trace], ids=["network", "trace"])
def test_reading_leaves_nothing_in_the_model(read, fails):
    model = seeded(Remembering(fails), 3)
    hook = model.inner.register_forward_hook(lambda module, inputs, output: SEEN.append(output))
    before, random = state(model), torch.get_rng_state()
    SEEN.clear()
    if fails:
        with pytest.raises((ValueError, RuntimeError), match="after everything was kept"):
            read(model, draw(1, 4))
    else:
        read(model, draw(1, 4))
    assert state(model) == before
    assert torch.equal(torch.get_rng_state(), random)
    assert not any(isinstance(each, fx.Proxy) for each in SEEN)
    hook.remove()
    model.double()


def test_a_network_that_remembers_is_read_as_it_computes():
    model = seeded(Remembering(), 3)
    x = draw(3, 4)
    close(network(model, x[:1]).values(x)[-1], model(x).detach(), 1e-13)


@pytest.mark.parametrize("where", ["closure", "default", "method", "partial"])
def test_a_hook_that_keeps_what_it_sees_keeps_no_symbols(where):
    kept = []

    def keep(module, inputs, output, kept=kept if where == "default" else None):
        (box if kept is None else kept).append(output)
        return output * 1.0

    box, hooks = kept, {"method": kept_by_method(kept), "partial": partial(keep, kept=kept)}
    model = seeded(Remembering(), 3)
    model.inner.register_forward_hook(hooks.get(where, keep))
    x = draw(1, 4)
    close(network(model, x).values(x)[-1], model(x).detach(), 1e-13)
    assert not any(isinstance(each, fx.Proxy) for each in kept)


def kept_by_method(kept):
    class Store:
        def __init__(self):
            self.kept = kept

        def keep(self, module, inputs, output):
            self.kept.append(output)

    return Store().keep


def test_what_is_written_down_uses_the_parameters_of_the_model():
    model = block(lambda m, x: F.linear(x, m.w * 2) + m.act(x).sum(1, keepdim=True), w=parameter(1, 4), act=nn.ReLU())
    home, graph = trace(model, draw(1, 4))
    assert home.w is model.w
    assert home.act is model.act
    x = draw(3, 4)
    close(fx.GraphModule(home, graph)(x).detach(), model(x).detach(), 1e-15)


WRITTEN = {
    "parameter-list": lambda m, x: x * m.list[0] + m.list[1],
    "own-tensor": lambda m, x: (m.a(x) * torch.tensor([1.0, 2.0, 3.0, 4.0], dtype=torch.float64)).relu(),
    "buffer": lambda m, x: (m.a(x) + m.shift).relu(),
    "plain-tensor": lambda m, x: (m.a(x) + m.plain).relu(),
    "parameter-of-a-module": lambda m, x: F.linear(x, m.a.weight, m.a.bias).relu(),
    "condition-on-a-flag": lambda m, x: m.a(x).relu() if m.flag and m.a.bias is not None else x,
}


@pytest.mark.parametrize("name", WRITTEN)
def test_numbers_beside_the_input_are_found(name):
    lists = nn.ParameterList([parameter(4), parameter(4, seed=9)])
    model = block(WRITTEN[name], a=nn.Linear(4, 4), list=lists, flag=True, plain=draw(4, seed=5))
    model.register_buffer("shift", draw(4, seed=6))
    names = set(vars(model))
    x = draw(3, 4)
    close(network(model, x[:1]).values(x)[-1], model(x).detach(), 1e-14)
    assert set(vars(model)) == names


FIRST_IN_PLACE = {
    "relu": lambda m, x: m.a(F.relu(x, inplace=True)),
    "hardtanh": lambda m, x: m.a(m.tanh(x)),
    "iadd": lambda m, x: m.a(operator.iadd(x, 1.0)),
    "sub_": lambda m, x: m.a(x.sub_(1.0)),
}


@pytest.mark.parametrize("name", FIRST_IN_PLACE)
def test_a_first_step_in_place_writes_into_nothing_given(name):
    model = block(FIRST_IN_PLACE[name], a=nn.Linear(4, 1), tanh=nn.Hardtanh(inplace=True))
    x, b = 2 * draw(1, 4, seed=1), 2 * draw(1, 4, seed=2)
    given = x.clone(), b.clone()
    game, change = Game.from_model(model, x.clone(), b), (model(x.clone()) - model(b.clone())).detach().squeeze()
    game.cube.x.copy_(x)
    for one in ("deeplift_rescale", "deeplift_reveal_cancel", "lrp_epsilon"):
        try:
            shares = method(one).attribute(game)
        except ValueError as error:  # refused by name is as good
            assert (name, "sub_" in str(error)) == ("sub_", True)  # noqa: PT017
        else:
            assert one == "lrp_epsilon" or shares.sum().item() == pytest.approx(change.item(), rel=1e-12)
        assert torch.equal(game.cube.x, given[0])
        assert torch.equal(b, given[1])


def test_the_first_module_of_a_chain_in_place():
    """Integrated gradients of relu(x) w by hand; x stays what it was."""
    model = sequence(nn.ReLU(inplace=True), nn.Linear(4, 1))
    x, b = torch.tensor([[1.0, -2.0, 3.0, -0.5]]).double(), -torch.ones(1, 4).double()
    cube = Game.from_model(model, x.clone(), b).cube
    cube.x.copy_(x)
    read = piecewise.reading(cube)
    weights = model[1].weight.detach()[0]
    shares = read.integral(b, cube.x).entries * (x - b)
    close(shares[0], weights * torch.tensor([1.0, 0.0, 3.0, 0.0]).double(), 1e-14)
    assert torch.equal(cube.x, x)


class OneRow(nn.Module):
    """A batch size written into the forward pass."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(4, 6), nn.Linear(6, 1)

    def forward(self, x):
        return self.b(self.a(x).relu().view(1, 6))


def test_a_model_that_takes_one_row_is_read():
    model, x = seeded(OneRow(), 2), draw(1, 4)
    close(network(model, x).values(x)[-1], model(x).detach(), 1e-14)
    twin = sequence(model.a, nn.ReLU(), model.b, seed=2)
    twin.load_state_dict({k.replace("a.", "0.").replace("b.", "2."): v for k, v in model.state_dict().items()})
    x3 = draw(3, 4)
    close(network(model, x).values(x3)[-1], twin(x3).detach(), 1e-14)


@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
@pytest.mark.parametrize("how", ["scripted", "frozen", "inside"])
def test_a_scripted_model_is_refused_by_name(how):
    model = torch.jit.script(sequence(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 1)))
    if how == "frozen":
        model = torch.jit.freeze(model)
    if how == "inside":
        model = block(lambda m, x: m.part(x) * 2, part=model)
    with pytest.raises(ValueError, match=r"scripted|traced|has no rule"):
        network(model, draw(1, 4))


class Counting(nn.Module):
    """Runs all the time in another thread."""

    def __init__(self):
        super().__init__()
        self.a, self.w = nn.Linear(4, 4), nn.Parameter(torch.ones(4))

    def forward(self, x):
        return self.a(x) * self.w


def test_threads_that_read_do_not_disturb_each_other_nor_anybody_else():
    def run(m, x):
        return m.b(m.a(x).relu() * m.scale)

    model = block(run, a=nn.Linear(4, 5), b=nn.Linear(5, 1), scale=parameter(5))
    x, other = draw(1, 4), Counting().eval()
    inputs = torch.ones(2, 4)
    expected = {name: method(name).attribute(Game.from_model(model, x)) for name in READING}
    right, errors, stop = other(inputs), [], threading.Event()

    def decompose():
        try:
            for _ in range(10):
                for name in READING:
                    assert torch.equal(method(name).attribute(Game.from_model(model, x)), expected[name])
                harsanyi(Game.from_model(model, x))
        except BaseException as error:
            errors.append(error)

    def unrelated():
        try:
            while not stop.is_set():
                assert torch.equal(other(inputs), right)
                assert type(other.w) is nn.Parameter
        except BaseException as error:
            errors.append(error)

    threads, beside = [threading.Thread(target=decompose) for _ in range(4)], threading.Thread(target=unrelated)
    beside.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stop.set()
    beside.join()
    assert errors == []


def test_while_a_network_is_read_torch_modules_are_as_ever(monkeypatch):
    """Also the prefix reads without replacing anything."""
    seen = []

    def run(m, x):
        seen.append((nn.Module.__call__, nn.Module.__getattr__, fx._symbolic_trace.is_fx_symbolic_tracing()))
        return m.b(m.a(x).relu())

    model = block(run, a=nn.Linear(4, 5), b=nn.Linear(5, 1))
    ordinary = nn.Module.__call__, nn.Module.__getattr__, False
    game = Game.from_model(model, draw(1, 4))
    network(model, draw(1, 4))
    monkeypatch.setattr("decompositions.evaluation.prefix.prefix.WORTH", 0)
    shared_prefix(game.cube, game.cube.active())
    assert seen
    assert set(seen) == {ordinary}


def test_a_copy_of_ones_own_keeps_what_belongs_together():
    inner, shared = [1], nn.Linear(2, 2)
    model = nn.Module()
    model.one, model.two, model.pair, model.again = shared, shared, (inner, inner), inner
    model.loop = [model]
    model.bound = model.half
    made = OwnCopy().of(model)
    assert made is not model
    assert made.one is made.two
    assert made.one is not shared
    assert made.one.weight is shared.weight
    assert made.pair[0] is made.pair[1] is made.again
    assert made.again is not inner
    assert made.loop[0] is made
    assert made.bound.__self__ is made


def test_what_ends_with_an_effect_is_not_copied():
    ended = []

    class File:
        def __del__(self):
            ended.append(1)

    held = File()
    model = nn.Module()
    model.file = held
    assert OwnCopy().of(model).file is held
    assert ended == []
