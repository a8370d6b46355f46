"""The picture at the top of the README: ``python scripts/hero.py`` draws it anew."""

from pathlib import Path

from synergy import compare
from synergy.examples import load

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "images" / "sentence.png"

if __name__ == "__main__":
    compare(load("sentence", "I'm not happy").game).plot(PICTURE)
