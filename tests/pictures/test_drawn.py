"""What is drawn is the result: numbers read back from the pictures, expected by hand."""

import numpy as np
import pytest
import torch

pytest.importorskip("matplotlib", reason="figures need the extra 'viz'")

from drawn_results import DIVIDENDS, comparison, estimation, three
from matplotlib.figure import Figure

from synergy import Effects, Estimation, Game, harsanyi, pictures, taylor
from synergy.comparison.finding import finding
from synergy.comparison.result import Result
from synergy.pictures.spectrum import sums_by_order

BLUE, ORANGE = (33 / 255, 102 / 255, 172 / 255), (214 / 255, 96 / 255, 0.0)


def rgb(colour):
    return pytest.approx(colour[:3], abs=1e-3)


def rows(axis):
    return [label.get_text() for label in axis.get_yticklabels()]


def words(axis):
    return [text.get_text() for text in axis.texts]


def test_a_waterfall_goes_from_f_b_to_f_x():
    """10 + 4 + 2.5 − 2 + 1 = 15.5."""
    axis = pictures.waterfall(three()).axes[0]
    assert rows(axis) == ["f(b)", "x0·x1", "x0·x1·x2", "x1", "x0", "f(x)"]
    bars = [(bar.get_x(), bar.get_width()) for bar in axis.patches]
    assert bars == [(10, 4), (14, 2.5), (14.5, 2), (14.5, 1)]
    assert [rgb(bar.get_facecolor()) for bar in axis.patches] == [BLUE, BLUE, ORANGE, BLUE]
    ends = [line.get_xdata()[0] for line in axis.lines if line.get_linewidth() == 2.4]
    assert ends == [10, 15.5]
    assert {"10.00", "+4.000", "+2.500", "−2.000", "+1.000", "15.50"} <= set(words(axis))


def test_a_waterfall_pools_weaker_effects_and_says_what_was_not_computed():
    axis = pictures.waterfall(three(), k=2).axes[0]
    assert rows(axis)[3] == "2 weaker effects"
    assert axis.patches[2].get_x() == 15.5
    assert axis.patches[2].get_width() == 1  # 1 − 2, backwards from 16.5
    assert axis.patches[2].get_hatch()
    some = Effects(torch.tensor(DIVIDENDS).double(), names=("a", "b", "c"), truncated=True, remainder=0.7)
    axis = pictures.waterfall(some).axes[0]
    assert rows(axis)[5:] == ["effects not computed", "f(x)"]
    assert "+0.7000" in words(axis)
    with pytest.raises(ValueError, match="at least 1, not 0"):
        pictures.waterfall(three(), k=0)


@pytest.mark.parametrize("value", [5.0, 1e-9, 7e6, 0.37])
def test_ticks_are_round_numbers(value):
    figure = pictures.waterfall(harsanyi(Game.from_values([0.0, value])))
    figure.canvas.draw()
    step = float(np.diff(figure.axes[0].get_xticks())[0])
    assert f"{step:.3e}"[:5] in ("1.000", "2.000", "2.500", "5.000")


def test_a_spectrum_sums_by_order():
    """Of 1, −2 | 4, 0, 0 | 2.5."""
    found = sums_by_order(three())
    assert found.positive.tolist() == [1, 4, 2.5]
    assert found.negative.tolist() == [2, 0, 0]
    axis = pictures.spectrum(three()).axes[0]
    drawn = {line.get_label(): line.get_ydata() for line in axis.lines}
    assert drawn["all"].tolist() == [3, 4, 2.5]
    assert drawn["positive"].tolist() == [1, 4, 2.5]
    assert drawn["negative"][0] == 2
    assert np.isnan(drawn["negative"][1:]).all()
    assert "in units of f" in axis.get_ylabel()


def test_the_noise_of_a_spectrum_is_that_of_all_its_effects():
    """Three single players with 0.1·√2 each, three pairs with 0.1·2, one triple with 0.1·√8."""
    effects = Effects(torch.tensor(DIVIDENDS).double(), names=("a", "b", "c"), noise=0.1)
    assert sums_by_order(effects).noise == pytest.approx([0.3 * 2**0.5, 0.6, 0.1 * 8**0.5])


def test_a_spectrum_of_taylor_effects_goes_by_degree():
    """x² y − 5 x: 4·3 at degree 3, −10 at degree 1."""
    effects = taylor(Game.from_expression("x**2*y - 5*x", {"x": 2, "y": 3}))
    found = sums_by_order(effects)
    assert found.total.tolist() == [10, 0, 12]
    assert "degree" in pictures.spectrum(effects).axes[0].get_xlabel()


def test_drawn_rows_stand_for_their_size_in_a_spectrum():
    """Of the three pairs one was drawn: it counts three times."""
    from decompositions.effects.coalitions import Coalitions
    from decompositions.effects.strata import Strata, Stratum

    coalitions = Coalitions.of_members([(), (0,), (1,), (2,), (0, 1)], 3)
    strata = Strata(1, (Stratum(2, 3, np.array([4])),))
    values = torch.tensor([0.0, 1, 1, 1, -2]).double()
    effects = Effects(values, names=("a", "b", "c"), coalitions=coalitions, truncated=True, strata=strata)
    assert sums_by_order(effects).total.tolist() == [3, 6]


def test_attributions_have_whiskers_of_two_standard_errors_and_open_bars():
    values, error = np.array([2.0, -1.0, 0.3]), np.array([0.1, 0.2, 0.1])
    found = Estimation("shapley", values, error, values, 0.9, 500, 500, ("a", "b", "c"))
    axis = found.plot().axes[0]
    assert [bar.get_width() for bar in axis.patches] == values.tolist()
    assert [rgb(bar.get_facecolor()) for bar in axis.patches] == [BLUE, ORANGE, (1, 1, 1)]  # 0.3 < 3.5 · 0.1
    whiskers = [sorted(part[:, 0]) for part in axis.collections[0].get_segments()]
    assert whiskers == [pytest.approx(ends) for ends in ([1.8, 2.2], [-1.4, -0.6], [0.1, 0.5])]
    assert words(axis)[:3] == ["+2.00 ± 0.2", "−1.00 ± 0.4", "+0.30 ± 0.2"]
    assert axis.get_xlabel() == "attribution, in units of f"


def test_many_attributions_are_the_largest_and_the_others_are_summed():
    values = np.array([0.0, 5.0, -3.0, 1.0])
    found = Estimation("shapley", values, 0 * values, values, 0.9, 500, 500, ("a", "b", "c", "d"), exact=True)
    axis = pictures.attributions(found, k=2).axes[0]
    assert rows(axis) == ["b", "c"]
    assert any("Σ +3.000; 2 more players: Σ +1.000" in text for text in words(axis))


def test_attributions_of_a_method_name_its_players_and_its_unit():
    found = comparison(three(("p", "q", "r")))
    axis = found["leaking"].plot().axes[0]
    assert rows(axis) == ["p", "q", "r"]
    assert [bar.get_width() for bar in axis.patches] == pytest.approx([7.5, 4.5, 2.8])
    assert "a unit of its own" in pictures.attributions(found["gradient"]).axes[0].get_xlabel()
    with pytest.raises(ValueError, match="no attributions to draw: it does not apply"):
        pictures.attributions(found["refused"])
    with pytest.raises(TypeError, match="an Estimation, a Result or a Comparison, not 3"):
        pictures.attributions(3)


def test_a_matrix_has_single_players_on_its_diagonal():
    axis = pictures.interaction_matrix(three()).axes[0]
    assert axis.images[0].get_array().tolist() == [[1, 4, 0], [4, -2, 0], [0, 0, 0]]
    assert axis.images[0].get_clim() == (-4, 4)
    assert words(axis)[:2] == ["+1.00", "+4.00"]


def test_a_matrix_of_an_estimate_has_no_diagonal_and_dots_where_nothing_is_told():
    values = np.array([[0, 2.0, 0.1], [2, 0, -1], [0.1, -1, 0]])
    found = Estimation("sii", values, np.full((3, 3), 0.1), values, 0.9, 500, 500, ("a", "b", "c"))
    axis = found.plot().axes[0]
    assert axis.images[0].get_array().mask.tolist() == np.eye(3, dtype=bool).tolist()
    assert np.round(axis.collections[0].get_offsets()).tolist() == [[2, 0], [0, 2]]
    with pytest.raises(ValueError, match="of pairs, and bars are of players"):
        pictures.attributions(found)


def test_what_was_not_computed_is_no_zero():
    from decompositions.effects.coalitions import Coalitions

    coalitions = Coalitions.of_members([(), (0,), (0, 1)], 3)
    effects = Effects(torch.tensor([0.0, 1, 2]).double(), names=("a", "b", "c"), coalitions=coalitions, truncated=True)
    cells = pictures.interaction_matrix(effects).axes[0].images[0].get_array()
    assert cells.filled(-9).tolist() == [[1, 2, -9], [2, -9, -9], [-9, -9, -9]]


def test_the_panels_say_the_verdicts_with_their_marks():
    """Shapley meets all; who gives every member everything and others a tenth is neither relevant nor complete."""
    figure = pictures.overview(comparison(three()))
    panels = {axis.get_title(): [t for t in words(axis) if t.strip("†") in "✓✗?–"] for axis in figure.axes}
    assert panels["Shapley value\n= Its twin"] == ["✓", "✓", "✓"]
    assert panels["Leaky × Input"] == ["✓", "✗", "✗"]
    assert panels["in_theory"] == ["✓", "✓", "✓†"]
    assert panels["A gradient with a\nname of many words"] == ["–", "–", "–"]


def test_panels_have_whiskers_and_one_scale_on_which_they_fit():
    values = torch.tensor([1.0, -1.0, 0.0, 0.0]).double()
    results = (
        Result("a", "f(x) − f(b)", "", values, error=torch.tensor([0.0, 3.0, 0.0, 0.0]).double()),
        Result("b", "f(x) − f(b)", "", values),
    )
    effects = Effects(torch.zeros(16).double(), names=tuple("pqrs"))
    found = pictures.attributions(type(comparison(three()))(effects, None, "", results))
    assert sorted(found.axes[0].collections[0].get_segments()[0][:, 0]) == [-4, 2]
    assert found.axes[0].get_xlim() == found.axes[1].get_xlim() == pytest.approx((-4.32, 4.32))


ON_AXES = {
    "waterfall": lambda ax: pictures.waterfall(three(), ax=ax),
    "spectrum": lambda ax: pictures.spectrum(three(), ax=ax),
    "attributions": lambda ax: pictures.attributions(estimation(three()), ax=ax),
    "interaction_matrix": lambda ax: pictures.interaction_matrix(three(), ax=ax),
}


@pytest.mark.parametrize("name", ON_AXES)
def test_axes_of_ones_own_are_drawn_on_and_saved(name, tmp_path):
    figure = Figure(figsize=(9, 4), layout="constrained")
    axis = figure.subfigures(1, 2)[1].subplots()
    assert ON_AXES[name](axis) is figure
    assert axis.get_title("left")
    with pytest.raises(TypeError, match="ax are matplotlib's Axes to draw on, or None"):
        ON_AXES[name]("here")


def test_a_comparison_needs_a_figure_of_its_own():
    with pytest.raises(ValueError, match="one panel per method"):
        pictures.attributions(comparison(three()), ax=Figure().subplots())


def test_a_comparison_says_what_was_found():
    found = comparison(three())
    said = pictures.overview(found).get_suptitle()
    assert " ".join(said.split()) == str(finding(found))
