"""The page of the study, from its tables: ``python studies/who_gets_the_interactions/page.py`` writes it into docs/."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pandas as pd

HERE = Path(__file__).parent
RESULTS = HERE / "results"
PAGE = HERE.parents[1] / "docs" / "who_gets_the_interactions.md"
FIGURES = PAGE.parent / "images" / "who_gets_the_interactions"
TRAINING = "training"
ALIKE = 0.9  # Spearman's ρ from which on two methods are said to agree
SAME = 0.1  # of an order's effects: allocations that differ by no more are said to be alike
CLAIMS = {"coverage": "coverage", "relevance": "leakage", "completeness": "residual"}


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(known()))
    print(PAGE)


def known() -> dict[str, dict[str, Any]]:
    """What was asked of the subjects of which there are results."""
    config = tomllib.loads((HERE / "config.toml").read_text())
    return {name: each for name, each in config.items() if (RESULTS / name).is_dir()}


def page(config: dict[str, dict[str, Any]]) -> str:
    """The whole text.

    Args:
        config: of the subjects of which there are results.
    """
    subjects = [name for name in config if name != TRAINING]
    parts = [
        OPENING,
        "## What f is made of",
        table(["subject", "inputs", *[f"order {k}" for k in range(1, 7)], "> 2", "> 6"], shares(config, subjects)),
        SHARES,
        "## Who gets it",
        *[
            f"### {capital(config[name]['title'])}\n\n"
            f"![Shares of effects by order, and what each method gives of them](images/{HERE.name}/{name}.png)"
            for name in subjects
        ],
        INSIDE,
        "## Which methods agree, and why",
        AGREE.format(alike=ALIKE, same=SAME),
        table(["subject", "pairs", "agree", "of these alike", "alike in all"], agreements(config, subjects)),
        WHY,
        "## Theory and practice",
        PARTING,
        parted(subjects),
        table(
            ["method", "criterion", "fails in theory, passes on", "passes in theory, fails on"],
            partings(config, subjects),
        )
        or "On no input is there another verdict in practice than in theory.",
        "## Which orders are learned when",
        table(["after epochs", *[f"order {k}" for k in range(1, 7)], "> 2"], learned(config))
        if TRAINING in config
        else "",
        LEARNING,
        "## What this cannot say",
        CANNOT,
        "## How it was done",
        *[paragraph(config, name) for name in config],
    ]
    return "\n\n".join(part.strip() for part in parts if part.strip()) + "\n"


def capital(text: str) -> str:
    """With a capital at the beginning, the rest as it is."""
    return text[:1].upper() + text[1:]


def read(name: str, what: str) -> pd.DataFrame:
    """A table of results."""
    return pd.read_csv(RESULTS / name / f"{what}.csv", keep_default_na=True)


def shares(config: dict[str, dict[str, Any]], subjects: list[str]) -> list[list[str]]:
    """The share of each order in all effects, with its interval."""
    return [[config[name]["title"], *_by_order(read(name, "orders"))] for name in subjects]


def _by_order(orders: pd.DataFrame, count: bool = True) -> list[str]:
    found = orders[orders.method.isna()].set_index("order")
    cells = [_interval(found.loc[k]) if k in found.index else "–" for k in range(1, 7)]
    above = [f"{found[found.index > k]['mean'].sum():.0%}" for k in (2, 6)]
    inputs = [f"{int(found.n.max())}"] if count else []
    return [*inputs, *cells, *above] if count else [*cells, above[0]]


def _interval(row: Any) -> str:
    return (
        f"{row['mean']:.1%}" if pd.isna(row.low) else f"{row['mean']:.1%} [{100 * row.low:.1f}, {100 * row.high:.1f}]"
    )


def learned(config: dict[str, dict[str, Any]]) -> list[list[str]]:
    """The shares of each order after some epochs of training."""
    orders = read(TRAINING, "orders")
    return [[str(model), *_by_order(rows, count=False)] for model, rows in orders.groupby("model", sort=True)]


def agreements(config: dict[str, dict[str, Any]], subjects: list[str]) -> list[list[str]]:
    """Of each subject: pairs of methods, those that agree, and how many of them share effects out alike."""
    rows = []
    for name in subjects:
        pairs = _pairs(name)
        agree = pairs[pairs["mean"] >= ALIKE]
        known = agree.dropna(subset=["apart"])
        alike, everywhere = known[known.apart <= SAME], pairs[pairs.apart <= SAME]
        rows.append(
            [
                config[name]["title"],
                str(len(pairs)),
                str(len(agree)),
                f"{len(alike)} of {len(known)}",
                str(len(everywhere)),
            ]
        )
    return rows


def _pairs(name: str) -> pd.DataFrame:
    """All pairs of methods, their agreement, and how far apart their mean allocations are on the orders that matter."""
    pairs, orders = read(name, "agreement"), read(name, "orders")
    pairs = pairs[pairs.n > 0].copy()
    size = orders[orders.method.isna()].set_index("order")["mean"]
    given = orders[orders.method.notna() & (orders.n > 0)].pivot_table(
        index="method", columns=["part", "order"], values="mean", observed=True
    )
    matter = [column for column in given.columns if size.get(column[1], 0) > 0.01]
    pairs["apart"] = [
        (given.loc[one, matter] - given.loc[other, matter]).abs().max()
        if one in given.index and other in given.index
        else float("nan")
        for one, other in zip(pairs["first"], pairs.second, strict=True)
    ]
    return pairs


def parted(subjects: list[str]) -> str:
    """How far theory and measurement are apart at most."""
    found = pd.concat([read(name, "summary").assign(subject=name) for name in subjects])
    found = found[found.quantity == "disagreement"]
    worst = found.loc[found["mean"].idxmax()]
    told = found[~found.undecided]
    return (
        f"Both are known of {len(found)} pairs of a subject and a method. The largest mean difference of a row, "
        f"relative to the largest effect, is {worst['mean']:.1e} ({worst.method} on {worst.subject}); beyond its "
        f"numerical error it is in {len(told)} of them{': ' if len(told) else '.'}"
        + (
            "; ".join(f"{row.method} on {row.subject}, {row.mean:.1e}" for row in told.itertuples()) + "."
            if len(told)
            else ""
        )
    )


def partings(config: dict[str, dict[str, Any]], subjects: list[str]) -> list[list[str]]:
    """Where what holds of a method's policy and what is measured part: criteria by the numbers of inputs."""
    found: dict[tuple[str, str], list[list[str]]] = {}
    for name in subjects:
        rows = read(name, "theory")
        for row in rows.itertuples():
            cells = found.setdefault((row.method, row.criterion), [[], []])
            for cell, count in zip(cells, (row.theory_fails, row.theory_passes), strict=True):
                if count:
                    cell.append(f"{name} ({count} of {row.n})")
    return [
        [method, criterion, *[", ".join(cell) or "–" for cell in cells]]
        for (method, criterion), cells in found.items()
        if any(cells)
    ]


def table(columns: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown; nothing without rows."""
    return (
        "" if not rows else "\n".join(f"| {' | '.join(cells)} |" for cells in [columns, ["---"] * len(columns), *rows])
    )


def paragraph(config: dict[str, dict[str, Any]], name: str) -> str:
    """How one subject was asked, as the study says it."""
    return f"**{capital(config[name]['title'])}.** {(RESULTS / name / 'methods.txt').read_text().strip()}"


OPENING = """
# Who gets the interactions?

Attribution methods give numbers to single players; a model's output is made of effects of single players *and* of
interactions. So each method has to give the interactions to somebody, or lose them. This study asks all methods that
apply, on seven models and real inputs: of the effects of each order, what share does a method give, to whom, and how
much is lost or made? Which pairs of methods agree, and do they agree because they share effects out alike? Where do
theory and practice part? How much of f is of an order above two, and when does a network learn it? The questions were
fixed before it was run. `python studies/who_gets_the_interactions/run.py` runs it again.
"""
SHARES = """
Shares are those of Σ|J(S)| over the coalitions of k players, with bootstrap intervals of 95 % over the inputs; J are
Harsanyi dividends of all coalitions, none left out. Two rows check the arithmetic: trees of depth three have no effect
of more than three players, and the network of squares, of degree four, none of more than four. The transformer is
another thing than the convolutional network that sees the same digits: single squares are a small part of it, and most
of it are effects of three, four and five. Photos go furthest: what a ninth of a photo brings by itself is a twentieth
of all effects, and more than four fifths are effects of three and more.
"""
INSIDE = """
A 1 on the left says that the effects of that order are shared out in full among their members; what is on the right
went to players that have no part in them. A dot stands where the mean is not told from 0. Where rows are a sample,
what is given is told by its ratio to the effects of that sample.

* **Shapley values, Integrated and Expected Gradients, DeepLIFT and Deep SHAP** give every order once, to its members,
  on every subject where they are measured. In this they do not differ; they differ in how the members share.
* **Occlusion and Prediction Difference** give an effect of k players to each of them: k times. Where most of f are
  interactions, as in the transformer, most of what they give is there two to five times.
* **Gradient × Input and SmoothGrad × Input** give each order something else: on the convolutional network most of it,
  on the transformer a third and less of single players' effects, on the softplus network more the higher the order.
  On the network of ReLUs LRP-ε is Gradient × Input, row by row.
* **LRP-αβ and Deep Taylor** give an order's members something that has little to do with its effect, of either sign.
* **LRP-ε on the softplus network** gives many times what there is. Softplus is not 0 at 0: where the sum in front of
  it is small its output is not, and LRP divides the one by the other. That happens at one masked input or another, and
  a row is a sum over these.
* **Grad-CAM** gives players outside a coalition as much as those inside, and more: its map is coarse, and is spread
  over neighbours when it is drawn over the input.
"""
AGREE = """
Two methods agree on a subject where the mean over the inputs of Spearman's ρ between their attributions is at least
{alike}. They share effects out alike where, on all orders that are at least 1 % of the effects, the means of what both
give inside and outside differ by no more than {same} of the order's effects.
"""
WHY = """
That a method gives every order alike is neither needed for agreement nor enough. On the convolutional network, the
network of squares and the tumours four to six of ten pairs agree, and more than half of those share effects out
otherwise: Occlusion and the Shapley value, one of which gives a pair twice, put the players into the same order, as
what single players and pairs bring is most of f, and large for the same players. On the transformer, on sentences and
on photos, of which interactions of three and more are two fifths and more, only those agree that are the same method
there (the three occlusions, Integrated and Expected Gradients of one baseline, DeepLIFT Rescale and Deep SHAP), and all
others disagree, also those that give each order once and in full: how the members share decides. So agreement of
methods says as much of the model as of the methods, and is no evidence that they are right.
"""
PARTING = """
Theory is a policy that reads Harsanyi dividends, or Taylor effects where the series ends; practice is the method on
masked inputs, row by row. A criterion that a policy fails on some function need not fail on each: the table counts
inputs on which verdicts on the same effects differ.
"""
LEARNING = """
The network is that of the first row of this page, trained anew by its script; after the last epoch its weights are the
stored ones, bit for bit. Before training single squares are a fifth of it. The first two epochs learn them, up to more
than half of all effects; from then on pairs grow, and in the end they are nearly as large. Orders above two fall from a
half to a fifth in these two epochs, and come back to three tenths: simple effects are learned first, and interactions
of few players take their room, not those of many.
"""
CANNOT = """
* Shares are sums of sizes. A large share of an order may be many small effects of both signs that cancel in f.
* Absence is one baseline for each subject: blank paper, grey, [MASK], the mean patient. Another one has other effects.
* Nine squares are coarse players; finer ones meet in larger coalitions.
* Intervals are over inputs. They say nothing of other networks trained on the same data.
* The sentences are our own and short, and the inputs of digits and tumours the first that were held out.
* What a method gives inside is a sum with the effect's sign: too much for one member and too little for another do not
  show there.
* There are thirteen photos, those that come with scikit-image: few, and of many kinds.
* Path methods on the networks are measured on few rows of the higher orders; their own errors stand in
  `results/*/orders.csv`, beside which methods do not apply to what, and why.
"""

if __name__ == "__main__":
    main()
