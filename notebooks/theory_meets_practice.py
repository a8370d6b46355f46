# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # Where theory meets practice
#
# A policy shares out the terms of a power series; a method runs on a network. On a network whose series ends the two
# must agree, effect by effect. This one recognises digits and has squares for activations: a polynomial of degree 4.

# %%
from synergy import Game, allocate, compare, harsanyi, measure, method, taylor
from synergy.examples import load

example = load("digits-polynomial", "7", "grid:3x3")
game = example.game
effects = taylor(game)
print(effects, "error", effects.noise, "remainder", float(effects.remainder))

# %% [markdown]
# No term is missing. Summed by the regions that take part, the terms are the Harsanyi dividends of the masked images.

# %%
dividends = harsanyi(game)
assert abs(effects.by_support().values - dividends.values).max() < 1e-11
print("largest gap of a coalition:", float(abs(effects.gaps).max()))

# %% [markdown]
# ## One table, twice
#
# In theory Integrated Gradients gives a region the share κᵢ/|κ| of each term. In practice it integrates gradients. Row
# by row it is the same table.

# %%
integrated = method("integrated_gradients")
theory = allocate(effects, integrated.policy(game)).by_support()
practice = measure(integrated, game)
assert abs(theory.values - practice.values).max() < 1e-11
print(practice.criteria())

# %% [markdown]
# All methods side by side: those that only read the function have a theory here, and none deviates from it.

# %%
comparison = compare(game, ["gradient_x_input", "integrated_gradients", "occlusion_1", "shapley"])
print({result.name: result.disagreement for result in comparison.results})
print(comparison.table())

# %% [markdown]
# ## Where the series does not reach
#
# The terms at b of most functions do not add up to f(x). This one has a pole half way, at imaginary z₁ + z₂.

# %%
pole = Game.from_function(lambda z: 1 / (1 + z.sum(1) ** 2), [1.2, 0.8])
series = taylor(pole, degree=8)
print(series.radius, series.note)
print("by how much the terms of each coalition miss its dividend:", series.gaps)

# %% [markdown]
# The measured allocation needs no series.

# %%
print(measure("integrated_gradients", pole).values)

# %% [markdown]
# ## A network with kinks
#
# A ReLU between b and x ends every series at b. Rounding it off gives a smooth network, and says how far it is from the
# original.

# %%
relu = Game.from_function(lambda z: (z.sum(1) - 1).relu(), [1.0, 1.0])
try:
    taylor(relu, degree=2)
except ValueError as reason:
    print(reason)
smooth = taylor(relu, degree=8, smooth=2.0)
print(smooth, "distance", smooth.distance, smooth.note)
