"""Policies, allocations, attributions and criteria as formulas, for a terminal and for a notebook."""

from __future__ import annotations

import re
from collections.abc import Collection

from decompositions import show
from decompositions.arithmetic import Array, is_exact
from decompositions.show import Formula
from decompositions.showing.formulas import label
from decompositions.showing.latex import escaped, name, number
from synergy.allocation.allocation import Allocation, Attribution
from synergy.allocation.criteria import Criteria
from synergy.policies.policy import Policy
from synergy.wording.table import grid

MOST = 24  # rows of a table
_LETTERS = {
    "κ": r"\kappa ", "α": r"\alpha ", "β": r"\beta ", "ε": r"\varepsilon ", "Σ": r"\sum ", "Π": r"\prod ",
    "∈": r"\in ", "∋": r"\ni ", "·": r"\cdot ", "−": "-", "½": r"\tfrac{1}{2}", "𝟏": r"\mathbf{1}", "⟦": "{", "⟧": "}",
}  # fmt: skip
_RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ", "0123456789+-n", strict=True))
_LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉ᵢⱼₙ", "0123456789ijn", strict=True))


@show.formula.register(Policy)
def of_policy(policy: Policy) -> Formula:
    """The weight that a policy gives player i."""
    return Formula(f"wᵢ = {policy.formula}", f"w_{{i}} = {translated(policy.formula)}")


def translated(formula: str) -> str:
    r"""A formula as a person writes it, in LaTeX; one quotient with spaces about its stroke becomes a fraction.

    Words of several letters stay words, and a text without a sign is a text.

    >>> translated("κᵢ / |κ|"), translated("1[i∈S]")
    ('\\frac{\\kappa _{i}}{|\\kappa |}', '\\mathbf{1}[i\\in S]')
    """
    if re.fullmatch(r"[A-Za-z ,.'-]{2,}", formula):
        return rf"\text{{{formula}}}"
    parts = formula.split(" / ")
    if len(parts) == 2 and not re.search(r"[;:]", formula):
        return rf"\frac{{{translated(parts[0])}}}{{{translated(parts[1])}}}"
    marked = re.sub(r"(?<!\d)1(?=\[)", "𝟏", formula)
    marked = re.sub(r"\^\(([^()]*)\)", r"^⟦\1⟧", marked)
    marked = re.sub(r"([\^_])([A-Za-z]{2,}|\w[_∋]\w)", r"\1⟦\2⟧", marked)
    pieces = re.findall(r" ?[A-Za-z]{2,}(?: [A-Za-z]{2,})* ?|.", marked)
    return "".join(_scripts(pieces)).strip()


@show.formula.register(Attribution)
def of_attribution(attribution: Attribution) -> Formula:
    """What each player is given in all, as a vector.

    Raises:
        ValueError: numbers that are not exact, or of several games.
    """
    _require_exact(attribution.values)
    given = list(zip(attribution.names, attribution.values, strict=True))
    text = ", ".join(f"a[{each}] = {value}" for each, value in given)
    rows = [[rf"a_{{{name(each)}}} =", number(value)] for each, value in given]
    return Formula(text, _array("rl", rows))


@show.formula.register(Allocation)
def of_allocation(allocation: Allocation, most: int = MOST) -> Formula:
    """The table of an allocation: a row for each effect, with what each player is given of it, and their sums.

    Effects of zero of which nobody is given anything are left out, and of more than ``most`` the last ones.

    Raises:
        ValueError: an allocation that is not exact, or of several games.
    """
    _require_exact(allocation.effects.values)
    effects, values = allocation.effects, allocation.values
    rows = [row for row in range(1, len(effects)) if effects.values[row] != 0 or any(v != 0 for v in values[row])]
    shown, more = rows[:most], f"{len(rows) - most} more" if len(rows) > most else ""
    sums = [effects.total, *allocation.attribution]
    plain = [[effects.label(effects.key(row)), *map(str, [effects.values[row], *values[row]])] for row in shown]
    plain += [[f"… {more}", *[""] * (allocation.n + 1)]] if more else []
    plain = [["", "effect", *allocation.names], *plain, ["Σ", *map(str, sums)]]
    body = [[label(effects, row), *map(number, [effects.values[row], *values[row]])] for row in shown]
    body += [[r"\vdots", rf"\text{{{more}}}", *[""] * allocation.n]] if more else []
    head = ["", r"\text{effect}", *map(name, allocation.names)]
    table = _array("l|r|" + "r" * allocation.n, [head, *body, [r"\sum", *map(number, sums)]], {1, 1 + len(body)})
    return Formula("\n".join(grid(plain, "<" + ">" * (allocation.n + 1))), table)


@show.formula.register(Criteria)
def of_criteria(criteria: Criteria) -> Formula:
    """The verdicts and numbers of the criteria."""
    numbers = {"coverage": ("coverage", criteria.coverage), "relevance": ("leakage", criteria.leakage)}
    numbers["completeness"] = ("residual", criteria.residual)
    rows = [
        [rf"\text{{{each}}}", rf"\text{{{criteria.verdicts[each]}}}", rf"\text{{{word}}} = {_decimal(value)}"]
        for each, (word, value) in numbers.items()
    ]
    return Formula(str(criteria), _array("lll", rows))


def _require_exact(values: Array) -> None:
    if not is_exact(values) or values.ndim != 1:
        raise ValueError("formulas are written of exact allocations of one game; those of floats have .values")


def _array(columns: str, rows: list[list[str]], ruled: Collection[int] = ()) -> str:
    """Rows of cells as an array, with a rule above those in ``ruled``."""
    lines = [(r"\hline " if i in ruled else "") + " & ".join(row) for i, row in enumerate(rows)]
    return f"\\begin{{array}}{{{columns}}}\n  " + " \\\\\n  ".join(lines) + "\n\\end{array}"


def _decimal(value: float) -> str:
    """Three digits of a float, 1.2 × 10⁻⁷ for small ones."""
    if value != value:
        return r"\text{NaN}"
    mantissa, letter, power = f"{value:.3g}".partition("e")
    number = mantissa.replace("inf", r"\infty")
    return rf"{number} \cdot 10^{{{int(power)}}}" if letter else number


def _scripts(pieces: list[str]) -> list[str]:
    """The pieces in LaTeX; neighbouring raised (or lowered) characters share one script."""
    out: list[str] = []
    for piece in pieces:
        table, mark = (_RAISED, "^") if piece in _RAISED else (_LOWERED, "_")
        if piece in table and out and out[-1].startswith(mark + "{"):
            out[-1] = out[-1][:-1] + table[piece] + "}"
        elif piece in table:
            out.append(f"{mark}{{{table[piece]}}}")
        elif len(piece) > 1:
            out.append(rf"\text{{{piece}}}")
        else:
            out.append(_LETTERS.get(piece) or (piece if piece in "^_" else escaped(piece)))
    return out
