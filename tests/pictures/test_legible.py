"""Every picture can be read: nothing is cut off and no text lies on another, whatever the result."""

import pytest

pytest.importorskip("matplotlib", reason="figures need the extra 'viz'")

from drawn_results import EFFECTS, comparison, estimation, learning, three
from legible import faults
from matplotlib.figure import Figure

from synergy import and_or, pictures
from synergy.interactions import interactions, multi_order

PICTURES = {
    "upset": pictures.upset,
    "waterfall": pictures.waterfall,
    "spectrum": pictures.spectrum,
    "interaction matrix": pictures.interaction_matrix,
    "matrix of an estimate": lambda effects: pictures.interaction_matrix(estimation(effects, pairs=True)),
    "attributions of an estimate": lambda effects: pictures.attributions(estimation(effects)),
    "attributions of a method": lambda effects: pictures.attributions(comparison(effects)["leaking"]),
    "attributions of all methods": lambda effects: pictures.attributions(comparison(effects)),
    "allocation map": lambda effects: pictures.allocation_map(comparison(effects)["leaking"]),
    "allocation map of one table": lambda effects: pictures.allocation_map(comparison(effects)["in_theory"].theory),
    "method map": lambda effects: pictures.method_map(comparison(effects)),
    "flow": lambda effects: pictures.flow(comparison(effects)["leaking"].measured),
    "verdicts": lambda effects: pictures.verdicts(comparison(effects)),
    "interaction graph": pictures.interaction_graph,
    "graph of an estimate": lambda effects: pictures.interaction_graph(estimation(effects, pairs=True)),
    "learning curve": lambda effects: pictures.learning_curve(learning(effects), estimation(effects)),
    "learning curve of pairs": lambda effects: pictures.learning_curve(learning(effects, pairs=True)),
    "and–or": lambda effects: pictures.and_or(and_or(effects if effects.n < 10 else three())),
    "overview": lambda effects: pictures.overview(comparison(effects)),
}


@pytest.mark.parametrize("case", EFFECTS)
@pytest.mark.parametrize("picture", PICTURES)
def test_it_is_legible(picture, case):
    figure = PICTURES[picture](EFFECTS[case])
    assert faults(figure) == []
    assert max(figure.get_size_inches()) < 20


ON_AXES = (
    lambda effects, ax: pictures.waterfall(effects, ax=ax),
    lambda effects, ax: pictures.spectrum(effects, ax=ax),
    lambda effects, ax: pictures.interaction_matrix(effects, ax=ax),
    lambda effects, ax: pictures.interaction_graph(effects, ax=ax),
    lambda effects, ax: pictures.flow(comparison(effects)["leaking"].measured, ax=ax),
    lambda effects, ax: pictures.allocation_map(comparison(effects)["in_theory"].theory, ax=ax),
    lambda effects, ax: pictures.attributions(estimation(effects), ax=ax),
    lambda effects, ax: pictures.attributions(comparison(effects)["leaking"], ax=ax),
)


@pytest.mark.parametrize("case", EFFECTS)
@pytest.mark.parametrize("four", [ON_AXES[:4], ON_AXES[4:]], ids=["effects", "attributions"])
def test_four_on_one_figure_are_legible(four, case):
    """Axes of about four inches have fewer rows, shorter names and notes in more lines."""
    figure = Figure(figsize=(10, 8), layout="constrained")
    for picture, ax in zip(four, figure.subplots(2, 2).flat, strict=True):
        assert picture(EFFECTS[case], ax) is figure
    assert faults(figure) == []


@pytest.mark.parametrize("case", EFFECTS)
@pytest.mark.parametrize("picture", [ON_AXES[0], ON_AXES[1], ON_AXES[2], ON_AXES[7]])
def test_a_figure_of_three_inches_is_legible(picture, case):
    figure = Figure(figsize=(3, 3), layout="constrained")
    picture(EFFECTS[case], figure.subplots())
    assert faults(figure) == []


@pytest.mark.parametrize("case", [case for case, effects in EFFECTS.items() if effects.n > 1])
@pytest.mark.parametrize("picture", [pictures.interaction_matrix, pictures.interaction_graph])
def test_pictures_of_an_index_are_legible(picture, case):
    assert faults(picture(interactions(EFFECTS[case], "SII"))) == []


@pytest.mark.parametrize("case", [case for case, effects in EFFECTS.items() if effects.n > 1 and not effects.truncated])
def test_the_orders_of_interactions_are_legible(case):
    assert faults(pictures.interaction_orders(multi_order(EFFECTS[case]))) == []


def test_where_no_pair_interacts_it_is_said_and_orders_are_whole_numbers():
    axis = pictures.interaction_orders(multi_order(EFFECTS["all zero"])).axes[0]
    assert "no pair interacts" in axis.texts[0].get_text()
    axis = pictures.interaction_orders(multi_order(EFFECTS["3 players"])).axes[0]
    assert axis.get_xticks().tolist() == [0, 1]
    assert "no pair interacts" not in axis.texts[0].get_text()


def test_the_checker_sees_what_is_cut_off_and_what_overlaps():
    figure = Figure(figsize=(4, 3))
    figure.text(0.1, 0.5, "first")
    assert faults(figure) == []
    figure.text(0.12, 0.5, "second")
    assert faults(figure) == ["'first' lies on 'second'"]
    figure.text(0.5, 0.2, "turned", rotation=45)
    figure.text(0.5, 0.31, "beside", rotation=45, rotation_mode="anchor")
    figure.text(0.97, 0.8, "cut off")
    assert faults(figure) == ["'cut off' is cut off", "'first' lies on 'second'"]
    axis = figure.add_axes((0.6, 0.6, 0.1, 0.1))
    axis.set_axis_off()
    axis.text(0.5, 0.5, "longer than its axes", clip_on=True)
    assert "'longer than its axes' is cut off" in faults(figure)
