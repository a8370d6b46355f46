"""``synergy neurons``: the neurons of a layer ranked, drawn, and silenced."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import torch
import typer
from torch import nn

from decompositions.files.sheet import require_sheet
from decompositions.files.whole_file import require_writable
from decompositions.settings import options
from synergy.command.array_file import read_array
from synergy.command.factory import made
from synergy.command.page_file import page_file
from synergy.command.terminal import say
from synergy.command.wanted import Wanted
from synergy.examples import digits, digits_vit
from synergy.neurons.controls import controls, controls_of
from synergy.neurons.rank import rank_neurons
from synergy.neurons.ranking import COLUMNS, Ranking
from synergy.neurons.rankings import Rankings
from synergy.neurons.region_controls import RegionControls, region_controls
from synergy.neurons.savings import savings
from synergy.neurons.shrinking import shrink

READY = {"digits": digits, "digits-vit": digits_vit}
Subject = Annotated[str, typer.Argument(help="digits, digits-vit, or package.module:factory with --data and --labels")]
Layers = Annotated[list[str] | None, typer.Argument(help="names of modules; all dense layers where none is named")]
Neurons = Annotated[str, typer.Option(help="neurons, channels, locations, tokens, heads:4 or axis:1")]
Data = Annotated[str | None, typer.Option(help="inputs, a .npy file, one after the other")]
Labels = Annotated[str | None, typer.Option(help="their true classes, a .npy file of whole numbers")]
Top = Annotated[int, typer.Option(help="how many neurons")]
Inputs = tuple[nn.Module, torch.Tensor, torch.Tensor]

app = typer.Typer(help="The neurons of layers: ranked by their votes, drawn, silenced.")


@app.command()
def rank(
    subject: Subject,
    layers: Layers = None,
    neurons: Neurons = "neurons",
    data: Data = None,
    labels: Labels = None,
    top: Top = 20,
    by: Annotated[str, typer.Option(help=", ".join(COLUMNS))] = "score",
    save: Annotated[str | None, typer.Option(help="a .csv or .json file of all of them")] = None,
    output: Annotated[str | None, typer.Option(help="a page to sort, filter and pick from, neurons.html")] = None,
) -> None:
    """What each neuron gives to the votes for the right class, and against the others."""
    if save is not None:
        require_sheet(Path(save))
    page = None if output is None else page_file(output, "neurons.html")
    found = _ranked(_inputs(subject, data, labels), layers, neurons)
    say(found.table(top, by).to_text().rstrip("\n"))
    if save is not None:
        found.save(save)
    if page is not None:
        found.to_html(page, command=_again(subject, neurons, data, labels))
        say(f"page: {page}")


@app.command()
def draw(
    subject: Subject,
    layers: Layers = None,
    neurons: Neurons = "neurons",
    data: Data = None,
    labels: Labels = None,
    top: Annotated[int | None, typer.Option(help="how many neurons, or of each of several layers")] = None,
    output: Annotated[str, typer.Option(help="the picture: .png, .svg or .pdf")] = "neurons.png",
) -> None:
    """The ranking of a layer as bars with their errors, or of several as a map of the network."""
    from synergy import pictures
    from synergy.pictures.layer_map import LABELLED
    from synergy.pictures.ranking import PLAYERS

    place = require_writable(Path(output), "neurons.png")
    found = _ranked(_inputs(subject, data, labels), layers, neurons)
    if isinstance(found, Rankings):
        pictures.layer_map(found, LABELLED if top is None else top, path=place)
    else:
        pictures.neurons(found, PLAYERS if top is None else top, path=place)
    say(f"drawn: {place}")


@app.command()
def prune(
    subject: Subject,
    layers: Layers = None,
    part: Annotated[str | None, typer.Option(help="a share, 0.1, or a number of neurons, 3; 0.1 by default")] = None,
    by: Annotated[str, typer.Option(help="value, the highest scores; magnitude; or smallest")] = "value",
    pick: Annotated[list[str] | None, typer.Option(help="LAYER:3,12 or LAYER:NAME; may come again")] = None,
    least: Annotated[float | None, typer.Option("--from", help="the least score of those that are silenced")] = None,
    most: Annotated[float | None, typer.Option("--to", help="the largest score of those that are silenced")] = None,
    region: Annotated[str | None, typer.Option(help="rows and columns that rank the neurons, 0:4,0:8")] = None,
    inputs: Annotated[int, typer.Option(min=1, help="of a region's trial, each with neurons of its own")] = 20,
    neurons: Neurons = "neurons",
    data: Data = None,
    labels: Labels = None,
    draws: Annotated[int, typer.Option(help="of random neurons, for comparison")] = 20,
    smaller: Annotated[bool, typer.Option("--shrink", help="also take them out, and say what that saves")] = False,
) -> None:
    """How the network does without some neurons, without the loudest, and without some at random.

    They are a part of the ranking, those that --pick names, or those of scores --from --to. Every other input is for
    the ranking, and the rest for the trial. With --region they are those through which it acts most, of every input
    its own, and Integrated Gradients inside and outside are asked again.
    """
    wanted = Wanted(part, by, tuple(pick or ()), least, most, region)
    if smaller and region is not None:
        raise ValueError(
            "--shrink takes the same neurons out for all inputs, and with --region each has its own; leave one"
        )
    model, x, known = _inputs(subject, data, labels)
    if wanted.region is not None:
        say(str(_of_region(model, x[:inputs], known[:inputs], _single(layers), neurons, wanted)).rstrip("\n"))
        return
    found = _ranked((model, x[::2], known[::2]), layers or wanted.layers, neurons)
    rankings = found if isinstance(found, Rankings) else Rankings((found,))
    masks, trial = wanted.of(rankings), (x[1::2], known[1::2])
    small = _without(model, masks) if smaller else None
    if isinstance(found, Ranking) and wanted.ranked:
        tried = controls(model, found, wanted.share(), *trial, by=by, draws=draws)
    else:
        tried = controls_of(model, rankings, masks, *trial, draws=draws)
    say(str(tried).rstrip("\n"))
    if small is not None:
        say(f"\n{str(savings(model, small, trial[0])).rstrip()}")


def _without(model: nn.Module, masks: dict[str, torch.Tensor]) -> nn.Module:
    """A network without neurons of several layers."""
    for layer, mask in masks.items():
        model = shrink(model, layer, mask)
    return model


def _of_region(
    model: nn.Module, data: torch.Tensor, labels: torch.Tensor, layer: str, neurons: str, wanted: Wanted
) -> RegionControls:
    """The trial of a region, the same of every input."""
    with options({"players": "--neurons"}):
        return region_controls(
            model, layer, data, labels, [wanted.box()] * len(data), parts=[wanted.share()], neurons=neurons
        )


def _single(layers: list[str] | None) -> str:
    if not layers or len(layers) != 1:
        raise ValueError(f"--region silences neurons of one layer, and these are {len(layers or ())}")
    return layers[0]


def _ranked(inputs: Inputs, layers: list[str] | None, neurons: str) -> Ranking | Rankings:
    """The ranking of one layer, of several, or of all dense ones."""
    model, data, labels = inputs
    some = layers[0] if layers and len(layers) == 1 else layers or None
    with options({"players": "--neurons"}):
        found: Ranking | Rankings = rank_neurons(model, some, data, labels, neurons=neurons)
    return found


def _inputs(subject: str, data: str | None, labels: str | None) -> Inputs:
    """The model, inputs and their classes; of the ready ones those that were held out."""
    if subject in READY:
        if data is not None or labels is not None:
            raise ValueError(f"{subject} has inputs of its own; --data and --labels are for a model of one's own")
        images, known, held_out = digits.data()
        return READY[subject].model(), images[held_out], known[held_out]
    model = made(subject)
    if not isinstance(model, nn.Module):
        raise TypeError(f"neurons are those of a torch.nn.Module, and '{subject}' gave a function of NumPy rows")
    if data is None or labels is None:
        raise ValueError("a model of one's own is ranked by inputs and their classes: --data x.npy --labels y.npy")
    inputs = torch.from_numpy(read_array(Path(data), "--data"))
    dtype = next((each.dtype for each in model.parameters() if each.is_floating_point()), torch.float32)
    return model, inputs.to(dtype), torch.from_numpy(read_array(Path(labels), "--labels"))


def _again(subject: str, neurons: str, data: str | None, labels: str | None) -> str:
    """The command that silences neurons of the same question, without saying which."""
    words = ["synergy", "neurons", "prune", subject]
    words += [] if neurons == "neurons" else ["--neurons", neurons]
    words += [] if data is None else ["--data", data]
    return shlex.join(words + ([] if labels is None else ["--labels", labels]))
