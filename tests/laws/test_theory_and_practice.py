"""The product: a method's policy on the effects against the method itself on the model, row by row.

Theory is the effects shared out by the policy. Practice is the Möbius transform of the method over the masked inputs.
The sum of a measured table telescopes to the attribution whatever the inner rows hold, so rows are compared.
"""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch
from cases import (
    BY_ID,
    EXPRESSIONS,
    FUNCTIONS,
    GAME_METHODS,
    GROUPED,
    NETWORKS,
    NOISY,
    TABLES,
    WEIGHTS_AT_X,
    WITH_INPUTS,
    close,
    fitting,
    label,
    policy_or_none,
    variants,
)
from twins import coalitions, gradient_rows, signs

from synergy import METHODS, allocate, compare, harsanyi, measure, method, taylor
from synergy.estimate import Estimate
from synergy.policies.policy import degree_credit

CORNERS = [name for name in GAME_METHODS if name not in WEIGHTS_AT_X]


def theory(chosen, case, game):
    """The table that the policy says, from the game's own effects, or from the exact twin's where it needs degrees."""
    if chosen.name == "gradient":
        effects = taylor(game)
        return np.array(gradient_rows(effects.degrees.tolist(), effects.values, game.cube.differences()[0]))
    if chosen.name in NOISY:
        return allocate(taylor(game.smoothed(chosen.noise(game))), degree_credit).by_support().values
    policy = chosen.policy(game)
    effects = harsanyi(game) if policy.reads == "support" else taylor(game)
    return allocate(effects, policy).by_support().values


def compare_rows(measured, expected, tolerance):
    close(measured, expected, tolerance, scale=max(abs(np.asarray(expected, dtype=float)).max(), 1e-300))


@pytest.mark.parametrize(("name", "settings", "case"), fitting(EXPRESSIONS))
def test_exactly_on_polynomials(name, settings, case):
    game, chosen = case.game(), method(name, **settings)
    compare_rows(measure(chosen, game).values, theory(chosen, case, game), 0)


@pytest.mark.parametrize("case", GROUPED, ids=label)
@pytest.mark.parametrize("name", CORNERS)
def test_exactly_on_groups_of_entries(name, case):
    """A player of several entries is one player of g(t): the effects of the cube are shared out alike."""
    game, chosen = case.on_cube(), method(name)
    compare_rows(measure(chosen, game).values, theory(chosen, case, game), 0)


def floats_and_twins():
    """Every method on every polynomial in floats, with the exact twin that says the theory.

    Settings in units of the entries (noise, windows) have no twin on the cube of groups.
    """
    for polynomial, case in zip((*EXPRESSIONS, *GROUPED), FUNCTIONS, strict=True):
        for name, settings in variants():
            grouped = polynomial.players is not None
            plain = name not in WEIGHTS_AT_X and not settings
            if plain if grouped else (name in NOISY or policy_or_none(name, settings, polynomial) is not None):
                twin = polynomial.on_cube if grouped else polynomial.game
                yield pytest.param(name, settings, twin, case, id=f"{name}-{label(settings)}-{case.id}")


@pytest.mark.parametrize(("name", "settings", "twin", "case"), list(floats_and_twins()))
def test_on_the_same_polynomials_in_floats(name, settings, twin, case):
    """Practice on torch, theory on the exact twin."""
    chosen = method(name, **settings)
    compare_rows(measure(chosen, case.game()).values, theory(chosen, case, twin()), 1e-10)


@pytest.mark.parametrize("case", NETWORKS, ids=label)
@pytest.mark.parametrize("name", [name for name in CORNERS if METHODS[name].corners is True])
def test_on_networks_where_the_policy_asks_who_takes_part(name, case):
    game = case.game()
    expected = allocate(harsanyi(game), method(name).policy(game)).values
    compare_rows(measure(name, game).values, expected, 2**case.n * max(1e-14, 16 * case.epsilon))


@pytest.mark.parametrize("case", [case for case in TABLES if case.n], ids=label)
@pytest.mark.parametrize("name", [name for name in GAME_METHODS if method(name).corners])
def test_on_tables_of_values(name, case):
    game = case.game()
    expected = allocate(harsanyi(game), method(name).policy(game)).values
    compare_rows(measure(name, game).values, expected, 0 if case.exact else 2**case.n * 16 * case.epsilon)


@pytest.mark.parametrize(("name", "settings", "case"), fitting(EXPRESSIONS))
def test_the_attribution_of_the_theory_is_that_of_the_algorithm(name, settings, case):
    """For SmoothGrad, too: its weights belong to x, so its sums agree although its rows do not."""
    game, chosen = case.game(), method(name, **settings)
    policy = chosen.policy(game)
    effects = harsanyi(game) if policy.reads == "support" else taylor(game)
    assert list(allocate(effects, policy).attribution) == list(chosen.attribute(game))


@pytest.mark.parametrize(("name", "settings"), [pair for pair in variants() if pair[0] in NOISY], ids=label)
def test_weights_that_belong_to_x_do_not_give_the_measured_rows(name, settings):
    """z1·z2 at (2, 3): the noise on an absent player gives a part of the effect in the rows of its subsets."""
    game, chosen = BY_ID["product"].game(), method(name, **settings)
    in_theory = allocate(taylor(game), chosen.policy(game)).by_support().values
    measured = measure(chosen, game).values
    noise = [[Fraction(float(e)) for e in row] for row in chosen.noise(game)]
    means = [sum(column) / len(noise) for column in zip(*noise, strict=True)]
    assert float(measured[1][0]) == pytest.approx(float(2 * means[1]), rel=1e-12)
    assert in_theory[1][0] == 0
    assert list(in_theory.sum(0)) == list(measured.sum(0))


@pytest.mark.parametrize("name", GAME_METHODS)
def test_a_method_that_errs_at_one_inner_end_point_is_found_out(name, monkeypatch):
    """The sums still agree; the comparison of rows goes red."""
    case = BY_ID["triple"]
    game, cls = case.game(), METHODS[name]
    chosen = method(name, **({"samples": 2} if name in NOISY else {}))
    expected = theory(chosen, case, game)
    compare_rows(measure(chosen, game).values, expected, 0)

    def corrupted(original):
        def wrapped(self, game, ends=None):
            result = original(self, game, ends)
            if isinstance(result, Iterator):
                return (changed(draw, ends) for draw in result)
            if isinstance(result, Estimate):
                return replace(result, values=changed(result.values, ends))
            return changed(result, ends)

        return wrapped

    def changed(values, ends):
        values = values.copy()
        if ends is not None:
            for row, end in enumerate(np.asarray(ends)):
                if list(end) == [1, 0, 1]:
                    values[row, 0] = values[row, 0] + Fraction(1, 10**6)
        return values

    source = next(part for part in ("draws", "integrate", "attribute") if hasattr(cls, part))
    monkeypatch.setattr(cls, source, corrupted(getattr(cls, source)))
    measured = measure(chosen, game)
    assert list(measured.attribution) == list(expected.sum(0)), "the sum telescopes"
    with pytest.raises(AssertionError, match="is not"):
        compare_rows(measured.values, expected, 0)
    difference = measured.values - expected
    touched = {mask for mask in range(8) if any(entry != 0 for entry in difference[mask])}
    assert touched == {5, 7}
    if name not in WEIGHTS_AT_X:
        assert 0 < compare(game, [chosen])[name].disagreement < 1e-6


@pytest.mark.parametrize("case", WITH_INPUTS, ids=label)
@pytest.mark.parametrize(("name", "settings"), variants(), ids=label)
def test_a_batch_of_end_points_is_the_same_as_new_inputs_one_at_a_time(name, settings, case):
    """A(f; x_T, b) asked for by ``ends`` against a game whose input is x_T; over several baselines, the mean."""
    chosen, game = method(name, **settings), case.game()
    everyone = coalitions(case.n)
    ends = np.array([[int(i in s) for i in range(case.n)] for s in everyone])
    batch = chosen.attribute(game, ends)
    assert batch.shape == (2**case.n, case.n)
    tolerance = 0 if case.exact else 1e-11 if case.epsilon < 1e-10 else 1e-4
    scale = None if case.exact else max(float(abs(batch).max()), 1e-300)
    close(chosen.attribute(game), batch[-1], tolerance, scale)
    for row, coalition in zip(batch, everyone, strict=True):
        if case.n > 3 and len(coalition) % 2:
            continue  # half of the end points of the larger games
        parts = [chosen.attribute(single) * weight for weight, single in case.rebased(coalition)]
        close(row, sum(parts[1:], parts[0]), tolerance, scale)
        outside = [i for i in range(case.n) if i not in coalition]
        if name not in WEIGHTS_AT_X and not settings:
            close(row[outside], [0] * len(outside), tolerance, scale)


@pytest.mark.parametrize("case", [*NETWORKS, *EXPRESSIONS[:3]], ids=label)
@pytest.mark.parametrize(("name", "settings"), variants(), ids=label)
def test_the_measured_table_is_the_transform_of_the_attributions(name, settings, case):
    """M_i(S) = Σ_{T⊆S} ± A_i(x_T), by the matrix of signs; rows with null players are zero."""
    chosen, game = method(name, **settings), case.game()
    active = game.cube.active()
    ends = np.array([[int(i in s and i in active) for i in range(case.n)] for s in coalitions(case.n)])
    expected = signs(case.n).astype(object if case.exact else float) @ np.asarray(chosen.attribute(game, ends))
    tolerance = 0 if case.exact else 2**case.n * max(1e-14, 32 * case.epsilon)
    compare_rows(measure(chosen, game).values, expected, tolerance)


@pytest.mark.parametrize("name", GAME_METHODS)
def test_every_method_is_covered(name):
    """At least one polynomial, one network with kinks and one with several baselines or groups take the method."""
    pairs = [parameter.values for parameter in fitting(EXPRESSIONS)]
    assert sum(1 for each, *_ in pairs if each == name) >= 5
    for case in (BY_ID["relu"], BY_ID["softplus-baselines"], BY_ID["softplus-groups"]):
        values = measure(method(name), case.game()).values
        assert values.shape == (2**case.n, case.n)
        assert torch.isfinite(values).all()
        assert abs(values).max() > 0


def test_only_smoothgrad_and_windows_ever_lack_a_policy():
    lacking = {
        (name, tuple(settings))
        for name, settings in variants()
        for case in EXPRESSIONS
        if policy_or_none(name, settings, case) is None
    }
    assert {name for name, _ in lacking} <= WEIGHTS_AT_X


def test_measuring_takes_effects_that_are_known_already():
    game = BY_ID["relu"].game()
    calls = [0]

    def count(rows):
        calls[0] += rows

    effects = harsanyi(game)
    allocation = measure("shapley", game.watched(count), effects=effects)
    assert allocation.effects is effects
    assert allocation.calls == calls[0] == 8  # f(b), f(x) and six coalitions, to see that they are this game's


def test_measuring_needs_dividends_and_comparing_all_of_them():
    game = BY_ID["triple"].game()
    with pytest.raises(ValueError, match="all Harsanyi dividends"):
        measure("shapley", game, effects=taylor(game))
    lower = harsanyi(game, order=1)
    with pytest.raises(ValueError, match="all Harsanyi dividends"):
        compare(game, effects=lower)
    assert measure("shapley", game, effects=lower).effects is lower  # of some coalitions their rows
