"""Text into blocks: which word looks at which, and against which noise, as small matrices of counts.

One piece of text after another is thinned out (frequent words), given windows, and cut into blocks of B positions. What the
step of ``scratchnn.word2vec.block_step`` needs of a block is made here, for the whole piece at once, without a loop over
words:

    pairs (t, j)     j in the same sentence as t, 0 < |t - j| <= b_t, with t in the block
    skip-gram        rows: the distinct words at the positions t;  columns: the distinct words at the positions j, and noise
                     Y[r, c] = number of pairs from word r to word c
    CBOW             rows: the positions t;  columns: the distinct words there, and noise
                     Y[r, c] = 1 where word c is at position r, if it has anything around it
                     A[r, u] = share of word u among the words around position r

Each block draws its own noise words, shared by all its rows. Words are numbered within the block, so that what is added to a
table by a step is added to distinct rows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scratchnn.backend import seed_from
from scratchnn.word2vec.sampling import NoiseSampler, keep_probabilities

CBOW, SKIP_GRAM = "cbow", "skipgram"
MODELS = (CBOW, SKIP_GRAM)


class Block(NamedTuple):
    """What one step works on; shapes are explained in ``scratchnn.word2vec.block_step``."""

    inputs: np.ndarray  # distinct words whose input vectors take part (U,)
    outputs: np.ndarray  # distinct words whose output vectors take part (R,)
    A: np.ndarray | None  # (M, U), rows sum to one (or zero); None stands for the identity
    Y: np.ndarray  # (M, R)
    q: np.ndarray  # weight of each column as noise (R,)
    positions: int  # of the thinned-out text


class Blocks:
    """The blocks of one piece of text.

    Args:
        model: ``"cbow"`` or ``"skipgram"``.
        ids: words (n,), thinned out already.
        sentences: the number of the sentence that each is in (n,), rising.
        reach: b_t (n,).
        noise: noise words of each block (ceil(n / B), K).
        negative: noise words that one true word is to be told from; the K stand for them with weight ``negative`` / K.
        vocabulary_size: V.
        block: B.
        window: the largest reach.
        dtype: of the matrices.
    """

    def __init__(
        self,
        model: str,
        ids: np.ndarray,
        sentences: np.ndarray,
        reach: np.ndarray,
        noise: np.ndarray,
        *,
        negative: int,
        vocabulary_size: int,
        block: int,
        window: int,
        dtype: type = np.float32,
    ):
        self.model, self.size, self.dtype = model, block, dtype
        n, count = len(ids), len(noise)
        self.positions, self.count = n, count
        where = np.arange(n) // block  # (n,), the block of each position
        noise_block = np.repeat(np.arange(count), noise.shape[1])  # (count K,)
        # A block sees its own positions and ``window`` more on either side: its halo, ``width`` slots.
        width = block + 2 * window
        slots = (block * np.arange(count)[:, None] + np.arange(-window, block + window)).reshape(-1)
        halo = ids[np.clip(slots, 0, n - 1)]  # beyond the ends no pair reaches
        halo_block = np.repeat(np.arange(count), width)

        offsets = np.array([k for k in range(-window, window + 1) if k])  # (2 window,)
        valid = pairs_within(sentences, reach, offsets)  # (n, 2 window)
        around = valid.sum(axis=1)  # (n,), pairs of each position
        slot = (np.arange(n) + 2 * window * where + window)[:, None] + offsets  # (n, 2 window), where the halo holds t + k
        pair_slot = slot[valid]
        self.pair_starts = np.concatenate(([0], np.cumsum(around)))[np.minimum(block * np.arange(count + 1), n)]

        number = WordNumbers(vocabulary_size, count)
        if model == SKIP_GRAM:
            self.inputs, self.input_starts, row = number(where, ids)
            seen, seen_block = np.concatenate([halo, noise.reshape(-1)]), np.concatenate([halo_block, noise_block])
            self.outputs, self.output_starts, column = number(seen_block, seen)
            row_start = row * np.diff(self.output_starts)[where]
            self.pairs = np.repeat(row_start, around) + column[pair_slot]  # entries of Y, counted from the block's first
        else:
            self.inputs, self.input_starts, column = number(halo_block, halo)
            row_start = np.arange(n) % block * np.diff(self.input_starts)[where]
            self.pairs = np.repeat(row_start, around) + column[pair_slot]  # entries of A
            seen, seen_block = np.concatenate([ids, noise.reshape(-1)]), np.concatenate([where, noise_block])
            self.outputs, self.output_starts, column = number(seen_block, seen)
            self.targets = column[:n]
            self.around = around.astype(dtype)
        noise_column = column[-noise.size :] + self.output_starts[noise_block]
        q = np.bincount(noise_column, minlength=len(self.outputs)) * (negative / noise.shape[1])
        self.q = q.astype(dtype)

    def __len__(self) -> int:
        """Number of blocks."""
        return self.count

    def block(self, k: int) -> Block:
        """Block ``k``."""
        inputs = self.inputs[self.input_starts[k] : self.input_starts[k + 1]]
        columns = slice(self.output_starts[k], self.output_starts[k + 1])
        outputs = self.outputs[columns]
        first = k * self.size
        positions = min(self.size, self.positions - first)
        rows = positions if self.model == CBOW else len(inputs)
        wide = len(inputs) if self.model == CBOW else len(outputs)
        pairs = self.pairs[self.pair_starts[k] : self.pair_starts[k + 1]]
        counts = np.bincount(pairs, minlength=rows * wide).reshape(rows, wide).astype(self.dtype)
        if self.model == SKIP_GRAM:
            return Block(inputs, outputs, None, counts, self.q[columns], positions)
        around = self.around[first : first + positions]
        counts /= np.maximum(around, 1)[:, None]
        Y = np.zeros((rows, len(outputs)), dtype=self.dtype)
        Y[np.arange(rows), self.targets[first : first + positions]] = around > 0
        return Block(inputs, outputs, counts, Y, self.q[columns], positions)


class WordNumbers:
    """Numbers the distinct words of each block, in the order of their ids."""

    def __init__(self, vocabulary_size: int, blocks: int):
        self.V, self.blocks = vocabulary_size, blocks

    def __call__(self, block: np.ndarray, words: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """For words (m,) and the block (m,) of each: distinct words block by block, starts (blocks + 1,), numbers (m,)."""
        distinct, inverse = np.unique(block * self.V + words, return_inverse=True)
        starts = np.searchsorted(distinct, np.arange(self.blocks + 1) * self.V)
        return distinct - np.repeat(np.arange(self.blocks) * self.V, np.diff(starts)), starts, inverse - starts[block]


def pairs_within(sentences: np.ndarray, reach: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Whether the word at t + k is in the sentence of t and within its reach, for each t and offset k (n, 2 window)."""
    n, most = len(sentences), int(offsets[-1])
    edge = np.full(most, -1)
    padded = np.concatenate([edge, sentences, edge])
    valid = np.empty((n, len(offsets)), dtype=bool)
    for k, offset in enumerate(offsets):
        np.equal(padded[most + offset : most + offset + n], sentences, out=valid[:, k])
        valid[:, k] &= reach >= abs(offset)
    return valid
