r"""How a value shows itself: six verbs, ``formula``, ``text``, ``figure``, ``page``, ``html`` and ``frame``.

A value calls the verb, ``return show.figure(self, path)``, and knows no printer; a printer, in a showing room,
registers itself by the class of what it shows, ``@show.figure.register(Comparison)``. So imports run one way, and what
a printer needs (SymPy's LaTeX, matplotlib, a template) is loaded when something is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch
from typing import Any

from decompositions.arguments import shown


@dataclass(frozen=True)
class Formula:
    """A formula that a notebook shows as LaTeX and a terminal as text.

    Args:
        text: in Unicode, perhaps in several lines.
        latex: in mathematical mode, without the dollar signs.
    """

    text: str
    latex: str

    def _repr_latex_(self) -> str:
        return rf"$\displaystyle {self.latex}$"

    def __repr__(self) -> str:
        return self.text


@singledispatch
def formula(value: Any, *how: Any, **settings: Any) -> Formula:
    """A value as a formula, for a terminal and for a notebook.

    Raises:
        TypeError: a value that has no formula.
    """
    raise _shapeless("formula", formula.registry, value)


@singledispatch
def text(value: Any, *how: Any, **settings: Any) -> str:
    """A value as text, for a terminal.

    Raises:
        TypeError: a value that has no text.
    """
    raise _shapeless("text", text.registry, value)


@singledispatch
def figure(value: Any, *how: Any, **settings: Any) -> Any:
    """A value as a matplotlib figure.

    Raises:
        TypeError: a value that has no figure.
    """
    raise _shapeless("figure", figure.registry, value)


@singledispatch
def page(value: Any, *how: Any, **settings: Any) -> Any:
    """A value as a page of HTML in a file.

    Raises:
        TypeError: a value that has no page.
    """
    raise _shapeless("page", page.registry, value)


@singledispatch
def html(value: Any) -> str:
    """A value as a small piece of HTML, for a notebook.

    Raises:
        TypeError: a value that has none.
    """
    raise _shapeless("html", html.registry, value)


def notebook(value: Any) -> str | None:
    """What a notebook shows; None, so that it shows what else there is, where no printer is loaded."""
    return html(value) if html.dispatch(type(value)) is not html.dispatch(object) else None


@singledispatch
def frame(value: Any, *how: Any) -> Any:
    """A value as a pandas DataFrame.

    Raises:
        TypeError: a value that has none.
        ImportError: pandas is missing.
    """
    raise _shapeless("frame", frame.registry, value)


def _shapeless(verb: str, registry: Any, value: Any) -> TypeError:
    """The error for a value that has no such form; it names the classes that have one."""
    known = ", ".join(sorted(each.__name__ for each in registry if each is not object)) or "nothing so far"
    return TypeError(f"{verb}() shows {known}, not {shown(value)}")
