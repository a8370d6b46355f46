"""The verb: a study asked, carried out block by block, and found again in its folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from decompositions.arguments import entries, shown, whole
from decompositions.evaluation.cluster import Span, on_workers, require_client
from decompositions.evaluation.progress import whole_progress
from decompositions.evaluation.spans import spans
from decompositions.files.whole_file import as_path
from synergy.method import ALL, METHODS, AbstractMethod, method, usual
from synergy.studies.asked import manifest
from synergy.studies.controls import KINDS
from synergy.studies.folder import opened
from synergy.studies.inputs import Inputs
from synergy.studies.records import Records, imported
from synergy.studies.results import Study
from synergy.studies.task import Task

RULE = "controls are a list of weights and labels"
BLOCK = 4  # inputs that are answered together: what a kill loses at most


def study(
    model: Any,
    inputs: Any,
    *,
    folder: str | Path,
    baseline: Any = 0.0,
    players: Any = None,
    targets: Any = None,
    names: Sequence[str] | None = None,
    methods: str | Iterable[Any] | Mapping[str, Any] | None = None,
    output: str = "logit",
    order: int | None = None,
    budget: int | None = None,
    rows: int = 10,
    controls: str | Iterable[str] = (),
    seed: int = 0,
    client: Any = None,
) -> Study:
    """Methods compared over many inputs, and over several models, into one table in a folder.

    Of every input what :func:`synergy.compare` finds: the effects, attributions and their sums, the criteria in theory
    and measured, who is given how much of each order's effects, and the areas of deletion and insertion, each with its
    error. It is kept block by block; the same call goes on after an interruption, whatever it was, to the same table,
    bit for bit. An input that fails is recorded with its error.

    Args:
        model: what :meth:`Game.from_model` takes; or several, by name.
        inputs: a tensor or an array ``(N, *shape)``, a DataFrame of N rows, or a list of inputs ``(1, *shape)``, or of
            mappings as tokenizers give them.
        folder: where the results go; a new one, or that of the same study.
        baseline: as :meth:`Game.from_model` takes it, or a function from an input to that.
        players: likewise.
        targets: as :meth:`Game.from_model` takes it, for all inputs; or a list, an array or a tensor of one for each.
        names: of the players.
        methods: names, methods or callables as :func:`synergy.compare` takes them, or a mapping of such by name; by
            default the fourteen, SmoothGrad and your own registered ones, "all" for every one that is registered.
        output: "logit", "probability" or "log_odds", as :meth:`Game.from_model` takes it.
        order: the largest number of players of which all rows are wanted, as :func:`synergy.compare` takes it.
        budget: model calls that one measured allocation may cost, likewise.
        rows: of how many of the strongest effects of each input it is recorded what every player is given.
        controls: "weights" and "labels": how alike the attributions are to those of models whose weights are random,
            from the last layer down to each, and to those for another input's label.
        seed: of the controls and the bootstrap; methods that draw have seeds of their own.
        client: a ``distributed.Client`` of a Dask cluster, whose workers answer blocks of inputs, to the same table bit
            for bit; a worker that is lost costs its block.

    Raises:
        TypeError, ValueError, LookupError: arguments that do not fit; the folder of another study; or all inputs fail.
        ImportError: pyarrow is missing (extra ``studies``).
        OSError: the folder cannot be written, or the cluster is lost (a ConnectionError).
    """
    imported("pyarrow")
    require_client(client)
    place = as_path(folder, "folder is the path of a directory, a text or a Path")
    task = Task(
        _models(model),
        Inputs(inputs, baseline, players, targets, names),
        _methods(methods),
        output,
        None if order is None else whole(order, "order is the largest number of players of a coalition", 1),
        None if budget is None else whole(budget, "budget is the number of model calls of one measured allocation", 0),
        whole(rows, "rows is the number of effects that are recorded one by one", 0),
        _controls(controls),
        whole(seed, "seed is that of all that is drawn", 0),
    )
    carry_out(task, place, client)
    found = Study(place)
    found.require_some()
    return found


def carry_out(task: Task, place: Path, client: Any = None) -> None:
    """Answer what is missing in a folder, and write the table."""
    ranges = tuple(spans(len(task.inputs), BLOCK))
    with opened(place, manifest(task), ranges) as folder:
        missing = folder.missing()
        left = sum(stop - start for start, stop in missing)
        with whole_progress(len(task.inputs), "study", len(task.inputs) - left, unit="input") as moved:
            for span, records in _answered(task, missing, client):
                folder.keep(span, records)
                moved(span[1] - span[0])
        if missing or not folder.joined:
            folder.join()


def _answered(task: Task, missing: list[Span], client: Any) -> Iterator[tuple[Span, Records]]:
    """The records of ranges of inputs, in order here, or as they come from the workers of a cluster."""
    if client is not None:
        return on_workers(client, task, _answer, missing, task.device)
    return ((span, task.answers(*span)) for span in missing)


def _answer(task: Task, span: Span) -> Records:
    return task.answers(*span)


def _controls(given: Any) -> tuple[str, ...]:
    """The controls, those that are known."""
    wanted = [given] if isinstance(given, str) else entries(given, RULE)
    for each in wanted:
        if each not in KINDS:
            raise ValueError(f"{RULE}, not {shown(each)}")
    return tuple(kind for kind in KINDS if kind in wanted)


def _models(given: Any) -> dict[str, Any]:
    """Models by name."""
    if not isinstance(given, Mapping):
        return {"model": given}
    if not given or not all(isinstance(name, str) and name for name in given):
        raise TypeError(f"several models are a mapping from their names, texts, to models, not {shown(given)}")
    return dict(given)


def _methods(given: Any) -> dict[str, Any]:
    """Methods by name; those that are called alike are refused."""
    if isinstance(given, Mapping):
        pairs = list(given.items())
    else:
        wanted = usual() if given is None else list(METHODS) if given == ALL else given
        if isinstance(wanted, str) or not isinstance(wanted, Iterable):
            wanted = [wanted]
        pairs = [(_name(each), each) for each in wanted]
    names = [name for name, _ in pairs]
    if not pairs or not all(isinstance(name, str) and name for name in names):
        raise TypeError(f"methods are names, methods or callables, or a mapping of them by name, not {shown(given)}")
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if twice is not None:
        raise ValueError(
            f"methods are told apart by their names, and {twice!r} is there twice; name them in a mapping: "
            f'methods={{"{twice} A": …, "{twice} B": …}}'
        )
    return {name: method(each) if isinstance(each, str) else each for name, each in pairs}


def _name(given: Any) -> str:
    if isinstance(given, (str, AbstractMethod)):
        return given if isinstance(given, str) else given.name
    return str(getattr(given, "__name__", "") or type(given).__name__)
