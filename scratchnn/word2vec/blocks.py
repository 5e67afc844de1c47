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

from scratchnn.backend import move

CBOW, SKIP_GRAM = "cbow", "skipgram"
MODELS = (CBOW, SKIP_GRAM)


class Block(NamedTuple):
    """What one step works on, in the symbols of ``scratchnn.word2vec.block_step``."""

    inputs: np.ndarray  # distinct words whose input vectors take part (U,)
    outputs: np.ndarray  # distinct words whose output vectors take part (R,)
    A: np.ndarray | None  # (M, U), rows sum to one, or to zero where nothing is around; None stands for the identity
    Y: np.ndarray  # (M, R)
    n: np.ndarray  # sums of the rows of Y (M,)
    q: np.ndarray  # weight of each column as noise (R,)

    def to(self, name: str) -> Block:
        """The same in the array library ``name``."""
        return Block(*(None if part is None else move(part, name) for part in self))


class Blocks:
    """The blocks of one piece of text; the matrices are float32.

    Args:
        model: ``"cbow"`` or ``"skipgram"``.
        ids: words (L,), thinned out already.
        sentences: the number of the sentence that each is in (L,), rising.
        reach: b_t (L,).
        noise: noise words of each block (ceil(L / B), K).
        negative: noise words that one true word is to be told from; the K stand for them with weight ``negative`` / K.
        vocabulary_size: V.
        block: B.
        window: the largest reach.
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
    ):
        self.model, self.size = model, block
        length, count = len(ids), len(noise)
        self.starts = np.minimum(block * np.arange(count + 1), length)  # the positions of block k: starts[k] .. starts[k + 1]
        where = np.arange(length) // block  # (L,), the block of each position
        noise_block = np.repeat(np.arange(count), noise.shape[1])  # (count K,)
        # A block sees its own positions and ``window`` more on either side: its halo, ``block + 2 window`` slots.
        slots = block * np.arange(count)[:, None] + np.arange(-window, block + window)
        halo = ids[np.clip(slots, 0, length - 1).reshape(-1)]  # beyond the ends no pair reaches
        halo_block = np.repeat(np.arange(count), slots.shape[1])

        offsets = np.array([k for k in range(-window, window + 1) if k])  # (2 window,)
        valid = pairs_within(sentences, reach, offsets)  # (L, 2 window)
        around = valid.sum(axis=1)  # (L,), pairs of each position
        self.pair_starts = np.concatenate(([0], np.cumsum(around)))[self.starts]
        slot = (np.arange(length) + 2 * window * where + window)[:, None] + offsets  # where the halo holds t + k
        pair_slot = slot[valid]

        if model == SKIP_GRAM:
            self.inputs, self.input_starts, row = number_words(ids, where, count, vocabulary_size)
            words, blocks = np.concatenate([halo, noise.reshape(-1)]), np.concatenate([halo_block, noise_block])
            self.outputs, self.output_starts, column = number_words(words, blocks, count, vocabulary_size)
            row_start = row * np.diff(self.output_starts)[where]
            self.pairs = np.repeat(row_start, around) + column[pair_slot]  # entries of Y, one for each pair
            n = np.bincount(row + self.input_starts[where], weights=around, minlength=len(self.inputs))
            self.n = n.astype(np.float32)
        else:
            self.inputs, self.input_starts, column = number_words(halo, halo_block, count, vocabulary_size)
            row_start = (np.arange(length) % block) * np.diff(self.input_starts)[where]
            self.pairs = np.repeat(row_start, around) + column[pair_slot]  # entries of A, one for each pair
            self.share = (1 / np.maximum(around, 1)).astype(np.float32)
            self.n = (around > 0).astype(np.float32)
            words, blocks = np.concatenate([ids, noise.reshape(-1)]), np.concatenate([where, noise_block])
            self.outputs, self.output_starts, column = number_words(words, blocks, count, vocabulary_size)
            row_start = (np.arange(length) % block) * np.diff(self.output_starts)[where]
            self.targets = row_start + column[:length]  # entries of Y
        noise_column = column[-noise.size :] + self.output_starts[noise_block]
        drawn = np.bincount(noise_column, minlength=len(self.outputs))
        self.q = (drawn * (negative / noise.shape[1])).astype(np.float32)

    def __len__(self) -> int:
        """Number of blocks."""
        return len(self.starts) - 1

    def block(self, k: int) -> Block:
        """Block ``k``."""
        positions = slice(self.starts[k], self.starts[k + 1])
        rows = slice(self.input_starts[k], self.input_starts[k + 1])
        columns = slice(self.output_starts[k], self.output_starts[k + 1])
        pairs = self.pairs[self.pair_starts[k] : self.pair_starts[k + 1]]
        inputs, outputs, q = self.inputs[rows], self.outputs[columns], self.q[columns]
        if self.model == SKIP_GRAM:
            return Block(inputs, outputs, None, count_matrix(pairs, len(inputs), len(outputs)), self.n[rows], q)
        n = self.n[positions]
        A = count_matrix(pairs, len(n), len(inputs))
        A *= self.share[positions, None]
        Y = np.zeros((len(n), len(outputs)), dtype=np.float32)
        Y.reshape(-1)[self.targets[positions]] = n
        return Block(inputs, outputs, A, Y, n, q)


def pairs_within(sentences: np.ndarray, reach: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Whether the word at t + k is in the sentence of t and within its reach, for each t and offset k (L, 2 window)."""
    length, most = len(sentences), int(offsets[-1])
    edge = np.full(most, -1)
    padded = np.concatenate([edge, sentences, edge])
    valid = np.empty((length, len(offsets)), dtype=bool)
    for k, offset in enumerate(offsets):
        np.equal(padded[most + offset : most + offset + length], sentences, out=valid[:, k])
        valid[:, k] &= reach >= abs(offset)
    return valid


def number_words(
    words: np.ndarray, block: np.ndarray, blocks: int, vocabulary_size: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Number the distinct words of each block from 0, in the order of their ids.

    Args:
        words: ids (m,).
        block: the block that each is in (m,).
        blocks: number of blocks.
        vocabulary_size: V.

    Returns:
        The distinct words, block after block (d,); where each block begins among them (blocks + 1,); and the number of
        each word in its block (m,).
    """
    distinct, inverse = np.unique(block * vocabulary_size + words, return_inverse=True)
    first = np.arange(blocks + 1) * vocabulary_size
    starts = np.searchsorted(distinct, first)
    return distinct - np.repeat(first[:-1], np.diff(starts)), starts, inverse - starts[block]


def count_matrix(entries: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """How often each entry, numbered row by row, occurs: (rows, columns), float32."""
    return np.bincount(entries, minlength=rows * columns).reshape(rows, columns).astype(np.float32)
