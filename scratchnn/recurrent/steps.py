"""The real steps of a batch of sequences as packed rows, without padding.

Sequences of unequal lengths are sorted, the longest first. Those that have not ended at step t are then the first N_t of
them. Arrays over time have P = sum_t N_t rows, in which the N_t rows of a step are adjacent:

    lengths 3, 1, 2 of the sequences A, B, C          sorted: A, C, B          N_t = 3, 2, 1
    packed rows                                       A1 C1 B1  A2 C2  A3      P = 6

The states after each step are in an array of N + P rows, of which the first N are the states before the first step. A
sequence that has ended takes no part in later steps. Nothing has to be masked, and no time is spent on padding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from scratchnn.backend import Array, Lease, array_module, move
from scratchnn.core.nested import Nested, map_arrays, or_zeros


class Step(NamedTuple):
    """Where the rows of one step are."""

    rows: slice  # in arrays of P rows
    before: slice  # the states before the step, in an array of N + P rows
    after: slice  # the states after it
    N_t: int  # number of rows


@lru_cache
def lay_out(N: int, counts: tuple[int, ...]) -> list[Step]:
    """The steps of N sequences of which ``counts[t]`` have not ended at step t."""
    steps, start, start_before = [], 0, 0
    for N_t in counts:
        rows, after = slice(start, start + N_t), slice(N + start, N + start + N_t)
        steps.append(Step(rows, slice(start_before, start_before + N_t), after, N_t))
        start, start_before = rows.stop, after.start
    return steps


class Steps:
    """The positions of all steps in the packed arrays of a batch.

    Args:
        x: inputs (N, T, ...); only their shape and backend matter.
        lengths: number of real steps of each sequence (N,); T if None. On a GPU they are copied to the host once.

    Attributes:
        P: number of rows.
        even: whether all sequences have T steps.
    """

    def __init__(self, x: Array, lengths: Array | None):
        self.N, self.T = N, T = x.shape[:2]
        # signed integers, as -L of an unsigned one would wrap
        host = None if lengths is None else np.asarray(move(lengths, "numpy")).astype(np.int64, casting="same_kind")
        self.even = host is None or bool((host == T).all())
        if host is None or self.even:
            self.P, self.steps = N * T, lay_out(N, (N,) * (T if N else 0))
            return
        order = np.argsort(-host, kind="stable")
        longest_first = host[order]
        counts = (longest_first > np.arange(longest_first.max(initial=0))[:, None]).sum(axis=1)  # N_t
        starts = np.concatenate([[0], np.cumsum(counts)])
        self.P = P = int(starts[-1])
        self.steps = lay_out(N, tuple(counts.tolist()))
        starts_before = np.array([step.before.start for step in self.steps], dtype=int)
        xp = array_module(x)
        rank = np.arange(P) - np.repeat(starts[:-1], counts)  # position of each row's sequence after sorting
        t = np.repeat(np.arange(len(counts)), counts)
        state_after = np.concatenate([[0], N + starts[:-1]])  # first row of the states after 0, 1, 2 ... steps
        last = np.empty(N, dtype=int)
        last[order] = state_after[longest_first] + np.arange(N)
        self.rank, self.position = xp.asarray(rank), xp.asarray(np.argsort(order))
        self.order, self.place = xp.asarray(order), xp.asarray(order[rank] * T + t)
        self.before_rows, self.last_rows = xp.asarray(starts_before[t] + rank), xp.asarray(last)

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __reversed__(self) -> Iterator[Step]:
        return reversed(self.steps)

    # --- the loops over time; ``attention.feeding`` overrides both ---------------------------------------------------

    def forward(self, from_x: Sequence[Array], h: Array, factors: Array | float = 1) -> Iterator[Step]:
        """All steps, the first one first.

        Args:
            from_x: x Wx + b of all rows, in one array (P, ...) or several, which share the columns from left to right.
            h: all states (N + P, H), of which the loop fills in those of a step before it asks for the next one.
            factors: what the columns of ``from_x`` have been multiplied by.
        """
        return iter(self.steps)

    def backward(self, items: Iterable[tuple[Any, slice]], dy_rows: Array, da: Array) -> Iterable[tuple[Any, slice]]:
        """The ``items`` (anything, rows of a step), the last step first; they may be asked for in several pieces.

        Args:
            items: what is returned, one by one.
            dy_rows: the packed gradient with respect to the outputs (P, H), which the loop reads at the step's rows.
            da: the gradient with respect to x Wx + b (P, columns), of which the loop fills in the step's rows.
        """
        return items

    # --- between a batch and its packed rows -------------------------------------------------------------------------

    def pack(self, x: Array, lease: Lease, ones: int = 0) -> Array:
        """(N, T, D) -> (P, D + ``ones``), in an array of ``lease``; the last ``ones`` columns contain ones."""
        D = x.shape[2]
        rows = lease.take(array_module(x), (self.P, D + ones), x.dtype)
        rows[:, D:] = 1
        if self.even:
            rows.reshape(self.T, self.N, D + ones)[:, :, :D] = x.transpose(1, 0, 2)
        else:
            rows[:, :D] = x.reshape(self.N * self.T, D)[self.place]
        return rows

    def unpack(self, rows: Array) -> Array:
        """(P, D) -> (N, T, D), zero at padded steps; always a copy, never a view of a cache."""
        D = rows.shape[1]
        if self.even:
            return rows.reshape(self.T, self.N, D).transpose(1, 0, 2).copy()
        x = array_module(rows).zeros((self.N * self.T, D), dtype=rows.dtype)
        x[self.place] = rows
        return x.reshape(self.N, self.T, D)

    def sort(self, state: Array | None) -> Array:
        """(N, H), one row per sequence, in the order of the packed rows; None stays None."""
        return state if self.even or state is None else state[self.order]

    def unsort(self, state: Array) -> Array:
        """The inverse of ``sort``."""
        return state if self.even else state[self.position]

    # --- states before and after each step ---------------------------------------------------------------------------

    def states(self, first: Array, dtype: Any, lease: Lease) -> Array:
        """An array of ``lease`` for all states (N + P, H), of which the ``first`` N (N, H) are filled in."""
        states = lease.take(array_module(first), (self.N + self.P, first.shape[1]), dtype)
        states[: self.N] = self.sort(first)
        return states

    def states_before(self, states: Array) -> Array:
        """From ``states`` (N + P, H), the state before each row's step (P, H)."""
        return states[: self.P] if self.even else states[self.before_rows]

    def states_last(self, states: Array) -> Array:
        """From ``states`` (N + P, H), each sequence's last state, in the order of the batch: (N, H), a copy."""
        return states[self.P :].copy() if self.even else states[self.last_rows]

    def seen(self, h: Array, mask: Array | None) -> Array:
        """What the recurrent product multiplies at each row (P, H): the state before, times the sorted ``mask`` (N, H)."""
        before = self.states_before(h)
        if mask is None:
            return before
        if self.even:
            return (before.reshape(self.T, *mask.shape) * mask).reshape(before.shape)
        return before * mask[self.rank]

    # --- gradients ---------------------------------------------------------------------------------------------------

    def or_zeros(self, dy: Array | None, dstate: Nested, h: Array, *others: Array) -> tuple[Array, Nested]:
        """The gradients that backward starts from, with zeros in place of None.

        Args:
            dy: with respect to the outputs (N, T, H).
            dstate: with respect to the final state: an array (N, H), or a tuple of arrays if the state has ``others``.
            h, others: all states of the forward pass (N + P, H) each; the zeros have their dtypes.
        """
        if dy is None:
            dy = array_module(h).zeros((self.N, self.T, h.shape[1]), dtype=h.dtype)
        like = map_arrays(lambda states: states[: self.N], (h, *others) if others else h)
        return dy, or_zeros(dstate, like)


def steps_of(x: Array, lengths: Array | Steps | None) -> Steps:
    """The steps of inputs (N, T, D) with ``lengths`` (N,), T if None; ``lengths`` itself if it is laid out already."""
    return lengths if isinstance(lengths, Steps) else Steps(x, lengths)


def masked(h: Array, mask: Array | None) -> Array:
    """``h`` (N_t, H) of the first N_t sequences times the sorted ``mask`` (N, H); ``h`` itself if ``mask`` is None."""
    return h if mask is None else h * mask[: len(h)]
