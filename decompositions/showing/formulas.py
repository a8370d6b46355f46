r"""Effects as formulas, for a terminal and for a notebook: exact ones in full, others by their strongest terms.

A formula is written twice: as text, and as LaTeX that MathJax and pdflatex (with amsmath) read.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from decompositions import show
from decompositions.arithmetic import to_float
from decompositions.counts import exactly
from decompositions.effects.effects import Effects
from decompositions.games.game import Game
from decompositions.show import Formula
from decompositions.showing.latex import name, number

MOST = 24  # terms that are written out
STRONGEST = 6  # of effects in floats
PER_LINE = 4


@show.formula.register(Game)
def of_game(game: Game) -> Formula:
    """f of a game of an expression.

    Raises:
        TypeError: a game of a model or a table, which no formula writes.
    """
    found = getattr(game.cube, "expression", None)
    if found is None:
        raise TypeError(
            f"a formula is written of an expression's game, and this one is of a {type(game.cube).__name__}"
        )
    names = ", ".join(game.names)
    arguments = ", ".join(map(name, game.names))
    return Formula(f"f({names}) = {found}", f"f({arguments}) = {number(found)}")


@show.formula.register(Effects)
def of_effects(effects: Effects, most: int = MOST) -> Formula:
    r"""f(x) = f(b) + Σ effects, each with its coalition or monomial, in the order of the table.

    Terms of size zero are left out, and of more than ``most`` the last ones, whose number is said. Effects in floats
    are written with four digits, the strongest first, and what all others add up to is the rest.

    Raises:
        ValueError: effects of several games.
    """
    if effects.values.ndim != 1:
        raise ValueError("a formula is written of effects of one game; take one by one")
    if not effects.exact:
        return _of_floats(effects)
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


def _of_floats(effects: Effects) -> Formula:
    """The strongest terms with four digits, and the rest."""
    strongest = effects.top(STRONGEST)
    terms = [(float(effects.base), "f(b)", "f(b)")]
    terms += [(float(value), effects.label(key), in_latex(effects, key)) for key, value in strongest]
    above = sum(value for value, _, _ in terms[1:])
    audible = int((np.abs(to_float(effects.values[1:])) > effects.noise_floor(1)).sum())
    if audible > len(strongest) or effects.truncated:
        rest = float(effects.total) + float(effects.remainder) - above
        terms.append((rest, "rest", r"\text{rest}"))
    texts = [f"{'-' if value < 0 else '+'} {_four(abs(value))} [{what}]" for value, what, _ in terms]
    parts = [
        rf"\underbrace{{{_power(value, first=not place)}}}_{{{what}}}" for place, (value, _, what) in enumerate(terms)
    ]
    lines = [" ".join(parts[start : start + PER_LINE]) for start in range(0, len(parts), PER_LINE)]
    aligned = " \\\\\n  &\\quad ".join(lines)
    return Formula(
        "f(x) = " + " ".join(texts).removeprefix("+ "), f"\\begin{{aligned}}\n  f(x) &= {aligned}\n\\end{{aligned}}"
    )


def _four(value: float) -> str:
    """Four significant digits."""
    return f"{value:.4g}"


def _power(value: float, first: bool) -> str:
    """A signed number of four digits in LaTeX, 1.5 · 10⁻⁷ for small ones."""
    mantissa, letter, power = _four(abs(value)).partition("e")
    sign = "-" if value < 0 else "" if first else "+"
    return sign + (rf"{mantissa} \cdot 10^{{{int(power)}}}" if letter else mantissa)


def label(effects: Effects, row: int) -> str:
    r"""The coalition or monomial of an effect in LaTeX: \{x_{1}, x_{2}\} or x_{1}^{2} x_{2}."""
    return in_latex(effects, effects.key(row))


def in_latex(effects: Effects, key: tuple[int, ...]) -> str:
    """The coalition or monomial of a key in LaTeX."""
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
