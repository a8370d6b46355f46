"""What to cite."""

from __future__ import annotations

from synergy.comparison.comparison import Comparison
from synergy.method import METHODS
from synergy.version import __version__

THEORY = "Deng et al., Unifying Fourteen Post-Hoc Attribution Methods With Taylor Interactions, IEEE TPAMI 46(7), 2024"


def cite(comparison: Comparison) -> str:
    """The package, the theory, and the methods that apply, by their keys in docs/references.bib."""
    shown = [METHODS[each.name].reference for each in comparison.results if each.name in METHODS and not each.note]
    keys = ", ".join(dict.fromkeys(key for key in shown if key))
    methods = f"; the methods: {keys} (docs/references.bib)" if keys else ""
    return f"synergy-effects {__version__} (CITATION.cff); {THEORY}{methods}"
