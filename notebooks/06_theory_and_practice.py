# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # 06 · Do methods do what the theory says?
#
# At the end you have seen a real network on which theory and practice agree effect by effect to the last digits, you
# know how to test any method for that, and you know the three things that part them: a series that does not reach,
# kinks, and rounding. You need [02](02_one_formula.ipynb); [03](03_three_criteria.ipynb) helps.

# %% [markdown]
# ## A network whose series ends
#
# In theory a method is a set of weights on the terms of a power series. In practice it runs on a network. To compare
# both we want a network whose series is known *and ends*. This one recognises handwritten digits nearly as well as
# its cousin with ReLUs does, and its activations are squares: it is a polynomial of degree 4 in 64 pixels.

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch

from synergy import METHODS, Game, allocate, compare, harsanyi, measure, method, pictures, taylor
from synergy.examples import load

example = load("digits-polynomial", "7", "grid:3x3")
seven = example.game
print(example.facts["model"])
series = taylor(seven)
series

# %% [markdown]
# The players are nine regions of a picture of a seven. No term is missing, and the sum of the series is the output:

# %%
assert int(series.degrees.sum(1).max()) == 4
assert abs(float(series.remainder)) < 1e-10
dividends = harsanyi(seven)
assert abs(series.by_support().values - dividends.values).max() < 1e-10  # terms of the same players add up to dividends

# %% [markdown]
# ## One table, twice
#
# What should Integrated Gradients give each region of each effect? In theory: $\kappa_i / |\kappa|$ of each term, a
# table that needs no gradient. In practice: run the algorithm at all masked pictures, and take differences,
#
# $$ M_i(S) = \sum_{T \subseteq S} (-1)^{|S| - |T|}\, A_i(f; x_T, b), $$
#
# a table that needs no theory. Here are both, with the players of an effect framed.

# %%
compared = compare(seven, ["integrated_gradients", "shapley", "occlusion_1", "gradient_x_input"])
pictures.allocation_map(compared["integrated_gradients"])

# %% [markdown]
# It is the same table. All cells of all methods at once, one computed with a formula from the paper, one by running
# the method:

# %%
figure, plane = plt.subplots(figsize=(4.6, 4.4), layout="constrained")
for result in compared.results:
    theory = allocate(series, method(result.name).policy(seven)).by_support().values
    plane.plot(theory.flatten(), result.measured.values.flatten(), ".", label=result.title)
plane.set(xlabel="in theory", ylabel="as measured")
plane.legend()
plt.show()

# %%
gaps = {result.title: result.disagreement for result in compared.results}
assert max(gaps.values()) < 1e-12
gaps

# %% [markdown]
# The largest difference of any row, relative to the largest effect, is rounding. The theory is not a metaphor: on
# this network it *is* what the four programs compute.
#
# Why row by row? Since sums prove nothing. Shapley and Integrated Gradients add up to the same total here, and an
# attribution may look right for quite wrong reasons. (Exercise 3 has a method that returns noise at all masked
# inputs and still adds up.)

# %%
by_rows = abs(compared["integrated_gradients"].measured.values - compared["shapley"].measured.values).max()
totals = [float(compared[name].measured.attribution.sum()) for name in ("integrated_gradients", "shapley")]
assert abs(totals[0] - totals[1]) < 1e-10
print(f"same total {totals[0]:.4f}; the largest cell differs by {float(by_rows):.2f}")

# %% [markdown]
# ## A player that does nothing
#
# One of the nine regions of this seven is blank, as the baseline is. It cannot do anything, and a method should
# know. This is the oldest test there is, the *dummy player*:

# %%
blank = set(range(seven.n)) - set(seven.cube.active())
assert len(blank) == 1
dummy = seven.names[blank.pop()]
print(f"{dummy} is the same in the picture and in the baseline")
asked = [name for name, each in METHODS.items() if not each.besides]
given = {method(name).title: float(method(name).attribute(seven)[seven.names.index(dummy)]) for name in asked}
assert [title for title, value in given.items() if value] == ["Grad-CAM"]
given

# %% [markdown]
# All methods but one give it nothing. Grad-CAM looks at a feature map behind a convolution, and smears what it finds
# there over the picture, blank paper included. But *blank* is an easy case for the others: what is multiplied by
# $x - b = 0$ is 0. A network that is busy and does nothing all the same is harder, and layer-wise methods fall for
# it: [03](03_three_criteria.ipynb) has one.
#
# ## Where the series does not reach
#
# Most functions are no polynomials. A series at $b$ converges up to the nearest singularity, *also at complex
# inputs*. $1/(1 + (z_1 + z_2)^2)$ is as smooth as can be on the whole plane, but half way from $b$ to
# $x = (1.2, 0.8)$ the circle of convergence ends, as there is a pole at $z_1 + z_2 = i$.

# %%
pole = Game.from_function(lambda z: 1 / (1 + z.sum(1) ** 2), [1.2, 0.8])
way = np.linspace(0, 1, 101)
figure, plane = plt.subplots(figsize=(6, 3.6), layout="constrained")
plane.plot(way, pole(np.stack([way, way], 1)), color="black", linewidth=2, label="f")
for degree in (4, 8, 16):
    terms = taylor(pole, degree=degree)
    sums = sum(float(v) * way ** int(k.sum()) for k, v in zip(terms.degrees, terms.values, strict=True))
    plane.plot(way, sums, label=f"terms up to degree {degree}")
plane.axvline(terms.radius, color="grey", linestyle=":", label="radius of convergence")
plane.set(xlabel="part of the way from b to x", ylim=(-0.5, 2))
plane.legend(fontsize=8)
plt.show()

# %% [markdown]
# More terms make it *worse* beyond the dotted line. Anybody who applies a policy of degrees there shares out garbage,
# so the package looks at the radius and says so:

# %%
print(terms.note)

# %% [markdown]
# The measured table does not care, since it never looks at a series. And methods that read no degrees, such as
# Shapley, have a theory all the same, on dividends.

# %%
measure("integrated_gradients", pole)

# %% [markdown]
# Do series reach in real networks? A softplus network that tells malignant from benign tumours:

# %%
tumour = load("tabular").game
print(taylor(tumour, degree=3).note)

# %% [markdown]
# It does not reach half way, though the network is as smooth as softplus. (Nor does that of a language model:
# [04](04_im_not_happy.ipynb).) So on trained networks the theory of degrees is a theory about *each effect function*,
# what its weights do to monomials, and not a computation you can carry out at $b$. What is left is the measured table.
#
# ## Kinks
#
# The kink of a ReLU between $b$ and $x$ ends every series at $b$: derivatives at $b$ know nothing of the other side of
# the kink. One may round the kink off with softplus, $\log(1 + e^{\beta u})/\beta$. But look at the price:

# %%
neuron = Game.from_function(lambda z: (z.sum(1) - 1).relu(), [1.0, 1.0])
for beta in (1.0, 5.0, 10.0):
    rounded = taylor(neuron, degree=20, smooth=beta)
    exact = np.sqrt(1 + (np.pi / beta) ** 2) / 2  # from the softplus's singularity, at u = iπ/β
    print(
        f"β = {beta:4}: moved by {rounded.distance:.3f}, reaches {rounded.radius:.2f} of the way (exactly {exact:.2f})"
    )

# %% [markdown]
# The closer the smooth network is to the true one, the shorter is the reach of its series: the singularity moves
# towards the kink. There is no $\beta$ at which the series describes the ReLU *and* reaches far beyond its kink.
# That is why the package refuses instead of smoothing silently.
#
# Now a trained network with ReLUs. What theory can say there is said by methods that read who takes part, and it is
# exact; for the others there is a reason in its place:

# %%
relus = load("digits", "7", "grid:2x4").game
judged = compare(relus, ["shapley", "occlusion_1", "integrated_gradients", "gradient_x_input"])
for result in judged.results:
    print(f"{result.title:22}", "agree" if result.theory else result.theory_note.split(",")[0])
assert max(judged[name].disagreement for name in ("shapley", "occlusion_1")) < 1e-5

# %% [markdown]
# And practice can be measured where there is no theory. How do Integrated Gradients share an effect of two regions,
# if $\kappa_i/|\kappa|$ has no meaning? Shapley would give the first of the pair one half.

# %%
measured, effects = judged["integrated_gradients"].measured, judged.effects
pairs = [(pair, J) for pair, J in effects.to_dict().items() if len(pair) == 2 and abs(J) > 0.05]
shares = [float(measured[pair][pair[0]]) / J for pair, J in pairs]
together = [float(measured[pair][list(pair)].sum()) / J for pair, J in pairs]
assert max(abs(np.array(together) - 1)) < 1e-2  # each pair is shared out in full
figure, plane = plt.subplots(figsize=(6, 2.6), layout="constrained")
plane.plot(shares, [abs(J) for _, J in pairs], "o")
plane.axvline(0.5, color="grey", linestyle=":")
plane.set(xlabel="share of the first of the pair", ylabel="|J|", yscale="log")
plt.show()

# %% [markdown]
# Each pair is shared out in full, but hardly one in halves, and some shares lie below 0 or above 1: one of the two
# is given more than there is, the other pays. No policy with $0 \le \kappa_i/|\kappa| \le 1$ on a *single* term
# could do that. An effect is a sum of many such terms of both signs, and it is on their sum that practice looks
# wilder than theory. (The criteria still pass: they ask for the sum.)

# %%
assert min(shares) < 0 or max(shares) > 1

# %% [markdown]
# ## Rounding, and a verdict that says *I do not know*
#
# This network computes in float32. Dividends of $|S|$ players add up $2^{|S|}$ rounded numbers, so their error grows
# with $|S|$. How large is it really? Ask the same network in float64 for the truth:

# %%
import copy

rough = harsanyi(relus)
double = copy.deepcopy(relus.model).double()
precise = harsanyi(Game.from_model(double, relus.cube.x.double(), 0.0, target=7, players=relus.cube.players))
errors, floor = np.asarray(abs(rough.values - precise.values)), np.asarray(rough.noise_floor())
sizes = np.array([a.bit_count() for a in range(len(errors))])
figure, plane = plt.subplots(figsize=(6, 3.2), layout="constrained")
plane.semilogy(sizes[1:], abs(precise.values[1:]), "_", label="effects")
plane.semilogy(sizes[1:] + 0.15, errors[1:] + 1e-9, "_", label="their true errors")
plane.semilogy(sizes[1:], floor[1:], color="black", label="stated noise floor")
plane.set(xlabel="players in the coalition", ylim=(1e-9, 30))
plane.legend(fontsize=8)
plt.show()

# %% [markdown]
# The line is what the package states without knowing the truth, and the errors stay below it. Most larger coalitions
# have no effect at all (they lie far below the picture), as no neuron sees so many regions at once; in float32 they
# look like a small something. What lies below the line is neither shown nor judged.

# %%
assert (errors <= floor).all()
assert np.mean(np.asarray(abs(precise.values))[sizes > 4] < 1e-9) > 0.5

# %% [markdown]
# A method has numerical errors of its own as well. Integrated Gradients with a few points of the path are not
# complete, and that is not their fault. So a verdict compares the gap with what the method's own arithmetic can
# miss:

# %%
few = measure(method("integrated_gradients", nodes=8), relus).criteria()
exact = measure("integrated_gradients", relus).criteria()
assert few.verdicts["completeness"] == "undecided"
assert exact.verdicts["completeness"] == "pass"
print(few, exact, sep="\n")

# %% [markdown]
# **Undecided** means: the gap is of the size of the error of this quadrature, and nothing can be held against the
# method. With the exact rule, piece by piece between the kinks ([13](13_integrated_gradients.ipynb)), it passes. The
# same quadrature handed in as a stranger's function has no such excuse:


# %%
def stranger(model, inputs, baselines, target):
    """Integrated Gradients with eight points, from somewhere on the internet."""
    total = torch.zeros_like(inputs)
    for s in (np.arange(8) + 0.5) / 8:
        point = (baselines + s * (inputs - baselines)).requires_grad_()
        total += torch.autograd.grad(model(point)[:, target].sum(), point)[0] / 8
    return (inputs - baselines) * total


verdict = measure(stranger, relus).criteria()
assert verdict.verdicts["completeness"] == "fail"
print(verdict)

# %% [markdown]
# ## What to remember
#
# * On a network whose series ends, policies are what methods compute, row by row. Test on such a network first.
# * Compare tables, not sums.
# * A series at $b$ has a reach, set by complex singularities; on trained networks it is short. The smoother copy
#   that is closer reaches less far.
# * Dividends and measured tables need no series. Where there is no theory, there still is a measurement.
# * Rounding errors of a dividend grow with the number of its players; a verdict within a method's own error is
#   *undecided*.
#
# ## Exercises
#
# **1.** How far does the series of $\tanh(z_1 + z_2)$ at 0 reach on the way to $(w, w)$? Compute it, then ask
# `taylor(…).radius` for $w = \frac12, 1, 2$.
#
# **2.** A network of $L$ layers of squares is a polynomial of degree $2^L$. How many Taylor effects can it have for
# $n$ players, and how many did the seven above have? Why are these fewer?
#
# **3.** Write a method that is Integrated Gradients at $x$ and nonsense at all masked inputs. Show that its measured
# table has the right column sums, and wrong rows.
#
# **4.** (Research.) The seven above has been trained as a polynomial. Do its effects of high degree matter? Cut the
# series at degree 1, 2, 3 and find how much of $f(x) - f(b)$, and how much of what Integrated Gradients give, is
# left. Then think about what a *linear* explanation of this network would be.

# %% tags=["hide-cell"] jupyter={"source_hidden": true}
# Solution 1: tanh has its poles at ±iπ/2, and z₁ + z₂ = 2ws: s = π/(4w).
for w in (0.5, 1.0, 2.0):
    game = Game.from_function(lambda z: torch.tanh(z.sum(1)), [w, w])
    assert abs(taylor(game, degree=24).radius - np.pi / (4 * w)) < 1e-3

# %% tags=["hide-cell"] jupyter={"source_hidden": true}
# Solution 2: as many as there are degree vectors of n numbers with sum ≤ 2^L: C(n + 2^L, 2^L). Of the nine regions
# one is blank, so that it is C(8 + 4, 4), with the constant, and not C(9 + 4, 4).
from math import comb

assert len(series) == comb(8 + 4, 4) < comb(9 + 4, 4)

# %% tags=["hide-cell"] jupyter={"source_hidden": true}
# Solution 3: Σ_S M(S) telescopes to A(x), whatever A is elsewhere.
torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1)).double().eval()
small = Game.from_model(net, torch.ones(1, 3, dtype=torch.float64))
right = method("integrated_gradients").attribute(small)


def nonsense(model, inputs, baselines, target):
    """The truth at x, and something else at other inputs that are not b."""
    there = (inputs == 1).all(1, keepdim=True)
    return torch.where(there, right.to(inputs), torch.sin(1000 * inputs) * (inputs != 0))


fooled = measure(nonsense, small)
assert torch.allclose(fooled.values.sum(0), right)
assert not all(fooled.criteria().passes)

# %% tags=["hide-cell"] jupyter={"source_hidden": true}
# Solution 4: the linear terms hold but a small part of f(x) − f(b), and what they give the regions is nearly in
# proportion to what all terms give. So a heat map of the linear part would look right, and explain little: the
# picture of an explanation says where, not how much, and not by which effects.
degrees = np.array(series.degrees.sum(1))
whole = allocate(series, method("integrated_gradients").policy(seven))
part = {most: float(whole.values[degrees <= most].sum() / whole.values.sum()) for most in (1, 2, 3, 4)}
alike = {
    most: float(np.corrcoef(whole.values[degrees <= most].sum(0), whole.values.sum(0))[0, 1]) for most in (1, 2, 3, 4)
}
assert abs(part[4] - 1) < 1e-10
assert part[1] < 0.2
assert alike[1] > 0.95
part, alike

# %% [markdown]
# ## Where to go on
#
# * [13 · Integrated Gradients](13_integrated_gradients.ipynb): paths, kinks, quadrature. · [09 · a
#   study](09_a_study.ipynb): many inputs instead of one.
# * [Effects](../docs/theory/effects.md): reach, kinks and noise; [policies](../docs/theory/policies.md): measured
#   allocations.
# * `synergy explain digits-polynomial 7 --players grid:3x3` writes all of this as a page.
# * Deng et al., *Unifying Fourteen Post-Hoc Attribution Methods With Taylor Interactions* (`deng2024unifying`);
#   Griewank and Walther, *Evaluating Derivatives* (`griewank2008evaluating`).
