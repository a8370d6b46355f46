# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # 13 · What do Integrated Gradients compute?
#
# At the end you can compute them by hand, say how wrong a sum over 50 steps is and why, integrate a ReLU network
# exactly, and tell what depends on the path. You need derivatives and integrals of one variable;
# [02](02_one_formula.ipynb) for the section on weights.

# %% [markdown]
# ## A gradient that comes too late
#
# $f = \tanh(2a + ab)$ at $a = b = 1.5$. What would a little more of $a$ do? Nearly nothing, as tanh is flat up
# there. What has $a$ done? Nearly everything.

# %%
from fractions import Fraction
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import torch

from synergy import Game, allocate, method, path_method, pictures, straight_line, taylor

late = Game.from_function(lambda z: torch.tanh(2 * z[:, 0] + z[:, 0] * z[:, 1]), [1.5, 1.5], names=["a", "b"])
line = straight_line(late)
pictures.saturation(line)

# %% [markdown]
# Above is $f$ on the straight way from the baseline $b = 0$ to $x$, below the sum of its slopes. All of the change
# happens early, and a gradient taken at the end has missed it. **Integrated Gradients** collect the gradient all
# along the way:
#
# $$ \mathrm{IG}_i = (x_i - b_i) \int_0^1 \partial_i f\bigl(b + s\,(x - b)\bigr)\, ds. $$

# %%
pictures.path_gradients(line)

# %% [markdown]
# A panel per player: the *area* under the curve is what Integrated Gradients give, its *end* is what Gradient ×
# Input gives. Both players' areas together are what $f$ has gained, for the sum of all $(x_i - b_i)\, \partial_i f$
# is the derivative of $f$ along the way, and the integral of a derivative is the difference of its ends. That is
# completeness, and its whole proof.

# %%
ends = late([[0, 0], [1, 1]])
assert abs(line.integrals.sum() - (ends[1] - ends[0])) < 1e-10
at_the_end = method("gradient_x_input").attribute(late)
assert abs(at_the_end.sum()) < 0.01 * line.integrals.sum()
line.integrals, at_the_end

# %% [markdown]
# ## An integral is a sum that somebody stopped
#
# Programs add up $n$ gradients. Where they stand matters. For a function that fits on a napkin everything is exact:

# %%
napkin = Game.from_expression("z1*z2**2", {"z1": 1, "z2": 1})
print("exact", method("integrated_gradients").attribute(napkin))
for rule in ("left", "right", "midpoint", "trapezoid"):
    for n in (4, 8):
        found = method("integrated_gradients", nodes=n, rule=rule).integrate(napkin)
        print(f"{rule:10}{n:3} steps: {found.values}, errors {found.errors}")

# %% [markdown]
# Twice the steps about halve the errors of *left* and *right*, and quarter those of *midpoint* and *trapezoid*. All
# four rules cost the same number of gradients (but for one more of *trapezoid*), so nobody should use the first two.
# Here they are for the saturated function, with five steps:

# %%
pictures.riemann_sums(line, steps=5)

# %% [markdown]
# The panel at the right shows how the errors fall with the number of steps: two families of lines, of slope one and
# of slope two. Until rounding is reached.
#
# ## Kinks
#
# The slope of a ReLU network does not bend, it jumps. Then no rule is better than the width of a step, and refined
# rules lose what makes them good:

# %%
torch.manual_seed(3)
net = torch.nn.Sequential(torch.nn.Linear(2, 6), torch.nn.ReLU(), torch.nn.Linear(6, 1)).double().eval()
kinked = Game.from_model(net, torch.tensor([[3.0, -2.0]], dtype=torch.float64), names=["a", "b"])
steps = straight_line(kinked)
pictures.path_gradients(steps)

# %% [markdown]
# But between two kinks the slope is *constant*, so that the integral is a sum of rectangles, if one knows where the
# kinks are. On a line the input of every neuron of the first layer is a straight function of $s$, and its kink is
# where that is zero:

# %%
x = torch.tensor([3.0, -2.0], dtype=torch.float64)
start, rise = net[0].bias.detach(), net[0].weight.detach() @ x
kinks = [float(s) for s in -start / rise if 0 < s < 1]
places = [0.0, *sorted(kinks), 1.0]
by_hand = torch.zeros(2, dtype=torch.float64)
for left, right in pairwise(places):
    middle = ((left + right) / 2 * x).requires_grad_()
    by_hand += (right - left) * x * torch.autograd.grad(net(middle[None]).sum(), middle)[0]

exact = method("integrated_gradients").integrate(kinked)
assert torch.allclose(by_hand, exact.values, atol=1e-12)
print(len(kinks), "kinks on the way:", exact.values.tolist())
assert len(kinks) > 1

# %% [markdown]
# The package does this through all layers, pooling included: the kinks of the second layer are found on each piece
# of the first, and so on. For a network that reads digits that makes some hundreds of pieces, and an exact answer
# against which the usual sums can be held:

# %%
from synergy.examples import load

seven = load("digits", "7", "grid:2x3")
truth = method("integrated_gradients").integrate(seven.game)
print(truth.rule)
counts = [5, 10, 20, 50, 100, 200]
missed = {
    rule: [
        float(abs(method("integrated_gradients", nodes=n, rule=rule).integrate(seven.game).values - truth.values).max())
        for n in counts
    ]
    for rule in ("left", "midpoint", "trapezoid")
}
figure, plane = plt.subplots(figsize=(5.5, 3.4), layout="constrained")
for rule, errors in missed.items():
    plane.loglog(counts, errors, "o-", label=rule)
plane.loglog(counts, [missed["left"][0] * 5 / n for n in counts], ":", color="grey", label="slope one")
plane.set(xlabel="steps", ylabel="largest error of a region")
plane.legend(fontsize=8)
plt.show()

# %% [markdown]
# Errors wander: a step more may hit a kink worse than before. With the 50 steps that are the default of many
# programs some digits of the numbers are right, not all, and the map itself looks the same:

# %%
from synergy import entries

pictures.heat_map(entries("integrated_gradients", seven.game), seven.view, unit="logits")

# %% [markdown]
# ## What the weight means
#
# On one term $c\,(x-b)^\kappa$ the integral is elementary. At $s$ of the way the gradient has the factor
# $s^{|\kappa| - 1}$:
#
# $$ \kappa_i \int_0^1 s^{|\kappa| - 1}\, ds = \frac{\kappa_i}{|\kappa|}. $$
#
# So $|\kappa|$ comes from the length of the way and $\kappa_i$ from the gradient. A player that is *squared* is
# given two thirds of $ab^2$: on the way both grow in step, and at each moment the square gains twice as much as the
# factor. This holds term by term, hence for every series that reaches $x$.

# %%
assert list(allocate(taylor(napkin), method("integrated_gradients").policy(napkin)).attribution) == [
    Fraction(1, 3),
    Fraction(2, 3),
]

# %% [markdown]
# If all terms have the same degree $d$, then $|\kappa| = d$ for all, and Integrated Gradients are Gradient × Input
# divided by $d$. A ReLU network without biases has degree one along every straight line from 0, so that there the
# integral is not needed at all. [03](03_three_criteria.ipynb) has seen it from the other side.
#
# ## Another path, another answer
#
# Why the *straight* way? Every way from $b$ to $x$ is complete, and none gives a dummy anything. Here are five on which
# nobody turns back, over $f = z_1 z_2^2$; *late* and *early* say when $z_2$ moves:

# %%
from synergy.paths import power_path, single_order

ways = {"straight": power_path(1, 1), "late": power_path(1, 3), "early": power_path(3, 1)}
given = {name: path_method(way).attribute(napkin) for name, way in ways.items()}
given["first z1, then z2"] = single_order(0, 1).attribute(napkin)
given["first z2, then z1"] = single_order(1, 0).attribute(napkin)
for name, parts in given.items():
    assert sum(parts) == 1
    print(f"{name:18}", *parts)

# %%
s = np.linspace(0, 1, 60)
figure, plane = plt.subplots(figsize=(4.6, 4.2), layout="constrained")
square = np.meshgrid(s, s)
plane.contourf(*square, square[0] * square[1] ** 2, 12, cmap="Greys")
for name, (p, q) in {"straight": (1, 1), "late": (1, 3), "early": (3, 1)}.items():
    plane.plot(s**p, s**q, linewidth=2, label=f"{name}: {given[name][0]}, {given[name][1]}")
plane.plot([0, 1, 1], [0, 0, 1], linewidth=2, label="first z1, then z2: 0, 1")
plane.set(xlabel="z1", ylabel="z2")
plane.legend(fontsize=8, loc="upper left")
plt.show()

# %% [markdown]
# Grey is the height of $f$. Who moves when it pays is given more. Where players move one after the other, the
# last one is given everything, as the product is 0 until then; the mean over all orders is the Shapley value:

# %%
orders = (given["first z1, then z2"] + given["first z2, then z1"]) / 2
assert list(orders) == list(method("shapley").attribute(napkin))

# %% [markdown]
# How much can the path matter? What $z_1$ is given along two paths differs by the integral of
# $\partial_1 \partial_2 f$ over the area between them (Green's theorem). **Where there is no interaction, the path
# does not matter; where there is one, it decides.** The difference of "late" and "straight":

# %%
side = (np.arange(2000) + 0.5) / 2000  # z1 at the middles of 2000 strips
area = np.mean(side**2 - (side**3) ** 2)  # ∫ 2·z2 dz2 = z2², between z2 = z1³ and z2 = z1
difference = given["straight"][0] - given["late"][0]
assert abs(area - float(difference)) < 1e-6
print(difference, round(area, 6))

# %% [markdown]
# The criteria do not choose a path. Symmetry and scale do: equal players on equal footing must be given equal parts,
# and the unit of a feature must not matter; of all single paths only the straight line does both
# ([10](10_interactions_and_axioms.ipynb), [characterizations](../docs/characterizations.md)).
#
# ## When a small step is a large one
#
# Move $x$ a little: do the attributions move a little? For a smooth $f$ they do: with slopes at most $K$ that change
# by at most $L$ per unit,
#
# $$ |\mathrm{IG}_i(x) - \mathrm{IG}_i(z)| \le \bigl(K + |x_i - b_i|\, L/2\bigr)\, \lVert x - z \rVert. $$
#
# At a kink there is no $L$. Take $f = \max(z_1 - z_2, 0)$, whose kink is the diagonal, and two inputs at its two
# sides:


# %%
def ramp(first, baseline=0.0):
    """Integrated Gradients of max(z₁ − z₂, 0) at (first, 1)."""
    game = Game.from_model(kink, torch.tensor([[first, 1.0]], dtype=torch.float64), torch.tensor(baseline))
    return method("integrated_gradients").attribute(game)


kink = torch.nn.Sequential(torch.nn.Linear(2, 1, bias=False), torch.nn.ReLU()).double().eval()
kink[0].weight = torch.nn.Parameter(torch.tensor([[1.0, -1.0]], dtype=torch.float64))
above, below = ramp(1 + 1e-6), ramp(1 - 1e-6)
print(above.tolist(), below.tolist())
assert abs(above - below).max() > 0.99

# %% [markdown]
# From (1, −1) to (0, 0) within two millionths, while $f$ hardly moves. On one side the whole way lies in the active
# half, on the other side none of it. *Exactly* on the diagonal the value depends on which slope one
# takes at the kink itself, so it means nothing. The remedy is a baseline beside the kink:

# %%
beside = [[0.0, 0.3]]
gap = abs(ramp(1 + 1e-6, beside) - ramp(1 - 1e-6, beside)).max()
assert 0 < gap < 1e-4
print(f"{float(gap):.1e}")

# %% [markdown]
# ## What to remember
#
# * Integrated Gradients are areas, Gradient × Input is the end of the curve. Completeness is the fundamental
#   theorem.
# * Left and right sums err as $1/n$, midpoint and trapezoid as $1/n^2$; with kinks all of them as $1/n$. Between
#   kinks a ReLU network can be integrated exactly.
# * $\kappa_i/|\kappa|$: the gradient brings $\kappa_i$, the way brings $1/|\kappa|$.
# * Every path is complete. Where players interact, the path decides who is given what.
# * A way that runs along a kink has no stable answer; move the baseline.
#
# ## Exercises
#
# **1.** Show that the left sum with $n$ steps gives $1 - 1/n$ for $f = z^2$ at 1, and that midpoint is exact.
#
# **2.** Find a path on which $z_1$ is given a chosen share $\theta \in (0, 1)$ of $z_1 z_2$. What share does it get
# of $z_1^2 z_2$ on the same path?
#
# **3.** Show that Integrated Gradients of a homogeneous function of degree $d$ are Gradient × Input over $d$
# (baseline 0), and check it for $(a + 2b)^3 - ab^2$.
#
# **4.** (Research.) Programs report the *convergence delta* $\sum_i \mathrm{IG}_i - (f(x) - f(b))$ as the error of
# their sum. Is it a bound? Compare it with the true errors of the six regions of the seven, for several numbers of
# steps.

# %% tags=["hide-cell"] jupyter={"source_hidden": true}
# Solution 1: the slope at s is 2s; Σ 2(j/n)/n over j < n is (n − 1)/n. The midpoint rule is exact for straight
# slopes.
parabola = Game.from_expression("z**2", {"z": 1})
for n in (1, 3, 10):
    assert method("integrated_gradients", nodes=n, rule="left").attribute(parabola)[0] == 1 - Fraction(1, n)
    assert method("integrated_gradients", nodes=n, rule="midpoint").attribute(parabola)[0] == 1

# %% tags=["hide-cell"] jupyter={"source_hidden": true}
# Solution 2: on (s^p, s^q) the share of z₁^k z₂^l is pk/(pk + ql), so p : q = θ : 1 − θ, and of z₁²z₂ it is 2θ/(1 +
# θ).
theta = Fraction(1, 5)
path = path_method(power_path(theta.numerator, theta.denominator - theta.numerator))
assert path.attribute(Game.from_expression("z1*z2", {"z1": 1, "z2": 1}))[0] == theta
assert path.attribute(Game.from_expression("z1**2*z2", {"z1": 1, "z2": 1}))[0] == 2 * theta / (1 + theta)

# %% tags=["hide-cell"] jupyter={"source_hidden": true}
# Solution 3: ∂ᵢf is homogeneous of degree d − 1, so ∂ᵢf(sx) = s^(d−1) ∂ᵢf(x), and the integral is 1/d.
cubic = Game.from_expression("(a + 2*b)**3 - a*b**2", {"a": 2, "b": 3})
assert [3 * part for part in method("integrated_gradients").attribute(cubic)] == list(
    method("gradient_x_input").attribute(cubic)
)

# %% tags=["hide-cell"] jupyter={"source_hidden": true}
# Solution 4: errors of single regions have both signs and cancel in the sum. The delta may be smaller than what
# a single region is off by, so it is no bound.
ratios = []
for n in counts:
    off = method("integrated_gradients", nodes=n, rule="trapezoid").integrate(seven.game).values - truth.values
    ratios.append(float(abs(off.sum()) / abs(off).max()))  # the delta, in units of the largest error
assert min(ratios) < 1
dict(zip(counts, ratios, strict=True))

# %% [markdown]
# ## Where to go on
#
# * [07 · baselines](07_baselines.ipynb): where the way begins. · [11 · inside the
#   network](11_inside_the_network.ipynb): the same integral through one neuron. · [10 · interactions and
#   axioms](10_interactions_and_axioms.ipynb): integrated twice.
# * [Other paths](../docs/howto/paths.md), guided and latent ones, and how far attributions jump at a kink.
# * Sundararajan, Taly and Yan, *Axiomatic Attribution for Deep Networks* (`sundararajan2017axiomatic`); Lundstrom,
#   Huang and Razaviyayn, *A Rigorous Study of Integrated Gradients* (`lundstrom2022rigorous`); Friedman, *Paths and
#   Consistency in Additive Cost Sharing* (`friedman2004paths`).
