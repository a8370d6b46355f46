# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # 10 · What singles a rule out?
#
# At the end you can read and compare interaction indices, derive the Shapley value from four demands on one page, do
# the same for an index of pairs, and let the machine look for a function that breaks a demand. You need
# [03](03_three_criteria.ipynb): many rules meet the three criteria.

# %% [markdown]
# ## A pair is given something, too
#
# An attribution gives numbers to players. An **interaction index of order $k$** gives numbers to all sets of up to
# $k$ players. It answers: *if we only want to speak of single players and pairs, who gets the effects of three?*
# Here is a function with an effect of two and an effect of three:

# %%
import pandas as pd

from synergy import Game, harsanyi, method, pictures
from synergy.interactions import INDICES, interactions

game = Game.from_expression("a*b + 6*a*b*c", {"a": 1, "b": 1, "c": 1})
names = ["Moebius", "STII", "k-SII", "FSII", "RS", "ARS", "SII", "BII"]
found = {name: interactions(game, name, order=2) for name in names}
columns = {"·".join(game.names[player] for player in key): key for key in found["STII"]}
table = pd.DataFrame({said: [each[key] for each in found.values()] for said, key in columns.items()}, index=names)
table.assign(sum=[each.total for each in found.values()])

# %% [markdown]
# Eight published indices: the Möbius transform itself, Shapley–Taylor (STII), n-Shapley (k-SII), Faith-Shap (FSII),
# Recursive Shapley and its augmented form (RS, ARS), the Shapley and the Banzhaf interaction index (SII, BII). Nearly
# as many answers. Which of them add up to 7? What happened to the 6?

# %%
{name: each.criteria.passes for name, each in found.items()}

# %% [markdown]
# The three criteria of [03](03_three_criteria.ipynb) apply word by word, with sets in place of players. Moebius
# keeps each effect where it is and so loses the three (no coverage). SII and BII answer another question, how much a
# pair adds *on average*, and count an effect several times.
#
# As methods are, an index is a table of weights: what a set of $t$ players is given of an effect of $s$ players it
# is part of. Of order 2:


# %%
def weights(name, largest=4):
    """w(t, s) of an index of order 2: of single players and of pairs, for effects of s players."""
    index = INDICES[name]
    return {f"t={t}, s={s}": index.weight(t, s, 2) for s in range(1, largest + 1) for t in (1, 2) if t <= s}


pd.DataFrame({name: weights(name) for name in names}).T

# %% [markdown]
# Read the columns $s = 3$. STII gives the three to its pairs, a third each, and nothing to single players. k-SII and
# FSII give each pair a half, which is too much, and take a sixth back from each single player. **A negative number
# for a player in an effect that is all positive**: no mistake, but something to know before one reads a plot.
#
# A picture of pairs, here of a network that reads digits:

# %%
from synergy.examples import load

seven = load("digits", "7", "grid:2x3")
effects = harsanyi(seven.game)
pictures.interaction_graph(effects)

# %%
of_pairs = {name: interactions(effects, name, order=2) for name in ("STII", "k-SII", "FSII")}
pairs = [key for key, _ in of_pairs["STII"].top(21) if len(key) == 2][:5]
labels = [" and ".join(seven.game.names[player] for player in key) for key in pairs]
pd.DataFrame({name: [each[key] for key in pairs] for name, each in of_pairs.items()}, index=labels).round(3)

# %% [markdown]
# The indices agree on which pairs are strong, and not on how strong. Something has to choose among them. That is what
# axioms are for.
#
# ## Axioms, and a machine that looks for counter-examples
#
# An axiom is a demand on a rule for *all* functions. To show that it is broken takes one function; small ones are
# the best. `check` looks for one, and makes what it finds as small as it can:

# %%
from synergy.axioms import ATTRIBUTION, INTERACTION, characterize, check

check("gradient_x_input", "completeness")

# %%
check("shapley", "proportionality")

# %% [markdown]
# *Proportionality*: if $F$ depends on $z_1 + z_2$ alone and the baseline is 0, then $x = (1, 2)$ should give the
# second player twice as much as the first. Integrated Gradients do that, Shapley does not: it only sees that two
# players were there. On the other hand:

# %%
check("integrated_gradients", "demand_monotonicity")

# %% [markdown]
# *Demand monotonicity*: if $F$ never falls, then more of $z_1$ should never give player 1 *less*. Shapley keeps it
# and Integrated Gradients do not. So each of the two has an axiom that the other lacks. There is no best rule, there
# are only demands one may insist on.

# %%
held = check("integrated_gradients", "proportionality"), check("shapley", "demand_monotonicity")
assert not any(each.falsified for each in held)
print(*held, sep="\n")

# %% [markdown]
# "Not falsified" is a search, not a proof. That an axiom *holds* takes an argument; that it fails takes one line.

# %%
pd.set_option("display.max_colwidth", None)
pd.Series({name: axiom.statement for name, axiom in ATTRIBUTION.items()}).to_frame("what is demanded")

# %% [markdown]
# ## The Shapley value, from four demands
#
# We ask for a rule $A$ that looks only at the values $v(T) = F(x_T)$ at the corners, and
#
# 1. **linearity**: $A(F + G) = A(F) + A(G)$, and $A(cF) = c\,A(F)$,
# 2. **dummy**: a player that $F$ does not depend on is given nothing,
# 3. **symmetry**: players that $F$ does not tell apart are given the same,
# 4. **completeness**: $\sum_i A_i = F(x) - F(b)$.
#
# *Step 1.* A **unanimity game** $u_S$ is 1 if all of $S$ take part, else 0. Every game is a sum of them, and the
# numbers in front are its dividends:
#
# $$ v = v(\emptyset) + \sum_{S \ne \emptyset} J(S)\, u_S . $$

# %%
corners = [[mask & 1, mask >> 1 & 1, mask >> 2 & 1] for mask in range(8)]
values = game(corners)
coefficients = harsanyi(game).to_dict()
for corner, value in zip(corners, values, strict=True):
    there = {player for player, bit in enumerate(corner) if bit}
    assert value == sum(J for members, J in coefficients.items() if set(members) <= there)  # u_S is 1 there

# %% [markdown]
# *Step 2.* By linearity it is enough to know $A(u_S)$. *Step 3.* Players outside $S$ are dummies of $u_S$ and are
# given nothing. *Step 4.* Members of $S$ are not told apart and are given the same. *Step 5.* It adds up to
# $u_S(N) - u_S(\emptyset) = 1$. So each member has $1/|S|$, and nothing was left to choose:
#
# $$ A_i = \sum_{S \ni i} \frac{J(S)}{|S|} . $$

# %%
by_hand = [sum(J / len(members) for members, J in coefficients.items() if i in members) for i in range(3)]
assert by_hand == list(method("shapley").attribute(game))
by_hand

# %% [markdown]
# Was every demand needed? For each there should be a rule that keeps all the others and breaks only this one. The
# package has such rules, useful for nothing else, and checks the whole cross table:

# %%
shapley = characterize("shapley")
assert shapley.holds
print(shapley)

# %% [markdown]
# Look at the first row below Shapley. Integrated Gradients are linear, complete, symmetric, and give dummies
# nothing; and they are not Shapley. The assumption that is easily forgotten is the one *before* the list: that the
# rule looks **only at the corners**. "Shapley is the only fair rule" is true among rules that see nothing in
# between.
#
# ## The same for pairs
#
# Now an index of order 2 is wanted: linear, complete, symmetric, nothing for sets with dummies in them, from values
# at corners. The same steps lead to $u_S$, and there they stop: of an effect of three, symmetry and completeness
# allow any $3 w_1 + 3 w_2 = 1$. That is a line of rules, and the indices of the table above lie on it:

# %%
for name in ("STII", "k-SII", "FSII", "RS", "ARS"):
    one, two = (INDICES[name].weight(t, 3, 2) for t in (1, 2))
    assert 3 * one + 3 * two == 1
    print(f"{name:6} w1 = {one!s:5} w2 = {two}")

# %% [markdown]
# One more demand chooses. **Interaction distribution**: an effect of more than $k$ players goes to sets of exactly
# $k$, since lower sets have effects of their own. Then $w_1 = 0$, and only $w_2 = 1/3$ is left; for all sizes it is
# $1/\binom{s}{k}$, the Shapley–Taylor index. The machine finds who breaks it:

# %%
check("k-SII", "interaction_distribution")

# %%
assert not check("STII", "interaction_distribution").falsified
assert check("SII", "completeness").falsified

# %% [markdown]
# FSII is singled out by another wish: to be the best approximation of $v$ by single players and pairs, in a weighted
# least-squares sense (exercise 3). Who wants that pays with negative weights. Which wish is *yours* no theorem says.
#
# ## Indices that see between the corners
#
# What integrates gradients sees degrees. Integrated once, $z_1 z_2^2$ is shared 1 : 2. **Integrated Hessians**
# integrate the integral: of a part that player 2 was given, they ask again who made it.

# %%
cubic = Game.from_expression("z1*z2**2", {"z1": 1, "z2": 1})
{name: dict(interactions(cubic, name)) for name in ("IH", "ARIG", "SP")}

# %% [markdown]
# The pure effect of a pair, and Integrated Hessians hand five ninths of it back to single players. They break the
# **baseline test**, that an effect of at most $k$ players stays whole; the augmented variant and Sum of Powers keep
# it. On effects of three players these two differ:

# %%
triple = Game.from_expression("z1**2*z2*z3", {"z1": 1, "z2": 1, "z3": 1})
wide = {name: dict(interactions(triple, name)) for name in ("ARIG", "SP", "STII")}
assert all(sum(each.values()) == 1 for each in wide.values())
wide

# %% [markdown]
# Sum of Powers is to Integrated Gradients what Shapley–Taylor is to Shapley: everything at the top, pairs with the
# squared player get more. Both are instances of one construction that lifts a rule for players to sets:

# %%
from synergy.interactions import TopDistributing
from synergy.policies.policy import equal_shares

lifted = interactions(triple, TopDistributing(equal_shares))
assert dict(lifted) == wide["STII"]

# %%
pd.Series({name: axiom.statement for name, axiom in INTERACTION.items()}).to_frame("what is demanded of indices")

# %% [markdown]
# ## What to remember
#
# * An interaction index shares effects among sets; it is a table of weights $w(t, s)$, and the three criteria apply.
# * Indices agree on pure pairs and part on larger effects. Some have negative weights, some add up to too much.
# * Shapley follows from linearity, dummy, symmetry and completeness *among rules that see corners only*.
# * For pairs these leave a choice: interaction distribution gives Shapley–Taylor, a best fit gives Faith-Shap.
# * A counter-example proves; a search that finds none does not.
#
# ## Exercises
#
# **1.** What does SII of order 2 give in all of $u_{\{1,2,3\}}$, and by how much is that too much?
#
# **2.** Is ½ Integrated Gradients + ½ Shapley a rule between two axioms? Write it as a policy and ask `check` for
# completeness, symmetry, proportionality and demand monotonicity.
#
# **3.** Faith-Shap is the weighted least-squares fit of $v$ by single players and pairs, exact at $\emptyset$ and
# $N$, with weights $\dfrac{n-1}{\binom{n}{t}\, t\,(n-t)}$ of coalitions of $t$ players. Verify it on a random game
# of four.
#
# **4.** (Research.) Of order 3, the faithful Banzhaf index adds up for every function of up to four players. Find
# the smallest function on which it does not, and explain why a table of small cases would have misled you.

# %% tags=["hide-cell"] jupyter={"source_hidden": true}
# Solution 1: w = 1/(s − t + 1): three singles with 1/3 and three pairs with 1/2, 5/2 in all; 3/2 too much.
unanimous = interactions(Game.from_expression("a*b*c", {"a": 1, "b": 1, "c": 1}), "SII", order=2)
assert 2 * unanimous.total == 5

# %% tags=["hide-cell"] jupyter={"source_hidden": true}
# Solution 2: linear axioms are kept by means (completeness, symmetry). Both special ones are lost: on each side
# there is a function that the other half spoils.
from synergy import Policy


def both(k):
    """Of the degrees one half, of who takes part the other."""
    there = (k > 0) * (1 + 0 * k)
    return (k / k.sum(-1, keepdims=True) + there / there.sum(-1, keepdims=True)) / 2


half = Policy(both, formula="½ κᵢ/|κ| + ½ 1/|S|")
asked = ("completeness", "symmetry", "proportionality", "demand_monotonicity")
broken = {axiom: check(half, axiom).falsified for axiom in asked}
assert broken == {"completeness": False, "symmetry": False, "proportionality": True, "demand_monotonicity": True}
broken

# %% tags=["hide-cell"] jupyter={"source_hidden": true}
# Solution 3: minimise Σ weight·(v(T) − Σ_{S⊆T} c(S))² over the c of sets of one and two, with v(N) met exactly.
from itertools import combinations
from math import comb

import numpy as np

n = 4
v = np.random.default_rng(0).normal(size=2**n)
v -= v[0]
sets = [sum(1 << i for i in each) for size in (1, 2) for each in combinations(range(n), size)]
inside = np.array([[float(s & t == s) for s in sets] for t in range(2**n)])
weight = np.zeros(2**n)
for t in range(1, 2**n - 1):
    size = t.bit_count()
    weight[t] = (n - 1) / (comb(n, size) * size * (n - size))
gram, right = inside.T @ (weight[:, None] * inside), inside.T @ (weight * v)
whole = inside[-1]
system = np.block([[gram, whole[:, None]], [whole[None], np.zeros((1, 1))]])
fitted = np.linalg.solve(system, np.append(right, v[-1]))[:-1]
faithful = interactions(Game.from_values(v), "FSII", order=2)
members = [tuple(i for i in range(n) if s >> i & 1) for s in sets]
assert np.allclose(fitted, [float(faithful[each]) for each in members])

# %% tags=["hide-cell"] jupyter={"source_hidden": true}
# Solution 4: effects of five players are the first that are not given in full. Weights w(t, s) can be right for all
# s that one tries; only a formula, or a search that goes further, tells.
misled = check("FBII", "completeness", order=3)
assert misled.falsified
for players in (1, 2, 3, 4, 5):
    parts = sum(comb(players, t) * INDICES["FBII"].weight(t, players, 3) for t in range(1, min(players, 3) + 1))
    assert (parts == 1) is (players < 5)
misled

# %% [markdown]
# ## Where to go on
#
# * [13 · Integrated Gradients](13_integrated_gradients.ipynb): what singles out the straight path. · [12 · many
#   players](12_many_players.ipynb): estimates of pairs.
# * [All methods and indices by axioms](../docs/axioms.md); [what axioms single out](../docs/characterizations.md),
#   with the gaps in the proofs.
# * Sundararajan, Dhamdhere and Agarwal, *The Shapley Taylor Interaction Index* (`sundararajan2020shapley`); Tsai,
#   Yeh and Ravikumar, *Faith-Shap* (`tsai2023faith`); Lundstrom and Razaviyayn, *Distributing Synergy Functions*
#   (`lundstrom2023distributing`); Janizek, Sturmfels and Lee, *Explaining Explanations* (`janizek2021explaining`);
#   Shapley, *A Value for n-Person Games* (`shapley1953value`).
