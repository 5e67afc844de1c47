"""Wrong answers to the exercises of chapter 5, as readers write them, with a part of the explanation for each."""

STACKED = """
import numpy as np
def states_from_stacked(x, h0, W_a, b_a):
    N, T, D = x.shape
    H = len(W_a)
    W_aa, W_ax = {parts}
    h, states = h0, []
    for t in range(T):
        new = {activation}(x[:, t] @ W_ax.T + h @ {W_aa} + b_a)
        h = {keep}
        states.append(new)
    return {result}
"""
STACKED_PARTS = {
    "parts": "W_a[:, :H], W_a[:, H:]",
    "activation": "np.tanh",
    "W_aa": "W_aa.T",
    "keep": "new",
    "result": "np.stack(states, axis=1)",
}
SWITCH = "import numpy as np\ndef switch_weights():\n    return np.array({}), {}, {}\n"
SKIP = """
import numpy as np
def skip_rnn_backward(dy, x, h, Wx, Wh):
    T = x.shape[1]
    dx, dWx, dWh = np.zeros(x.shape), np.zeros(Wx.shape), np.zeros(Wh.shape)
    later = np.zeros(dy[:, 0].shape)
    for t in reversed(range(T)):
        dh = {dh}
        u = {u}
        da = dh * (1 - u * u)
        dx[:, t] = da @ Wx.T
        dWx {add} x[:, t].T @ da
        dWh {add} h[:, t].T @ da
        later = {later}
    return {result}
"""
SKIP_PARTS = {
    "dh": "dy[:, t] + later",
    "u": "h[:, t + 1] - h[:, t]",
    "add": "+=",
    "later": "dh + da @ Wh.T",
    "result": "dx, later, dWx, dWh",
}
MASKED = """
import numpy as np
def masked_gradient(z, t, lengths):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    dz = e / e.sum(axis=-1, keepdims=True) - np.eye(z.shape[-1])[t]
    mask = (np.arange(t.shape[1]) < lengths[:, None])[..., None]
    return {}
"""
WINDOWS = """
import numpy as np
def windows(ids, N, T):
    L = (len(ids) - 1) // N
    K = L // T
    places = (L * np.arange(N)[:, None] + np.arange(T)) + T * np.arange(K)[:, None, None]
    return {}
"""
PERPLEXITY = "import numpy as np\ndef perplexity(losses, counts):\n    return {}\n"


def stacked(**changed):
    return STACKED.format(**(STACKED_PARTS | changed))


def skip(**changed):
    return SKIP.format(**(SKIP_PARTS | changed))


WRONG = {
    "5.1": [
        (stacked(parts="W_a[:, D:], W_a[:, :D]"), "The two parts of W_a are swapped"),
        (stacked(W_aa="W_aa"), "W_aa is not transposed"),
        (stacked(keep="h"), "Each step starts from h0"),
        (stacked(result="h"), "This is the last state only"),
        (stacked(activation=""), "the result has its largest error at"),
        (stacked(result="np.stack(states)"), "the result has shape"),
    ],
    "5.2": [
        (SWITCH.format("[1.0, -1.0]", "0.0", "-0.5"), "It forgets"),
        (SWITCH.format("[1.0, -3.0]", "1.0", "0.5"), "It switches itself on"),
        (SWITCH.format("[0.2, -1.0]", "1.0", "-0.5"), "It stays off when it is switched on"),
        (SWITCH.format("[1.0, -0.2]", "1.0", "-0.5"), "It stays on when it is switched off"),
        (SWITCH.format("[1.0, -1.0]", "1.0", "-1.0"), "A sum that has to be above zero is exactly zero"),
        (SWITCH.format("[1.0, 0.9]", "-0.5", "1.0"), "It switches itself on"),
        (SWITCH.format("[1.0, 2.0]", "-1.0", "1.5"), "It switches itself on"),
        (SWITCH.format("[1.0, 2.0]", "-3.0", "-0.1"), "It forgets"),
        (SWITCH.format("[1.0, 3.0]", "1.0", "-0.5"), "It stays on when it is switched off"),
        (SWITCH.format("[[1.0, -1.0]]", "1.0", "-0.5"), "Wx is an array of shape (1, 2)"),
        ("def switch_weights():\n    return [1.0, -1.0], 1.0, -0.5\n", "Wx is a list of shape (2,); it has to be an array"),
        (SWITCH.format("[1.0, -1.0]", "'a'", "-0.5"), "Wh is 'a'; it has to be a single number"),
        ("def switch_weights():\n    return 1, 2\n", "has to return 3 values, Wx, Wh, b"),
    ],
    "5.3": [
        (skip(later="da @ Wh.T"), "You send the gradient back one way only"),
        (skip(u="h[:, t + 1]"), "is the output of the tanh, not h_t"),
        (skip(add="="), "A weight is used at every step"),
        (skip(dh="dy[:, t]"), "The gradient from the next step is missing"),
        (skip(dh="dy[:, t] if t == T - 1 else later"), "dy_t is missing in all steps but the last"),
        (skip(result="dx, dWx, dWh"), "has to return 4 values"),
        (skip(later="dh"), "has its largest error at"),
        (skip().replace("dx, dWx", "dx, dWx", 1).replace("np.zeros(x.shape)", "np.zeros_like(x)"), "make dx from floats"),
    ],
    "5.4": [
        (MASKED.format("dz * mask / t.size"), "but you divide by N T"),
        (MASKED.format("dz / t.size"), "The padding has a gradient"),
        (MASKED.format("dz / lengths.sum()"), "the padding still has a gradient"),
        (MASKED.format("dz * mask / lengths[:, None, None] / len(t)"), "You average the means of the sequences"),
        (MASKED.format("dz * mask / len(t)"), "not over sequences"),
        (MASKED.format("dz * mask"), "The loss is a mean: divide"),
        (MASKED.format("-dz * mask / lengths.sum()"), "masked_gradient(z=[[["),
        (
            MASKED.replace("z.max(axis=-1, keepdims=True)", "z.max()").format("dz * mask / lengths.sum()"),
            "That of the whole array leaves other steps at 0 / 0",
        ),
    ],
    "5.5": [
        (
            WINDOWS.format("ids[:K * N * T].reshape(K, N, T), ids[1:K * N * T + 1].reshape(K, N, T)"),
            "The rows of one batch follow each other",
        ),
        (WINDOWS.format("ids[places], ids[places]"), "The targets are the inputs"),
        (WINDOWS.format("ids[places], np.roll(ids[places], -1, axis=2)"), "it has to be the first id after the window"),
        (WINDOWS.format("ids[places].swapaxes(0, 1), ids[places + 1].swapaxes(0, 1)"), "The axes are (N, B, T)"),
        (
            WINDOWS.format("ids[places], ids[places - 1]"),
            "targets is [[[8, 0], [3, 4]], [[1, 2], [5, 6]]], expected [[[1, 2], [5, 6]]",
        ),
    ],
    "5.6": [
        (PERPLEXITY.format("np.exp(np.mean(losses))"), "as if all parts were equally long"),
        (PERPLEXITY.format("(np.exp(losses) * counts).sum() / counts.sum()"), "You average perplexities"),
        (PERPLEXITY.format("np.exp(losses).mean()"), "the unweighted mean of the perplexities"),
        (PERPLEXITY.format("2 ** ((losses * counts).sum() / counts.sum())"), "the base is e, not 2"),
        (PERPLEXITY.format("(losses * counts).sum() / counts.sum()"), "This is the loss of the whole text"),
        (PERPLEXITY.format("np.exp((losses * counts).sum())"), "perplexity("),
    ],
}
