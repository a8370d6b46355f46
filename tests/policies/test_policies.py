"""Policies: one formula in three number systems, and what it may look at."""

from fractions import Fraction

import numpy as np
import pytest
import sympy
import torch
from cases import BY_ID, GOLDEN, close, label, variants

from synergy import METHODS, Effects, Game, Policy, allocate, harsanyi, method, taylor
from synergy.policies.policy import degree_credit, degree_shares, equal_shares, full_credit

SHARED = {"degree_shares": degree_shares, "equal_shares": equal_shares, "full": full_credit, "credit": degree_credit}
ROWS = [[1, 0, 0], [2, 1, 0], [0, 0, 3], [1, 1, 1], [4, 0, 2]]
WEIGHTS = {  # of the rows above, by hand
    "degree_shares": [["1", 0, 0], ["2/3", "1/3", 0], [0, 0, 1], ["1/3", "1/3", "1/3"], ["2/3", 0, "1/3"]],
    "equal_shares": [["1", 0, 0], ["1/2", "1/2", 0], [0, 0, 1], ["1/3", "1/3", "1/3"], ["1/2", 0, "1/2"]],
    "full": [[1, 0, 0], [1, 1, 0], [0, 0, 1], [1, 1, 1], [1, 0, 1]],
    "credit": ROWS,
}


def fractions(rows):
    return np.array([[Fraction(entry) for entry in row] for row in rows], dtype=object)


NUMBERS = {
    "fractions": fractions,
    "sympy": lambda rows: np.array([[sympy.Rational(str(entry)) for entry in row] for row in rows], dtype=object),
    "numpy": lambda rows: np.array([[float(Fraction(entry)) for entry in row] for row in rows]),
    "torch": lambda rows: torch.tensor([[float(Fraction(entry)) for entry in row] for row in rows], dtype=torch.double),
    "torch-float32": lambda rows: torch.tensor([[float(Fraction(entry)) for entry in row] for row in rows]),
}


@pytest.mark.parametrize("numbers", NUMBERS)
@pytest.mark.parametrize("name", SHARED)
def test_the_same_weights_in_every_number_system(name, numbers):
    table = NUMBERS[numbers](ROWS)
    weights = SHARED[name].shares(table)
    expected = NUMBERS[numbers](WEIGHTS[name])
    assert type(weights) is type(table)
    assert weights.dtype == table.dtype
    close(weights, expected, 1e-6 if numbers == "torch-float32" else 1e-15 if "float" in str(table.dtype) else 0)


@pytest.mark.parametrize(("name", "settings"), variants(), ids=label)
def test_the_policies_of_methods_agree_between_exact_numbers_and_floats(name, settings):
    """The weights of the triple's Taylor terms, on SymPy numbers and on torch."""
    case = BY_ID["triple"]
    chosen = method(name, **settings)
    exact, floats = chosen.policy(case.game()), chosen.policy(case.in_floats().game())
    table = taylor(case.game()).degrees[1:]
    as_sympy = np.array([[sympy.Integer(int(k)) for k in row] for row in table], dtype=object)
    expected = exact.shares(as_sympy).astype(float)
    close(floats.shares(torch.tensor(table, dtype=torch.float64)), expected, 1e-12)


@pytest.mark.parametrize("name", METHODS)
def test_a_degree_policy_on_dividends_is_refused(name):
    """κᵢ/|κ| would silently be Shapley, κᵢ Occlusion-1."""
    if METHODS[name].scope != "game":
        pytest.skip("no policy over the game's effects")
    game = BY_ID["triple"].game()
    policy = method(name).policy(game)
    assert policy.reads in ("degree", "support")
    if policy.reads == "support":
        assert len(allocate(harsanyi(game), policy).values) == 8
        return
    with pytest.raises(ValueError, match=r"reads degrees.*taylor\(\)"):
        allocate(harsanyi(game), policy)


def test_support_policies_take_taylor_effects_too():
    """κ is read as 1[κ > 0]: x0²·x1 has one effect, which Shapley halves."""
    effects = taylor(Game.from_expression("x0**2*x1", {"x0": 2, "x1": 3}))
    assert allocate(effects, equal_shares).attribution.tolist() == [6, 6]
    assert allocate(effects, full_credit).attribution.tolist() == [12, 12]


def test_a_policy_of_ones_own_in_one_line():
    """All to the player with the larger degree: x0²·x1 = 12 to x0, 3·x1 = 9 to x1."""
    effects = taylor(Game.from_expression("x0**2*x1 + 3*x1", {"x0": 2, "x1": 3}))
    allocation = allocate(effects, Policy(lambda k: (k == k.max(-1, keepdims=True)) * 1))
    assert allocation.attribution.tolist() == [12, 9]
    assert allocation.source == "a rule of your own"


def test_a_support_policy_of_ones_own_is_given_zeros_and_ones_in_the_effects_numbers():
    seen = []

    def rule(s):
        seen.append(s)
        return s / s.sum(-1, keepdims=True)

    policy = Policy(rule, formula="mine", reads="support")
    exact = allocate(taylor(BY_ID["squares"].game()), policy).values
    floats = allocate(harsanyi(BY_ID["relu-float32"].game()), policy).values
    assert all(isinstance(entry, Fraction) and entry in (0, 1) for entry in seen[0].reshape(-1))
    assert seen[-1].dtype == torch.float64
    assert set(seen[-1].unique().tolist()) == {0, 1}
    assert exact.dtype == object
    assert floats.dtype == torch.float64


@pytest.mark.parametrize("reads", ["degree", "support"])
def test_the_constant_is_never_passed(reads):
    seen = []

    def rule(k):
        seen.append((k > 0).any(-1).all())
        return k / k.sum(-1, keepdims=True)

    policy = Policy(rule, reads=reads)
    effects = [taylor(BY_ID["rational"].game()), taylor(BY_ID["rational"].game(), degree=0)]
    if reads == "support":
        effects += [
            harsanyi(BY_ID["softplus"].game()),
            harsanyi(Game.from_values([3.0])),
            harsanyi(BY_ID["relu"].game(), order=1),
        ]
    for each in effects:
        row = allocate(each, policy).values[0]
        assert [float(entry) for entry in row] == [0] * each.n
    assert len(seen) >= 1
    assert all(seen)


def test_only_blocks_that_hold_the_constant_leave_it_out(monkeypatch):
    """Rows made in blocks of three equal the rows made at once."""
    effects = harsanyi(BY_ID["relu"].game())
    whole = allocate(effects, equal_shares)
    expected, sums = whole.values, whole.attribution
    monkeypatch.setattr("synergy.allocation.allocation.ROWS", 3)
    assert torch.equal(allocate(effects, equal_shares).values, expected)
    close(allocate(effects, equal_shares).attribution, sums, 1e-14)
    monkeypatch.setattr("synergy.allocation.allocation.ROWS", 1)
    assert torch.equal(allocate(effects, equal_shares).values, expected)


@pytest.mark.parametrize(
    "rule",
    [lambda k: k.sum(-1), lambda k: k[:, :1], lambda k: k[:0], lambda k: k.T],
    ids=["one-axis", "one-column", "no-rows", "transposed"],
)
def test_weights_of_another_shape_are_refused(rule):
    effects = taylor(BY_ID["squares"].game(), degree=2)
    with pytest.raises(ValueError, match="'wrong' must give one weight per effect and player"):
        allocate(effects, Policy(rule, formula="wrong"))


@pytest.mark.parametrize(
    "rule",
    [lambda s: 1, lambda s: None, lambda s: s.tolist(), lambda s: s.numpy(), lambda s: s * 1j],
    ids=["number", "none", "list", "numpy", "complex"],
)
def test_weights_of_another_kind_are_refused(rule):
    effects = harsanyi(Game.from_values([0.0, 1.0, 2.0, 7.0]))
    with pytest.raises(TypeError, match="'wrong' must give real numbers in a Tensor"):
        allocate(effects, Policy(rule, formula="wrong", reads="support"))


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize(
    "rule",
    [
        lambda s: s / (s - s),
        lambda s: s / (s.sum(-1, keepdims=True) - 2),
        lambda s: s * float("nan"),
        lambda s: s + float("inf"),
    ],
    ids=["zero-by-zero", "pairs-alone", "nan", "inf"],
)
@pytest.mark.parametrize("game", [BY_ID["triple"], BY_ID["triple-floats"]], ids=label)
def test_weights_that_are_not_finite_are_refused_where_the_rule_is_applied(game, rule, symmetric):
    """Even where the effect is 0 and NaN alone would show: exact, in floats, and summed by size."""
    with pytest.raises(ValueError, match="must be finite numbers"):
        allocate(harsanyi(game.game()), Policy(rule, "wrong", reads="support", symmetric=symmetric))


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"formula": 3}, TypeError, "formula is text.*not 3"),
        ({"reads": ["degree"]}, ValueError, "reads 'degree' or 'support'"),
        ({"reads": np.array([1, 2])}, ValueError, "reads 'degree' or 'support', not ndarray"),
        ({"reads": None}, ValueError, "reads 'degree' or 'support', not None"),
        ({"symmetric": "no", "reads": "support"}, TypeError, "True or False, not 'no'"),
        ({"weights": 2.0}, TypeError, "a function of the table"),
    ],
    ids=str,
)
def test_a_policy_of_wrong_arguments_is_refused(settings, error, words):
    with pytest.raises(error, match=words):
        Policy(**{"weights": lambda s: s, **settings})


@pytest.mark.parametrize("effects", [None, BY_ID["triple"].game(), [1.0, 2.0]], ids=["none", "game", "list"])
def test_only_effects_are_shared_out(effects):
    with pytest.raises(TypeError, match=r"shares out Effects.*harsanyi\(\)"):
        allocate(effects, equal_shares)


def test_a_policy_reads_degree_or_support():
    with pytest.raises(ValueError, match="'degree' or 'support', not 'order'"):
        Policy(lambda k: k, reads="order")


def test_a_policy_is_a_function():
    with pytest.raises(TypeError, match="function of the table"):
        Policy([1, 2])


@pytest.mark.parametrize("subject", [None, "shapley", lambda k: k], ids=["none", "name", "function"])
def test_allocate_needs_a_policy(subject):
    with pytest.raises(TypeError, match=r"by a Policy, not.*measure\(\)"):
        allocate(harsanyi(Game.from_values([0.0, 1.0])), subject)


@pytest.mark.parametrize("name", [name for name in METHODS if f"probe-{name.replace('_', '-')}" in GOLDEN])
def test_weights_read_off_a_probe(name):
    """x1²·x2 at (1, 1) has the one effect 1, so its attributions are the weights."""
    expected = [Fraction(entry) for entry in GOLDEN[f"probe-{name.replace('_', '-')}"]["expected"]]
    game = Game.from_expression("x1**2*x2", {"x1": 1, "x2": 1})
    policy = method(name).policy(game)
    assert list(policy.shares(fractions([[2, 1]]))[0]) == expected
    assert list(allocate(taylor(game), policy).attribution) == expected
    assert list(method(name).attribute(game)) == expected


@pytest.mark.parametrize("degree", [(1, 0, 0), (2, 1, 0), (1, 1, 1), (0, 3, 2)], ids=str)
@pytest.mark.parametrize(("name", "settings"), variants(), ids=label)
def test_weights_are_those_of_the_algorithm_on_a_pure_effect(name, settings, degree):
    """p_κ = Π (xᵢ − bᵢ)^κᵢ has one effect: A_i(p_κ)/p_κ(x) is the method's weight, read off without its policy."""
    x, b = {"z0": 2, "z1": 3, "z2": -1}, {"z0": 1, "z1": -1, "z2": 1}
    text = "*".join(f"(z{i} - ({b[f'z{i}']}))**{k}" for i, k in enumerate(degree))
    game = Game.from_expression(text, x, b)
    chosen = method(name, **settings)
    size = game([[1, 1, 1]])[0]
    weights = chosen.policy(game).shares(fractions([degree]))[0]
    assert list(chosen.attribute(game)) == [weight * size for weight in weights]


def test_allocation_of_tables_with_leading_axes():
    effects = Effects(torch.arange(16.0).reshape(4, 4).double(), names=("a", "b"))
    allocation = allocate(effects, equal_shares)
    assert allocation.values.shape == (4, 4, 2)
    assert allocation.attribution.shape == (4, 2)
    assert allocation.attribution[1].tolist() == [5 + 7 / 2, 6 + 7 / 2]
    assert allocation[0, 1].tolist() == [[1.5, 1.5], [3.5, 3.5], [5.5, 5.5], [7.5, 7.5]]
