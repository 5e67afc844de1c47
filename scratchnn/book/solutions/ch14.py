"""Solutions to the exercises of chapter 14; ``python -m scratchnn exercise 14.2 --solution`` prints one."""

import numpy as np


# 14.1: equation (1)
def conv1d(x, W, b):
    N, T, _ = x.shape
    K, _, H = W.shape
    y = np.zeros((N, max(T - K + 1, 0), H))
    for t in range(y.shape[1]):
        y[:, t] = b + sum(x[:, t + k] @ W[k] for k in range(K))
    return y


# 14.2: equation (4), tap by tap
def conv1d_dx(dy, W, T):
    N, T_out, _ = dy.shape
    dx = np.zeros((N, T, W.shape[1]))
    for k in range(len(W)):
        dx[:, k : k + T_out] += dy @ W[k].T
    return dx


# 14.3: equation (5)
def out_steps(T, K, stride, dilation, zeros):
    span = dilation * (K - 1) + 1
    return max((T + zeros - span) // stride + 1, 0)


# 14.4: equation (6) with one window
def max_pool_backward(dy, x):
    first = x.argmax(axis=1)  # (N, D), the first of the largest
    dx = np.zeros(x.shape)
    np.put_along_axis(dx, first[:, None], dy[:, None], axis=1)
    return dx


# 14.5: equation (7), layer by layer
def layers_needed(steps, K, doubled):
    seen, layers, dilation = 1, 0, 1
    while seen < steps:
        seen += dilation * (K - 1)
        layers += 1
        if doubled:
            dilation *= 2
    return layers
