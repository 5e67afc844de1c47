"""An LSTM language model in one file, with NumPy alone: it learns a text letter by letter, and then writes.

    python chapters/lstm_in_one_file.py [my.txt]         # without a file: the text behind Python's help()

Forward, for t = 1 .. T. The letters k_1 .. k_T are the inputs, and the next ones, k_2 .. k_{T+1}, the targets;
N texts at once, V different letters, vectors of D numbers, states of H. Hochreiter and Schmidhuber (1997).

    x_t = E[k_t]                                         the vector of the letter                     (1)
    a_t = x_t Wx + h_{t-1} Wh + b                        four blocks of columns: a_i, a_f, a_o, a_g   (2)
    i, f, o = sigmoid(a_i, a_f, a_o)    g = tanh(a_g)    gates (write, keep, show) and candidate      (3)
    c_t = f c_{t-1} + i g                                cell state                                   (4)
    h_t = o tanh(c_t)                                    hidden state                                 (5)
    p_t = softmax(h_t W + d)                             probabilities of the next letter             (6)
    L   = -mean log p_t[k_{t+1}]                         loss, in nats per letter                     (7)

Backward, for t = T .. 1. dc_t is the gradient of L with respect to c_t, and so on; dz_t, to the logits h_t W + d.
h_t is used in (6), and in (2) at step t + 1; c_t is used in (5), and in (4) at step t + 1. So two parts add up.

    dz_t = (p_t - onehot(k_{t+1})) / (N T)                                                            (8)
    dh_t = dz_t W^T + da_{t+1} Wh^T                                                                   (9)
    dc_t = dh_t o (1 - tanh^2(c_t)) + dc_{t+1} f_{t+1}                                               (10)
    da_i = dc_t g i (1 - i)                              da_f = dc_t c_{t-1} f (1 - f)               (11)
    da_o = dh_t tanh(c_t) o (1 - o)                      da_g = dc_t i (1 - g^2)                     (12)
    dW   = sum_t h_t^T dz_t                              dd   = sum_t dz_t                           (13)
    dWx  = sum_t x_t^T da_t    dWh = sum_t h_{t-1}^T da_t    db = sum_t da_t    dE[k_t] += da_t Wx^T (14)
"""

import sys
from pathlib import Path
from pydoc_data.topics import topics

import numpy as np

N, T, D, H, STEPS, RATE = 32, 32, 32, 128, 1200, 0.005


def new_parameters(V, D, H, rng):
    """Weights, normal with variance 1 / rows; the forget gates start open, with a bias of 1."""
    shapes = {"E": (V, D), "Wx": (D, 4 * H), "Wh": (H, 4 * H), "W": (H, V)}
    P = {name: rng.standard_normal(shape) / shape[0] ** 0.5 for name, shape in shapes.items()}
    return P | {"b": np.repeat([0.0, 1.0, 0.0, 0.0], H), "d": np.zeros(V)}


def forward(P, ids, h, c):
    """Letters (N, T), first state (N, H) each -> probabilities (N, T, V), last state, cache."""
    x, hs, steps = P["E"][ids], [], []  # (1)  (N, T, D)
    for t in range(ids.shape[1]):
        a = x[:, t] @ P["Wx"] + h @ P["Wh"] + P["b"]  # (2)  (N, 4H)
        i, f, o, _ = np.split(0.5 * np.tanh(0.5 * a) + 0.5, 4, axis=1)  # (3)  sigmoid, (N, H) each
        g = np.tanh(a[:, -h.shape[1] :])  # (3)
        c_next = f * c + i * g  # (4)
        steps.append((h, c, i, f, o, g, np.tanh(c_next)))
        h, c = o * np.tanh(c_next), c_next  # (5)
        hs.append(h)
    hs = np.stack(hs, axis=1)  # (N, T, H)
    z = hs @ P["W"] + P["d"]  # (N, T, H) @ (H, V) -> (N, T, V)
    e = np.exp(z - z.real.max(axis=2, keepdims=True))
    return e / e.sum(axis=2, keepdims=True), (h, c), (ids, x, hs, steps)  # (6)


def loss_of(p, targets):
    """Equation (7): probabilities (N, T, V), targets (N, T) -> a number."""
    return -np.log(p[(*np.indices(targets.shape), targets)]).mean()


def backward(P, p, targets, cache):
    """The gradients of the loss by name; "h" and "c" are those with respect to the first state."""
    ids, x, hs, steps = cache
    dz = p / targets.size  # (8)
    dz[(*np.indices(targets.shape), targets)] -= 1 / targets.size  # (8)
    G = {name: np.zeros_like(array) for name, array in P.items()}
    G["W"], G["d"] = np.tensordot(hs, dz, ((0, 1), (0, 1))), dz.sum(axis=(0, 1))  # (13)
    dhs = dz @ P["W"].T  # (9)  (N, T, V) @ (V, H) -> (N, T, H)
    dh = dc = np.zeros_like(dhs[:, 0])  # the loss does not depend on the last state
    for t in reversed(range(len(steps))):
        h_before, c_before, i, f, o, g, tanh_c = steps[t]
        dh = dhs[:, t] + dh  # (9)
        dc = dh * o * (1 - tanh_c**2) + dc  # (10)
        da_i, da_f = dc * g * i * (1 - i), dc * c_before * f * (1 - f)  # (11)
        da_o, da_g = dh * tanh_c * o * (1 - o), dc * i * (1 - g**2)  # (12)
        da = np.concatenate([da_i, da_f, da_o, da_g], axis=1)  # (N, 4H)
        G["Wx"] += x[:, t].T @ da  # (14)  (D, N) @ (N, 4H) -> (D, 4H)
        G["Wh"] += h_before.T @ da  # (14)  (H, N) @ (N, 4H) -> (H, 4H)
        G["b"] += da.sum(axis=0)  # (14)
        np.add.at(G["E"], ids[:, t], da @ P["Wx"].T)  # (14)  a letter may occur twice
        dh, dc = da @ P["Wh"].T, dc * f  # (9), (10): what step t - 1 gets
    return G | {"h": dh, "c": dc}


def check_gradients(rng):
    """Each gradient against Im L(w + 1e-20 i) / 1e-20; returns the largest relative error."""
    ids, targets = np.array([[0, 2, 1], [3, 3, 0]]), np.array([[2, 1, 2], [3, 0, 1]])
    P = new_parameters(5, 3, 4, rng) | {"h": np.zeros((2, 4)), "c": np.zeros((2, 4))}
    P = {name: array + rng.standard_normal(array.shape) for name, array in P.items()}
    p, _, cache = forward(P, ids, P["h"], P["c"])
    errors = []
    for name, gradient in backward(P, p, targets, cache).items():
        numeric = np.zeros(gradient.shape)
        for index in np.ndindex(gradient.shape):
            Q = P | {name: P[name].astype(complex)}
            Q[name][index] += 1e-20j
            numeric[index] = loss_of(forward(Q, ids, Q["h"], Q["c"])[0], targets).imag / 1e-20
        errors.append(abs(gradient - numeric).max() / abs(numeric).max())
    return max(errors)


def train(P, streams, steps):
    """Adam on windows of the streams (N, L), the state carried on; changes P, returns the losses."""
    m, v = ({name: np.zeros_like(array) for name, array in P.items()} for _ in range(2))
    state, losses = np.zeros((2, N, H), dtype=np.float32), []
    for step in range(1, steps + 1):
        start = (step - 1) * T % (streams.shape[1] - T)
        window = streams[:, start : start + T + 1]  # (N, T + 1)
        p, state, cache = forward(P, window[:, :-1], *state)
        losses.append(loss_of(p, window[:, 1:]))
        G = backward(P, p, window[:, 1:], cache)
        rate = RATE * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
        for name in P:
            m[name] += 0.1 * (G[name] - m[name])
            v[name] += 0.001 * (G[name] ** 2 - v[name])
            P[name] -= rate * m[name] / (np.sqrt(v[name]) + 1e-8)
        if step % 300 == 0:
            print(f"step {step}: {np.mean(losses[-100:]):.2f} nats per letter")
    return losses


def sample(P, letters, start, length, rng):
    """``start`` and what the model writes after it, each letter drawn by its probability (6)."""
    text, new, state = start, start, np.zeros((2, 1, H))
    while len(text) < length:
        p, state, _ = forward(P, np.array([[letters.index(k) for k in new]]), *state)
        new = letters[rng.choice(len(letters), p=p[0, -1] / p[0, -1].sum())]
        text += new
    return text


def main(path=None, steps=STEPS):
    """Check the gradients, learn a text, and write."""
    rng = np.random.default_rng(0)
    print(f"gradients: largest relative error {check_gradients(rng):.1e}")
    text = Path(path).read_text("utf-8") if path else "\n".join(map(topics.get, sorted(topics)))
    letters, ids = np.unique(list(text), return_inverse=True)
    print(f"{len(ids):,} letters, {len(letters)} kinds; a guess: {np.log(len(letters)):.2f} nats")
    P = {k: w.astype(np.float32) for k, w in new_parameters(len(letters), D, H, rng).items()}
    train(P, ids[: len(ids) // N * N].reshape(N, -1), steps)
    print(sample(P, letters.tolist(), text[:4], 300, rng))


if __name__ == "__main__":
    main(*sys.argv[1:2])
