"""Who may import whom, and what ``import synergy`` loads."""

import ast
import subprocess
import sys

import networkx
import pytest

import synergy
from scripts import rooms

MODULES = rooms.modules()
HEAVY = [
    "matplotlib",
    "captum",
    "shap",
    "shapiq",
    "zennit",
    "sklearn",
    "xgboost",
    "lightgbm",
    "skimage",
    "jinja2",
    "typer",
    "rich",
    "pandas",
    "pyarrow",
    "statsmodels",
    "tokenizers",
    "safetensors",
    "torchvision",
    "dask",
    "flint",
    "sympy",  # and with it its printers
]
PEERS = {"captum", "zennit", "shap", "shapiq"}
WALLS = {  # a room, and those whose files it must not import
    "decompositions": ["synergy"],
    "decompositions.games": ["decompositions.series", "decompositions.dividends", "decompositions.effects"],
    "decompositions.evaluation": ["decompositions.series", "decompositions.dividends", "decompositions.effects"],
    "decompositions.effects": ["decompositions.games", "decompositions.series", "decompositions.evaluation"],
    "decompositions.networks": ["decompositions.games", "decompositions.series", "decompositions.evaluation"],
    "decompositions.expressions": ["decompositions.games", "decompositions.series"],
    "synergy.policies": ["synergy.algorithms", "synergy.methods"],
    "synergy.algorithms": ["synergy.policies", "synergy.methods"],
    "synergy.methods": ["synergy.methods"],
    "synergy.allocation": ["synergy.algorithms", "synergy.methods"],
    "synergy.wording": ["synergy.allocation", "synergy.comparison", "synergy.measurement", "synergy.methods"],
}
SHOWING = ["decompositions.showing", "synergy.showing", "synergy.pictures"]
FRONTS = [
    "decompositions",
    "synergy",
    "synergy.axioms",
    "synergy.examples",
    "synergy.interactions",
    "synergy.neurons",
    "synergy.paths",
    "synergy.pictures",
    "synergy.studies",
]
REGISTERING = [
    "synergy.axioms.attribution",
    "synergy.axioms.interaction",
    "synergy.methods",
    "synergy.interactions.indices",
    "synergy.showing",
    "synergy.pictures",
]  # on import, all of their files; nothing of other rooms


def within(name, room):
    return name == room or name.startswith(f"{room}.")


def circles(graph):
    return [sorted(each) for each in networkx.strongly_connected_components(graph) if len(each) > 1]


def named(path):
    """The full names in a file's imports."""
    return {f"{module}.{part}".removesuffix(".") for module, part in rooms.imported(path)}


def test_the_walk_sees_imports_wherever_they_are(tmp_path):
    path = tmp_path / "sample.py"
    lines = ["def f():", "    from synergy import x", "import a.b", "if TYPE_CHECKING:", "    from c import d, e"]
    path.write_text("\n".join(lines), encoding="utf8")
    assert named(path) == {"synergy.x", "a.b", "c.d", "c.e"}


def test_the_walk_sees_all_files():
    assert {"synergy", "decompositions.show", "synergy.methods", "synergy.methods.shapley"} <= MODULES.keys()
    assert rooms.files().has_edge("synergy", "decompositions.games.game")
    assert rooms.rooms().has_edge("synergy.methods", "synergy.policies")


def test_no_files_need_each_other():
    assert circles(rooms.files()) == []


def test_no_rooms_need_each_other():
    assert circles(rooms.rooms()) == []


def test_imports_say_from_where():
    assert [name for name, path in MODULES.items() if any(each.startswith(".") for each in named(path))] == []


@pytest.mark.parametrize(("room", "forbidden"), [(room, each) for room in WALLS for each in WALLS[room]])
def test_walls_between_rooms(room, forbidden):
    inside = [name for name in MODULES if within(name, room)]
    assert inside
    assert any(within(name, forbidden) for name in MODULES)
    crossing = [edge for edge in rooms.files().edges if within(edge[0], room) and within(edge[1], forbidden)]
    assert crossing == []


def test_the_ground_floor_knows_no_room():
    ground = [name for name in MODULES if name.count(".") == 1 and MODULES[name].name != "__init__.py"]
    ground = [name for name in ground if within(name, "decompositions")]
    assert "decompositions.mobius" in ground
    assert [edge for edge in rooms.files().edges if edge[0] in ground and edge[1] not in ground] == []


@pytest.mark.parametrize("room", SHOWING)
def test_printers_are_imported_by_nobody_but_the_fronts_and_the_command(room):
    allowed = ("synergy.command", *SHOWING)
    found = {a for a, b in rooms.files().edges if within(b, room)}
    assert "synergy" in found or "decompositions" in found
    assert [a for a in found if a not in FRONTS and not any(within(a, each) for each in allowed)] == []


def test_nobody_imports_a_front():
    assert [edge for edge in rooms.files().edges if edge[1] in ("decompositions", "synergy")] == []


@pytest.mark.parametrize("name", [name for name, path in MODULES.items() if path.name == "__init__.py"])
def test_only_the_fronts_export(name):
    body = ast.parse(MODULES[name].read_text("utf8")).body
    assert rooms.says(name)
    if name in REGISTERING:
        assert all(within(other, name) for _, other in rooms.files().out_edges(name))
    elif name not in FRONTS:
        assert len(body) == 1


def test_every_folder_is_a_room():
    folders = {path.parent for path in MODULES.values()}
    assert {path.parent for path in MODULES.values() if path.name == "__init__.py"} == folders


@pytest.mark.parametrize("name", MODULES)
def test_peers_are_never_imported_except_to_hand_effects_on(name):
    found = {module.split(".")[0] for module, _ in rooms.imported(MODULES[name])} & PEERS
    allowed = {"decompositions.effects.for_shapiq": {"shapiq"}, "synergy.tables.peers": {"captum", "shap", "shapiq"}}
    assert found <= allowed.get(name, set())


def loaded(module):
    code = f"import sys, {module}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert run.stderr == ""
    return run.stdout.split()


@pytest.mark.parametrize("module", ["synergy", "decompositions"])
def test_importing_is_light(module):
    """And it says nothing."""
    assert not {name.split(".")[0] for name in loaded(module)} & set(HEAVY)


def test_importing_decompositions_does_not_load_what_is_above():
    assert not [name for name in loaded("decompositions") if name.split(".")[0] == "synergy"]


def test_the_map_of_the_rooms_is_current():
    """``python scripts/rooms.py`` writes it."""
    assert rooms.page() == rooms.PAGE.read_text("utf8")


def test_what_the_design_promises_is_public():
    for name in (
        "Game",
        "players",
        "harsanyi",
        "taylor",
        "Effects",
        "Policy",
        "register",
        "method",
        "METHODS",
        "allocate",
        "measure",
        "Allocation",
        "compare",
    ):
        assert hasattr(synergy, name)
