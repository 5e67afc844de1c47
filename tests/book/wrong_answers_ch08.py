"""Wrong answers to the exercises of chapter 8, as readers write them, with a part of the explanation for each."""

SHAPES = "def shapes(N, T, D, H, K):\n    return [{}]\n"
MEAN = """
import numpy as np
def mean_pool(r, lengths):
    real = (np.arange(r.shape[1]) < lengths[:, None])[:, :, None]
    return {}
"""
MAX = """
import numpy as np
def max_pool_backward(dh, r, lengths):
    step = np.arange(r.shape[1])[:, None]
    real = step < lengths[:, None, None]
    top = {top}.argmax(axis=1)[:, None]
    return {result}
"""
TOP = "np.where(real, r, -np.inf)"
WEIGHTS = """
import numpy as np
def attention_weights(s, lengths):
    real = np.arange(s.shape[1]) < lengths[:, None]
    {}
    return e / e.sum(axis=1, keepdims=True)
"""
F1 = """
import numpy as np
def macro_f1(C):
    both, said, real = np.diag(C), C.sum(axis=0), C.sum(axis=1)
    return {}
"""

WRONG = {
    "8.1": [
        (SHAPES.format("(N, T, D), (N, T, H), (N, H), (N, K)"), "it has 2 H outputs per step"),
        (SHAPES.format("(N, T, D), (N, T, 2 * H), (N, T, 2 * H), (N, K)"), "h still has one vector per step"),
        (SHAPES.format("(N, T, D), (N, T, 2 * H), (N, 2 * H), (N, T, K)"), "These are logits for every word"),
        (SHAPES.format("(N, T, D), (N, T, 2 * H), (N, T), (N, K)"), "its output is as wide as a step"),
        (SHAPES.format("(N, D), (N, T, 2 * H), (N, 2 * H), (N, K)"), "the result is"),
    ],
    "8.2": [
        ("def mean_pool(r, lengths):\n    return r.mean(axis=1)\n", "You average over all T steps, padding included"),
        (MEAN.format("(r * real).sum(axis=1) / r.shape[1]"), "but it is divided by T"),
        (MEAN.format("r.sum(axis=1) / lengths[:, None]"), "the padded steps are still in the sum"),
        (MEAN.format("(r * real).sum(axis=1)"), "This is the sum of the real steps"),
        (MEAN.format("(r * real).sum(axis=1) / np.maximum(lengths, 1)[:, None]"), "Zero times NaN is NaN"),
        (MEAN.format("np.where(real, r, 0).sum(axis=1) / lengths[:, None]"), "A text of length 0 gives 0 / 0"),
        (MEAN.format("np.where(real, r, 0).sum(axis=2)"), "the result has shape"),
    ],
    "8.3": [
        (MAX.format(top="r", result="(step == top) * dh[:, None]"), "so the gradient goes to padding"),
        (
            MAX.format(top="np.where(real, r, 0)", result="(step == top) * dh[:, None]"),
            "Zeros at the padded steps are not enough",
        ),
        (MAX.format(top=TOP, result="real * dh[:, None]"), "Every real step gets the gradient"),
        (
            MAX.format(top=TOP, result="real * dh[:, None] / lengths[:, None, None]"),
            "This is the way back through a mean",
        ),
        (
            MAX.format(
                top="np.repeat(np.where(real, r, -np.inf).max(axis=2)[:, :, None], r.shape[2], axis=2)",
                result="(step == top) * dh[:, None]",
            ),
            "One step is chosen for all units",
        ),
        (
            MAX.format(top=TOP, result="(np.where(real, r, -np.inf).max(axis=1)[:, None] == r) * real * dh[:, None]"),
            "At a tie, several steps get the whole gradient",
        ),
        (MAX.format(top=TOP, result="(step == top) * dh[:, None]"), "An empty text sends its gradient to step 0"),
    ],
    "8.4": [
        (WEIGHTS.format("e = np.exp(s - s.max(axis=1, keepdims=True))"), "The padded steps take part in the softmax"),
        (
            WEIGHTS.format("e = np.exp(s)").replace("keepdims=True)", "keepdims=True) * real"),
            "no longer sum to 1",
        ),
        (WEIGHTS.format("e = np.exp(np.where(real, s, 0))"), "A padded score of zero still has a weight"),
        (WEIGHTS.format("e = np.exp(s) * real").replace("axis=1", "axis=0"), "sum to 1 over the texts"),
        (WEIGHTS.format("e = np.exp(s) * real"), "exp(1000) overflows"),
        (WEIGHTS.format("e = np.exp(s - s.max(axis=1, keepdims=True)) * real"), "The largest score is one of the padding"),
        (
            WEIGHTS.format("s = np.where(real, s, -np.inf); e = np.exp(s - s.max(axis=1, keepdims=True))"),
            "An empty text gives 0 / 0",
        ),
    ],
    "8.5": [
        (F1.format("both.sum() / C.sum()"), "This is the accuracy"),
        (F1.format("(both / real).mean()"), "This is the mean recall"),
        (F1.format("(both / said).mean()"), "This is the mean precision"),
        (F1.format("(2 * both / (said + real) * real).sum() / C.sum()"), "Each class is weighted by its number of texts"),
        (
            F1.format("2 * (both / said).mean() * (both / real).mean() / ((both / said).mean() + (both / real).mean())"),
            "not F1 of the mean precision",
        ),
        (F1.format("(2 * both / (said + real)).mean()"), "gives 0 / 0, which is NaN"),
        (F1.format("np.nanmean(2 * both / (said + real))"), "is left out of the mean"),
        (F1.format("(both / (said + real)).mean()"), "expected"),
    ],
}
