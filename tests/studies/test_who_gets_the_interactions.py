"""The study that comes with the project: a reduced form of it runs, and its page is that of its tables."""

import runpy
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

pytest.importorskip("pyarrow", reason="a study needs the extra 'studies'")
pytest.importorskip("xgboost", reason="one of its models is XGBoost's")

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "studies" / "who_gets_the_interactions"


@pytest.mark.slow
def test_a_reduced_form_runs():
    before = {path: path.stat().st_mtime for path in FOLDER.rglob("*.csv")}
    run = subprocess.run(
        [sys.executable, FOLDER / "run.py", "--small"], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.count("Study(3 inputs, 15 methods, 1 model") == 3
    assert {path: path.stat().st_mtime for path in FOLDER.rglob("*.csv")} == before


def test_the_page_is_that_of_the_tables():
    module = runpy.run_path(str(FOLDER / "page.py"))
    assert module["page"](module["known"]()) == (ROOT / "docs" / "who_gets_the_interactions.md").read_text()


@pytest.mark.parametrize("name", sorted(path.name for path in (FOLDER / "results").iterdir()))
def test_shares_of_the_orders_are_those_of_a_whole(name):
    orders = pd.read_csv(FOLDER / "results" / name / "orders.csv")
    shares = orders[orders.method.isna()].groupby("model")["mean"].sum()
    assert shares.to_numpy() == pytest.approx(1, abs=1e-4)


def test_trees_of_depth_three_have_no_effects_of_a_higher_order():
    orders = pd.read_csv(FOLDER / "results" / "tumours_trees" / "orders.csv")
    above = orders[orders.method.isna() & (orders.order > 3)]
    assert above["mean"].max() < 1e-4
    assert above.undecided.all()


def test_occlusion_gives_an_effect_to_each_of_its_members():
    """Once to each of k players: k times what the effects of order k are, which is its policy."""
    for name in ("digits", "tumours"):
        orders = pd.read_csv(FOLDER / "results" / name / "orders.csv")
        inside = orders[(orders.method == "occlusion_1") & (orders.part == "inside")].set_index("order")
        for k in (1, 2, 3):
            assert inside.loc[k, "mean"] == pytest.approx(k, abs=0.01)
