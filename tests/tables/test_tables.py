"""The two tables of the theory: generated pages that cannot drift, and what they claim."""

import math
import re
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from synergy import METHODS, Game, harsanyi, measure, method
from synergy.allocation.allocation import allocate_neuron
from synergy.command.cli import app
from synergy.policies.layer_policy import LayerPolicy
from synergy.tables import cases
from synergy.tables.counterexamples import counterexamples
from synergy.tables.criteria_table import criteria_table
from synergy.tables.hidden_zeros import probes
from synergy.tables.methods_table import methods_table
from synergy.wording.table import Table

DOCS = Path(__file__).parents[2] / "docs"
ROUNDING = re.compile(r"\b\d(\.\d+)?e-\d+\b")  # what is rounding on one processor may be zero on another
ALL_THREE = [name for name, cls in METHODS.items() if cls.all_three]
LAYER_WISE = [name for name, cls in METHODS.items() if cls.scope == "layer"]


@pytest.fixture(scope="module")
def tables() -> dict[str, Table]:
    return {"methods": methods_table(), "criteria": criteria_table()}


def column(table: Table, heading: str) -> dict[str, str]:
    names = {cls.title: name for name, cls in METHODS.items()}
    return {names[row[0]]: row[table.columns.index(heading)] for row in (*table.rows, *table.below[0].rows)}


@pytest.mark.parametrize("name", ["methods", "criteria"])
def test_the_committed_page_is_what_the_code_makes(tables, name):
    pytest.importorskip("captum")
    made, kept = (ROUNDING.sub("0", text) for text in (tables[name].to_markdown(), (DOCS / f"{name}.md").read_text()))
    assert made == kept, "run 'make tables' and look at what changed"


BESIDES = {"attn_lrp", "gradient", "guided_backprop", "deconvnet"}


def test_every_method_has_a_row_and_the_fourteen_are_a_block(tables):
    """With SmoothGrad, their smoothed kin."""
    for table in tables.values():
        assert [row[0] for row in table.rows] == [cls.title for cls in METHODS.values() if not cls.besides]
        assert [row[0] for row in table.below[0].rows] == [cls.title for cls in METHODS.values() if cls.besides]
        assert len(table.rows) == 15
        assert table.below[0].title == "Besides the fourteen"
    assert {name for name, cls in METHODS.items() if cls.besides} == BESIDES


def test_policy_and_algorithm_agree_for_every_method(tables):
    for name, gap in column(tables["methods"], "policy and algorithm differ by").items():
        assert gap == "no policy" if METHODS[name].scope == "signal" else float(gap) < 1e-10


def test_libraries_agree(tables):
    pytest.importorskip("captum")
    for cell in column(tables["methods"], "a library differs by").values():
        assert cell == "–" or float(cell.partition(": ")[2]) < 1e-6


def test_just_the_six_pass_all_three_on_exact_effects(tables):
    table = tables["criteria"]
    assert len(ALL_THREE) == 6
    marks = [column(table, heading) for heading in ("coverage", "relevance", "completeness")]
    for name in METHODS:
        assert all(each[name].startswith("pass") for each in marks) == (name in ALL_THREE), name


def test_deep_methods_meet_relevance_per_layer_not_end_to_end(tables):
    end = column(tables["criteria"], "end to end")
    for name in ("deeplift_rescale", "deeplift_reveal_cancel", "deep_shap"):
        assert column(tables["criteria"], "relevance")[name].startswith("pass")
        assert end[name].startswith("fail")
    for name in ("shapley", "integrated_gradients", "occlusion_1"):
        assert end[name].startswith("pass")


@pytest.mark.parametrize("probe", probes(), ids=lambda probe: probe.name)
def test_the_dummies_of_the_probes_have_no_effect(probe):
    effects = harsanyi(probe.game)
    scale = abs(effects.values).max()
    assert scale > 0.01
    for coalition, value in effects.to_dict().items():
        if set(coalition) & set(probe.dummies):
            assert abs(value) < 1e-12 * scale


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("gradient_x_input", [6, 6]),
        ("occlusion_1", [6, 6]),
        ("prediction_difference", [6, 6]),
        ("occlusion_patch", [2, 2]),
        ("grad_cam", [0.25, 0.5, 0.75, 1]),
        ("lrp_epsilon", [1, 1]),
        ("lrp_alpha_beta", [2, 4]),
        ("gradient", [0]),
        ("guided_backprop", [0]),
        ("deconvnet", [0]),
        ("attn_lrp", [8 / (2 + 2 * math.cosh(8)), 0]),  # z s (1 − s), and s (1 − s) = 1/(e^z + 2 + e^−z)
        ("deep_taylor", [1, 0]),
        ("deeplift_rescale", [-0.5, 0.5, 2]),
        ("deep_shap", [-0.5, 0.5, 2]),
        ("deeplift_reveal_cancel", [-2 / 9, 2 / 9, 3.6]),
    ],
)
def test_counterexamples_by_hand(name, expected):
    shown = counterexamples()[METHODS[name].counterexample]
    values = method(name, **METHODS[name].judged_with).attribute(shown.game())
    assert [float(value) for value in values] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    "name",
    ["gradient_x_input", "occlusion_1", "prediction_difference", "occlusion_patch", "grad_cam", "lrp_epsilon",
     "lrp_alpha_beta", "gradient", "guided_backprop", "deconvnet", "attn_lrp"],
)  # fmt: skip
def test_counterexamples_fail_as_measured(name):
    """Not those of Deep Taylor, which fails neuron by neuron, and of hidden zeros, which are players' and no row's."""
    game = counterexamples()[METHODS[name].counterexample].game()
    verdicts = measure(method(name, **METHODS[name].judged_with), game).criteria().verdicts
    assert "fail" in verdicts.values()


def bias_free(*sizes: int, last: nn.Module | None = None) -> nn.Module:
    torch.manual_seed(3)
    layers: list[nn.Module] = []
    for before, after in pairwise(sizes):
        layers += [nn.Linear(before, after, bias=False), nn.ReLU()]
    return nn.Sequential(*(layers if last is not None else layers[:-1])).double().eval()


@pytest.mark.parametrize(
    ("name", "settings"), [("gradient_x_input", {}), ("lrp_epsilon", {"epsilon": 0.0}), ("deep_taylor", {})]
)
def test_all_three_hold_on_bias_free_relu_networks(name, settings):
    """With b = 0 such a network is homogeneous: every method that is complete at x is complete at every x_T."""
    net = bias_free(4, 8, 6, 1, last=nn.ReLU()) if name == "deep_taylor" else bias_free(4, 8, 6, 1)
    x = torch.tensor([[0.8, -0.5, 1.3, 0.4]], dtype=torch.float64)
    if name == "deep_taylor":
        net[4].weight.data.abs_()  # the output is positive, so that there is something to share
    criteria = measure(method(name, **settings), Game.from_model(net, x)).criteria()
    assert criteria.effects
    assert all(criteria.passes), str(criteria)


def test_grad_cam_meets_all_three_on_a_pooled_linear_head():
    cam = method("grad_cam")
    from synergy import allocate

    assert all(allocate(cases.linear_head(), cam.policy(cases.pooled_head())).criteria().passes)
    assert not all(allocate(cases.quadratic_head(), cam.policy(cases.pooled_head())).criteria().passes)


@pytest.mark.parametrize("name", LAYER_WISE)
def test_criteria_per_layer(name):
    """The six of the theory meet them on every polynomial neuron; the others fail on some."""
    policy = method(name).policy(cases.picture())
    assert isinstance(policy, LayerPolicy)
    found = [allocate_neuron(unit.effects, policy, unit.z, unit.start).criteria() for unit in cases.neurons()]
    assert all(all(criteria.passes) for criteria in found) == (name in ALL_THREE)
    for criteria in found if name in ALL_THREE else []:
        assert criteria.leakage < 1e-6
        assert criteria.residual < 1e-6


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_the_command_prints_a_table(form, monkeypatch):
    small = Table("T", ("a", "b"), (("x|y", "<z>"),), ("n",))
    monkeypatch.setattr("synergy.tables.methods_table.methods_table", lambda: small)
    out = CliRunner().invoke(app, ["table", "methods", "--format", form], catch_exceptions=False).output
    assert {"text": "x|y", "markdown": "| x\\|y | <z> |", "html": "&lt;z&gt;"}[form] in out
