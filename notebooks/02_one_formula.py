# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # 02 · Are fourteen methods one formula?
#
# At the end you can write fourteen attribution methods as one weighted sum with different weights, predict what a
# method gives before you run it, and make a rule of your own in one line. You need [01](01_effects.ipynb): dividends
# and Taylor effects.

# %% [markdown]
# ## One effect, many opinions
#
# A function of two players with a single effect. At $a = 2$, $b = 3$ it is 12, and nothing else is there to argue
# about. Who is given how much of the 12?

# %%
import pandas as pd

from synergy import METHODS, Game, Policy, allocate, compare, harsanyi, method, pictures, taylor

one = Game.from_expression("a**2 * b", {"a": 2, "b": 3})
asked = ["shapley", "integrated_gradients", "occlusion_1", "gradient_x_input"]
given = pd.DataFrame({name: method(name).attribute(one) for name in asked}, index=["a", "b"])
given

# %% [markdown]
# Four published methods, four answers, all of them by the methods' own algorithms. Divide them by the effect, and
# what is left are plain fractions:

# %%
weights = given / 12
weights

# %% [markdown]
# Each method has a **weight** for each player, and it does not depend on how large $a$ and $b$ are, only on the
# exponents, here $\kappa = (2, 1)$. That is the one formula: a method gives player $i$
#
# $$ a_i = \sum_{\kappa \ne 0} w_i(\kappa)\; \text{effect}(\kappa), $$
#
# and what tells methods apart are the weights, their **policy**. Two numbers per method can be drawn:

# %%
import matplotlib.pyplot as plt

figure, plane = plt.subplots(figsize=(5, 4), layout="constrained")
plane.plot([0, 1], [1, 0], color="grey", linewidth=1)
plane.annotate("$w_a + w_b = 1$", (0.05, 1.0), color="grey")
for name, (to_a, to_b) in weights.items():
    plane.plot(float(to_a), float(to_b), "o", color="#2166ac")
    plane.annotate(method(name).title, (float(to_a), float(to_b)), (6, 6), textcoords="offset points")
plane.set(xlabel="weight of a, the square", ylabel="weight of b", xlim=(0, 3.2), ylim=(0, 1.3))
plt.show()
# %% [markdown]
# On the grey line the effect is shared out once. The two methods beside it give more than there is: not because of
# an error in a program, it is what they are. [03](03_three_criteria.ipynb) judges that; here we only want to know
# where the points come from.

# %% [markdown]
# ## Where the weights come from
#
# Take one term $c\, a^{\kappa_1} b^{\kappa_2}$ (baseline 0) and run the algorithm on it, with a pencil.
#
# **Gradient × Input** multiplies by $\partial_a$ and by $a$, so a power comes down: $a\, \partial_a (c\,
# a^{\kappa_1} b^{\kappa_2}) = \kappa_1 \cdot c\, a^{\kappa_1} b^{\kappa_2}$. The weight is $\kappa_i$.
#
# **Integrated Gradients** do this all the way from $b$ to $x$. At $s$ of the way the term has shrunk by
# $s^{|\kappa|}$:
#
# $$ \int_0^1 \kappa_i\, s^{|\kappa| - 1}\, ds = \frac{\kappa_i}{|\kappa|}. $$
#
# **Occlusion** sets player $i$ to the baseline and the whole term is gone if $i$ is in it: the weight is 1 for every
# member.
#
# **Shapley** lets the players come in a random order. The term appears when the last of its members comes, and
# everybody is the last equally often: $1/|S|$.
#
# So nothing has to be believed. The package keeps the two sides apart: a policy is written down, the algorithm is
# run, and the tests compare them.

# %%
for name in asked:
    policy = method(name).policy(one)
    theory = allocate(taylor(one), policy).attribution
    assert (theory == method(name).attribute(one)).all()
    print(f"{method(name).title:22} {policy.formula}")

# %% [markdown]
# Methods that only switch players off and on, as Occlusion and Shapley do, read nothing but *who takes part*. Their
# policy applies to dividends, which exist for every model. The others read degrees, so they need Taylor effects.
#
# ## All of them
#
# For eight methods the effects are those of the function itself. One looks at the head of a network, behind its
# feature map. The others share out the effects of *every neuron* and hand the result on, layer by layer.

# %%
fourteen = {name: each for name, each in METHODS.items() if not each.besides}
columns = ["independent", "interaction", "expansion"]
table = {each.title: [getattr(each, column) for column in columns] for each in fourteen.values()}
pd.set_option("display.max_colwidth", None)
pd.DataFrame(table, index=["of an independent effect", "of an interaction effect", "effects of, at"]).T

# %% [markdown]
# There are fifteen rows: accounts of the theory differ on whether Prediction Difference or SmoothGrad is the
# fourteenth. $N^\pm$ are the inputs of a neuron that speak for it and against it, $\kappa^\pm$ the degree in these,
# $r^\pm$ their part in a sum that the bias belongs to. [The table of methods](../docs/methods.md) says how far each
# was checked against its own algorithm and against other libraries.
#
# ## One function, fourteen answers
#
# Here is a network on which all of them apply and none agrees with another. It sees three pixels; its activations
# are a square and a cube, so that it is a polynomial, and every number below is exact up to rounding.

# %%
import torch
from torch import nn


class Power(nn.Module):
    """The activation u ↦ u^p."""

    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, u):
        return u**self.p


def conv(weight, bias):
    """A convolution with these weights."""
    weight = torch.tensor(weight)
    layer = nn.Conv2d(weight.shape[1], weight.shape[0], weight.shape[2:])
    layer.weight, layer.bias = nn.Parameter(weight), nn.Parameter(torch.tensor(bias))
    return layer


looks = conv([[[[1.0]]], [[[1.0]]]], [0.0, -1.0])  # u, u − 1 of every pixel
mixes = conv([[[[1.0, -1.0]], [[0.0, 1.0]]], [[[2.0, 0.0]], [[-1.0, 1.0]]]], [1.0, 0.0])  # of neighbours
net = nn.Sequential(looks, Power(2), mixes, Power(3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 1))
net[-1].weight, net[-1].bias = nn.Parameter(torch.ones(1, 2)), nn.Parameter(torch.zeros(1))
net = net.double().eval()

pixels = torch.tensor([[[[2.0, 1.0, -1.0]]]], dtype=torch.float64)
game = Game.from_model(net, pixels, 0.0, names=["left", "middle", "right"])
harsanyi(game)

# %% [markdown]
# Expected Gradients and Prediction Difference are Integrated Gradients and Occlusion for several baselines; to tell
# them apart they are asked of two, black and white. Deep SHAP is asked with neurons as modules, Occlusion-patch with
# windows of two pixels.

# %%
several = Game.from_model(net, pixels, torch.cat([0 * pixels, 1 + 0 * pixels]), names=game.names)
settings = {"deep_shap": {"fused": True}, "occlusion_patch": {"window": (1, 2)}}
answers = {}
for name, each in fourteen.items():
    question = several if name in ("expected_gradients", "prediction_difference") else game
    answers[each.title] = method(name, **settings.get(name, {})).attribute(question).tolist()
answers = pd.DataFrame(answers, index=game.names).T
assert len(answers.round(6).drop_duplicates()) == len(answers)  # no two agree
assert answers["middle"].min() < 0 < answers["middle"].max()
answers.assign(sum=answers.sum(axis=1)).round(1)

# %% [markdown]
# Even the sign of *middle* is a matter of opinion, and the sums differ by a factor of several. A practitioner who
# tries two of these methods sees two explanations. We can do better than be puzzled: show *which effect* they
# disagree about.

# %%
compared = compare(game, [*asked, "deeplift_rescale", "lrp_epsilon", "grad_cam"])
pictures.method_map(compared)

# %% [markdown]
# A column is an effect, a row a method. 100 means that the members are given all of the effect, 200 that they are
# given it twice. Occlusion gives every pair twice and every single player once, as its weight says; Gradient × Input
# gives even the effect of a single player several times over, as it is made of high powers; and LRP-ε gives less
# than there is, as a part of the relevance stays in the biases.
#
# How *one* policy shares the effects out is clearest as a flow. Shapley:

# %%
pictures.flow(allocate(harsanyi(game), method("shapley").policy(game)))

# %% [markdown]
# And the same as a table with exact weights, of a function with a player more:

# %%
function = Game.from_expression("x**2*y + 3*x*y*z - z**3", {"x": 1, "y": 2, "z": 1})
allocate(taylor(function), method("integrated_gradients").policy(function))

# %% [markdown]
# Rows are effects, columns are players; the last row is the attribution. **An attribution is the sum of a table.**
# Two methods can have the same sums by quite different tables, and it is the rows that say why.
#
# ## What a layer does
#
# Layer-wise methods apply a policy to the effects of each neuron, $y = \sigma(z_1 + \dots + z_n + z^0)$. For one
# neuron there is a shortcut. For any $\sigma$, giving the share $\kappa_i / |\kappa|$ of every effect comes to the
# same as giving the share $z_i / z$ of the whole change:
#
# $$ \sum_\kappa \frac{\kappa_i}{|\kappa|}\, \text{effect}(\kappa)
#    = \frac{z_i}{z} \bigl(\sigma(z^0 + z) - \sigma(z^0)\bigr), \qquad z = \sum_i z_i. $$

# %%
neuron = Game.from_expression("(z1 + z2 + 1)**3", {"z1": 2, "z2": 1})
shares = allocate(taylor(neuron), method("integrated_gradients").policy(neuron)).attribution
change = neuron([[1, 1]])[0] - neuron([[0, 0]])[0]
assert list(shares) == [change * 2 / 3, change * 1 / 3]
shares

# %% [markdown]
# The right-hand side is DeepLIFT's Rescale rule: a change of the output per change of the input, a *multiplier*, for
# each neuron. Multipliers of several layers are multiplied as derivatives are by the chain rule. That is the whole
# method:


# %%
def rescale(net, x, b):
    """DeepLIFT by hand: the chain rule, with a slope between b and x in place of the derivative."""
    steps = []
    for layer in net:
        steps.append((layer, x, b, layer(x), layer(b)))
        x, b = steps[-1][3:]
    multiplier = torch.ones_like(x)
    for layer, u, u0, y, y0 in reversed(steps):
        if isinstance(layer, Power):
            multiplier = multiplier * (y - y0) / (u - u0)
        else:
            multiplier = torch.autograd.functional.vjp(layer, u, multiplier)[1]
    return multiplier * (steps[0][1] - steps[0][2])


by_hand = rescale(net, pixels, 0 * pixels).flatten()
assert torch.allclose(by_hand, method("deeplift_rescale").attribute(game))
by_hand.tolist()

# %% [markdown]
# On one neuron Rescale *is* Integrated Gradients. On the whole network it is not: look at both rows of the table
# above. It is a policy for every neuron, and no policy for the effects of the network, since it depends on how the
# function is written; [03](03_three_criteria.ipynb) has a network where that goes wrong.
#
# ## A policy of your own
#
# One line: the share of a player grows with the *square* of its degree.

# %%
squares = Policy(lambda k: k**2 / (k**2).sum(-1, keepdims=True), formula="κᵢ² / Σκ²")
allocate(taylor(one), squares)

# %% [markdown]
# Anything can be asked of it that can be asked of a published method. And one thing is refused. On dividends, which
# only know who takes part, the degrees would be zeros and ones and the rule would silently be another one:

# %%
try:
    allocate(harsanyi(one), squares)
except ValueError as refusal:
    print(refusal)

# %% [markdown]
# ## What to remember
#
# * $a_i = \sum_\kappa w_i(\kappa)\, \text{effect}(\kappa)$: a method is its weights, and an attribution is the sum
#   of a table.
# * Weights follow from the algorithm on a single power: $\kappa_i$, $\kappa_i/|\kappa|$, $1[i \in S]$, $1[i \in
#   S]/|S|$.
# * Some methods read degrees, some only who takes part. The first need a series, the others do not.
# * Layer-wise methods are policies for neurons, chained. For the network they are no policy.
# * Where methods disagree, ask about which effect: `pictures.method_map(compare(game))`.
#
# ## Exercises
#
# **1.** Without running anything: what do Integrated Gradients, Shapley, Occlusion-1 and Gradient × Input give of
# $3ab^3 + 5a$ at $(1, 1)$?
#
# **2.** Banzhaf values are the mean gain $v(T \cup i) - v(T)$ over *all* coalitions $T$ without $i$, each counting
# alike. Find their weight and write it as a policy that reads who takes part. Does it share the effects out in full?
#
# **3.** SmoothGrad × Input multiplies the input by the gradient averaged over noise $e_i \sim N(0, \sigma^2)$ at
# $x + e$. Find its weight for a single player and $\kappa = 3$. Is there a noise at which it gives the effect once?
#
# **4.** (Research.) Between Shapley and Integrated Gradients, and beyond: $w_i = \kappa_i^p / \sum_j \kappa_j^p$ for
# members, with $p = 0, 1, 2, \dots$ All share each effect out in full. Find a property that singles out $p = 1$.
# (Hint: a function of the sum $a + b$ alone has no reason to prefer a unit of $a$ to a unit of $b$.)

# %% tags=["hide-cell"] jupyter={"source_hidden": true}
# Solution 1: of 3ab³ (κ = (1, 3)) IG ¼·3 and ¾·3, Shapley 3/2 each, Occlusion 3 each, Gradient × Input 3 and 9; and 5
# more for a by all of them.
from fractions import Fraction

mixed = Game.from_expression("3*a*b**3 + 5*a", {"a": 1, "b": 1})
expected = {
    "integrated_gradients": [5 + Fraction(3, 4), Fraction(9, 4)],
    "shapley": [5 + Fraction(3, 2), Fraction(3, 2)],
    "occlusion_1": [8, 3],
    "gradient_x_input": [8, 9],
}
assert all(list(method(name).attribute(mixed)) == numbers for name, numbers in expected.items())

# %% tags=["hide-cell"] jupyter={"source_hidden": true}
# Solution 2: the gain is J(S) if the other members of S are all in T, which holds for one in 2^(|S|−1) coalitions.
# So the weight is 2^(1−|S|); members of a pair are given half each, three are given a quarter each: three quarters
# in all.
banzhaf = Policy(lambda s: 2 * s / 2 ** s.sum(-1, keepdims=True), formula="2^(1−|S|)", reads="support", symmetric=True)
found = allocate(harsanyi(function), banzhaf)
corners = [[a & 1, a >> 1 & 1, a >> 2 & 1] for a in range(8)]
value = dict(zip(map(tuple, corners), function(corners), strict=True))
for i in range(3):
    gains = [value[*t[:i], 1, *t[i + 1 :]] - value[t] for t in value if not t[i]]
    assert found.attribution[i] == sum(gains) / len(gains)
assert found.criteria().passes == (True, True, False)

# %% tags=["hide-cell"] jupyter={"source_hidden": true}
# Solution 3: x·3·E(x + e)² = 3(x² + σ²)·x, which is x³ times 3(1 + σ²/x²). It is at least 3 at every noise:
# smoothing does not bring it nearer to 1, it only adds.
cube = Game.from_function(lambda z: z[:, 0] ** 3, [2.0])
for sigma in (0.1, 0.5):
    drawn = method("smoothgrad_x_input", sigma=sigma, samples=4000).attribute(cube)[0] / 8
    assert abs(drawn - 3 * (1 + sigma**2 / 4)) < 0.05

# %% tags=["hide-cell"] jupyter={"source_hidden": true}
# Solution 4: of g(a + b) at (1, 2) a unit of b should be worth a unit of a: attributions in proportion 1 : 2. For (a
# + b)³ only p = 1 does that. Powers of sums Σλᵢzᵢ span all polynomials, which is why this property (with linearity,
# completeness and scale invariance) singles out Integrated Gradients: notebook 10.
ridge = taylor(Game.from_expression("(a + b)**3", {"a": 1, "b": 2}))


def powers(p):
    return Policy(lambda k: (k > 0) * k**p / ((k > 0) * k**p).sum(-1, keepdims=True), formula=f"κᵢ^{p} / Σκ^{p}")


ratios = {p: allocate(ridge, powers(p)).attribution for p in (0, 1, 2, 3)}
assert [p for p, (a, b) in ratios.items() if b == 2 * a] == [1]
assert all(sum(both) == 27 for both in ratios.values())
ratios

# %% [markdown]
# ## Where to go on
#
# * [03 · three criteria](03_three_criteria.ipynb): which of these weights are fair?
# * [06 · theory and practice](06_theory_and_practice.ipynb): do methods do on a network what their weights say?
# * [08 · your own](08_your_own.ipynb): a method of your own. · [13 · Integrated
#   Gradients](13_integrated_gradients.ipynb), from the definition.
# * [Policies](../docs/theory/policies.md), [the methods as policies](../docs/methods.md).
# * Deng et al., *Unifying Fourteen Post-Hoc Attribution Methods With Taylor Interactions* (`deng2024unifying`);
#   Sundararajan et al., *Axiomatic Attribution for Deep Networks* (`sundararajan2017axiomatic`); Shrikumar et al.,
#   *Learning Important Features Through Propagating Activation Differences* (`shrikumar2017learning`).
