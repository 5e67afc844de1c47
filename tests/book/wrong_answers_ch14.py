"""Wrong answers to the exercises of chapter 14, as readers write them, with a part of the explanation for each."""

CONV = """
import numpy as np
def conv1d(x, W, b):
    N, T, D = x.shape
    K, D, H = W.shape
    y = np.zeros((N, max({count}, 0), H))
    for t in range(y.shape[1]):
        for k in range(K):
            y[:, t] += {term}
        y[:, t] += {bias}
    return y
"""
DX = """
import numpy as np
def conv1d_dx(dy, W, T):
    K, D, H = W.shape
    dx = np.zeros((len(dy), T, D))
    for k in range({taps}):
        dx[:, k : k + dy.shape[1]] {sign} dy @ W[{tap}].T
    return dx
"""
STEPS = "def out_steps(T, K, stride, dilation, zeros):\n    return {}\n"
POOL = """
import numpy as np
def max_pool_backward(dy, x):
    place = {}
    dx = np.zeros(x.shape)
    np.put_along_axis(dx, place[:, None], dy[:, None], axis=1)
    return dx
"""
LAYERS = """
def layers_needed(steps, K, doubled):
    seen, layers, dilation = {begin}, 0, 1
    while seen < steps:
        seen += dilation * {gain}
        layers += 1
        dilation *= {factor}
    return layers + {more}
"""
SHARED = {"begin": "1", "gain": "(K - 1)", "factor": "1 + doubled", "more": "0"}

WRONG = {
    "14.1": [
        (CONV.format(count="T - K + 1", term="x[:, t + k] @ W[K - 1 - k]", bias="b"), "The kernel is turned around"),
        (CONV.format(count="T - K + 1", term="x[:, t + k] @ W[k]", bias="0"), "The bias is missing"),
        (CONV.format(count="T - K + 1", term="x[:, t + k] @ W[k] + b", bias="0"), "once per tap"),
        (CONV.format(count="T - K", term="x[:, t + k] @ W[k]", bias="b"), "The last window is missing"),
        (CONV.format(count="T - K + 1", term="x[:, t] @ W[k]", bias="b"), "has its largest error at"),
    ],
    "14.2": [
        (DX.format(taps="K", sign="+=", tap="K - 1 - k"), "The taps are turned around"),
        (DX.format(taps="K", sign="=", tap="k"), "Gradients are replaced, not added"),
        (DX.format(taps="1", sign="+=", tap="k"), "Only the first tap is used"),
        (DX.format(taps="K", sign="-=", tap="k"), "expected"),
    ],
    "14.3": [
        (STEPS.format("max((T + zeros - K) // stride + 1, 0)"), "The dilation is left out"),
        (STEPS.format("max((T + zeros - dilation * K) // stride + 1, 0)"), "not dilation K"),
        (STEPS.format("max((T + zeros - dilation * (K - 1) - 1) // stride, 0)"), "add 1 after the division"),
        (STEPS.format("max(-(-(T + zeros - dilation * (K - 1) - 1) // stride) + 1, 0)"), "round down"),
        (STEPS.format("(T + zeros - dilation * (K - 1) - 1) // stride + 1"), "never negative"),
        (STEPS.format("max((T - dilation * (K - 1) - 1) // stride + 1, 0)"), "The zeros are left out"),
        (STEPS.format("T"), "expected 8"),
    ],
    "14.4": [
        (
            "import numpy as np\ndef max_pool_backward(dy, x):\n"
            "    return dy[:, None] * (x == x.max(axis=1, keepdims=True))\n",
            "equally large steps all get the gradient",
        ),
        (POOL.format("x.shape[1] - 1 - x[:, ::-1].argmax(axis=1)"), "you take the last; take the first"),
        (
            "import numpy as np\ndef max_pool_backward(dy, x):\n    return np.zeros(x.shape) + dy[:, None] / x.shape[1]\n",
            "All steps get a share",
        ),
        (POOL.format("np.abs(x).argmax(axis=1)"), "the largest absolute value"),
        (POOL.format("x.argmin(axis=1)"), "expected"),
    ],
    "14.5": [
        (LAYERS.format(**{**SHARED, "gain": "K"}), "not K: windows that are stacked overlap"),
        (LAYERS.format(**{**SHARED, "begin": "0"}), "Begin with R = 1"),
        (LAYERS.format(**{**SHARED, "factor": "1"}), "The dilation stays 1"),
        (LAYERS.format(**{**SHARED, "factor": "2"}), "doubled in both cases"),
        (LAYERS.format(**{**SHARED, "more": "1"}), "expected 2"),
    ],
}
