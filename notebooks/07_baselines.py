# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # 07 · Choosing a baseline: compared with what?
#
# At the end you know what each common baseline *asks*, how much effects and rankings depend on it, and how to choose
# one and say so. You need to know what an effect is ([01](01_effects.ipynb)).

# %% [markdown]
# ## The baseline is half of the question
#
# All effects add up to $f(x) - f(b)$. So an attribution never answers “why $f(x)$?” but always “why $f(x)$ and not
# $f(b)$?”. Nothing in a method chooses $b$ for you. Take a handwritten four, a small convolutional network, and its
# logit of *four*:

# %%
import matplotlib.pyplot as plt
import pandas as pd
import torch

from synergy import Game, allocate, baselines, harsanyi, method, pictures, players
from synergy.examples import digits

net = digits.model()
images, labels, held_out = digits.data()
x = images[held_out][:1]
seen, classes = images[~held_out], labels[~held_out]


def four(z):
    """The logit of a four. Shape (rows, 1, 8, 8) to (rows,)."""
    return net(z)[:, 4]


print(f"f(x) = {float(four(x)):.2f}; the digit is a {int(labels[held_out][0])}")

# %% [markdown]
# Nine candidates, seven of them by a helper of `synergy.baselines`:

# %%
blank = torch.zeros_like(x)
candidates = {
    "zero": blank,  # no ink
    "mean": baselines.mean(seen),  # of every pixel over all digits
    "median": baselines.median(seen),
    "blurred": baselines.blurred(x, sigma=1.5),  # the four itself, without its details
    "typical 9": baselines.close_to_mean(seen[classes == 9]),  # the nine that is nearest to the mean nine
    "nearest 9": baselines.nearest(seen[classes == 9], x),  # the nine that is nearest to this four
    "f near 0": baselines.near_output(four, seen, 0.0),  # the digit whose logit of four is nearest to 0
    "f = 5": baselines.at_output(four, blank, x, 5.0),  # on the way from blank to x, where the logit is 5
    "40 digits": seen[:40],  # a distribution
}
figure, axes = plt.subplots(2, 5, figsize=(10, 4.4), layout="constrained")
for ax, (name, b) in zip(axes.flat, {"x": x, **candidates}.items(), strict=True):
    ax.imshow(b.mean(0)[0].numpy(), cmap="gray_r", vmin=0, vmax=1)
    ax.set_title(f"{name}: {float(four(b).mean()):.1f}")
    ax.axis("off")

# %% [markdown]
# The numbers are the logits of *four*. (Of the forty digits the mean is drawn and the mean of their logits is given.
# The logit of the mean digit is another number: the network is not linear.) What the candidates ask:
#
# | baseline | the question | beware |
# |---|---|---|
# | zero | Why is there a four, and not an empty sheet? | what is white in $x$ can never be a reason |
# | mean, median | Why does it differ from the average digit? | the average is no digit |
# | blurred | What do the fine strokes add to the coarse shape? | what survives the blur is no reason |
# | typical 9, nearest 9 | Why a four and not a nine? | the answer is about this nine |
# | f near 0, f = 5 | What lifts the output from *there*? | the place was chosen by the model that is explained |
# | a distribution | Why is it more of a four than digits are on average? | costs as many games as it has members |
#
# ## The same digit, nine questions
#
# Twelve regions are the players, so each question has $2^{12}$ coalitions; of the forty digits, forty times as many.
# What does the Shapley value say of each region?

# %%
regions = players.grid(x.shape, (3, 4))
games = {name: Game.from_model(net, x, b, target=4, players=regions) for name, b in candidates.items()}
effects = {name: harsanyi(game) for name, game in games.items()}
shapley = {name: allocate(found, method("shapley").policy(games[name])) for name, found in effects.items()}
view = digits.view(x, regions)
figure, axes = plt.subplots(3, 3, figsize=(10, 10.5), layout="constrained")
for ax, (name, given) in zip(axes.flat, shapley.items(), strict=True):
    pictures.overlay(given, view, ax=ax)
    ax.set_title(f"{name}: f(x) − f(b) = {float(effects[name].total):.1f}")

# %% [markdown]
# One image, one network, one method; nine answers (each on a scale of its own). Look at the lower right corner, region
# 11: there is no ink in it. With the baseline zero it can be no reason, as nothing changes there. Against the digit
# with $f$ near 0, a six, it is the *strongest* reason of all: a six has ink there, and a four has none. The same in the
# upper right, region 3, against the nearest nine. **What is not there can be a reason, but only for a baseline in which
# it is.**

# %%
table = pd.DataFrame({name: given.attribution.numpy() for name, given in shapley.items()})
ink = [float((x * (regions == region)).sum()) for region in range(12)]
assert ink[11] == 0
assert table.loc[11, "zero"] == 0
assert table["f near 0"].idxmax() == 11
assert classes[(seen == candidates["f near 0"]).flatten(1).all(1)].tolist() == [6]
assert table.loc[3, "nearest 9"] > 10 * table.loc[3, "zero"]
table.round(2)

# %% [markdown]
# ## Do the rankings survive?
#
# Spearman's rank correlation between the nine answers: 1 is the same order of regions, 0 is none in common.

# %%
order = table.rank().corr()
figure, ax = plt.subplots(figsize=(6.4, 5.4), layout="constrained")
drawn = ax.imshow(order, cmap="PuOr", vmin=-1, vmax=1)
ax.set_xticks(range(9), order.columns, rotation=45, ha="right")
ax.set_yticks(range(9), order.columns)
for i in range(9):
    for j in range(9):
        shade = "w" if order.iloc[i, j] > 0.6 else "k"
        ax.text(j, i, f"{order.iloc[i, j]:.1f}", ha="center", va="center", color=shade)
figure.colorbar(drawn, label="rank correlation")

# %% [markdown]
# Mean, median and the distribution are close relatives. *f = 5* lies on the way from zero to $x$ and agrees with zero.
# But zero and the typical nine have hardly anything in common, and the two nines have hardly more with each other: “not
# a nine” is no one question either. So a sentence like “the upper middle matters most” is unfinished without its
# baseline.

# %%
assert order.loc["mean", "40 digits"] > 0.9
assert order.loc["zero", "f = 5"] > 0.9
assert order.loc["zero", "typical 9"] < 0.3
assert order.loc["nearest 9", "typical 9"] < 0.3

# %% [markdown]
# ## And the interactions?
#
# Not only who is given what changes, but what there is to give. The share of each order in $\sum_S |J(S)|$:


# %%
def shares(found):
    """The part of all effects that is of order 1, 2, 3, and more."""
    by_size = torch.zeros(13, dtype=torch.float64)
    for members, value in found.to_dict().items():
        by_size[len(members)] += abs(value)
    by_size = by_size[1:] / by_size[1:].sum()
    return [*by_size[:3].tolist(), float(by_size[3:].sum())]


orders = pd.DataFrame({name: shares(found) for name, found in effects.items()}, index=["1", "2", "3", "4 and more"]).T
orders.round(2)

# %% [markdown]
# Two things stand out. The shorter way (*f = 5* against *zero*) has fewer interactions: the network has less room to
# bend. And the **distribution** has the fewest of all: interactions with one baseline are of one sign, with another one
# of the other, and the mean of the games cancels them. They are gone from the mean, and not from the network.

# %%
assert orders["1"].idxmax() == "40 digits"
assert orders.loc["f = 5", "1"] > orders.loc["zero", "1"]

# %% [markdown]
# ## How far is too far? Masked images are inputs, too
#
# Every coalition is an image that the network has to judge. How much does such an image resemble what it has learned
# from? A crude measure: how far the masked images are from the nearest digit that it was trained on.


# %%
def strangeness(b):
    """The mean distance of 200 masked images from their nearest training image."""
    drawn = torch.rand(200, 12, generator=torch.Generator().manual_seed(0)) < 0.5
    kept = drawn[:, regions.expand_as(x)[0]]  # (200, 1, 8, 8)
    masked = torch.where(kept, x, b[:1])
    return float(torch.cdist(masked.flatten(1), seen.flatten(1)).min(1).values.mean())


strange = pd.Series({name: strangeness(b) for name, b in candidates.items()}, name="distance").round(2)
strange.sort_values()

# %% [markdown]
# Masked against another digit, images look the most like digits; pieces of a four on an empty sheet are the strangest
# of all, although zero is the baseline that everybody takes. No choice is best in all respects: what stays near the
# data asks about few differences.

# %%
assert strange.idxmin() == "nearest 9"
assert strange.idxmax() == "zero"

# %% [markdown]
# ## A baseline at a chosen output
#
# If “nothing” is meant to be an output and not a picture, choose the baseline by the output: a member of the data with
# $f(b)$ near the value (`near_output`), or a place on the way from a neutral input to $x$ where $f$ has just this value
# (`at_output`). Then the sum of the attributions is what you chose it to be:

# %%
assert abs(four(candidates["f = 5"]) - 5) < 1e-4
print(f"f(x) − f(b) = {float(effects['f = 5'].total):.3f}, and f(x) − 5 = {float(four(x)) - 5:.3f}")

# %% [markdown]
# With a probability instead of a logit, $f(b) = 0.5$ asks “what decides it?”; $f(b) \approx 0$ asks “what makes it at
# all?”.
#
# ## Several baselines are one game
#
# A batch of baselines is the mean of their games, and so are its effects: linear, nothing new. Integrated Gradients on
# it are Expected Gradients, and Occlusion-1 is Prediction Difference.

# %%
three = seen[:3]
together = harsanyi(Game.from_model(net, x, three, target=4, players=regions))
single = [harsanyi(Game.from_model(net, x, each, target=4, players=regions)) for each in three.split(1)]
mean_of_single = sum(each.values for each in single) / 3
assert torch.allclose(together.values, mean_of_single, atol=1e-4)

# %% [markdown]
# A mean hides its spread. Before you report it, look at what the single baselines say. They need not even agree on a
# sign:

# %%
spread = torch.stack([allocate(each, method("shapley").policy(games["zero"])).attribution for each in single])
assert spread[:, 4].min() < 0 < spread[:, 4].max()
print("region 4:", spread[:, 4].numpy().round(2), "mean", round(float(spread[:, 4].mean()), 2))

# %% [markdown]
# ## What to remember
#
# * A baseline is a question: why $f(x)$ and not $f(b)$? State it beside every attribution.
# * What is the same in $x$ and $b$ can never be a reason; with zero, all that is zero in $x$.
# * Choose by the question: “what is there” → zero or blur; “why this and not that” → a member of the other class; “more
#   than usual” → a distribution; “from an indifferent output” → `near_output`, `at_output`.
# * Effects, orders and rankings change with it. If a finding is to be about the network, show it for two baselines.
#
# ## Exercises
#
# 1. (Warm-up) What does `baselines.blurred(x, sigma=50)` look like, and which baseline of the table is it nearly?
# 2. Which regions speak for a four and not for a *one*? Choose the baseline, then look.
# 3. (Research) Two baselines that are both “an empty sheet” for a person: all 0, and all 0.05. How much do effects
#    change? What would you want to be true of a network for which such a change may be ignored?

# %% tags=["hide-cell"] jupyter={"source_hidden": true}
# Solution 1: the mean grey of x everywhere: the average again, but of the pixels of x.
grey = baselines.blurred(x, sigma=50)
print(f"between {float(grey.min()):.3f} and {float(grey.max()):.3f}; the mean of x is {float(x.mean()):.3f}")
assert torch.allclose(grey, x.mean().expand_as(grey), atol=1e-3)

# %% tags=["hide-cell"] jupyter={"source_hidden": true}
# Solution 2: the one that is nearest to x.
one = baselines.nearest(seen[classes == 1], x)
game = Game.from_model(net, x, one, target=lambda logits: logits[:, 4] - logits[:, 1], players=regions)
found = allocate(harsanyi(game), method("shapley").policy(game))
assert abs(found.attribution.sum() - (net(x) - net(one))[0, [4, 1]] @ torch.tensor([1.0, -1.0])) < 1e-3
pictures.overlay(found, view)

# %% tags=["hide-cell"] jupyter={"source_hidden": true}
# Solution 3, a beginning: no person sees the difference, and the effects move by more than a quarter of their size.
off_white = harsanyi(Game.from_model(net, x, 0.05, target=4, players=regions))
moved = abs(off_white.values - effects["zero"].values).sum() / abs(effects["zero"].values).sum()
print(f"the effects move by {float(moved):.0%} of their size")
assert moved > 0.25

# %% [markdown]
# ## Where to go on
#
# * [05](05_a_photo.ipynb): grey for photos. [13](13_integrated_gradients.ipynb): the path from $b$ to $x$.
# * [How to choose a baseline](../docs/howto/baselines.md): all helpers in one block.
# * Papers: `sundararajan2020many` (the many Shapley values), `erion2021improving` (Expected Gradients),
#   `jha2020enhanced` (baselines from groups).
