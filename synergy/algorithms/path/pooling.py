"""Max pooling along a segment: the winner of a window of lines, and where it changes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from decompositions.networks.operations import MaxPooling
from synergy.algorithms.path.breakpoints import Grid, Refinement


@dataclass(frozen=True, eq=False)
class Windows:
    """The entries that compete in every window of a max pooling, the same for every channel.

    Args:
        members: flat places, ascending; a window with fewer members than others repeats its last one.
            Shape ``(windows, k)``.
        places: entries per channel.
    """

    members: torch.Tensor
    places: int

    @classmethod
    def of(cls, pooling: MaxPooling, shape: tuple[int, ...], device: torch.device, limit: int) -> Windows | None:
        """Found by asking, entry by entry, which windows it wins alone; None above the limit of entries × windows."""
        space = shape[len(shape) - pooling.axes :]
        places, lead = math.prod(space), (1,) * (len(shape) - pooling.axes)
        winners = pooling.winners([torch.zeros(1, *lead, *space, dtype=torch.float64, device=device)])
        if places * max(places, winners.numel()) > limit:
            return None
        alone = torch.eye(places, dtype=torch.float64, device=device).reshape(places, *lead, *space)
        wins = pooling.forward([alone]).reshape(places, -1).T > 0.5
        most = int(wins.sum(1).max())
        rank = torch.where(wins, torch.arange(places, device=device), -1)
        last = rank.max(1, keepdim=True).values
        listed = torch.where(wins, rank, places).sort(1).values[:, :most]
        return cls(torch.where(listed == places, last, listed), places)


@dataclass(frozen=True, eq=False)
class Contests:
    """The windows whose winner changes within a segment, each with the lines of its members.

    Args:
        windows: of the pooling.
        firsts: the flat place of the winner at the start of every segment. Shape ``(segments, channels, windows)``.
        segment: of every contest. Shape ``(m,)``.
        unit: the position of its window in a flattened output. Shape ``(m,)``.
        lines: the members' values at the start and the end of the segment. Shape ``(2, m, k)``.
    """

    windows: Windows
    firsts: torch.Tensor
    segment: torch.Tensor
    unit: torch.Tensor
    lines: torch.Tensor

    @classmethod
    def between(cls, windows: Windows, pooling: MaxPooling, grid: Grid, value: torch.Tensor) -> Contests:
        """At both ends of a segment the same winner: the same throughout, as all are linear. Else there is a contest.

        Args:
            windows: of the pooling.
            pooling: the step.
            grid: of its input.
            value: of its input at the breakpoints. Shape ``(p, *shape)``.
        """
        count = len(windows.members)
        winners = pooling.winners([value]).reshape(len(value), -1, count)
        segment, channel, window = (winners[grid.left] != winners[grid.left + 1]).nonzero(as_tuple=True)
        members = windows.members[window] + (channel * windows.places)[:, None]
        flat, start = value.reshape(len(value), -1), grid.left[segment][:, None]
        lines = torch.stack([flat[start, members], flat[start + 1, members]])
        return cls(windows, winners[grid.left], segment, channel * count + window, lines)

    def changes(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Segment and share of every change, by walking up the envelope: to the next line that is steeper."""
        start, slope = self.lines[0], self.lines[1] - self.lines[0]
        rows = torch.arange(len(start), device=start.device)
        highest = start == start.max(1, keepdim=True).values
        now = torch.where(highest, slope, -torch.inf).argmax(1)
        segments, shares = [self.segment[:0]], [start.new_zeros(0)]
        while len(rows):
            gain = slope[rows] - slope[rows, now][:, None]
            meets = (start[rows, now][:, None] - start[rows]) / gain
            meets = torch.where(gain > 0, meets, torch.inf)
            share = meets.min(1).values
            now = torch.where(meets == share[:, None], gain, -torch.inf).argmax(1)
            rows, now, share = rows[share < 1], now[share < 1], share[share < 1]
            segments.append(self.segment[rows])
            shares.append(share)
        return torch.cat(segments), torch.cat(shares)

    def work(self, refinement: Refinement) -> int:
        """The numbers that :meth:`decided` makes."""
        return int(refinement.counts[self.segment].sum()) * self.windows.members.shape[1]

    def decided(self, refinement: Refinement) -> Winners:
        """Who wins on every piece of these segments: at its middle, and of equals the first, as in torch."""
        counts = refinement.counts[self.segment]
        contest = torch.arange(len(counts), device=counts.device).repeat_interleave(counts)
        first = (refinement.counts.cumsum(0) - refinement.counts)[self.segment]
        piece = torch.arange(len(contest), device=counts.device) + (first - counts.cumsum(0) + counts)[contest]
        left = refinement.fine.left[piece]
        start = refinement.share[left]
        inside = refinement.segment[left + 1] == refinement.segment[left]
        end = torch.where(inside, refinement.share[left + 1], 1.0)
        low, high = self.lines[:, contest]
        best = torch.lerp(low, high, ((start + end) / 2)[:, None]).argmax(1)
        value = torch.lerp(low, high, start[:, None]).max(1).values
        channel, window = self.unit // len(self.windows.members), self.unit % len(self.windows.members)
        place = channel[contest] * self.windows.places + self.windows.members[window[contest], best]
        return Winners(self, refinement, contest, piece, place, value)


@dataclass(frozen=True, eq=False)
class Winners:
    """The winners of all windows on the finer grid: those of the contests piece by piece.

    Args:
        contests: what they won.
        refinement: from the grid of the input to that of the output.
        contest: of every piece of a contest. Shape ``(e,)``.
        piece: the fine segment. Shape ``(e,)``.
        place: the winner's position in a flattened input. Shape ``(e,)``.
        value: the winner's value at the start of the piece. Shape ``(e,)``.
    """

    contests: Contests
    refinement: Refinement
    contest: torch.Tensor
    piece: torch.Tensor
    place: torch.Tensor
    value: torch.Tensor

    def pooled(self, values: torch.Tensor) -> torch.Tensor:
        """Pooled values at the coarse breakpoints, at the fine ones: linear between them but for the contests."""
        fine = self.refinement.interpolated(values).clone(memory_format=torch.contiguous_format)
        fine.view(len(fine), -1)[self.refinement.fine.left[self.piece], self.contests.unit[self.contest]] = self.value
        return fine

    def back(self, signal: torch.Tensor, shape: tuple[int, ...]) -> torch.Tensor:
        """Integrals over the fine segments of the output, given to the winners. Shape ``(segments, *shape)``."""
        contests, flat = self.contests, signal.reshape(len(signal), -1)
        kept = self.refinement.collected(flat).clone()
        kept[contests.segment, contests.unit] = 0
        given = kept.new_zeros(*contests.firsts.shape[:2], contests.windows.places)
        given.scatter_add_(-1, contests.firsts, kept.reshape(contests.firsts.shape))
        moved = flat[self.piece, contests.unit[self.contest]]
        given.view(len(given), -1).index_put_((contests.segment[self.contest], self.place), moved, accumulate=True)
        return given.reshape(-1, *shape)
