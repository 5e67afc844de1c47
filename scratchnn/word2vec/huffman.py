"""A Huffman tree over the vocabulary: each word is a leaf, and the more frequent, the nearer to the root.

The two rarest nodes are joined again and again until one is left. The V words then sit below V - 1 inner nodes. Word o is
reached from the root by a way of L_o decisions

    nodes[o, k]   the k-th inner node on it, 0 .. V - 2, the root being V - 2                                      (1)
    left[o, k]    whether it goes left there                k = 0 .. L_o - 1                                       (2)

and with sigmoid(z) for left and sigmoid(-z) = 1 - sigmoid(z) for right at each node, the probabilities of all leaves sum to
one: L_o products in place of V exponentials. No code gives a smaller mean length sum_o count_o L_o.

The ways are padded to the longest with node 0. Huffman, "A Method for the Construction of Minimum-Redundancy Codes" (1952);
Morin and Bengio, "Hierarchical Probabilistic Neural Network Language Model" (2005), for the use.
"""

from __future__ import annotations

import heapq

import numpy as np

from scratchnn.backend import Array, array_module
from scratchnn.errors import DataError


class HuffmanTree:
    """The ways to all words.

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
        heap = [(int(count), word) for word, count in enumerate(counts)]  # equal counts: the node made first goes first
        heapq.heapify(heap)
        parent = np.zeros(2 * V - 1, dtype=np.int64)
        is_left = np.zeros(2 * V - 1, dtype=bool)
        for joined in range(V, 2 * V - 1):
            count, rarest = heapq.heappop(heap)
            other_count, other = heapq.heappop(heap)
            parent[rarest] = parent[other] = joined
            is_left[other] = True  # the more frequent of the two is left
            heapq.heappush(heap, (count + other_count, joined))
        depth = np.zeros(2 * V - 1, dtype=np.int64)
        for node in range(2 * V - 3, -1, -1):  # a parent has a larger number than its children
            depth[node] = depth[parent[node]] + 1
        self.lengths = depth[:V]
        self.nodes = np.zeros((V, int(self.lengths.max())), dtype=np.int64)
        self.left = np.zeros(self.nodes.shape, dtype=bool)
        at, rest = np.arange(V), self.lengths.copy()  # all words climb together, from their leaves to the root
        while (climbing := np.flatnonzero(rest)).size:
            nodes = at[climbing]
            rest[climbing] -= 1
            self.nodes[climbing, rest[climbing]] = parent[nodes] - V
            self.left[climbing, rest[climbing]] = is_left[nodes]
            at[climbing] = parent[nodes]

    def ways(self, words: Array) -> tuple[Array, Array, Array]:
        """Nodes, whether the way goes left there, and whether it is not at its end yet: (N, max L) each."""
        xp = array_module(words)
        nodes, left, lengths = (xp.asarray(table) for table in (self.nodes, self.left, self.lengths))
        return nodes[words], left[words], xp.arange(nodes.shape[1]) < lengths[words][:, None]
