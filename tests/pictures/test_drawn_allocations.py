"""Allocations, comparisons and learning curves: numbers read back from the pictures, expected by hand."""

import networkx
import numpy as np
import pytest
import torch

pytest.importorskip("matplotlib", reason="figures need the extra 'viz'")

from drawn_results import comparison, estimation, leaking, sixty, three
from matplotlib.figure import Figure

from synergy import Effects, Estimation, Game, allocate, compare, harsanyi, pictures, taylor
from synergy.allocation.allocation import from_table
from synergy.comparison.comparison import Comparison
from synergy.comparison.result import Result
from synergy.pictures.method_map import rows_of
from synergy.policies.policy import Policy, equal_shares

# J: x0·x1 4, x0·x1·x2 2.5, x1 −2, x0 1; members are given the whole effect, and x2 a tenth of those without it
SHARES = [[4, 4, 0.4], [2.5, 2.5, 2.5], [0, -2, -0.2], [1, 0, 0.1]]
FAIR = [[2, 2, 0], [2.5 / 3] * 3, [0, -2, 0], [1, 0, 0]]
MEMBERS = [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (2, 1), (3, 0)]  # rows and columns
OUTSIDE = [(0, 2), (2, 2), (3, 2)]


def cells(axis):
    return np.asarray(axis.images[0].get_array())


def words(axis):
    return [text.get_text() for text in axis.texts]


def test_an_allocation_map_has_theory_beside_practice():
    figure = pictures.allocation_map(comparison(three())["leaking"])
    theory, _, measured, side, _, _, below, _ = figure.axes[:8]
    assert (theory.get_title(), measured.get_title()) == ("in theory", "as measured")
    assert cells(theory) == pytest.approx(np.array(FAIR))
    assert cells(measured) == pytest.approx(np.array(SHARES))
    assert theory.images[0].get_clim() == measured.images[0].get_clim() == (-4, 4)
    assert [label.get_text().split("  ") for label in theory.get_yticklabels()][:2] == [
        ["x0·x1", "+4.000"],
        ["x0·x1·x2", "+2.500"],
    ]
    assert [bar.get_width() for bar in side.patches] == [8, 7.5, -2, 1]
    assert [line[0][0] for line in side.collections[0].get_segments()] == [4, 2.5, -2, 1]
    assert [bar.get_height() for bar in below.patches] == pytest.approx([7.5, 4.5, 2.8])
    assert figure.axes[4].get_ylim() == below.get_ylim()
    assert below.get_xlabel() == "attribution, Σ 14.80"


def test_an_allocation_map_frames_members_and_crosses_leaks():
    axis = leaking(three()).plot().axes[0]
    frames, crosses = axis.collections
    middles = {tuple(np.round(path.vertices[:4].mean(0)[::-1]).astype(int).tolist()) for path in frames.get_paths()}
    assert middles == set(MEMBERS)
    assert {(int(row), round(column)) for column, row in crosses.get_offsets().tolist()} == set(OUTSIDE)


def test_no_cross_where_the_error_could_be_all():
    table = leaking(three())
    loose = from_table(table.effects, table.values, "loose", error=np.full(8, 0.05))  # ten times that is 0.5
    assert len(loose.plot().axes[0].collections[1].get_offsets()) == 0


def test_an_allocation_map_has_the_constant_where_it_is_given():
    effects = Effects(torch.tensor([2.0, 1]).double(), names=("a",))
    axis = from_table(effects, effects.values[:, None], "all of f(x)").plot().axes[0]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["a  +1.000", "∅, the constant f(b)  +2.000"]
    assert cells(axis).tolist() == [[1], [2]]
    assert len(axis.collections[1].get_offsets()) == 1  # nobody is in it


def test_an_allocation_of_taylor_effects_has_rows_by_degree():
    """x² y = 12 at (2, 3), with κᵢ/|κ|: 8 and 4."""
    effects = taylor(Game.from_expression("x**2*y - x", {"x": 2, "y": 3}))
    policy = Policy(lambda k: k / k.sum(-1, keepdims=True), formula="κᵢ/|κ|")
    axis = allocate(effects, policy).plot().axes[0]
    assert cells(axis).tolist() == [[8, 4], [-2, 0]]
    assert axis.get_yticklabels()[0].get_text() == "x²·y  +12.00"


def test_many_players_share_a_column():
    found = leaking(sixty())
    axis = found.plot().axes[0]
    assert cells(axis).shape == (16, 17)
    assert cells(axis)[0].sum() == pytest.approx(float(found.effects.top(1)[0][1]) * 1.1)
    assert found.plot().axes[2].get_xticklabels()[-1].get_text() == "44 more"


def test_what_an_allocation_map_cannot_draw_is_said():
    found = comparison(three())
    with pytest.raises(ValueError, match="two tables need a figure of their own"):
        pictures.allocation_map(found["leaking"], ax=Figure().subplots())
    with pytest.raises(ValueError, match="refused has no table to draw: it does not apply"):
        pictures.allocation_map(found["refused"])
    with pytest.raises(TypeError, match="an Allocation or a Result, not 'leaking'"):
        pictures.allocation_map("leaking")


def test_a_method_map_says_what_is_given_inside_and_outside():
    rows = {row.name: row for row in rows_of(comparison(three()), 14)}
    assert list(rows)[:3] == ["Shapley value = Its twin", "Leaky × Input", "in_theory †"]
    assert rows["Leaky × Input"].inside == pytest.approx([2, 3, 1, 1])
    assert rows["Leaky × Input"].outside == pytest.approx([0.1, 0, 0.1, 0.1])
    assert rows["Leaky × Input"].verdicts == ("pass", "fail", "fail")
    assert rows["Shapley value = Its twin"].inside == pytest.approx([1, 1, 1, 1])
    assert rows["A gradient with a name of many words"].reason == "in a unit of its own"
    bars, _, axis, marks, dots, _ = pictures.method_map(comparison(three())).axes[:6]
    assert [bar.get_height() for bar in bars.patches] == [4, 2.5, -2, 1]
    assert cells(axis)[1].tolist() == [1, 1, 1, 1]  # the colours end at the whole effect
    said = [text for text in words(axis) if text]
    assert said[4:11] == ["200", "10", "300", "100", "10", "100", "10"]
    assert sum(bool(patch.get_hatch()) for patch in axis.patches) == 2
    assert words(marks)[3:6] == ["✓", "✗", "✗"]
    assert [label.get_text() for label in dots.get_yticklabels()] == ["x0", "x1", "x2"]


def test_a_method_map_of_signs_and_unknown_effects():
    """−50 % of J = −2, nothing of 1; the third effect was not measured."""
    effects = three()
    degrees = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]])
    known = Effects(torch.tensor([0.0, 1, -2]).double(), names=effects.names, degrees=degrees, truncated=True)
    table = from_table(known, torch.tensor([[0.0, 0, 0], [0, 0, 0], [0, 1, 0]]).double(), "some")
    known = Result("some", "f(x) − f(b)", "", torch.ones(3).double(), measured=table)
    row = rows_of(Comparison(effects, None, "", (known,)), 14)[0]
    assert np.isnan(row.inside[0])
    assert row.inside[2:].tolist() == [-0.5, 0]
    axis = pictures.method_map(Comparison(effects, None, "", (known,))).axes[2]
    assert [text for text in words(axis) if text] == ["−50", "0"]


def test_the_ribbons_of_a_flow_are_as_wide_as_the_shares():
    axis = pictures.flow(allocate(three(), equal_shares)).axes[0]
    widths = [patch.get_path().vertices[7, 1] - patch.get_path().vertices[0, 1] for patch in axis.patches]
    shares = np.array([2, 2, 2.5 / 3, 2.5 / 3, 2.5 / 3, 2, 1])
    assert np.array(widths) / widths[0] == pytest.approx(shares / 2)
    assert words(axis)[:4] == ["x0·x1  +4.000", "x0·x1·x2  +2.500", "x1  −2.000", "x0  +1.000"]
    assert words(axis)[4:7] == ["x0  +3.833", "x1  +0.8333", "x2  +0.8333"]


def test_pictures_of_an_allocation_say_the_name_of_its_method():
    measured = compare(Game.from_values([0.0, 1.0, 2.0, 5.0]), ["occlusion_1"])["occlusion_1"].measured
    assert pictures.flow(measured).axes[0].get_title("left") == "From effects to players: Occlusion-1"
    figure = pictures.allocation_map(measured)
    assert figure.get_suptitle() == "Who is given what: Occlusion-1"


def test_ribbons_to_others_are_hollow():
    axis = pictures.flow(leaking(three())).axes[0]
    hollow = [patch for patch in axis.patches if patch.get_facecolor()[3] == 0]
    assert len(axis.patches) == 10
    assert len(hollow) == 3


def test_effects_that_nobody_is_given_are_white_blocks():
    """In proportion 4 : 2.5 : 2 : 1."""
    axis = pictures.flow(allocate(three(), Policy(lambda s: 0 * s, reads="support"))).axes[0]
    white = [each for each in axis.collections if (each.get_facecolor() == 1).all()]
    heights = np.array([np.ptp(each.get_paths()[0].vertices[:, 1]) for each in white])
    assert heights / heights[0] == pytest.approx(np.array([4, 2.5, 2, 1]) / 4)
    assert heights.sum() > 1


def test_the_weaker_effects_of_a_flow_are_one_block():
    axis = pictures.flow(allocate(three(), equal_shares), k=2).axes[0]
    assert words(axis)[2] == "all weaker effects  −1.000"
    with pytest.raises(TypeError, match=r"an Allocation, such as result\.measured"):
        pictures.flow(three())


def test_a_graph_has_single_players_pairs_and_larger_coalitions():
    axis = pictures.interaction_graph(three()).axes[0]
    edge = [line for line in axis.lines if line.get_linestyle() == "-"]
    assert [line.get_linewidth() for line in edge] == [6.0]
    square, nodes = axis.collections
    assert square.get_offsets().tolist() == [pytest.approx([0, 0], abs=1e-12)]
    assert nodes.get_sizes().tolist() == [310, 620, 24]  # 1, −2 and 0
    assert "+2.500" in words(axis)
    assert len(axis.lines) == 4  # three players in the larger coalition


def test_the_players_of_a_graph_stand_where_one_says():
    places = {0: (0, 0), 1: (4, 0), 2: (0, 3)}
    axis = pictures.interaction_graph(three(), layout=places).axes[0]
    assert axis.collections[-1].get_offsets().tolist() == [[0, 0], [4, 0], [0, 3]]
    spring = pictures.interaction_graph(three(), layout=lambda graph: networkx.spring_layout(graph, seed=1)).axes[0]
    assert len(spring.collections[-1].get_offsets()) == 3
    with pytest.raises(ValueError, match="a place for every player; 2 has none"):
        pictures.interaction_graph(three(), layout={0: (0, 0), 1: (1, 1)})
    with pytest.raises(TypeError, match="a layout of networkx or places"):
        pictures.interaction_graph(three(), layout="circular")


def test_pairs_that_are_not_told_from_zero_are_dashed():
    values = np.array([[0, 2.0, 0.1], [2, 0, -1], [0.1, -1, 0]])
    found = Estimation("sii", values, np.full((3, 3), 0.1), values, 0.9, 500, 500, ("a", "b", "c"))
    axis = pictures.interaction_graph(found).axes[0]
    assert [line.get_linestyle() for line in axis.lines] == ["-", "--", "-"]  # a·b, a·c, b·c
    with pytest.raises(ValueError, match="interactions are of pairs"):
        pictures.interaction_graph(estimation(three()))


def test_verdicts_are_marks_with_their_numbers():
    axis = pictures.verdicts(comparison(three())).axes[0]
    marks = {(round(t.get_position()[0], 1), t.get_position()[1]): t.get_text() for t in axis.texts}
    assert [marks[x, 0] for x in (-0.3, 0.7, 1.7, 2.8, 3.8, 4.8)] == ["✓"] * 6
    assert [marks[x, 1] for x in (2.8, 3.8, 4.8)] == ["✓", "✗", "✗"]
    assert marks[4.0, 1] == "0.036"  # 0.4 + 0.2 + 0.1 of 8.4 + 7.5 + 2.2 + 1.1
    assert marks[2.7, 2] == "none: too dear"
    assert marks[-0.4, 4] == "does not apply: it does not apply"
    with pytest.raises(TypeError, match="a Comparison or a Result, not 1"):
        pictures.verdicts(1)


def runs():
    values = np.array([3.0, -4.0, 0.0])
    errors = {400: 0.1, 100: 0.2, 1600: 0.0}
    return [
        Estimation("shapley", values + error, np.full(3, error), values, 0.9, calls, calls, ("a", "b", "c"))
        for calls, error in errors.items()
    ]


def test_a_learning_curve_has_errors_and_values_by_calls():
    left, right = pictures.learning_curve(runs(), np.array([3.0, -4.0, 0.0])).axes
    drawn = {line.get_label(): line for line in left.lines}
    assert drawn["standard errors"].get_xdata().tolist() == [100, 400, 1600]
    assert drawn["standard errors"].get_ydata()[:2] == pytest.approx([0.2 * 3**0.5, 0.1 * 3**0.5])
    assert np.isnan(drawn["standard errors"].get_ydata()[2])  # none is left
    assert drawn["values − truth"].get_ydata()[:2] == pytest.approx([0.2 * 3**0.5, 0.1 * 3**0.5])
    assert drawn["1/√calls"].get_ydata() == pytest.approx(0.2 * 3**0.5 * np.array([1, 0.5, 0.25]))
    curves = [each.lines[0].get_ydata().tolist() for each in right.containers]
    assert curves == [pytest.approx(each) for each in ([-3.8, -3.9, -4], [3.2, 3.1, 3], [0.2, 0.1, 0])]
    whiskers = right.containers[0].lines[2][0].get_segments()[0][:, 1]
    assert whiskers == pytest.approx([-4.2, -3.4])
    assert [text.get_text() for text in right.texts[1:]] == ["b", "c", "a"]


def test_what_is_no_learning_curve_is_said():
    with pytest.raises(ValueError, match="two budgets at least"):
        pictures.learning_curve(runs()[:1])
    with pytest.raises(ValueError, match="of one index of one game"):
        pictures.learning_curve([runs()[0], estimation(three(), calls=7)])
    with pytest.raises(ValueError, match="the shape of the estimates"):
        pictures.learning_curve(runs(), np.ones(4))
    with pytest.raises(TypeError, match="a list of Estimations, not 3"):
        pictures.learning_curve([3])


def test_several_games_are_refused_by_all():
    effects = harsanyi(Game.from_values([[0.0, 1.0], [0.0, 2.0]]))
    for picture in (pictures.waterfall, pictures.spectrum, pictures.interaction_matrix, pictures.interaction_graph):
        with pytest.raises(ValueError, match="one game"):
            picture(effects)
