"""Solutions to the exercises of chapter 12."""

from collections import Counter
from itertools import pairwise

import numpy as np


# 12.1: equation (1), each word as often as it occurs
def next_piece(words, counts):
    formed = Counter()
    for parts, count in zip(words, counts, strict=True):
        for a, b in pairwise(parts):
            formed[a + b] += count
    return min(formed, key=lambda string: (-formed[string], string), default="")


# 12.2: always the piece that was learned first
def cut(word, ranks):
    parts = list(word)
    while True:
        formed = [a + b for a, b in pairwise(parts)]
        known = [string for string in formed if string in ranks]
        if not known:
            return parts
        k = formed.index(min(known, key=ranks.get))
        parts = [*parts[:k], formed[k], *parts[k + 2 :]]


# 12.3: equation (4), before the division
def clipped(answers, references, n):
    both = said = 0
    for answer, reference in zip(answers, references, strict=True):
        found, wanted = (
            Counter(tuple(words[k : k + n]) for k in range(len(words) - n + 1)) for words in (answer, reference)
        )
        both += (found & wanted).total()
        said += found.total()
    return both, said


# 12.4: all continuations of all beginnings compete
def beam_step(totals, gains, width):
    scores = (totals[:, None] + gains).ravel()
    best = np.argsort(-scores, kind="stable")[:width]
    V = gains.shape[1]
    return best // V, best % V, scores[best]


# 12.5: equation (7); what was cut off comes last
def rank(found, length_norm):
    def key(k):
        total, ids, ended = found[k]
        return not ended, -total / (len(ids) + ended) ** length_norm

    return sorted(range(len(found)), key=key)
