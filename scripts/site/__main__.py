"""Builds the documentation site: ``python -m scripts.site``, which ``make docs`` runs.

The pages are gathered in ``docs/_build/source``, built with warnings as errors, and every link within the site is
followed. With ``--unexecuted`` the notebooks stand there without outputs, which takes no time.
"""

import argparse
import sys
from pathlib import Path

from scripts.site.build import build
from scripts.site.sources import ROOT


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--unexecuted", action="store_true", help="notebooks without their outputs")
    asked.add_argument("--output", type=Path, default=ROOT / "docs" / "_build", help="where source/ and html/ go")
    given = asked.parse_args()
    wrong = build(given.output, execute=not given.unexecuted)
    print("\n".join(wrong) or f"{given.output / 'html' / 'index.html'}")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
