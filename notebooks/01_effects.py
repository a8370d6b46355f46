# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # 01 · What is an output made of?
#
# At the end you can split the output of any model, $f(x) - f(b)$, into effects of single players and effects of
# groups of them, do it by hand for small functions, and read what it says of a language model. You need a little
# calculus and a little Python; nothing about explanations is presupposed.

# %% [markdown]
# ## Who did it?
#
# A band plays. The singer alone draws 2 hundred listeners, the drummer alone 4, both together 12. Whose are the 12?
# Before we ask *who gets it*, we ask *what is it made of*. Here is the band as a function of two players: $s$ and
# $d$ say how loud each of them plays.

# %%
from synergy import Game, harsanyi, pictures, players, taylor

band = Game.from_expression("2*s + d**2 + 3*s*d", {"s": 1, "d": 2})
band

# %% [markdown]
# A **game** is a function, an input $x$ (here $s = 1$, $d = 2$) and a baseline $b$ (here 0), which says what
# *absent* means. Its coordinates $t$ go from 0, the baseline, to 1, the input. So the four coalitions are the four
# corners of a square:

# %%
nobody, singer, drummer, both = band([[0, 0], [1, 0], [0, 1], [1, 1]])
nobody, singer, drummer, both

# %% [markdown]
# Alone they bring 2 and 4. Together they bring 12, and that is 6 more than both parts: these 6 are neither the
# singer's nor the drummer's. They are an effect of the *pair*, an **interaction**.

# %%
both - singer - drummer + nobody

# %%
effects = harsanyi(band)
pictures.waterfall(effects)

# %% [markdown]
# From $f(b)$ to $f(x)$, effect by effect. Nothing is left over, and nothing is counted twice.

# %% [markdown]
# ## The rule behind it
#
# What do the members of a group bring *together* that none of their parts brings? Take the value of the group and
# subtract all effects of its parts:
#
# $$ J(S) = v(S) - \sum_{T \subsetneq S} J(T), \qquad v(S) = f(x_S), $$
#
# where $x_S$ is the input on $S$ and the baseline elsewhere. $J(\emptyset)$ is $f(b)$. In code it is as short as
# that:


# %%
def subsets(members):
    """All subsets of some members, themselves and the empty one among them."""
    return {()} if not members else {s + t for s in subsets(members[:-1]) for t in ((), members[-1:])}


def dividend(game, members):
    """J(S), by the definition: the value less the effects of all parts."""
    corner = [1 if player in members else 0 for player in range(game.n)]
    return game([corner])[0] - sum(dividend(game, part) for part in subsets(members) - {members})


trio = Game.from_expression("s*d + s*k - 2*s*d*k + k**3", {"s": 1, "d": 1, "k": 2})
by_hand = {members: dividend(trio, members) for members in subsets((0, 1, 2))}
assert by_hand == harsanyi(trio).to_dict()
harsanyi(trio)

# %% [markdown]
# These numbers are called **Harsanyi dividends**. Solving the recursion gives a formula that looks at all parts at
# once, with alternating signs, the *Möbius transform* of $v$:
#
# $$ J(S) = \sum_{T \subseteq S} (-1)^{|S| - |T|}\, v(T). $$
#
# For a pair it is what we did above, $v(sd) - v(s) - v(d) + v(\emptyset)$; for three it is $v(sdk) - v(sd) - v(sk) -
# v(dk) + v(s) + v(d) + v(k) - v(\emptyset)$: inclusion and exclusion. And it can be undone, $v(S) = \sum_{T
# \subseteq S} J(T)$. So the dividends are the same information as the values, in other words: $2^n$ numbers for
# $2^n$ numbers.

# %%
from decompositions.mobius import mobius, zeta

values = trio([[a & 1, a >> 1 & 1, a >> 2 & 1] for a in range(8)])  # bit i is player i
assert (mobius(values) == harsanyi(trio).values).all()
assert (zeta(mobius(values)) == values).all()

# %% [markdown]
# ## Can you see it in the formula?
#
# The trio's expression is $s d + s k - 2 s d k + k^3$ with the baseline 0, and its dividends are its four terms:
# each term belongs to the players that occur in it. That is no accident. A product is zero as soon as one of its
# factors is, so it is an effect of all its factors, and of nobody less. With another baseline the same function has
# other effects:

# %%
moved = Game.from_expression("s*d", {"s": 2, "d": 2}, {"s": 1, "d": 1})
harsanyi(moved)

# %% [markdown]
# Written around the baseline, $s d = 1 + (s - 1) + (d - 1) + (s - 1)(d - 1)$, and there they are. **An effect is an
# effect relative to what absent means.** Without a baseline there is no answer to the question of this notebook.
#
# ## Finer than a dividend
#
# Two different terms may belong to the same players. Dividends add them up:

# %%
twice = Game.from_expression("a*b + a**2*b + 3*a*b**2", {"a": 1, "b": 1})
harsanyi(twice)

# %% [markdown]
# The **Taylor effects** keep them apart. A term has a degree $\kappa_i$ in each player, and
#
# $$ \text{effect}(\kappa) = \frac{\partial^\kappa f(b)}{\kappa!}\,(x - b)^\kappa , \qquad
#    J(S) = \sum_{\operatorname{supp} \kappa = S} \text{effect}(\kappa). $$

# %%
fine = taylor(twice)
assert fine.by_support().to_dict() == harsanyi(twice).to_dict()
fine

# %% [markdown]
# Is that worth the trouble? It is, since methods differ in what they look at. A method that only switches players
# off and on sees dividends and cannot tell $a^2 b$ from $a b^2$. A method that takes gradients sees degrees, and
# gives more to the player of the higher one. [02](02_one_formula.ipynb) makes everything of this.
#
# There is a price. Dividends exist for every model. Taylor effects need a power series at $b$ that reaches $x$. For
# $e^{ab}$ it does, and what is cut off is said:

# %%
growth = Game.from_expression("exp(a*b)", {"a": 1, "b": 1})
for degree in (2, 4, 8, 12):
    cut = taylor(growth, degree=degree)
    print(degree, float(cut.remainder))

# %% [markdown]
# For a neuron with a kink it does not, and the answer is a refusal instead of a wrong number:

# %%
import torch

kink = Game.from_function(lambda z: torch.relu(z[:, 0] + z[:, 1] - 1), [1.0, 1.0])
print(harsanyi(kink))
try:
    taylor(kink, degree=2)
except ValueError as refusal:
    print("no series:", refusal)

# %% [markdown]
# A look at the corners explains the first line: neither input alone makes the neuron fire, both do. Networks of
# ReLUs are *made* of such interactions. [06](06_theory_and_practice.ipynb) asks what is left of the theory there.
#
# ## A language model
#
# Now a real one: 22.7 million parameters that rate how positive a sentence sounds, from −4 to 4. The players are its
# words; an absent word is the embedding of `[MASK]`.

# %%
from synergy.examples import load

sentence = load("sentence", "I'm not happy")
print(sentence.facts["model"])
print(sentence.facts["prediction"])
words = harsanyi(sentence.game)
words

# %%
pictures.waterfall(words)

# %% [markdown]
# Alone, *happy* is happy. With *not* before it something happens that neither word does alone: the pair has a
# negative effect that is larger than that of *happy*. The three words together have the most negative one of all;
# without this effect the rating would be a mild one. This is negation, as a number, and it belongs to no single word.

# %%
assert words["happy"] > 0 > words["not", "happy"]
assert abs(words["not", "happy"]) > abs(words["happy"])
assert words["I'm", "not", "happy"] == min(words.values)
assert abs(words.base + words.total - words["I'm", "not", "happy"]) < 0.5

# %% [markdown]
# These are floating-point numbers, so there is a **noise floor**: a dividend of $|S|$ players adds up $2^{|S|}$
# rounded values. What is below is not shown or judged.

# %%
print(f"strongest {abs(words.values).max():.2g}, noise floor {words.noise_floor().max():.1g}")

# %% [markdown]
# ## Six words have 63 effects
#
# Which ones count? Here is a longer sentence, and its strongest effects with the words that take part in each.

# %%
longer = load("sentence", "It is long, but never boring")
many = harsanyi(longer.game)
pictures.upset(many)

# %% [markdown]
# *boring* alone lowers the rating, so does *never*, and the pair *never boring* takes as much back as one of them took:
# two wrongs that make a right. Most of these bars are interactions. How much there is of each order:

# %%
assert many["never"] < 0 and many["boring"] < 0 < many["never", "boring"]
assert many["never", "boring"] > 0.9 * min(-many["never"], -many["boring"])
pictures.spectrum(many)

# %% [markdown]
# The single words are the smaller part of the whole, and the sizes add up to much more than what comes out: positive
# and negative effects cancel. ([Six models](../docs/who_gets_the_interactions.md) show the same.) A list of six
# numbers, one per word, leaves most of this out, so it had better be clear about how it was made.

# %%
total = float(abs(many.values[1:]).sum())  # all but f(b)
alone = float(abs(many.independent).sum())
out = float(abs(many.values[1:].sum()))
print(f"Σ|J| = {total:.2f}, of single words {alone:.2f}; |f(x) − f(b)| = {out:.2f}")
assert alone < total / 2 and out < total / 2

# %% [markdown]
# ## Players are a choice
#
# With clauses as players the same sentence has three effects. Each is the sum of the words' effects that lie in just
# these clauses, no more and no less: what is true from afar stays true, and is only told apart.

# %%
owners = players.tokens([0, 0, 0, 0, 1, 1, 1])  # of every word piece; the comma is one
clauses = harsanyi(longer.game.regrouped(owners, names=["It is long,", "but never boring"]))
clauses

# %%
first, second = {0, 1, 2}, {3, 4, 5}


def touches(members):
    """Which clauses these words lie in."""
    return tuple(k for k, clause in enumerate((first, second)) if clause & {*members})


for pair, effect in clauses.to_dict().items():
    inside = sum(J for members, J in many.to_dict().items() if touches(members) == pair)
    assert abs(inside - effect) < 1e-5

# %% [markdown]
# ## What to remember
#
# * $f(x) - f(b)$ is a sum of effects: independent ones of single players, interactions of groups.
# * Dividends $J(S)$ exist for every model and need the $2^n$ values at the corners. They are these values, rewritten.
# * Taylor effects are finer: they know degrees. They need a series at $b$ that reaches $x$.
# * Effects are relative to the baseline and to the players that were chosen.
# * On real networks interactions are the rule, and they cancel.
#
# ## Exercises
#
# **1.** Three people vote, and the majority decides: $v(S) = 1$ if $|S| \ge 2$, else 0. Compute all dividends by
# hand. What does that of all three mean? (`Game.from_values` takes the table.)
#
# **2.** Show that a player that $f$ does not depend on has no effect in any company, and that the reverse is false
# for $z_1^2 z_2 - z_1 z_2^2$ at $(1, 1)$.
#
# **3.** *One is enough*: $v(S) = 1$ if anybody takes part. Find $J(S)$ for all $n$. Is a list of dividends a good
# description of this game? Try `and_or`.
#
# **4.** (Research.) How large can $\sum |J(S)|$ be if $|v| \le 1$? Find a game of $n$ players where it grows
# exponentially. Then disturb the 64 values of the long sentence by random numbers of one size $\delta$: how do the
# dividends change, by order? What follows for large effects of large coalitions?

# %% tags=["hide-cell"] jupyter={"source_hidden": true}
# Solution 1: pairs have 1. All three together: 1 − 3·1 = −2; the third vote comes too late, two were enough.
import numpy as np

majority = Game.from_values(np.array([0, 0, 0, 1, 0, 1, 1, 1]), names=["a", "b", "c"])
votes = harsanyi(majority)
assert votes["a", "b"] == votes["a", "c"] == votes["b", "c"] == 1
assert votes["a"] == 0 and votes["a", "b", "c"] == -2
votes

# %% tags=["hide-cell"] jupyter={"source_hidden": true}
# Solution 2: T and T ∪ {i} have the same value and opposite signs in the sum, so every J(S) with i in S is 0. In the
# other direction the two terms belong to the same pair and cancel at (1, 1), though f depends on both players.
null = harsanyi(Game.from_expression("a**2*b + 0*c", {"a": 3, "b": 2, "c": 5}, {"a": 1, "b": 1, "c": 1}))
assert all(J == 0 for members, J in null.to_dict().items() if 2 in members)
cancelled = Game.from_expression("z1**2*z2 - z1*z2**2", {"z1": 1, "z2": 1})
assert harsanyi(cancelled)["z1", "z2"] == 0
assert sorted(taylor(cancelled).values) == [-1, 0, 1]

# %% tags=["hide-cell"] jupyter={"source_hidden": true}
# Solution 3: J(S) = (−1)^(|S|+1), for Σ_{T⊆S} (−1)^(|S|−|T|)·1[T ≠ ∅] = 0 − (−1)^|S|. So 2ⁿ − 1 effects, all of
# size 1, for one simple idea. As conjunctions and disjunctions it is one term.
from synergy import and_or

enough = harsanyi(Game.from_values(np.array([0] + [1] * 15), names=list("abcd")))
assert all(J == (-1) ** (len(members) + 1) for members, J in enough.to_dict().items() if members)
split = and_or(enough)
assert sum(abs(split.disjunctions.values) > 1e-9) == 1 and abs(split.size - 1) < 1e-9  # a ∨ b ∨ c ∨ d, and no more
print(split)

# %% tags=["hide-cell"] jupyter={"source_hidden": true}
# Solution 4: |J(S)| ≤ 2^|S|, so Σ|J| ≤ 3ⁿ, and parity reaches it: v(S) = (−1)^|S| has J(S) = (−2)^|S|. Independent
# errors of size δ add up as the root of their number, to δ·2^(|S|/2). So a large coalition needs a large effect to say
# anything.
for n in (2, 5, 8):
    parity = np.array([(-1) ** a.bit_count() for a in range(2**n)])
    assert abs(harsanyi(Game.from_values(parity)).values).sum() == 3**n

errors = 1e-3 * np.random.default_rng(0).normal(size=(2000, 64))  # 2000 disturbances of size δ
spread = mobius(errors).std(axis=0)
for order in range(1, 7):
    measured = spread[[a for a in range(64) if a.bit_count() == order]].mean() / 1e-3
    print(order, round(measured, 2), round(2 ** (order / 2), 2))
    assert abs(measured / 2 ** (order / 2) - 1) < 0.1

# %% [markdown]
# ## Where to go on
#
# * [02 · one formula](02_one_formula.ipynb): fourteen methods, and how each shares these effects out.
# * [03 · three criteria](03_three_criteria.ipynb): when is that fair?
# * [07 · baselines](07_baselines.ipynb): what does absent mean? · [12 · many players](12_many_players.ipynb): when
#   $2^n$ is too much.
# * [Effects](../docs/theory/effects.md) has the definitions, conjunctions and disjunctions, and noise.
# * Harsanyi, *A Simplified Bargaining Model for the n-Person Cooperative Game* (`harsanyi1963simplified`); Deng et
#   al., *Unifying Fourteen Post-Hoc Attribution Methods With Taylor Interactions* (`deng2024unifying`); Grabisch,
#   *Set Functions, Games and Capacities in Decision Making* (`grabisch2016set`).
