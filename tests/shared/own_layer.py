"""A correct layer as the text of a file, and the parts of it that tests replace."""

HEAD = """\
import numpy as np
from scratchnn.core import Layer, Parameter


class Mine(Layer):
    def __init__(self, rng):
        super().__init__()
        self.W = Parameter.glorot((3, 4), rng)

    @staticmethod
    def example(rng):
        return {"x": rng.standard_normal((2, 3))}

    def forward(self, x):
        self.push(x)
        return np.tanh(x) @ self.W.data

    def backward(self, dy):
        x = self.pop()
        self.W.accumulate(np.tanh(x).T @ dy)
        return dy @ self.W.data.T * (1 - np.tanh(x) ** 2)
"""

START, RETURN = "return np.tanh(x) @", "return np.tanh(x) @ self.W.data"
ADD, PUSH = "self.W.accumulate(np.tanh(x).T @ dy)", "        self.push(x)\n"


def swap(*pairs):
    """The correct layer with parts replaced."""
    text = HEAD
    for old, new in pairs:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text
