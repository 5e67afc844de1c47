"""From logits to tokens: greedy choice, and sampling with temperature, top-k and nucleus.

    p_k is proportional to exp(z_k / temperature)                                                                  (1)
    top-k:    keep the k most probable tokens                                                                      (2)
    nucleus:  keep the smallest set of most probable tokens whose probabilities add up to at least top_p           (3)

A temperature below 1 sharpens the distribution, above 1 flattens it; 0 means the most probable token (greedy). (2) and
(3) are applied to (1), in this order, and the result is scaled to sum to 1. Holtzman et al. (2020) for the nucleus.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from scratchnn.backend import Array, check_ids, to_numpy
from scratchnn.errors import DataError, NonFiniteError, whole_number
from scratchnn.functions import softmax


def token_probabilities(
    logits: np.ndarray, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> np.ndarray:
    """Equations (1) to (3): logits (V,) give probabilities (V,) in float64, zero where a token is left out.

    A logit of minus infinity excludes its token. Of equally probable tokens, those with lower ids are kept first.
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


Step = Callable[[np.ndarray, Any], tuple[Array, Any]]  # ids (N, T) and a state -> logits (N, V) and the next state


def generate(
    step: Step,
    prompt: Sequence[int] | np.ndarray,
    count: int,
    rng: np.random.Generator,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    avoid: Sequence[int] = (),
    state: Any = None,
    end: int | None = None,
) -> list[int]:
    """Continue a prompt.

    Args:
        step: takes ids (1, T) in host memory and a state, and returns the logits after the last id (1, V) and the next
            state; ``LanguageModel.step``, for one.
        prompt: ids (M,), at least one.
        count: largest number of ids to draw.
        rng: a NumPy generator; ids are drawn in host memory.
        temperature, top_k, top_p: equations (1) to (3).
        avoid: ids never to draw, for instance ``<unk>``.
        state: the state before the prompt; ``None`` is the model's own first state.
        end: an id that ends the text, for instance ``<eos>``; it is not returned.

    Returns:
        The drawn ids, without the prompt.
    """
    if len(prompt) == 0:
        raise DataError("the prompt is empty; give at least one token to start from")
    ids = np.asarray(prompt)[None]  # (1, M)
    drawn: list[int] = []
    for _ in range(count):
        logits, state = step(ids, state)
        last = to_numpy(logits[0]).copy()  # (V,)
        if len(set(avoid)) >= len(last):
            raise DataError("there is no token left to draw: all are to be avoided")
        if len(avoid):
            check_ids(np.asarray(avoid), len(last), "generate: avoid")
        last[list(avoid)] = -np.inf
        drawn.append(int(rng.choice(len(last), p=token_probabilities(last, temperature, top_k, top_p))))
        if drawn[-1] == end:
            return drawn[:-1]
        ids = np.array([[drawn[-1]]], dtype=np.int32)
    return drawn
