"""Solutions to the exercises of chapter 4."""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


# 4.1: places says which of the distinct ids each look-up belongs to
def merge_rows(dy, ids):
    distinct, places = np.unique(ids, return_inverse=True)
    rows = np.zeros((len(distinct), dy.shape[1]))
    np.add.at(rows, places, dy)
    return distinct, rows


# 4.2: the running sums are the right ends of the pieces
def draw_noise(counts, u):
    P = counts**0.75 / (counts**0.75).sum()
    return np.searchsorted(np.cumsum(P), u, side="right")


# 4.3
def negative_sampling_gradients(h, o, noise, W):
    dh, dW = np.zeros_like(h), np.zeros_like(W)
    for word, t in [(o, 1.0)] + [(k, 0.0) for k in noise if k != o]:
        ds = sigmoid(W[word] @ h) - t
        dh += ds * W[word]
        dW[word] += ds * h
    return dh, dW


# 4.4
def keep_probability(counts, threshold):
    f = counts / counts.sum()
    return np.minimum(1, (np.sqrt(f / threshold) + 1) * threshold / f)


# 4.5
def analogy(a, b, c, x):
    u = x / np.sqrt((x**2).sum(axis=1, keepdims=True))
    scores = u @ (u[b] - u[a] + u[c])
    scores[[a, b, c]] = -np.inf
    return int(scores.argmax())


# 4.6: one matrix of scores; each word is noise in all pairs of which it is not the true word
def block_gradients(X, Z, Y, q):
    n = Y.sum(axis=1, keepdims=True)
    Q = Y + (n - Y) * q
    dS = Q * sigmoid(X @ Z.T) - Y  # (U, R)
    return dS @ Z, dS.T @ X
