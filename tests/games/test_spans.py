"""Which player each token of a text has, by hand, for tokenizers of several kinds."""

import pytest
import text_models as texts

from decompositions.games.encoded import encoded
from decompositions.games.spans import owners

BERT, GPT2, LLAMA = texts.word_pieces(), texts.byte_pairs(), texts.pieces_after_a_start()
STAY = None
MULTI = texts.pieces_after_a_start()
MULTI.add_tokens(["film is"])
AND_SO = texts.pieces_after_a_start()
AND_SO.add_tokens([", and"])

WORDS = {
    "pieces of a word are one": (BERT, "unlikely good.", [STAY, 0, 0, 0, 1, 1, STAY], "unlikely good."),
    "an unknown word is one": (BERT, "xyz film", [STAY, 0, 1, STAY], "xyz film"),
    "special tokens in the text stay": (BERT, "the [SEP] film", [STAY, 0, STAY, 1, STAY], "the film"),
    "right beside a word, too": (BERT, "the[MASK]film", [STAY, 0, STAY, 1, STAY], "the film"),
    "spaces are the next word's": (GPT2, "the  film\nis", [0, 1, 1, 2, 2], "the film is"),
    "at the end they are the last one's": (GPT2, "the film \n", [0, 1, 1, 1], "the film"),
    "at the beginning the first one's": (GPT2, "\nthe film", [0, 0, 1], "the film"),
    "letters of several bytes": (GPT2, "the 🙂 film", [0, 1, 1, 1, 1, 1, 2], "the 🙂 film"),
    "an end in the text stays": (GPT2, f"the{texts.END} film", [0, STAY, 1], "the film"),
    "a start before the text stays": (LLAMA, "the film", [STAY, 0, 1], "the film"),
    "a token of two words makes them one": (MULTI, "the film is bad", [STAY, 0, 1, 1, 2], ["the", "film is", "bad"]),
}  # fmt: skip


CLAUSES = {
    "at punctuation": (BERT, "Not good, the film.", [STAY, 0, 0, 0, 1, 1, 1, STAY], "Not good,|the film."),
    "spaces are the next one's": (GPT2, "not bad,  the film", [0, 0, 0, 1, 1, 1], "not bad,|the film"),
    "written over two lines": (GPT2, "the\nfilm", [0, 0, 0, 0], "the film"),
    "special tokens in the text stay, and end one": (
        BERT, "the film [SEP] not good", [STAY, 0, 0, STAY, 1, 1, STAY], "the film|not good",
    ),
    "a token of two makes them one": (AND_SO, "not bad, and good", [STAY, 0, 0, 0, 0], "not bad, and good"),
}  # fmt: skip


@pytest.mark.parametrize("case", CLAUSES)
def test_clauses(case):
    tokenizer, text, numbers, names = CLAUSES[case]
    found = owners(encoded(tokenizer, text), "clauses")
    assert list(found.numbers) == numbers
    assert "|".join(found.names) == names


@pytest.mark.parametrize("case", WORDS)
def test_words(case):
    tokenizer, text, numbers, names = WORDS[case]
    found = owners(encoded(tokenizer, text), "words")
    assert list(found.numbers) == numbers
    assert list(found.names) == (names.split() if isinstance(names, str) else names)


def test_tokens():
    found = owners(encoded(BERT, "unlikely good."), "tokens")
    assert found.numbers == (STAY, 0, 1, 2, 3, 4, STAY)
    assert found.names == ("un", "like", "ly", "good", ".")
    assert owners(encoded(GPT2, "the  film\n"), "tokens").names == ("the", "Ġ", "film", "Ċ")


TEXT = "The film is not good, the end"  # [CLS] the film is not good , the [UNK] [SEP]
SPANS = {
    "parts of the text": (["film is", "not good"], [1, 2, 3, 4], "0 0 1 1", ("film is", "not good")),
    "characters": ([(4, 11), (12, 20)], [1, 2, 3, 4], "0 0 1 1", ("film is", "not good")),
    "with the space around them": ([(3, 12), " not good"], [1, 2, 3, 4], "0 0 1 1", ("film is", "not good")),
    "both": ([(22, 25), "The"], [0, 6], "1 0", ("the", "The")),
    "by name": ({"who": "film", "what": (12, 20)}, [1, 3, 4], "0 1 1", ("who", "what")),
    "several of a name": ({"a": ["film", (16, 21)], "b": "The"}, [0, 1, 4, 5], "1 0 0 0", ("a", "b")),
    "several without": ([["film", "good"], "is"], [1, 2, 4], "0 1 0", ("film … good", "is")),
    "lists of numbers": ([[4, 8]], [1], "0", ("film",)),
}


@pytest.mark.parametrize("case", SPANS)
def test_spans(case):
    players, places, numbers, names = SPANS[case]
    found = owners(encoded(BERT, TEXT), players)
    expected = dict(zip(places, map(int, numbers.split()), strict=True))
    assert found.numbers == (STAY, *(expected.get(place) for place in range(8)), STAY)
    assert found.names == names


REFUSED = {
    "another word": ("word", ValueError, "'words', 'tokens', 'clauses', or spans: .*not 'word'"),
    "through a token": ([(4, 7)], ValueError, "'fil' cuts through the token 'film', characters 4 to 8"),
    "through its beginning": (["ilm is"], ValueError, "cuts through the token 'film'"),
    "not there": (["movie"], ValueError, "'movie' is not in the text"),
    "twice there": (["he"], ValueError, "'he' is 2 times in the text: say which by its characters"),
    "nothing": ([""], ValueError, "'' is not in the text"),
    "white space": ([(3, 4)], ValueError, "the span ' ' holds no token"),
    "overlapping": (["film is", "is not"], ValueError, "'film is' and 'is not' share the token 'is'"),
    "backwards": ([(8, 4)], ValueError, "where nothing is between them"),
    "beyond the text": ([(4, 80)], ValueError, "a whole number from 0 to 29, not 80"),
    "none": ([], ValueError, "there are none"),
    "an empty list of them": ({"a": []}, TypeError, "not \\[\\]"),
    "three numbers": ([(1, 2, 3)], TypeError, "pairs of characters"),
    "numbers and texts": ([(1, "film")], TypeError, "pairs of characters"),
    "truth values": ([(True, False)], TypeError, "not True"),
    "a number": (3, TypeError, "players of a text are .*not 3"),
    "a number in a list": ([3], TypeError, "players of a text are .*not 3"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_players_that_are_none(case):
    players, kind, words = REFUSED[case]
    with pytest.raises(kind, match=words):
        owners(encoded(BERT, TEXT), players)


def test_a_tokenizer_that_cuts_texts_off():
    def cut(text, **settings):
        return BERT(text, truncation=True, max_length=4, **settings)

    cut.convert_ids_to_tokens = BERT.convert_ids_to_tokens
    with pytest.raises(ValueError, match="no token for 'is': it cuts long texts off"):
        owners(encoded(cut, "the film is good"), "words")


def test_special_tokens_alone():
    with pytest.raises(ValueError, match="special tokens alone"):
        owners(encoded(BERT, "[SEP] [MASK]"), "words")
