"""Solutions to the exercises of chapter 3."""

import numpy as np


# 3.1: each row goes back to the row it was looked up from, and repeated ids are added
def embedding_gradient(dy, ids, V):
    dW = np.zeros((V, dy.shape[1]))
    np.add.at(dW, ids, dy)
    return dW


# 3.2: table, hidden layer, output layer, direct connections
def count_nnlm(V, D, H, n, direct):
    inputs = (n - 1) * D
    total = V * D + (inputs * H + H) + (H * V + V)
    if direct:
        total += inputs * V
    return total


# 3.3: e to the power of the mean loss
def perplexity(z, target):
    z = z - z.max(axis=1, keepdims=True)
    log_y = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return np.exp(-log_y[np.arange(len(target)), target].mean())


# 3.4: the look-up adds an axis, the mean removes it, and a gradient has the shape of its table
def cbow_shapes(N, M, V, D):
    return [(N, M, D), (N, D), (N, V), (V, D)]


# 3.5: a word that is present has the share 1 / (number of words present) in the mean
def context_mean_gradient(dh, contexts, mask, V):
    dA = np.zeros((V, dh.shape[1]))
    for n in range(len(contexts)):
        present = contexts[n, mask[n]]
        for v in present:
            dA[v] += dh[n] / len(present)
    return dA


# 3.6
def skip_gram_pairs(ids, reach):
    pairs = []
    for t in range(len(ids)):
        for k in range(t - reach, t + reach + 1):
            if k != t and 0 <= k < len(ids):
                pairs.append([ids[t], ids[k]])
    return np.array(pairs, dtype=int).reshape(-1, 2)  # two columns, even without pairs
