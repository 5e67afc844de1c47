"""The exercises of chapter 11 on attention: 11.3 to 11.5."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scratchnn.book.exercises.answer import Answer, compare
from scratchnn.book.exercises.registry import exercise

# --- 11.3 ------------------------------------------------------------------------------------------------------------


def attend(q: np.ndarray, k: np.ndarray, m: np.ndarray, real: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Dot attention: context vectors (N, T, C) and weights (N, T, S), zero where there is nothing to read."""
    s = np.where(real[:, None], q @ k.transpose(0, 2, 1), -np.inf)
    largest = s.max(axis=2, keepdims=True)
    e = np.exp(s - np.where(np.isfinite(largest), largest, 0))
    alpha = e / np.maximum(e.sum(axis=2, keepdims=True), 1e-300)
    return alpha @ m, alpha


@exercise(
    "11.3",
    "attention forward",
    "attend(q, k, m, real)",
    hints=(
        "Three lines: scores by a matrix product of q and the transposed keys, weights by a softmax over the last axis, "
        "then a product with m. k.transpose(0, 2, 1) swaps the last two axes.",
        "Put -np.inf where real is false, before the softmax, and subtract the largest score of each row. If a row has no "
        "real step, its largest score is -inf: subtract 0 instead, and divide by the sum or by a tiny number.",
    ),
)
def check_attend(answer: Answer) -> Iterator[str]:
    """Dot attention for a batch: queries q (N, T, H), keys k (N, S, H), memory
    m (N, S, C), and real (N, S), which is False where the source is padded.
    Return the context vectors (N, T, C) and the weights (N, T, S). The score of
    a query and a key is their dot product, not divided by anything. Padded
    steps have weight 0. Scores may be large (think of 1000). If a source has no
    real step, its weights and its context vectors are 0.
    """

    def mixed(s: np.ndarray, m: np.ndarray, real: np.ndarray) -> tuple:
        e = np.exp(s - s.max(axis=2, keepdims=True))
        alpha = e / e.sum(axis=2, keepdims=True)
        return alpha @ m, alpha

    def scores(q: np.ndarray, k: np.ndarray) -> np.ndarray:
        return q @ k.transpose(0, 2, 1)

    def no_mask(q: np.ndarray, k: np.ndarray, m: np.ndarray, real: np.ndarray) -> tuple:
        return mixed(scores(q, k), m, real)

    def zero_scores(q: np.ndarray, k: np.ndarray, m: np.ndarray, real: np.ndarray) -> tuple:
        return mixed(np.where(real[:, None], scores(q, k), 0), m, real)

    def mask_after(q: np.ndarray, k: np.ndarray, m: np.ndarray, real: np.ndarray) -> tuple:
        _, alpha = mixed(scores(q, k), m, real)
        alpha = alpha * real[:, None]
        return alpha @ m, alpha

    def divided(q: np.ndarray, k: np.ndarray, m: np.ndarray, real: np.ndarray) -> tuple:
        return attend(q / np.sqrt(q.shape[2]), k, m, real)

    def over_queries(q: np.ndarray, k: np.ndarray, m: np.ndarray, real: np.ndarray) -> tuple:
        s = np.where(real[:, None], scores(q, k), -np.inf)
        largest = s.max(axis=1, keepdims=True)
        e = np.exp(s - np.where(np.isfinite(largest), largest, 0))
        alpha = e / np.maximum(e.sum(axis=1, keepdims=True), 1e-300)
        return alpha @ m, alpha

    def overflows(q: np.ndarray, k: np.ndarray, m: np.ndarray, real: np.ndarray) -> tuple:
        e = np.exp(np.where(real[:, None], scores(q, k), -np.inf))
        alpha = e / np.maximum(e.sum(axis=2, keepdims=True), 1e-300)
        return alpha @ m, alpha

    def empty(q: np.ndarray, k: np.ndarray, m: np.ndarray, real: np.ndarray) -> tuple:
        return mixed(np.where(real[:, None], scores(q, k), -np.inf), m, real)

    mistakes = {
        "The weights ignore real: padded steps get a share.": no_mask,
        "A score of 0 is not a weight of 0: the exponential of 0 is 1. Padded steps need a score of minus infinity.":
            zero_scores,
        "You remove the padded weights after the softmax, so the others no longer sum to 1. Mask the scores "
        "instead.": mask_after,
        "You divide the scores by the square root of H. Transformers do; here the score is the plain dot "
        "product.": divided,
        "The softmax runs over the queries. Each query divides its attention among the source tokens: use the last "
        "axis.": over_queries,
        "exp overflows for large scores and the result is nan. Subtract the largest score of each row before you take "
        "exp.": overflows,
        "A source without a real step gives nan: all its scores are minus infinity, and minus infinity minus itself is "
        "nan. Its weights have to be 0.": empty,
    }  # fmt: skip
    rng = np.random.default_rng(0)

    def trial(scale: float, lengths: tuple[int, ...], T: int, S: int, H: int, C: int) -> tuple:
        N = len(lengths)
        q, k, m = scale * rng.standard_normal((N, T, H)), rng.standard_normal((N, S, H)), rng.standard_normal((N, S, C))
        return q, k, m, np.arange(S) < np.array(lengths)[:, None]

    trials = [trial(1.0, (5, 2), 3, 5, 4, 3), trial(1000.0, (3, 4), 2, 4, 3, 2), trial(1.0, (2, 0), 2, 3, 2, 2)]
    yield from compare(answer, attend, mistakes, trials, ("context", "weights"))


# --- 11.4 ------------------------------------------------------------------------------------------------------------


@exercise(
    "11.4",
    "attention backward",
    "attend_backward(dcontext, alpha, q, k, m)",
    hints=(
        "Go back one line at a time: first the product of weights and memory, (11), then the softmax, (12), then the "
        "product of queries and keys, (13).",
        "dm and dk sum over the steps of the target, so alpha and ds have to be transposed: alpha.transpose(0, 2, 1). "
        "In (12) the sum over source tokens is the last axis; keepdims=True keeps it for the subtraction.",
    ),
)
def check_attend_backward(answer: Answer) -> Iterator[str]:
    """The way back through dot attention. Given are dcontext (N, T, C), the
    gradient of the loss with respect to the context vectors; the weights alpha
    (N, T, S) of the forward pass, 0 at padded steps; and its arguments q
    (N, T, H), k (N, S, H) and m (N, S, C). Return dq, dk and dm, in this order,
    of the shapes of q, k and m.
    """

    def parts(ds: np.ndarray, q: np.ndarray, k: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return ds @ k, ds.transpose(0, 2, 1) @ q

    def right(dcontext: np.ndarray, alpha: np.ndarray, q: np.ndarray, k: np.ndarray, m: np.ndarray) -> tuple:
        dalpha = dcontext @ m.transpose(0, 2, 1)
        ds = alpha * (dalpha - (alpha * dalpha).sum(axis=2, keepdims=True))
        return *parts(ds, q, k), alpha.transpose(0, 2, 1) @ dcontext

    def no_softmax(dcontext: np.ndarray, alpha: np.ndarray, q: np.ndarray, k: np.ndarray, m: np.ndarray) -> tuple:
        dalpha = dcontext @ m.transpose(0, 2, 1)
        return *parts(dalpha, q, k), m * 0

    def no_sum(dcontext: np.ndarray, alpha: np.ndarray, q: np.ndarray, k: np.ndarray, m: np.ndarray) -> tuple:
        dalpha = dcontext @ m.transpose(0, 2, 1)
        return *parts(alpha * dalpha, q, k), alpha.transpose(0, 2, 1) @ np.ones_like(dcontext)

    def sigmoid_slope(dcontext: np.ndarray, alpha: np.ndarray, q: np.ndarray, k: np.ndarray, m: np.ndarray) -> tuple:
        dalpha = dcontext @ m.transpose(0, 2, 1)
        return *parts(alpha * (1 - alpha) * dalpha, q, k), m * 0

    def plain_sum(dcontext: np.ndarray, alpha: np.ndarray, q: np.ndarray, k: np.ndarray, m: np.ndarray) -> tuple:
        dalpha = dcontext @ m.transpose(0, 2, 1)
        return *parts(alpha * (dalpha - dalpha.sum(axis=2, keepdims=True)), q, k), m * 0

    def through_keys(dcontext: np.ndarray, alpha: np.ndarray, q: np.ndarray, k: np.ndarray, m: np.ndarray) -> tuple:
        dq, dk, dm = right(dcontext, alpha, q, k, m)
        return dq, dk, dm + dk if dm.shape == dk.shape else dm * 0

    mistakes = {
        "The softmax is missing: this is the gradient with respect to the weights. Equation (12) turns it into the one "
        "with respect to the scores.": no_softmax,
        "The sum in (12) is missing: when one weight rises the others fall, and that is what the sum accounts for.": no_sum,
        "alpha (1 - alpha) is only the effect of a score on its own weight; every score changes all weights of its row, as "
        "in (12).": sigmoid_slope,
        "In (12) each term of the sum is multiplied by its weight.": plain_sum,
        "dm contains dk as well. Here k and m are separate arguments; they are added up only where both are the same "
        "array.": through_keys,
    }
    rng = np.random.default_rng(0)
    trials = []
    for N, T, S, H, C, lengths in ((2, 3, 4, 5, 5, (4, 2)), (3, 2, 5, 4, 4, (1, 5, 0))):
        q, k, m = rng.standard_normal((N, T, H)), rng.standard_normal((N, S, H)), rng.standard_normal((N, S, C))
        _, alpha = attend(q, k, m, np.arange(S) < np.array(lengths)[:, None])
        trials.append((rng.standard_normal((N, T, C)), alpha, q, k, m))
    yield from compare(answer, right, mistakes, trials, ("dq", "dk", "dm"))


# --- 11.5 ------------------------------------------------------------------------------------------------------------


@exercise(
    "11.5",
    "additive scores, backward",
    "additive_scores_backward(ds, q, k, v)",
    hints=(
        "Compute u = tanh(q + k) again, with q[:, :, None] and k[:, None], so that all pairs of steps are there: "
        "(N, T, S, A).",
        "da = ds[..., None] * v * (1 - u * u). A query is used for all S source tokens and a key for all T steps: which "
        "axis of da has to be summed for each of them? dv needs u, not da.",
    ),
)
def check_additive_scores_backward(answer: Answer) -> Iterator[str]:
    """Additive scores are s = tanh(q_t + k_j) . v, one for each target step
    t and each source step j, with q (N, T, A), k (N, S, A) and v (A,). Given
    ds (N, T, S), the gradient of the loss with respect to the scores, return
    dq, dk and dv, in this order, of the shapes of q, k and v.
    """

    def argument(ds: np.ndarray, q: np.ndarray, k: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        u = np.tanh(q[:, :, None] + k[:, None])
        return u, ds[..., None] * v * (1 - u * u)

    def right(ds: np.ndarray, q: np.ndarray, k: np.ndarray, v: np.ndarray) -> tuple:
        u, da = argument(ds, q, k, v)
        return da.sum(axis=2), da.sum(axis=1), (ds[..., None] * u).sum(axis=(0, 1, 2))

    def no_slope(ds: np.ndarray, q: np.ndarray, k: np.ndarray, v: np.ndarray) -> tuple:
        u, _ = argument(ds, q, k, v)
        da = ds[..., None] * v * np.ones_like(u)
        return da.sum(axis=2), da.sum(axis=1), (ds[..., None] * (1 - u * u)).sum(axis=(0, 1, 2))

    def no_v(ds: np.ndarray, q: np.ndarray, k: np.ndarray, v: np.ndarray) -> tuple:
        u, _ = argument(ds, q, k, v)
        da = ds[..., None] * (1 - u * u)
        return da.sum(axis=2), da.sum(axis=1), da.sum(axis=(0, 1, 2))

    def means(ds: np.ndarray, q: np.ndarray, k: np.ndarray, v: np.ndarray) -> tuple:
        u, da = argument(ds, q, k, v)
        return da.mean(axis=2), da.mean(axis=1), (ds[..., None] * u).mean(axis=(0, 1, 2))

    def argument_of_tanh(ds: np.ndarray, q: np.ndarray, k: np.ndarray, v: np.ndarray) -> tuple:
        dq, dk, _ = right(ds, q, k, v)
        return dq * 0, dk * 0, (ds[..., None] * (q[:, :, None] + k[:, None])).sum(axis=(0, 1, 2))

    mistakes = {
        "The slope of the tanh, 1 - u * u, is missing or misplaced: it belongs to dq and dk, and dv has u.": no_slope,
        "v is missing: the score is u . v, so du = ds v.": no_v,
        "Gradients of something that is used several times add up; you take the mean.": means,
        "v multiplies tanh(q + k), not q + k.": argument_of_tanh,
    }
    rng = np.random.default_rng(0)
    trials = [
        tuple(rng.standard_normal(shape) for shape in ((N, T, S), (N, T, A), (N, S, A), (A,)))
        for N, T, S, A in ((2, 3, 4, 5), (1, 1, 1, 2))
    ]
    empty = {
        "A source may be empty (S = 0); then dq and dv are zero.": tuple(
            rng.standard_normal(shape) for shape in ((1, 2, 0), (1, 2, 3), (1, 0, 3), (3,))
        )
    }
    yield from compare(answer, right, mistakes, trials, ("dq", "dk", "dv"), extremes=empty)
