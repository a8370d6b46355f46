"""Checkpoints: an evaluation that was interrupted goes on to the same bits, or says what does not fit."""

import json
import re
import threading

import pytest
import torch
from checkpoint_cases import RANGE, N, Net, game_of, interrupted, parts, x_of
from torch import nn
from typer.testing import CliRunner

from decompositions.dividends.harsanyi import price
from decompositions.evaluation import spans
from decompositions.evaluation.prefix import prefix
from synergy import Game, harsanyi
from synergy.command.cli import app


@pytest.fixture(autouse=True)
def short_ranges(monkeypatch):
    """Eight ranges of 32 coalitions for the 256 of eight players."""
    monkeypatch.setattr(spans, "RANGE", RANGE)
    monkeypatch.setattr(spans, "BATCHES", 1)
    monkeypatch.setattr(spans, "FEW", 1)


class Cut(Net):
    """The same, plain enough for its first layer to be shared by all coalitions."""

    def __init__(self, seed=0):
        super().__init__(seed)
        self.act = nn.ReLU()

    def forward(self, x):
        return self.layers[2](self.act(self.layers[0](x)))[:, :3]


KINDS = {
    "plain": ({}, {}),
    "odd-chunk": ({"chunk": 7}, {}),
    "baselines": ({"baseline": x_of(5, 3), "weights": [1.0, 2.0, 4.0], "chunk": 8}, {}),
    "more-baselines-than-a-chunk": ({"baseline": x_of(5, 5), "chunk": 2}, {}),
    "order": ({}, {"order": 3}),
    "null-players": ({"baseline": x_of() * torch.tensor([1.0, 0, 1, 0, 0, 0, 0, 0])}, {}),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.95])
def test_goes_on_to_the_same_bits(kind, share, tmp_path):
    """The reference never saw a checkpoint; the second call does not evaluate what is kept."""
    asked, settings = KINDS[kind]
    expected = harsanyi(game_of(**asked), **settings)
    game = game_of(**asked)
    questions = min(8, 2 ** len(game.cube.active())) * game.cube.calls_per_point
    interrupted(game, tmp_path, questions + share * price(game, **settings), RuntimeError("power cut"), **settings)
    held = json.loads((tmp_path / "manifest.json").read_bytes().partition(b"\n")[0])["range"]
    kept = len(parts(tmp_path)) * held * game.cube.calls_per_point
    game.model.rows = 0
    effects = harsanyi(game, checkpoint=tmp_path, **settings)
    assert torch.equal(effects.values, expected.values)
    assert (effects.noise, effects.calls) == (expected.noise, expected.calls)
    again = game.model.rows - questions - (expected.calls - kept)
    compared = len(parts(tmp_path)) * game.cube.calls_per_point + 3 * max(game.cube.chunk, game.cube.calls_per_point)
    once_more = 5 + 32  # alone and in a batch, to see whether the model gives the same
    seen = 2 * 16  # where the rounding error is looked at, in both types
    assert 0 <= again <= (once_more + seen) * game.cube.calls_per_point + compared


def test_goes_on_with_shared_layers(tmp_path, monkeypatch):
    monkeypatch.setattr(prefix, "WORTH", 0)
    monkeypatch.setattr(prefix, "GAIN", 0.0)
    expected = harsanyi(game_of(Cut().eval()))
    assert "instead of for 256 coalitions" in expected.evaluation
    first = harsanyi(game_of(Cut().eval()), checkpoint=tmp_path)
    for name in parts(tmp_path)[2:5]:
        (tmp_path / name).unlink()
    effects = harsanyi(game_of(Cut().eval()), checkpoint=tmp_path)
    assert torch.equal(effects.values, first.values)
    assert torch.equal(effects.values, expected.values)
    monkeypatch.setattr(prefix, "WORTH", 10**12)
    with pytest.raises(ValueError, match=r"evaluated in another way .*than now \(without shortcuts\)"):
        harsanyi(game_of(Cut().eval()), checkpoint=tmp_path)


def test_a_chunk_that_memory_forced_is_kept(tmp_path):
    """Memory runs out for more than 4 rows from the 100th row on: by halves from there, with and without a break."""

    class Tight(Net):
        def forward(self, x):
            if self.rows >= 100 and len(x) > 4:
                raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
            return super().forward(x) * (1 + 1e-6 * len(x))  # the bits tell the chunk

    game = game_of(Tight().eval())
    game.model.rows = 0
    whole = harsanyi(game, checkpoint=tmp_path / "whole").values
    game = game_of(Tight().eval())
    interrupted(game, tmp_path / "parts", 200, RuntimeError("power cut"))
    game = game_of(Tight().eval())
    game.model.rows = 0  # it has its 100 rows of freedom again, and must not use them
    assert torch.equal(harsanyi(game, checkpoint=tmp_path / "parts").values, whole)
    for folder in ("whole", "parts"):
        lines = [path.read_bytes().partition(b"\n")[0] for path in sorted((tmp_path / folder).glob("*.part"))]
        assert [json.loads(line)["chunk"] for line in lines] == [8, 8, 8, 4, 4, 4, 4, 4]


@pytest.mark.parametrize("order", [None, 3])
def test_an_interruption_says_what_is_kept(order, tmp_path):
    error = interrupted(game_of(), tmp_path, 80, KeyboardInterrupt(), order=order)
    total = 256 if order is None else 1 + 8 + 28 + 56 + 1
    assert len(parts(tmp_path)) == 2
    assert f"interrupted: 64 of {total} coalitions are kept in {tmp_path}; the same call" in str(error)


def test_the_command_stops_with_130_and_says_what_is_kept(tmp_path, monkeypatch):
    model = Net().eval()
    example = _example(game_of(model))
    monkeypatch.setattr("synergy.command.model.Model.example", lambda _: example)
    monkeypatch.chdir(tmp_path)
    model.rows, model.after, model.error = 0, 170, KeyboardInterrupt()
    words = ["explain", "model", "a:b", "--methods", "shapley", "--checkpoint", "kept", "--save", "e.npz"]
    stopped = CliRunner().invoke(app, words)
    assert stopped.exit_code == 130
    assert "interrupted: 160 of 256 coalitions are kept in kept" in stopped.stderr
    assert "interrupted" not in stopped.stdout
    model.after, model.rows = None, 0
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert model.rows < 256
    from decompositions import Effects

    assert torch.equal(Effects.load(tmp_path / "e.npz").values, harsanyi(game_of()).values)


def _example(game):
    from synergy.examples import Example

    return Example("model", "a small network", game, None, {})


def other_model():
    model = Net().eval()
    with torch.no_grad():
        model.layers[0].weight[3, 4] += 1e-6
    return model


def other_class():
    model = Net().eval()
    model.layers[1] = nn.Softsign()
    return model


CHANGED = {
    "the model": lambda: game_of(other_model()),
    "the model, another activation": lambda: game_of(other_class()),
    "the model, probabilities": lambda: game_of(output="probability"),
    "the input": lambda: game_of(x=x_of() + 1e-6),
    "the baseline": lambda: game_of(baseline=1e-6),
    "the players": lambda: game_of(players=torch.tensor([[1, 0, 2, 3, 4, 5, 6, 7]])),
    "the target (1 there, 2 here)": lambda: game_of(target=2),
    "the target, a function": lambda: game_of(target=lambda out: out[:, 1]),
    "the players' names": lambda: game_of(names="abcdefgh"),
    "the chunk (8 there, 16 here)": lambda: game_of(chunk=16),
}


@pytest.mark.parametrize("what", CHANGED)
def test_another_question_is_named(what, tmp_path):
    interrupted(game_of(), tmp_path, 80, RuntimeError())
    before = parts(tmp_path)
    with pytest.raises(ValueError, match="is of another question") as error:
        harsanyi(CHANGED[what](), checkpoint=tmp_path)
    said = str(error.value).partition("question: ")[2].partition(" changed")[0]
    assert said == re.sub(", (a|an|prob).*", "", what)
    assert "give another directory" in str(error.value)
    assert parts(tmp_path) == before


def test_several_changes_are_all_named(tmp_path):
    interrupted(game_of(), tmp_path, 80, RuntimeError())
    with pytest.raises(ValueError, match=r"question: the input, the baseline, the target \(1 there, 0 here\) changed"):
        harsanyi(game_of(x=x_of(9), baseline=0.5, target=0), checkpoint=tmp_path)
    with pytest.raises(ValueError, match="question: the coalitions changed"):
        harsanyi(game_of(), order=2, checkpoint=tmp_path)


def test_weights_of_baselines_are_part_of_the_question(tmp_path):
    harsanyi(game_of(baseline=x_of(5, 2), weights=[1.0, 3.0]), checkpoint=tmp_path)
    with pytest.raises(ValueError, match="question: the baselines' weights changed"):
        harsanyi(game_of(baseline=x_of(5, 2), weights=[1.0, 1.0]), checkpoint=tmp_path)


def test_a_plain_function_is_known_by_its_values(tmp_path):
    """Two functions of one code; they differ by 1e-12 where the first and the last player are present."""

    def game(more):
        held = threading.local()  # what belongs to a thread is not looked at
        held.value = more
        return Game.from_function(lambda z: z.sin().sum(1) + held.value * z[:, 0] * z[:, 7], torch.ones(N).double())

    harsanyi(game(0.0), checkpoint=tmp_path)
    with pytest.raises(ValueError, match=r"the function's values changed: another function"):
        harsanyi(game(1e-12), checkpoint=tmp_path)


def test_more_players_than_bits_in_a_word(tmp_path):
    def game(partner):
        held = threading.local()  # what belongs to a thread is not looked at
        held.partner = partner
        return Game.from_function(lambda z: z.sum(1) * z[:, 0] * z[:, held.partner], torch.ones(70).double())

    first = harsanyi(game(69), order=2, checkpoint=tmp_path)
    assert (first[0, 69].item(), first[0, 1].item()) == (2.0, 0.0)
    assert torch.equal(harsanyi(game(69), order=2, checkpoint=tmp_path).values, first.values)
    with pytest.raises(ValueError, match="of another question"):
        harsanyi(game(68), order=2, checkpoint=tmp_path)
