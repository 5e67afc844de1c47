"""Wrong answers to the exercises of chapter 3, as readers write them, with a part of the explanation for each."""

TABLE = """
import numpy as np
def embedding_gradient(dy, ids, V):
    dW = np.zeros((V, dy.shape[1]))
    {}
    return {}
"""
PAIRS = """
import numpy as np
def skip_gram_pairs(ids, reach):
    M = len(ids)
    pairs = []
    for m in range({centres}):
        for k in range({neighbours}):
            if {condition}:
                pairs.append({pair})
    return np.array(pairs, dtype=int).reshape(-1, 2)
"""
MEAN = """
import numpy as np
def context_mean_gradient(dh, contexts, mask, V):
    dA = np.zeros((V, dh.shape[1]))
    for n in range(len(contexts)):
        for c in range(contexts.shape[1]):
            if {condition}:
                dA[contexts[n, c]] {assign} dh[n] / {share}
    return dA
"""
SHAPES = "def cbow_shapes(N, M, V, D):\n    return [{}]\n"
COUNT = "def count_nnlm(V, D, H, n, direct):\n    x = {}\n    return {}\n"
PERPLEXITY = """
import numpy as np
def perplexity(z, target):
    e = np.exp({})
    y = e / e.sum(axis=1, keepdims=True)
    p = y[np.arange(len(target)), target]
    return {}
"""
SHIFTED = "z - z.max(axis=1, keepdims=True)"


def pairs(centres="M", neighbours="m - reach, m + reach + 1", condition="k != m and 0 <= k < M", pair="[ids[m], ids[k]]"):
    return PAIRS.format(centres=centres, neighbours=neighbours, condition=condition, pair=pair)


def mean(condition="mask[n, c]", assign="+=", share="mask[n].sum()"):
    return MEAN.format(condition=condition, assign=assign, share=share)


WRONG = {
    "3.1": [
        (TABLE.format("dW[ids] += dy", "dW"), "only its last row is kept"),
        (TABLE.format("dW[ids] = dW[ids] + dy", "dW"), "only its last row is kept"),
        (
            TABLE.format("np.add.at(dW, ids, dy)", "dW / np.maximum(np.bincount(ids, minlength=V), 1)[:, None]"),
            "You average the rows of an id",
        ),
        (TABLE.format("np.add.at(dW, ids, dy)", "dW / len(ids)"), "divided by the number of look-ups"),
        (TABLE.format("np.add.at(dW, ids, dy)", "dW[sorted(set(ids.tolist()))]"), "The table has V rows"),
        (TABLE.format("np.add.at(dW, ids, dy)", "dW.T"), "the result has shape"),
        (TABLE.format("np.add.at(dW, ids, dy)", "dW if len(ids) else dW[:0]"), "Without look-ups the gradient is zero"),
    ],
    "3.2": [
        (COUNT.format("(n - 1) * D", "V * x + x * H + H + H * V + V + direct * x * V"), "one table for all positions"),
        (COUNT.format("D", "V * D + x * H + H + H * V + V + direct * x * V"), "so it has (n - 1) D inputs"),
        (COUNT.format("n * D", "V * D + x * H + H + H * V + V + direct * x * V"), "the n-th word is the one to predict"),
        (COUNT.format("(n - 1) * D", "V * D + x * H + H * V + direct * x * V"), "The biases are missing"),
        (COUNT.format("(n - 1) * D", "x * H + H + H * V + V + direct * x * V"), "The table is learned too"),
        (COUNT.format("(n - 1) * D", "V * D + x * H + H + H * V + V"), "The direct connections are missing"),
        (COUNT.format("(n - 1) * D", "V * D + x * H + H + H * V + V + x * V"), "the result is 1055, expected 683"),
    ],
    "3.3": [
        (PERPLEXITY.format(SHIFTED, "-np.log(p).mean()"), "This is the loss itself"),
        (PERPLEXITY.format(SHIFTED, "np.exp(-np.log(p)).mean()"), "Average the losses first"),
        (PERPLEXITY.format(SHIFTED, "np.exp(-np.log(p).sum())"), "not the sum of their losses"),
        (PERPLEXITY.format(SHIFTED, "2 ** -np.log(p).mean()"), "it is e, not 2"),
        (PERPLEXITY.format(SHIFTED, "np.exp(np.log(p).mean())"), "The sign is wrong"),
        (PERPLEXITY.format("z", "np.exp(-np.log(p).mean())"), "exp overflows for large logits"),
        (PERPLEXITY.format(SHIFTED, "1 / p.mean()"), "the result is"),
        (PERPLEXITY.format("z - z.max()", "np.exp(-np.log(p).mean())"), "Each row needs its own largest logit"),
        (PERPLEXITY.format(SHIFTED, "np.exp(-np.log(p).mean())"), "compute log softmax directly"),
    ],
    "3.4": [
        (SHAPES.format("(N, M, D), (N, M, D), (N, V), (V, D)"), "h still has one vector per place"),
        (SHAPES.format("(N, M, D), (N, M), (N, V), (V, D)"), "not over the D numbers of a vector"),
        (SHAPES.format("(N, M, D), (N, D), (N, M, V), (V, D)"), "one target per example"),
        (SHAPES.format("(N, M, D), (N, D), (N, D), (V, D)"), "The target is one of V words"),
        (SHAPES.format("(N, M, D), (N, D), (N, V), (N * M, D)"), "These are the rows that go back"),
        (SHAPES.format("(N, M, D), (N, D), (N, V)"), "the result is"),
    ],
    "3.5": [
        (mean(share="1"), "only that share of dh"),
        (mean(share="contexts.shape[1]"), "You divide by M"),
        (mean(condition="True", share="contexts.shape[1]"), "The mask is not used"),
        (mean(condition="True"), "The positions where mask is False get a gradient too"),
        (mean(assign="="), "only its last row is kept"),
        (mean(share="(2 * mask[n].sum())"), "context_mean_gradient("),
    ],
    "3.6": [
        (pairs(condition="0 <= k < M"), "A word is among its own neighbours"),
        (pairs(neighbours="m + 1, m + reach + 1"), "skip-gram uses both sides"),
        (pairs(centres="reach, M - reach"), "missing as centres"),
        (pairs(neighbours="m - reach, m + reach"), "a range does not include its end"),
        (pairs(condition="k != m", pair="[ids[m], ids[k % M]]"), "The text wraps around"),
        (pairs(pair="[ids[k], ids[m]]"), "are swapped"),
        (pairs(pair="[m, k]"), "skip_gram_pairs("),
        (pairs(condition="k != m and 0 <= k < M and reach < M"), "The text may be shorter than the window"),
        (pairs().replace(".reshape(-1, 2)", ""), "its shape is (0, 2)"),
    ],
}
