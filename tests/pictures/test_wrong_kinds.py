"""A picture of another result than it draws says which, and what to take instead; so does one that cannot be saved."""

import inspect

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="figures need the extra 'viz'")

from drawn_results import comparison, estimation, three

from synergy import Game, pictures
from synergy.interactions import interactions, multi_order

EFFECTS = three()
COMPARED = comparison(EFFECTS)
GIVEN = {
    "nothing": None,
    "a text": "effects",
    "an array": np.ones(3),
    "a list": [EFFECTS],
    "a game": Game.from_values([0.0, 1, 2, 3]),
    "effects": EFFECTS,
    "a comparison": COMPARED,
    "a result": COMPARED["leaking"],
    "a method that does not apply": COMPARED["refused"],
    "an allocation": COMPARED["leaking"].measured,
    "an estimate": estimation(EFFECTS),
    "interactions": interactions(EFFECTS, "SII"),
    "orders": multi_order(EFFECTS),
}
PICTURES = sorted(name for name, each in vars(pictures).items() if inspect.isfunction(each))


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("kind", GIVEN)
def test_another_result_is_refused_in_words(name, kind):
    draw = getattr(pictures, name)
    required = [each for each in inspect.signature(draw).parameters.values() if each.default is each.empty]
    try:
        draw(GIVEN[kind], *[None for _ in required[1:]])
    except (TypeError, ValueError) as error:
        said = str(error)
        assert "object has no attribute" not in said
        assert "unsupported operand" not in said
        assert len(said) > 30


@pytest.mark.parametrize("draw", [pictures.upset, pictures.waterfall, pictures.spectrum])
@pytest.mark.parametrize("found", [COMPARED, COMPARED["leaking"].measured])
def test_what_has_effects_is_said_to_have_them(draw, found):
    with pytest.raises(TypeError, match=rf"take the \.effects of this {type(found).__name__}"):
        draw(found)
    assert draw(found.effects)


def test_a_place_where_no_file_can_be_is_said_in_words(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"dir.png cannot be written: there is no directory .*/no/such; make it"
    ):
        COMPARED.plot(tmp_path / "no/such/dir.png")
    with pytest.raises(IsADirectoryError, match=r"is a directory; give the name of a file, such as .*figure\.png"):
        pictures.upset(EFFECTS, path=tmp_path)
