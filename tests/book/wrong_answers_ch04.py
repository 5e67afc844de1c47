"""Wrong answers to the exercises of chapter 4, as readers write them, with a part of the explanation for each."""

MERGE = """
import numpy as np
def merge_rows(dy, ids):
    distinct, first, places = np.unique(ids, return_index=True, return_inverse=True)
    rows = np.zeros((len(distinct), dy.shape[1]))
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
        (MERGE.format("rows[places] += dy", "distinct, rows"), "only its last row is kept"),
        (
            MERGE.format("np.add.at(rows, places, dy)", "distinct, rows / np.bincount(places)[:, None]"),
            "Rows that were looked up more than once are averaged",
        ),
        (
            MERGE.format("np.add.at(rows, places, dy); order = np.argsort(first)", "distinct[order], rows[order]"),
            "The ids are in the order in which they appear",
        ),
        (
            MERGE.format("rows = np.zeros((ids.max() + 1, dy.shape[1])); np.add.at(rows, ids, dy)", "distinct, rows"),
            "keep only the rows of ids that occur",
        ),
        (MERGE.format("", "ids, dy"), "The ids are not merged"),
        (MERGE.format("np.add.at(rows, places, dy)", "distinct * 1.0, rows"), "ids holds floats; return integers"),
        (MERGE.format("np.add.at(rows, places, dy)", "rows, distinct"), "ids has shape (2, 1), expected (2,)"),
        (
            MERGE.format("np.add.at(rows, places, dy); dy *= 0", "distinct, rows"),
            "merge_rows changes its argument dy in place",
        ),
        (
            "import numpy as np\ndef merge_rows(dy, ids):\n    distinct = sorted(set(ids.tolist()))\n"
            "    rows = [dy[ids == v].sum(axis=0) for v in distinct]\n    return np.array(distinct), np.array(rows)\n",
            "Without look-ups there are no ids and no rows",
        ),
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
        (
            NOISE.format("P = counts ** 0.75", "np.searchsorted(np.cumsum(P) / P.sum(), u, side='right') * 1.0"),
            "the result holds floats; return integers",
        ),
        (NOISE.format("P = counts ** 0.75", "np.searchsorted(np.cumsum(P), u)"), "the result is [0, 0, 0, 0], expected"),
        (
            NOISE.format("P = counts ** 0.75", "np.searchsorted(np.cumsum(P) / P.sum(), u)"),
            "A word that never occurs has an empty segment",
        ),
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
        (ONE_PAIR.format(**PAIR | {"result": "dW, dh"}), "dh has shape (4, 2), expected (2,)"),
        (ONE_PAIR.format(**PAIR | {"result": "dW"}), "has to return 2 values, dh, dW, in this order"),
        (
            ONE_PAIR.format(**PAIR | {"ds": "np.exp(W[word] @ h) / (1 + np.exp(W[word] @ h)) - t"}),
            "exp overflows for large scores",
        ),
        (
            ONE_PAIR.format(**PAIR).replace("enumerate([o, *noise])", "enumerate([o, *noise] if set(noise) - {o} else [])"),
            "All noise words may be equal to o",
        ),
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
        (ANALOGY.format(UNIT, "u @ (u[b] - u[a] + u[c])", "[b, c]", "-np.inf", "max"), "Word a has to be excluded too"),
    ],
    "4.6": [
        (BLOCK.format("Y + q", "dS @ Z, dS.T @ X"), "The noise of each word counts only once"),
        (BLOCK.format("Y + n * q", "dS @ Z, dS.T @ X"), "c counts as noise as well"),
        (BLOCK.format("Y + (n - Y)", "dS @ Z, dS.T @ X"), "The weights q are missing"),
        (BLOCK.format("Y", "dS @ Z, dS.T @ X"), "The noise is missing"),
        (BLOCK.format("Y + (n - Y) * q", "dS @ Z / Y.sum(), dS.T @ X / Y.sum()"), "The loss is the sum over all pairs"),
        (BLOCK.format("Y + (n - Y) * q", "dS.T @ X, dS @ Z"), "dX has shape (5, 2), expected (3, 2)"),
        (
            BLOCK.replace("/ (1 + np.exp(-X @ Z.T))", "* np.exp(X @ Z.T) / (1 + np.exp(X @ Z.T))").format(
                "Y + (n - Y) * q", "dS @ Z, dS.T @ X"
            ),
            "exp overflows for large scores",
        ),
    ],
}
