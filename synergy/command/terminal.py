"""What a person reads in the terminal: lines in which nothing acts on it, and a mistake as one line."""

from __future__ import annotations

import traceback

import typer

from decompositions.visible import in_one_line, visible

SAID = (ValueError, TypeError, LookupError, ImportError, OSError, MemoryError)  # errors whose message says the rule


def say(text: str, *, err: bool = False) -> None:
    """Print lines in which nothing acts on the terminal."""
    typer.echo(visible(text, "\n"), err=err)


def message(error: Exception) -> str:
    """The rule, what came and the way out; of an error of somebody else's where it was raised."""
    usage = getattr(error, "format_message", None)  # of typer's own errors
    if usage is not None:
        said = in_one_line(usage()).rstrip(".")
        return f"{said}; see synergy --help" if said else ""  # without any word the help was shown
    text = _said(error)
    text = "; ".join([text, *getattr(error, "__notes__", [])])
    if isinstance(error, SAID) and text:
        return in_one_line(text)
    place = traceback.extract_tb(error.__traceback__)[-1]
    return in_one_line(f"{type(error).__name__}: {text} (in {place.name}, line {place.lineno} of {place.filename})")


def _said(error: Exception) -> str:
    """The message of an error without what Python puts around it."""
    if isinstance(error, KeyError) and error.args:
        return str(error.args[0])
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)
