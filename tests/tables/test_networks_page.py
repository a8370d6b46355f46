"""The table of every method on every network: the committed page is what the script makes, and what it claims."""

import re

import pytest
import script_cases
from script_cases import ROOT

PAGE = (ROOT / "docs" / "networks.md").read_text("utf8")
ROUNDING = re.compile(r"\b\d(\.\d+)?e-\d+\b")
LINES = [
    [cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if re.match(r"\| [^-]", line)
]
STARTS = [place for place, line in enumerate(LINES) if line[0] == "network"]  # of tables side by side, cut into parts
PARTS = [LINES[start:stop] for start, stop in zip(STARTS, [*STARTS[1:], None], strict=True)]
HEAD, *ROWS = ([parts[0][0], *(cell for part in parts for cell in part[1:])] for parts in zip(*PARTS, strict=True))
IN_FLOAT32 = ("Llama", "T5 encoder", "Mamba")
QUADRATURE = ("Integrated Gradients", "Expected Gradients")


@pytest.fixture(scope="module")
def networks():
    return script_cases.script("networks")


@pytest.mark.parametrize("name", ["encoder", "lstm", "unet"])
def test_the_committed_page_is_what_the_script_makes(networks, name):
    pytest.importorskip("captum")
    pytest.importorskip("shap")
    pytest.importorskip("shapiq")
    table = networks.networks_table([name])
    made = table.rows[0] + table.below[0].rows[0][1:]
    kept = next(row for row in ROWS if row[0] == networks.TITLES[name])
    assert [ROUNDING.sub("0", cell) for cell in made] == [ROUNDING.sub("0", cell) for cell in kept]


def test_every_network_and_method_is_there(networks):
    assert [row[0] for row in ROWS] == [networks.TITLES[name] for name in networks.ZOO]
    methods = sorted(networks.METHODS.values(), key=lambda cls: cls.besides)
    assert HEAD[1:] == [cls.title for cls in methods]


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_what_is_claimed_is_exact(row):
    """Completeness and policies to rounding; libraries but for shap, which has no rules for most of these steps."""
    for title, cell in zip(HEAD[1:], row[1:], strict=True):
        if " / " not in cell:
            assert cell in ("no feature map", "not defined beyond ReLU"), title
            continue
        exact, policy, library = cell.split(" / ")
        tolerance = 1e-5 if row[0] in IN_FLOAT32 else 1e-9
        tolerance *= 100 if title == "DeepLIFT RevealCancel" else 1  # its channels cancel
        assert exact == "–" or float(exact) < (0.02 if title in QUADRATURE else tolerance), title
        assert policy == "–" or float(policy) < tolerance, title
        name, _, gap = library.partition(" ")
        assert name in ("–", "shap") or float(gap) < 1e-4, title
