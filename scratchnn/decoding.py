"""From logits to tokens: greedy choice, and sampling with temperature, top-k and nucleus.

    p_k is proportional to exp(z_k / temperature)                                                                  (1)
    top-k:    keep the k most probable tokens                                                                      (2)
    nucleus:  keep the smallest set of most probable tokens whose probabilities add up to at least top_p           (3)

A temperature below 1 sharpens the distribution, above 1 flattens it; 0 stands for the most probable token (greedy). (2)
and (3), in this order, act on (1); what is left is scaled to sum to 1. Holtzman et al. (2020) for the nucleus.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scratchnn.backend import backend_name, move, to_numpy
from scratchnn.errors import DataError
from scratchnn.functions import softmax
from scratchnn.models.language_model import LanguageModel


def token_probabilities(
    logits: np.ndarray, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> np.ndarray:
    """Equations (1) to (3): logits (V,) give probabilities (V,) in float64, zero where a token is left out."""
    if not temperature >= 0:
        raise DataError(f"temperature must be 0 or more, got {temperature}")
    if top_k is not None and top_k < 1:
        raise DataError(f"top-k must be 1 or more, got {top_k}")
    if top_p is not None and not 0 < top_p <= 1:
        raise DataError(f"top-p must be above 0 and at most 1, got {top_p}")
    logits = logits.astype(np.float64)
    order = np.argsort(-logits, kind="stable")  # most probable first, equal ones by id
    if temperature == 0:
        return np.eye(len(logits))[order[0]]
    p = softmax(logits / temperature)
    kept = len(p) if top_k is None else min(top_k, len(p))
    if top_p is not None:
        ranked = p[order[:kept]] / p[order[:kept]].sum()
        kept = min(int(np.searchsorted(np.cumsum(ranked), top_p)) + 1, kept)
    p[order[kept:]] = 0
    return p / p.sum()


def generate(
    model: LanguageModel,
    prompt: Sequence[int] | np.ndarray,
    count: int,
    rng: np.random.Generator,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    avoid: Sequence[int] = (),
) -> list[int]:
    """Continue a prompt.

    Args:
        model: in any mode; it is left in the mode it was in.
        prompt: ids (M,), at least one.
        count: number of ids to draw.
        rng: a NumPy generator; the draw happens in host memory.
        temperature, top_k, top_p: equations (1) to (3).
        avoid: ids never to draw, for instance ``<unk>``.

    Returns:
        The drawn ids, without the prompt.
    """
    if len(prompt) == 0:
        raise DataError("the prompt is empty; give at least one token to start from")
    name = backend_name(model.embedding.W.data)
    was_training = model.training
    model.evaluate()
    drawn: list[int] = []
    ids, state = np.asarray(prompt, dtype=np.int32)[None], None
    for _ in range(count):
        logits, state = model.forward(move(ids, name), state)
        last = to_numpy(logits[0, -1]).copy()
        last[list(avoid)] = -np.inf
        drawn.append(int(rng.choice(len(last), p=token_probabilities(last, temperature, top_k, top_p))))
        ids = np.array([[drawn[-1]]], dtype=np.int32)
    model.train(was_training)
    return drawn
