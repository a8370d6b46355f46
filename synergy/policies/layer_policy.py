"""Policies of layer-wise methods: how the effects of one neuron are shared among its inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from decompositions import degrees
from decompositions.mobius import mobius
from decompositions.networks.secant import Activation, curved_secant
from synergy.policies.policy import Policy, degree_credit

Weights = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
Rates = Callable[[torch.Tensor, torch.Tensor, Activation], torch.Tensor]


@dataclass(frozen=True)
class LayerPolicy:
    r"""Shares of the effects of a neuron y = σ(Σ z_i + z⁰), where z_i = W_i (u_i − u⁰_i).

    .. math:: C_i = \sum_\kappa w_i(\kappa)\, \text{effect}(\kappa), \qquad
              \text{effect}(\kappa) = \frac{\sigma^{(|\kappa|)}(z^0)}{\kappa!} \prod_i z_i^{\kappa_i}

    The weights of a layer-wise rule are not unique: by the ridge identity other weights give the same credits. These
    leak least.

    Args:
        weights: from the degree vectors ``(m, n)`` without κ = 0, z ``(n,)`` and z⁰ ``()`` to the weights ``(m, n)``.
        rates: the credits in closed form, per unit of contribution: C_i / z_i, from z ``(n,)``, z⁰ ``()`` and σ; the
            limit where z_i is 0. For rules at u = 0 they include the shares of the constant σ(z⁰).
        formula: as a person writes it.
        at_reference: whether the effects are those at the reference u⁰; else at u = 0, and z⁰ is the bias.
        channels: whether the players are the positive and negative channels of the inputs.
        shares_held: whether the shares of a softmax are constant where they weight something.
        softmax: who gets how much of the effects of a softmax at u = 0, where the method's authors say so.
        weightless: of the steps without weights of their own, as sums and averages; None for the same.

    Theory: :ref:`layer-policy`.
    """

    weights: Weights
    rates: Rates
    formula: str
    at_reference: bool = True
    channels: bool = False
    shares_held: bool = False
    softmax: Policy | None = None
    weightless: LayerPolicy | None = None


def secant(sigma: Activation, start: torch.Tensor, change: torch.Tensor) -> torch.Tensor:
    """(σ(start + change) − σ(start)) / change, and σ′(start) where nothing changes."""
    return curved_secant(sigma, start, start + change)


def degree_layer_shares() -> LayerPolicy:
    """κᵢ / |κ|: DeepLIFT Rescale and elementwise Deep SHAP. By the ridge identity C_i = z_i Δy / Σz."""
    return LayerPolicy(
        lambda k, z, start: k / k.sum(-1, keepdim=True),
        lambda z, start, sigma: secant(sigma, start, z.sum()).expand(z.shape),
        "κᵢ / |κ|",
    )


def equal_layer_shares() -> LayerPolicy:
    """1[i∈S] / |S| on the neuron's dividends: fused Deep SHAP."""

    def rates(z: torch.Tensor, start: torch.Tensor, sigma: Activation) -> torch.Tensor:
        """Σ_{S∋i} J(S)/|S| with the dividends of what z_i adds per unit, of which the others are the players."""
        n = len(z)
        bits = degrees.bits(0, 2**n, n).to(z.dtype)
        shares = bits / bits.sum(1, keepdim=True).clamp(min=1)
        given = []
        for i in range(n):
            others = torch.where(torch.arange(n) == i, 0.0, z)
            added = secant(sigma, start + bits @ others, z[i]) * bits[:, i]
            given.append((mobius(added) * shares[:, i]).sum())
        return torch.stack(given)

    return LayerPolicy(lambda k, z, start: (k > 0) / (k > 0).sum(-1, keepdim=True).to(k.dtype), rates, "1[i∈S] / |S|")


def epsilon_shares(epsilon: float, bias: bool) -> LayerPolicy:
    """z/(z + c + ε·sgn) · κᵢ/|κ|, and zᵢ/(z + c + ε·sgn) of the constant: LRP-ε."""

    def total(z: torch.Tensor, start: torch.Tensor) -> torch.Tensor:
        value = z.sum() + (start if bias else 0)
        return value + float(epsilon) * torch.where(value >= 0, 1.0, -1.0).to(value)

    def weights(k: torch.Tensor, z: torch.Tensor, start: torch.Tensor) -> torch.Tensor:
        denominator = total(z, start)
        kept = torch.where(denominator == 0, 0.0, z.sum() / torch.where(denominator == 0, 1, denominator))
        return kept * k / k.sum(-1, keepdim=True)

    def rates(z: torch.Tensor, start: torch.Tensor, sigma: Activation) -> torch.Tensor:
        denominator = total(z, start)
        rate = torch.where(
            denominator == 0, 0.0, sigma(z.sum() + start) / torch.where(denominator == 0, 1, denominator)
        )
        return rate.expand(z.shape)

    return LayerPolicy(weights, rates, "z/(z+c+ε·sgn) · κᵢ/|κ|", at_reference=False)


def unsigned_epsilon_shares(epsilon: float, shares_held: bool = False) -> LayerPolicy:
    """z/(z + c + ε) · κᵢ/|κ|, and zᵢ/(z + c + ε) of the constant: AttnLRP, whose stabiliser has no sign."""

    def total(z: torch.Tensor, start: torch.Tensor) -> torch.Tensor:
        return z.sum() + start + float(epsilon)

    def weights(k: torch.Tensor, z: torch.Tensor, start: torch.Tensor) -> torch.Tensor:
        below = total(z, start)
        return torch.where(below == 0, 0.0, z.sum() / below) * k / k.sum(-1, keepdim=True)

    def rates(z: torch.Tensor, start: torch.Tensor, sigma: Activation) -> torch.Tensor:
        below = total(z, start)
        return torch.where(below == 0, 0.0, sigma(z.sum() + start) / below).expand(z.shape)

    formula = "z/(z+c+ε) · κᵢ/|κ|"
    return LayerPolicy(weights, rates, formula, at_reference=False, shares_held=shares_held, softmax=degree_credit)


def alpha_beta_shares(alpha: float, beta: float, bias: bool) -> LayerPolicy:
    """N⁺: α·r⁺·κᵢ/|κ⁺| (s⁺ᵢ where κ⁺ = 0); N⁻: −β·r⁻·κᵢ/|κ⁻| (likewise): LRP-αβ, and Deep Taylor with α = 1, β = 0."""

    def parts(z: torch.Tensor, start: torch.Tensor) -> list[tuple[float, torch.Tensor, torch.Tensor]]:
        """For each sign: its factor, the mask of its inputs, and the denominator Σ_{N±} z + c±."""
        constant = start if bias else torch.zeros_like(start)
        up, down = z > 0, z < 0
        return [
            (alpha, up, z[up].sum() + constant.clamp(min=0)),
            (-beta, down, z[down].sum() + constant.clamp(max=0)),
        ]

    def weights(k: torch.Tensor, z: torch.Tensor, start: torch.Tensor) -> torch.Tensor:
        given = torch.zeros_like(k)
        for factor, inside, total in parts(z, start):
            if total == 0 or not inside.any():
                continue
            own = k * inside
            size = own.sum(-1, keepdim=True)
            proportions = (z * inside / z[inside].sum()).expand_as(k)
            given = given + factor * z[inside].sum() / total * torch.where(
                size > 0, own / size.clamp(min=1), proportions
            )
        return given

    def rates(z: torch.Tensor, start: torch.Tensor, sigma: Activation) -> torch.Tensor:
        value, given = sigma(z.sum() + start), torch.zeros_like(z)
        for factor, inside, total in parts(z, start):
            given = given if total == 0 else given + factor * value / total * inside
        return given

    formula = "N⁺: κᵢ/|κ⁺|; N⁻: 0" if (alpha, beta, bias) == (1, 0, False) else "N⁺: α·r⁺·κᵢ/|κ⁺|; N⁻: −β·r⁻·κᵢ/|κ⁻|"
    return LayerPolicy(weights, rates, formula, at_reference=False)


def reveal_cancel_shares() -> LayerPolicy:
    """κ_p/|κ| if κ lies in N⁺ or in N⁻, ½·κ_p/|κ^{sgn p}| if it is mixed; the players are channels."""

    def weights(k: torch.Tensor, z: torch.Tensor, start: torch.Tensor) -> torch.Tensor:
        up, down = k * (z > 0), k * (z < 0)
        sizes = up.sum(-1, keepdim=True), down.sum(-1, keepdim=True)
        mixed = torch.where((sizes[0] > 0) & (sizes[1] > 0), 0.5, 1.0).to(k)
        return mixed * (up / sizes[0].clamp(min=1) + down / sizes[1].clamp(min=1))

    def rates(z: torch.Tensor, start: torch.Tensor, sigma: Activation) -> torch.Tensor:
        up, down = z[z > 0].sum(), z[z < 0].sum()
        first = (secant(sigma, start, up) + secant(sigma, start + down, up)) / 2
        second = (secant(sigma, start, down) + secant(sigma, start + up, down)) / 2
        return torch.where(z >= 0, first, second)

    return LayerPolicy(weights, rates, "κ in N⁺ or N⁻: κᵢ/|κ|; mixed: ½·κᵢ/|κ^sgn|", channels=True)
