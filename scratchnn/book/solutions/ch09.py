"""Solutions to the exercises of chapter 9."""

import numpy as np


# 9.1: only an I is ever forbidden
def allowed_steps(tags):
    def fits(before, tag):
        return tag[0] != "I" or (before != "O" and before[2:] == tag[2:])

    steps = np.array([[fits(before, tag) for tag in tags] for before in tags])
    return steps, np.array([fits("O", tag) for tag in tags])


# 9.2: equations (6) and (7); logaddexp is stable and takes minus infinity
def log_partition(e, A, start, end):
    alpha = start + e[0]
    for t in range(1, len(e)):
        alpha = e[t] + np.logaddexp.reduce(alpha[:, None] + A, axis=0)
    return np.logaddexp.reduce(alpha + end)


# 9.3: equations (8) and (9)
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


# 9.4: equation (14), then (11)
def emission_gradient(alpha, beta, log_Z, y):
    gradient = np.exp(alpha + beta - log_Z)
    gradient[np.arange(len(y)), y] -= 1
    return gradient
