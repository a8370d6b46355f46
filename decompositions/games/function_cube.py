"""A function of torch tensors as a function on the cube."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn

from decompositions.arguments import shown
from decompositions.arithmetic import real_numbers, wide
from decompositions.games.cube import POINTS, AbstractCube, Calls, both, ignore
from decompositions.games.players import check
from decompositions.memory import is_out_of_memory
from decompositions.models.before import Before
from decompositions.models.embedding import Embedding, embeddings, require_positions
from decompositions.models.full_precision import differentiable, full_precision
from decompositions.models.held import models_of
from decompositions.models.model_function import ModelFunction, require_dense
from decompositions.models.precision import HALF, too_coarse
from decompositions.models.row_function import RowFunction
from decompositions.models.softening import Softened, in_double
from decompositions.models.undisturbed import outside_inference, undisturbed

NEEDED = "gradients, inner points of the cube, series and layer-wise methods"
SEEN = 8  # corners at which ids and their vectors must give the same


@dataclass(frozen=True, eq=False)
class FunctionCube(AbstractCube):
    """g(t) for a batched torch function f.

    Args:
        f: inputs ``(batch, *shape)`` → ``(batch,)``.
        x: end points, one per baseline or one for all. Shape ``(K or 1, *shape)``.
        baseline: Shape ``(K, *shape)``, dtype and device of x.
        weights: of the baselines, summing to one. Shape ``(K,)``, float64.
        players: entry → player, broadcastable to ``shape``, on the device of x.
        players_count: the number n of players.
        dtype: the floating-point type in which f computes.
        chunk: inputs handed to f at once.
        on_calls: told the number of inputs after each batch.
        rounding: the relative error of one value of g as it was seen (:func:`decompositions.games.trial.tried`), which
            may be far above the type's epsilon.
        embedding: of whole-number inputs, the module whose output they are at all points that are no corners.
    """

    f: Callable[[torch.Tensor], torch.Tensor]
    x: torch.Tensor
    baseline: torch.Tensor
    weights: torch.Tensor
    players: torch.Tensor
    players_count: int
    dtype: torch.dtype
    chunk: int = 256
    on_calls: Calls = ignore
    rounding: float = 0.0
    embedding: Embedding | None = None

    @property
    def n(self) -> int:
        return self.players_count

    @property
    def device(self) -> torch.device:
        return self.x.device

    @property
    def precision(self) -> float:
        return max(self.rounding, float(torch.finfo(self.dtype).eps))

    @property
    def calls_per_point(self) -> int:
        return len(self.baseline)

    @property
    def row_function(self) -> RowFunction | None:
        """f, if it is a function of rows; in a rehearsal, too."""
        f = self.f.rows if isinstance(self.f, _Blank) else self.f
        return f if isinstance(f, RowFunction) else None

    @property
    def points_at_once(self) -> int:
        """How many points make one batch of inputs."""
        return max(1, self.chunk // len(self.baseline))

    def values(self, points: torch.Tensor) -> torch.Tensor:
        if self.embedding is not None and not _are_corners(points):
            return self.embedded().values(points)
        with self.calling():
            return self.in_parts(points, FunctionCube._batch)

    def values_at_once(self, points: torch.Tensor) -> torch.Tensor:
        """g at :attr:`points_at_once` points or fewer; that memory runs out is the caller's affair."""
        with self.calling():
            return self._batch(points)

    @contextmanager
    def calling(self) -> Iterator[Before]:
        """Calls of f, without gradients, that leave it as it was."""
        with undisturbed(self.f, self.device) as before, torch.no_grad(), full_precision():
            yield before

    def unwatched(self) -> FunctionCube:
        """The same cube, whose calls are reported to nobody."""
        return replace(self, on_calls=ignore)

    def by(self, chunk: int) -> FunctionCube:
        """The same cube by another chunk."""
        return replace(self, chunk=chunk)

    def halved(self, error: Exception) -> FunctionCube:
        """The same cube by half the chunk, where memory ran out; any other error is raised again.

        Raises:
            MemoryError: not even one input fits.
        """
        if not is_out_of_memory(error):
            raise error
        if self.chunk == 1:
            raise MemoryError(
                f"memory runs out for a single input of shape {tuple(self.x.shape[1:])} on {self.device}; free memory "
                f"there, or move the model and x to another device: {str(error).splitlines()[0] if str(error) else ''}"
            ) from error
        return self.by(self.chunk // 2)

    def embedded(self) -> FunctionCube:
        """The same function at the output of the embedding, x = E(ids); of floating-point inputs the cube itself.

        At corners its values are those of the ids, bit for bit, which is looked at for some of them.

        Raises:
            TypeError: there is no embedding.
            ValueError: the model is no function of its embedding's output alone.
        """
        if self.x.is_floating_point():
            return self
        self._require_torch()
        require_positions(self.f.f if isinstance(self.f, Softened) else self.f)
        if self.embedding is None:
            raise TypeError(
                f"{NEEDED} need a floating-point input; x is {self.x.dtype}, with nothing between present and absent: "
                f"name the module that turns it into vectors with embedding={self._embeddings()}, or take a method "
                "that only removes players (occlusion_1, shapley, …)"
            )
        with self.calling():
            f = self._of_vectors(self.f)
            x, baseline = self.embedding.vectors(self.x), self.embedding.vectors(self.baseline)
        players = self.players.expand(self.x.shape[1:]).unsqueeze(-1)
        return replace(self, f=f, x=x, baseline=baseline, players=players, embedding=None)

    def _require_torch(self) -> None:
        """Refuse a function of rows, which is known at the corners alone.

        Raises:
            TypeError: says what to take.
        """
        asked = self.row_function
        if asked is not None:
            raise TypeError(
                f"{NEEDED} need a torch model, and this one is a function of {asked.cells.kinds}, whose cells are "
                "those of x or of the baseline, with nothing between; take a method that only removes players "
                "(occlusion_1, prediction_difference, shapley, …)"
            )

    def _embeddings(self) -> str:
        """Those that the model has, in brackets."""
        models = models_of(self.f) if isinstance(self.f, ModelFunction) else ()
        return "".join(f" ({embeddings(model)})" for model in models)

    def _of_vectors(self, f: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[torch.Tensor], torch.Tensor]:
        if isinstance(f, Softened):
            return replace(f, f=self._of_vectors(f.f))
        if self.embedding is None or not isinstance(f, ModelFunction):
            raise TypeError("only a model of ids has an embedding")
        draws = torch.randint(0, 2, (SEEN, self.n), generator=torch.Generator().manual_seed(8)).bool()
        draws[0], draws[1] = True, False
        return self.embedding.view(f, self.inputs(draws.to(self.device))[:, 0], self.chunk)

    def gradient(self, points: torch.Tensor) -> torch.Tensor:
        if not self.x.is_floating_point():
            return self.embedded().gradient(points)
        return self.differentiated(points, FunctionCube._batch_gradient)

    def slopes(self, points: torch.Tensor) -> torch.Tensor:
        if not self.x.is_floating_point():
            return self.embedded().slopes(points)
        return self.differentiated(points, FunctionCube._batch_slopes)

    def differentiated(
        self, points: torch.Tensor, work: Callable[[FunctionCube, torch.Tensor], torch.Tensor]
    ) -> torch.Tensor:
        """Work on all points that asks for gradients."""
        models = models_of(self.f)
        if any(each.is_inference() for model in models for each in model.parameters()):
            raise ValueError(
                "a gradient needs weights made outside of torch.inference_mode, and these were made inside; build "
                "or load it outside, or take a method that only removes players (occlusion_1, shapley, …)"
            )
        recurrent = any(isinstance(each, nn.RNNBase) for model in models for each in model.modules())
        with self.calling(), torch.enable_grad(), differentiable() if recurrent else nullcontext():
            points = points.clone() if points.is_inference() else points
            return self.in_parts(points, work)

    @outside_inference()
    def array(self, table: Any) -> torch.Tensor:
        device = self.x.device
        if isinstance(table, torch.Tensor) and table.dtype == torch.bool:
            return table.to(device)
        if isinstance(table, torch.Tensor) and table.is_floating_point():
            computes = self.x.dtype if self.x.is_floating_point() else self.dtype
            return table.to(device=device, dtype=torch.promote_types(table.dtype, computes))
        dtype = torch.float32 if device.type == "mps" else torch.float64
        return torch.as_tensor(real_numbers(table, POINTS)).to(device=device, dtype=dtype)

    def path_rule(self, nodes: int | None, degree: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
        """Gauss–Legendre, exact for derivatives that are polynomials of degree below twice the number of nodes."""
        places, weights = np.polynomial.legendre.leggauss(nodes or 64)
        return self.array((places + 1) / 2), self.array(weights / 2)

    def double(self) -> FunctionCube:
        """The same function of the same numbers, computed in float64 by a copy of the model.

        Raises:
            TypeError: the input is no floating-point tensor, and there is no embedding.
            ValueError: the device has no float64.
        """
        if not self.x.is_floating_point():
            return self.embedded().double()
        if self.device.type == "mps":
            raise ValueError("Taylor series are computed in float64, which mps lacks; move the model to the cpu")
        x, baseline, f = self.x.double(), self.baseline.double(), in_double(self.f)
        if self.dtype == torch.float64:
            return replace(self, f=f, rounding=0.0)
        try:
            with self.calling():
                f(x[:1].clone())
        except RuntimeError as error:
            raise ValueError(
                f"a Taylor series is computed in float64, and there the function fails: {str(error).splitlines()[0]}; "
                "write it without fixed types, or use harsanyi() and measure()"
            ) from error
        return replace(self, f=f, x=x, baseline=baseline, dtype=torch.float64, rounding=0.0)

    def regrouped(self, players: Any) -> FunctionCube:
        """The same function of the same entries, which other players have."""
        table, count = check(players, (1, *self.x.shape[1:]))
        return replace(self, players=table[0].clone().to(self.device), players_count=count)

    def softened(self, beta: float) -> FunctionCube:
        """The same function with its kinks rounded off on the scale 1/β."""
        self._require_torch()
        return replace(self, f=Softened(self.f, beta))

    def smoothed(self, noise: torch.Tensor) -> FunctionCube:
        if not self.x.is_floating_point():
            return self.embedded().smoothed(noise)
        entries = self.x[0].numel()
        rule = f"noise has one row of {entries} numbers, the entries of x, for every shift"
        noise = torch.as_tensor(real_numbers(noise, rule))
        if noise.ndim < 2 or noise[0].numel() != entries or not len(noise):
            raise ValueError(f"{rule}, not the shape {tuple(noise.shape)}")
        shifts = noise.to(self.x).reshape(-1, 1, *self.x.shape[1:])
        x = (self.x + shifts).expand(-1, len(self.baseline), *self.x.shape[1:]).flatten(0, 1)
        baseline = (self.baseline + shifts).flatten(0, 1)
        weights = self.weights.repeat(len(shifts)) / len(shifts)
        return replace(self, x=x, baseline=baseline, weights=weights)

    def differences(self) -> torch.Tensor:
        return self.array((self.x - self.baseline).flatten(1))

    def entrywise(self) -> tuple[FunctionCube, np.ndarray]:
        entries = self.x[0].numel()
        fine = torch.arange(entries, device=self.x.device).reshape(self.x.shape[1:])
        return replace(self, players=fine, players_count=entries), self.entry_players().cpu().numpy()

    def entry_players(self) -> torch.Tensor:
        """Each entry's player. Shape ``(entries,)``."""
        return self.players.expand(self.x.shape[1:]).reshape(-1)

    def by_player(self, values: torch.Tensor) -> torch.Tensor:
        """Numbers per entry, ``(batch, K, *shape)``, summed by player and averaged over baselines: ``(batch, n)``."""
        entries = wide(values).reshape(*values.shape[:2], -1)
        players = self.entry_players().to(entries.device)
        summed = torch.zeros(*entries.shape[:2], self.n, dtype=entries.dtype, device=entries.device)
        summed.index_add_(2, players, entries)
        return (summed * self.weights[:, None]).sum(1)

    def active(self) -> tuple[int, ...]:
        differs = self.x != self.baseline
        if self.x.is_floating_point():
            differs = differs | (self.x.signbit() != self.baseline.signbit())  # 1/z and atan2 tell −0 from 0
        differs = differs.any(0)
        return tuple(torch.unique(self.players.expand(differs.shape)[differs]).tolist())

    def watched(self, on_calls: Calls) -> FunctionCube:
        return replace(self, on_calls=both(self.on_calls, on_calls))

    def rehearsal(self, on_calls: Calls) -> FunctionCube:
        blank = replace(
            self, f=_Blank(self.f if isinstance(self.f, RowFunction) else None), on_calls=on_calls, embedding=None
        )
        if self.embedding is None:
            return blank
        return replace(blank, x=self.x.to(self.dtype), baseline=self.baseline.to(self.dtype))

    def inputs(self, points: torch.Tensor) -> torch.Tensor:
        """The masked or interpolated inputs of every baseline. Shape ``(batch, K, *shape)``."""
        return self._mix(points, self.x, self.baseline)

    def _mix(self, points: torch.Tensor, x: torch.Tensor, baseline: torch.Tensor) -> torch.Tensor:
        """x where t = 1 and b where t = 0, bit for bit; differentiable in t everywhere. Memory of its own."""
        if points.dtype == torch.bool:
            return torch.where(points[:, self.players].unsqueeze(1), x, baseline)
        if not x.is_floating_point():
            self._require_corners(points)
            return torch.where((points == 1)[:, self.players].unsqueeze(1), x, baseline)
        return _Between.apply(points.to(x.dtype)[:, self.players].unsqueeze(1), x, baseline)

    def _require_corners(self, points: torch.Tensor) -> None:
        if not _are_corners(points):
            what = self.f.cells.kinds if isinstance(self.f, RowFunction) else str(self.x.dtype)
            raise TypeError(
                f"x is {what} and has nothing between present and absent: points of the cube are zeros and ones"
            )

    def in_parts(
        self, points: torch.Tensor, work: Callable[[FunctionCube, torch.Tensor], torch.Tensor]
    ) -> torch.Tensor:
        """Work on all points, a chunk at a time; on smaller ones from where memory runs out."""
        done: list[torch.Tensor] = []
        cube, start = self, 0
        while start < len(points) or not done:
            some = points[start : start + cube.points_at_once]
            try:
                done.append(work(cube, some))
            except (RuntimeError, MemoryError) as error:
                cube = cube.halved(error)
            else:
                start += len(some)
        return torch.cat(done)

    def _batch(self, points: torch.Tensor) -> torch.Tensor:
        """g at a few points; where even one point has more baselines than a chunk, they are taken in turn."""
        total = torch.zeros(len(points), dtype=self.weights.dtype, device=self.weights.device)
        for start in range(0, len(self.baseline), self.chunk):
            some = slice(start, start + self.chunk)
            x = self.x if len(self.x) == 1 else self.x[some]
            inputs = self._mix(points, x, self.baseline[some]).flatten(0, 1)
            outputs = self._call(inputs).reshape(len(points), len(self.baseline[some]))
            total = total + outputs @ self.weights[some]
        return total

    def _batch_gradient(self, points: torch.Tensor) -> torch.Tensor:
        leaf = points.detach().clone().requires_grad_()
        return _derivative(self._batch(leaf), leaf)

    def _batch_slopes(self, points: torch.Tensor) -> torch.Tensor:
        parts = []
        for start in range(0, len(self.baseline), self.chunk):
            some = slice(start, start + self.chunk)
            x = self.x if len(self.x) == 1 else self.x[some]
            inputs = self._mix(points, x, self.baseline[some])
            leaf = inputs.detach().flatten(0, 1).requires_grad_()
            parts.append(_derivative(self._call(leaf), leaf).reshape(inputs.shape))
        return self.by_player(torch.cat(parts, 1))

    def _call(self, inputs: torch.Tensor) -> torch.Tensor:
        outputs = wide(self.outputs(inputs))
        self.on_calls(len(inputs))
        return outputs

    def outputs(self, inputs: torch.Tensor) -> torch.Tensor:
        """f of a batch, which it may overwrite, in f's own type. Shape ``(batch, *shape)`` → ``(batch,)``.

        Raises:
            TypeError: no tensor or array of real numbers, or half precision.
            ValueError: another shape.
        """
        given = self.f(inputs)
        outputs = torch.from_numpy(given).to(self.device) if _is_numeric(given) else given
        if not isinstance(outputs, torch.Tensor) or outputs.is_complex():
            kind = outputs.dtype if isinstance(outputs, torch.Tensor) else shown(given)
            raise TypeError(f"the function must give a tensor of real numbers, one per input, not {kind}")
        require_dense(outputs, "the function")
        if outputs.shape != (len(inputs),):
            raise ValueError(
                f"the function must give one number per input, shape ({len(inputs)},); it gave {tuple(outputs.shape)}"
            )
        if outputs.dtype in HALF:
            raise too_coarse("the function answers", outputs.dtype)
        return outputs


@dataclass(frozen=True, eq=False)
class _Blank:
    """Stands for a function in a rehearsal: its values mean nothing and cost nothing; of rows it knows which."""

    rows: RowFunction | None

    def __call__(self, inputs: torch.Tensor) -> torch.Tensor:
        return inputs.flatten(1).sum(1)


def _derivative(values: torch.Tensor, leaf: torch.Tensor) -> torch.Tensor:
    """The gradient of the values' sum.

    Raises:
        TypeError: they carry none.
    """
    if not values.requires_grad:
        raise TypeError("the function's output carries no gradient with respect to its input (detached, or constant)")
    (gradient,) = torch.autograd.grad(values.sum(), leaf)
    return gradient


class _Between(torch.autograd.Function):
    """b + t (x − b) with x and b themselves at the ends, and without overflow where x − b has one."""

    @staticmethod
    def forward(ctx: Any, t: torch.Tensor, x: torch.Tensor, baseline: torch.Tensor) -> torch.Tensor:
        half = x / 2 - baseline / 2
        ctx.save_for_backward(half)
        return torch.where(t == 1, x, torch.where(t == 0, baseline, (baseline / 2 + t * half) * 2))

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> Any:
        (half,) = ctx.saved_tensors
        return (grads[0] * half * 2).sum_to_size(grads[0].shape[0], 1, *grads[0].shape[2:]), None, None


def _are_corners(points: torch.Tensor) -> bool:
    """Whether points are zeros and ones; where there are no numbers, they may be."""
    return points.dtype == torch.bool or points.is_meta or bool(((points == 0) | (points == 1)).all())


def _is_numeric(given: Any) -> bool:
    """Whether something is a NumPy array of numbers that torch can take."""
    return isinstance(given, np.ndarray) and given.dtype.kind in "fiub" and given.dtype.isnative
