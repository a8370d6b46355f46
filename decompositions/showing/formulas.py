r"""Exact effects as formulas, for a terminal and for a notebook.

A formula is written twice: as text, and as LaTeX that MathJax and pdflatex (with amsmath) read.
"""

from __future__ import annotations

from typing import Any

from decompositions import show
from decompositions.counts import exactly
from decompositions.effects.effects import Effects
from decompositions.show import Formula
from decompositions.showing.latex import name, number

MOST = 24  # terms that are written out
PER_LINE = 4


@show.formula.register(Effects)
def of_effects(effects: Effects, most: int = MOST) -> Formula:
    r"""f(x) = f(b) + Σ effects, each with its coalition or monomial, in the order of the table.

    Terms of size zero are left out, and of more than ``most`` the last ones, whose number is said.

    Raises:
        ValueError: effects that are not exact, or of several games.
    """
    if not effects.exact or effects.values.ndim != 1:
        raise ValueError("a formula is written of exact effects of one game; print the strongest with effects.top()")
    rows = [row for row in range(1, len(effects)) if effects.values[row] != 0]
    terms = [(effects.base, "f(b)", "f(b)")]
    terms += [(effects.values[row], effects.label(effects.key(row)), label(effects, row)) for row in rows[:most]]
    texts = [_term(value, what) for value, what, _ in terms]
    formulas = [_braced(value, what) for value, _, what in terms]
    if len(rows) > most:
        texts.append(f"+ … {len(rows) - most} more")
        formulas.append(rf"\cdots \text{{ ({len(rows) - most} more)}}")
    if effects.truncated or effects.remainder != 0:
        texts.append(_term(effects.remainder, "remainder"))
        formulas.append(_braced(effects.remainder, r"\text{remainder}"))
    lines = [" + ".join(formulas[start : start + PER_LINE]) for start in range(0, len(formulas), PER_LINE)]
    aligned = " \\\\\n  &\\quad + ".join(lines)
    return Formula(
        "f(x) = " + " ".join(texts).removeprefix("+ "), f"\\begin{{aligned}}\n  f(x) &= {aligned}\n\\end{{aligned}}"
    )


def label(effects: Effects, row: int) -> str:
    r"""The coalition or monomial of an effect in LaTeX: \{x_{1}, x_{2}\} or x_{1}^{2} x_{2}."""
    key = effects.key(row)
    if effects.basis == "harsanyi":
        return rf"\{{{', '.join(name(effects.names[i]) for i in key)}\}}" if key else r"\emptyset"
    powers = [(name(each), k) for each, k in zip(effects.names, key, strict=True) if k]
    return r" \, ".join(each if k == 1 else f"{{{each}}}^{{{k}}}" for each, k in powers) or "1"


def _term(value: Any, what: str) -> str:
    """A signed term of a sum: ``+ 2 [x1]``, ``- 1/3 [x2]``, ``+ (p + 1) [x3]``."""
    text = exactly(value)
    if " " in text:
        return f"+ ({text}) [{what}]"
    return f"- {text[1:]} [{what}]" if text.startswith("-") else f"+ {text} [{what}]"


def _braced(value: Any, what: str) -> str:
    return rf"\underbrace{{{number(value)}}}_{{{what}}}"
