"""Game: the question. A model, an input and a baseline, asked of players."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn

from decompositions import show
from decompositions.arguments import entries, shown, yes_or_no
from decompositions.arithmetic import Array, as_array
from decompositions.counts import several
from decompositions.games.cube import AbstractCube, Calls
from decompositions.games.from_layer import layer_cube
from decompositions.games.from_rows import is_rows, row_cube
from decompositions.games.from_text import Asked, text_cube
from decompositions.games.from_torch import as_input, asked, function_cube, own_input
from decompositions.games.function_cube import FunctionCube
from decompositions.games.names import names_of
from decompositions.games.pieces import AbstractPieces
from decompositions.games.table_cube import TableCube
from decompositions.games.trial import tried
from decompositions.mobius import table_size
from decompositions.models.embedding import embedding_of
from decompositions.models.inputs import baseline_of, inputs_of
from decompositions.models.model_function import ModelFunction, Target, require_weights
from decompositions.models.undisturbed import outside_inference
from decompositions.settings import setting
from decompositions.visible import visible


@dataclass(frozen=True, eq=False)
class Game:
    r"""g(t) = f(b + Σᵢ tᵢ dᵢ) on the unit cube of n players, with g(0) = f(b) and g(1) = f(x).

    Build one with :meth:`from_model`, :meth:`from_layer`, :meth:`from_text`, :meth:`from_function`,
    :meth:`from_expression` or :meth:`from_values`. Calling it evaluates g; at corners the inputs are x or b themselves.

    Theory: :ref:`game-on-the-cube`.

    >>> game = Game.from_function(lambda z: z[:, 0] * z[:, 1], [2.0, 3.0], 0.0)
    >>> game([[1, 1], [1, 0.5]]).tolist()
    [6.0, 3.0]

    Args:
        cube: g.
        names: of the players.
        pieces: what the entries of x are called, where they have names of their own: tokens of a text, columns.
    """

    cube: AbstractCube
    names: tuple[str, ...]
    pieces: AbstractPieces | None = None

    @classmethod
    @outside_inference()
    def from_model(
        cls,
        model: Any,
        x: Any,
        baseline: Any = 0.0,
        *,
        target: Target = None,
        players: Any = None,
        output: str = "logit",
        weights: Any = None,
        names: Sequence[str] | None = None,
        chunk: int | None = None,
        bound: Mapping[str, Any] | None = None,
        explain: str | None = None,
        embedding: Any = None,
    ) -> Game:
        """A torch model in eval mode, or a function of NumPy rows or of a DataFrame.

        What x is, the function gets: ``forest.predict_proba`` with a NumPy row or a DataFrame of one row as x, whose
        columns may be of any type, and one row or a background set as the baseline. Every cell that it is given is x's
        or a baseline's. The players are the columns, in their names.

        A few of the masked inputs are tried here, about 30 in all: alone, again and in batches, to see whether the
        model is a function of each input alone, and how exactly it computes. Whatever it writes into its buffers and
        attributes is undone after every use.

        Args:
            model: called with batches shaped like x; its dtype and device are used as they are. Or a function of rows.
            x: the input with its batch axis, shape ``(1, *shape)``; or a mapping of the model's argument names to
                tensors, as tokenizers and processors give it, one of which is explained and the rest bound. Of a
                function, one row: an array ``(d,)`` or ``(1, *shape)``, a DataFrame of one row, or a Series.
            baseline: a number, a tensor like the explained one, or a batch of K of them, ``(K, *shape)``; or a mapping
                that holds it under the same name, and the rest as x does. Of a function, rows of the kind of x, of the
                same columns and types.
            target: an index, a tuple of indices, or a function from the output to one number per row. Where the model
                gives several tensors in a mapping, a tuple or a dataclass, a tuple begins with the way to one of them,
                ``("logits", 3)``, unless there is no other. The name of a class, where the function is a method of what
                has ``classes_``.
            players: an integer tensor that broadcasts to x, entry → player; None makes every entry a player. Of a row,
                a mapping of names to columns, too: ``{"place": ["lat", "lon"]}``; the others are players by themselves.
            output: "logit" (the output as it is), "probability" (softmax or sigmoid of it) or "log_odds".
            weights: of the baselines, non-negative; equal by default.
            names: of the players, one per player in their order; a text names them by its letters.
            chunk: inputs handed to the model at once; None for as many as fit the cache, by the sizes of its
                intermediate results for x. Where memory runs out, half as many are tried. With 1 a model whose rows
                depend on each other, or into which the size of a batch is written, is asked for one input at a time.
            bound: the model's other arguments by name, which stay as they are; tensors of batch 1 are expanded.
            explain: the name of the argument that x is, or of the explained tensor among several; by itself the only
                tensor of a mapping is found, or its only one of floating-point numbers.
            embedding: for whole-number ids the module, or its dotted name, whose output gradients, inner points of the
                cube, series and layer-wise methods go by (:attr:`embedded`); None asks the model's own
                ``get_input_embeddings()``, or takes its only ``nn.Embedding``.

        Raises:
            TypeError, ValueError, LookupError: whatever does not fit, said with the way out.
        """
        if is_rows(x) and not isinstance(model, nn.Module):
            _require_unset(output=output != "logit", bound=bound, explain=explain, embedding=embedding)
            return cls._of_rows(row_cube(model, x, baseline, target, players, weights, chunk), names)
        inputs = inputs_of(x, explain, bound)
        baseline = baseline_of(baseline, inputs)
        require_weights(model)
        inputs = replace(inputs, explained=own_input(inputs.explained))
        cube = function_cube(asked(model, inputs, target, output), inputs.explained, baseline, players, weights, chunk)
        return cls._of(replace(cube, embedding=embedding_of(model, embedding, inputs.explained)), names)

    @classmethod
    @outside_inference()
    def from_layer(
        cls,
        model: nn.Module,
        x: Any,
        baseline: Any,
        layer: str,
        *,
        target: Target = None,
        players: Any = None,
        reference: Any = None,
        around: bool = False,
        output: str = "logit",
        weights: Any = None,
        names: Sequence[str] | None = None,
        chunk: int | None = None,
        bound: Mapping[str, Any] | None = None,
        explain: str | None = None,
    ) -> Game:
        r"""The network behind a layer: f = H ∘ G is asked about H, at what the layer gives for x and for b.

        .. math:: g(t) = H\Bigl(G(b) + \sum_i t_i\, \bigl(G(x) - G(b)\bigr)_i\Bigr)

        An absent neuron is as it is at the baseline. The layer is called once per input, for one tensor, or for
        several of which the first is meant. A layer beside a skip path does not cut the network, and is refused, but
        for ``around=True``: then all that leads around it is one more player, the last one, which sees x where it is
        there and b where it is not.

        Args:
            model, x, baseline, target, output, weights, names, chunk, bound, explain: as in :meth:`from_model`.
            layer: the name of a module, as in ``named_modules()``.
            players: "neurons" (every entry of what the layer gives), "channels", "locations", "tokens", "heads:4" or
                "axis:2" (:func:`decompositions.games.layer_players.layer_players`), or an integer tensor that
                broadcasts to it, ``(1, *shape)``; None for the channels of a map, else the neurons.
            reference: what the layer gives where players are absent, instead of G(b): a number (Grad-CAM's 0), a tensor
                like G(x), or a batch of them.
            around: whether what leads around the layer is a player.

        Raises:
            TypeError, ValueError, LookupError: whatever does not fit, said with the way out.

        >>> net = nn.Sequential(nn.Linear(2, 2, bias=False), nn.ReLU(), nn.Linear(2, 1, bias=False)).eval()
        >>> net[0].weight.data, net[2].weight.data = torch.eye(2), torch.ones(1, 2)
        >>> Game.from_layer(net, torch.tensor([[3.0, 2.0]]), 0.0, "1")([[0, 0], [1, 0], [1, 1]]).tolist()
        [0.0, 3.0, 5.0]
        """
        inputs = inputs_of(x, explain, bound)
        baseline = baseline_of(baseline, inputs)
        yes_or_no(around, "around says whether what leads around the layer is a player")
        require_weights(model)
        inputs = replace(inputs, explained=own_input(inputs.explained))
        whole = torch.zeros((1,) * inputs.explained.ndim, dtype=torch.int64)
        cube = function_cube(asked(model, inputs, target, output), inputs.explained, baseline, whole, weights, 1)
        cube, known = layer_cube(cube, layer, players, reference, around, chunk)
        return cls._of(cube, known if names is None else names)

    @classmethod
    @outside_inference()
    def from_text(
        cls,
        model: nn.Module,
        tokenizer: Any,
        text: str,
        *,
        target: Any,
        players: Any = "words",
        absent: str | int = "mask",
        output: str = "logit",
        embedding: Any = None,
        chunk: int | None = None,
    ) -> Game:
        """A model of texts, in the interface of transformers: a classifier, or a causal language model.

        The special tokens that the tokenizer adds, or that the text holds, stay and are no players; the attention mask
        and token types are bound; padding is left out.

        Args:
            model: a ``…ForSequenceClassification`` or ``…ForCausalLM`` in eval mode; the ids go to its device.
            tokenizer: a fast one, which says where in the text its tokens lie.
            text: to be explained.
            target: of a classifier, the name of a class (``config.label2id``) or its number. Of a language model, how
                the text goes on: letters, with the space before them, or the ids of the tokens; the value is their
                log-probability given the text, from one forward pass, and for one token that of the next one. Or a
                function from the output to one number per row.
            players: "words" (what white space separates; all tokens of a word are one player), "tokens", "clauses"
                (what punctuation separates), or spans in a list or in a mapping from names: pairs of characters
                (first, beyond the last), or parts of the text that occur in it once. Tokens in no span stay.
            absent: what stands for each token of an absent player: "mask" or "pad" (the tokenizer's tokens, which the
                model attends to), or an id. With "remove" it is taken out, the tokens after it move up, and there is
                nothing between present and absent: methods that only remove players are left.
            output, embedding, chunk: as in :meth:`from_model`.

        Raises:
            TypeError, ValueError, LookupError: whatever does not fit, said with the way out.
        """
        about = Asked(target, players, absent, output, embedding, chunk)
        return cls._of(*text_cube(model, tokenizer, text, about))

    @classmethod
    @outside_inference()
    def from_function(
        cls,
        f: Callable[[Any], Any],
        x: Any,
        baseline: Any = 0.0,
        players: Any = None,
        *,
        target: Target = None,
        weights: Any = None,
        names: Sequence[str] | None = None,
        chunk: int | None = None,
    ) -> Game:
        """A function of batches, ``(batch, d)`` → ``(batch,)``; arguments as in :meth:`from_model`.

        What x is, f gets: NumPy rows, or those of a DataFrame, where f may give several outputs and ``target`` names
        one. A tensor, or a list of numbers (float64), makes f a torch function. x and the baseline leave out the batch
        axis when f takes vectors; small inputs are handed over 4096 at once. f may answer with a NumPy array. Like a
        model, it is tried here at a few of the masked inputs.
        """
        if not callable(f):
            raise TypeError(f"f is a function from a batch of inputs to one number for each, not {shown(f)}")
        if is_rows(x) and not isinstance(f, nn.Module):
            return cls._of_rows(row_cube(f, x, baseline, target, players, weights, chunk), names)
        if target is not None:
            raise ValueError(
                f"target={shown(target)} chooses an output of a function of rows; of a torch function write f with one "
                "number per input, as in lambda z: f(z)[:, 3]"
            )
        x, baseline = own_input(as_input(x)), baseline if np.isscalar(baseline) else as_input(baseline)
        return cls._of(function_cube(f, x, baseline, players, weights, chunk), names)

    @classmethod
    @outside_inference()
    def from_trees(
        cls,
        model: Any,
        x: Any,
        baseline: Any,
        *,
        target: Any = None,
        players: Any = None,
        weights: Any = None,
        names: Sequence[str] | None = None,
    ) -> Game:
        """A forest or a boosting model, read as the sum of its trees: exact effects of any number of features.

        It is the game of :meth:`from_model` about the model's own output. As that is a sum of leaves, its dividends,
        and with them Shapley values, are known without the 2ⁿ coalitions. Of boosting classifiers the output is the
        margin (log-odds), as a probability is no sum of trees; of forests it is the probability of a class. The leaves
        are compared with the model at x, at baselines and at mixtures of them.

        Args:
            model: fitted; scikit-learn's decision trees, random forests, extra trees, (histogram) gradient boosting,
                XGBoost or LightGBM.
            x: one row, an array ``(d,)`` or ``(1, d)``, a DataFrame of one row, or a Series.
            baseline: a number for all cells, a row, or a background set of rows, whose mean game is asked about.
            target: the number of a class, counted from 0, or its name; where classes are numbers themselves and not so
                counted, the name as text, ``"3"``. Of a regression with several outputs the number of one. A boosting
                classifier of two classes is asked for the margin of the second without it.
            players: as in :meth:`from_model`; several features may be one player.
            weights: of the baselines, non-negative; equal by default.
            names: of the players.

        Raises:
            TypeError, ValueError, LookupError: whatever does not fit, said with the way out.
            RuntimeError: the leaves do not add up to the model's output.
        """
        from decompositions.games.from_trees import tree_cube  # it is loaded only where there are trees

        cube, known, columns = tree_cube(model, x, baseline, target, players, weights)
        return cls(cube, names_of(known if names is None else names, cube.n), columns)

    @classmethod
    def from_expression(
        cls,
        expression: Any,
        x: Mapping[Any, Any],
        baseline: Any = 0,
        *,
        weights: Any = None,
        parameters: Sequence[Any] = (),
    ) -> Game:
        """A SymPy expression in exact arithmetic: effects, allocations and attributions are exact numbers.

        With ``parameters`` they are expressions, expanded, in which what vanishes identically is 0
        (:func:`decompositions.expressions.normal_form.vanishes`).

        Args:
            expression: a SymPy expression, or a string that SymPy reads.
            x: symbol (or its name) → number; the order is the players' order. Floats are read as decimals.
            baseline: likewise, or one number for all, or a list of mappings.
            weights: of the baselines; equal by default.
            parameters: other symbols (or their names) that may stay, in the expression, in x or in the baseline.

        >>> import sympy
        >>> Game.from_expression("x1*x2", {"x1": 2, "x2": sympy.Rational(1, 3)})([[1, 1]])
        array([2/3], dtype=object)
        """
        from decompositions.games.from_expression import expression_cube  # SymPy is loaded only where it is used

        cube = expression_cube(expression, x, baseline, weights, parameters)
        return cls(cube, tuple(symbol.name for symbol in cube.symbols))

    @classmethod
    def from_values(cls, values: Any, *, names: Sequence[str] | None = None) -> Game:
        """A table of the 2ⁿ values of the coalitions, position = bitmask (bit i = player i). Shape ``(..., 2**n)``.

        >>> Game.from_values([0., 1., 2., 7.]).n
        2
        """
        table = as_array(values)
        n = table_size(table.shape[-1] if table.ndim else 0)
        return cls(TableCube(table), names_of(names, n))

    @property
    def n(self) -> int:
        """The number of players."""
        return self.cube.n

    def __repr__(self) -> str:
        some = ", ".join(self.names[:5]) + (", …" if self.n > 5 else "")
        return visible(f"Game({several(self.n, 'player')}: {some}; {type(self.cube).__name__})")

    def _repr_html_(self) -> str | None:
        return show.notebook(self)

    def __call__(self, t: Any) -> Array:
        """g at points of the cube. Shape ``(batch, n)`` → ``(..., batch)``."""
        return self.cube.values(self.points(t))

    def gradient(self, t: Any) -> Array:
        """∂g/∂tᵢ at points of the cube. Shape ``(batch, n)`` in and out."""
        return self.cube.gradient(self.points(t))

    def slopes(self, t: Any) -> Array:
        """Σ ∂f/∂x over each player's entries at points of the cube, the mean over the baselines. ``(batch, n)``."""
        return self.cube.slopes(self.points(t))

    def points(self, t: Any) -> Array:
        """Rows of n numbers in the game's number system and on its device.

        Raises:
            ValueError: another shape.
        """
        points = self.cube.array(t)
        if points.ndim != 2 or points.shape[1] != self.n:
            came = tuple(points.shape)
            raise ValueError(f"points of the cube are rows of {self.n} numbers, shape (batch, {self.n}), not {came}")
        return points

    @outside_inference()
    def ends(self, ends: Any = None) -> Array:
        """End points x_T as rows of zeros and ones in the game's number system; x itself for None.

        Raises:
            TypeError: no numbers.
            ValueError: numbers that are not finite, or another shape.
        """
        if ends is None:
            return self.points(np.ones((1, self.n), dtype=np.int64))
        if isinstance(ends, torch.Tensor) and ends.dtype == torch.bool:
            ends = ends.to(torch.uint8)
        points = self.points(ends)
        if isinstance(points, torch.Tensor) and not points.is_meta and not points.isfinite().all():
            raise ValueError(f"end points are rows of finite numbers, 1 for every player there, not {shown(ends)}")
        return points

    @property
    def embedded(self) -> Game:
        """The same question at the output of the embedding, where x is whole-number ids; any other game is itself.

        At the corners both are the same, bit for bit; the players stay the positions.

        Raises:
            TypeError: ids without an embedding.
            ValueError: the model is no function of its embedding's output alone.
        """
        if not isinstance(self.cube, FunctionCube) or self.cube.x.is_floating_point():
            return self
        return replace(self, cube=self.cube.embedded())

    def tabulated(self, values: Array) -> Game:
        """The same players with known values at the corners. Shape ``(2**n,)``."""
        return Game(TableCube(values), self.names)

    @outside_inference()
    def smoothed(self, noise: Any) -> Game:
        """The mean of g over shifts of x and b by the rows of ``noise``. Shape ``(samples, entries)``."""
        return replace(self, cube=self.cube.smoothed(noise))

    def regrouped(self, players: Any, names: Sequence[str] | None = None) -> Game:
        """The same model, input and baseline, asked of other players; no call is made.

        Args:
            players: as in :meth:`from_model`, an integer tensor that broadcasts to x.
            names: of the players; x0, x1, … by default.

        Raises:
            TypeError, ValueError: no such players or names; or a game that is not of a model's or function's input.
        """
        if not isinstance(self.cube, FunctionCube):
            raise ValueError(
                "players are other groups of the same entries of an input, and this game has none: that of an "
                "expression has one player per symbol, and a table one per bit of its coalitions"
            )
        cube = self.cube.regrouped(players)
        return replace(self, cube=cube, names=names_of(names, cube.n))

    def softened(self, beta: float) -> Game:
        """The same question about the function with its kinks (ReLU, abs, max pooling) rounded off on the scale 1/β.

        Raises:
            ValueError: β is not above zero, or a game without a torch function.
        """
        if not isinstance(self.cube, FunctionCube):
            raise ValueError("only a torch function has kinks to round off; this game is of an expression or a table")
        return replace(self, cube=self.cube.softened(beta))

    def watched(self, on_calls: Calls) -> Game:
        """The same game, which reports the number of model calls after each batch."""
        return replace(self, cube=self.cube.watched(on_calls))

    def rehearsal(self, on_calls: Calls) -> Game:
        """A game of the same shape that counts calls without paying for them; its values mean nothing."""
        return replace(self, cube=self.cube.rehearsal(on_calls))

    @property
    def model(self) -> nn.Module | None:
        """The model that is explained (with its output of the kind asked for), if there is one."""
        f = self.cube.f if isinstance(self.cube, FunctionCube) else None
        return f.module if isinstance(f, ModelFunction) else None

    @classmethod
    def _of_rows(
        cls, found: tuple[FunctionCube, tuple[str, ...] | None, AbstractPieces | None], names: Sequence[str] | None
    ) -> Game:
        """The question about a function of rows, whose columns may have names."""
        cube, known, columns = found
        return cls._of(cube, known if names is None else names, columns)

    @classmethod
    def _of(cls, cube: FunctionCube, names: Sequence[str] | None, pieces: AbstractPieces | None = None) -> Game:
        """The question about a function, which is tried first."""
        named = names_of(names, cube.n)
        return cls(replace(cube, rounding=tried(cube, cube.active(), named)), named, pieces)


def _require_unset(**settings: Any) -> None:
    """Refuse settings that only a torch model has.

    Raises:
        ValueError: names the first.
    """
    given = [name for name, value in settings.items() if value]
    if given:
        raise ValueError(
            f"{setting(given[0])} is a setting of torch models, and x is a row for a function; write what you mean "
            "into the function, as in lambda rows: np.log(forest.predict_proba(rows))"
        )


def require_game(game: Any, who: str) -> None:
    """Refuse what is no game.

    Raises:
        TypeError: something else.
    """
    if not isinstance(game, Game):
        raise TypeError(f"{who} asks a Game, not {shown(game)}; build one with Game.from_model or Game.from_function")


def require_games(games: Any, who: str) -> list[Game]:
    """Several games as a list.

    Raises:
        TypeError: no list, or something else in it.
    """
    found = entries(games, f"{who} asks a list of Games")
    for game in found:
        require_game(game, who)
    return found
