"""Finer players: the same inputs at all unions of the coarse ones, and parts that a hand can name."""

import language_models as nets
import numpy as np
import pytest
import text_models as texts
import torch

from decompositions import players
from synergy import Game, harsanyi, refine, strongest

RNG = torch.Generator().manual_seed(3)
PICTURE = torch.rand(1, 3, 6, 8, generator=RNG).double()
TEXT = "The film is not unlikely good, and it was very long."


def everything(n):
    """All coalitions. Shape ``(2**n, n)``."""
    return (torch.arange(2**n)[:, None] >> torch.arange(n) & 1).bool()


def above(coarse, fine):
    """The coarse player of each fine one, from the entries that they have."""
    pairs = {(int(a), int(b)) for a, b in zip(fine.cube.entry_players(), coarse.cube.entry_players(), strict=True)}
    assert len(pairs) == fine.n  # none in two coarse players
    return torch.tensor([owner for _, owner in sorted(pairs)])


def require_same(coarse, fine):
    """At unions of coarse players both have the same inputs, bit for bit, and so the same values."""
    unions = everything(coarse.n)
    finer = unions[:, above(coarse, fine)]
    assert torch.equal(coarse.cube.inputs(unions), fine.cube.inputs(finer))
    assert torch.equal(coarse(unions), fine(finer))


def picture(cells=2, names=("a", "b", "c", "d")):
    """Tanh of a linear map of the picture, by rows alone."""
    weights = torch.randn(PICTURE.shape[1:], generator=torch.Generator().manual_seed(4)).double()

    def f(z):
        return torch.stack([(row * weights).sum().tanh() for row in z])

    return Game.from_function(f, PICTURE, 0.0, players.grid(PICTURE.shape, cells), names=names)


def test_the_strongest_region_is_halved_across_its_longer_side():
    coarse = picture()  # cells of 3 × 4 pixels
    fine = refine(coarse, [1, 9, 2, 3])
    assert fine.names == ("a", "b.1", "b.2", "c", "d")
    assert fine.cube.players.tolist() == [
        [[0, 0, 0, 0, 1, 1, 2, 2]] * 3 + [[3, 3, 3, 3, 4, 4, 4, 4]] * 3,
    ]
    require_same(coarse, fine)


def test_it_goes_by_effects():
    """The cell whose equal shares of all dividends are largest, by a sum over the rows."""
    coarse = picture()
    effects = harsanyi(coarse)
    shares = [sum(value / len(key) for key, value in effects.to_dict().items() if i in key) for i in range(4)]
    largest = coarse.names[int(np.abs(shares).argmax())]
    assert set(refine(coarse, effects).names) - set(coarse.names) == {f"{largest}.1", f"{largest}.2"}


def test_dividends_of_unions_add_up():
    """J of coarse players is the sum over the fine coalitions that meet just these."""
    coarse = picture()
    fine = refine(refine(coarse, [4, 3, 2, 1], 2), [1, 2, 3, 4, 5, 6], parts=3)
    assert fine.n == 8
    require_same(coarse, fine)
    owner, sums = above(coarse, fine).tolist(), {}
    for key, value in harsanyi(fine).to_dict().items():
        union = tuple(sorted({owner[player] for player in key}))
        sums[union] = sums.get(union, 0.0) + value
    assert sums == pytest.approx(harsanyi(coarse).to_dict(), abs=1e-13)


def test_quarters_and_names_of_names():
    coarse = picture()
    fine = refine(coarse, [0, 0, 0, 1], parts=4)
    assert fine.names == ("a", "b", "c", "d.1", "d.2", "d.3", "d.4")
    assert fine.cube.players[0, 3:, 4:].tolist() == [[3, 3, 5, 5], [4, 4, 6, 6], [4, 4, 6, 6]]
    finer = refine(fine, [0, 0, 0, 0, 0, 0, 1])
    assert finer.names[-2:] == ("d.4.1", "d.4.2")
    require_same(fine, finer)


def test_all_pixels_of_a_region():
    fine = refine(picture(), [0, 0, 1, 0], parts=None)
    assert fine.n == 3 + 12
    assert fine.cube.players[0, 3:, :4].tolist() == (2 + np.arange(12).reshape(3, 4)).tolist()


def test_the_players_come_from_the_loop_that_a_person_runs():
    """From one player to all of eight pixels, each of another value, in halves: v of all is the same throughout."""
    x = torch.arange(1.0, 9.0).reshape(1, 1, 2, 4)
    game = Game.from_function(lambda z: z.flatten(1).sum(1), x, 0.0, players.grid(x.shape, 1), names=["x"])
    while game.n < 8:
        finer = refine(game, harsanyi(game))
        require_same(game, finer)
        assert finer.n == game.n + 1
        game = finer
    assert sorted(harsanyi(game).independent.tolist()) == list(range(1, 9))


def test_strongest_effects_say_where_to_look():
    """f = 9 · (third pixel · fourth): coarse cells of two columns, of which the second has both."""
    x = torch.ones(1, 1, 1, 8).double()
    game = Game.from_function(
        lambda z: 9 * z[..., 2].flatten() * z[..., 3].flatten(), x, 0.0, players.grid(x.shape, (1, 4))
    )
    fine = refine(game, strongest(game, 3, order=2))
    assert fine.names == ("x0", "x1.1", "x1.2", "x2", "x3")
    assert harsanyi(fine)["x1.1", "x1.2"].item() == 9


def test_segments_within_a_region():
    """A cell of two colours is split where they meet, though that is no half of it."""
    pytest.importorskip("skimage", reason="segments are scikit-image's")
    x = torch.zeros(1, 3, 8, 16).double() + 0.5
    x[:, 0, :, :4] = 1.0
    coarse = Game.from_function(lambda z: z.flatten(1).sum(1), x, 0.0, players.grid(x.shape, (1, 1)), names=["cell"])
    fine = refine(coarse, [1], by="segments")
    assert fine.names == ("cell.1", "cell.2")
    assert fine.cube.players.tolist() == [[[0] * 4 + [1] * 12] * 8]
    require_same(coarse, fine)
    rows = Game.from_function(lambda z: z.reshape(len(z), -1).sum(1), x.numpy(), 0.0, players.grid(x.shape, 1))
    assert refine(rows, [1], by="segments").cube.players.tolist() == fine.cube.players.tolist()
    four = refine(picture(), [1, 0, 0, 0], parts=4, by="segments")
    require_same(picture(), four)
    assert four.n == 7


# texts


def asked(**settings):
    return Game.from_text(texts.classifier(), texts.word_pieces(), TEXT, target="good", **settings)


def names_of(game):
    return "|".join(game.names)


def test_clauses_halves_words_and_tokens():
    coarse = asked(players="clauses")
    assert names_of(coarse) == "The film is not unlikely good,|and it was very long."
    halves = refine(coarse, [2, 1])  # 9 tokens: the [5, 4] of these words are nearest to half
    assert names_of(halves) == "The film is not|unlikely good,|and it was very long."
    words = refine(halves, [0, 2, 1], parts=None)
    assert names_of(words) == "The film is not|unlikely|good,|and it was very long."
    tokens = refine(words, [0, 2, 1, 0], 2, parts=None)
    assert names_of(tokens) == "The film is not|un|like|ly|good|,|and it was very long."
    for one, other in ((coarse, halves), (halves, words), (words, tokens), (coarse, tokens)):
        unions = everything(one.n)
        finer = unions[:, above(one, other)]
        assert torch.equal(one.cube.inputs(unions), other.cube.inputs(finer))
    assert harsanyi(tokens).total.item() == pytest.approx(harsanyi(coarse).total.item(), abs=1e-6)


def test_spans_with_words_between_them():
    coarse = asked(players={"praise": ["film", "good"], "length": "very long"})
    fine = refine(coarse, [2, 1])
    assert fine.names == ("film", "good", "length")
    assert refine(fine, [0, 0, 1]).names == ("film", "good", "very", "long")
    apart = refine(asked(players=[["The film", "not", "good"]]), [1])
    assert apart.names == ("The film", "not … good")


def test_white_space_belongs_to_the_word_after_it():
    game = Game.from_text(
        texts.gpt2(), texts.byte_pairs(), "the  film\nis bad", target=" at", players="clauses", absent=0
    )
    assert refine(game, [1], parts=None).names == ("the", "film", "is", "bad")
    assert refine(refine(game, [1], parts=None), [0, 1, 0, 0]).names[1:3] == ("Ġ", "film")


def test_the_players_of_vectors_are_those_of_ids():
    coarse = asked(players="clauses")
    fine = refine(coarse.embedded, [2, 1])
    assert names_of(fine) == names_of(refine(coarse, [2, 1]))
    assert fine.cube.players.shape[-1] == 1
    unions = everything(2)
    assert torch.equal(fine.cube.inputs(unions[:, [0, 0, 1]]), coarse.embedded.cube.inputs(unions))


def test_tokens_of_a_model_of_ids():
    ids = torch.tensor([[5, 6, 7, 8]])
    game = Game.from_model(
        nets.bert(), {"input_ids": ids}, nets.MASK, target=("logits", 0), players=[[0, 0, 0, 1]], names=["most", "rest"]
    )
    fine = refine(game, [1, 0], parts=3)
    assert fine.names == ("most.1", "most.2", "most.3", "rest")
    require_same(game, fine)


# features


def test_groups_of_columns():
    pandas = pytest.importorskip("pandas")
    x = pandas.DataFrame({"age": [31.0], "lat": [1.0], "lon": [2.0], "town": ["bath"]})
    background = x.assign(age=40.0, lat=0.0, lon=0.0, town="ely")

    def f(rows):
        return (rows["age"] * rows["lat"] + rows["lon"] * (rows["town"] == "bath")).to_numpy()

    groups = {"where": ["lat", "lon", "town"]}
    coarse = Game.from_model(f, x, background, players=groups)
    assert refine(coarse, [1, 0]).names == ("lat", "lon, town", "age")
    fine = refine(coarse, [1, 0], parts=None)
    assert fine.names == ("lat", "lon", "town", "age")
    require_same(coarse, fine)
    assert harsanyi(fine)["lon", "town"] == 2


def test_groups_of_an_array_without_names():
    game = Game.from_function(lambda z: z.sum(1), np.ones((1, 6)), 0.0, [[0, 1, 1, 0, 1, 1]])
    fine = refine(game, [0, 1])
    assert fine.names == ("x0", "x1.1", "x1.2")
    assert fine.cube.players.tolist() == [0, 1, 1, 0, 2, 2]


def test_groups_of_trees_are_split_without_a_call():
    ensemble = pytest.importorskip("sklearn.ensemble")
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(200, 6))
    forest = ensemble.RandomForestRegressor(5, max_depth=4, random_state=0).fit(
        rows, rows[:, 0] * rows[:, 1] + rows[:, 2]
    )
    groups = {"first": [0, 1, 2], "second": [3, 4, 5]}
    coarse = Game.from_trees(forest, rows[0], rows[1:4], players=groups)
    fine = refine(coarse, harsanyi(coarse), parts=None)
    assert fine.names == ("0", "1", "2", "second")
    alone = {"0": [0], "1": [1], "2": [2], "second": [3, 4, 5]}
    expected = harsanyi(Game.from_trees(forest, rows[0], rows[1:4], players=alone))
    assert harsanyi(fine).to_dict() == expected.to_dict()
    pair = harsanyi(fine).to_dict()
    sums = sum(value for key, value in pair.items() if key and set(key) <= {0, 1, 2})
    assert harsanyi(coarse)["first"].item() == pytest.approx(sums, abs=1e-12)


# who is split


def test_what_cannot_be_split_is_passed_over():
    game = Game.from_function(lambda z: z.sum(1), torch.ones(1, 5), 0.0, [[0, 1, 1, 2, 2]], names=["a", "b", "c"])
    assert refine(game, [9, 1, 2]).names == ("a", "b", "c.1", "c.2")
    assert refine(game, [9, 1, 2], 2).names == ("a", "b.1", "b.2", "c.1", "c.2")
    assert refine(game, [9, 1, 2], 7, parts=99).n == 5


def test_of_equal_ones_the_first_is_split():
    game = Game.from_function(lambda z: z.sum(1), torch.ones(1, 4), 0.0, [[0, 1, 1, 0]])
    assert refine(game, [1, 1]).names == ("x0.1", "x0.2", "x1")


def test_null_players_are_not_split():
    x = torch.tensor([[0.0, 0.0, 1.0, 1.0]])
    game = Game.from_function(lambda z: z.sum(1), x, 0.0, [[0, 0, 1, 1]])
    assert refine(game, [9, 1]).names == ("x0", "x1.1", "x1.2")


def test_nothing_is_called_and_nothing_changed():
    calls = []
    game = picture()
    before = game.cube.players.clone()
    fine = refine(game.watched(calls.append), [1, 2, 3, 4])
    assert calls == []
    fine(torch.ones(1, fine.n))
    assert calls == [1]
    assert torch.equal(game.cube.players, before)
    assert fine.cube.precision == game.cube.precision


def test_several_baselines_stay():
    baselines = torch.rand(3, 1, 4, 4, generator=RNG).double()
    x = torch.ones(1, 1, 4, 4).double()
    coarse = Game.from_function(
        lambda z: torch.stack([row.sum() ** 2 for row in z]), x, baselines, players.grid(x.shape, 2), weights=[1, 2, 3]
    )
    require_same(coarse, refine(coarse, [1, 2, 3, 4], 2))


def test_other_players_of_the_same_question():
    game = picture()
    again = game.regrouped(players.grid(PICTURE.shape, (1, 2)), ["left", "right"])
    assert again.names == ("left", "right")
    assert torch.equal(again(everything(2)), game(everything(2)[:, [0, 1, 0, 1]]))
    assert game.regrouped([[[[0]]]]).names == ("x0",)
    with pytest.raises(ValueError, match="do not broadcast"):
        game.regrouped([[0, 1, 2]])
    with pytest.raises(ValueError, match="one per player, 2 of them, not 1"):
        game.regrouped(players.grid(PICTURE.shape, (1, 2)), ["all"])
    with pytest.raises(ValueError, match="one player per symbol"):
        Game.from_values([0.0, 1.0]).regrouped([0])


SINGLE = Game.from_function(lambda z: z.sum(1), torch.ones(1, 3))
PAIR = Game.from_function(lambda z: z.sum(1), torch.ones(1, 2), 0.0, [[0, 0]])
WRONG = {
    "no game": (lambda: refine(torch.ones(3), [1]), TypeError, r"refine\(\) asks a Game"),
    "a table": (lambda: refine(Game.from_values([0.0, 1.0]), [1]), ValueError, "behind a table there is no input"),
    "an expression": (
        lambda: refine(Game.from_expression("z1*z2", {"z1": 1, "z2": 2}), [1, 1]), ValueError, "is one symbol",
    ),
    "single entries": (lambda: refine(SINGLE, [1, 2, 3]), ValueError, "none of the 3 players can be split"),
    "single pixels": (
        lambda: refine(Game.from_function(lambda z: z.flatten(1).sum(1), torch.ones(1, 3, 2, 2), 0.0,
                                          players.grid((2, 2), 2)), [1] * 4),
        ValueError, "a single pixel",
    ),
    "null players": (
        lambda: refine(Game.from_function(lambda z: z.sum(1), torch.zeros(1, 2), 0.0, [[0, 0]]), [1]),
        ValueError, "the same in x and the baseline",
    ),
    "none of them": (lambda: refine(PAIR, [1], 0), ValueError, "count is the number of players.*not 0"),
    "half of one": (lambda: refine(PAIR, [1], 0.5), TypeError, "count is the number of players"),
    "into one": (lambda: refine(PAIR, [1], parts=1), ValueError, "parts is the number of finer.*at least 2, not 1"),
    "into a word": (lambda: refine(PAIR, [1], parts="all"), TypeError, "parts is the number of finer"),
    "another way": (lambda: refine(PAIR, [1], by="thirds"), ValueError, "'halves' or 'segments', not 'thirds'"),
    "segments of a row": (lambda: refine(PAIR, [1], by="segments"), ValueError, "regions of a picture.*by='halves'"),
    "segments of a text": (lambda: refine(asked(players="clauses"), [1, 1], by="segments"), ValueError, "of a picture"),
    "segments of colours apart": (
        lambda: refine(Game.from_function(lambda z: z.flatten(1).sum(1), torch.ones(1, 2, 4, 4), 0.0,
                                          torch.tensor([0, 1]).reshape(1, 2, 1, 1).expand(1, 2, 4, 4)), [1, 1],
                       by="segments"),
        ValueError, "whose colours share their players",
    ),
    "any number of segments": (
        lambda: refine(picture(), [1] * 4, parts=None, by="segments"), ValueError, "give parts=2 or more",
    ),
    "effects of the finer game": (
        lambda: refine(picture(), harsanyi(refine(picture(), [1] * 4))), ValueError, "effects are of the players",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_refined_is_refused(case):
    ask, error, words = WRONG[case]
    with pytest.raises(error, match=words):
        ask()
