"""The milestone of chapter 5: a language model, trained by the reader's own functions.

The recurrent network is that of exercise 5.3, whose state also goes past the tanh. With e the embedding of a word,

    u_t = tanh(e_t Wx + h_{t-1} Wh),   h_t = h_{t-1} + u_t,   z_t = h_t Wy + by                                       (1)

The tanh comes from exercise 5.1, one step at a time. Backward: 5.4 from the loss to z, 1.3 to h, 5.3 to e, 3.1 to the
table. The windows are those of 5.5, the perplexity is that of 5.6. Each window begins with the state zero.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from scratchnn.book.examples.ch05_language import GRAMMAR, make_text
from scratchnn.losses import softmax_cross_entropy_forward
from scratchnn.text import Vocabulary

N, T, D, H = 20, 10, 16, 24
WORDS, NEW_WORDS, EPOCHS = 20_000, 4_000, 4
LEARNING_RATE, MAX_NORM = 1.0, 1.0

Functions = Mapping[str, Callable[..., Any]]


def train(own: Functions, report: Callable[[str], None]) -> bool:
    """Train; returns whether the perplexity is below the best that is possible with the last word alone."""
    rng = np.random.default_rng(0)
    lexicon = Vocabulary.build([word for rows in GRAMMAR.values() for word, _, _ in rows], specials=())
    ids, new = (lexicon.encode(make_text(rng, size)[0]) for size in (WORDS, NEW_WORDS))
    V = len(lexicon)
    shapes = {"E": (V, D), "Wx": (D, H), "Wh": (H, H), "Wy": (H, V), "by": (V,)}
    weights = {name: 0.2 * rng.standard_normal(shape) for name, shape in shapes.items()}
    floor = last_word_perplexity(ids, new, V)
    report(f"  best perplexity on new text if only the last word is known: {floor:.2f}")
    reached = perplexity(own, weights, new)
    report(f"  before training: {reached:.2f}")
    for epoch in range(EPOCHS):
        for inputs, targets in zip(*own["5.5"](ids, N, T), strict=True):
            update(own, weights, inputs, targets)
        reached = perplexity(own, weights, new)
        report(f"  after epoch {epoch + 1}: {reached:.2f}")
    return bool(reached < floor)


def states(own: Functions, weights: dict[str, np.ndarray], e: np.ndarray) -> np.ndarray:
    """The states (N, T + 1, H) of equation (1) for inputs e (N, T, D), beginning with zero."""
    W_a = np.concatenate([weights["Wh"].T, weights["Wx"].T], axis=1)  # (H, H + D)
    h = [np.zeros((len(e), H))]
    for t in range(e.shape[1]):
        h.append(h[-1] + own["5.1"](e[:, t : t + 1], h[-1], W_a, np.zeros(H))[:, 0])  # (1)
    return np.stack(h, axis=1)


def update(own: Functions, weights: dict[str, np.ndarray], inputs: np.ndarray, targets: np.ndarray) -> None:
    """One step of gradient descent on a window: ids and their successors, both (N, T)."""
    e = weights["E"][inputs]  # (N, T, D)
    h = states(own, weights, e)
    z = h[:, 1:] @ weights["Wy"] + weights["by"]  # (1)  (N, T, V)
    dz = own["5.4"](z, targets, np.full(len(z), T))
    dh, dWy, dby = own["1.3"](dz.reshape(-1, dz.shape[2]), h[:, 1:].reshape(-1, H), weights["Wy"])
    de, _, dWx, dWh = own["5.3"](dh.reshape(-1, T, H), e, h, weights["Wx"], weights["Wh"])
    dE = own["3.1"](de.reshape(-1, D), inputs.reshape(-1), len(weights["E"]))
    gradients = {"E": dE, "Wx": dWx, "Wh": dWh, "Wy": dWy, "by": dby}
    norm = np.sqrt(sum((gradient**2).sum() for gradient in gradients.values()))
    factor = min(1.0, MAX_NORM / norm)
    for name, gradient in gradients.items():
        weights[name] -= LEARNING_RATE * factor * gradient


def perplexity(own: Functions, weights: dict[str, np.ndarray], ids: np.ndarray) -> float:
    """Perplexity on a text, read in windows."""
    inputs, targets = own["5.5"](ids, N, T)
    losses = []
    for window, following in zip(inputs, targets, strict=True):
        z = states(own, weights, weights["E"][window])[:, 1:] @ weights["Wy"] + weights["by"]
        losses.append(float(softmax_cross_entropy_forward(z, following)[0]))
    return float(own["5.6"](np.array(losses), np.full(len(losses), N * T)))


def last_word_perplexity(ids: np.ndarray, new: np.ndarray, V: int) -> float:
    """Perplexity on the text ``new`` of the frequencies of pairs of words in ``ids``, each pair counted once more."""
    counts = np.full((V, V), 0.1)
    np.add.at(counts, (ids[:-1], ids[1:]), 1)
    shares = counts / counts.sum(axis=1, keepdims=True)
    return float(np.exp(-np.log(shares[new[:-1], new[1:]]).mean()))
