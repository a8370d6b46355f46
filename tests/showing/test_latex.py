"""Formulas for notebooks and terminals: what they say, and that LaTeX can read them."""

import re
from collections import deque
from fractions import Fraction

import numpy as np
import pytest
import torch

from decompositions.show import Formula
from decompositions.showing.formulas import of_effects
from decompositions.showing.latex import name
from synergy import METHODS, Game, Policy, allocate, harsanyi, measure, method, taylor
from synergy.showing.formulas import of_allocation, of_policy, translated

COMMANDS = {  # each with the number of its arguments
    "frac": 2, "tfrac": 2, "sqrt": 1, "text": 1, "mathbf": 1, "underbrace": 1, "displaystyle": 0, "hline": 0,
    "emptyset": 0, "cdots": 0, "vdots": 0, "cdot": 0, "quad": 0, "sum": 0, "prod": 0, "in": 0, "ni": 0, "kappa": 0,
    "alpha": 0, "beta": 0, "varepsilon": 0, "pi": 0, "infty": 0, "left": 0, "right": 0, "sin": 0, "cos": 0, "log": 0,
    "operatorname": 1, "textbackslash": 1, "textasciitilde": 1, "textasciicircum": 1, "sinh": 0, "tanh": 0,
}  # fmt: skip
TOKEN = re.compile(r"\\begin\{\w+\}(?:\{[lr|]+\})?|\\end\{\w+\}|\\[a-zA-Z]+|\\.|[{}^_&$#%~]|[^\\{}^_&$#%~]", re.DOTALL)


def read(latex: str) -> None:
    """A small reader: braces and environments are nested, commands known and given their arguments, scripts single."""
    _sequence(deque(token for token in TOKEN.findall(latex) if not token.isspace()), None)


def _sequence(tokens, closing, columns=0):
    """Elements up to a closing brace or the end of an environment (of so many columns), or to the end."""
    scripts, cells = set(), 1
    while tokens:
        token = tokens.popleft()
        if token == closing:
            return
        if token in ("^", "_"):
            assert token not in scripts, f"two scripts {token} on one letter"
            assert tokens, "a script of nothing"
            assert tokens[0] not in ("^", "_", "}", "&", r"\\"), f"a script of '{tokens[0]}'"
            scripts.add(token)
            _element(tokens.popleft(), tokens)
        elif token in ("&", r"\\"):
            cells, scripts = (cells + 1 if token == "&" else 1), set()
            assert cells <= columns, "more cells than columns"
        else:
            scripts = set()
            _element(token, tokens)
    assert closing is None, f"never closed by {closing}"


def _element(token, tokens):
    """One letter, group, environment, or command with its arguments."""
    assert token not in ("}", "$", "#", "%", "~"), f"'{token}' has no place here"
    if token == "{":
        _sequence(tokens, "}")
    elif token.startswith(r"\begin"):
        kind, layout = re.fullmatch(r"\\begin\{(\w+)\}(?:\{([lr|]+)\})?", token).groups()
        _sequence(tokens, rf"\end{{{kind}}}", len(re.findall("[lr]", layout or "ll")))
    elif re.fullmatch(r"\\[a-zA-Z]+", token):
        assert token[1:] in COMMANDS, f"no command {token}"
        for _ in range(COMMANDS[token[1:]]):
            assert tokens, f"{token} without an argument"
            assert tokens.popleft() == "{", f"{token} without an argument"
            _sequence(tokens, "}")
    else:
        assert token.isascii(), f"'{token}' is not LaTeX"


def words_only(latex):
    """The formula with the words in \\text{…} taken out, which may hold any letter."""
    return re.sub(r"\\text\{(?:[^{}\\]|\\.|\\text\w+\{\})*\}", "", latex)


@pytest.mark.parametrize(
    "bad",
    [
        "{x",
        "x}",
        r"\begin{array}{l} x",
        r"\fraction{1}{2}",
        r"\frac12",
        "κ",
        "a ^",
        "x_1_2",
        "x^{a}^b",
        "a & b",
        "{a & b}",
        r"\begin{array}{l}1 & 2\end{array}",
        "5%",
    ],
)
def test_the_reader_sees_mistakes(bad):
    with pytest.raises(AssertionError):
        read(bad)


def symbolic():
    text = "a*x1**2*x2 + x3*(x1 + p) + exp(x2)*erf(x2) - sqrt(2)*x3/7"
    x, b = {"x1": "p", "x2": 2, "x3": "1/3"}, {"x1": 0, "x2": 1, "x3": 1}
    return Game.from_expression(text, x, b, parameters=("a", "p"))


def odd_names():
    values = np.array([Fraction(0), Fraction(-1, 3), Fraction(2), Fraction(7)], dtype=object)
    return Game.from_values(values, names=["50% off & #1", "{a}_b^c\\~$"])


def shown():
    """Everything that has a formula, by name."""
    game = symbolic()
    yield "dividends", harsanyi(game)
    yield "taylor", taylor(game, 4)
    yield "long", taylor(Game.from_expression("exp(x0 + y_2 + word)", {"x0": 1, "y_2": 2, "word": 3}), 6)
    yield "odd names", harsanyi(odd_names())
    yield "odd table", allocate(harsanyi(odd_names()), method("shapley").policy(odd_names()))
    for chosen in ("shapley", "gradient_x_input"):
        policy = method(chosen).policy(game)
        table = allocate(harsanyi(game) if policy.reads == "support" else taylor(game, 3), policy)
        yield f"{chosen} policy", policy
        yield f"{chosen} table", table
        yield f"{chosen} attribution", table.attribution_formula
        yield f"{chosen} criteria", table.criteria()
    numeric = Game.from_function(lambda z: z[:, 0] * z[:, 1] ** 2, [1.0, 2.0])
    yield "numeric criteria", measure("gradient_x_input", numeric).criteria()


SHOWN = dict(shown())


@pytest.mark.parametrize("what", SHOWN)
def test_every_formula_can_be_read(what):
    latex = SHOWN[what]._repr_latex_()
    assert latex.startswith(r"$\displaystyle ")
    assert latex.endswith("$")
    read(words_only(latex[1:-1]))


@pytest.mark.parametrize("formula", sorted({cls.formula for cls in METHODS.values()}))
def test_the_formula_of_every_method_can_be_read(formula):
    read(words_only(translated(formula)))


@pytest.mark.parametrize(
    ("formula", "latex"),
    [
        ("κᵢ / |κ|", r"\frac{\kappa _{i}}{|\kappa |}"),
        ("1[i∈S] / |S|", r"\frac{\mathbf{1}[i\in S]}{|S|}"),
        ("κᵢ² / Σκ²", r"\frac{\kappa _{i}^{2}}{\sum \kappa ^{2}}"),
        ("z^(κᵢ−1)", r"z^{\kappa _{i}-1}"),
        ("κ_loc on the head", r"\kappa _{\text{loc}}\text{ on the head}"),
        ("a rule of your own", r"\text{a rule of your own}"),
        ("11[2]", "11[2]"),
    ],
)
def test_formulas_of_policies_by_hand(formula, latex):
    assert translated(formula) == latex
    assert of_policy(Policy(lambda k: k, formula)).latex == f"w_{{i}} = {latex}"


def test_effects_by_hand():
    """x1²·x2 − x2/3 at (1, 2): the terms 2 and −2/3."""
    game = Game.from_expression("x1**2*x2 - x2/3", {"x1": 1, "x2": 2})
    effects = taylor(game)
    assert str(effects) == "f(x) = 0 [f(b)] - 2/3 [x2] + 2 [x1²·x2]"
    assert effects.formula.latex == (
        "\\begin{aligned}\n  f(x) &= \\underbrace{0}_{f(b)} + \\underbrace{- \\frac{2}{3}}_{x_{2}} + "
        "\\underbrace{2}_{{x_{1}}^{2} \\, x_{2}}\n\\end{aligned}"
    )
    assert r"\underbrace{2}_{\{x_{1}, x_{2}\}}" in harsanyi(game)._repr_latex_()


def test_the_remainder_and_hidden_terms_are_said():
    effects = taylor(Game.from_expression("exp(z)", {"z": 1}), 2)
    assert str(effects) == "f(x) = 1 [f(b)] + 1 [z] + 1/2 [z²] + (-5/2 + E) [remainder]"
    assert r"\underbrace{- \frac{5}{2} + e}_{\text{remainder}}" in effects._repr_latex_()
    short = of_effects(effects, most=1)
    assert short.text == "f(x) = 1 [f(b)] + 1 [z] + … 1 more + (-5/2 + E) [remainder]"
    assert r"\cdots \text{ (1 more)}" in short.latex


def test_an_allocation_by_hand():
    """x1·x2 + x1 at (2, 3) under Shapley: 6 is halved."""
    game = Game.from_expression("x1*x2 + x1", {"x1": 2, "x2": 3})
    table = allocate(harsanyi(game), method("shapley").policy(game))
    rows = [line.split() for line in str(table).split("\n")]
    assert rows == [
        ["effect", "x1", "x2"],
        ["x1", "2", "2", "0"],
        ["x1·x2", "6", "3", "3"],
        ["Σ", "8", "5", "3"],
    ]
    assert r"\{x_{1}, x_{2}\} & 6 & 3 & 3" in table._repr_latex_()
    assert table.attribution_formula.text == "a[x1] = 5, a[x2] = 3"
    assert "a_{x_{1}} = & 5" in table.attribution_formula.latex
    assert "1 more" in of_allocation(table, most=1).text
    assert repr(table.attribution_formula) == table.attribution_formula.text


def test_allocations_of_floats_have_no_formula_but_criteria_do():
    game = Game.from_function(lambda z: z[:, 0] * z[:, 1], torch.tensor([2.0, 3.0]))
    effects = harsanyi(game)
    table = allocate(effects, method("shapley").policy(game))
    assert table._repr_latex_() is None
    assert str(effects) == repr(effects)
    assert str(table) == repr(table)
    for formula in (lambda: table.formula, lambda: table.attribution_formula):
        with pytest.raises(ValueError, match="exact"):
            formula()
    assert r"\text{pass}" in table.criteria()._repr_latex_()


def test_small_numbers_of_criteria_have_powers_of_ten():
    game = Game.from_expression("x1*x2 + x2/10**9", {"x1": 1, "x2": 1})
    leaky = Policy(lambda k: (k > 0).astype(int) / 2 + (k == 0).astype(int) * (k.sum(-1, keepdims=True) == 1) / 2)
    latex = allocate(taylor(game), leaky).criteria()._repr_latex_()
    assert re.search(r"\\text\{leakage\} = 5 \\cdot 10\^\{-10\}", latex)


def test_names():
    assert [name(text) for text in ("x1", "x_12", "z", "not", "a b")] == [
        "x_{1}", "x_{12}", "z", r"\text{not}", r"\text{a b}"
    ]  # fmt: skip


def test_a_formula_shows_itself():
    formula = Formula("x", "x_{1}")
    assert repr(formula) == "x"
    assert formula._repr_latex_() == r"$\displaystyle x_{1}$"


def test_effects_in_floats_are_written_by_their_strongest_terms():
    """z0 z1 − 1e-7 z0 at (2, 3): six, and a term that needs a power of ten; then more terms than are shown."""
    game = Game.from_function(lambda z: z[:, 0] * z[:, 1] - 1e-7 * z[:, 0], torch.tensor([2.0, 3.0]).double())
    formula = harsanyi(game).formula
    assert formula.text == "f(x) = 0 [f(b)] + 6 [x0·x1] - 2e-07 [x0]"
    assert r"\underbrace{+6}_{\{x_{0}, x_{1}\}}" in formula.latex
    assert r"\underbrace{-2 \cdot 10^{-7}}_{\{x_{0}\}}" in formula.latex
    many = Game.from_function(lambda z: (z * torch.arange(1.0, 10.0)).sum(1), torch.ones(9).double())
    assert harsanyi(many).formula.text.endswith("+ 4 [x3] + 6 [rest]")
