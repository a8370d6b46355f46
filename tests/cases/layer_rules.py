"""Shares of a neuron's effects by hand, and every layer-wise method with its settings."""

import math
from functools import cache

import mpmath
import pytest
import torch
from cases import draw

from synergy.policies.layer_policy import (
    alpha_beta_shares,
    degree_layer_shares,
    epsilon_shares,
    equal_layer_shares,
    reveal_cancel_shares,
    unsigned_epsilon_shares,
)

UNITS = {
    "exp": (mpmath.exp, torch.exp),
    "softplus": (lambda z: mpmath.log(1 + mpmath.exp(z)), torch.nn.functional.softplus),
    "tanh": (mpmath.tanh, torch.tanh),
}
DEGREE = 12


@cache
def derivatives(sigma, start, degree=DEGREE):
    """σ and its derivatives at a place, with 40 digits."""
    with mpmath.workdps(40):
        return [float(mpmath.factorial(k) * c) for k, c in enumerate(mpmath.taylor(sigma, mpmath.mpf(start), degree))]


# Contributions with Σ|z| ≤ 0.2, far inside every radius of convergence.
CONTRIBUTIONS = {
    "both-signs": [0.09, -0.05, 0.03],
    "more-negative": [-0.06, 0.04, -0.08],
    "no-negative": [0.06, 0.1, 0.03],
    "no-positive": [-0.05, -0.12, -0.02],
    "one": [0.2],
    "two": [-0.12, 0.08],
    "one-adds-nothing": [0.1, 0.0, -0.06],
}


@cache
def vectors(degree, n):
    """All degree vectors with 1 ≤ |κ| ≤ degree."""
    if n == 1:
        return [(k,) for k in range(1, degree + 1)]
    rest = [(0,) * (n - 1), *vectors(degree, n - 1)]
    return [(k, *tail) for k in range(degree + 1) for tail in rest if 1 <= k + sum(tail) <= degree]


def effect(table, kappa, z):
    """σ^(|κ|)(z⁰)/κ! · Π z_i^κ_i."""
    value = table[sum(kappa)]
    for k, part in zip(kappa, z, strict=True):
        value *= part**k / math.factorial(k)
    return value


def share_of(kappa, inside, i, z):
    """κ_i/|κ±| of the effects that reach into N±, z_i over their sum of the others."""
    size = sum(kappa[j] for j in inside)
    return kappa[i] / size if size else z[i] / sum(z[j] for j in inside)


def degree_weight(kappa, i, z, c):
    return kappa[i] / sum(kappa)


def epsilon_weight(epsilon, bias):
    def weight(kappa, i, z, c):
        value = sum(z) + (c if bias else 0)
        return sum(z) / (value + math.copysign(epsilon, value)) * kappa[i] / sum(kappa)

    return weight


def unsigned_epsilon_weight(epsilon):
    def weight(kappa, i, z, c):
        return sum(z) / (sum(z) + c + epsilon) * kappa[i] / sum(kappa)

    return weight


def alpha_beta_weight(alpha, beta, bias):
    def weight(kappa, i, z, c):
        up, down = [j for j, part in enumerate(z) if part > 0], [j for j, part in enumerate(z) if part < 0]
        for factor, inside, own in ((alpha, up, max(c, 0)), (-beta, down, min(c, 0))):
            if i in inside:
                total = sum(z[j] for j in inside)
                return factor * total / (total + (own if bias else 0)) * share_of(kappa, inside, i, z)
        return 0.0

    return weight


def reveal_cancel_weight(kappa, i, z, c):
    sizes = [sum(k for k, part in zip(kappa, z, strict=True) if sign * part > 0) for sign in (1, -1)]
    if z[i] == 0:
        return 0.0
    return kappa[i] / sizes[0 if z[i] > 0 else 1] / (2 if all(sizes) else 1) if kappa[i] else 0.0


def equal_weight(kappa, i, z, c):
    return (kappa[i] > 0) / sum(k > 0 for k in kappa)


RULES = {
    "degree": (degree_layer_shares(), degree_weight, None),
    "equal": (equal_layer_shares(), equal_weight, None),
    "reveal-cancel": (reveal_cancel_shares(), reveal_cancel_weight, None),
    "epsilon-0": (epsilon_shares(0.0, True), epsilon_weight(0.0, True), (0.0, True)),
    "epsilon": (epsilon_shares(1e-6, True), epsilon_weight(1e-6, True), (1e-6, True)),
    "epsilon-large": (epsilon_shares(0.05, True), epsilon_weight(0.05, True), (0.05, True)),
    "epsilon-no-bias": (epsilon_shares(0.05, False), epsilon_weight(0.05, False), (0.05, False)),
    "epsilon-unsigned": (unsigned_epsilon_shares(0.05), unsigned_epsilon_weight(0.05), (0.05, "unsigned", True)),
    "alpha-2-beta-1": (alpha_beta_shares(2.0, 1.0, True), alpha_beta_weight(2.0, 1.0, True), (2.0, 1.0, True)),
    "alpha-1-beta-0": (alpha_beta_shares(1.0, 0.0, True), alpha_beta_weight(1.0, 0.0, True), (1.0, 0.0, True)),
    "alpha-3-beta-2": (alpha_beta_shares(3.0, 2.0, False), alpha_beta_weight(3.0, 2.0, False), (3.0, 2.0, False)),
    "deep-taylor": (alpha_beta_shares(1.0, 0.0, False), alpha_beta_weight(1.0, 0.0, False), (1.0, 0.0, False)),
}


def constant_share(setting, i, z, c):
    """What a rule at u = 0 gives of the constant σ(c), per unit of it."""
    if len(setting) == 2:
        epsilon, bias = setting
        value = sum(z) + (c if bias else 0)
        return z[i] / (value + math.copysign(epsilon, value))
    if setting[1] == "unsigned":
        return z[i] / (sum(z) + c + setting[0])
    alpha, beta, bias = setting
    for factor, sign in ((alpha, 1), (-beta, -1)):
        if sign * z[i] > 0:
            total = sum(part for part in z if sign * part > 0) + (sign * max(sign * c, 0) if bias else 0)
            return factor * z[i] / total
    return 0.0


def taylor_credits(rule, sigma, z, c, degree=DEGREE):
    """Σ_κ w_iκ effect(κ), and the constant's share for rules at u = 0: neuron by neuron, term by term."""
    _, weight, setting = RULES[rule]
    table = derivatives(sigma, c, degree)
    given = [0.0] * len(z)
    for kappa in vectors(degree, len(z)):
        value = effect(table, kappa, z)
        for i in range(len(z)):
            given[i] += weight(kappa, i, z, c) * value
    if setting is not None:
        given = [g + constant_share(setting, i, z, c) * table[0] for i, g in enumerate(given)]
    return given


BANK = [((0.08 * draw(4, seed=200 + k)).tolist(), (0.5 * draw(1, seed=300 + k)).item()) for k in range(12)]
BANK = [(z, start) for z, start in BANK if any(part > 0 for part in z) and any(part < 0 for part in z)]


VARIANTS = [
    ("deeplift_rescale", {}),
    ("deeplift_reveal_cancel", {}),
    ("deep_shap", {}),
    ("deep_shap", {"fused": True}),
    ("lrp_epsilon", {}),
    ("lrp_epsilon", {"epsilon": 0.0}),
    ("lrp_epsilon", {"epsilon": 0.05, "bias": False}),
    ("attn_lrp", {}),
    ("attn_lrp", {"epsilon": 0.05, "attention": "constant"}),
    ("lrp_alpha_beta", {}),
    ("lrp_alpha_beta", {"alpha": 3.0, "beta": 2.0, "bias": False}),
    ("lrp_alpha_beta", {"alpha": 1.0, "beta": 0.0}),
    ("deep_taylor", {}),
]
IDS = [f"{name}-{'-'.join(f'{k}={v}' for k, v in settings.items())}".rstrip("-") for name, settings in VARIANTS]
variants = pytest.mark.parametrize(("name", "settings"), VARIANTS, ids=IDS)
