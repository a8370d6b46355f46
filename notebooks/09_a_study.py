# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # 09 · A study: which method is better, over many inputs?
#
# At the end you have a small study as a paper needs it: one table of all measurements, means with intervals, paired
# tests, sanity controls, figures, LaTeX and the paragraph on methods. You need to know the criteria
# ([03](03_three_criteria.ipynb)); what a bootstrap interval is helps.

# %% [markdown]
# ## One input proves nothing
#
# That Occlusion counted an interaction three times in “I'm not happy” is a fact about one sentence. To speak of *a
# method on a model* takes a sample of inputs, decided on beforehand. Ours: 12 digits that the network has not seen,
# five methods, six regions each, and two controls.

# %%
import tempfile

from synergy import players, studies
from synergy.examples import digits

images, labels, held_out = digits.data()
settings = {
    "targets": labels[held_out][:12],
    "players": players.grid((1, 1, 8, 8), (2, 3)),
    "methods": ["shapley", "integrated_gradients", "occlusion_1", "gradient_x_input", "grad_cam"],
    "budget": 8_000,
    "controls": ["weights", "labels"],
}
folder = tempfile.mkdtemp()
found = studies.study(digits.model(), images[held_out][:12], folder=folder, **settings)
found.plot("scores")

# %% [markdown]
# A row is a method, a panel is a score: coverage should be 1, leakage (relevance) and residual (completeness) 0. The
# marks are means over the digits, with intervals of 95 % for *other digits of the same kind*. Hollow marks are not told
# from zero.
#
# ## One table has it all
#
# Every number of the study is a row: model, input, method, quantity, of what, value, its numerical error, calls. It
# lies in the folder as Parquet and CSV, and can be read without this package.

# %%
found.table("attribution", "residual").head(8)

# %% [markdown]
# If it is interrupted, the same call goes on where it was. Asked again, nothing is computed:

# %%
again = studies.study(digits.model(), images[held_out][:12], folder=folder, **settings)
assert again.table().equals(found.table())
assert found.failures().empty

# %% [markdown]
# ## Verdicts, counted
#
# A criterion passes, fails or is undecided on each input.

# %%
verdicts = found.verdicts().set_index(["method", "criterion"])
assert verdicts.loc[("shapley", "completeness"), "pass"] == 12
assert verdicts.loc[("occlusion_1", "completeness"), "fail"] == 12
found.verdicts().pivot(index="method", columns="criterion", values=["pass", "fail", "undecided"])

# %% [markdown]
# No statistics is needed where theory speaks: Shapley values pass on every digit, and Occlusion-1 fails completeness on
# every one. Statistics is for *how much*.
#
# ## Paired comparisons
#
# Each digit is its own control: differences are taken digit by digit, tested by Wilcoxon's signed ranks, with an effect
# size (rank-biserial correlation) beside $p$, and $p$ corrected for all tests that are made here (Holm). Differences
# within the numerical error take no side.

# %%
paired = found.compare("occlusion_1", "gradient_x_input")
assert (paired["adjusted"] > 0.05).all()
paired

# %% [markdown]
# Corrected for all tests, no difference between these two remains: twelve digits are few, and the table says so. That
# is no proof that they are alike; more digits would be the answer.
#
# ## Do methods agree?
#
# The mean over the digits of Spearman's $\rho$ between what two methods give the players:

# %%
found.plot("agreement")

# %% [markdown]
# Agreement is no evidence of truth: Occlusion-1 and Shapley values agree in their *order* on these digits, and one of
# them counts pairs twice. Where they part is in who is given the interactions:

# %%
found.plot("orders")

# %% [markdown]
# ## Sanity controls
#
# A method that explains the network must notice when the network is another one. Weights are made random from the last
# layer down, and each method is asked again; and it is asked for another digit's label. Near 0: the method sees the
# change. Near 1: it would have said the same of a network that has learned nothing.

# %%
found.plot("sanity")

# %%
found.sanity().head(8)

# %% [markdown]
# The signed values of the Shapley value are near 0, but their *sizes* are not: where a digit has no ink nothing can be
# given, whatever the network. So look at both columns. What a control shows is a necessary condition and no more: a
# method may react to random weights and still lose half of the interactions.
#
# ## Faithfulness curves
#
# How fast does $f$ fall when the players of the largest attributions are taken away (orange), how fast does it rise
# when they alone are there (blue)?

# %%
found.plot("curves")

# %% [markdown]
# ## For the paper
#
# A table:

# %%
print(found.to_latex()[:900], "…")

# %% [markdown]
# and the paragraph on methods, with settings, tests, versions and references, generated from what was run, so that it
# cannot drift from it:

# %%
print(found.methods_paragraph())

# %% [markdown]
# ## What to remember
#
# * The inputs are the sample; decide on them, on methods and tests before you look.
# * Three kinds of uncertainty, kept apart: other inputs (intervals), numerical error (`< e`, hollow), rows nobody
#   looked at (undecided).
# * Compare in pairs, with an effect size, and correct for all the tests that you make.
# * Controls show that a method sees the network, and nothing else.
#
# ## Where to go on
#
# * [Who gets the interactions?](../docs/who_gets_the_interactions.md): six models, fifty inputs each, all methods.
# * The same on the command line: `synergy study docs/digits.toml` ([how to](../docs/howto/studies.md)).
# * Papers: `adebayo2018sanity` (controls), `efron1987better` and `hesterberg2015what` (intervals),
#   `wilcoxon1945individual`, `kerby2014simple`, `holm1979simple` (tests), `petsiuk2018rise` (curves).
