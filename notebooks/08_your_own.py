# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # 08 · Your own model, your own method: how do they get in?
#
# At the end your network, your scikit-learn model, your transformer, your rule and your attribution method can be asked
# and judged like those of the package. You need to know what a policy is ([02](02_one_formula.ipynb)).

# %% [markdown]
# ## Your own network
#
# Any `torch.nn.Module` in evaluation mode, or a function of batches. `x` has a batch axis of 1; `players` say which
# entries belong together; `target` chooses the output. Here a small network for irises, trained on the spot:

# %%
import torch
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from synergy import AbstractMethod, Game, Policy, allocate, compare, harsanyi, measure, method, pictures, register

data = load_iris(as_frame=True)
names = ["sepal length", "sepal width", "petal length", "petal width"]
rows = torch.tensor(data.data.to_numpy(), dtype=torch.float32)
kinds = torch.tensor(data.target.to_numpy())
torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Linear(4, 16), torch.nn.Softplus(), torch.nn.Linear(16, 3))
optimiser = torch.optim.Adam(net.parameters(), lr=0.02)
for _ in range(200):
    optimiser.zero_grad()
    torch.nn.functional.cross_entropy(net(rows), kinds).backward()
    optimiser.step()

x, b = rows[120:121], rows.mean(0, keepdim=True)  # a virginica, and the mean flower
game = Game.from_model(net.eval(), x, baseline=b, target=2, names=names)
effects = harsanyi(game)
pictures.waterfall(effects)

# %% [markdown]
# From the mean flower to this one, effect by effect. All methods that apply, in one line:

# %%
compare(game)

# %% [markdown]
# ## Your own rule
#
# A policy is a line: who gets which part of an effect. `reads="support"` means that it only looks at who takes part
# (`s` is a row of zeros and ones), so that it fits Harsanyi dividends. Two rules, one that treats all members alike,
# one that gives everything to the first of them:

# %%
equal = Policy(lambda s: s / s.sum(-1, keepdims=True), formula="1/|S|", reads="support")
first = Policy(lambda s: s * (s.cumsum(-1) == 1), formula="1[i first in S]", reads="support")
for policy in (equal, first):
    shared = allocate(effects, policy)
    print(policy.formula, shared.attribution.numpy().round(2), shared.criteria().passes)

# %% [markdown]
# Both meet all three criteria. They do not ask for fairness within an effect: that is what axioms such as symmetry are
# for ([10](10_interactions_and_axioms.ipynb)). The second is a marginal contribution in one order, and the mean over
# all orders is the Shapley value.

# %%
assert torch.allclose(allocate(effects, equal).attribution, method("shapley").attribute(game), atol=1e-5)

# %% [markdown]
# ## Your own method
#
# A method is a class with two sides: `policy`, the theory, and `attribute`, the practice. `attribute` is asked at end
# points (`ends`: one row of zeros and ones per masked input; `None` is $x$ itself), and from these answers the package
# finds what is given of each effect. Here “half of Occlusion”: what is lost without a player, halved.


# %%
@register("half_occlusion")
class HalfOcclusion(AbstractMethod):
    """Half of what is lost when a player goes back to the baseline."""

    def policy(self, game):
        return Policy(lambda s: s / 2, formula="½·1[i∈S]", reads="support")

    def attribute(self, game, ends=None):
        points = game.ends(ends)  # shape (m, n)
        lost = []
        for player in range(game.n):
            without = points.clone()
            without[:, player] = 0
            lost.append((game(points) - game(without)) / 2)
        values = torch.stack(lost, -1)
        return values[0] if ends is None else values


mine = compare(game, ["shapley", "occlusion_1", "half_occlusion"])
print(mine)

# %% [markdown]
# Theory and practice are compared row by row: if the policy that you wrote down is not what your code does, it shows.

# %%
assert mine["half_occlusion"].disagreement < 1e-5
pictures.allocation_map(mine["half_occlusion"])

# %% [markdown]
# Pairs are shared out exactly, single players lose half, larger groups are given too much: completeness fails, and the
# picture says where.
#
# ## A scikit-learn model
#
# What `x` is, the model gets: a row of NumPy, or of a DataFrame with its column names. The baseline may be a background
# set.

# %%
linear = LogisticRegression(max_iter=1000).fit(data.data, data.target)
of_rows = Game.from_model(linear.predict_proba, data.data.iloc[[120]], data.data.iloc[::10], target=2)
compare(of_rows, ["shapley", "prediction_difference"])

# %% [markdown]
# The logits of a logistic regression are linear and have no interactions; its **probabilities** have. What the output
# is matters as much as what the model is.

# %%
largest = max(abs(value) for members, value in harsanyi(of_rows).to_dict().items() if len(members) > 1)
print(f"the largest interaction is {float(largest):.3f}, in units of probability")
assert largest > 0.01

# %% [markdown]
# ## A forest, by its trees
#
# `Game.from_trees` takes the fitted forest itself and reads its leaves. No call of the model is needed, and all effects
# are exact, whatever the number of features ([12](12_many_players.ipynb)).

# %%
forest = RandomForestClassifier(20, random_state=0).fit(data.data, data.target)
of_trees = Game.from_trees(forest, data.data.iloc[[120]], data.data.iloc[::10], target=2)
asked = Game.from_model(forest.predict_proba, data.data.iloc[[120]], data.data.iloc[::10], target=2)
read, called = harsanyi(of_trees), harsanyi(asked)
for members, value in called.to_dict().items():
    assert abs(float(read[members]) - float(value)) < 1e-9
pictures.interaction_graph(read)

# %% [markdown]
# Read from the leaves or asked by coalitions: the same numbers.
#
# ## A method from another library
#
# `measure` takes a captum object, or any function `(model, inputs, baselines, target) → attributions`, runs it on all
# masked inputs and finds what it gives of each effect. Nobody's word has to be taken for what a method does.

# %%
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its progress bars ask for widgets of the notebook
    from captum.attr import FeatureAblation, IntegratedGradients

for theirs in (IntegratedGradients(net), FeatureAblation(net)):
    print(type(theirs).__name__, measure(theirs, game).criteria())


# %%
def ours(model, inputs, baselines, target):
    """The gradient at x times the way from b: written by hand in three lines."""
    inputs = inputs.detach().requires_grad_()
    model(inputs)[:, target].sum().backward()
    return inputs.grad * (inputs - baselines)


by_hand = measure(ours, game)
built_in = measure("gradient_x_input", game)
assert torch.allclose(by_hand.values, built_in.values, atol=1e-4)

# %% [markdown]
# Feature ablation, by whatever name, is Occlusion-1: each interaction is there once for each of its players, and
# completeness fails. The function by hand does what the package's Gradient × Input does, row by row.
#
# ## A transformer with token ids
#
# Ids are there or replaced; there is nothing between. What needs gradients asks for the vectors of the embedding, and
# the players stay the tokens. Models of the library transformers take several inputs by name and give several outputs.
# So does this one, with random weights, as no download is needed here; `from_pretrained` gives you a real one.


# %%
class Reader(torch.nn.Module):
    """Token ids and their mask to a dictionary with the logits of three classes."""

    def __init__(self):
        super().__init__()
        self.words = torch.nn.Embedding(200, 32)
        self.layer = torch.nn.TransformerEncoderLayer(32, 2, 64, batch_first=True)
        self.head = torch.nn.Linear(32, 3)

    def forward(self, input_ids, attention_mask):
        """Shape (batch, tokens) twice, to (batch, 3)."""
        read = self.layer(self.words(input_ids), src_key_padding_mask=attention_mask == 0)
        return {"logits": self.head(read.mean(1))}


inputs = {"input_ids": torch.tensor([[101, 25, 37, 102]]), "attention_mask": torch.ones(1, 4)}
tokens = Game.from_model(Reader().eval(), inputs, baseline=103, explain="input_ids", target=("logits", 2))
compare(tokens, ["shapley", "occlusion_1", "gradient_x_input"])

# %% [markdown]
# With a tokenizer it is `Game.from_text(classifier, tokenizer, "I'm not happy", target="POSITIVE")`, and the players
# are words.
#
# ## When it does not work
#
# Errors say the rule, what came, and the way out. A network in training mode gives other numbers every time:

# %%
dropping = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Dropout(), torch.nn.Linear(8, 3))
try:
    Game.from_model(dropping, x, b, target=2)
except ValueError as refusal:
    print(refusal)

# %% [markdown]
# ## What to remember
#
# * A model gets in by one line: `from_model`, `from_trees`, `from_text`, `from_function`, `from_layer`.
# * A rule is a `Policy`, a method a class with `policy` and `attribute`; both are judged like the built-in ones.
# * Other people's methods are measured as they are, `measure(captum_object, game)`.
# * Say which output you explain: logit, probability and log-odds have different effects.
#
# ## Where to go on
#
# * [How to](../docs/howto/index.md): [your network](../docs/howto/your_network.md), [pipelines and
#   forests](../docs/howto/scikit_learn.md), [text](../docs/howto/hugging_face.md), [a method of your
#   own](../docs/howto/your_own_method.md). [Every method on every kind of
#   network](../docs/networks.md).
# * [09](09_a_study.ipynb): your method against others, over many inputs.
