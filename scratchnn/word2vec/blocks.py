"""Text into blocks: the pairs of neighbouring words and the noise words of a stretch of text, as small matrices of counts.

A piece of text, after frequent words are subsampled and window sizes are drawn, is cut into blocks of B positions. All
blocks of a piece are prepared together, without a loop over words. Position t in a block is paired with every j in the same
sentence within its reach, 0 < |t - j| <= b_t. So a block needs its own positions and ``window`` more on either side, its
halo. Each block has its own noise words. Words are numbered within the block, so that a step writes to distinct rows of a
table.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from scratchnn.backend import Array


class SkipGramBlock(NamedTuple):
    """The input of one skip-gram step, in the symbols of ``scratchnn.word2vec.skip_gram_block``."""

    inputs: Array  # words of the rows of X (M,)
    outputs: Array  # words of the rows of Z (R,)
    Y: Array  # (M, R)
    n: Array  # (M,)
    q: Array  # (R,)
    true_words: int  # number of pairs; the loss is their sum


class CBOWBlock(NamedTuple):
    """The input of one CBOW step, in the symbols of ``scratchnn.word2vec.cbow_block``."""

    words: Array  # words of the rows of X (U,)
    noise: Array  # words of the rows of N (K,)
    A: Array  # (M, U)
    Q: Array  # (M, K)
    columns: Array  # index in ``words`` of the true word at each position (M,)
    P: Array  # the same as one-hot rows (M, U)

    @property
    def true_words(self) -> int:
        """Number of positions; the loss is their sum."""
        return len(self.Q)


class Piece:
    """A piece of text, prepared for blocks of both kinds.

    Args:
        ids: words (L,), after subsampling.
        sentences: the number of each word's sentence (L,), increasing.
        reach: b_t (L,).
        noise: noise words of each block (ceil(L / B), K).
        window: the largest reach.
        block: B.
        vocabulary_size: V.

    Attributes:
        where: the block of each position (L,).
        around: number of pairs of each position (L,).
        halo, halo_block: the words of each block and its halo, called its slots, block after block; and the block of each.
        own: the slot of each position in its own block (L,).
        near: the slot of the second position of each pair, with pairs ordered by the first (sum of ``around``,).
    """

    def __init__(
        self,
        ids: np.ndarray,
        sentences: np.ndarray,
        reach: np.ndarray,
        noise: np.ndarray,
        *,
        window: int,
        block: int,
        vocabulary_size: int,
    ):
        self.ids, self.noise, self.vocabulary_size, self.count = ids, noise, vocabulary_size, len(noise)
        length = len(ids)
        positions = np.arange(length)
        self.starts = np.minimum(block * np.arange(self.count + 1), length)  # block k: starts[k] .. starts[k + 1]
        self.where = positions // block
        slots = block * np.arange(self.count)[:, None] + np.arange(-window, block + window)
        self.halo = ids[np.clip(slots, 0, length - 1).reshape(-1)]  # no pair extends beyond the ends
        self.halo_block = np.repeat(np.arange(self.count), slots.shape[1])
        self.own = positions + 2 * window * self.where + window
        offsets = np.array([k for k in range(-window, window + 1) if k])  # (2 window,)
        valid = pairs_within(sentences, reach, offsets)  # (L, 2 window)
        self.around = valid.sum(axis=1)
        self.near = (self.own[:, None] + offsets)[valid]
        self.pair_starts = np.concatenate(([0], np.cumsum(self.around)))[self.starts]

    def __len__(self) -> int:
        """Number of blocks."""
        return self.count

    def number(self, words: np.ndarray, block: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Number the distinct words of each block from 0, in the order of their ids.

        Args:
            words, block: words (m,), and the block of each (m,).

        Returns:
            The distinct words, block after block (d,); the start of each block among them (count + 1,); and the number of
            each word in its block (m,).
        """
        distinct, inverse = np.unique(block * self.vocabulary_size + words, return_inverse=True)
        first = np.arange(self.count + 1) * self.vocabulary_size
        starts = np.searchsorted(distinct, first)
        return distinct - np.repeat(first[:-1], np.diff(starts)), starts, inverse - starts[block]

    def noise_block(self) -> np.ndarray:
        """The block of each noise word (count K,)."""
        return np.repeat(np.arange(self.count), self.noise.shape[1])


class SkipGramBlocks(Piece):
    """Blocks for skip-gram; the K noise words of a block have the total weight of ``negative`` noise words in each pair."""

    def __init__(self, *arrays: Any, negative: int, **sizes: Any):
        super().__init__(*arrays, **sizes)
        self.inputs, self.input_starts, row = self.number(self.ids, self.where)
        words = np.concatenate([self.halo, self.noise.reshape(-1)])
        blocks = np.concatenate([self.halo_block, self.noise_block()])
        self.outputs, self.output_starts, column = self.number(words, blocks)
        row_start = row * np.diff(self.output_starts)[self.where]
        self.entries = np.repeat(row_start, self.around) + column[self.near]  # of Y, one per pair
        pairs = np.bincount(row + self.input_starts[self.where], weights=self.around, minlength=len(self.inputs))
        self.n = pairs.astype(np.float32)
        drawn = column[-self.noise.size :] + self.output_starts[self.noise_block()]
        self.q = noise_weights(drawn, len(self.outputs), negative / self.noise.shape[1])

    def block(self, k: int) -> SkipGramBlock:
        """Block ``k``."""
        rows = slice(self.input_starts[k], self.input_starts[k + 1])
        columns = slice(self.output_starts[k], self.output_starts[k + 1])
        inputs, outputs = self.inputs[rows], self.outputs[columns]
        entries = self.entries[self.pair_starts[k] : self.pair_starts[k + 1]]
        Y = count_matrix(entries, len(inputs), len(outputs))
        return SkipGramBlock(inputs, outputs, Y, self.n[rows], self.q[columns], len(entries))


class CBOWBlocks(Piece):
    """Blocks for CBOW; the K noise words of a block have the total weight of ``negative`` noise words at each position.

    A position without neighbours has no row.
    """

    def __init__(self, *arrays: Any, negative: int, **sizes: Any):
        super().__init__(*arrays, **sizes)
        used = np.flatnonzero(self.around)
        self.targets, where, around = self.ids[used], self.where[used], self.around[used]
        self.row_starts = np.searchsorted(used, self.starts)
        self.words, self.word_starts, column = self.number(self.halo, self.halo_block)
        self.columns = column[self.own[used]]
        row = np.arange(len(used)) - self.row_starts[where]
        row_start = row * np.diff(self.word_starts)[where]
        self.entries = np.repeat(row_start, around) + column[self.near]  # of A, one per pair
        self.true = row_start + self.columns  # entries of P
        self.share = (1 / around).astype(np.float32)
        self.noise_words, self.noise_starts, column = self.number(self.noise.reshape(-1), self.noise_block())
        drawn = column + self.noise_starts[self.noise_block()]
        self.q = noise_weights(drawn, len(self.noise_words), negative / self.noise.shape[1])

    def block(self, k: int) -> CBOWBlock:
        """Block ``k``."""
        rows = slice(self.row_starts[k], self.row_starts[k + 1])
        columns = slice(self.noise_starts[k], self.noise_starts[k + 1])
        words, noise = self.words[self.word_starts[k] : self.word_starts[k + 1]], self.noise_words[columns]
        true = self.true[rows]
        A = count_matrix(self.entries[self.pair_starts[k] : self.pair_starts[k + 1]], len(true), len(words))
        A *= self.share[rows, None]
        Q = self.q[columns] * (self.targets[rows, None] != noise)
        P = np.zeros((len(true), len(words)), dtype=np.float32)
        P.reshape(-1)[true] = 1
        return CBOWBlock(words, noise, A, Q, self.columns[rows], P)


def pairs_within(sentences: np.ndarray, reach: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Whether word t + k is in the same sentence as t and within its reach, for each t and offset k (L, 2 window)."""
    length, window = len(sentences), int(offsets[-1])
    edge = np.full(window, -1)
    padded = np.concatenate([edge, sentences, edge])
    valid = np.empty((length, len(offsets)), dtype=bool)
    for k, offset in enumerate(offsets):
        np.equal(padded[window + offset : window + offset + length], sentences, out=valid[:, k])
        valid[:, k] &= reach >= abs(offset)
    return valid


def count_matrix(entries: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """How often each entry occurs, with entries numbered row by row: (rows, columns), float32."""
    return np.bincount(entries, minlength=rows * columns).reshape(rows, columns).astype(np.float32)


def noise_weights(drawn: np.ndarray, columns: int, weight: float) -> np.ndarray:
    """``weight`` times how often each column was drawn (columns,), float32."""
    return (np.bincount(drawn, minlength=columns) * weight).astype(np.float32)
