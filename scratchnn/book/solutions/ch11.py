"""Solutions to the exercises of chapter 11."""

import numpy as np


# 11.1: a score belongs to a pair of steps; the state of one step has no axis of time
def shapes(N, S, T, D, H, V):
    return (N, S, H), (N, H), (N, T, S), (N, T, 2 * H), (N, T, V)


# 11.2: the same tokens, moved by one step, with a mark at one end
def teacher_forcing(targets, begin, end, padding):
    lengths = np.array([len(target) + 1 for target in targets])
    inputs = np.full((len(targets), lengths.max()), padding)
    outputs = inputs.copy()
    for n, target in enumerate(targets):
        inputs[n, : lengths[n]] = [begin, *target]
        outputs[n, : lengths[n]] = [*target, end]
    return inputs, outputs, lengths


# 11.3: equations (8) to (10); the largest score of an empty row is minus infinity, and 0 does as well
def attend(q, k, m, real):
    s = np.where(real[:, None], q @ k.transpose(0, 2, 1), -np.inf)
    largest = s.max(axis=2, keepdims=True)
    largest = np.where(np.isfinite(largest), largest, 0)
    e = np.exp(s - largest)
    total = e.sum(axis=2, keepdims=True)
    alpha = e / np.where(total == 0, 1, total)
    return alpha @ m, alpha


# 11.4: equations (11) to (13)
def attend_backward(dcontext, alpha, q, k, m):
    dalpha = dcontext @ m.transpose(0, 2, 1)
    ds = alpha * (dalpha - (alpha * dalpha).sum(axis=2, keepdims=True))
    dq = ds @ k
    dk = ds.transpose(0, 2, 1) @ q
    dm = alpha.transpose(0, 2, 1) @ dcontext
    return dq, dk, dm


# 11.5: equation (15)
def additive_scores_backward(ds, q, k, v):
    u = np.tanh(q[:, :, None] + k[:, None])
    da = ds[..., None] * v * (1 - u * u)
    dv = (ds[..., None] * u).sum(axis=(0, 1, 2))
    return da.sum(axis=2), da.sum(axis=1), dv


# 11.6: right, or padding, at every step of a row
def exact_match(z, targets, lengths):
    real = np.arange(targets.shape[1]) < lengths[:, None]
    return ((z.argmax(axis=2) == targets) | ~real).all(axis=1).mean()
