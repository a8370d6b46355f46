"""Figures of a study: the numbers that they show, legible, and what is refused."""

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="figures need the extra 'viz'")
pytest.importorskip("pyarrow", reason="a study needs the extra 'studies'")
pytest.importorskip("pandas", reason="its table needs the extra 'studies'")

from legible import faults
from study_cases import METHODS, small, some

from synergy import method, pictures
from synergy.studies import study

LONG = "Integrated $Gradients$ by a rule of two nodes alone"


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    methods = {**{name: name for name in METHODS}, LONG: method("integrated_gradients", nodes=2)}
    nets = {"a": small(), "b_$": small()}
    return study(nets, some(6), folder=tmp_path_factory.mktemp("study") / "s", targets=1, methods=methods)


@pytest.mark.parametrize("what", ["scores", "agreement", "orders", "curves"])
@pytest.mark.parametrize("model", [None, "b_$"])
def test_they_are_legible(found, what, model, tmp_path):
    figure = found.plot(what, tmp_path / "figure.png", model=model)
    assert faults(figure) == []
    assert (tmp_path / "figure.png").stat().st_size > 5000


def test_the_scores_are_the_means(found):
    table = found.summary()
    table = table[(table.model == "a") & (table.quantity == "gap")]
    figure = pictures.scores(found)
    (axis,) = [axis for axis in figure.axes if axis.get_title(loc="left") == "|gap|"]
    marks = {line.get_ydata()[0]: line for line in axis.lines if line.get_marker() == "o"}
    for place, name in enumerate(found.methods):
        row = table[table.method == name].iloc[0]
        assert marks[place].get_xdata()[0] == row["mean"]
        assert (marks[place].get_markerfacecolor() == "white") == row.undecided
    assert {bool(each) for each in table.undecided} == {True, False}


def test_the_matrix_is_the_agreement(found):
    axis = pictures.agreement_matrix(found).axes[0]
    table = np.asarray(axis.images[0].get_array())
    assert np.allclose(table, table.T)
    rows = found.agreement()
    row = rows[(rows.model == "a") & (rows["first"] == "shapley") & (rows.second == "gradient_x_input")].iloc[0]
    assert table[0, 1] == row["mean"]


def test_the_cells_are_what_is_given_of_each_order(found):
    figure = pictures.order_shares(found)
    (axis,) = [axis for axis in figure.axes if axis.get_title(loc="left") == "given inside the coalition"]
    table = np.asarray(axis.images[0].get_array())
    rows = found.orders()
    rows = rows[(rows.model == "a") & (rows.method == "gradient_x_input") & (rows.part == "inside")]
    assert table[1] == pytest.approx(rows.set_index("order").loc[[1, 2, 3, 4], "mean"].to_numpy())
    assert table[0] == pytest.approx(np.ones(4), abs=1e-4)


def test_the_curves_are_the_means(found):
    rows = found.curves()
    rows = rows[(rows.model == "a") & (rows.method == "shapley")]
    axis = pictures.faithfulness_curves(found).axes[0]
    deletion, insertion = [line.get_ydata() for line in axis.lines][:2]
    assert deletion == pytest.approx(rows[rows.curve == "deletion"]["mean"].to_numpy())
    assert insertion == pytest.approx(rows[rows.curve == "insertion"]["mean"].to_numpy())
    assert (insertion[0], insertion[-1]) == pytest.approx((0, 1), abs=1e-6)


def test_what_is_refused(found, tmp_path):
    with pytest.raises(LookupError, match="a study draws scores, agreement, orders, curves, sanity, not 'pie'"):
        found.plot("pie")
    with pytest.raises(LookupError, match="no model 'c' in this study"):
        found.plot(model="c")
    with pytest.raises(
        ValueError, match="agreement is that of two methods at least, and this study has 'shapley' alone"
    ):
        study(small(), some(2), folder=tmp_path / "s", methods="shapley", targets=0).plot("agreement")
    with pytest.raises(TypeError, match="this draws a Study"):
        pictures.scores(3)
