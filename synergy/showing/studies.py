r"""A study as text, as a table of LaTeX and as a paragraph of methods to paste."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from decompositions import show
from decompositions.counts import several
from decompositions.showing.latex import escaped
from synergy.bootstrap import LEVEL, RESAMPLES
from synergy.method import METHODS
from synergy.studies.results import Study
from synergy.wording.numbers import brief, minus
from synergy.wording.room import filled, room
from synergy.wording.table import blocks

HEADS = {
    "coverage": "coverage",
    "leakage": "leakage",
    "residual": "residual",
    "disagreement": "theory − practice",
    "gap": "|gap|",
    "deletion": "deletion",
    "insertion": "insertion",
}
MOST = 4  # decimals
TEX = {"−": "--", "|": r"\textbar{}", "≤": r"$\le$", "×": r"$\times$", "→": r"$\to$"}


@show.text.register(Study)
def study_text(study: Study, form: str = "text") -> str:
    """What a study found: as a table of text, as "latex" or as a "paragraph" of methods."""
    return {"text": _table, "latex": _latex, "paragraph": _paragraph}[form](study)


def _table(study: Study) -> str:
    """The mean of every score with its interval, as wide as there is room."""
    lines = [f"{study!r}"]
    for model, heads, rows in _parts(study, _cell):
        lines += ["", *([model] if len(study.models) > 1 else [])]
        for block in blocks([("method", *heads), *rows], "<" + ">" * len(heads), room()):
            lines += [*block, ""]
    note = f"means over the inputs [{LEVEL:.0%} interval]; < e: within the numerical error e"
    return "\n".join([*lines, filled("; ".join([note, *_failed(study)]))])


def _failed(study: Study) -> tuple[str, ...]:
    failures = study.failures()
    return (f"{several(len(failures), 'input')} failed: study.failures()",) if len(failures) else ()


def _parts(study: Study, cell: Callable[[Any], str]) -> list[tuple[str, tuple[str, ...], tuple[tuple[str, ...], ...]]]:
    """For each model its name, the headings of the scores that there are, and a row of cells for each method."""
    found = study.summary()
    heads = [score for score in HEADS if score in set(found.quantity)]
    known = {(row.model, row.method, row.quantity): row for row in found.itertuples()}
    return [
        (
            model,
            tuple(HEADS[score] for score in heads),
            tuple(
                (method, *(cell(known.get((model, method, score))) for score in heads))
                for method in study.methods
                if any((model, method, score) in known for score in heads)
            ),
        )
        for model in study.models
    ]


def _cell(row: Any) -> str:
    """A mean with its interval, as many decimals as the interval has meaning."""
    if row is None or math.isnan(row.mean):
        return "–"
    if abs(row.mean) <= row.error:
        return f"< {brief(row.error)}"
    decimals = _decimals(row)
    value, low, high = (f"{each:.{decimals}f}" for each in (row.mean, row.low, row.high))
    if row.n < 2 or value == low == high:
        return minus(f"{row.mean:.3g}")
    return minus(f"{value} [{low}, {high}]")


def _decimals(row: Any) -> int:
    """So many that half the interval has two digits, and none below the error."""
    unit = max((row.high - row.low) / 20, row.error)
    return min(MOST, max(0, -math.floor(math.log10(unit)))) if unit > 0 else MOST


def _latex(study: Study) -> str:
    r"""A table of booktabs: ``\usepackage{booktabs}``."""
    parts = _parts(study, _cell_of_latex)
    heads = ("method", *parts[0][1])
    lines = [
        r"\begin{table}",
        r"  \centering",
        rf"  \caption{{{_caption(study)}}}",
        r"  \label{tab:study}",
        rf"  \begin{{tabular}}{{l{'r' * (len(heads) - 1)}}}",
        r"    \toprule",
        f"    {' & '.join(map(_tex, heads))} \\\\",
    ]
    for model, _, rows in parts:
        lines.append(r"    \midrule")
        if len(parts) > 1:
            lines.append(rf"    \multicolumn{{{len(heads)}}}{{l}}{{\emph{{{_tex(model)}}}}} \\")
        lines += [f"    {' & '.join((_tex(method), *cells))} \\\\" for method, *cells in rows]
    return "\n".join([*lines, r"    \bottomrule", r"  \end{tabular}", r"\end{table}"]) + "\n"


def _caption(study: Study) -> str:
    size = several(len(study), "input")
    failed = len(study.failures())
    failing = f", of which {failed:,} failed" if failed else ""
    return (
        f"Means over {size}{failing}, with bootstrap intervals of {LEVEL * 100:.0f}\\,\\%; "
        "$<e$: within the numerical error $e$."
    )


def _cell_of_latex(row: Any) -> str:
    text = _cell(row)
    if text.startswith("< "):
        digits, _, power = text[2:].partition("e")
        power = rf"\cdot 10^{{{power}}}" if power else ""
        return f"$<{digits}{power}$"
    if text == "–":
        return "--"
    value = text.replace("−", "-").replace(" [", r"\;[")
    return f"${value}$"


def _tex(text: str) -> str:
    """Any text in LaTeX's letters."""
    return "".join(TEX.get(letter, escaped(letter)) for letter in text)


def _paragraph(study: Study) -> str:
    """All settings in sentences, with the keys of ``docs/references.bib``."""
    asked = study.asked
    settings, said, versions = asked["settings"], asked["said"], asked["versions"]
    failed = len(study.failures())
    models = "; ".join(f"{name} ({about})" for name, about in asked["about"].items())
    methods = "; ".join(f"{name}{_source(name)} as {asked['settings of methods'][name]}" for name in study.methods)
    rows = (
        f"all rows up to order {settings['order']}"
        if settings["order"]
        else "all rows where the budget pays them, else those of small coalitions and samples of larger ones"
    )
    divided = "every entry" if said["players"] == "None" else said["players"]
    price = (
        f"{settings['budget']:,} model calls"
        if settings["budget"] is not None
        else "what takes as long as 32,768 forward passes"
    )
    return " ".join(
        [
            f"We compared {several(len(study.methods), 'attribution method')} on {several(len(study), 'input')} "
            f"({said['values']}); {f'{failed:,} failed and are left out' if failed else 'none failed'}.",
            f"Models: {models}; output: {settings['output']}; targets: {said['targets']}.",
            f"Players: {divided}; baseline: {said['baseline']}.",
            f"The model's output was decomposed into Harsanyi dividends; each method was measured on masked inputs, "
            f"{rows}, within {price} each.",
            f"Methods: {methods}.",
            f"Means over inputs have BCa bootstrap intervals of {LEVEL:.0%} ({RESAMPLES:,} resamples, seed "
            f"{settings['seed']}; efron1987better, hesterberg2015what); methods were compared by two-sided Wilcoxon "
            "signed-rank tests on differences beyond the numerical error (wilcoxon1945individual), with matched-pairs "
            "rank-biserial correlations (kerby2014simple) and p corrected by Holm (holm1979simple); attributions "
            "within their numerical errors share a rank in Spearman's correlations. Whatever does not exceed its "
            "numerical error or has zero in its interval is called undecided.",
            f"Software: {', '.join(f'{name} {number}' for name, number in versions.items())}.",
        ]
    )


def _source(name: str) -> str:
    """The key of the work that a registered method comes from."""
    known = METHODS.get(name)
    return f" ({known.reference})" if known is not None and known.reference else ""
