"""Sequences of tags: the score of one, and the best one by the Viterbi algorithm.

A tag sequence y_1 .. y_L of a sentence of L tokens has the score

    score(y) = start[y_1] + sum_{t=1..L} e_t[y_t] + sum_{t=2..L} A[y_{t-1}, y_t] + end[y_L]                        (1)

e_t are the emissions of token t, one number per tag, and A[i, j] is the score of the transition from tag i to tag j. Let
d_t[j] be the score of the best sequence of the tokens up to t that ends in tag j:

    d_1[j] = start[j] + e_1[j],   d_t[j] = e_t[j] + max_i (d_{t-1}[i] + A[i, j])                                   (2)
    y_L    = argmax_j (d_L[j] + end[j])                                                                            (3)
    y_{t-1} = argmax_i (d_{t-1}[i] + A[i, y_t])          the back pointer of y_t                                   (4)

(2) takes L K^2 additions instead of the K^L of trying all sequences. The start scores are added to the emissions of the
first token and the end scores to those of the last: ``time_first`` does this for the Viterbi algorithm and for the CRF, so
that both treat start, end and padding in the same way.

Shapes: N sentences, T tokens, K tags; emissions (N, T, K), A (K, K), start and end (K,). Viterbi (1967).
"""

from __future__ import annotations

import numpy as np

from scratchnn.backend import Array, array_module, floating, to_numpy
from scratchnn.errors import DataError


def sequence_score(emissions: Array, transitions: Array, start: Array, end: Array, tags: Array) -> Array:
    """Equation (1) for one sentence with emissions (L, K) and tags (L,), L at least 1: the score ()."""
    score = start[tags[0]] + emissions[0, tags[0]] + end[tags[-1]]
    for t in range(1, len(emissions)):
        score = score + transitions[tags[t - 1], tags[t]] + emissions[t, tags[t]]
    return score


def time_first(
    emissions: Array, start: Array, end: Array, lengths: Array | None
) -> tuple[Array, Array, Array, Array, Array]:
    """The emissions with the start and the end scores in them, time first, and what is padding.

    Returns:
        Emissions (T, N, K); booleans (T, N, 1) that are true at the real, the first and the last tokens; lengths (N,).
    """
    emissions = floating(emissions, "emissions")
    xp = array_module(emissions)
    N, T, _ = emissions.shape
    if lengths is None:
        lengths = xp.full((N,), T)
    steps = xp.arange(T)[:, None]
    real = (steps < lengths)[..., None]  # (T, N, 1)
    first = real & (steps == 0)[..., None]  # (T, N, 1)
    last = (steps + 1 == lengths)[..., None]  # (T, N, 1)  not lengths - 1: unsigned, 0 - 1 would wrap
    e = emissions.transpose(1, 0, 2) + xp.where(first, start, 0) + xp.where(last, end, 0)  # (T, N, K)
    return e, real, first, last, lengths


# --- the Viterbi algorithm, as a textbook writes it ------------------------------------------------------------------


def viterbi_loop(emissions: Array, transitions: Array, start: Array, end: Array) -> list[int]:
    """The best tags of one sentence with emissions (L, K): tag by tag, with a table of back pointers."""
    L, K = emissions.shape
    d = [start[j] + emissions[0, j] for j in range(K)]  # (2)
    pointers = []
    for t in range(1, L):
        arriving = [[d[i] + transitions[i, j] for i in range(K)] for j in range(K)]
        pointers.append([max(range(K), key=scores.__getitem__) for scores in arriving])  # (4)
        d = [emissions[t, j] + max(arriving[j]) for j in range(K)]  # (2)
    tags = [max(range(K), key=lambda j: d[j] + end[j])]  # (3)
    for back in reversed(pointers):
        tags.append(back[tags[-1]])
    return tags[::-1]


# --- the same for a batch, one step per token ------------------------------------------------------------------------
# Back pointers are needed along the best sequence only. So d is kept instead of a table of pointers, and (4) is computed
# on the way back, for one tag per sentence instead of all K.


def viterbi(
    emissions: Array, transitions: Array, start: Array, end: Array, lengths: Array | None = None, owner: str = "viterbi"
) -> Array:
    """The best tag sequence of each sentence; of several with the same score, one.

    Args:
        emissions: scores (N, T, K). Scores of minus infinity, here and below, forbid what they belong to.
        transitions: scores (K, K), from the row's tag to the column's.
        start, end: scores (K,).
        lengths: number of tokens of each sentence (N,); T if None. What follows them plays no part.
        owner: the name that errors begin with.

    Returns:
        Tags (N, T), 0 in the padding.

    Raises:
        DataError: a score is NaN or plus infinity, or every tag sequence of a sentence is forbidden.
    """
    xp = array_module(emissions)
    e, real, _, _, lengths = time_first(emissions, start, end, lengths)
    T, N, K = e.shape
    d = xp.zeros((N, K), dtype=xp.result_type(e, transitions))
    steps = xp.empty((T, N, K), dtype=d.dtype)
    for t in range(T):
        arriving = (d[:, :, None] + transitions).max(axis=1) if t else d  # (N, K, K) -> (N, K)
        reached = e[t] + arriving  # (2)
        best = reached.max(axis=1, keepdims=True)
        reached = reached - xp.where(best == -xp.inf, 0, best)  # the sums of a long sentence stay small, hence exact
        d = xp.where(real[t], reached, d)  # (N, K)
        steps[t] = d
    _check_scores(d, lengths, owner)
    tags = xp.zeros((T, N), dtype=xp.int64)
    tag = d.argmax(axis=1)  # (3)  (N,)
    to_tag = transitions.T
    for t in reversed(range(T)):
        tags[t] = xp.where(real[t, :, 0], tag, 0)
        if t:
            before = (steps[t - 1] + to_tag[tag]).argmax(axis=1)  # (4)  (N, K) -> (N,)
            tag = xp.where(real[t, :, 0], before, tag)
    return tags.T


def _check_scores(d: Array, lengths: Array, owner: str) -> None:
    """Raise unless the best score of every sentence is finite; NaN and infinity spread to the last token."""
    best = to_numpy(d.max(axis=1))
    bad = np.flatnonzero(~np.isfinite(best) & (to_numpy(lengths) > 0))
    if bad.size:
        n = int(bad[0])
        if best[n] == -np.inf:
            raise DataError(f"{owner}: every tag sequence of sentence {n} is forbidden; allow more transitions")
        raise DataError(f"{owner}: the scores of sentence {n} contain NaN or plus infinity")
