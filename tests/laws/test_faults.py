"""What goes wrong in a long evaluation: errors, memory, outputs that change, numbers too coarse, batches too large."""

import re
import subprocess
import sys

import pytest
import torch
from torch import nn

from decompositions.evaluation import spans
from decompositions.evaluation.prefix import prefix
from decompositions.games import chunk
from decompositions.games.chunk import fitting_chunk
from synergy import Game, harsanyi, method

ONES = torch.ones(1, 8, dtype=torch.float64)


def whole(z):
    """Whole numbers, whose sums are exact in any order: 3·z₀z₁ − 2·z₂z₅z₇ + z₆."""
    return 3 * z[:, 0] * z[:, 1] - 2 * z[:, 2] * z[:, 5] * z[:, 7] + z[:, 6]


def is_whole(effects):
    found = {key: value for key, value in effects.to_dict().items() if value}
    return found == {(0, 1): 3, (2, 5, 7): -2, (6,): 1}


# --- an error in one batch


@pytest.mark.parametrize("order", [None, 2])
def test_an_error_says_in_which_coalitions(order, monkeypatch, tmp_path):
    """Players 1, 3 and 5 together (bits 2 + 8 + 32 = 42 of the whole table) or 0 and 3 (row 11 of order 2)."""
    monkeypatch.setattr(spans, "RANGE", 16)
    monkeypatch.setattr(spans, "BATCHES", 1)
    monkeypatch.setattr(spans, "FEW", 1)
    bad = torch.zeros(8)
    bad[[1, 3, 5] if order is None else [0, 3]] = 1

    def f(z):
        if (z == bad).all(1).any():
            raise ZeroDivisionError("no such input")
        return whole(z)

    game = Game.from_function(f, ONES, chunk=4)
    said = "coalitions 40 to 43 of 256" if order is None else "coalitions 8 to 11 of 38"
    with pytest.raises(ZeroDivisionError, match=f"no such input\n.*{said}"):
        harsanyi(game, order=order)
    with pytest.raises(ZeroDivisionError, match="no such input") as error:
        harsanyi(game, order=order, checkpoint=tmp_path)
    kept = 32 if order is None else 0
    assert f"{kept} of {256 if order is None else 38} coalitions are kept" in error.value.__notes__[1]


# --- an output that changes between calls


def drifting():
    state = [0]

    def f(z):
        state[0] += 1
        return z.sum(1) * (1 + 1e-6 * state[0])

    return f


def dropout(z):
    return nn.functional.dropout(z, 0.1, training=True).sum(1)


def once():
    """Differs in the first batch only."""
    state = [1.0]

    def f(z):
        more, state[0] = state[0], 0.0
        return z.sum(1) + more

    return f


class Later:
    """Does so only after the game is built, which tries it."""

    def __init__(self, f):
        self.f, self.begun = f, False

    def __call__(self, z):
        return self.f(z) if self.begun else z.sum(1)


@pytest.mark.parametrize("make", [drifting, lambda: dropout, once], ids=["drifting", "dropout", "once"])
@pytest.mark.parametrize("order", [None, 3])
def test_an_output_that_changes_is_found(make, order):
    torch.manual_seed(0)
    said = r"the function gave .* for the coalition .* and then .*model\.eval\(\)"
    with pytest.raises(ValueError, match=said):
        harsanyi(Game.from_function(make(), ONES, chunk=32, names=list("abcdefgh")), order=order)
    later = Later(make())
    game = Game.from_function(later, ONES, chunk=32, names=list("abcdefgh"))
    later.begun = True
    with pytest.raises(ValueError, match=said):
        harsanyi(game, order=order)


def test_the_coalition_whose_output_changes_is_named():
    state = [0]

    def f(z):
        state[0] += 1
        return z.sum(1) + torch.where(z.sum(1) == 8, float(state[0]), 0.0)

    later = Later(f)
    game = Game.from_function(later, ONES, chunk=32)
    later.begun = True
    with pytest.raises(ValueError, match=r"gave 16\.0 for the coalition \{x0, .*, x7\} and then 21\.0"):
        harsanyi(game)
    with pytest.raises(ValueError, match=r"gave 23\.0 for the coalition \{x0, .*, x7\} and then 26\.0"):
        Game.from_function(later, ONES, chunk=32)


@pytest.mark.parametrize("chunk", [1, 7, 256])
def test_asking_again_costs_little_and_changes_nothing(chunk):
    rows = []

    def f(z):
        rows.append(len(z))
        return whole(z)

    game = Game.from_function(f, ONES, chunk=chunk)
    assert sum(rows) <= 35  # a few are tried
    rows.clear()
    effects = harsanyi(game)
    assert is_whole(effects)
    assert effects.calls == 256
    again = 32 + 5  # in batches, and alone
    seen = 16 * 3  # the coalitions that err most, as they are and in another type
    assert 2 <= sum(rows) - 256 <= again + seen
    assert max(rows) <= chunk


def test_rounding_that_depends_on_the_batch_is_no_change():
    """The table in batches of 128, the 32 coalitions that are asked again in one."""

    def f(z):
        return z.sum(1) * (1 + len(z) * torch.finfo(torch.float32).eps)

    game = Game.from_function(f, torch.ones(1, 8), chunk=128)
    assert harsanyi(game)[0] == pytest.approx(1, rel=1e-4)


def test_a_function_that_answers_in_fewer_digits_is_compared_in_those():
    def f(z):
        return z.float().sum(1) * (1 + len(z) * torch.finfo(torch.float32).eps)

    assert harsanyi(Game.from_function(f, ONES, chunk=128))[0] == pytest.approx(1, rel=1e-4)


# --- memory


class Tight:
    """A function that takes at most so many rows at once."""

    def __init__(self, rows, error):
        self.rows, self.error, self.sizes, self.failures = rows, error, [], 0

    def __call__(self, z):
        if len(z) > self.rows:
            self.failures += 1
            raise self.error
        self.sizes.append(len(z))
        return whole(z)


SHORT = {
    "cuda": torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    "cpu": RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried"),
    "mps": RuntimeError("MPS backend out of memory (MPS allocated: 17.00 GB)"),
    "python": MemoryError(),
}


@pytest.mark.parametrize("kind", SHORT)
@pytest.mark.parametrize("rows", [1, 3, 100])
@pytest.mark.parametrize("order", [None, 8])
def test_where_memory_runs_out_the_chunk_is_halved(kind, rows, order):
    f = Tight(rows, SHORT[kind])
    game = Game.from_function(f, ONES, chunk=256)
    f.sizes, f.failures = [], 0
    effects = harsanyi(game, order=order)
    assert is_whole(effects)
    assert max(f.sizes) == 2 ** (rows.bit_length() - 1)
    assert f.failures == 8 - (rows.bit_length() - 1)  # not once per range


def test_memory_may_run_out_while_layers_are_shared(monkeypatch):
    asked = []

    def short(cube, active):
        asked.append(cube.chunk)
        if cube.chunk > 4:
            raise SHORT["cuda"]

    monkeypatch.setattr(prefix, "shared_prefix", short)
    assert is_whole(harsanyi(Game.from_function(whole, ONES, chunk=16)))
    assert asked == [16, 8, 4]


def test_a_single_input_that_does_not_fit_is_said():
    f = Tight(16, SHORT["cpu"])
    game = Game.from_function(f, ONES, chunk=16)
    f.rows = 0
    with pytest.raises(
        MemoryError, match=r"a single input of shape \(8,\) on cpu; free memory.*can't allocate"
    ) as error:
        harsanyi(game)
    assert "coalitions 0 to 0 of 256" in error.value.__notes__[0]


def test_other_errors_are_not_tried_again():
    f = Tight(16, RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    game = Game.from_function(f, ONES, chunk=16)
    f.rows = 3
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        harsanyi(game)
    assert f.failures == 1


@pytest.mark.parametrize("baselines", [1, 5])
def test_points_and_gradients_go_on_in_smaller_batches(baselines):
    f = Tight(3, SHORT["cuda"])
    b = torch.zeros(baselines, 8, dtype=torch.float64)
    game = Game.from_function(f, ONES, b, chunk=64)
    points = torch.ones(9, 8, dtype=torch.float64)
    assert game(points).tolist() == pytest.approx([2] * 9, abs=1e-14)
    assert game.gradient(points).flatten().tolist() == pytest.approx([3, 3, -2, 0, 0, -2, 1, -2] * 9, abs=1e-14)
    assert method("shapley").attribute(game).tolist() == pytest.approx([1.5, 1.5, -2 / 3, 0, 0, -2 / 3, 1, -2 / 3])


def test_no_points_have_no_values():
    game = Game.from_function(whole, ONES)
    assert game(torch.zeros(0, 8)).shape == (0,)


# --- the chunk


def hidden(numbers):
    """A function with one intermediate result of so many float64 numbers per row, and one of a single number."""
    return lambda z: (z[:, :1].expand(-1, numbers) * 1.0).sum(1)


@pytest.mark.parametrize(
    ("numbers", "chunk"),
    [
        (2**10, 256),  # 8 KiB and 8 B: 2 MiB hold 511.5 of their mean
        (2**18 - 1, 2),  # 2 MiB in all, and two of their mean
        (2**18, 1),
        (1, 4096),
    ],
)
def test_the_chunk_by_hand(numbers, chunk):
    assert fitting_chunk(hidden(numbers), ONES) == chunk


def test_the_largest_result_bounds_the_chunk(monkeypatch):
    """A thousand small results and one of 2 MiB: their mean would allow more than the room of 16 MiB does."""
    monkeypatch.setattr(chunk, "ROOM", 2**24)

    def f(z):
        for _ in range(1000):
            z = z + 1
        return hidden(2**18)(z)

    assert fitting_chunk(f, ONES) == 8


def test_parameters_and_views_of_them_take_no_room():
    linear = nn.Linear(8, 2, dtype=torch.float64)
    table = nn.Parameter(torch.zeros(2**20, 8, dtype=torch.float64))

    def f(z):
        return linear(z + table.t()[:, 0])[:, 0]

    assert fitting_chunk(f, ONES) == 4096


class Wide(nn.Module):
    def __init__(self):
        super().__init__()
        self.calls = 0

    def forward(self, z):
        self.calls += 1
        return hidden(2**15)(z)


def test_a_model_gets_its_chunk_from_the_sizes_and_keeps_an_explicit_one():
    """256 KiB and 8 B are a little more than 128 KiB on average, of which 2 MiB hold 15.99."""
    assert Game.from_model(Wide().eval(), ONES).cube.chunk == 8
    assert Game.from_model(Wide().eval(), ONES, chunk=300).cube.chunk == 300


def test_the_chunk_of_a_plain_function_costs_a_call_only_for_a_large_input():
    calls = []

    def f(z):
        calls.append(len(z))
        return hidden(2**15)(z.flatten(1))

    assert Game.from_function(f, ONES).cube.chunk == 4096
    # 3 alone, one more for its type, 2 of them again, 8 in a batch and twice in another precision, 2 alone again, 3 in
    # another order
    assert calls == [1] * 6 + [8, 8, 8, 1, 1, 3]
    calls.clear()
    owners = torch.arange(30000).reshape(1, 3, 100, 100) % 8
    assert Game.from_function(f, torch.ones(1, 3, 100, 100), players=owners).cube.chunk < 100
    assert calls == [1] * 7 + [8, 8, 1, 1, 3]  # one for the chunk; from float32 there is one other precision


# --- coarse numbers


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.bool])
def test_whole_numbers_are_exact(dtype):
    class Count(nn.Module):
        def forward(self, z):
            return ((z > 0).sum(1) >= 7).to(dtype)

    values = harsanyi(Game.from_model(Count().eval(), ONES)).values
    assert values[-1] == 1 - 8
    assert values[127] == 1
    assert values.abs().sum() == 8 + 7


class Half(nn.Module):
    def __init__(self, dtype):
        super().__init__()
        self.layer, self.dtype = nn.Linear(8, 1), dtype

    def forward(self, z):
        return self.layer(z).to(self.dtype)


class Inside(Half):
    """Half precision that the output's type does not show."""

    def forward(self, z):
        return super().forward(z).float()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_refused(dtype):
    rule = rf"the function (computes|answers) in {re.escape(str(dtype))}, which keeps three digits.*model\.float\(\)"
    with pytest.raises(TypeError, match=rule):
        harsanyi(Game.from_function(nn.Sequential(Half(dtype), nn.Flatten(0)).eval(), ONES.float()))
    with pytest.raises(TypeError, match=rule):
        Game.from_model(Inside(dtype).eval(), ONES.float(), chunk=3)
    with pytest.raises(TypeError, match=rule):
        harsanyi(Game.from_model(nn.Linear(8, 1).to(dtype).eval(), ONES.to(dtype)))
    with pytest.raises(TypeError, match=rule), torch.autocast("cpu", dtype=dtype):
        harsanyi(Game.from_model(nn.Linear(8, 1).eval(), ONES.float()))


# --- memory of the table

PEAK = """
import resource, sys, torch
from synergy import Game, harsanyi

n = int(sys.argv[1])

def f(z):
    return z[:, 0] * z[:, n - 1] + 2 * z[:, 3]

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

harsanyi(Game.from_function(lambda z: z.sum(1), torch.ones(12).double()))
before = peak()
values = harsanyi(Game.from_function(f, torch.ones(n).double()), limit=2**n).values
print((peak() - before) / values.nbytes, values.count_nonzero().item(), values[1 + 2**(n - 1)].item(), values[8].item())
"""


@pytest.mark.slow
@pytest.mark.parametrize(("n", "ratio"), [(24, 1.5), (26, 1.5)])
def test_the_memory_of_many_players_is_that_of_their_values(n, ratio):
    """In a process of its own, whose peak the operating system keeps; 26 players hold 512 MiB of values."""
    run = subprocess.run([sys.executable, "-c", PEAK, str(n)], capture_output=True, text=True, check=True)
    measured, nonzero, pair, single = map(float, run.stdout.split())
    assert (nonzero, pair, single) == (2, 1, 2)
    assert measured < ratio


class Coarse(torch.nn.Module):
    """Takes float64 and answers in float32."""

    def forward(self, x):
        return (x.sum(1) * x[:, 0]).float()


def test_the_noise_is_that_of_the_output_where_it_has_fewer_digits_than_the_input():
    game = Game.from_model(Coarse(), torch.full((1, 4), 0.1, dtype=torch.float64))
    effects = harsanyi(game)
    assert effects.noise == pytest.approx(2**-23 * 0.04, rel=1e-6)
    assert float(effects.values[0b1111]) == pytest.approx(0, abs=4 * effects.noise)
