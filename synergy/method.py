"""What an attribution method is, and the registry of all of them."""

from __future__ import annotations

import inspect
import sys
from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

from decompositions.arguments import shown
from decompositions.arithmetic import Array
from decompositions.games.game import Game, require_game
from synergy.calls import Calls
from synergy.estimate import Estimate
from synergy.moments import Moments
from synergy.policies.layer_policy import LayerPolicy
from synergy.policies.policy import Policy


class AbstractMethod(ABC):
    """An attribution method: a policy (the theory) and the published algorithm (the practice).

    Subclass it, decorate the class with :func:`register`, and it works like a built-in one; its settings are the
    fields of a dataclass. The two halves are written independently and compared by the tests.
    """

    name: ClassVar[str] = ""  # given by @register
    title: ClassVar[str] = ""  # as texts call it
    formula: ClassVar[str] = ""  # of the policy
    reference: ClassVar[str] = ""  # key in docs/references.bib
    scope: ClassVar[str] = "game"  # whose effects the policy shares: "game", "feature map", "layer"; "signal": none
    besides: ClassVar[bool] = False  # kept apart from the fourteen in tables, and compared only where it is asked for
    target: ClassVar[str] = "f(x) − f(b)"  # what the attributions are meant to explain
    independent: ClassVar[str] = ""  # the policy on independent effects, for the tables
    interaction: ClassVar[str] = ""  # the policy on interaction effects
    expansion: ClassVar[str] = "f at b"  # whose effects, at which point
    holds: ClassVar[str] = ""  # the class of models on which all three criteria hold
    all_three: ClassVar[bool] = False  # whether the theory's own summary says that it meets all three
    counterexample: ClassVar[str] = ""  # the case of the bank on which a criterion fails
    judged_with: ClassVar[Mapping[str, Any]] = MappingProxyType({})  # settings, where its policy shows only with them
    variants: ClassVar[tuple[Mapping[str, Any], ...]] = ({},)  # settings under which it is another rule
    at_x: ClassVar[bool] = False  # whether the policy's weights belong to x, so that rows of subsets are others
    work: ClassVar[int] = 1  # forward passes that take as long as one model call of its own
    corners: ClassVar[bool] = False  # whether the algorithm looks at masked inputs only

    @abstractmethod
    def policy(self, game: Game) -> Policy | LayerPolicy:
        """The rule that shares the effects of the game (of the head, of every neuron: see ``scope``).

        Raises:
            ValueError: the method has no policy over this game's effects; the reason is said.
        """

    @abstractmethod
    def attribute(self, game: Game, ends: Any = None) -> Array:
        """The published algorithm.

        Args:
            game: the question.
            ends: a batch of end points x_T, rows of zeros and ones, ``(m, n)``; the baseline stays b. None for x.

        Returns:
            One value per player, ``(..., n)``, or ``(..., m, n)`` for a batch of end points.
        """

    def answer(self, game: Game, ends: Any = None) -> Estimate:
        """The attributions of ``attribute``, with what is known of them."""
        return Estimate(self.attribute(game, ends))

    def price(self, game: Game) -> int:
        """Model calls for one end point, counted without paying for them."""
        calls = Calls()
        self.attribute(game.rehearsal(calls), game.ends())
        return calls.count

    def settled(self, game: Game, found: Estimate, ends: Array) -> AbstractMethod:
        """This method by the rule that gave its attributions at x.

        Args:
            game: the question.
            found: the attributions at x.
            ends: some of the end points that it will be asked at. Shape ``(m, n)``.
        """
        return self

    def taking(self, game: Game, paid: int, ends: Array) -> float:
        """Model calls for one end point, on average over some, where those at x are known.

        Args:
            game: the question.
            paid: calls at x.
            ends: Shape ``(m, n)``.
        """
        return float(paid)

    def question(self) -> Hashable:
        """A key that methods share which give the same numbers on every game; None for a method like no other."""
        return None

    def within(self, game: Game, calls: int) -> AbstractMethod | None:
        """This method by a rule that takes at most so many model calls for one end point; None if it has no choice.

        A method that chooses its rule may take a cheaper one, whose larger error it states; settings that a person
        gave are kept.
        """
        return None


class AbstractEstimate(AbstractMethod):
    """A method whose algorithm has a numerical error of its own: a quadrature, a sample."""

    @abstractmethod
    def estimate(self, game: Game, ends: Any = None) -> tuple[Array, Array]:
        """The attributions of ``attribute``, and the size of their numerical error, of the same shape."""

    def answer(self, game: Game, ends: Any = None) -> Estimate:
        return Estimate(*self.estimate(game, ends))


class AbstractMean(AbstractEstimate):
    """A mean over draws that are the same at every end point, so that its errors there are one error, not many."""

    @abstractmethod
    def draws(self, game: Game, ends: Any = None) -> Iterator[Array]:
        """The attributions by every draw alone; their mean is ``attribute``'s. Shape ``(m, n)`` each."""

    def estimate(self, game: Game, ends: Any = None) -> tuple[Array, Array]:
        """The mean over the draws and its standard error."""
        require_game(game, "an attribution method")
        moments = Moments()
        for draw in self.draws(game, ends):
            moments.add(draw)
        mean, error = moments.mean, moments.error
        return (mean[0], error[0]) if ends is None else (mean, error)


ITS_OWN = "its own"  # the target of attributions of which nothing is known that they add up to

ALL = "all"  # in place of the names of all methods

_REGISTRY: dict[str, type[AbstractMethod]] = {}
METHODS: Mapping[str, type[AbstractMethod]] = MappingProxyType(_REGISTRY)
_HOME = Path(__file__).parent / "methods"


def usual() -> list[str]:
    """The names of the methods that are compared by default: all but those besides the fourteen."""
    return [name for name, cls in METHODS.items() if not cls.besides]


def register(method: type[AbstractMethod] | str) -> Any:
    """Add a method to the registry: ``@register`` in a file named for it, ``@register("my_method")`` anywhere.

    Raises:
        TypeError: not a subclass of AbstractMethod, or one with missing parts.
        ValueError: no name, or a built-in method's.
    """
    if isinstance(method, str):
        if not method.isidentifier():
            raise ValueError(f'a method is named by one word, as @register("my_method"), not {shown(method)}')
        return lambda cls: _add(cls, method)
    _require_class(method)
    source = _source(method)
    if source is None or method.__module__ == "__main__":
        raise ValueError('outside a file of its own a method needs a name: @register("my_method")')
    return _add(method, Path(source).stem)


def method(name: str, **settings: Any) -> AbstractMethod:
    """The method of that name with its settings.

    Raises:
        LookupError: no such method; the nearest name is said.
        TypeError: a setting that it does not have.

    >>> method("shapley").formula
    '1[i∈S] / |S|'
    """
    if not isinstance(name, str):
        raise TypeError(f'a method is asked for by its name, as method("shapley"), not by {shown(name)}')
    if name not in METHODS:
        near = get_close_matches(str(name), METHODS, n=1, cutoff=0.5)
        hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(METHODS)}"
        raise LookupError(f"no attribution method {shown(name)}; {hint}")
    taken = inspect.signature(METHODS[name])
    try:
        taken.bind(**settings)
    except TypeError as error:
        raise TypeError(f"{name} has {', '.join(taken.parameters) or 'no settings'}: {error}") from error
    return METHODS[name](**settings)


def kept(method: AbstractMethod, setting: str, value: Any) -> None:
    """Keep a setting of a frozen method as Python's own number, which NumPy's or torch's became when it was checked."""
    object.__setattr__(method, setting, value)


def _add(cls: type[AbstractMethod], name: str) -> type[AbstractMethod]:
    _require_class(cls)
    missing: frozenset[str] = getattr(cls, "__abstractmethods__", frozenset())
    if missing:
        raise TypeError(f"method '{name}' lacks {', '.join(sorted(missing))}")
    known = _REGISTRY.get(name)
    if (
        known is not None
        and _is_built_in(known)
        and known.__qualname__ + known.__module__ != cls.__qualname__ + cls.__module__
    ):
        raise ValueError(f"'{name}' is a built-in method; take another name")
    cls.name = name
    _REGISTRY[name] = cls
    return cls


def _require_class(cls: Any) -> None:
    if not (isinstance(cls, type) and issubclass(cls, AbstractMethod)):
        raise TypeError(f"a method is a subclass of AbstractMethod, with policy() and attribute(), not {shown(cls)}")


def _is_built_in(cls: type[AbstractMethod]) -> bool:
    return Path(_source(cls) or "").parent == _HOME


def _source(cls: type) -> str | None:
    """The file in which a class was written; None for a cell."""
    return getattr(sys.modules.get(cls.__module__), "__file__", None)
