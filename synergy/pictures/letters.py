"""How wide a text is, before there is a figure."""

from __future__ import annotations

from functools import cache
from typing import Any

from synergy.pictures.glyphs import families

FINE = 10  # dots in a point: with fewer, letters are set on whole dots and long words come out short


def width(text: str, size: float) -> float:
    """Of a text in letters of some size, both in points."""
    measure, fonts = _renderer()
    return (
        float(measure.get_text_width_height_descent(text, fonts(family=families(), size=size), ismath=False)[0]) / FINE
    )


@cache
def _renderer() -> tuple[Any, Any]:
    from matplotlib.backends.backend_agg import RendererAgg
    from matplotlib.font_manager import FontProperties

    return RendererAgg(1, 1, 72 * FINE), FontProperties
