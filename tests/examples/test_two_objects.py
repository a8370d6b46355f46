"""The pictures of two objects: what is said to be on them is found there, and the networks do as well as is said."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("safetensors", reason="the networks of two-object pictures need safetensors")

from synergy.examples import trained, two_objects

ROOT = Path(__file__).parents[2]
WINDOW, BRIGHT = 7, 0.4  # the faintest object is 0.5, the brightest noise 0.3


def found_in(image):
    """Kind, row and column of every object, by looking at all windows of the picture."""
    ink = image > BRIGHT
    objects = set()
    for row, column in np.ndindex(image.shape[0] - WINDOW + 1, image.shape[1] - WINDOW + 1):
        seen = tuple(
            "".join(".#"[pixel] for pixel in line) for line in ink[row : row + 7, column : column + 7].tolist()
        )
        objects |= {(kind, row, column) for kind, shape in two_objects.SHAPES.items() if shape == seen}
    return objects


@pytest.mark.parametrize("alike", [True, False])
def test_what_is_said_of_a_picture_is_seen_on_it(alike):
    drawn = two_objects.draw(40, 5, alike=alike)
    pairs = set()
    for image, kinds, boxes, labels in zip(drawn.images, drawn.kinds, drawn.boxes, drawn.labels, strict=True):
        objects = found_in(image[0].numpy())
        assert len(objects) == 2
        pairs.add(tuple(kinds.tolist()))
        expected = torch.zeros(24, 24, dtype=torch.int64)
        for side, (kind, row, column) in enumerate(sorted(objects, key=lambda each: each[2])):
            assert kind == two_objects.KINDS[kinds[side]]
            assert column < 12 if side == 0 else column >= 12
            box = torch.zeros(24, 24, dtype=torch.bool)
            box[row : row + 7, column : column + 7] = True
            assert torch.equal(boxes[side], box)
            expected[box & (image[0] > BRIGHT)] = 1 + two_objects.KINDS.index(kind)
        assert torch.equal(labels, expected)
    assert drawn.images.min() >= 0
    assert drawn.images.max() <= 1
    assert len(pairs) == 4 if alike else len(pairs) > 10


def test_a_seed_draws_the_same_pictures_and_torch_notices_nothing():
    before = torch.get_rng_state()
    one, again, other = (two_objects.draw(3, seed) for seed in (1, 1, 2))
    assert torch.equal(one.images, again.images)
    assert not torch.equal(one.images, other.images)
    two_objects.model(), two_objects.segmentation()
    assert torch.equal(before, torch.get_rng_state())


def test_the_networks_do_as_well_as_is_said():
    """The figures that lie with the weights, measured again on the pictures of another seed."""
    figures = trained.read("two_objects")[1]
    new = two_objects.draw(1_000, 2)
    right = two_objects.model()(new.images).argmax(1) == new.kinds[:, 0]
    assert abs(right.double().mean() - figures["accuracy"]) < 2e-3
    assert figures["accuracy"] == 1.0  # as the module says
    figures = trained.read("two_objects_labels")[1]
    new = two_objects.draw(1_000, 2, alike=False)
    right, objects = two_objects.segmentation()(new.images).argmax(1) == new.labels, new.labels > 0
    for name, where, said in (("objects", objects, 0.992), ("ground", ~objects, 0.9999)):
        assert abs(right[where].double().mean() - figures[name]) < 2e-3
        assert abs(figures[name] - said) < 5e-4


def test_the_networks_have_the_shapes_that_are_said():
    x = two_objects.draw(2, 3).images
    assert two_objects.network()[:5](x).shape == (2, 12, 12, 12)
    assert two_objects.network()(x).shape == (2, 4)
    assert two_objects.segmenter()(x).shape == (2, 5, 24, 24)
    assert not any(each.requires_grad for each in two_objects.model().parameters())


@pytest.mark.slow
def test_the_script_trains_them():
    """Quickly, on fewer pictures: the committed script runs, and what it makes is of use."""
    code = (
        "import json, sys, torch; sys.path.insert(0, 'scripts'); import train_two_objects as script\n"
        "script.LEARNT, script.HELD_OUT = 1500, 200\n"
        "torch.manual_seed(0); print(json.dumps(script.classifier()[1]))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert json.loads(answer.stdout)["accuracy"] > 0.9
