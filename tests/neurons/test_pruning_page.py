"""docs/neurons.md: the committed page is what the script makes, and what it says follows from its numbers."""

import re

import pytest
import script_cases
from script_cases import ROOT

pytest.importorskip("sklearn", reason="the digits need sklearn")
pytest.importorskip("safetensors", reason="the networks need safetensors")

PAGE = (ROOT / "docs" / "neurons.md").read_text("utf8")
CELL = r"([+-]?[\d.]+) \[([+-]?[\d.]+), ([+-]?[\d.]+)\]"


@pytest.fixture(scope="module")
def script():
    return script_cases.script("neurons")


def rows(title):
    """Of the table under the last heading that holds a text."""
    after = PAGE[PAGE.rindex(title) :]
    lines = [line for line in after[after.index("\n|") + 1 :].split("\n\n")[0].splitlines() if "---" not in line]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def interval(cell):
    return tuple(map(float, re.fullmatch(CELL, cell).groups()))


def test_every_experiment_is_there(script):
    assert [row[0] for row in rows("At 5%")] == [each.title for each in script.EXPERIMENTS.values()]
    for each in script.EXPERIMENTS.values():
        found = rows(f"## {each.title}\n")
        assert [row[0].split(" ", 1)[1] for row in found] == list(script.NAMES.values()) * len(script.PARTS)
        assert f"{each.pictures} inputs" in PAGE[PAGE.index(f"## {each.title}\n") :].partition("|")[0]
        for row in found:
            for cell in row[1:]:
                mean, low, high = interval(cell)
                assert low <= mean <= high
    assert (ROOT / "docs" / "images" / "neurons" / "regions.png").exists()


def test_the_verdicts_follow_from_the_numbers(script):
    for title, *cells, beyond, said in rows("At 5%"):
        found = rows(f"## {title}\n")
        assert cells == [row[3] for row in found[8:12]]  # of the third part, 5 %
        region, whole = interval(cells[0]), interval(cells[1])
        if region[2] >= 0 or interval(beyond)[2] >= 0:
            assert said == "no"
        else:
            assert said == ("holds" if whole[1] <= 0 <= whole[2] else "in part")
    verdicts = [row[-1] for row in rows("At 5%")]
    counts = [verdicts.count(each) for each in ("holds", "in part")]
    assert "Of {} experiments the claim holds in {}, and in part in {}.".format(len(verdicts), *counts) in PAGE


@pytest.mark.slow
def test_smaller_networks_are_what_the_script_makes(script):
    assert [list(row) for row in script.smaller_table().rows] == rows("Without 25%")


@pytest.mark.slow
def test_the_digits_are_what_the_script_makes(script):
    made = script.EXPERIMENTS["digits"].run(parts=(0.05,)).table().rows
    kept = rows("## Digits, a convolutional network\n")[8:12]
    assert [list(row) for row in made[:3]] == kept[:3]  # at random other neurons are drawn where there are fewer parts


@pytest.mark.slow
def test_the_labels_are_what_the_script_makes(script):
    assert [list(row) for row in script.labels_table().rows] == rows("Changes without 1%")
