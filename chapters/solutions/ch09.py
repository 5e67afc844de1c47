"""Solutions to the exercises of chapter 9; ``python -m scratchnn exercise 9.2 chapters/solutions/ch09.py`` accepts them."""

import numpy as np


# 9.1: an I goes on only after a tag of its own type; anything else that is not O begins a name
def entities(tags):
    found = []
    for t, tag in enumerate(tags):
        before = tags[t - 1] if t else "O"
        if tag[0] == "I" and before[2:] == tag[2:]:
            found[-1] = (*found[-1][:2], t + 1)
        elif tag != "O":
            found.append((tag[2:], t, t + 1))
    return found


# 9.2: counts over all sentences first
def name_scores(predicted, true):
    right = sum(len(set(p) & set(t)) for p, t in zip(predicted, true, strict=True))
    said, real = sum(map(len, predicted)), sum(map(len, true))
    return right / max(said, 1), right / max(real, 1), 2 * right / max(said + real, 1)


# 9.3: T emissions, T - 1 transitions, one start and one end
def sequence_score(e, A, start, end, y):
    score = start[y[0]] + end[y[-1]]
    for t in range(len(y)):
        score += e[t, y[t]]
        if t > 0:
            score += A[y[t - 1], y[t]]
    return score


# 9.4: equations (6) and (7); logaddexp is stable and takes minus infinity
def log_partition(e, A, start, end):
    alpha = start + e[0]
    for t in range(1, len(e)):
        alpha = e[t] + np.logaddexp.reduce(alpha[:, None] + A, axis=0)
    return np.logaddexp.reduce(alpha + end)


# 9.5: equations (8) and (9)
def viterbi(e, A, start, end):
    d, pointers = start + e[0], []
    for t in range(1, len(e)):
        arriving = d[:, None] + A
        pointers.append(arriving.argmax(axis=0))
        d = e[t] + arriving.max(axis=0)
    y = [int((d + end).argmax())]
    for back in reversed(pointers):
        y.append(int(back[y[-1]]))
    return y[::-1]


# 9.6: equation (14), then (11)
def emission_gradient(alpha, beta, log_Z, y):
    gradient = np.exp(alpha + beta - log_Z)
    gradient[np.arange(len(y)), y] -= 1
    return gradient
