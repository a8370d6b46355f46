"""``synergy neurons``: the neurons of a layer ranked, drawn, and silenced."""

from __future__ import annotations

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
from synergy.command.terminal import say
from synergy.examples import digits, digits_vit
from synergy.neurons.controls import controls
from synergy.neurons.rank import rank_neurons
from synergy.neurons.ranking import COLUMNS, Ranking
from synergy.neurons.rankings import Rankings

READY = {"digits": digits, "digits-vit": digits_vit}
Subject = Annotated[str, typer.Argument(help="digits, digits-vit, or package.module:factory with --data and --labels")]
Layer = Annotated[str, typer.Argument(help="the name of a module, as in named_modules()")]
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
) -> None:
    """What each neuron gives to the votes for the right class, and against the others."""
    if save is not None:
        require_sheet(Path(save))
    found = _ranked(_inputs(subject, data, labels), layers, neurons)
    say(found.table(top, by).to_text().rstrip("\n"))
    if save is not None:
        found.save(save)


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
    layer: Layer,
    part: Annotated[str, typer.Option(help="a share, 0.1, or a number of neurons, 3")] = "0.1",
    neurons: Neurons = "neurons",
    data: Data = None,
    labels: Labels = None,
    by: Annotated[str, typer.Option(help="value, the highest scores; magnitude; or smallest")] = "value",
    draws: Annotated[int, typer.Option(help="of random neurons, for comparison")] = 20,
) -> None:
    """How the network does without ranked neurons, without the loudest, and without some at random.

    Every other input is for the ranking, and the rest for the trial.
    """
    some = _part(part)
    model, inputs, known = _inputs(subject, data, labels)
    found = _ranked((model, inputs[::2], known[::2]), [layer], neurons)
    assert isinstance(found, Ranking)
    say(str(controls(model, found, some, inputs[1::2], known[1::2], by=by, draws=draws)).rstrip("\n"))


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


def _part(text: str) -> float | int:
    """A number of neurons, or a share of them."""
    try:
        return int(text) if text.isdecimal() else float(text)
    except ValueError:
        raise ValueError(f"--part is a share such as 0.1, or a whole number of neurons, not '{text}'") from None
