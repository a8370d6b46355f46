"""What a person asks about: every kind of question is a type, and its fields are the words that it takes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import fields
from typing import ClassVar

from synergy.examples.example import Example


class AbstractQuestion(ABC):
    """A question of the command line: ``subject`` is its argument, the other fields are its own options.

    Every field is a text as it was typed, and None where it was not given.
    """

    kind: ClassVar[str]
    help: ClassVar[str]
    subject: str | None

    @abstractmethod
    def example(self) -> Example:
        """The question, ready to be asked.

        Raises:
            LookupError, ValueError, TypeError: a word that cannot be read.
            ImportError, OSError: what it names is not here.
        """

    @classmethod
    def options(cls) -> tuple[str, ...]:
        """The options of its own, beside those that every question has."""
        return tuple(field.name for field in fields(cls) if field.name != "subject")  # type: ignore[arg-type]


def required(subject: str | None, kind: str, such_as: str) -> str:
    """The subject of a question that has no default.

    Raises:
        ValueError: none came.
    """
    if not (subject and subject.strip()):
        raise ValueError(f"synergy explain {kind} asks about a subject, and none came; give one: {kind} {such_as}")
    return subject
