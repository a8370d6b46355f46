"""Whether what is followed is the function: the value that a jet begins with is the function's own."""

from __future__ import annotations

import torch

from decompositions.games.function_cube import FunctionCube
from decompositions.series.jets.jets import jets

POINTS = 3  # inner points of the cube at which both are compared, beside x
ROUGH = 1e-4  # of the largest value: rounding of a function with steps in float32
MARGIN = 64.0  # of the rounding that was seen


def require_agreement(cube: FunctionCube, precision: float) -> None:
    """Refuse a function whose jets begin with other values than it has.

    A rule sees numbers and shapes, not how torch would have laid the result out in memory, nor what a model does
    outside of torch. Where that matters, as to ``as_strided`` with strides that are written down, values differ.

    Args:
        cube: of the function in float64.
        precision: the relative rounding error of a value in the function's own type.

    Raises:
        ValueError: the values differ by more than rounding.
    """
    generator = torch.Generator().manual_seed(6)
    inner = torch.rand(POINTS, cube.n, generator=generator, dtype=torch.float64)
    points = torch.cat([torch.ones_like(inner[:1]), inner]).to(cube.device)
    for rows in cube.inputs(points).flatten(0, 1).split(max(1, cube.chunk)):
        own, followed = cube.outputs(rows.clone()), jets(cube.f, rows, rows, 0)[0]
        cube.on_calls(2 * len(rows))
        unit = max(ROUGH, MARGIN * precision) * own.abs().max()
        apart = (own - followed).abs() > unit
        if apart.any():
            place = int(apart.nonzero()[0])
            raise ValueError(
                f"the function gives {own[place]:.6g} between b and x, followed step by step {followed[place]:.6g}, so "
                "its series would be that of another function: it looks at memory by strides of its own, or reads "
                "numbers outside of torch; write that step by shapes, or take harsanyi() and measure()"
            )
