"""The milestone of chapter 11: dates in words become ISO dates, with the reader's own LSTM and attention.

    september 25, 1984    1984-09-25

One LSTM reads the source and hands its state to another one, which writes; both are as in the milestone of chapter 6. With
the states m_1 .. m_S of the first, and h_t of the second,

    v_t = attention of h_t over m_1 .. m_S,   z_t = [h_t, v_t] Wy + by                                                (1)

The attention is that of exercise 11.3, the way back that of 11.4; 11.2 prepares the targets, 11.6 scores. Further back it
goes by 5.4, 1.3, 6.3 and 3.1, and 6.1 clips. Sources are padded on the left, so that all of them end at the last step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from scratchnn.book.milestones.ch06 import MAX_NORM, backward_steps, forward_steps
from scratchnn.core import Parameter
from scratchnn.datasets.generated import generated_dates
from scratchnn.optim import Adam

D, H, N = 16, 48, 50
EXAMPLES, NEW, EPOCHS = 2500, 200, 8
ENOUGH = 0.9

Functions = Mapping[str, Callable[..., Any]]


def train(own: Functions, report: Callable[[str], None]) -> bool:
    """Train; returns whether nearly all new dates are written without a mistake."""
    pairs = [
        (source.lower(), target) for source, target in generated_dates(4 * (EXAMPLES + NEW), 0) if source.count(",") == 1
    ]
    characters = ["", "begin", "end", *sorted(set("".join(source + target for source, target in pairs)))]
    ids = {character: k for k, character in enumerate(characters)}
    data = [([ids[c] for c in source], [ids[c] for c in target]) for source, target in pairs[: EXAMPLES + NEW]]
    rng, V = np.random.default_rng(0), len(ids)
    weights = first_weights(rng, V)
    optimizer = Adam(weights.values(), 0.01)
    right = 0.0
    for epoch in range(EPOCHS):
        order = rng.permutation(EXAMPLES)
        for start in range(0, EXAMPLES, N):
            batch = [data[k] for k in order[start : start + N]]
            for name, gradient in gradients(own, weights, batch).items():
                weights[name].grad = gradient
            optimizer.step()
        z, (_, targets, lengths), _ = forward(own, weights, data[EXAMPLES:])
        right = float(own["11.6"](z, targets, lengths))
        report(f"  after epoch {epoch + 1}: {right:.1%} of the new dates are right to the last character")
        if right >= ENOUGH:
            break
    return right >= ENOUGH


def first_weights(rng: np.random.Generator, V: int) -> dict[str, Parameter]:
    """The weights of both networks; their forget gates begin open."""
    shapes = {"E": (V, D), "We": (D + H, 4 * H), "be": (4 * H,), "Wd": (D + H, 4 * H), "bd": (4 * H,)}
    shapes |= {"Wy": (2 * H, V), "by": (V,)}
    start = {name: rng.standard_normal(shape) / np.sqrt(shape[0]) * (len(shape) > 1) for name, shape in shapes.items()}
    for name in ("be", "bd"):
        start[name][2 * H : 3 * H] = 1.0
    return {name: Parameter(array) for name, array in start.items()}


def forward(own: Functions, weights: Mapping[str, Parameter], batch: list[tuple[list[int], list[int]]]) -> tuple:
    """Logits (N, T, V); inputs, targets and lengths of the writing network; what the way back needs."""
    E = weights["E"].data
    sources, texts = zip(*batch, strict=True)
    S = max(map(len, sources))
    read = np.array([[0] * (S - len(source)) + source for source in sources])  # (N, S)
    inputs, targets, lengths = own["11.2"](list(texts), 1, 2, 0)
    zero = np.zeros((len(batch), H))
    m, state, reading = forward_steps(E[read], zero, zero, weights["We"].data, weights["be"].data)
    h, _, writing = forward_steps(E[inputs], state[0], state[1], weights["Wd"].data, weights["bd"].data)
    v, alpha = own["11.3"](h, m, m, read > 0)  # (1)
    both = np.concatenate([h, v], axis=2)  # (N, T, 2H)
    z = both @ weights["Wy"].data + weights["by"].data  # (1)
    return z, (inputs, targets, lengths), (read, m, reading, h, writing, alpha, both)


def gradients(own: Functions, weights: Mapping[str, Parameter], batch: list) -> dict[str, np.ndarray]:
    """The gradients of the mean loss with respect to all weights, those of the LSTMs clipped."""
    z, (inputs, targets, lengths), (read, m, reading, h, writing, alpha, both) = forward(own, weights, batch)
    V = z.shape[2]
    dboth, dWy, dby = own["1.3"](
        own["5.4"](z, targets, lengths).reshape(-1, V), both.reshape(-1, 2 * H), weights["Wy"].data
    )
    dboth = dboth.reshape(both.shape)
    dq, dk, dm = own["11.4"](dboth[:, :, H:], alpha, h, m, m)
    zero = np.zeros((len(read), H))
    dx, dstate, dWd, dbd = backward_steps(own, dboth[:, :, :H] + dq, (zero, zero), writing, weights["Wd"].data)
    dE = own["3.1"](dx.reshape(-1, D), inputs.reshape(-1), V)
    dx, _, dWe, dbe = backward_steps(own, dk + dm, dstate, reading, weights["We"].data)
    dE = dE + own["3.1"](dx.reshape(-1, D), read.reshape(-1), V)
    (dWe, dbe), (dWd, dbd) = own["6.1"](dWe, dbe, MAX_NORM), own["6.1"](dWd, dbd, MAX_NORM)
    return {"E": dE, "We": dWe, "be": dbe, "Wd": dWd, "bd": dbd, "Wy": dWy, "by": dby}
