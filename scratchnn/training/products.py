"""The size of a model's matrix products, which decides how many threads compute them (``backend/threads.py``).

A recurrent layer multiplies its weights once per time step, by one row per sequence; other layers multiply theirs once per
batch. For N sequences of T steps, W weights in all (tables of embeddings are looked up, not multiplied) and R recurrent
layers, there are about N T W multiply-adds in T R products:

    size = N W / R        multiply-adds in the mean product                                                        (1)

Without recurrent layers there are few products, all of them large.
"""

from __future__ import annotations

import math

from scratchnn.core import Layer
from scratchnn.layers import Embedding
from scratchnn.recurrent import Recurrent


def product_size(model: Layer, N: int) -> float:
    """Equation (1) for batches of N sequences; infinity without recurrent layers."""
    cells = 0
    weights: dict[int, int] = {}
    for _, layer in model.named_layers():
        cells += isinstance(layer, Recurrent)
        if not isinstance(layer, Embedding):
            weights |= {id(p): p.data.size for p in layer.own_parameters().values() if p.data.ndim > 1}
    return N * sum(weights.values()) / cells if cells else math.inf
