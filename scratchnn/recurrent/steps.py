"""The real steps of a batch of sequences, packed: row after row, step after step, and no padding.

Sequences of unequal lengths are sorted, the longest first. Those that are still at work at step t are then the first N_t of
them, and all arrays over time hold P = sum_t N_t rows, of which a step's N_t lie side by side:

    lengths 3, 1, 2 of the sequences A, B, C          sorted: A, C, B          N_t = 3, 2, 1
    packed rows                                       A1 C1 B1  A2 C2  A3      P = 6

The states after each step lie in an array of N + P rows, the N states before the first step in front. A sequence that has
ended takes no part in later steps. So nothing has to be masked, and no time is spent on padding.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from scratchnn.backend import Array, WorkArrays, array_module, move

PIECE = 1 << 18  # bytes of gates; with what is computed from them, they fit into the second-level cache


class Step(NamedTuple):
    """Where one step's rows lie."""

    rows: slice  # in arrays of P rows
    before: slice  # the states that it starts from, in an array of N + P rows
    after: slice  # the states that it makes
    N_t: int  # how many rows


@lru_cache
def lay_out(N: int, counts: tuple[int, ...]) -> list[Step]:
    """The steps of N sequences of which ``counts[t]`` are at work at step t."""
    steps, start, start_before = [], 0, 0
    for N_t in counts:
        rows, after = slice(start, start + N_t), slice(N + start, N + start + N_t)
        steps.append(Step(rows, slice(start_before, start_before + N_t), after, N_t))
        start, start_before = rows.stop, after.start
    return steps


class Steps:
    """What is where in the packed arrays of a batch.

    Args:
        x: inputs (N, T, ...), for their shape and backend.
        lengths: number of real steps of each sequence (N,); all T where absent. On a GPU they are read once.

    Attributes:
        P: number of rows.
    """

    def __init__(self, x: Array, lengths: Array | None):
        self.N, self.T = N, T = x.shape[:2]
        host = None if lengths is None else np.asarray(move(lengths, "numpy"))
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
        rank = np.arange(P) - np.repeat(starts[:-1], counts)  # of each row's sequence among the sorted ones
        t = np.repeat(np.arange(len(counts)), counts)
        state_after = np.concatenate([[0], N + starts[:-1]])  # first row of the states after that many steps
        last = np.empty(N, dtype=int)
        last[order] = state_after[longest_first] + np.arange(N)
        self.rank = xp.asarray(rank)
        self.order, self.place = xp.asarray(order), xp.asarray(order[rank] * T + t)
        self.before_rows, self.last_rows = xp.asarray(starts_before[t] + rank), xp.asarray(last)

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __reversed__(self) -> Iterator[Step]:
        return reversed(self.steps)

    def pieces_backward(self, *gates: Array) -> Iterator[tuple[slice, int, list[tuple[int, slice]]]]:
        """Pieces of steps with the same N_t, the last piece first: all their rows, N_t, and where each step's rows are.

        The last is a list of pairs, the last step first: the step's number in the piece, its rows in the arrays of P rows.
        On a CPU the ``gates`` (P, ...) of a piece fit into its cache, and a piece is at most half of the steps, so that
        every gradient check crosses a seam. On a GPU, where each call costs much, only a new N_t begins a new piece.
        """
        most = len(self.steps)
        if array_module(gates[0]) is np:
            most = min((most + 1) // 2, PIECE * most // max(sum(gate.nbytes for gate in gates), 1))
        pieces: list[list[Step]] = []  # in each, the last step first
        for step in reversed(self.steps):
            if not pieces or len(pieces[-1]) >= most or pieces[-1][0].N_t != step.N_t:
                pieces.append([])
            pieces[-1].append(step)
        for piece in pieces:
            rows = slice(piece[-1].rows.start, piece[0].rows.stop)
            yield rows, piece[0].N_t, [(len(piece) - 1 - k, step.rows) for k, step in enumerate(piece)]

    # --- between a batch and its packed rows -------------------------------------------------------------------------

    def pack(self, x: Array, work: WorkArrays, ones: int = 0) -> Array:
        """(N, T, D) -> (P, D), in an array of ``work``; with as many columns of ones behind as ``ones`` says."""
        D = x.shape[2]
        rows = work.take(array_module(x), (self.P, D + ones), x.dtype)
        rows[:, D:] = 1
        if self.even:
            rows.reshape(self.T, self.N, D + ones)[:, :, :D] = x.transpose(1, 0, 2)
        else:
            rows[:, :D] = x.reshape(self.N * self.T, D)[self.place]
        return rows

    def unpack(self, rows: Array) -> Array:
        """(P, D) -> (N, T, D), zeros where there was padding; always a copy, never a window into a cache."""
        D = rows.shape[1]
        if self.even:
            return rows.reshape(self.T, self.N, D).transpose(1, 0, 2).copy()
        x = array_module(rows).zeros((self.N * self.T, D), dtype=rows.dtype)
        x[self.place] = rows
        return x.reshape(self.N, self.T, D)

    def sort(self, state: Array) -> Array:
        """(N, H), one row a sequence, in the order of the packed rows."""
        return state if self.even else state[self.order]

    def unsort(self, state: Array) -> Array:
        """The inverse of ``sort``."""
        if self.even:
            return state
        found = array_module(state).empty_like(state)
        found[self.order] = state
        return found

    def states_before(self, states: Array) -> Array:
        """Of ``states`` (N + P, H), those before each row's step (P, H)."""
        return states[: self.P] if self.even else states[self.before_rows]

    def seen(self, h: Array, mask_h: Array | None) -> Array:
        """What the recurrent product saw at each row (P, H): the state before, times ``mask_h`` (N, H), which is sorted."""
        before = self.states_before(h)
        if mask_h is None:
            return before
        if self.even:
            return (before.reshape(self.T, *mask_h.shape) * mask_h).reshape(before.shape)
        return before * mask_h[self.rank]

    def states_last(self, states: Array) -> Array:
        """Of ``states`` (N + P, H), each sequence's last one, in the order of the batch: (N, H), a copy."""
        return states[self.P :].copy() if self.even else states[self.last_rows]


def with_bias(Wx: Array, b: Array, work: WorkArrays, factors: Array | float = 1) -> Array:
    """``Wx`` (D, H), and below it ``b`` (H,) as the weights of an input that is always 1, times ``factors`` (H,)."""
    xp = array_module(Wx)
    D, H = Wx.shape
    Wx_b = work.take(xp, (D + 1, H), xp.result_type(Wx, b))
    xp.multiply(Wx, factors, out=Wx_b[:-1])
    xp.multiply(b, factors, out=Wx_b[-1])
    return Wx_b


def gate_by_gate(a: Array, gates: int) -> Array:
    """(N, gates H) -> (gates, N, H), the same numbers at the same place in memory."""
    N, columns = a.shape
    return a.reshape(N, gates, columns // gates).transpose(1, 0, 2)
