"""The wheel holds both packages whole, types and pages and weights, and nothing else."""

import subprocess
import zipfile
from email import message_from_string
from pathlib import Path

import pytest

import synergy

pytest.importorskip("hatchling", reason="the wheel is built with hatchling")

from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    (path,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path_factory.mktemp("dist")), versions=["standard"])
    with zipfile.ZipFile(path) as archive:
        yield archive


def test_it_holds_what_the_packages_are(wheel):
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "decompositions", "synergy"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode:
        pytest.skip("what belongs to the packages is known to git alone")
    files = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert files == {name for name in listed.stdout.splitlines() if (ROOT / name).is_file()}
    assert {"decompositions/py.typed", "synergy/py.typed", "synergy/showing/page/report.html.j2"} <= files


def test_its_metadata(wheel):
    (name,) = (name for name in wheel.namelist() if name.endswith("METADATA"))
    said = message_from_string(wheel.read(name).decode())
    assert said["Name"] == "synergy-effects"
    assert said["Version"] == synergy.__version__
    assert said["Requires-Python"] == ">=3.11"
    assert said["Description-Content-Type"] == "text/markdown"
    assert "Typing :: Typed" in said.get_all("Classifier")
    assert f"version: {synergy.__version__}\n" in (ROOT / "CITATION.cff").read_text()
