"""Sentences as pictures: what is drawn, read back from the figure."""

import re
from itertools import combinations

import numpy as np
import pytest
import torch

from decompositions.effects.coalitions import Coalitions
from synergy import Effects, Game, harsanyi, taylor
from synergy.comparison.result import Result
from synergy.wording.view import Words

pytest.importorskip("matplotlib", reason="pictures need the extra 'viz'")

from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from rendered import clipped, overlapping, texts

from synergy import pictures
from synergy.pictures.strong import Together
from synergy.pictures.word_layout import in_lines, pieces

BLUE, ORANGE = np.array([33, 102, 172]) / 255, np.array([214, 96, 0]) / 255
NOT_HAPPY = Words(("I'm", "not", "happy"))
PANGRAM = re.findall(
    r"\S+", "The quick brown fox jumps over the lazy dog, and nobody near the old wooden fence stops to ask"
)


def effects_of(n, **found):
    """Effects that are given by their members: ``_0_2=1.5``."""
    members = [()] + [tuple(int(part) for part in key.strip("_").split("_")) for key in found]
    values = torch.tensor([0.0, *found.values()]).double()
    return Effects(values, names=tuple(f"w{i}" for i in range(n)), coalitions=Coalitions.of_members(members, n))


def words(figure):
    return [text for text, _ in texts(figure)]


def boxes(figure):
    return [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle)]


def marks(figure):
    return [patch for patch in figure.axes[0].patches if isinstance(patch, PathPatch)]


def place_of(figure, said):
    return next(box for text, box in texts(figure) if text == said)


def test_words_have_their_colours_and_numbers():
    figure = pictures.sentence([0.0, -2.0, 1.0], NOT_HAPPY, unit="the rating")
    colours = [np.array(box.get_facecolor()[:3]) for box in boxes(figure)]
    assert colours[0] == pytest.approx(np.ones(3))
    assert colours[1] == pytest.approx(ORANGE)
    assert colours[2] == pytest.approx((1 + BLUE) / 2)
    said = words(figure)
    assert [said.index(word) for word in ("I'm", "not", "happy")] == sorted(map(said.index, NOT_HAPPY.words))
    assert {"0", "−2.00", "+1.00"} <= set(said)
    for word, value in zip(NOT_HAPPY.words, ("0", "−2.00", "+1.00"), strict=True):
        above, below = place_of(figure, word), place_of(figure, value)
        assert above.y0 > below.y1
        assert (above.x0 + above.x1) / 2 == pytest.approx((below.x0 + below.x1) / 2, abs=1.5)
    assert "below each word what it is given, in units of the rating; full colour: ±2.000" in " ".join(said).replace(
        "\n", " "
    )


def test_pairs_are_arcs_and_larger_coalitions_brackets():
    effects = effects_of(3, _0=9.0, _1_2=-2.0, _0_1=0.5, _0_1_2=1.0)
    figure = pictures.sentence([1, 1, 1], NOT_HAPPY, effects)
    assert {"−2.000", "+0.5000", "+1.000"} <= set(words(figure))
    top = max(place_of(figure, word).y1 for word in NOT_HAPPY.words)
    bottom = place_of(figure, "+1.00").y0
    assert place_of(figure, "−2.000").y0 > top
    assert place_of(figure, "+0.5000").y0 > top
    assert place_of(figure, "+1.000").y1 < bottom
    arc = next(mark for mark in marks(figure) if mark.get_edgecolor()[:3] == pytest.approx(tuple(ORANGE)))
    ends = arc.get_path().vertices[[0, -1], 0]
    for end, box in zip(ends, boxes(figure)[1:], strict=True):
        assert box.get_x() < end < box.get_x() + box.get_width()
    widths = sorted(mark.get_linewidth() for mark in marks(figure))
    assert widths == pytest.approx([1 + 2.2 / 4, 1 + 2.2 / 2, 3.2])
    note = " ".join(words(figure))
    assert "arcs: effects J of pairs" in note
    assert "brackets: effects J of three" in note
    strongest = pictures.sentence([1, 1, 1], NOT_HAPPY, effects, k=1)
    assert len(marks(strongest)) == 1
    assert "−2.000" in words(strongest)
    assert marks(pictures.sentence([1, 1, 1], NOT_HAPPY, effects, k=0)) == []


def test_the_nearest_arc_is_the_shortest():
    cells = in_lines([30.0] * 4, 500)
    found = [Together((0, 3), 1.0), Together((0, 1), 1.0), Together((2, 3), 1.0), Together((0, 2), 1.0)]
    levels = {piece.effect.members: piece.level for piece in pieces(found, cells, 500)}
    assert levels[0, 1] == levels[2, 3] == 1
    assert levels[0, 2] == 2
    assert levels[0, 3] == 3


def test_a_mark_that_goes_on_in_another_line_has_one_letter():
    cells = in_lines([40.0, 40.0, 40.0], 90)
    first, second = sorted(pieces([Together((1, 2), -3.0)], cells, 90), key=lambda piece: piece.line)
    assert first.label == second.label == "a: −3.000"
    assert (first.ports, first.start, first.stop) == ((65,), 65, 96)
    assert (second.ports, second.start, second.stop) == ((20,), -6, 20)
    assert first.reach[1] <= 96
    assert second.reach[0] >= -6


def test_many_coalitions_are_dots_under_their_words():
    coalitions = list(combinations(range(5), 3))[:6]
    effects = effects_of(5, **{"".join(f"_{i}" for i in each): k + 1.0 for k, each in enumerate(coalitions)})
    figure = pictures.sentence(np.ones(5), PANGRAM[:5], effects)
    middles = [box.get_x() + box.get_width() / 2 for box in boxes(figure)]
    dots = [line.get_xdata() for line in figure.axes[0].lines]
    assert np.array(sorted(map(tuple, dots))) == pytest.approx(np.array([[middles[i] for i in c] for c in coalitions]))
    assert len({tuple(line.get_ydata()) for line in figure.axes[0].lines}) == 6  # each on a line of its own
    assert "joined dots: effects J of three words" in " ".join(words(figure)).replace("\n", " ")
    for label in ("+1.000", "+6.000"):
        box = place_of(figure, label)
        line = next(
            each for each in figure.axes[0].lines if _level(each) == pytest.approx(sum(box.intervaly) / 2, abs=4)
        )
        assert not [x for x, _ in line.get_transform().transform(line.get_xydata()) if box.x0 < x < box.x1]
    few = pictures.sentence(np.ones(5), PANGRAM[:5], effects, k=3)
    assert not few.axes[0].lines
    assert len(marks(few)) == 3


def _level(line):
    return line.get_transform().transform(line.get_xydata())[0, 1]


def test_lines_without_marks_are_about_equally_long_and_short_sentences_have_one():
    figure = pictures.sentence(np.ones(15), ["words"] * 15)
    rights = [box.get_x() + box.get_width() for box in boxes(figure)]
    heights = [box.get_y() for box in boxes(figure)]
    assert [heights.count(height) for height in dict.fromkeys(heights)] == [8, 7]
    assert rights[7] > rights[14]
    one = pictures.sentence(np.ones(11), ["words"] * 11)
    assert len({box.get_y() for box in boxes(one)}) == 1


def test_taylor_effects_are_summed_by_who_takes_part():
    series = taylor(Game.from_expression("x1*x2 + x1**2*x2 - x3", {"x1": 1, "x2": 2, "x3": 1}))
    assert "+4.000" in words(pictures.sentence([1, 1, 1], NOT_HAPPY, series))


def noise(n):
    return np.random.default_rng(n).normal(size=n)


FOUND = {"_0_1": 3.0, "_1_2": -2.0, "_0_2": 1.0, "_0_1_2": -1.5}
FAR = {"_0_9": 1.0, "_3_41": -2.0, "_20_21": 3.0, "_5_6_7": 1.0, "_2_30_40": -4.0, "_12_13_14_15": 1.0, "_40_41": 0.1}
CASES = {
    "one word": (["no"], {}),
    "short words": (["I", "a", "b"], FOUND),
    "long words": (["antidisestablishmentarianism"] * 3, FOUND),
    "clauses": (["It is long, and in the middle much too loud for me, but " * 2] * 3, FOUND),
    "a sentence": (PANGRAM[:12], {"_0_9": 1.0, "_3_11": -2.0, "_4_5": 1.0, "_0_5_9": 2.0}),
    "43 words": ((PANGRAM * 3)[:43], FAR),
    "formulas": (["$x$", "a_b^c", r"\alpha"], FOUND),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("scale", [0.0, 1e-7, 1.0, 1e8])
def test_nothing_is_clipped_or_overlaps(case, scale):
    said, found = CASES[case]
    effects = effects_of(len(said), **found) if found else None
    figure = pictures.sentence(scale * noise(len(said)), said, effects, k=9)
    assert clipped(figure) == []
    assert overlapping(figure) == []


def test_a_small_axis_has_small_letters():
    figure = Figure(figsize=(6, 5))
    axes = figure.subplots(2, 1)
    assert pictures.sentence(noise(12), PANGRAM[:12], effects_of(12, _0_3=1.0), ax=axes[0]) is figure
    pictures.sentence(noise(30), (PANGRAM * 2)[:30], ax=axes[1])
    assert clipped(figure) == []
    assert overlapping(figure) == []
    sizes = [text.get_fontsize() for axis in axes for text in axis.texts if text.get_text() == "quick"]
    assert 12 > sizes[0] > sizes[1] > 4
    for axis, size in zip(axes, sizes, strict=False):
        box = axis.patches[-1].get_window_extent()
        assert box.height / figure.dpi * 72 == pytest.approx(20 * size / 12)
    with pytest.raises(ValueError, match=r"too small for 40 words"):
        pictures.sentence(noise(40), (PANGRAM * 3)[:40], ax=Figure(figsize=(1, 1)).subplots())


def test_methods_are_named_and_refused(tmp_path):
    found = Result("shapley", "f(x)", "", attribution=torch.tensor([1.0, 2.0, 3.0]), title="Shapley value")
    assert "Shapley value" in words(pictures.sentence(found, NOT_HAPPY, path=tmp_path / "x.svg"))
    assert (tmp_path / "x.svg").stat().st_size > 2000
    with pytest.raises(ValueError, match="lrp gives nothing to show: no network"):
        pictures.sentence(Result("lrp", "f(x)", "", note="no network"), NOT_HAPPY)
    with pytest.raises(TypeError, match="view is the Words"):
        pictures.sentence([1, 2, 3], "I'm not happy")
    with pytest.raises(ValueError, match="effects are of 2 players"):
        pictures.sentence([1, 2, 3], NOT_HAPPY, harsanyi(Game.from_values([0.0, 1.0, 2.0, 4.0])))
    own = Result("gradient", "its own", "", attribution=torch.ones(3))
    assert any("in a unit of its own" in text for text in words(pictures.sentence(own, NOT_HAPPY)))
