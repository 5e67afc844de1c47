"""``embedding``: a look-up in a table (V, D), its gradient, and an SGD step.

Our gradient contains only the rows that were looked up, and SGD updates only these. PyTorch's gradient is as large as the
whole table by default (``sparse=False``), which most programs use; with ``sparse=True`` it also contains only the rows.
Both are measured, because the default alone would be an easy opponent.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from benchmarks.contest import Row
from benchmarks.measure import measure, our_library
from scratchnn.backend import move
from scratchnn.layers import Embedding
from scratchnn.optim import SGD

OPPONENTS = ("torch",)
TABLE, QUICK_TABLE = (10_000, 100), (30, 4)
IDS = {"700 different ids": [700], "20 x 35 ids by Zipf's law": [20, 35]}
QUICK_IDS = {"7 different ids": [7], "2 x 3 ids by Zipf's law": [2, 3]}


def rows(name: str, options: argparse.Namespace, settings: dict[str, Any]) -> list[Row]:
    """One row per kind of ids and per setting of ``sparse``."""
    theirs = "benchmarks.embedding:theirs" if "torch" in options.against else ""
    table, kinds = (QUICK_TABLE, QUICK_IDS) if options.quick else (TABLE, IDS)
    return [
        Row(
            f"embedding, sparse={sparse}" if theirs else "embedding",
            label,
            {"table": list(table), "ids": ids, "sparse": sparse},
            "benchmarks.embedding:ours",
            theirs,
        )
        for sparse in ((False, True) if theirs else (False,))
        for label, ids in kinds.items()
    ]


def batch(case: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Ids (M,), all different, or (N, T), drawn by Zipf's law; and the gradient with respect to their vectors (..., D)."""
    V, D = case["table"]
    rng = np.random.default_rng(0)
    if len(case["ids"]) == 1:
        ids = rng.permutation(V)[: case["ids"][0]]
    else:
        chance = 1 / np.arange(1, V + 1)
        ids = rng.choice(V, case["ids"], p=chance / chance.sum())
    return ids, rng.standard_normal((*ids.shape, D), dtype=np.float32)


def ours(case: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Time our layer and SGD step."""
    library, synchronise = our_library(settings)
    layer = Embedding(*case["table"], rng=np.random.default_rng(0))
    layer.to(library)
    optimizer = SGD(layer.parameters(), lr=0.1)
    ids, dy = (move(array, library) for array in batch(case))

    def step() -> None:
        layer.forward(ids)
        layer.backward(dy)
        optimizer.step()
        layer.clear_gradients()

    return measure(step, settings, synchronise)


def theirs(case: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Time PyTorch's layer and SGD step."""
    import torch

    from benchmarks.torch_device import prepare

    device, synchronise = prepare(settings)
    V, D = case["table"]
    layer = torch.nn.Embedding(V, D, sparse=case["sparse"]).to(device)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    ids, dy = (torch.from_numpy(array).to(device) for array in batch(case))

    def step() -> None:
        layer(ids).backward(dy)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return measure(step, settings, synchronise)
