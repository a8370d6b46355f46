"""All pictures of the package, on a page: ``python scripts/gallery.py`` draws them and writes docs/pictures.md.

The code on the page is the code that drew them.
"""

from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
PAGE, IMAGES = ROOT / "docs" / "pictures.md", ROOT / "docs" / "images"
DPI, LARGE = 100, 140
HERO = "sentence.png"  # of the README, too


class Shot(NamedTuple):
    """One picture: of which section, what it says, and the code whose value it is."""

    section: str
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


QUESTIONS = """\
from synergy import and_or, compare, entries, estimate, harsanyi, pictures, straight_line
from synergy.examples import load
from synergy.interactions import multi_order

words = load("sentence", "I'm not happy")  # what does MiniLM's sentiment head make of it?
said = compare(words.game)
digit = load("digits", "7")  # why does a network see a seven? 16 regions
effects, seen = harsanyi(digit.game), compare(digit.game, budget=200_000)
photo = load("photo", "coffee", "grid:3x3")
pixels = entries("integrated_gradients", photo.game)
line = straight_line(words.game)
"""

SHOTS = (
    Shot(
        "A comparison",
        "What was found, what every method gives with its error and its verdicts, and the strongest effects.",
        "said.plot()",
    ),
    Shot(
        "A comparison",
        "Which method sees which effect: what share of it its own players are given, and what goes to others.",
        "pictures.method_map(seen)",
    ),
    Shot(
        "A comparison",
        "Who is given how much of which effect, theory beside practice.",
        'pictures.allocation_map(said["occlusion_1"])',
    ),
    Shot(
        "A comparison",
        "The same as ribbons from effects to players.",
        'pictures.flow(said["lrp_epsilon"].measured)',
    ),
    Shot("A comparison", "The verdicts with the numbers they rest on.", "pictures.verdicts(said)"),
    Shot(
        "Effects",
        "From f(b) to f(x), effect by effect.",
        "pictures.waterfall(effects)",
    ),
    Shot("Effects", "The strongest effects over the players that take part.", "pictures.upset(effects)"),
    Shot(
        "Effects",
        "How much there is of each order, and what of it rounding could be.",
        "pictures.spectrum(effects)",
    ),
    Shot("Effects", "Players, pairs, and the strongest larger coalitions.", "pictures.interaction_graph(effects)"),
    Shot("Effects", "Single players on the diagonal, pairs beside it.", "pictures.interaction_matrix(effects)"),
    Shot(
        "Effects",
        "How strong pairs are beside few and beside many others.",
        "pictures.interaction_orders(multi_order(effects))",
    ),
    Shot(
        "Effects",
        "Conjunctions and disjunctions, and how few of them explain the values.",
        "pictures.and_or(and_or(harsanyi(words.game)))",
    ),
    Shot(
        "Estimates",
        "Attributions with two standard errors; open bars are not told from zero.",
        "pictures.attributions(estimate(digit.game, budget=200))",
    ),
    Shot(
        "Estimates",
        "How estimates get better with the calls that are paid.",
        "pictures.learning_curve(\n"
        "    [estimate(digit.game, budget=b) for b in (150, 300, 600, 1200)], estimate(digit.game, budget=70_000)\n"
        ")",
    ),
    Shot(
        "Inputs",
        "Regions in their colours, with the strongest pairs, the photo beside.",
        'pictures.overlay(compare(photo.game, ["shapley"])["shapley"], photo.view, harsanyi(photo.game))',
    ),
    Shot(
        "Inputs",
        "Several methods on the same input, on one scale.",
        'pictures.side_by_side(compare(digit.game, ["shapley", "occlusion_1", "grad_cam"]), digit.view)',
    ),
    Shot("Inputs", "Single pixels, summed over their channels.", "pictures.heat_map(pixels, photo.view)"),
    Shot("Inputs", "The photo itself, each pixel as bright as it counts.", "pictures.scaled_photo(pixels, photo.view)"),
    Shot(
        "Inputs",
        "What speaks for the output and what against it, as two lights.",
        "pictures.channels(pixels, photo.view)",
    ),
    Shot(
        "Inputs",
        "Words in their colours; arcs are pairs, brackets larger coalitions.",
        'pictures.sentence(said["shapley"], words.view, said.effects)',
    ),
    Shot(
        "The straight path",
        "The gradient on the way from b to x, whose area Integrated Gradients give.",
        "pictures.path_gradients(line)",
    ),
    Shot("The straight path", "The output on the way, and the sum of its gradient.", "pictures.saturation(line)"),
    Shot("The straight path", "What sums of few steps miss.", "pictures.riemann_sums(line, steps=5)"),
)


def page() -> str:
    """The page, in Markdown."""
    parts = ["# Pictures", f"Of these results:\n\n```python\n{QUESTIONS}```"]
    section = ""
    for shot in SHOTS:
        parts += [] if shot.section == section else [f"## {shot.section}"]
        section = shot.section
        parts.append(f"{shot.caption}\n\n```python\n{shot.code}\n```\n\n![{shot.caption}](images/{shot.name})")
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
