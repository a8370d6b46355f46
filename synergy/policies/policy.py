"""Policies: who should get how much of an effect."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import torch

from decompositions import show
from decompositions.arguments import shown
from decompositions.arithmetic import Array, like
from decompositions.effects.effects import Effects

CRITERIA = ("coverage", "relevance", "completeness")


@dataclass(frozen=True)
class Policy:
    r"""A rule that shares every effect out: player i is given w_i(κ) of effect(κ).

    .. math:: a_i = \sum_{\kappa \ne 0} w_i(\kappa)\, \text{effect}(\kappa)

    Args:
        weights: one array expression from the table of degree vectors ``(m, n)`` to the weights ``(m, n)``, in + * /
            sum and comparisons, so that it runs on Fractions, NumPy and torch alike. κ = 0 is never passed.
        formula: as a person writes it.
        reads: "degree", or "support" if the weights depend only on who takes part: then the rule is given the table of
            zeros and ones, and may be applied to Harsanyi dividends too.
        symmetric: whether it gives every member of a coalition the same, by the number of members alone, and others
            nothing: then the attribution is summed without a row per coalition and a column per player.
        proven: the criteria that it meets on every effect, as its formula shows: then verdicts on some rows hold for
            those that are missing, too. Rows that are there can refute it. Of a symmetric policy it is found out.

    Theory: :ref:`policy`.

    >>> import numpy as np
    >>> equal = Policy(lambda s: s / s.sum(-1, keepdims=True), formula="1/|S|", reads="support")
    >>> equal.weights(np.array([[1., 1., 0.]])).tolist()
    [[0.5, 0.5, 0.0]]
    """

    weights: Callable[[Array], Array]
    formula: str = "a rule of your own"
    reads: str = "degree"
    symmetric: bool = False
    proven: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.formula, str):
            raise TypeError(f"a policy's formula is text, as a person writes it, not {shown(self.formula)}")
        if not isinstance(self.reads, str) or self.reads not in ("degree", "support"):
            raise ValueError(f"a policy reads 'degree' or 'support', not {shown(self.reads)}")
        if not isinstance(self.symmetric, bool):
            raise TypeError(f"symmetric is True or False, not {shown(self.symmetric)}")
        if not set(self.proven) <= {*CRITERIA}:
            raise ValueError(f"a policy is proven to meet {', '.join(CRITERIA)}, not {shown(self.proven)}")
        if self.symmetric and self.reads != "support":
            raise ValueError("a symmetric policy asks only how many take part: say reads='support'")
        if not callable(self.weights):
            raise TypeError(f"a policy is a function of the table of degree vectors, not {type(self.weights).__name__}")

    def _repr_html_(self) -> str | None:
        return show.notebook(self)

    def __repr__(self) -> str:
        return f"Policy(wᵢ = {self.formula}; reads {self.reads})"

    def _repr_latex_(self) -> str:
        return show.formula(self)._repr_latex_()

    def require(self, effects: Effects) -> None:
        """Refuse effects that do not know what the policy reads.

        Raises:
            ValueError: a degree policy on Harsanyi dividends, which would silently be another method.
        """
        if self.reads == "degree" and effects.basis == "harsanyi":
            raise ValueError(
                f"policy '{self.formula}' reads degrees, but these effects are Harsanyi dividends, which only know who "
                "takes part; decompose with taylor() instead, or, if the rule only asks who takes part, say "
                "reads='support'"
            )

    def shares(self, table: Array) -> Array:
        """The weights for some rows. Shape ``(m, n)`` in and out.

        Raises:
            TypeError: the rule gives no table of real numbers of the kind that it was given.
            ValueError: the rule gives another shape, or weights that are not finite.
        """
        if self.reads == "support":
            table = like(table > 0, table)
        try:
            weights = self.weights(table)
        except ZeroDivisionError as error:
            raise ValueError(f"policy '{self.formula}' divides by zero; its weights must be finite numbers") from error
        if not isinstance(weights, type(table)) or _is_complex(weights):
            raise TypeError(
                f"policy '{self.formula}' must give real numbers in a {type(table).__name__}, as it is given, not "
                f"{shown(weights)}"
            )
        if weights.shape != table.shape:
            raise ValueError(
                f"policy '{self.formula}' must give one weight per effect and player, shape {tuple(table.shape)}, not "
                f"{tuple(weights.shape)}"
            )
        self._require_finite(weights, table)
        return weights

    def _require_finite(self, weights: Array, table: Array) -> None:
        if isinstance(weights, torch.Tensor) and (weights.is_meta or torch.isfinite(weights).all()):
            return  # decided where the weights are
        finite = _finite(weights)
        if not finite.all():
            row, player = np.argwhere(~finite)[0].tolist()
            raise ValueError(
                f"policy '{self.formula}' gives {weights[row, player]} to player {player} for the row "
                f"{[int(k) for k in table[row]]}; its weights must be finite numbers"
            )


def _finite(values: Array) -> np.ndarray:
    """Which entries are finite numbers; exact ones are unless they hold NaN or an infinity."""
    if isinstance(values, torch.Tensor):
        return torch.isfinite(values).cpu().numpy()
    if values.dtype != object:
        return np.isfinite(values)
    return np.array([_is_finite(entry) for entry in values.reshape(-1)], dtype=bool).reshape(values.shape)


def _is_finite(entry: Any) -> bool:
    if isinstance(entry, (int, float, Fraction)):
        return math.isfinite(entry)
    import sympy  # only where such numbers are

    return not sympy.sympify(entry).has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo)


def _is_complex(values: Array) -> bool:
    return "complex" in str(values.dtype)


degree_shares = Policy(lambda k: k / k.sum(-1, keepdims=True), formula="κᵢ / |κ|", reads="degree", proven=CRITERIA)
equal_shares = Policy(lambda s: s / s.sum(-1, keepdims=True), formula="1[i∈S] / |S|", reads="support", symmetric=True)
full_credit = Policy(lambda s: s, formula="1[i∈S]", reads="support", symmetric=True)
degree_credit = Policy(lambda k: k, formula="κᵢ", reads="degree", proven=CRITERIA[:2])
