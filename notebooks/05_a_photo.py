# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # 05 · A photo: which regions make the network say “espresso”?
#
# At the end you can ask a real image network about the regions of a photo, choose these regions well, and know what it
# costs before you pay. You need to know what an effect is ([01](01_effects.ipynb)) and the three criteria
# ([03](03_three_criteria.ipynb)).

# %% [markdown]
# ## A network, a photo, four regions
#
# EfficientNet-Lite0 has 4.65 million parameters and knows a thousand classes. One look at a photo takes it some
# hundredths of a second on a CPU. So begin coarsely: four quarters are four players, and that is $2^4$ photos to look
# at.

# %%
import matplotlib.pyplot as plt
import torch

from synergy import Game, allocate, and_or, compare, entries, forecast, harsanyi, method, pictures, players, refine
from synergy.examples import load

example = load("photo", "coffee", "grid:2x2")
quarters = example.game
print(example.facts["prediction"])
print(forecast(quarters))

# %% [markdown]
# The cost is said first: calls, memory, time on this machine. It doubles with every player. What is *absent* is grey:
# the value with which this network pads the border of every photo. Here is all that the network is going to see, with
# its logit of *espresso*:

# %%
coalitions = torch.tensor([[i >> k & 1 for k in range(4)] for i in range(16)], dtype=torch.float32)
logits = quarters(coalitions)
figure, axes = plt.subplots(2, 8, figsize=(12, 3.4), layout="constrained")
cells = torch.arange(4).reshape(2, 2).repeat_interleave(112, 0).repeat_interleave(112, 1)
for ax, there, logit in zip(axes.flat, coalitions, logits, strict=True):
    shown = torch.where(there[cells][..., None] > 0, torch.as_tensor(example.view.image), 127)
    ax.imshow(shown.numpy())
    ax.set_title(f"{logit:.1f}")
    ax.axis("off")

# %% [markdown]
# Grey alone has a logit near zero. **Every single quarter** of the cup lifts it more than half as high as the whole
# photo does. One goes far; a second adds much less than it brings alone. What will the effects say?

# %%
effects = harsanyi(quarters)
assert logits[[1, 2, 4, 8]].min() > 0.5 * logits[15]
assert all(effects[i, j] < -0.5 * min(effects[i,], effects[j,]) for i in range(4) for j in range(i))
shapley = method("shapley").policy(quarters)
pictures.overlay(allocate(effects, shapley), example.view, effects, unit="logits")

# %% [markdown]
# Every quarter has a large positive effect, and every pair a large negative one (orange lines). That is how dividends
# write “one is enough”: the first quarter brings it all, so the second one must not bring it again. Together they are
# many times as large as the logit they explain:

# %%
sizes = sum(abs(value) for members, value in effects.to_dict().items() if members)
print(f"Σ|J| = {sizes:.0f}, f(x) − f(b) = {float(effects.total):.1f}")
assert sizes > 5 * abs(effects.total)

# %% [markdown]
# ## AND and OR
#
# The same game may be written with two kinds of effects: a *conjunction* $a \wedge b$ that is there once all take part,
# and a *disjunction* $a \vee b$ that is there as soon as one does. Of all ways to split them the one with the smallest
# sum of sizes is found:

# %%
split = and_or(effects)
assert split.size < sizes / 5
assert split.disjunctions.values[15] > 0.5 * effects.total
pictures.and_or(split)

# %% [markdown]
# One disjunction of all four quarters brings more than half of $f(x) - f(b)$. That is the honest short answer to
# “which quarter makes it an espresso?”: *any*. A single number per quarter has to spread it, evenly or not, and looks
# as if each were needed.
#
# ## From coarse to fine
#
# Which regions deserve to be cut further? `refine` splits the player with the largest effects and leaves the others as
# they are. Wherever the network was asked is asked once more with finer players, so look at the cost: five players,
# twice the photos.

# %%
finer = refine(quarters, effects)
fine = harsanyi(finer)
print(quarters.names, "→", finer.names)
pictures.overlay(allocate(fine, shapley), example.view.divided(finer.cube.players), fine, unit="logits")

# %% [markdown]
# The cut quarter was mostly one of its halves: that with the coffee. And what was said from afar stays true: a coarse
# effect is the sum of the finer ones that lie in just these regions. Of the quarter that was cut (now the players 0 and
# 1) with quarter 1 (now 2):

# %%
inside = fine["region 0.1", "region 1"] + fine["region 0.2", "region 1"] + fine["region 0.1", "region 0.2", "region 1"]
print(f"{float(effects[0, 1]):+.3f} before, {float(inside):+.3f} as a sum of three")
assert torch.isclose(inside, effects[0, 1], atol=1e-3)

# %% [markdown]
# ## Better players: superpixels
#
# Quarters cut the cup. `players.segments` finds regions of like colour instead; five of them are $2^5$ photos.

# %%
x = quarters.cube.x
regions = players.segments(x, 5)
names = [f"segment {i}" for i in range(5)]
pieces = Game.from_model(example.game.model, x, 0.0, target=967, players=regions, names=names)
seen = harsanyi(pieces)
view = example.view.divided(regions)
pictures.overlay(allocate(seen, shapley), view, seen, unit="logits")

# %% [markdown]
# Now the picture says something that a person can check: the strongest player is the coffee itself. Shapes follow what
# is in the photo, so that fewer players share one object, and there is less of “one is enough” to write down:


# %%
def size(effects):
    return sum(abs(value) for members, value in effects.to_dict().items() if members)


print(f"Σ|J|: four quarters {size(effects):.0f}, five regions {size(fine):.0f}, five segments {size(seen):.0f}")
assert size(seen) < size(fine)
strongest = allocate(seen, shapley).attribution.argmax()
assert strongest == regions[0, 0, 80, 100]  # a pixel of the coffee

# %% [markdown]
# ## What do other methods say?
#
# Four questions to the same five segments. **Shapley** shares out the effects we have. **Occlusion-1** takes each
# segment away from the whole photo. **Grad-CAM** looks at the last feature map, once. **Integrated Gradients**
# follow the photo out of the grey, here in four steps, as each costs a pass forward and back. `budget` keeps the
# expensive ones from being measured on all 32 photos.

# %%
methods = ["shapley", "occlusion_1", "grad_cam", method("integrated_gradients", nodes=4)]
said = compare(pieces, methods, effects=seen, budget=16)
pictures.side_by_side(said, view, unit="logits")

# %%
seen_by = said.to_pandas()
seen_by.loc["sum"] = seen_by.sum()
seen_by.loc["numerical error"] = [0 if each.error is None else float(abs(each.error).sum()) for each in said]
seen_by.round(2)

# %% [markdown]
# * **Shapley** adds up to $f(x) - f(b)$.
# * **Occlusion-1** gives far less: where one region is enough, the loss of a single one is hardly felt. On “I'm not
#   happy” ([04](04_im_not_happy.ipynb)) it gave too much. Both are the same policy: each effect in full to each of its
#   players, and here most pairs are negative.
# * **Grad-CAM** has a target of its own, what the head makes of the feature map.
# * **Integrated Gradients**: look at the last row before you look at the others. Between the grey and the photo there
#   are thousands of kinks, and four steps miss so much that their error exceeds what they found. A map of pixels made
#   of them looks like this:

# %%
total = float(seen.total)
assert abs(seen_by.loc["sum", "shapley"] - total) < 1e-3
assert seen_by.loc["sum", "occlusion_1"] < 0.7 * total
assert seen_by.loc["numerical error", "integrated_gradients"] > abs(seen_by.loc["sum", "integrated_gradients"])
pictures.heat_map(entries(method("integrated_gradients", nodes=4), pieces), view, unit="logits")

# %% [markdown]
# Blue and orange pixels lie side by side, along edges. The eye finds a cup in it; the numbers beside say that another
# number of steps would find another one. How the error falls with the steps is the subject of
# [13](13_integrated_gradients.ipynb).
#
# ## A window instead of regions: the digit, where it is cheap
#
# Occlusion-patch slides a window over the image, and needs no players at all. What does that do to effects? To see it
# row by row takes many images, so ask the small network that reads digits; its photos are 8 × 8 pixels and cost
# microseconds.

# %%
digit = load("digits", "7", "grid:2x3")
windows = compare(digit.game, ["shapley", "occlusion_1", method("occlusion_patch", window=3)])
pictures.side_by_side(windows, digit.view, unit="logits")

# %%
pictures.verdicts(windows)

# %% [markdown]
# Its numbers are large, as every pixel is given whole effects. And the window of 3 × 3 pixels crosses the borders of
# the regions. What it takes away at a border belongs to both sides, and is given to every pixel under it: also to those
# in regions that have no part in the effect. So Occlusion-patch fails *relevance*, where Occlusion-1 does not; smooth
# maps are bought with that.

# %%
assert windows["occlusion_1"].criteria.verdicts["relevance"] == "pass"
assert windows["occlusion_patch"].criteria.verdicts["relevance"] == "fail"

# %% [markdown]
# ## What to remember
#
# * $2^n$ photos: begin with few players, let `forecast` say the cost, `refine` where the effects are.
# * A photo is redundant. Dividends write “one is enough” as large positive effects and large negative interactions;
#   a disjunction says it in one term.
# * Players that follow objects share less, and their effects mean something.
# * Occlusion is small where a photo is redundant, Grad-CAM answers its own question, and a path integral comes with its
#   error: read it first.
# * A sliding window gives to neighbours what is not theirs.
#
# ## Where to go on
#
# * [07](07_baselines.ipynb): grey, black, blurred, the mean: what each baseline asks.
# * [12](12_many_players.ipynb): more players than can all be asked.
# * [Pictures](../docs/pictures.md), by the question that each answers; [Draw pictures](../docs/howto/draw.md) for
#   photos and superpixels of your own.
# * Papers: `zeiler2014visualizing` (occlusion), `selvaraju2017grad` (Grad-CAM), `sundararajan2017axiomatic` (Integrated
#   Gradients), `chen1998atomic` (the smallest split).
