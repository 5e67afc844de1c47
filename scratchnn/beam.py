"""Beam search: the most probable sequences, found by keeping only the B best beginnings of each source.

    s(y_1 .. y_t) = sum_k log p(y_k | y_1 .. y_{k-1}, source)             how good a beginning is                 (1)
    r(y_1 .. y_t) = s(y_1 .. y_t) / t^alpha                               the score of a whole sequence            (2)

A sequence is whole with its <eos>, which counts as one of its t tokens. (1) falls with every token, so among whole
sequences it prefers short ones: alpha, the length norm, corrects that. With alpha = 0, (2) is the sum (1), with alpha = 1
it is the mean log-probability per token.

In each step, every beginning is continued with every token. Of the B V candidates of a source, those of the B best that end
in <eos> are found, and the B best of the others are the next beginnings. A source is done when B sequences are found and no
beginning is ahead of the best of them by (2), or after ``limit`` tokens; what has not ended by then ranks after all that
has. With one beam this is greedy search; with more beams than there are sequences it is exhaustive search. Graves (2012),
section 2, for the search; Wu et al. (2016), section 7, for the norm.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from scratchnn.backend import Array, array_module, backend_name, move, to_numpy
from scratchnn.core.nested import Nested, flatten, select_rows
from scratchnn.decoding import Step
from scratchnn.errors import DataError, NonFiniteError, whole_number
from scratchnn.functions import logsumexp

LARGEST_BEAM = 1000  # B; far above all values in use: a step compares 2 B times B V numbers
LARGEST_NORM = 10  # alpha; far above all values in use, and small enough that t^alpha does not overflow


def every_row(state: Nested, rows: np.ndarray) -> Nested:
    """``select_rows`` for rows in host memory, whichever library the state belongs to."""
    return select_rows(state, move(rows, backend_name(flatten(state)[0])))


class Found(NamedTuple):
    """A sequence that was found: its ids without <eos>, its score r of (2), and whether it ended before the limit."""

    ids: list[int]
    score: float
    ended: bool


def beam_search(
    step: Step,
    state: Nested,
    begin: int,
    end: int,
    *,
    beam: int = 1,
    limit: int = 100,
    length_norm: float = 1.0,
    avoid: Sequence[int] = (),
    select: Callable[[Nested, np.ndarray], Nested] = every_row,
) -> list[list[Found]]:
    """The sequences found for each of N sources, best first: at least one, at most ``beam``.

    Args:
        step: ids (R, 1) in host memory and the state of R rows give logits (R, V) and the next state; ``Seq2Seq.step``.
        state: the first state, one row per source (N, ...); ``Seq2Seq.start``.
        begin, end: ids of <bos> and <eos>.
        beam: B, at most ``LARGEST_BEAM``.
        limit: largest number of tokens, <eos> included.
        length_norm: alpha, from 0 to ``LARGEST_NORM``.
        avoid: ids that are never chosen, for instance <unk>; the other probabilities are scaled to sum to 1.
        select: the state of other rows (M,). A model's own one need not copy what all beams of a source share, as its
            encoder's outputs: their rows are adjacent, and equally many for each source.
    """
    whole_number(beam, "--beam")
    if beam > LARGEST_BEAM:
        raise DataError(f"--beam must be at most {LARGEST_BEAM}, got {beam}")
    whole_number(limit, "--limit")
    if not 0 <= length_norm <= LARGEST_NORM:  # NaN is refused too
        raise DataError(f"--length-norm must be between 0 and {LARGEST_NORM}, got {length_norm}")
    N, B = len(flatten(state)[0]), beam
    found: list[list[Found]] = [[] for _ in range(N)]
    sources = np.arange(N)  # those that are not done (S,)
    state = select(state, np.repeat(sources, B))  # the B beams of a source are rows of one batch
    ids = np.full((N, B, 1), begin)  # beginnings (S, B, t)
    scores = np.full((N, B), -np.inf)
    scores[:, 0] = 0  # all beams begin alike: only the first one counts
    for t in range(1, limit + 1):
        # 1. Continue every beginning, and rank the candidates of each source. Per beam only one can end, so among the 2B
        # best there are B that go on.
        logits, state = step(ids[:, :, -1].reshape(-1, 1), state)
        tokens, gains = best_tokens(logits, 2 * B, avoid)  # (S B, K)
        totals = (scores.reshape(-1, 1) + gains).reshape(len(sources), -1)  # (1)  (S, B K)
        best = np.argsort(-totals, axis=1, kind="stable")[:, : 2 * B]  # (S, 2B)
        beams = best // gains.shape[1]
        tokens = np.take_along_axis(tokens.reshape(totals.shape), best, axis=1)
        totals = np.take_along_axis(totals, best, axis=1)
        ended = tokens == end

        # 2. Those of the B best that end are found.
        for s, k in zip(*np.nonzero(ended[:, :B] & np.isfinite(totals[:, :B])), strict=True):
            whole = ids[s, beams[s, k], 1:].tolist()
            found[sources[s]].append(Found(whole, float(totals[s, k]) / t**length_norm, True))  # (2)

        # 3. The B best that do not end are the next beginnings.
        s, kept = np.arange(len(sources))[:, None], np.argsort(ended, axis=1, kind="stable")[:, :B]  # (S, 1), (S, B)
        beams = beams[s, kept]
        scores = np.where(ended[s, kept], -np.inf, totals[s, kept])
        ids = np.concatenate([ids[s, beams], tokens[s, kept][:, :, None]], axis=2)  # (S, B, t + 1)

        # 4. Sources that are done leave the batch; each beam goes on from the state of its beginning.
        ahead = scores.max(axis=1) / t**length_norm  # (2)  (S,)
        going = np.array([len(found[n]) < B or best_of(found[n]) < r for n, r in zip(sources, ahead, strict=True)])
        going &= np.isfinite(ahead)
        if t == limit:
            cut_off(found, sources[going], ids[going], scores[going], length_norm)
        if t == limit or not going.any():
            break
        state = select(state, (s * B + beams)[going].ravel())
        sources, ids, scores = sources[going], ids[going], scores[going]
    return [sorted(some, key=lambda one: (not one.ended, -one.score))[:B] for some in found]


def best_of(found: list[Found]) -> float:
    """The best score of sequences that have ended."""
    return max(one.score for one in found)


def best_tokens(logits: Array, count: int, avoid: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """The K most probable tokens of each row and their log-probabilities (R, K), in host memory; K is at most ``count``.

    K times the largest logit is faster than one partial sort, and only these numbers leave the device.
    """
    xp = array_module(logits)
    V = logits.shape[1]
    if len(set(avoid)) >= V:
        raise DataError("there is no token left to choose: all are to be avoided")
    logits = logits.copy()
    logits[:, list(avoid)] = -np.inf
    norm = logsumexp(logits)  # (R,)
    rows = xp.arange(len(logits))
    tokens, gains = [], []
    for _ in range(min(count, V)):
        tokens.append(logits.argmax(axis=1))  # (R,)
        gains.append(logits[rows, tokens[-1]] - norm)
        logits[rows, tokens[-1]] = -np.inf
    best = to_numpy(xp.stack(gains, axis=1))
    if not np.isfinite(best[:, 0]).all():
        raise NonFiniteError("no token can be chosen: the logits are NaN or infinite")
    return to_numpy(xp.stack(tokens, axis=1)), best


def cut_off(found: list[list[Found]], sources: np.ndarray, ids: np.ndarray, scores: np.ndarray, length_norm: float) -> None:
    """Add the beginnings that are left at the limit, by (2) for their tokens so far."""
    for n, beginnings, totals in zip(sources, ids, scores, strict=True):
        for one, total in zip(beginnings, totals, strict=True):
            if np.isfinite(total):
                found[n].append(Found(one[1:].tolist(), float(total) / (len(one) - 1) ** length_norm, False))
