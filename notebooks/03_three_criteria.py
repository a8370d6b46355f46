# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # 03 · When is an attribution fair?
#
# At the end you know three things that can be asked of any attribution method, which of the fourteen methods meet
# them, the smallest functions on which the others fail, and what the criteria do *not* say. You need
# [02](02_one_formula.ipynb): methods as weights on effects.

# %% [markdown]
# ## Three things to ask
#
# An allocation is a table: what player $i$ is given of the effect of $S$, $M_i(S)$. Three demands on it are hard to
# argue with:
#
# * **coverage**: every effect is given to somebody,
# * **relevance**: nothing of it goes to players outside,
# * **completeness**: it is shared out in full, and not more than once.
#
# Each of them is a number, so that a method can fail by a little or by a lot:
#
# $$ \text{coverage} = \frac{\sum_S |J(S)|\; 1[\text{somebody in } S \text{ is given something}]}{\sum_S |J(S)|}, \qquad
#    \text{leakage} = \frac{\sum_S \sum_{i \notin S} |M_i(S)|}{\sum_S \sum_i |M_i(S)|}, $$
#
# $$ \text{residual} = \frac{\sum_S \bigl|J(S) - \sum_{i \in S} M_i(S)\bigr|}{\sum_S |J(S)|}. $$
#
# Coverage should be 1, leakage and residual 0. The best way to understand them is to break them, each by the
# smallest function that does it.
#
# ## Completeness, broken by $x_1 x_2$

# %%
import matplotlib.pyplot as plt
import torch
from torch import nn

from synergy import METHODS, Game, Policy, allocate, compare, harsanyi, measure, method, pictures

product = Game.from_expression("x1*x2", {"x1": 2, "x2": 3})
twice = measure("occlusion_1", product)
twice

# %% [markdown]
# The product has one effect, 6. Without $x_1$ it is gone, without $x_2$ it is gone, so Occlusion gives all of it to
# both. What is given is twice what is there: the residual is 1, one whole effect too much. Gradient × Input does the
# same here, as the term $x_1 x_2$ has degree 2; on a term of degree $|\kappa|$ it gives $|\kappa|$ times the effect.
#
# `measure` needs no theory. It asks the method itself at all masked inputs and finds by differences what it gives of
# each effect.
#
# ## Relevance, broken by $x_1$ alone
#
# A sliding window covers both players. The function only depends on the first.

# %%
line = Game.from_expression("x1 + 0*x2", {"x1": 2, "x2": 5})
window = measure(method("occlusion_patch", window=2), line)
window

# %% [markdown]
# $x_2$ has no effect whatever, and is given as much as $x_1$, since it happened to stand beside it. Half of all that
# is given goes to the wrong player. A heat map made by a sliding window is a blurred one.
#
# ## Coverage, broken by a saturated neuron
#
# $f = 1 - \text{relu}(1 - x_1)$ rises from 0 to 1 and stays there. At $x_1 = 2$ the gradient is 0.


# %%
def linear(weight, bias):
    """A layer with these weights."""
    layer = nn.Linear(len(weight[0]), len(weight), dtype=torch.float64)
    layer.weight, layer.bias = (nn.Parameter(torch.tensor(each, dtype=torch.float64)) for each in (weight, bias))
    return layer


def ask(net, x):
    """The question of a network at x, with the baseline 0."""
    names = [f"x{number}" for number in range(1, len(x) + 1)]
    return Game.from_model(net.eval(), torch.tensor([x], dtype=torch.float64), names=names)


saturated = ask(nn.Sequential(linear([[-1.0]], [1.0]), nn.ReLU(), linear([[-1.0]], [1.0])), [2.0])
nothing = measure("gradient_x_input", saturated)
nothing

# %% [markdown]
# The player did it all and is given nothing: the gradient at $x$ does not remember how $f$ got there. Integrated
# Gradients walk from $b$ to $x$ and see the rise.
#
# Side by side, from effects at the left to players at the right:

# %%
figure, panels = plt.subplots(1, 3, figsize=(13, 3.4), layout="constrained")
for panel, broken in zip(panels, (twice, window, nothing), strict=True):
    pictures.flow(broken, ax=panel)
plt.show()

# %% [markdown]
# Hatched: given more than once. Hollow: to players outside the effect. White: to nobody.
#
# There is an order among the three. Completeness implies coverage: if the members' parts add up to an effect that is
# not zero, somebody has something. So completeness and relevance are what really has to be proven; coverage tells
# apart *too little* from *nothing at all*.
#
# ## Who passes?
#
# Now all methods, on a network that was trained on handwritten digits. Four regions of a seven are the players; what
# are they given of the class's logit? (SmoothGrad × Input is left out only because its many draws would take most of
# the time.)

# %%
from synergy.examples import load

seven = load("digits", "7", "grid:2x2")
fourteen = [name for name, each in METHODS.items() if not each.besides and name != "smoothgrad_x_input"]
compared = compare(seven.game, fourteen)
pictures.method_map(compared)

# %%
six = {each.title for each in METHODS.values() if each.all_three}
assert {result.title for result in compared.results if all(result.measured_criteria.passes)} == six
sorted(six)

# %% [markdown]
# Exactly six of the fourteen meet all three criteria, as the theory says: Shapley, the two that integrate gradients,
# and the three that propagate differences from a baseline. None of the others fails by accident; the reasons can be
# read in their weights:
#
# | method | why not all three | the smallest case |
# |---|---|---|
# | Gradient × Input | weights add up to $\lvert\kappa\rvert$ | $x_1 x_2$; $1 - \text{relu}(1 - x_1)$ |
# | SmoothGrad × Input | the same, with a gradient averaged over noise | $x_1 x_2$ |
# | Occlusion-1, Prediction Difference | weight 1 for each of $\lvert S\rvert$ members | $x_1 x_2$ |
# | Occlusion-patch | the window gives to neighbours | $x_1$, two in a window |
# | Grad-CAM | a mean over places: what one place does is given to all | one place of four, no pooling |
# | LRP-ε | a bias is part of a neuron's sum, and its share goes to no input | $\text{relu}(x_1 + x_2 - 1)$ |
# | LRP-αβ | α times the positive, −β times the negative parts | $\text{relu}(x_1 + 2 x_2)$ |
# | Deep Taylor | what speaks against a neuron is given to what speaks for it | $2x_1 - x_2$ |
#
# The last three of the table, run:

# %%
cases = {
    "lrp_epsilon": ask(nn.Sequential(linear([[1.0, 1.0]], [-1.0]), nn.ReLU()), [1.0, 1.0]),
    "lrp_alpha_beta": ask(nn.Sequential(linear([[1.0, 2.0]], [0.0]), nn.ReLU()), [1.0, 1.0]),
    "deep_taylor": ask(linear([[2.0, -1.0]], [0.0]), [1.0, 1.0]),
}
for name, case in cases.items():
    found = measure(name, case)
    passes = found.criteria().passes
    print(f"{name:15} gives {found.attribution.numpy().round(4)}, f(x) = {case([[1, 1]]).item():.0f};", passes)
    assert not all(passes)

# %% [markdown]
# LRP-ε divides by a sum that the bias has made smaller, and gives 2 where there is 1. (With a bias of $+1$ it gives 2
# again, and keeps 1 of $f(x) = 3$ back for the bias. Here that is right: $f(b) = 1$ is what the bias does by itself.)
# LRP-αβ with α = 2 gives twice what there is where nothing speaks against the neuron. Deep Taylor gives nothing to
# $x_2$, which takes 1 away, and lets $x_1$ carry it.
#
# ## A verdict belongs to a method on a class of models
#
# Take the biases away, keep the ReLUs, and ask from a baseline of 0. Such a network is linear from 0 to $x$ along
# the straight line, and Gradient × Input suddenly has nothing wrong with it:

# %%
torch.manual_seed(0)
free = nn.Sequential(nn.Linear(4, 16, bias=False), nn.ReLU(), nn.Linear(16, 1, bias=False)).double()
biased = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1)).double()
three = ["gradient_x_input", method("lrp_epsilon", epsilon=1e-12), "integrated_gradients"]
for net in (free, biased):
    judged = compare(ask(net, [1.0, -2.0, 0.5, 1.5]), three)
    print({result.title: all(result.measured_criteria.passes) for result in judged.results})

# %%
on_free = compare(ask(free, [1.0, -2.0, 0.5, 1.5]), three)
assert all(all(result.measured_criteria.passes) for result in on_free.results)
on_free

# %% [markdown]
# There the three methods agree number by number. "Gradient × Input fails" is short for: there are networks on which
# it fails, and yours is probably one of them. That is why `compare` judges on *your* network, and why there is a
# third verdict, **undecided**: where the gap is no larger than the method's own numerical error, nobody is blamed.
#
# ## The right sum proves nothing
#
# A popular check is whether attributions add up to $f(x) - f(b)$. Here is a rule that always does: equal parts for
# all, whoever did it.

# %%
equal_for_all = Policy(lambda s: (1 + 0 * s) / s.shape[-1], formula="1/n", reads="support")
everybody = allocate(harsanyi(Game.from_expression("3*a + 2*a*b + 0*c", {"a": 1, "b": 1, "c": 1})), equal_for_all)
everybody

# %% [markdown]
# The sum is right, and $c$, which does nothing, is given as much as $a$. Criteria have to be judged effect by effect.
#
# ## What the criteria do not see
#
# Here is a function written in a strange way:
#
# $$ f = \text{relu}\bigl(\text{relu}(x_1) - 1 - \text{relu}(x_2)\bigr)
#      - \text{relu}\bigl(\text{relu}(x_1 - 1) - \text{relu}(x_2)\bigr) + \text{relu}(x_3). $$
#
# The first two terms are the same number, whatever $x_1$ and $x_2$ are. So $f$ is $\text{relu}(x_3)$, and the first
# two players are decoration.

# %%
first = linear([[1.0, 0, 0], [0, 1.0, 0], [1.0, 0, 0], [0, 0, 1.0]], [0.0, 0, -1.0, 0])
second = linear([[1.0, -1.0, 0, 0], [0, -1.0, 1.0, 0], [0, 0, 0, 1.0]], [-1.0, 0, 0])
hidden = nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), linear([[1.0, -1.0, 1.0]], [0.0]))
anywhere = 5 * torch.randn(10_000, 3, dtype=torch.float64)
assert torch.allclose(hidden(anywhere)[:, 0], anywhere[:, 2].relu())

zero = ask(hidden, [3.0, 1.0, 2.0])
judged = compare(zero, ["shapley", "integrated_gradients", "deeplift_rescale"])
judged

# %% [markdown]
# Shapley and Integrated Gradients give $x_1$ and $x_2$ nothing. DeepLIFT Rescale gives them a half each, of opposite
# signs: it reads the *network*, layer by layer, and in this network they are busy. All three of its verdicts say
# pass. Leakage counts what goes to players *outside* an effect, and this was given for the pair, whose effect is 0.
#
# So the claim "DeepLIFT meets all three criteria" is true of each layer, and not from end to end. A diagnostic
# beside the verdicts sees it. `phantom` is the share of all that is given for groups that bring nothing together
# anywhere between $b$ and $x$:

# %%
phantoms = {
    name: measure(name, zero, points=64).criteria().phantom for name in ("integrated_gradients", "deeplift_rescale")
}
assert phantoms["integrated_gradients"] == 0
assert phantoms["deeplift_rescale"] > 0.1
phantoms

# %% [markdown]
# ## What the criteria do not say
#
# **They do not choose a method.** Any shares of the members that add up to one meet them. Whoever comes last takes
# all:

# %%
from synergy.paths import single_order

trio = Game.from_expression("a*b + b*c**2 + 2*a*b*c", {"a": 1, "b": 1, "c": 1})
for order in ((0, 1, 2), (2, 1, 0)):
    last = measure(single_order(*order), trio)
    print(order, last.attribution, last.criteria().passes)
    assert all(last.criteria().passes)

# %% [markdown]
# Between these and Shapley, their mean, lies a whole simplex of rules that pass. Something else must choose among
# them: symmetry, scale, monotonicity. These are axioms, and [10](10_interactions_and_axioms.ipynb) is about them.
#
# **They do not choose a baseline.** Effects are relative to it, and with them all verdicts. [07](07_baselines.ipynb).
#
# **They do not condemn a question.** Occlusion answers *what would be lost without this word?* exactly, and an
# interaction would be lost without any of its members. It fails as an account of who contributed what, which is
# another question. LRP explains $f(x)$, and not $f(x) - f(b)$.
#
# **They do not measure use.** Whether a person understands more is nothing that a table of effects knows.
#
# ## What to remember
#
# * Coverage: somebody gets it. Relevance: nobody outside. Completeness: all of it, once. The last implies the first.
# * Six of the methods meet all three on every model: Shapley, Integrated and Expected Gradients, and per layer
#   DeepLIFT's two rules and Deep SHAP.
# * A failure is a fact about a method *and* a class of models: without biases and from 0, Gradient × Input passes.
# * Adding up proves nothing; judge row by row. And rules that read layers can pass all three and still pay players
#   that do nothing.
# * Many rules pass. Criteria are necessary, not sufficient.
#
# ## Exercises
#
# **1.** Which criteria does the Banzhaf rule $w = 2^{1 - |S|}$ meet? Compute its residual on $abc$ before you run it.
#
# **2.** Find a policy that meets coverage and completeness and breaks relevance, and one that meets relevance and
# coverage and breaks completeness. Is there one that meets relevance and completeness and breaks coverage?
#
# **3.** How large can a residual be? Find networks of $L$ layers on which that of LRP-αβ grows exponentially with
# $L$.
#
# **4.** (Research.) The hidden zero: how large can the share be that goes to players without any effect? And is it a
# freak? Draw random networks of the hidden form, with other thresholds, inputs and baselines, and count.

# %% tags=["hide-cell"] jupyter={"source_hidden": true}
# Solution 1: members only, and each something: relevance and coverage hold. Three members are given ¼ each, so ¼ of
# the effect is left: the residual is 1/4.
banzhaf = Policy(lambda s: 2 * s / 2 ** s.sum(-1, keepdims=True), formula="2^(1−|S|)", reads="support")
three = allocate(harsanyi(Game.from_expression("a*b*c", {"a": 2, "b": 1, "c": 1})), banzhaf).criteria()
assert three.passes == (True, True, False) and three.residual == 0.25

# %% tags=["hide-cell"] jupyter={"source_hidden": true}
# Solution 2: all to the members and once more to everybody outside (relevance); Occlusion (completeness). The third
# cannot be: members' parts that add up to an effect that is not zero are not all zero.
generous = Policy(lambda s: s / s.sum(-1, keepdims=True) + (1 - s), formula="1/|S|, and 1 outside", reads="support")
split = harsanyi(Game.from_expression("a + 2*a*b + 0*c", {"a": 1, "b": 1, "c": 1}))
assert allocate(split, generous).criteria().passes == (True, False, True)
assert allocate(split, method("occlusion_1").policy(zero)).criteria().passes == (True, True, False)

# %% tags=["hide-cell"] jupyter={"source_hidden": true}
# Solution 3: where nothing speaks against a neuron, α = 2 doubles the relevance at each layer. A chain of L neurons
# gives 2^L times f, with the residual 2^L − 1.
for layers in (1, 3, 6):
    chain = nn.Sequential(*[step for _ in range(layers) for step in (linear([[1.0]], [0.0]), nn.ReLU())])
    found = measure("lrp_alpha_beta", ask(chain, [1.0]))
    assert abs(found.criteria().residual - (2**layers - 1)) < 1e-6

# %% tags=["hide-cell"] jupyter={"source_hidden": true}
# Solution 4: scale the hidden part by c, and ±c/2 go to players without effect: the share tends to 1. With random
# thresholds, inputs and baselines three things have to meet: the outer neurons change between b and x, x₁ lies below
# its threshold at one end, and relu(x₂) changes, too, so that the shares of x₁ and x₂ differ in the two neurons. That
# is no freak and no rule. Whether trained networks hide zeros is another question.
loud = nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), linear([[100.0, -100.0, 1.0]], [0.0]))
assert measure("deeplift_rescale", ask(loud, [3.0, 1.0, 2.0]), points=64).criteria().phantom > 0.9

torch.manual_seed(1)
wrong = 0
for _ in range(100):
    c = float(2 * torch.rand(()))
    inner = linear([[1.0, 0, 0], [0, 1.0, 0], [1.0, 0, 0], [0, 0, 1.0]], [0.0, 0, -c, 0])
    outer = linear([[1.0, -1.0, 0, 0], [0, -1.0, 1.0, 0], [0, 0, 0, 1.0]], [-c, 0, 0])
    drawn = nn.Sequential(inner, nn.ReLU(), outer, nn.ReLU(), linear([[1.0, -1.0, 1.0]], [0.0]))
    x, b = 3 * torch.randn(2, 1, 3, dtype=torch.float64)
    given = method("deeplift_rescale").attribute(Game.from_model(drawn.eval(), x, b))
    paid = bool(given[:2].abs().max() > 1e-9)
    (at_x, at_b), (outer_x, outer_b) = torch.cat([x, b]).tolist(), drawn[:4](torch.cat([x, b]))[:, 0].tolist()
    assert paid == (outer_x != outer_b and min(at_x[0], at_b[0]) < c and max(at_x[1], 0) != max(at_b[1], 0))
    wrong += paid
assert 0 < wrong < 50
print(f"{wrong} of 100 random networks pay players without effect")

# %% [markdown]
# ## Where to go on
#
# * [04 · I'm not happy](04_im_not_happy.ipynb) and [05 · a photo](05_a_photo.ipynb): real models, and what the
#   verdicts mean there.
# * [10 · interactions and axioms](10_interactions_and_axioms.ipynb): what chooses among the rules that pass.
# * [The criteria](../docs/theory/criteria.md), [all methods judged](../docs/criteria.md), with the worst numbers of
#   a bank of networks.
# * Deng et al., *Unifying Fourteen Post-Hoc Attribution Methods With Taylor Interactions* (`deng2024unifying`);
#   Shrikumar et al., *Learning Important Features Through Propagating Activation Differences*
#   (`shrikumar2017learning`); Montavon et al., *Explaining Nonlinear Classification Decisions With Deep Taylor
#   Decomposition* (`montavon2017explaining`).
