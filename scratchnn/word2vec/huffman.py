"""A Huffman tree over the vocabulary: each word is a leaf, and frequent words are near the root.

The two rarest nodes are joined repeatedly until one node is left. The V words are then below V - 1 inner nodes. The path
from the root to word o has L_o decisions

    nodes[o, k]   the k-th inner node on the path, 0 .. V - 2; the root is V - 2                                   (1)
    left[o, k]    whether the path goes left there          k = 0 .. L_o - 1                                       (2)

With probability sigmoid(z) for left and sigmoid(-z) = 1 - sigmoid(z) for right at each node, the probabilities of all
leaves sum to one: L_o products instead of V exponentials. No code has a smaller total length sum_o count_o L_o.

Paths are padded with node 0 to the longest one. Huffman, "A Method for the Construction of Minimum-Redundancy Codes"
(1952); Morin and Bengio, "Hierarchical Probabilistic Neural Network Language Model" (2005), for the use in language models.
"""

from __future__ import annotations

import heapq

import numpy as np

from scratchnn.backend import Array, array_module
from scratchnn.errors import DataError


class HuffmanTree:
    """The paths to all words.

    Args:
        counts: how often each word occurs (V,); at least two words.

    Attributes:
        lengths: L (V,).
        nodes, left: equations (1) and (2), padded (V, max L).
    """

    def __init__(self, counts: np.ndarray):
        V = self.vocabulary_size = len(counts)
        if V < 2:
            raise DataError(f"a Huffman tree needs a vocabulary of two words or more, got {V}")
        heap = [(int(count), word) for word, count in enumerate(counts)]  # equal counts: the node created first comes first
        heapq.heapify(heap)
        parent = np.zeros(2 * V - 1, dtype=np.int64)
        is_left = np.zeros(2 * V - 1, dtype=bool)
        for joined in range(V, 2 * V - 1):
            count, rarest = heapq.heappop(heap)
            other_count, other = heapq.heappop(heap)
            parent[rarest] = parent[other] = joined
            is_left[other] = True  # the more frequent of the two is the left child
            heapq.heappush(heap, (count + other_count, joined))
        depth = np.zeros(2 * V - 1, dtype=np.int64)
        for node in range(2 * V - 3, -1, -1):  # a parent has a larger number than its children
            depth[node] = depth[parent[node]] + 1
        self.lengths = depth[:V]
        self.nodes = np.zeros((V, int(self.lengths.max())), dtype=np.int64)
        self.left = np.zeros(self.nodes.shape, dtype=bool)
        at, rest = np.arange(V), self.lengths.copy()  # all words climb at once, from their leaves to the root
        while (climbing := np.flatnonzero(rest)).size:
            nodes = at[climbing]
            rest[climbing] -= 1
            self.nodes[climbing, rest[climbing]] = parent[nodes] - V
            self.left[climbing, rest[climbing]] = is_left[nodes]
            at[climbing] = parent[nodes]

    def paths(self, words: Array) -> tuple[Array, Array, Array]:
        """Nodes, whether the path goes left there, and a mask that is false beyond its end: (N, max L) each."""
        xp = array_module(words)
        nodes, left, lengths = (xp.asarray(table) for table in (self.nodes, self.left, self.lengths))
        return nodes[words], left[words], xp.arange(nodes.shape[1]) < lengths[words][:, None]
