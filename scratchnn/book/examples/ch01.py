"""Chapter 1's made-up data, the spiral; and two loops of gradient descent, for a line and for a network of the package."""

from __future__ import annotations

import numpy as np

from scratchnn.core import Sequential
from scratchnn.losses import softmax_cross_entropy_backward, softmax_cross_entropy_forward
from scratchnn.optim import SGD


def spiral(rng: np.random.Generator, points: int = 100, arms: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Points (arms * points, 2) of a spiral with some noise, from the middle outwards, and the arm of each."""
    arm = np.repeat(np.arange(arms), points)  # 0, 0, 0 ... 1, 1, 1 ... 2, 2, 2
    radius = np.tile(np.arange(points) / points, arms)  # for each arm from 0 outwards
    angle = 4 * (arm + radius) + 0.2 * rng.standard_normal(arms * points)
    return np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1), arm


def fit_line(x: np.ndarray, target: np.ndarray, batch: int, epochs: int, lr: float, rng: np.random.Generator) -> np.ndarray:
    """Fit w x + b to points (N,) by gradient descent from w = b = 0; all (w, b) visited (steps + 1, 2)."""
    w, b = 0.0, 0.0
    path = [(w, b)]
    for _ in range(epochs):
        order = rng.permutation(len(x))  # a new order in each epoch
        for start in range(0, len(x), batch):
            chosen = order[start : start + batch]  # the indices of the next examples
            r = w * x[chosen] + b - target[chosen]
            w -= lr * (2 * r * x[chosen]).mean()
            b -= lr * (2 * r).mean()
            path.append((w, b))
    return np.array(path)


def fit(
    model: Sequential, x: np.ndarray, targets: np.ndarray, epochs: int, batch: int = 30, lr: float = 1.0, seed: int = 0
) -> np.ndarray:
    """Train a network of the package by gradient descent on mini-batches; the mean loss of each epoch.

    Args:
        model: inputs (N, D) give logits (N, K).
        x, targets: the training set (N, D) and its classes (N,).
        epochs, batch, lr: rounds through the training set, examples per step, learning rate.
        seed: decides the order of the examples.
    """
    model.astype(np.float64)  # the package computes in 32 bits by default
    optimizer = SGD(model.parameters(), lr=lr)
    rng, history = np.random.default_rng(seed), []
    for _ in range(epochs):
        order = rng.permutation(len(x))
        losses = []
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            L, cache = softmax_cross_entropy_forward(model.forward(x[chosen]), targets[chosen])
            model.backward(softmax_cross_entropy_backward(1.0, cache))  # adds to the gradients of the parameters
            optimizer.step()
            model.clear_gradients()  # sets them back to zero
            losses.append(L)
        history.append(np.mean(losses))
    model.evaluate()  # nothing is kept for a backward pass any more
    return np.array(history)
