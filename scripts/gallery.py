"""All pictures of the package, on a page: ``python scripts/gallery.py`` draws them and writes docs/pictures.md.

The code on the page is the code that drew them.
"""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
PAGE, IMAGES = ROOT / "docs" / "pictures.md", ROOT / "docs" / "images"
DPI, LARGE = 100, 140
HERO = "sentence.png"


class Shot(NamedTuple):
    """One picture: of which section, what it answers, how it is read, and the code whose value it is."""

    section: str
    question: str
    caption: str
    code: str

    @property
    def name(self) -> str:
        """Of the file."""
        return HERO if ".plot()" in self.code else f"gallery/{self.shows}.png"

    @property
    def shows(self) -> str:
        """The name of the picture as the package exports it."""
        return "overview" if ".plot()" in self.code else self.code.partition("(")[0].removeprefix("pictures.")


READ = """\
Blue is positive and orange negative, everywhere. J(S) is the effect of the coalition S, f(b) the output at the
baseline, f(x) that at the input, all in units of f. Every picture takes a result and returns a matplotlib figure; most
draw on an `ax=`, and `path=` saves them. What would you like to see?"""

QUESTIONS = """\
from synergy import and_or, compare, entries, estimate, harsanyi, pictures, players, straight_line, studies
from synergy.examples import digits, load
from synergy.interactions import multi_order
from synergy.neurons import controls, input_by_neuron, rank_neurons, region_controls

words = load("sentence", "I'm not happy")  # what does MiniLM's sentiment head make of it?
said = compare(words.game)
digit = load("digits", "7")  # why does a network see a seven? 16 regions
effects, seen = harsanyi(digit.game), compare(digit.game, budget=200_000)
photo = load("photo", "coffee", "grid:3x3")
pixels = entries("integrated_gradients", photo.game)
line = straight_line(words.game)
images, labels, held_out = digits.data()
shown, classes = images[held_out], labels[held_out]
layers = rank_neurons(digits.model(), ["conv1", "conv2"], shown, classes, neurons="channels")
votes = layers["conv2"]
silent = [controls(digits.model(), votes, k, shown, classes) for k in (1, 2, 4, 6, 8)]
through = input_by_neuron(digit.game, "conv2", neurons="channels")
half = region_controls(
    digits.model().double(), "relu2", shown[:40].double(), classes[:40], [((0, 4), (0, 8))] * 40, nodes=32
)
many = studies.study(
    digits.model(),
    shown[:24],
    targets=classes[:24],
    players=players.grid((1, 1, 8, 8), (2, 5)),
    methods=["shapley", "integrated_gradients", "gradient_x_input", "occlusion_1", "lrp_epsilon", "grad_cam"],
    budget=20_000,
    controls=["weights", "labels"],
    folder="reports/pictures",
)
"""

SHOTS = (
    Shot(
        "A comparison",
        "What was found, at a glance?",
        "On top what was found, in words. Below, a panel per method: its verdicts on coverage, relevance and "
        "completeness under its name, and a bar per player, blue for + and orange for −, with a whisker for the "
        "numerical error. All panels have one scale but those that say otherwise. At the bottom the strongest "
        "effects, and the players that take part in each.",
        "said.plot()",
    ),
    Shot(
        "A comparison",
        "Which method sees which effect?",
        "A row is a method, a column an effect: its size above, its players as dots below. 100 means that these "
        "players are given all of the effect, 0 that the method does not see it, 200 and hatched that it is "
        "given twice, orange that it is given with the wrong sign. A triangle is what goes to players outside "
        "the effect.",
        "pictures.method_map(seen)",
    ),
    Shot(
        "A comparison",
        "Who is given how much of which effect?",
        "A cell is what a player, below, is given of an effect, at the left. The players of the effect are "
        "framed, and a cross is what goes to others. The bars at the right add up the framed cells, and the line "
        "beside them is the effect: where a bar ends at its line, the effect is shared out in full. Here "
        "Occlusion-1 gives an interaction to each of its players whole. The bars below are the attribution.",
        'pictures.allocation_map(said["occlusion_1"])',
    ),
    Shot(
        "A comparison",
        "Where does each effect go?",
        "Effects at the left, players at the right, ribbons as wide as what is given. The white end of a block "
        "is given to nobody, the hatched one more than once, and hollow ribbons go to players outside the "
        "effect.",
        'pictures.flow(said["lrp_epsilon"].measured)',
    ),
    Shot(
        "A comparison",
        "What do the verdicts rest on?",
        "A mark and its number for each method and criterion, in theory and as measured: the coverage should be "
        "1, the leakage (relevance) and the residual (completeness) 0. Where there is nothing to judge, the "
        "reason is said.",
        "pictures.verdicts(said)",
    ),
    Shot(
        "Effects",
        "How does f(b) become f(x)?",
        "Every bar begins where the one above it ended, blue to the right and orange to the left. The weaker "
        "effects are one hatched bar.",
        "pictures.waterfall(effects)",
    ),
    Shot(
        "Effects",
        "Which effects are the strongest, and whose are they?",
        "A bar per effect, and below it the players that take part, as joined dots: one is an independent "
        "effect, several are an interaction.",
        "pictures.upset(effects)",
    ),
    Shot(
        "Effects",
        "How much is there of each order?",
        "Σ|J(S)| over the effects of so many players, on a logarithmic axis, and the same of the positive and of "
        "the negative ones. Grey is what rounding alone could make: marks within it say nothing.",
        "pictures.spectrum(effects)",
    ),
    Shot(
        "Effects",
        "Who interacts with whom?",
        "The area of a node is the effect of the player alone, the width of an edge that of the pair, the area "
        "of a square that of the larger coalition it is joined to. Blue is +, orange −.",
        "pictures.interaction_graph(effects)",
    ),
    Shot(
        "Effects",
        "How strong is each pair?",
        "On the diagonal the effects of single players, beside it those of pairs.",
        "pictures.interaction_matrix(effects)",
    ),
    Shot(
        "Effects",
        "Do pairs act alone, or among many others?",
        "How strong the interaction of two players is where m others are there: the mean over all pairs, "
        "relative to its mean over m. A curve that is high at the left is of pairs that act by themselves, one "
        "that is high at the right of pairs that need nearly all others.",
        "pictures.interaction_orders(multi_order(effects))",
    ),
    Shot(
        "Effects",
        "Are all of them needed, or is one enough?",
        "Full, joined dots are a conjunction, which needs all of its players; open dots a disjunction, for which "
        "one is enough. At the right, how much of the game the strongest few of both explain, and the strongest "
        "dividends alone (dashed): the sooner a curve is at 1, the fewer do.",
        "pictures.and_or(and_or(harsanyi(words.game)))",
    ),
    Shot(
        "Estimates",
        "What is each player given, and how sure is that?",
        "Whiskers and ± are two standard errors. Open bars are not told from zero.",
        "pictures.attributions(estimate(digit.game, budget=200))",
    ),
    Shot(
        "Estimates",
        "Would more calls help?",
        "At the left the errors that the estimates state and those that they really have, by the calls that were "
        "paid, on logarithmic axes. At the right the largest values with two standard errors; the truth is "
        "dotted.",
        "pictures.learning_curve(\n"
        "    [estimate(digit.game, budget=b) for b in (150, 300, 600, 1200)], estimate(digit.game, budget=70_000)\n"
        ")",
    ),
    Shot(
        "Inputs",
        "Which regions count, and which of them together?",
        "Every region lies behind glass, blue for + and orange for −, the deeper the more it is given. Lines "
        "join the strongest pairs, the thicker the stronger.",
        'pictures.overlay(compare(photo.game, ["shapley"])["shapley"], photo.view, harsanyi(photo.game))',
    ),
    Shot(
        "Inputs",
        "Do several methods say the same of an input?",
        "All have one scale, so that the same colour is the same number. Σ is all that a method gives, to be "
        "held against f(x) − f(b).",
        'pictures.side_by_side(compare(digit.game, ["shapley", "occlusion_1", "grad_cam"]), digit.view)',
    ),
    Shot(
        "Inputs",
        "Which pixels count?",
        "What every pixel is given, summed over its channels. The scale ends at the 99th percentile of the "
        "sizes, so that a few large ones do not make all others white.",
        "pictures.heat_map(pixels, photo.view)",
    ),
    Shot(
        "Inputs",
        "What of the photo is left, if only what counts is lit?",
        "Every pixel is as bright as it counts, whatever the sign. A pixel that is dark in the photo stays dark.",
        "pictures.scaled_photo(pixels, photo.view)",
    ),
    Shot(
        "Inputs",
        "What speaks for the output, and what against it?",
        "Blue light is given to what speaks for the output, orange light to what speaks against it, on the photo "
        "in dark grey.",
        "pictures.channels(pixels, photo.view)",
    ),
    Shot(
        "Inputs",
        "Which words count, and which of them together?",
        "Below each word what it is given. Arcs are pairs, brackets larger coalitions, the thicker the stronger; "
        "where these are more than three, their words are dots on lines.",
        'pictures.sentence(said["shapley"], words.view, said.effects)',
    ),
    Shot(
        "The straight path",
        "Why do Integrated Gradients and Gradient × Input differ?",
        "The gradient on the way from b to x, a panel per player. Its area is what Integrated Gradients give, "
        "its end, the dot, what Gradient × Input gives.",
        "pictures.path_gradients(line)",
    ),
    Shot(
        "The straight path",
        "Is the output saturated?",
        "Above, the output on the way from b to x; below, the sum of the players' gradients there. Where the "
        "output is flat long before x, the gradient at x knows nothing of what changed before.",
        "pictures.saturation(line)",
    ),
    Shot(
        "The straight path",
        "How many steps does the integral need?",
        "One player's gradient under the bars of four rules of five steps, with what each misses of the "
        "integral. At the right the errors by the number of steps; what lies in the grey is too small to be "
        "known.",
        "pictures.riemann_sums(line, steps=5)",
    ),
    Shot(
        "Inside the network",
        "Which neurons vote for the right class?",
        "What each channel of a layer gives to the votes for the right digits, less what it gives to the others, over "
        "359 pictures, the highest first. Whiskers are two standard errors; a conductance is drawn in the same way.",
        "pictures.neurons(votes)",
    ),
    Shot(
        "Inside the network",
        "Which input acts through which neuron?",
        "A cell is what a region of the input, at the left, gives through a channel, below. The bars above are the "
        "columns' sums, the conductance; the bars at the right are the rows' sums, Integrated Gradients. All of it "
        "adds up to f(x) − f(b).",
        "pictures.input_by_neuron(through)",
    ),
    Shot(
        "Inside the network",
        "In which layers are the votes cast?",
        "A column is a layer, a cell a neuron, the highest score on top, all on one scale. Below are the names of the "
        "neurons with the largest scores.",
        "pictures.layer_map(layers)",
    ),
    Shot(
        "Inside the network",
        "What is lost without the best neurons?",
        "Accuracy and confidence by the number of silent channels: those of the highest scores, the loudest, and some "
        "at random, with two standard errors of the mean over draws.",
        "pictures.silenced(silent)",
    ),
    Shot(
        "Inside the network",
        "Do a region's neurons speak for it?",
        "What silence changes in Integrated Gradients of the upper half, of the rest, and in the confidence. Of every "
        "picture the neurons are silenced through which the half acts most, those of the largest conductance, the "
        "loudest, and some at random; the bars are 95 % bootstrap intervals of the mean over the pictures.",
        "pictures.region_silenced(half)",
    ),
    Shot(
        "Many inputs",
        "Which method is better, over many inputs?",
        "A row is a method, a panel a score: means over the inputs with intervals of 95 %. What is hollow is not told "
        "from 0, be it for other inputs or for the numerical error.",
        "pictures.scores(many)",
    ),
    Shot(
        "Many inputs",
        "Which methods agree?",
        "The mean over the inputs of Spearman's ρ between what two methods give the players.",
        "pictures.agreement_matrix(many)",
    ),
    Shot(
        "Many inputs",
        "How large are the effects of each order, and who is given them?",
        "On top the share of each order in all effects. Below, a row is a method, a column an order: 1 inside means "
        "that its effects are given to the players in them in full, 2 twice; outside is what goes to others.",
        "pictures.order_shares(many)",
    ),
    Shot(
        "Many inputs",
        "How fast does f fall without the players of the largest attributions?",
        "A panel is a method. Orange: what is left of f(x) − f(b) when so many of the players with the largest "
        "attributions are absent; blue: when they alone are there. Bands are intervals of 95 %.",
        "pictures.faithfulness_curves(many)",
    ),
    Shot(
        "Many inputs",
        "Does a method see the weights, and the label?",
        "How alike attributions are to those of the same network with random weights, from the last layer down to one, "
        "and to those for the label of another input: ρ of the values at the left, of their sizes at the right. A "
        "method that explains the network is near 0.",
        "pictures.sanity_matrix(many)",
    ),
)


def _anchor(shot: Shot) -> str:
    """Of its heading, as GitHub and MyST make it."""
    return re.sub(r"[^\w\- ]", "", shot.question.lower()).replace(" ", "-")


def page() -> str:
    """The page, in Markdown: the questions, and below them every picture under its own."""
    asked = [f"* [{shot.question}](#{_anchor(shot)})" for shot in SHOTS]
    parts = ["# Pictures", READ, "\n".join(asked), f"All are of these results:\n\n```python\n{QUESTIONS}```"]
    section = ""
    for shot in SHOTS:
        parts += [] if shot.section == section else [f"## {shot.section}"]
        section = shot.section
        parts += [f"### {shot.question}", shot.caption]
        parts.append(f"```python\n{shot.code}\n```\n\n![{shot.question}](images/{shot.name})")
    return "\n\n".join(parts) + "\n"


def draw() -> None:
    """Write every picture to its file."""
    names: dict[str, object] = {}
    (IMAGES / "gallery").mkdir(exist_ok=True)
    exec(QUESTIONS, names)
    for shot in SHOTS:
        figure = eval(shot.code, names)
        figure.savefig(IMAGES / shot.name, dpi=LARGE if shot.name == HERO else DPI)
        print(shot.name, (IMAGES / shot.name).stat().st_size)


if __name__ == "__main__":
    draw()
    PAGE.write_text(page(), "utf8")
