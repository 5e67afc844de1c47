"""Solutions to the exercises of chapter 10."""

import numpy as np


# 10.1: one root, and every walk upwards ends there
def is_tree(heads):
    for d in range(1, len(heads) + 1):
        steps = 0
        while d:
            d, steps = heads[d - 1], steps + 1
            if steps > len(heads):
                return False
    return heads.count(0) == 1


# 10.2: equations (2) and (3)
def biaffine_backward(dS, X, Y, U, u):
    Q = X @ U + u
    dQ = dS @ Y
    return dQ @ U.T, dS.T @ Q, X.T @ dQ, dQ.sum(axis=0)


# 10.3: counts over all words
def attachment(heads, labels, true_heads, true_labels):
    words = unlabelled = labelled = 0
    for sentence in zip(heads, labels, true_heads, true_labels, strict=True):
        for h, name, true_h, true_name in zip(*sentence, strict=True):
            words += 1
            unlabelled += h == true_h
            labelled += h == true_h and name.partition(":")[0] == true_name.partition(":")[0]
    return unlabelled / max(words, 1), labelled / max(words, 1)


# 10.4: exactly one end of one arc inside the other
def cross(first, second):
    (a, b), (c, d) = sorted(first), sorted(second)
    return a < c < b < d or c < a < d < b


# 10.5: equation (11)
def enter_cycle(S, heads, cycle, h):
    gains = [S[v, h] - S[v, heads[v]] for v in cycle]
    best = int(np.argmax(gains))
    return gains[best], cycle[best]
