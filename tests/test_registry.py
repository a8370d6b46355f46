"""The registry: what it holds, and how a user's method joins it."""

import sys
import types

import pytest
import torch
from cases import BY_ID

from synergy import METHODS, AbstractEstimate, AbstractMethod, Game, Policy, compare, measure, method, register
from synergy.method import usual
from synergy.policies.policy import degree_credit

CELL = """
from synergy import AbstractMethod, Policy, register
import torch

{decorator}
class Half(AbstractMethod):
    formula = "half of everything"

    def policy(self, game):
        return Policy(lambda s: s / 2, formula="1/2", reads="support")

    def attribute(self, game, ends=None):
        points = game.ends(ends)
        whole = game(points)
        lost = torch.stack([whole - game(points * (1 - torch.eye(game.n)[i])) for i in range(game.n)], 1)
        return (lost / 2)[0] if ends is None else lost / 2
"""


def cell(decorator, name="__main__"):
    """Run a class in what stands for a notebook's cell."""
    scope = {"__name__": name}
    exec(CELL.format(decorator=decorator), scope)
    return scope["Half"]


def test_the_names():
    assert set(METHODS) >= {
        "gradient_x_input",
        "occlusion_1",
        "occlusion_patch",
        "prediction_difference",
        "integrated_gradients",
        "expected_gradients",
        "shapley",
        "smoothgrad_x_input",
    }


@pytest.mark.parametrize("name", METHODS)
def test_every_method_says_what_it_is(name):
    chosen = method(name)
    assert type(chosen) is METHODS[name]
    assert chosen.name == name
    assert sys.modules[METHODS[name].__module__].__file__.endswith(f"{name}.py")
    assert chosen.title
    assert chosen.formula
    assert chosen.reference
    assert chosen.scope in ("game", "feature map", "layer", "signal")
    assert chosen.__doc__
    assert ".. math::" in chosen.__doc__


def test_the_registry_cannot_be_written():
    with pytest.raises(TypeError):
        METHODS["mine"] = METHODS["shapley"]


def test_methods_are_values():
    assert method("integrated_gradients", nodes=3) == method("integrated_gradients", nodes=3)
    with pytest.raises(AttributeError):
        method("integrated_gradients").nodes = 5


@pytest.mark.parametrize(
    ("wrong", "near"),
    [
        ("integrated_gradient", "integrated_gradients"),
        ("Shapley", "shapley"),
        ("occlusion1", "occlusion_1"),
        ("smoothgrad", "smoothgrad_x_input"),
    ],
)
def test_an_unknown_name_says_the_nearest(wrong, near):
    with pytest.raises(LookupError, match=f"no attribution method '{wrong}'; did you mean '{near}'?"):
        method(wrong)
    with pytest.raises(LookupError, match=near):
        measure(wrong, BY_ID["triple"].game())


def test_a_name_like_no_other_lists_all():
    with pytest.raises(LookupError, match=r"there are .*expected_gradients.*shapley"):
        method("zzz")


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("integrated_gradients", {"steps": 5}, "integrated_gradients has nodes"),
        ("shapley", {"nodes": 5}, "shapley has limit"),
        ("occlusion_1", {"window": 2}, "no settings"),
    ],
)
def test_a_setting_that_it_does_not_have(name, settings, words):
    with pytest.raises(TypeError, match=words):
        method(name, **settings)


def test_a_cell_with_a_name_registers(registry):
    half = cell('@register("half")')
    assert METHODS["half"] is half
    assert half.name == "half"
    assert isinstance(method("half"), half)


def test_a_cell_without_a_name_is_told_to_give_one(registry):
    before = dict(registry)
    for decorator in ("@register", "@register"):
        with pytest.raises(ValueError, match=r'needs a name: @register\("my_method"\)'):
            cell(decorator)
    assert dict(registry) == before


@pytest.mark.parametrize("where", ["__main__", "a_module_that_was_never_imported", "builtins"])
def test_a_cell_can_be_run_again(registry, where):
    cell('@register("half")', where)
    again = cell('@register("half")', where)
    assert METHODS["half"] is again


def test_a_cell_in_a_module_without_a_file(registry):
    """As code loaders that do not enter sys.modules run it."""
    with pytest.raises(ValueError, match="needs a name"):
        cell("@register", "a_module_that_was_never_imported")


def test_a_file_gives_its_name(registry, tmp_path, monkeypatch):
    (tmp_path / "half_of_all.py").write_text(CELL.format(decorator="@register"), encoding="utf8")
    monkeypatch.syspath_prepend(str(tmp_path))
    import half_of_all

    assert METHODS["half_of_all"] is half_of_all.Half
    sys.modules.pop("half_of_all")


@pytest.mark.parametrize("name", METHODS)
def test_a_built_in_name_is_refused(registry, name):
    built_in = METHODS[name]
    with pytest.raises(ValueError, match=f"'{name}' is a built-in method"):
        cell(f'@register("{name}")')
    assert METHODS[name] is built_in
    assert built_in.name == name


@pytest.mark.parametrize("part", ["policy", "attribute"])
def test_a_method_that_lacks_a_part(registry, part):
    parts = {"policy": lambda self, game: None, "attribute": lambda self, game, ends=None: None}
    parts.pop(part)
    with pytest.raises(TypeError, match=f"'mine' lacks {part}"):
        register("mine")(type("Mine", (AbstractMethod,), parts))
    assert "mine" not in METHODS


def test_an_estimate_needs_its_error(registry):
    parts = {"policy": lambda self, game: None, "attribute": lambda self, game, ends=None: None}
    with pytest.raises(TypeError, match="lacks estimate"):
        register("mine")(type("Mine", (AbstractEstimate,), parts))


@pytest.mark.parametrize(
    "subject", [int, lambda game: game, types.SimpleNamespace()], ids=["class", "function", "value"]
)
def test_what_is_no_method_is_refused(registry, subject):
    with pytest.raises(TypeError, match="subclass of AbstractMethod"):
        register("mine")(subject)


def test_a_users_method_works_everywhere(registry):
    """It is measured, compared with its own policy, and listed."""
    cell('@register("half")')
    case = BY_ID["relu"]
    measured = measure("half", case.game())
    other = measure("occlusion_1", case.game())
    assert torch.allclose(measured.values, other.values / 2, atol=1e-12)
    comparison = compare(case.game())
    assert [result.name for result in comparison.results] == usual()
    assert "half" in usual()
    assert comparison["half"].disagreement < 1e-12
    assert comparison["half"].formula == "half of everything"


def test_a_users_method_need_not_be_registered():
    class Mine(AbstractMethod):
        name = "mine"

        def policy(self, game):
            return degree_credit

        def attribute(self, game, ends=None):
            points = game.ends(ends)
            values = points * game.gradient(points)
            return values[0] if ends is None else values

    game = BY_ID["triple"].game()
    assert compare(game, [Mine()])["mine"].disagreement == 0


def test_a_policy_of_another_name_keeps_its_formula():
    game = Game.from_values([0.0, 1.0])
    assert method("shapley").policy(game) == METHODS["shapley"]().policy(game)
    assert isinstance(method("shapley").policy(game), Policy)


@pytest.mark.parametrize("wrong", [3, None, [1], lambda game: game], ids=["number", "none", "list", "function"])
def test_what_is_no_class_is_not_registered(wrong):
    with pytest.raises(TypeError, match="subclass of AbstractMethod"):
        register(wrong)
    with pytest.raises(TypeError, match="subclass of AbstractMethod"):
        register("mine")(wrong)


@pytest.mark.parametrize("name", ["", "two words", "1st"])
def test_a_name_is_one_word(name):
    with pytest.raises(ValueError, match="named by one word"):
        register(name)
