"""Solutions to the exercises of chapter 5."""

import numpy as np


# 5.1: the first H columns belong to the state; for rows, both parts are transposed
def states_from_stacked(x, h0, W_a, b_a):
    H = len(W_a)
    W_aa, W_ax = W_a[:, :H], W_a[:, H:]
    h, states = h0, []
    for t in range(x.shape[1]):
        # (N, D) @ (D, H) + (N, H) @ (H, H) -> (N, H)
        h = np.tanh(x[:, t] @ W_ax.T + h @ W_aa.T + b_a)
        states.append(h)
    return np.stack(states, axis=1)


# 5.2: the old state adds 1, which is above the threshold of 0.5; "off" subtracts 1 again
def switch_weights():
    return np.array([1.0, -1.0]), 1.0, -0.5


# 5.3: h_{t-1} reaches h_t in two ways, so two gradients come back from there
def skip_rnn_backward(dy, x, h, Wx, Wh):
    dx, dWx, dWh = np.zeros(x.shape), np.zeros(Wx.shape), np.zeros(Wh.shape)
    from_later = np.zeros(dy[:, 0].shape)
    for t in reversed(range(x.shape[1])):
        dh = dy[:, t] + from_later
        u = h[:, t + 1] - h[:, t]  # the output of the tanh
        da = dh * (1 - u * u)
        dx[:, t] = da @ Wx.T
        dWx += x[:, t].T @ da
        dWh += h[:, t].T @ da
        from_later = dh + da @ Wh.T
    return dx, from_later, dWx, dWh


# 5.4: softmax minus one-hot at the steps that count, divided by the number of these steps
def masked_gradient(z, t, lengths):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    y = e / e.sum(axis=-1, keepdims=True)
    counts = np.arange(t.shape[1]) < lengths[:, None]  # (N, T)
    return (y - np.eye(z.shape[-1])[t]) * counts[..., None] / counts.sum()


# 5.5: positions n S + k T + j
def windows(ids, N, T):
    S = (len(ids) - 1) // N
    k = np.arange(S // T)[:, None, None]
    n = np.arange(N)[:, None]
    places = n * S + k * T + np.arange(T)  # (B, 1, 1) + (N, 1) + (T,) -> (B, N, T)
    return ids[places], ids[places + 1]


# 5.6: the mean of the losses, weighted by the number of targets of each piece
def perplexity(losses, counts):
    return np.exp((losses * counts).sum() / counts.sum())
