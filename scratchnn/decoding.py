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

from scratchnn.backend import backend_name, check_ids, move, to_numpy
from scratchnn.errors import DataError, NonFiniteError, whole_number
from scratchnn.functions import softmax
from scratchnn.models.language_model import LanguageModel


def token_probabilities(
    logits: np.ndarray, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> np.ndarray:
    """Equations (1) to (3): logits (V,) give probabilities (V,) in float64, zero where a token is left out.

    A logit of minus infinity stands for a token that must not come; among equally probable ones, lower ids go first.
    """
    if not 0 <= temperature < np.inf:
        raise DataError(f"temperature must be 0 or more and finite, got {temperature}")
    if top_k is not None:
        whole_number(top_k, "top-k")
    if top_p is not None and not 0 < top_p <= 1:
        raise DataError(f"top-p must be above 0 and at most 1, got {top_p}")
    logits = logits.astype(np.float64)
    if not np.isfinite(logits.max()):
        raise NonFiniteError("no token can be drawn: the logits are NaN or infinite")
    order = np.argsort(-logits, kind="stable")  # most probable first, equal ones by id
    if temperature == 0:
        return np.eye(len(logits))[order[0]]
    with np.errstate(over="ignore"):  # far below the best logit and a low temperature: minus infinity, probability 0
        p = softmax((logits - logits.max()) / temperature)  # (1)
    kept = len(p) if top_k is None else min(top_k, len(p))  # (2)
    if top_p is not None:
        ranked = p[order[:kept]] / p[order[:kept]].sum()
        kept = min(int(np.searchsorted(np.cumsum(ranked), top_p)) + 1, kept)  # (3)
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
    if not set(range(model.vocabulary_size)).difference(avoid):
        raise DataError("there is no token left to draw: all are to be avoided")
    ids, state = np.asarray(prompt)[None], None  # (1, M)
    check_ids(ids, model.vocabulary_size, "generate")
    name = backend_name(model.embedding.W.data)
    was_training = model.training
    model.evaluate()
    drawn: list[int] = []
    try:
        for _ in range(count):
            logits, state = model.forward(move(ids, name), state)
            last = to_numpy(logits[0, -1]).copy()  # (V,)
            last[list(avoid)] = -np.inf
            drawn.append(int(rng.choice(len(last), p=token_probabilities(last, temperature, top_k, top_p))))
            ids = np.array([[drawn[-1]]], dtype=np.int32)
    finally:
        model.train(was_training)
    return drawn
