# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # 11 · Which neurons speak for it?
#
# At the end you can say what an input gives *through* each neuron of a layer, which neurons vote for the right class
# and which for a region of the picture, and you can take neurons out of a network and see what is lost. You need
# [01](01_effects.ipynb) for effects, and Integrated Gradients, for instance from [13](13_integrated_gradients.ipynb).

# %% [markdown]
# ## From the input through a neuron to the output
#
# A digit, and a small convolutional network that reads it. The players are its 16 blocks of 2 × 2 pixels.

# %%
import torch

from synergy import Game, harsanyi, method, pictures, players
from synergy.examples import digits, two_objects
from synergy.neurons import (
    conductance,
    controls,
    enhance,
    input_by_neuron,
    prune,
    rank_neurons,
    region_attribution,
    region_controls,
    savings,
    shrink,
)

network, (picture, digit) = digits.model(), digits.choose("7")
game = Game.from_model(network, picture, 0.0, target=digit, players=players.grid(picture.shape, 4))
network

# %% [markdown]
# Cut the network at a layer: $f = H \circ G$, where $G$ gives the neurons $y = G(x)$ and $H$ makes the logit of them.
# On the straight path from $b$ to $x$, player $i$ moves neuron $j$, and neuron $j$ moves the output. The chain rule
# splits Integrated Gradients accordingly:
#
# $$ C_{ij} = \int_0^1 \frac{\partial H}{\partial y_j}\bigl(G(\gamma(t))\bigr)\,
#    \frac{\partial G_j}{\partial x_i}\bigl(\gamma(t)\bigr)\, (x_i - b_i)\, dt,
#    \qquad \gamma(t) = b + t\,(x - b). $$
#
# Its rows are blocks of pixels, its columns the 16 channels of the second layer.

# %%
table = input_by_neuron(game, "conv2", neurons="channels")
pictures.input_by_neuron(table)

# %% [markdown]
# The bars at the right are the sums of the rows: Integrated Gradients of the pixels. The bars above are the sums of the
# columns: the **conductance** of a channel (Dhamdhere et al. 2019). All of it adds up to $f(x) - f(b)$. Between the
# kinks of its ReLUs this network is linear, so the integral is a finite sum, and the equalities hold to rounding:

# %%
gradients = method("integrated_gradients").attribute(game)
assert torch.allclose(table.values.sum(1), torch.as_tensor(gradients), atol=1e-9)
assert torch.allclose(table.values.sum(0), conductance(game, "conv2", neurons="channels").values, atol=1e-9)
table

# %% [markdown]
# A **region** of the picture has a conductance of its own: what *it* gives through each neuron. A region and its
# complement add up, neuron by neuron.

# %%
upper = region_attribution(game, "conv2", ((0, 4), (0, 8)), neurons="channels")
lower = region_attribution(game, "conv2", ((4, 8), (0, 8)), neurons="channels")
assert torch.allclose(upper.values + lower.values, conductance(game, "conv2", neurons="channels").values, atol=1e-9)
pictures.neurons(upper)

# %% [markdown]
# ## Neurons as players
#
# The network behind a layer is a function like any other, and its neurons may be its players. So everything of the
# first notebooks works on them. The players here are the eight channels of the first layer; a channel is absent when it
# is as it would be for the baseline, an empty picture.

# %%
channels = Game.from_layer(network, picture, 0.0, "conv1", target=digit)
effects = harsanyi(channels)
assert len(effects) == 2**8
pictures.waterfall(effects)

# %% [markdown]
# Single channels are not all: two channels that feed one neuron of the next layer can lift it over its kink *together*.
# How much is made by groups, and of what size?

# %%
pictures.spectrum(effects)

# %% [markdown]
# ## Votes
#
# One picture is an anecdote. Over many pictures with known digits, let $C_j^{(c)}(x)$ be what $x$ gives to the
# logit of class $c$ through neuron $j$: its vote. What is expected of a neuron, where $y$ is right, is
#
# $$ M_j[y, c] = E\bigl[C_j^{(c)}(x) \mid y\bigr], $$
#
# and its score says how much it speaks for the right class, less what it says on average for the others. (What is
# published of this ranking is a summary; these weights are a reconstruction, and arguments of `rank_neurons`.)

# %%
images, labels, held_out = digits.data()
known, tried = images[held_out][::2], images[held_out][1::2]
known_labels, tried_labels = labels[held_out][::2], labels[held_out][1::2]
ranking = rank_neurons(network, "conv2", known, known_labels, neurons="channels")
ranking.table()

# %% [markdown]
# `correct` is what a channel gives to the right class, `bolstering` what it gives to wrong ones, `suppression` what it
# takes from them. Some channels earn their score by *suppression* nearly alone: they hardly speak for the right digit,
# they speak against the others. And a channel that never says anything has the score 0.

# %%
pictures.neurons(ranking)

# %% [markdown]
# ## Take them out
#
# If the score means something, the network without its leading channels should lose more than without others. `prune`
# silences neurons in a copy; the network itself stays as it is. The controls are as many of the **loudest** channels,
# by mean $|activation|$, and channels **at random**, over twenty draws.

# %%
lost = [controls(network, ranking, count, tried, tried_labels) for count in (1, 2, 4, 8)]
pictures.silenced(lost)

# %%
lost[2]

# %% [markdown]
# A fair control can be disappointing: in a small layer the loudest channels are often the ones with the highest scores,
# and a control by chance takes some of them, too. Look at the error bars before you say that a ranking is better.
#
# The other way round: what if the leading channels speak louder?

# %%
louder = enhance(network, "conv2", ranking, 0.5)
right = [float((each(tried).argmax(1) == tried_labels).double().mean()) for each in (network, louder)]
dict(zip(("as it is", "enhanced"), right, strict=True))

# %% [markdown]
# ## Leave them out for good
#
# A silent neuron still costs its weights. `shrink` makes a *smaller* network that gives the same numbers, where only
# activations, pooling and flattening lie between the layer and those that read it. Here go the four channels of the
# lowest scores:

# %%
worst = ranking.strongest(4, by="smallest")
small = shrink(network, "conv2", worst)
assert torch.allclose(small(tried), prune(network, "conv2", worst)(tried), atol=1e-5)
savings(network, small, tried)

# %%
controls(network, ranking, 4, tried, tried_labels, by="smallest")

# %% [markdown]
# ## The published experiment
#
# The [published claim](https://arxiv.org/abs/2202.11912): silence the neurons through which a *region* acts most,
# and Integrated Gradients inside the region should shrink, outside hardly. Neurons of a large conductance, through
# which the whole picture acts, should not make this difference.
#
# Pictures of two objects of one kind put it to the test: either object alone is enough to name the kind. The region is
# the left half.

# %%
drawn = two_objects.draw(10, seed=11)
half = ((0, two_objects.SIDE), (0, two_objects.SIDE // 2))
side = region_controls(
    two_objects.model(),
    "relu2",
    drawn.images,
    drawn.kinds[:, 0],
    [half] * len(drawn.images),
    parts=[0.01, 0.05, 0.1],
    nodes=16,
)
pictures.region_silenced(side)

# %%
side

# %% [markdown]
# An entry is the mean change of $\log \sum |a|$ with a 95 % bootstrap interval over the pictures. What matters is the
# difference of inside and outside, ranking by ranking, and picture by picture:

# %%
for part in side.parts:
    gap = side.changes("difference", "region", part) - side.changes("difference", "conductance", part)
    print(f"{part:.0%}: region − conductance, mean over {len(gap)} pictures {float(gap.mean()):+.2f}")
assert float(gap.mean()) < 0

# %% [markdown]
# Here the claim holds: by region, inside falls and outside hardly, as long as few are silent; by conductance both fall
# alike. But ten pictures of one small network are little. On a hundred pictures, on digits, on a vision transformer and
# on photos the answer is not always the same: [Do a region's neurons speak for it?](../docs/neurons.md) has all tables.
#
# Mind also what is measured. Silencing changes what the network is asked, and $\sum|a|$ is no probability: look at
# the columns `confidence` and `accuracy`, too. Neurons of a large conductance cost far more of them.

# %% [markdown]
# ## What to remember
#
# * Input × neuron splits Integrated Gradients twice: rows are players, columns are neurons, and all of it is
#   $f(x) - f(b)$. Between kinks it is exact.
# * The network behind a layer is a game like any other; dividends between channels say which work only together.
# * A ranking is worth what its **controls** say: as many of the loudest, as many at random, with error bars, on inputs
#   that it has not seen.
# * `prune` silences, `enhance` makes louder, `shrink` leaves out for good; none of them touches your network.
#
# ## Exercises
#
# 1. *Warm-up.* Which channel of `conv2` speaks *against* the 7 most, and which block of pixels acts through it?
# 2. Whose is the interaction of two channels in the first layer? Check by hand, from four values of the game, the
#    dividend of the pair that is the strongest.
# 3. *A small research question.* Do the four channels of the lowest scores hurt less than four at random because of
#    their scores, or only because a channel that never says anything is among them?

# %% tags=["hide-cell"] jupyter={"source_hidden": true}
# Solution 1: the smallest column sum; in its column the smallest entry.
against = int(table.values.sum(0).argmin())
block = int(table.values[:, against].argmin())
print(f"channel {against}, block {block} (counted by rows from the upper left)")
assert table.values.sum(0)[against] < 0
assert table.values[block, against] == table.values[:, against].min()

# %% tags=["hide-cell"] jupyter={"source_hidden": true}
# Solution 2: J({i, j}) = v(ij) − v(i) − v(j) + v(∅).
pair = next(members for members, _ in effects.top(256) if len(members) == 2)
corners = [[float(k in some) for k in range(8)] for some in ((), pair[:1], pair[1:], pair)]
empty, one, other, together = channels(corners)
print(pair, float(together - one - other + empty))
assert abs(float(together - one - other + empty) - effects[pair]) < 1e-5

# %% tags=["hide-cell"] jupyter={"source_hidden": true}
# Solution 3: take the silent channel out of the question, for the lowest and for the draws alike. The lowest still hurt
# less than four at random do on average; but single draws do as well, so on one small layer it is no more than a hint.
speaking = [neuron for neuron in ranking.score.argsort().tolist() if ranking.score[neuron] != 0][:4]
heard = [neuron for neuron in range(len(ranking.score)) if ranking.score[neuron] != 0]


def accuracy(silent):
    """The share of the tried pictures that are named rightly without these channels."""
    without = prune(network, "conv2", ranking.named(silent))
    return float((without(tried).argmax(1) == tried_labels).double().mean())


torch.manual_seed(0)
by_chance = [accuracy([heard[i] for i in torch.randperm(len(heard))[:4].tolist()]) for _ in range(20)]
lowest, chance = accuracy(speaking), sum(by_chance) / 20
print(f"without the four lowest that speak {lowest:.3f}; four at random {chance:.3f}, at best {max(by_chance):.3f}")
assert chance < lowest < max(by_chance)

# %% [markdown]
# ## Where to go on
#
# * [Inside the network](../docs/howto/inside.md): the page on which a person sorts and picks neurons, the command
#   line, data that do not fit the memory, transformers' heads and units.
# * [Do a region's neurons speak for it?](../docs/neurons.md): the experiment six times, and networks made smaller.
# * [12](12_many_players.ipynb), where a layer has too many neurons for all coalitions.
