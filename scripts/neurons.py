"""The published pruning experiment on networks that come with packages: ``python scripts/neurons.py`` makes the page.

It writes docs/neurons.md and docs/images/neurons/ in about half an hour on one thread; with names of experiments it
prints these alone.
"""

import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from decompositions.games.game import Game
from synergy.bootstrap import Interval, bootstrap
from synergy.examples import digits, digits_vit, photo, two_objects
from synergy.neurons.conductance import conductance
from synergy.neurons.contributions import Contributions, chosen
from synergy.neurons.controls import Outcome, controls
from synergy.neurons.loudness import loudness
from synergy.neurons.pruning import prune
from synergy.neurons.rank import rank_neurons
from synergy.neurons.region_controls import NAMES, PARTS, RANKINGS, RegionControls, region_controls
from synergy.neurons.savings import savings
from synergy.neurons.shrinking import shrink
from synergy.pictures.canvas import BODY, INK, SMALL, SOFT, canvas, clean
from synergy.wording.colours import NEGATIVE, POSITIVE, hexadecimal
from synergy.wording.numbers import fixed
from synergy.wording.table import Table

ROOT = Path(__file__).resolve().parents[1]
PAGE, FIGURE = ROOT / "docs" / "neurons.md", ROOT / "docs" / "images" / "neurons" / "regions.png"
NODES, FEW, FEWEST = 64, 32, 16  # of the integrals: of small networks, of transformers, of a large one
SEED = 11  # of the drawn pictures, which no network has learnt from
MANY, FEWER = 100, 60
PHOTOS = ("astronaut", "camera", "chelsea", "clock", "coffee", "coins", "moon", "rocket")  # of things, not of patterns
SHOWN = 0.05  # of the neurons, in the summary
BLACK = -photo.MIDDLE / photo.SPREAD
LINES = {"region": ("o-", hexadecimal(POSITIVE)), "conductance": ("s--", hexadecimal(NEGATIVE)),
         "loudest": ("v-.", "#7a3db8"), "random": ("^:", SOFT)}  # fmt: skip

CLAIM = """\
# Do a region's neurons speak for it?

The neurons of a layer are ranked by what a region of the input gives through them, the strongest are silenced, and
Integrated Gradients a are asked again. The [published claim](https://arxiv.org/abs/2202.11912) is that Σ|a| inside
the region falls much more than outside, and that neurons ranked by their conductance, through which the whole input
acts, make no such difference. It was shown with a photo of traffic lights and large networks. Here it is tried on
many pictures and on networks that come with packages; `region_controls` does it for a network of one's own.

For every picture its own neurons are silenced: by the region, by conductance, by how much they say (|activation|), and
at random. An entry is the mean change of log Σ|a| inside or outside, from the network as it is, with a 95 % bootstrap
interval over the pictures: −0.69 is half of it. a explains the logit of the true class, of photos that of the class
which the network names."""


LABELS = """\
## Which neurons speak for a region of a label map?

A small segmenter labels every pixel of pictures of two objects of different kinds. The region is one of the label map:
the left object's pixels. What is explained is the mean logit of its kind over them, a function of the output that is
given as `target`. The neurons of the largest conductance for it are silenced, beside those for the labels of both
objects, and the share of the pixels that get their label is counted again, for either object."""
LABELS_LAYER, LABELS_PART = "relu2", 0.01

SMALLER = """\
## What is a network without its worst neurons?

The neurons of a layer are ranked by their votes for the right classes (`rank_neurons`) on pictures that the network has
learnt from; those of the lowest scores are taken out with their weights (`shrink`), and beside them the quietest, and
some at random. Tried on pictures held out; how much faster it is stands in benchmarks/RESULTS.md, `shrinking`."""
RANKED, LEFT_OUT = 400, (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class Experiment:
    """A network, a layer and a region.

    Args:
        title: of its table.
        said: what the pictures and the region are.
        layer: whose neurons are silent.
        made: network, inputs, labels and regions of so many pictures.
        pictures: how many.
        settings: of ``region_controls``.
    """

    title: str
    said: str
    layer: str
    made: Callable[[int], tuple[nn.Module, Tensor, Tensor, list[Any]]]
    pictures: int
    settings: dict[str, Any]

    def run(self, pictures: int | None = None, parts: tuple[float, ...] = PARTS) -> RegionControls:
        """On all pictures, or on the first few."""
        model, data, labels, regions = self.made(pictures or self.pictures)
        return region_controls(model, self.layer, data, labels, regions, parts=parts, **self.settings)


def _two_objects(region: str) -> Callable[[int], tuple[nn.Module, Tensor, Tensor, list[Any]]]:
    def made(count: int) -> tuple[nn.Module, Tensor, Tensor, list[Any]]:
        drawn, half = two_objects.draw(count, SEED), ((0, two_objects.SIDE), (0, two_objects.SIDE // 2))
        regions = list(drawn.boxes[:, 0]) if region == "object" else [half] * count
        return two_objects.model().double(), drawn.images.double(), drawn.kinds[:, 0], regions

    return made


def _digits(model: Callable[[], nn.Module]) -> Callable[[int], tuple[nn.Module, Tensor, Tensor, list[Any]]]:
    def made(count: int) -> tuple[nn.Module, Tensor, Tensor, list[Any]]:
        images, labels, held_out = digits.data()
        some = held_out.nonzero().flatten()[:count]
        return model().double(), images[some].double(), labels[some], [((0, 4), (0, 8))] * count

    return made


def _photos(count: int) -> tuple[nn.Module, Tensor, Tensor, list[Any]]:
    model = photo.model()
    data = torch.cat([photo.normalised(photo.square(photo.read_picture(name))) for name in PHOTOS[:count]])
    with torch.no_grad():
        labels = torch.cat([model(x).argmax(1) for x in data.split(1)])
    quarter = photo.SIDE // 4
    return model, data, labels, [((quarter, 3 * quarter), (quarter, 3 * quarter))] * count


UPPER = f"{FEWER} held-out digits; the region is the upper half of each."
EXPERIMENTS = {
    "halves": Experiment(
        "Two objects, the left half",
        f"A small convolutional network on {MANY} drawn pictures of two objects of one kind, one on each side: either "
        "is enough to name it. The region is the left half, and what lies outside is just like it.",
        "relu2", _two_objects("half"), MANY, {"nodes": NODES},
    ),
    "objects": Experiment(
        "Two objects, the left object",
        "The same network and pictures; the region is the box of the left object. Outside are the right object and all "
        "of the ground, which is noise.",
        "relu2", _two_objects("object"), MANY, {"nodes": NODES},
    ),
    "digits": Experiment(
        "Digits, a convolutional network", UPPER, "relu2", _digits(digits.model), FEWER, {"nodes": NODES}
    ),
    "vit-block": Experiment(
        "Digits, a vision transformer, a block",
        f"{UPPER} The neurons are the numbers that the second of three blocks hands on.",
        "blocks.1", _digits(digits_vit.model), FEWER, {"nodes": FEW},
    ),
    "vit-mlp": Experiment(
        "Digits, a vision transformer, MLP units",
        f"{UPPER} The neurons are the hidden units of the second block's MLP, token by token.",
        "blocks.1.mlp.1", _digits(digits_vit.model), FEWER, {"nodes": FEW},
    ),
    "photos": Experiment(
        "Photos, EfficientNet-Lite0",
        f"{len(PHOTOS)} photos of scikit-image, which are few; the region is the middle quarter of each, the baseline "
        "black as in the publication. The neurons are what the fifth block hands on. With 16 nodes the change of a "
        "single photo is off by some hundredths.",
        "_blocks.4", _photos, len(PHOTOS), {"nodes": FEWEST, "baseline": BLACK},
    ),
}  # fmt: skip


def summary(found: dict[str, RegionControls]) -> Table:
    """A row for every experiment, at one share of the neurons."""
    rows = []
    for name, each in found.items():
        differences = [each.interval("difference", ranking, SHOWN) for ranking in RANKINGS]
        rows.append((EXPERIMENTS[name].title, *map(_said, differences), _said(_beyond(each)), _verdict(each)))
    head = ("network and region", *NAMES.values(), "region − conductance", "the claim")
    notes = (
        "The change of log Σ|a| inside less that outside. Negative: inside falls more. Region − conductance compares "
        "both rankings picture by picture.",
        "The claim: 'holds' where the region's interval lies below zero, the conductance's holds zero, and the "
        "region's is lower picture by picture; 'in part' where conductance tells inside from outside as well, but "
        "less; 'no' otherwise.",
    )
    said = [row[-1] for row in rows]
    count = (
        f"Of {len(rows)} experiments the claim holds in {said.count('holds')}, and in part in {said.count('in part')}."
    )
    return Table(f"At {SHOWN:.0%} of the neurons", head, tuple(rows), (count, *notes))


def _beyond(found: RegionControls) -> Interval:
    """By how much the region tells inside from outside better than conductance, picture by picture."""
    region, whole = (found.changes("difference", name, SHOWN) for name in ("region", "conductance"))
    return bootstrap(region - whole)


def _verdict(found: RegionControls) -> str:
    region, whole = (found.interval("difference", name, SHOWN) for name in ("region", "conductance"))
    if region.high >= 0 or _beyond(found).high >= 0:
        return "no"
    return "in part" if whole.apart else "holds"


def figure(found: dict[str, RegionControls]) -> None:
    """A panel for every experiment: inside less outside over the share of silent neurons."""
    FIGURE.parent.mkdir(exist_ok=True)
    with canvas(8.4, 5.2, FIGURE) as drawn:
        grid = drawn.subplots(2, 3, sharex=True)
        for axis, (name, each) in zip(grid.flat, found.items(), strict=False):
            for shift, (ranking, (line, colour)) in enumerate(LINES.items()):
                ends = torch.tensor([each.interval("difference", ranking, part) for part in each.parts])
                places = [100 * part + 0.08 * (shift - 1.5) for part in each.parts]
                bars = (ends[:, :1] - ends[:, 1:]).T.abs().numpy()
                axis.errorbar(
                    places, ends[:, 0].numpy(), bars, fmt=line, color=colour, capsize=2, markersize=3.5, linewidth=1.2,
                    label=NAMES[ranking],
                )  # fmt: skip
            axis.axhline(0, color=INK, linewidth=0.6)
            axis.set_title(EXPERIMENTS[name].title.replace(", a v", ",\na v").replace(", ", ",\n", 1), fontsize=BODY)
            axis.set_xticks([round(100 * part) for part in each.parts])
            axis.tick_params(labelsize=SMALL)
            clean(axis)
        for axis in grid.flat[len(found) :]:
            axis.set_axis_off()
        for axis in grid[-1]:
            axis.set_xlabel("% of the neurons silent", fontsize=SMALL)
        for axis in grid[:, 0]:
            axis.set_ylabel("log Σ|a|: inside − outside", fontsize=SMALL)
        drawn.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=SMALL,
                     frameon=False)  # fmt: skip


def labels_table(pictures: int = MANY) -> Table:
    """Neurons of the segmenter that speak for the label of an object: what becomes of its pixels without them."""
    model, generator = two_objects.segmentation(), torch.Generator().manual_seed(0)
    changes: dict[str, list[Tensor]] = {}
    for x, labels, kinds in _different(pictures):
        left, right = (labels == 1 + kind for kind in kinds)
        own = _speaking(model, x, [(kinds[0], left)])
        rankings = {
            "the left object's labels": own.values,
            "both objects' labels": _speaking(model, x, [(kinds[0], left), (kinds[1], right)]).values,
            "loudest": loudness(model, LABELS_LAYER, own.entries, x),
            "random": torch.rand(len(own.names), generator=generator),
        }
        before = _labelled(model, x, labels, left, right)
        for name, values in rankings.items():
            silent = prune(model, LABELS_LAYER, chosen(values, own.entries, LABELS_PART, "value"))
            changes.setdefault(name, []).append(_labelled(silent, x, labels, left, right) - before)
    columns = ("ranked by", "the left object's pixels", "the right object's", "left − right")
    rows = []
    for name, each in changes.items():
        lefts, rights = torch.stack(each).T
        rows.append((name, *(_said(bootstrap(values)) for values in (lefts, rights, lefts - rights))))
    title = f"Changes without {LABELS_PART:.0%} of {len(own.names):,} neurons of {LABELS_LAYER}, {pictures} pictures"
    return Table(title, columns, tuple(rows))


def _different(pictures: int) -> Iterator[tuple[Tensor, Tensor, list[int]]]:
    """Pictures of two objects of different kinds, one by one: the picture, its labels and its kinds."""
    drawn = two_objects.draw(2 * pictures, SEED, alike=False)
    some = (drawn.kinds[:, 0] != drawn.kinds[:, 1]).nonzero().flatten()[:pictures]
    for n in some.tolist():
        yield drawn.images[n : n + 1], drawn.labels[n], drawn.kinds[n].tolist()


def _speaking(model: nn.Module, x: Tensor, regions: list[tuple[int, Tensor]]) -> Contributions:
    """What the picture gives through each neuron to the mean logits of kinds, each over its region of the label map."""

    def target(outputs: Tensor) -> Tensor:
        return sum(outputs[:, 1 + kind][:, where].mean(1) for kind, where in regions)

    return conductance(Game.from_model(model, x, 0.0, target=target), LABELS_LAYER, nodes=FEW)


def _labelled(model: nn.Module, x: Tensor, labels: Tensor, left: Tensor, right: Tensor) -> Tensor:
    """The shares of both objects' pixels that get their label."""
    with torch.no_grad():
        fits = model(x).argmax(1)[0] == labels
    return torch.stack([fits[left].double().mean(), fits[right].double().mean()])


def smaller_table() -> Table:
    """Networks without neurons of the lowest scores, beside the quietest and some at random."""
    rows = []
    for title, layer, neurons, model, seen, new in _ranked():
        ranking = rank_neurons(model, layer, *seen, neurons=neurons)
        for part in LEFT_OUT:
            found = controls(model, ranking, part, *new, by="smallest")
            saved = savings(model, shrink(model, layer, ranking.strongest(part, "smallest")), new[0][:1], repeats=1)
            costs = (saved.after.parameters / saved.before.parameters, saved.after.operations / saved.before.operations)
            rows.append((f"{title}, {part:.0%}", *(f"{share:.0%}" for share in costs), *map(_does, found.outcomes)))
    head = ("network, left out", "parameters", "operations", "as it is", "without the lowest scores",
            "without the quietest", "without some at random")  # fmt: skip
    note = "Accuracy, and the mean probability of the true class; at random the mean of 20 draws ± its standard error."
    return Table(f"Without {' or '.join(f'{part:.0%}' for part in LEFT_OUT)} of a layer", head, tuple(rows), (note,))


def _does(found: Outcome) -> str:
    pairs = ((found.accuracy, found.accuracy_error), (found.confidence, found.confidence_error))
    return ", ".join(f"{value:.3f} ± {error:.3f}" if error else f"{value:.3f}" for value, error in pairs)


Labelled = tuple[Tensor, Tensor]


def _ranked() -> Iterator[tuple[str, str, str, nn.Module, Labelled, Labelled]]:
    """Titles, layers, neurons, networks, pictures to rank on, and others to try."""
    drawn = [two_objects.draw(count, seed) for count, seed in ((RANKED, SEED), (359, SEED + 1))]
    ranked, tried = [(each.images, each.kinds[:, 0]) for each in drawn]
    yield "two objects, conv2", "conv2", "channels", two_objects.model(), ranked, tried
    images, labels, held_out = digits.data()
    ranked, tried = (images[~held_out][:RANKED], labels[~held_out][:RANKED]), (images[held_out], labels[held_out])
    yield "digits CNN, conv2", "conv2", "channels", digits.model(), ranked, tried
    yield "digits ViT, MLP of block 2", "blocks.1.mlp.0", "axis:2", digits_vit.model(), ranked, tried


def write(found: dict[str, RegionControls]) -> None:
    """The figure and the page."""
    figure(found)
    PAGE.write_text(page(found), "utf8")


def page(found: dict[str, RegionControls]) -> str:
    """The page, in Markdown."""
    parts = [CLAIM, summary(found).to_markdown(2).strip()]
    parts.append("![Inside less outside, by the share of silent neurons](images/neurons/regions.png)")
    for name, each in found.items():
        heading = f"## {EXPERIMENTS[name].title}\n\n{EXPERIMENTS[name].said}"
        parts.append(f"{heading}\n\n{each.table().to_markdown(3).strip()}")
    parts += [LABELS, labels_table().to_markdown(3).strip(), SMALLER, smaller_table().to_markdown(3).strip()]
    return "\n\n".join(parts) + "\n"


def _said(found: Interval) -> str:
    mean, low, high = (fixed(each, 1.0) for each in found)
    return f"{mean} [{low}, {high}]"


def main(names: list[str]) -> None:
    """Write the page, or print some experiments."""
    logging.disable(logging.WARNING)
    found = {}
    for name in names or EXPERIMENTS:
        found[name] = EXPERIMENTS[name].run()
        print(found[name].table(), flush=True)
    print(summary(found))
    if not names:
        write(found)


if __name__ == "__main__":
    main(sys.argv[1:])
