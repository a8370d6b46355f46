"""What torch was told about float32's digits is set aside while effects are computed, and is as before afterwards."""

import threading

import pytest
import torch
from torch import backends, nn

from decompositions.models.full_precision import full_precision
from synergy import Game, compare, harsanyi

pytestmark = pytest.mark.skipif(not hasattr(backends, "fp32_precision"), reason="torch before 2.9 has one switch each")

NEWER = {
    "all": lambda: backends.fp32_precision,
    "cuda products": lambda: backends.cuda.matmul.fp32_precision,
    "cudnn": lambda: backends.cudnn.fp32_precision,
    "cudnn convolutions": lambda: backends.cudnn.conv.fp32_precision,
    "cudnn recurrences": lambda: backends.cudnn.rnn.fp32_precision,
    "mkldnn": lambda: backends.mkldnn.fp32_precision,
    "mkldnn products": lambda: backends.mkldnn.matmul.fp32_precision,
    "mkldnn convolutions": lambda: backends.mkldnn.conv.fp32_precision,
    "mkldnn recurrences": lambda: backends.mkldnn.rnn.fp32_precision,
}
OLDER = {
    "products": torch.get_float32_matmul_precision,
    "cuda products, older": lambda: backends.cuda.matmul.allow_tf32,
    "cudnn, older": lambda: backends.cudnn.allow_tf32,
    "benchmark": lambda: backends.cudnn.benchmark,
    "deterministic": lambda: backends.cudnn.deterministic,
}
LEAVES = [name for name in NEWER if " " in name]


def said(reads):
    """What every switch says, or that torch refuses to say."""
    found = {}
    for name, read in reads.items():
        try:
            found[name] = read()
        except RuntimeError:
            found[name] = "refused"
    return found


def telling(*settings):
    """A function that tells torch something: pairs of the part of torch.backends and its setting."""

    def tell():
        for part, name, value in settings:
            if part is None:
                torch.set_float32_matmul_precision(value)
            else:
                owner = backends
                for each in part.split(".") if part else ():
                    owner = getattr(owner, each)
                setattr(owner, name, value)

    return tell


TOLD = {
    "nothing": telling(),
    "medium": telling((None, "", "medium")),
    "high": telling((None, "", "high")),
    "older, products": telling(("cuda.matmul", "allow_tf32", True)),
    "older, cudnn": telling(("cudnn", "allow_tf32", False)),
    "newer, products": telling(("cuda.matmul", "fp32_precision", "tf32")),
    "newer, convolutions": telling(("cudnn.conv", "fp32_precision", "ieee")),
    "newer, cudnn": telling(("cudnn", "fp32_precision", "tf32")),
    "newer, mkldnn": telling(("mkldnn", "fp32_precision", "bf16")),
    "newer, mkldnn products": telling(("mkldnn.matmul", "fp32_precision", "bf16")),
    "newer, all loose": telling(("", "fp32_precision", "tf32")),
    "newer, all exact": telling(("", "fp32_precision", "ieee")),
    "mixed": telling((None, "", "medium"), ("", "fp32_precision", "tf32")),
    "an exception": telling(("", "fp32_precision", "tf32"), ("cuda.matmul", "fp32_precision", "ieee")),
    "benchmark": telling(("cudnn", "benchmark", True)),
}


@pytest.fixture(autouse=True)
def as_torch_starts():
    yield
    for part in (backends, backends.cudnn, backends.mkldnn):
        part.fp32_precision = "none"
    torch.set_float32_matmul_precision("highest")
    backends.cudnn.allow_tf32 = True
    for part in (backends.cuda.matmul, *[getattr(backends.mkldnn, name) for name in ("matmul", "conv", "rnn")]):
        part.fp32_precision = "none"
    for part in (backends.cudnn.conv, backends.cudnn.rnn):
        part.fp32_precision = "tf32"
    backends.cudnn.benchmark = backends.cudnn.deterministic = False


@pytest.mark.parametrize("name", TOLD)
def test_all_digits_within_and_every_switch_as_before_after(name):
    TOLD[name]()
    before = said({**OLDER, **NEWER})
    with full_precision():
        assert {said(NEWER)[leaf] for leaf in LEAVES} == {"ieee"}
        assert said(OLDER) == {
            "products": "highest", "cuda products, older": False, "cudnn, older": False, "benchmark": False,
            "deterministic": True,
        }  # fmt: skip
    assert said({**OLDER, **NEWER}) == before


def test_what_passes_its_setting_on_still_does_so():
    backends.fp32_precision = "tf32"
    with full_precision():
        pass
    backends.fp32_precision = "ieee"
    assert {said(NEWER)[leaf] for leaf in LEAVES if not leaf.startswith("cudnn")} == {"ieee"}


def test_who_leaves_last_puts_the_switches_back():
    backends.cuda.matmul.allow_tf32 = True
    inside, leave = threading.Event(), threading.Event()

    def other():
        with full_precision():
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=other)
    with full_precision():
        thread.start()
        assert inside.wait(10)
    assert backends.cuda.matmul.allow_tf32 is False, "the other one still computes"
    leave.set()
    thread.join()
    assert backends.cuda.matmul.allow_tf32 is True


SEEN = []  # not an attribute, which would be put back


class Asking(nn.Module):
    """A model that keeps what the switches say while it is called, also while its gradient is taken."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(3, 1)

    def forward(self, z):
        SEEN.append(torch.get_float32_matmul_precision())
        y = self.inner(z)
        if y.requires_grad:
            y.register_hook(lambda grad: SEEN.append(torch.get_float32_matmul_precision()))
        return y[:, 0]


def test_all_digits_wherever_the_model_is_called():
    torch.set_float32_matmul_precision("medium")
    SEEN.clear()
    game = Game.from_model(Asking(), torch.ones(1, 3), torch.zeros(1, 3))
    harsanyi(game)
    compare(game)
    assert SEEN
    assert set(SEEN) == {"highest"}
    assert torch.get_float32_matmul_precision() == "medium"


@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM, nn.GRU])
def test_the_gradient_of_a_recurrence_does_not_ask_cudnn(kind):
    class Last(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = kind(2, 3, batch_first=True)

        def forward(self, z):
            SEEN.append(backends.cudnn.enabled)
            return self.inner(z)[0][:, -1, 0]

    game = Game.from_model(Last().eval(), torch.ones(1, 2, 2), torch.zeros(1, 2, 2))
    SEEN.clear()
    game.gradient(torch.ones(1, 4))
    assert SEEN == [False]
    game(torch.ones(1, 4))
    assert SEEN == [False, True]
    assert backends.cudnn.enabled
