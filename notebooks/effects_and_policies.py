# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # What is an output made of, and who should get it?
#
# A function at a point is a sum of *effects*: independent ones of single players, and interactions of groups. An
# attribution method is a rule that shares them out. Everything here is exact.

# %%
from synergy import METHODS, Game, Policy, allocate, compare, harsanyi, measure, method, taylor

game = Game.from_expression("x1**2 * x2 + 3*x1*x3 - x3**3", {"x1": 1, "x2": 2, "x3": 2})
series = taylor(game)
series.to_dict()

# %% [markdown]
# Summed by the players that take part, the Taylor effects are the Harsanyi dividends: the Möbius transform of the game
# of the masked inputs.

# %%
dividends = harsanyi(game)
assert dividends.to_dict() == series.by_support().to_dict()
dividends.independent, dividends.interactions

# %% [markdown]
# ## Policies
#
# Integrated Gradients gives player i the share κᵢ/|κ| of each Taylor effect; Shapley splits each dividend equally.

# %%
gradients = allocate(series, method("integrated_gradients").policy(game))
shapley = allocate(dividends, method("shapley").policy(game))
print(gradients.attribution, shapley.attribution)
print(gradients.criteria())

# %% [markdown]
# Gradient × Input credits every effect |κ| times over. The criteria say so, and name the worst effect.

# %%
credit = allocate(series, method("gradient_x_input").policy(game)).criteria()
print(credit, "worst:", series.label(credit.worst))

# %% [markdown]
# ## A policy of one's own
#
# One line: a player's share of an effect grows with the square of its degree.

# %%
squares = Policy(lambda k: k**2 / (k**2).sum(-1, keepdims=True), formula="κᵢ² / Σκ²")
print(allocate(series, squares).attribution, allocate(series, squares).criteria().passes)

# %% [markdown]
# A policy that reads degrees cannot be applied to dividends, which only know who takes part: it would silently be
# another method.

# %%
try:
    allocate(dividends, squares)
except ValueError as refusal:
    print(refusal)

# %% [markdown]
# ## Theory and practice
#
# The measured allocation asks the method itself, at all masked inputs, what it gives of each effect. It agrees with the
# policy row by row.

# %%
measured = measure("integrated_gradients", game)
assert (measured.values == gradients.by_support().values).all()
on_the_game = [name for name, cls in METHODS.items() if cls.scope == "game" and name != "smoothgrad_x_input"]
print(compare(game, on_the_game).table())
