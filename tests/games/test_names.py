"""Names of players: of those that are given twice, each is told from the other."""

import pytest
import text_models as texts
import torch

from decompositions.games.names import told_apart
from synergy import Game, compare, harsanyi


def doubled(names=("a", "a", "b")):
    return Game.from_function(
        lambda z: z[:, 0] + 2 * z[:, 1] + 4 * z[:, 0] * z[:, 2], torch.ones(3).double(), names=names
    )


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (["a", "b"], ("a", "b")),
        (["a", "b", "a", "b", "a"], ("a (1)", "b (1)", "a (2)", "b (2)", "a (3)")),
        (["a", "a (1)", "a"], ("a (2)", "a (1)", "a (3)")),
        ([], ()),
    ],
)
def test_told_apart(given, shown):
    assert told_apart(given) == shown


def test_a_table_tells_two_equal_names_apart():
    """1 and 2 are given to two players that were both called a; what the third has with one of them says with which."""
    effects = harsanyi(doubled())
    assert effects["a (1)"] == 1
    assert effects["a (2)"] == 2
    assert effects["a (1)", "b"] == 4
    given = [
        line.split() for line in compare(doubled(), ["occlusion_1"]).table().splitlines() if line.startswith("a (")
    ]
    assert given[:2] == [["a", "(1)", "5.000"], ["a", "(2)", "2.000"]]
    assert list(effects.to_pandas().index[1:3]) == ["a (1)", "a (2)"]


def test_a_name_that_two_players_have_is_none_of_either():
    with pytest.raises(LookupError, match=r"no player is named 'a'; did you mean 'a \(1\)'"):
        harsanyi(doubled())["a"]


def test_words_that_come_again():
    game = Game.from_text(texts.classifier(), texts.word_pieces(), "the film is the good", target="good")
    assert game.names == ("the (1)", "film", "is", "the (2)", "good")
