# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # 04 · “I'm not happy”: what does a transformer make of three words?
#
# At the end you will have seen negation as numbers: which effects carry it, which attribution methods give them to the
# words that make them, and why the same network gets “I'm not unhappy” wrong. You need to know what an effect and a
# policy are ([01](01_effects.ipynb), [02](02_one_formula.ipynb)); nothing about transformers.

# %% [markdown]
# ## The question
#
# MiniLM is a transformer of six layers; on top of it sits a linear head that was fitted to human ratings of sentences,
# from −4 (negative) to 4 (positive).

# %%
import pandas as pd
import torch

from synergy import compare, harsanyi, method, pictures
from synergy.examples import load

example = load("sentence", "I'm not happy")
game = example.game
print("\n".join(f"{key}: {fact}" for key, fact in example.facts.items()))

# %% [markdown]
# The **players** are the three words. A word that is absent is replaced by `[MASK]`, the token that stands for “some
# word” in the pre-training of such models. So there are $2^3$ sentences to ask the network about:

# %%
coalitions = torch.tensor([[i, n, h] for h in (0, 1) for n in (0, 1) for i in (0, 1)], dtype=torch.float32)
ratings = game(coalitions)  # one row per coalition: 1 where the word is there
sentences = [" ".join(w if there else "[MASK]" for w, there in zip(game.names, row, strict=True)) for row in coalitions]
pd.DataFrame({"rating": ratings.numpy()}, index=sentences).round(2)

# %% [markdown]
# The network understands all of them: *happy* is good, *not happy* is bad, and *I'm not …* is a little bad, whatever
# comes. What is each word's part in that? The eight numbers do not say it yet.
#
# ## The effects
#
# The Möbius transform turns the eight ratings into effects, one for each set of words:
#
# $$ J(S) = \sum_{T \subseteq S} (-1)^{|S| - |T|} f(x_T), \qquad f(x) = \sum_S J(S). $$

# %%
effects = harsanyi(game)
by_hand = ratings[6] - ratings[2] - ratings[4] + ratings[0]  # not·happy: [MASK] not happy − … − … + three masks
assert torch.isclose(effects["not", "happy"], by_hand)
pictures.waterfall(effects)

# %% [markdown]
# From the rating of three masks at the top to that of the sentence at the bottom. *happy* is positive, alone and with
# *I'm*. *not* is not what pulls the sentence down: alone it does little. Its **interactions** do.

# %%
alone = effects["not"]
with_happy = effects["not", "happy"] + effects["I'm", "not", "happy"]
print(f"not alone {alone:+.2f}; together with happy {with_happy:+.2f}")
assert with_happy < 5 * alone < 0
pictures.sentence(compare(game, ["shapley"])["shapley"], example.view, effects)

# %% [markdown]
# That is what negation looks like in a network: not a bad word, but an effect that exists only where *not* and
# something to be negated meet, with the sign opposite to that of what is negated. A list of one number per word cannot
# show it. It can only show who was *given* it.
#
# ## Who is given it?
#
# Seven methods, and for each of them every row: what it gives to each word *of each effect*. The measured rows come
# from the method itself, run on all eight masked sentences; no theory of the method is used. AttnLRP is made for
# transformers.

# %%
methods = ["shapley", "occlusion_1", method("integrated_gradients", nodes=16), "gradient_x_input"]
methods += ["deeplift_rescale", "lrp_epsilon", "attn_lrp"]
said = compare(game, methods)
said

# %% [markdown]
# They do not even agree on the sign of *happy*, the happiest word there is. Before asking who is right, look at what
# each of them makes of each effect:

# %%
to_happy = said.to_pandas().loc["happy"]
assert to_happy.min() < 0 < to_happy.max()
pictures.method_map(said)

# %% [markdown]
# A row is a method, a column an effect; 100 means that the words of this effect are given all of it.
#
# * **Shapley and DeepLIFT Rescale** give every effect to its own words, once. They meet all three criteria. So do
#   **Integrated Gradients**, up to the error of their integral: with sixteen nodes it is a little off, the package
#   knows by how much, and says *undecided* rather than *fail*. More nodes decide it.
# * **Occlusion-1** gives an interaction of three words three times: once to each. Its sum is far below the rating.
# * **Gradient × Input** knows the slope at the sentence alone. Of the effects that *are* the negation it gives a small
#   part, and of the strongest one that with the wrong sign.
# * **LRP-ε and AttnLRP** give most of the negation, yet not all of it, and a little (the dark corners) to words
#   outside.

# %%
negation = ("I'm", "not", "happy")
given = {each.name: float(each.measured[0, 1, 2].sum() / effects[negation]) for each in said}
print(pd.Series(given, name="share of the strongest effect that is given").round(2))
for name in ("shapley", "deeplift_rescale"):
    assert said[name].criteria.passes == (True, True, True)
assert abs(given["integrated_gradients"] - 1) < 0.1
assert said["integrated_gradients"].criteria.verdicts["completeness"] == "undecided"
assert given["occlusion_1"] > 2.9
assert given["gradient_x_input"] < 0
assert 0.3 < given["attn_lrp"] < 0.9

# %% [markdown]
# **Where does AttnLRP lose it?** At every softmax. Its rule there passes on $z_i(R_i - s_i \sum_j R_j)$, which is
# Gradient × Input of that one step, and where attention is saturated that is less than what the step did; the rest goes
# to nobody (the white ends below). That LRP-ε gives nearly the same numbers is no accident: at softmax, products and
# normalisations it has the same rules in this package, and elsewhere the two differ by the sign of a tiny ε.

# %%
gap = abs(said["attn_lrp"].attribution - said["lrp_epsilon"].attribution).max()
assert gap < 0.01 * abs(said["attn_lrp"].attribution).max()
pictures.flow(said["attn_lrp"].measured)

# %% [markdown]
# ## Complete, and yet different
#
# Three methods give each effect to its words, and still say different things of *happy*. The criteria forbid to lose,
# to invent and to leak; they do not say how the members of one effect *share* it. Their shares in the strongest effect:

# %%
rows = {name: said[name].measured[0, 1, 2].numpy() for name in ("shapley", "integrated_gradients", "deeplift_rescale")}
shares = pd.DataFrame(rows, index=game.names)
assert (shares.sum() / float(effects[negation]) - 1).abs().max() < 0.1
shares.round(2)

# %% [markdown]
# Shapley shares equally, whoever they are. Integrated Gradients follow the straight line from the masks to the sentence
# and give the most to the word that moves the output on the way; DeepLIFT follows the steps of the network. Each is a
# consistent answer to a different question ([03](03_three_criteria.ipynb), [13](13_integrated_gradients.ipynb)).
#
# ## Theory and practice
#
# A verdict *in theory* is of a rule: the policy is applied to the effects. A verdict *in practice* is of a run. For
# Shapley and Occlusion both exist, and agree row by row:

# %%
for name in ("shapley", "occlusion_1"):
    print(name, "largest difference of a row:", said[name].disagreement)
    assert said[name].disagreement < 1e-6

# %% [markdown]
# For the others there is no theory *of this network*, and the package says why instead of pretending:

# %%
for name in ("integrated_gradients", "attn_lrp"):
    print(f"{name}: {said[name].theory_note}")

# %% [markdown]
# Integrated Gradients share out Taylor effects, and the Taylor series at the masks does not reach the sentence.
# AttnLRP's policy holds at every single step of the network, and what a chain of steps does to effects of the whole is
# no fixed rule. The measured rows need neither.
#
# ## The wrong one: “I'm not unhappy”
#
# A person who is not unhappy is at least all right. The network disagrees:

# %%
double = load("sentence", "I'm not unhappy")
wrong = harsanyi(double.game)
print(f"rating of “I'm not unhappy”: {wrong.base + wrong.total:+.2f}")
assert wrong.base + wrong.total < 0
pictures.waterfall(wrong)

# %% [markdown]
# Does it overlook the *not*? The effects say no. All interactions of *not* with *unhappy* are positive: the network
# notices the double negation and turns it in the right direction. It just does not turn it far enough.

# %%
assert wrong["not", "unhappy"] > 0
assert wrong["I'm", "not", "unhappy"] > 0

# %% [markdown]
# ## Is negation a law of this network?
#
# Split $f(x) - f(b)$ of “I'm not *w*” into three parts: what the word brings without *not*, what *not* brings without
# the word, and what only both together bring:
#
# $$ \underbrace{\sum_{w \in S,\ \mathrm{not} \notin S}\! J(S)}_{\text{the word}} \;+\;
#    \underbrace{\sum_{\mathrm{not} \in S,\ w \notin S}\! J(S)}_{\text{not}} \;+\;
#    \underbrace{\sum_{w, \mathrm{not} \in S}\! J(S)}_{\text{both}} \;+\; J(\text{I'm}). $$
#
# If *both* is $-1$ times *the word*, negation cancels the word; if it is $-2$ times, it turns the word around.


# %%
def parts(effects):
    """The three sums and the rating; players 1 and 2 are not and the word."""
    found = effects.to_dict()
    word, negating, both = (
        sum(value for members, value in found.items() if (1 in members, 2 in members) == kind)
        for kind in ((False, True), (True, False), (True, True))
    )
    return {
        "the word": word,
        "not": negating,
        "both": both,
        "−both / the word": -both / word,
        "rating": sum(found.values()),
    }


about = {"happy": effects, "unhappy": wrong}
for word in ("good", "lucky", "sad", "bad"):
    about[word] = harsanyi(load("sentence", f"I'm not {word}").game)
table = pd.DataFrame({word: parts(each) for word, each in about.items()}).T
table.round(2)

# %% [markdown]
# There is a law, and it is weaker than that of a grammar book. *both* always points away from the word: the network
# notices every negation. But only *happy* and *good* are turned around; *lucky* is not even cancelled, and no negative
# word is turned around. Add what *I'm not* says by itself, which is negative, and every “I'm not …” of the table ends
# below zero. People hear something of that kind, too: “not bad” is weaker praise than “good”. The network overdoes it.

# %%
ratio = table["−both / the word"]
assert (ratio > 0).all()
assert ratio["happy"] > 2
assert ratio["good"] > 2
assert ratio["lucky"] < 1
assert (ratio[["lucky", "unhappy", "sad", "bad"]] < 1.5).all()
assert (table[["not", "rating"]] < 0).all(axis=None)

# %% [markdown]
# What would a list of attributions have told us about “I'm not unhappy”?

# %%
compare(double.game, ["shapley", "occlusion_1"]).to_pandas().round(2)

# %% [markdown]
# One number for *not* adds up its own negative effects and the positive ones that it shares with *unhappy*. They nearly
# cancel, and the number says neither; Occlusion-1, which counts interactions several times, even has the other sign.
#
# ## What to remember
#
# * Negation is an interaction. *not* alone does little; *not·happy* and *I'm·not·happy* carry it.
# * Methods differ in what they do with interactions: some give them once, some several times, some lose them.
# * AttnLRP gives most of the negation and loses the rest at the softmax; that is its policy there, not a bug.
# * Meeting all three criteria does not settle how the members of an effect share it.
# * “I'm not unhappy” is rated wrongly although the network sees the double negation: what both words do together has
#   the right sign and is too small.
#
# ## Exercises
#
# 1. (Warm-up) Take `"I was never happy"`. Which effects carry the negation now?
# 2. Is the order of the words an effect? Compare `"not I'm happy"` with `"I'm not happy"`: which effects change, though
#    the words are the same? (The position of a word comes with its place, not with the word.)
# 3. (Research) Find a double negation that the network rates as positive. What do its effects have that those of
#    “I'm not unhappy” have not? Is it the ratio of the table, or what *I'm not* says by itself?

# %% tags=["hide-cell"] jupyter={"source_hidden": true}
# Solution 1: again the effects in which the negating word and "happy" meet, the last two of the four players.
never = harsanyi(load("sentence", "I was never happy").game)
together = sum(value for members, value in never.to_dict().items() if {2, 3} <= set(members))
print(f"never with happy {together:+.2f}, never alone {float(never['never']):+.2f}")
assert together < never["never"]

# %% tags=["hide-cell"] jupyter={"source_hidden": true}
# Solution 2: all effects may change, as every word stands elsewhere; the largest stays the largest.
turned = harsanyi(load("sentence", "not I'm happy").game)
for members in (("not",), ("not", "happy"), ("I'm", "not", "happy")):
    print("·".join(members), f"{float(effects[members]):+.2f} becomes {float(turned[members]):+.2f}")
assert turned.members(turned.top(1)[0][0]) == ["not", "I'm", "happy"]

# %% tags=["hide-cell"] jupyter={"source_hidden": true}
# Solution 3, a beginning: without "I'm" the sentence loses the negative effect of "I'm not".
bad = harsanyi(load("sentence", "not bad at all").game)
print(f"rating of “not bad at all” {float(bad.base + bad.total):+.2f}; not·bad {float(bad['not', 'bad']):+.2f}")
assert bad["not", "bad"] > 0

# %% [markdown]
# ## Where to go on
#
# * [03](03_three_criteria.ipynb): the three criteria, with the smallest counter-examples.
# * [08](08_your_own.ipynb): your own classifier and tokenizer, `Game.from_text`.
# * [11](11_inside_the_network.ipynb): which neurons carry what.
# * [Who gets the interactions?](../docs/who_gets_the_interactions.md): fifty sentences, six models, all methods.
# * Papers: `deng2024unifying` (the policies), `achtibat2024attnlrp` (AttnLRP), `sundararajan2017axiomatic`
#   (Integrated Gradients), `harsanyi1963simplified` (the effects).
