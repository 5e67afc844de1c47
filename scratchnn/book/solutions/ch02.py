"""Solutions to the exercises of chapter 2."""

import unicodedata

import numpy as np


# 2.1: a mask, True for tokens and False for padding, with a third axis added to match x
def masked_mean(x, lengths):
    mask = np.arange(x.shape[1]) < lengths[:, None]  # (N, T)
    return (x * mask[:, :, None]).sum(axis=1) / lengths[:, None]  # (N, D)


# 2.2
def tf_idf(bags):
    N = len(bags)
    df = (bags > 0).sum(axis=0)  # (V,)
    idf = np.log((1 + N) / (1 + df)) + 1
    y = bags * idf  # (N, V)
    return y / np.sqrt((y * y).sum(axis=1, keepdims=True))


# 2.3: max keeps the window within the text
def left_counts(ids, V, window):
    table = np.zeros((V, V), dtype=int)
    for k, v in enumerate(ids):
        for w in ids[max(k - window, 0) : k]:
            table[v, w] += 1
    return table


# 2.4: where C is 0, the logarithm uses 1 instead, and the result is set to 0
def ppmi(C):
    S = C.sum(axis=1)
    pmi = np.log2(np.where(C > 0, C, 1) * S.sum() / (S[:, None] * S))  # (V, V)
    return np.where(C > 0, np.maximum(pmi, 0), 0)


# 2.5: a place stays empty if all V words miss it
def expected_taken(V, size):
    return size * (1 - (1 - 1 / size) ** V)


# 2.6: the remainder after division by 28 is the number of the final consonant; 0 means none
def topic(word):
    word = unicodedata.normalize("NFC", word)
    final = (ord(word[-1]) - 44032) % 28
    return word + ("은" if final else "는")
