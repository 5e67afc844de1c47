"""Solutions to the exercises of chapter 7; ``python -m scratchnn exercise 7.2 --solution`` prints one."""

import numpy as np


# 7.1: running sums 0.5, 0.8, 1; squares 0.25, 0.09, 0.04; 0.5 + 0.3 reaches 0.7
def predict():
    return 1, 0.25 / 0.38, 2, 0.9**3


# 7.2: equation (2), with a last running sum of exactly 1
def draw(p, u):
    sums = np.cumsum(p, axis=1)
    sums = sums / sums[:, -1:]
    return (sums > u[:, None]).argmax(axis=1)


# 7.3: equation (3); the largest logit becomes 0 before anything grows
def with_temperature(z, tau):
    if tau == 0:
        return np.eye(len(z))[z.argmax()]
    e = np.exp((z - z.max()) / tau)
    return e / e.sum()


# 7.4: equation (5)
def top_k(z, k):
    best = np.argsort(-z, kind="stable")[:k]
    p = np.zeros(len(z))
    p[best] = np.exp(z[best] - z.max())
    return p / p.sum()


# 7.5: the logits before a token score it
def log_probability(step, prompt, written):
    state = 0.0
    for token in prompt:
        z, state = step(token, state)
    total = 0.0
    for token in written:
        total += z[token] - z.max() - np.log(np.exp(z - z.max()).sum())
        z, state = step(token, state)
    return total


# 7.6: a longer piece than the best so far, or none, at each place
def longest_shared(text, known):
    best = 0
    for s in range(len(text)):
        while s + best < len(text) and text[s : s + best + 1] in known:
            best += 1
    return best


# 7.7: the most probable tokens, up to and including the one with which the sum reaches q
def nucleus(p, q):
    order = np.argsort(-p)
    below = np.cumsum(p[order]) < q
    keep = order[: below.sum() + 1]
    kept = np.zeros_like(p)
    kept[keep] = p[keep]
    return kept / kept.sum()
