"""Solutions to the exercises of chapter 15; ``python -m scratchnn exercise 15.2 --solution`` prints one."""

import numpy as np


# 15.1: equation (2) with the sum of the lengths in place of N T
def count_operations(lengths, D, H, gates):
    multiply_adds = int(lengths.sum()) * (D + H) * gates * H  # forward
    return 2 * 3 * multiply_adds  # one product forward, two backward


# 15.2: equation (1)
def fastest(calls, operations, fee, rate):
    return int(np.argmin(calls * fee + operations / rate))


# 15.3: sigmoid(a) = (1 + tanh(a / 2)) / 2
def four_gates(a):
    N, columns = a.shape
    by_gate = a.reshape(N, 4, columns // 4).transpose(1, 0, 2)  # (4, N, H)
    half = np.array([0.5, 0.5, 0.5, 1.0])[:, None, None]
    result = np.tanh(half * by_gate)
    result[:3] = 0.5 * result[:3] + 0.5
    return result


# 15.4: step after step, the longest sequence first
def pack(x, lengths):
    order = np.argsort(-lengths, kind="stable")
    rows = np.empty((lengths.sum(), x.shape[2]))
    start = 0
    for t in range(lengths.max(initial=0)):
        N_t = (lengths > t).sum()
        rows[start : start + N_t] = x[order[:N_t], t]
        start += N_t
    return rows


# 15.5: the same places, the other way round
def unpack(rows, lengths, T):
    order = np.argsort(-lengths, kind="stable")
    x = np.zeros((len(lengths), T, rows.shape[1]))
    start = 0
    for t in range(lengths.max(initial=0)):
        N_t = (lengths > t).sum()
        x[order[:N_t], t] = rows[start : start + N_t]
        start += N_t
    return x


# 15.6: one number per round, then their ratio
def compare_rounds(ours, theirs):
    o, t = np.median(ours, axis=1), np.median(theirs, axis=1)
    ratios = t / o
    return np.median(t) / np.median(o), ratios.min(), ratios.max()
