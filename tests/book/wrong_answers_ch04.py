"""Wrong answers to the exercises of chapter 4, as readers write them, with a part of the explanation for each."""

LOOK_UP = """
import numpy as np
def look_up_backward(dh, ids, V):
    dW = np.zeros((V, dh.shape[1]))
    {}
    return {}
"""
NOISE = """
import numpy as np
def draw_noise(counts, u):
    {}
    return {}
"""
ONE_PAIR = """
import numpy as np
def negative_sampling_gradients(h, o, noise, W):
    dh, dW = np.zeros_like(h), np.zeros_like(W)
    for k, word in enumerate([o, *noise]):
        t = float(k == 0)
        if {skip}:
            continue
        ds = {ds}
        dh += ds * W[word]
        dW[word] {add} ds * h
    return {result}
"""
PAIR = {
    "skip": "k > 0 and word == o",
    "ds": "1 / (1 + np.exp(-W[word] @ h)) - t",
    "add": "+=",
    "result": "dh, dW",
}
KEEP = """
import numpy as np
def keep_probability(counts, threshold):
    f = {}
    return {}
"""
ANALOGY = """
import numpy as np
def analogy(a, b, c, x):
    u = {}
    scores = {}
    scores[{}] = {}
    return int(scores.arg{}())
"""
UNIT = "x / np.linalg.norm(x, axis=1, keepdims=True)"
BLOCK = """
import numpy as np
def block_gradients(X, Z, Y, q):
    n = Y.sum(axis=1, keepdims=True)
    dS = ({}) / (1 + np.exp(-X @ Z.T)) - Y
    return {}
"""

WRONG = {
    "4.1": [
        (LOOK_UP.format("dW[ids] += dh", "dW"), "only its last row is kept"),
        (LOOK_UP.format("dW[ids] = dh", "dW"), "only its last row is kept"),
        (
            LOOK_UP.format("np.add.at(dW, ids, dh)", "dW / np.maximum(np.bincount(ids, minlength=V), 1)[:, None]"),
            "Rows that were looked up more than once are averaged",
        ),
        (LOOK_UP.format("np.add.at(dW, ids, dh)", "dW[np.unique(ids)]"), "Only the rows that were looked up are returned"),
        (LOOK_UP.format("np.add.at(dW, ids, dh)", "dW.T"), "the result has shape (2, 4), expected (4, 2)"),
        (LOOK_UP.format("np.add.at(dW, ids, dh)\n    dh *= 0", "dW"), "changes its argument number 1 in place"),
    ],
    "4.2": [
        (NOISE.format("P = counts / counts.sum()", "np.searchsorted(np.cumsum(P), u)"), "by their frequency in the text"),
        (NOISE.format("V = len(counts)", "(u * V).astype(int)"), "all words with the same probability"),
        (
            NOISE.format("P = counts ** (4 / 3)", "np.searchsorted(np.cumsum(P) / P.sum(), u)"),
            "The power is inverted",
        ),
        (
            NOISE.format("P = np.sort(counts)[::-1] ** 0.75", "np.searchsorted(np.cumsum(P) / P.sum(), u)"),
            "keep them in the order of the words",
        ),
        (
            NOISE.format("P = counts ** 0.75", "np.searchsorted(np.cumsum(P) / P.sum(), u) + 1"),
            "Every result is one word too far",
        ),
        (NOISE.format("P = counts ** 0.75", "np.searchsorted(np.cumsum(P), u)"), "the result is [0, 0, 0, 0], expected"),
    ],
    "4.3": [
        (ONE_PAIR.format(**PAIR | {"skip": "False"}), "A noise word equal to o is not left out"),
        (ONE_PAIR.format(**PAIR | {"ds": "t - 1 / (1 + np.exp(-W[word] @ h))"}), "The sign is wrong"),
        (ONE_PAIR.format(**PAIR | {"ds": "1 / (1 + np.exp(-W[word] @ h))"}), "The true word is treated as noise"),
        (ONE_PAIR.format(**PAIR | {"add": "="}), "counts only once in dW"),
        (
            ONE_PAIR.format(**PAIR | {"result": "dh / (len(noise) + 1), dW / (len(noise) + 1)"}),
            "The loss is a sum over the words, not a mean",
        ),
        (ONE_PAIR.format(**PAIR | {"result": "dW, dh"}), "dh has shape (6, 3), expected (3,)"),
        (ONE_PAIR.format(**PAIR | {"result": "dW"}), "has to return 2 values, dh, dW, in this order"),
    ],
    "4.4": [
        (
            KEEP.format("counts / counts.sum()", "(np.sqrt(f / threshold) + 1) * threshold / f"),
            "A probability is above 1: rare words are always kept",
        ),
        (
            KEEP.format("counts / counts.sum()", "1 - np.minimum(1, (np.sqrt(f / threshold) + 1) * threshold / f)"),
            "This is the probability of dropping a word",
        ),
        (
            KEEP.format("counts", "np.minimum(1, (np.sqrt(f / threshold) + 1) * threshold / f)"),
            "You use the counts themselves",
        ),
        (KEEP.format("counts / counts.sum()", "np.minimum(1, np.sqrt(threshold / f))"), "This is the formula of the paper"),
        (
            KEEP.format("counts / counts.max()", "np.minimum(1, (np.sqrt(f / threshold) + 1) * threshold / f)"),
            "the result is [",
        ),
    ],
    "4.5": [
        (ANALOGY.format(UNIT, "u @ (u[b] - u[a] + u[c])", "[]", "0", "max"), "You return one of the three given words"),
        (ANALOGY.format("x", "u @ (u[b] - u[a] + u[c])", "[a, b, c]", "-np.inf", "max"), "scaled to length 1 first"),
        (ANALOGY.format(UNIT, "u @ (u[a] - u[b] + u[c])", "[a, b, c]", "-np.inf", "max"), "The step goes from a to b"),
        (
            ANALOGY.format("x", "np.linalg.norm(u - (u[b] - u[a] + u[c]), axis=1)", "[a, b, c]", "np.inf", "min"),
            "the smallest distance between the unscaled vectors",
        ),
        (ANALOGY.format(UNIT, "u @ u[b]", "[a, b, c]", "-np.inf", "max"), "the result is"),
    ],
    "4.6": [
        (BLOCK.format("Y + q", "dS @ Z, dS.T @ X"), "The noise of each word counts only once"),
        (BLOCK.format("Y + n * q", "dS @ Z, dS.T @ X"), "c counts as noise as well"),
        (BLOCK.format("Y + (n - Y)", "dS @ Z, dS.T @ X"), "The weights q are missing"),
        (BLOCK.format("Y", "dS @ Z, dS.T @ X"), "The noise is missing"),
        (BLOCK.format("Y + (n - Y) * q", "dS @ Z / Y.sum(), dS.T @ X / Y.sum()"), "The loss is the sum over all pairs"),
        (BLOCK.format("Y + (n - Y) * q", "dS.T @ X, dS @ Z"), "dX has shape (5, 2), expected (3, 2)"),
    ],
}
