# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # 12 · Many players: what may be believed when nobody can look at everything?
#
# At the end you can ask a game of thirty players or of a hundred what it allows to be known: estimates with standard
# errors, single effects that are exact, verdicts that say their scope. And you will have seen the package refuse. You
# need to know effects ([01](01_effects.ipynb)) and the criteria ([03](03_three_criteria.ipynb)).

# %% [markdown]
# ## Sixteen thousand images for one digit
#
# With sixteen players (two of them blank in the image, so that fourteen are left) all coalitions can still be asked,
# and every estimate can be checked against the truth. Begin there, with a handwritten seven and the small network that
# reads it.

# %%
import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier

from synergy import (
    Game,
    allocate,
    and_or,
    compare,
    estimate,
    forecast,
    harsanyi,
    measure,
    method,
    pictures,
    players,
    strongest,
)
from synergy.examples import load

game = load("digits", "7").game
print(forecast(game))

# %%
truth = estimate(game, budget=20_000)  # all 16,384 fit: exact
found = estimate(game, budget=400)
pictures.attributions(found)

# %% [markdown]
# Four hundred of 16,384 images, and every player has a value with a whisker of two standard errors. Open bars are not
# told from zero. Two things are worth knowing of such an estimate:
#
# * it is **unbiased**: a surrogate model of the game only guides it, and what the surrogate misses is estimated from
#   images that it has not seen;
# * so its **error bars are measured**, not assumed. Do they keep what they promise?

# %%
sure = np.asarray(found.error) > 0  # a blank region has no effect, and no error
far = np.abs(np.asarray(found.values) - np.asarray(truth.values))[sure] / np.asarray(found.error)[sure]
print(f"{(far < 2).sum()} of {len(far)} are within two standard errors of the truth, the worst is {far.max():.1f} away")
assert (far < 4).all()

# %% [markdown]
# ## More calls, smaller errors
#
# The promise in one picture: at the left the errors as stated and as they really are, at the right the largest values.

# %%
curve = [estimate(game, budget=calls) for calls in (150, 300, 600, 1200)]
pictures.learning_curve(curve, truth)

# %% [markdown]
# Both fall together, and faster than $1/\sqrt{\text{calls}}$: each call also teaches the surrogate.

# %%
stated = [float(np.linalg.norm(each.error)) for each in curve]
assert stated == sorted(stated, reverse=True)
assert stated[0] / stated[-1] > (1200 / 150) ** 0.5

# %% [markdown]
# ## When it is noise, it is refused
#
# Pairs are harder than players: there are 120 of them. With few calls the errors are as large as the values. Then there
# is no table of numbers with an apology beneath, but an error that says what it would take:

# %%
try:
    estimate(game, "sii", budget=80)
except ValueError as refusal:
    print(refusal)

# %%
pairs = estimate(game, "sii", budget=1200, refuse=False)
print(f"error / value = {pairs.trust:.2f} with 1,200 calls")

# %% [markdown]
# `trust` is the norm of all errors over that of all values: below ¼ it is shown, up to ½ with a warning, above it only
# with `refuse=False`.
#
# ## A surrogate may propose. It may not testify
#
# The surrogate knows every coalition, so it could list all “effects”. They would be its own. `strongest` lets it
# only *propose* coalitions; then all their subsets are asked, and each effect printed is exact:

# %%
few = strongest(game, k=12, order=3, budget=1000)
effects = harsanyi(game)  # the truth, to check it
rows = {few.label(key): (value, float(effects[key])) for key, value in few.top(8)}
assert all(abs(value - true) < 1e-3 for value, true in rows.values())
pd.DataFrame(rows, index=["found", "truth"]).T.round(3)

# %%
print(f"left over, of all other coalitions together: {float(few.remainder):+.2f}")

# %% [markdown]
# Exact does not mean complete. That no other effect is stronger is *not* said; what all others add up to is. Are they
# the twelve strongest of order three and less?

# %%
small = [(abs(value), key) for key, value in effects.to_dict().items() if 0 < len(key) <= 3]
best = {key for _, key in sorted(small, reverse=True)[:12]}
hits = sum(key in best for key, _ in few.top(12))
print(f"{hits} of 12 are among the true 12 strongest")
assert hits >= 9

# %% [markdown]
# ## Sixty-four players: rows of order one
#
# Now each pixel is a player, and $2^{64}$ is out of reach for ever. Yet the *row* of a single player needs only two
# images: what a method gives when nobody is there, and when this player is. So methods can be measured row by row, for
# any number of players, and judged **within that scope**:

# %%
pixels = Game.from_model(game.model, game.cube.x, 0.0, target=7, players=players.features(game.cube.x))
print(pixels.n, "players")
seen = compare(pixels, ["shapley", "integrated_gradients", "occlusion_1", "lrp_epsilon"], order=1, budget=2_000)
seen

# %% [markdown]
# Read the verdicts with their scope. A method that errs on a row *fails*, whatever the rows that nobody looked at. A
# method that is right on all rows up to order one, and on the few larger ones that were drawn, is **undecided**: nobody
# has seen the rest. Only a policy, which is known for all effects at once, can pass without looking.

# %%
rows_of_one = measure("occlusion_1", pixels, order=1, budget=2_000)
print(rows_of_one.criteria())

# %% [markdown]
# ## AND and OR
#
# Many effects may be few in another language. A *disjunction* is there as soon as one of its players is; written as
# dividends it takes $2^k - 1$ terms of alternating sign. `and_or` looks for the split into both with the smallest sum
# of sizes (here with eight players, for time's sake):

# %%
eight = harsanyi(load("digits", "7", "grid:2x4").game)
split = and_or(eight)
total = sum(abs(value) for key, value in eight.to_dict().items() if key)
print(f"Σ|·| of dividends {total:.1f}, of conjunctions and disjunctions {split.size:.1f}")
assert split.size < total
pictures.and_or(split)

# %% [markdown]
# ## Trees: no sample at all
#
# A forest is a sum of leaves, a leaf is a product of conditions, and a product has few effects. So of trees **all**
# effects are exact for any number of features. Thirty measurements of tumours, a forest, a hundred patients as the
# background:

# %%
data = load_breast_cancer(as_frame=True)
forest = RandomForestClassifier(20, max_depth=6, random_state=0).fit(data.data, data.target)
patient, others = data.data.iloc[[0]], data.data.iloc[100:200]
of_trees = Game.from_trees(forest, patient, others, target=1)
all_of_them = harsanyi(of_trees)
largest = max(len(members) for members, _ in all_of_them.top(len(all_of_them)))
print(f"{of_trees.n} features, {len(all_of_them):,} effects of 2³⁰; the largest is of {largest} features")
pictures.upset(all_of_them)

# %%
exact = method("shapley").attribute(of_trees)
shared = allocate(all_of_them, method("shapley").policy(of_trees))
assert np.allclose(np.asarray(exact, dtype=float), np.asarray(shared.attribution, dtype=float), atol=1e-9)
print(shared.criteria())

# %% [markdown]
# Shapley values from the leaves in closed form, and from all effects by the policy $1/|S|$: the same, to rounding. Here
# the verdicts speak of all $2^{30}$ coalitions.
#
# ## What to remember
#
# | you have | ask for | and believe |
# |---|---|---|
# | up to about 20 players | `harsanyi(game)` | every effect, above the noise floor |
# | trees of any number of features | `Game.from_trees` | every effect |
# | many players, an index of players or pairs | `estimate(game, …, budget=…)` | values within their standard errors |
# | many players, single effects | `strongest(game, …)` | each effect that is listed; not that there are no others |
# | many players, a method to judge | `compare(game, order=1)` | failures; passes only up to that order |
#
# ## Exercises
#
# 1. (Warm-up) Estimate the Shapley values of the digit with `budget=400` and another `seed`. How far do two estimates
#    differ, in units of their errors?
# 2. Why is a truncated table of dividends no approximation of $f$? Compare $f(x) - f(b)$ with the sum of all effects of
#    order one and two of the digit.
# 3. How many terms has a disjunction of $k$ players as dividends, and of which sign? Check it for $k = 4$.
# 4. (Research) The error falls faster than $1/\sqrt{\text{calls}}$ here. For which games would it not? Make one, as a
#    `Game.from_function` of twenty players, and look at its learning curve.

# %% tags=["hide-cell"] jupyter={"source_hidden": true}
# Solution 1: independent errors add up by squares.
other = estimate(game, budget=400, seed=1)
both = np.hypot(found.error, other.error)[sure]
apart = np.abs(np.asarray(found.values) - np.asarray(other.values))[sure] / both
print(f"typically {np.median(apart):.1f} errors apart, at most {apart.max():.1f}")
assert np.median(apart) < 2

# %% tags=["hide-cell"] jupyter={"source_hidden": true}
# Solution 2: what is cut off is not small, and one order more does not bring it nearer: the sums jump to both sides of
# f(x) − f(b), as from order two on the effects of each order have another sign than those of the one before, taken
# together.
upto = [float(sum(value for key, value in effects.to_dict().items() if 0 < len(key) <= most)) for most in range(1, 7)]
print("up to order 1, 2, …:", *(f"{each:+.1f}" for each in upto), f"; f(x) − f(b): {float(effects.total):+.1f}")
off = np.array(upto) - float(effects.total)
assert (abs(off) > 0.1 * abs(float(effects.total))).all()
assert (off[1:] * off[:-1] < 0).all()

# %% tags=["hide-cell"] jupyter={"source_hidden": true}
# Solution 3: every non-empty set has one, + for odd sizes and − for even ones: inclusion and exclusion.
any_of_four = harsanyi(Game.from_function(lambda z: 1 - (1 - z).prod(1), np.ones(4), 0.0))
signs = {key: round(float(value)) for key, value in any_of_four.to_dict().items() if key}
assert len(signs) == 15
assert all(value == (-1) ** (len(key) + 1) for key, value in signs.items())

# %% tags=["hide-cell"] jupyter={"source_hidden": true}
# Solution 4, a beginning: nothing smooth is there to be learned, and it has to be refused.
noise = Game.from_function(lambda z: np.sin(1000 * z @ np.arange(1, 21) ** 0.5), np.ones(20), 0.0)
try:
    estimate(noise, budget=400)
    refused = False
except ValueError as refusal:
    refused = True
    print(str(refusal)[:120], "…")
assert refused

# %% [markdown]
# ## Where to go on
#
# * [05](05_a_photo.ipynb): `refine`, from few players to many where the effects are.
# * [How to, many players](../docs/howto/large_inputs.md): rows, estimates, clusters, checkpoints.
# * Papers: `musco2025provably` (leverage sampling), `rasmussen2006gaussian` (the surrogate), `lundberg2020local`
#   (trees), `li2023defining` (AND and OR).
