"""Wrong answers to the exercises of chapter 1, as readers write them, with a part of the explanation for each."""

AXES = """
def sum_to_shape(dy, shape):
    while dy.ndim > len(shape):
        dy = {front}
    for axis, size in enumerate(shape):
        if size == 1:
            dy = {ones}
    return dy
"""
XNOR = """
import numpy as np
def xnor_weights():
    return np.array({}), np.array({}), np.array({}), {}
"""
DENSE = "def dense_backward(dy, x, W):\n    return {}\n"
GRADIENT = """
import numpy as np
def cross_entropy_gradient(z, target):
    N = len(target)
    e = np.exp(z - z.max(axis=1, keepdims=True))
    y = e / e.sum(axis=1, keepdims=True)
    {}
"""
COUNT = """
def count_parameters(sizes):
    total = {}
    for a, b in zip(sizes[:-1], sizes[1:]):
        total += {}
    return total
"""
LEAKY = "import numpy as np\ndef leaky_relu_backward(dy, x, alpha):\n    return {}\n"

WRONG = {
    "1.1": [
        (
            AXES.format(front="dy.mean(axis=0)", ones="dy.mean(axis=axis, keepdims=True)"),
            "You take the mean over the copies",
        ),
        (AXES.format(front="dy[0]", ones="dy.take([0], axis=axis)"), "the gradient of one copy only"),
        (AXES.format(front="dy.sum(axis=0)", ones="dy"), "not over those of size 1"),
        (
            "def sum_to_shape(dy, shape):\n    extra = dy.ndim - len(shape)\n"
            "    return dy.sum(axis=tuple(range(extra)) + tuple(extra + k for k, s in enumerate(shape) if s == 1))\n",
            "sum with keepdims=True",
        ),
        ("def sum_to_shape(dy, shape):\n    return dy.sum()\n", "the result has shape (), expected (2,)"),
        (
            "def sum_to_shape(dy, shape):\n    total = dy * 1\n    dy *= 0\n"
            + AXES[AXES.index("    while") :]
            .replace("dy", "total")
            .format(front="total.sum(axis=0)", ones="total.sum(axis=axis, keepdims=True)"),
            "sum_to_shape changes its argument dy in place: [[",
        ),
    ],
    "1.2": [
        (XNOR.format("[[1.0, -1.0], [1.0, -1.0]]", "[-0.5, 1.5]", "[1.0, 1.0]", -1.5), "This is XOR, the opposite"),
        (XNOR.format("[[1.0, -1.0], [1.0, -1.0]]", "[-1.5, 0.5]", "[1.0, -1.0]", -0.5), "Wrong outputs: (0, 0) gives 0"),
        (XNOR.format("[[1.0, -1.0], [1.0, -1.0]]", "[-1.5, 0.0]", "[1.0, 1.0]", -0.5), "One of the sums is exactly zero"),
        (
            XNOR.format("[[1.0, -1.0], [1.0, -1.0]]", "[-1.5, 0.5]", "[1.0, 1.0]", 0.5),
            "Your network outputs 1 for every input",
        ),
        (
            XNOR.format("[[1.0, 1.0], [1.0, 1.0]]", "[-1.5, -1.5]", "[1.0, 1.0]", -1.5),
            "Both hidden neurons compute the same",
        ),
        (XNOR.format("[[1.0, -1.0]]", "[-1.5, 0.5]", "[1.0, 1.0]", -0.5), "W1 is an array of shape (1, 2)"),
        (
            "def xnor_weights():\n    return 'a', 'b', 'c', 'd'\n",
            "W1 is 'a'; it has to be an array of numbers of shape (2, 2)",
        ),
        ("def xnor_weights():\n    return 1, 2\n", "has to return 4 values, W1, b1, W2, b2, in this order; it returns 2"),
    ],
    "1.3": [
        (
            DENSE.format("dy @ W.T / len(x), x.T @ dy / len(x), dy.mean(axis=0)"),
            "The loss is already a mean: sum and do not average",
        ),
        (DENSE.format("dy @ W.T, x.T @ dy / len(x), dy.sum(axis=0)"), "The loss is already a mean: sum and do not average"),
        (DENSE.format("dy @ W.T, x.T @ dy, dy"), "db needs the shape of b"),
        (DENSE.format("dy @ W.T, dy.T @ x, dy.sum(axis=0)"), "The transpose is on the wrong factor"),
        (DENSE.format("dy @ W.T, x.T @ dy, dy.sum(axis=1)"), "The transpose is on the wrong factor"),
        (DENSE.format("x.T @ dy, dy @ W.T, dy.sum(axis=0)"), "dx and dW are swapped"),
        (DENSE.format("dy @ W.T, x.T @ dy"), "has to return 3 values, dx, dW, db"),
        (DENSE.format("dy @ W.T, x.T @ dy, 2 * dy.sum(axis=0)"), "db is ["),
        ("def dense_backward(dy, x, W):\n    dx = dy @ W.T\n", "returns None: is the return statement missing?"),
        (
            "import numpy as np\ndef dense_backward(dy, x, W):\n    dx = np.zeros_like(x)\n    dx[:] = dy @ W.T\n"
            "    return dx, x.T @ dy, dy.sum(axis=0)\n",
            "make dx and dW from floats",
        ),
        (DENSE.format("dy @ W.T, x.T @ dy, list(dy.sum(axis=0))"), "db is a list, not an array: return np.array(...)"),
    ],
    "1.4": [
        (GRADIENT.format("return y - np.eye(z.shape[1])[target]"), "is divided by N as well"),
        (GRADIENT.format("return (np.eye(z.shape[1])[target] - y) / N"), "The sign is wrong"),
        (GRADIENT.format("return y / N"), "The 1 of the correct class is not subtracted"),
        (GRADIENT.replace("axis=1", "axis=0").format("return (y - np.eye(z.shape[1])[target]) / N"), "down each column"),
        (
            GRADIENT.replace(" - z.max(axis=1, keepdims=True)", "").format("y[np.arange(N), target] -= 1; return y / N"),
            "overflows",
        ),
        (GRADIENT.format("return (y - 1) / N"), "the result is [[0, -1, -1]], expected [[1, -1, 0]]"),
        (
            GRADIENT.replace("z.max(axis=1, keepdims=True)", "z.max()").format(
                "y[np.arange(N), target] -= 1; return y / N"
            ),
            "Each row needs its own largest logit",
        ),
    ],
    "1.5": [
        (COUNT.format(0, "a * b"), "The biases are missing"),
        (COUNT.format("sizes[0]", "a * b + b"), "The inputs have no biases"),
        (COUNT.format(0, "a * b + 1"), "each neuron has its own"),
        (
            "def count_parameters(sizes):\n    return (sizes[0] + 1) * sizes[1] + (sizes[-2] + 1) * sizes[-1]\n",
            "Only the first and the last layer",
        ),
        (COUNT.format(0, "a + b"), "count_parameters(sizes=[5, 4]): the result is 9, expected 24"),
    ],
    "1.6": [
        (LEAKY.format("dy * (x > 0)"), "This is the gradient of the plain ReLU"),
        (LEAKY.format("np.where(x > 0, 1.0, alpha)"), "This is the slope alone"),
        (LEAKY.format("np.where(dy > 0, dy, alpha * dy)"), "The condition has to test the input x"),
        (LEAKY.format("dy * np.where(x > 0, alpha, 1)"), "The two slopes are swapped"),
        (LEAKY.format("dy * np.where(x > 0, x, alpha * x)"), "not by the output"),
        (LEAKY.format("dy * np.where(x >= 0, 1, alpha)"), "the result is [2, 0.3], expected [0.2, 0.3]"),
        (
            "import numpy as np\ndef leaky_relu_backward(dy, x, alpha):\n    slope = np.ones_like(x)\n"
            "    slope[x <= 0] = alpha\n    return dy * slope\n",
            "so alpha becomes 0",
        ),
    ],
}
