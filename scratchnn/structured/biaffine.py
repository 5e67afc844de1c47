"""Biaffine scores between the tokens of a sentence: which token is the head of which, and with which label.

x_d is the vector of token d as a dependent, y_h that of token h as a head; position 0 is the root. The arc from head h to
dependent d has the score

    s[d, h] = x_d^T U y_h + u^T y_h                                                                                (1)
    dx = ds y U^T                                           dy = ds^T (x U + u)                                    (2)
    dU = sum x^T ds y                                       du = sum_d sum_h ds[d, h] y_h                          (3)

u^T y_h says how likely h is to have dependents at all. A term in x_d alone would not change the softmax over heads.

    P(h | d) = softmax over h of s[d, h],    h in 0 .. L,  h not d                                                 (4)
    loss     = mean over the words of -log P(head of d | d)                                                        (5)

The label r of an arc is scored at one head h(d) per dependent, the given one in training and that of the best tree in
prediction; so no array has T x T x K entries:

    l[d, r] = x_d^T V_r y_{h(d)} + x_d^T A_r + y_{h(d)}^T B_r + b_r                                                (6)
    dx = sum_r dl_r (V_r y + A_r)                           dy_{h(d)} = sum_r dl_r (V_r^T x + B_r)                 (7)
    dV_r = sum dl_r x y^T      dA_r = sum dl_r x      dB_r = sum dl_r y      db_r = sum dl_r                       (8)

A head with several dependents adds up what (7) gives for each of them.

Shapes: N sentences, T dependents, S heads, D numbers per vector, K labels; x (N, T, D), y (N, S, D), U (D, D), u (D,),
V (D, K, D), A and B (D, K), b (K,). Dozat and Manning, "Deep Biaffine Attention for Neural Dependency Parsing" (2017).
"""

from __future__ import annotations

import numpy as np

from scratchnn.backend import Array, Generator, array_module, check_array, check_axis, check_ids, floating, scatter_add
from scratchnn.core import Layer, Parameter
from scratchnn.errors import DataError, ShapeError
from scratchnn.losses import softmax_cross_entropy_backward, softmax_cross_entropy_forward

EXCLUDED = -1e30  # the score of a position that cannot be a head: its probability underflows to exactly 0

# --- arcs ------------------------------------------------------------------------------------------------------------


def biaffine_loop(x: Array, y: Array, U: Array, u: Array) -> list[list[Array]]:
    """Equation (1) for one sentence, pair by pair: ``x`` (T, D) and ``y`` (S, D) give T rows of S scores."""
    return [[x_d @ U @ y_h + u @ y_h for y_h in y] for x_d in x]


def biaffine_forward(x: Array, y: Array, U: Array, u: Array) -> tuple[Array, tuple]:
    """Equation (1): ``x`` (N, T, D), ``y`` (N, S, D), ``U`` (D, D) and ``u`` (D,) give (N, T, S) and the cache."""
    queries = x @ U + u  # (N, T, D) @ (D, D) -> (N, T, D)
    return queries @ y.transpose(0, 2, 1), (x, y, U, queries)  # (1)  (N, T, D) @ (N, D, S) -> (N, T, S)


def biaffine_backward(ds: Array, cache: tuple) -> tuple[Array, Array, Array, Array]:
    """Equations (2) and (3): dx (N, T, D), dy (N, S, D), dU (D, D), du (D,)."""
    x, y, U, queries = cache
    D = len(U)
    dqueries = ds @ y  # (N, T, S) @ (N, S, D) -> (N, T, D)
    dy = ds.transpose(0, 2, 1) @ queries  # (2)  (N, S, T) @ (N, T, D) -> (N, S, D)
    dx = dqueries @ U.T  # (2)  (N, T, D) @ (D, D) -> (N, T, D)
    dU = x.reshape(-1, D).T @ dqueries.reshape(-1, D)  # (3)  (D, N T) @ (N T, D) -> (D, D)
    du = dqueries.sum(axis=(0, 1))  # (3)
    return dx, dy, dU, du


# --- the loss of the heads -------------------------------------------------------------------------------------------


def possible_heads(scores: Array, lengths: Array | None = None) -> Array:
    """``scores`` (N, T + 1, T + 1) with ``EXCLUDED`` at heads beyond the sentence and where a word is its own head.

    Position 0 is the root; ``lengths`` (N,) counts words, T if None.
    """
    scores = floating(scores, "arc scores")
    xp = array_module(scores)
    positions = xp.arange(scores.shape[1])
    possible = positions[:, None] != positions  # (T + 1, T + 1)
    if lengths is not None:
        possible = possible & (positions <= lengths[:, None])[:, None, :]  # (N, T + 1, T + 1)
    return xp.where(possible, scores, EXCLUDED)


def head_loss_forward(scores: Array, heads: Array, lengths: Array | None = None) -> tuple[Array, tuple]:
    """Equations (4) and (5).

    Args:
        scores: arc scores (N, T + 1, T + 1), dependents in rows, heads in columns, position 0 the root. The root's own row
            is not used.
        heads: the position of each word's head (N, T), 0 for the root; in the padding it may be any integer.
        lengths: number of words of each sentence (N,); T if None.

    Returns:
        The loss () in nats per word, 0 if there are none, and the cache.

    Raises:
        ShapeError: the shapes do not fit, or the heads are no integers.
        DataError: a head is outside 0 .. the sentence's length, or a word is its own head.
    """
    check_array(scores, "head_loss: scores")
    check_array(heads, "head_loss: heads")
    xp = array_module(scores)
    N, S, _ = scores.shape
    if heads.shape != (N, S - 1) or scores.shape[2] != S:
        raise ShapeError(
            f"head_loss: scores have shape {tuple(scores.shape)}, heads {tuple(heads.shape)}; "
            "expected (N, T + 1, T + 1) and (N, T)"
        )
    real = None if lengths is None else xp.arange(S - 1) < lengths[:, None]  # (N, T)
    _check_heads(heads, lengths)
    logits = possible_heads(scores, lengths)[:, 1:]  # (N, T, T + 1)
    return softmax_cross_entropy_forward(logits, heads, mask=real)


def _check_heads(heads: Array, lengths: Array | None) -> None:
    """Raise unless every head is in its sentence and no word is its own; only heads in host memory, as in ``check_ids``."""
    if not isinstance(heads, np.ndarray):
        return
    N, T = heads.shape
    words, L = np.arange(1, T + 1), np.full((N, 1), T) if lengths is None else lengths[:, None]
    bad = np.argwhere((words <= L) & ((heads < 0) | (heads > L) | (heads == words)))
    if len(bad):
        n, d = bad[0]
        raise DataError(
            f"head_loss: the head of word {d + 1} of sentence {n} is {heads[n, d]}; "
            f"expected another position in 0 .. {L[n, 0]}"
        )


def head_loss_backward(dloss: Array | float, cache: tuple) -> Array:
    """The gradient with respect to the scores (N, T + 1, T + 1); 0 at excluded heads, which have probability 0."""
    dlogits = softmax_cross_entropy_backward(dloss, cache)  # (N, T, T + 1)
    xp = array_module(dlogits)
    dscores = xp.zeros((dlogits.shape[0], dlogits.shape[2], dlogits.shape[2]), dtype=dlogits.dtype)
    dscores[:, 1:] = dlogits
    return dscores


# --- labels ----------------------------------------------------------------------------------------------------------


def label_scores_loop(x: Array, y: Array, V: Array, A: Array, B: Array, b: Array) -> list[Array]:
    """Equation (6) for one arc, label by label: ``x`` (D,) of the dependent and ``y`` (D,) of its head give K scores."""
    return [x @ V[:, r] @ y + x @ A[:, r] + y @ B[:, r] + b[r] for r in range(len(b))]


def label_scores_forward(x: Array, y: Array, V: Array, A: Array, B: Array, b: Array, heads: Array) -> tuple[Array, tuple]:
    """Equation (6).

    Args:
        x, y: vectors of the dependents (N, T, D) and of the heads (N, S, D).
        V, A, B, b: weights (D, K, D), (D, K), (D, K) and bias (K,).
        heads: the position in ``y`` of each dependent's head (N, T), in 0 .. S - 1, in the padding as well.

    Returns:
        Scores (N, T, K) and the cache.
    """
    N, T, D = x.shape
    S, K = y.shape[1], len(b)
    check_ids(heads, S, "LabelScores: heads")
    xp = array_module(x)
    heads = heads.astype("int64")  # the sum of uint64 and int64 would be float64
    ids = (heads + S * xp.arange(N)[:, None]).reshape(-1)  # rows of the heads of all sentences, one below the other
    x_rows = x.reshape(-1, D)  # (N T, D)
    y_rows = y.reshape(-1, D)[ids]  # (N T, D)
    xV = (x_rows @ V.reshape(D, -1)).reshape(-1, K, D)  # (N T, D) @ (D, K D) -> (N T, K, D)
    bilinear = (xV @ y_rows[:, :, None])[..., 0]  # (N T, K, D) @ (N T, D, 1) -> (N T, K)
    scores = bilinear + x_rows @ A + y_rows @ B + b  # (6)
    return scores.reshape(N, T, K), (x_rows, y_rows, xV, ids, x.shape, y.shape, V, A, B)


def label_scores_backward(dl: Array, cache: tuple) -> tuple[Array, ...]:
    """Equations (7) and (8): dx (N, T, D), dy (N, S, D), dV (D, K, D), dA (D, K), dB (D, K), db (K,)."""
    x_rows, y_rows, xV, ids, x_shape, y_shape, V, A, B = cache
    xp = array_module(dl)
    D, K, _ = V.shape
    rows = dl.reshape(-1, K)  # (N T, K)
    dy_rows = (rows[:, None, :] @ xV)[:, 0] + rows @ B.T  # (7)  (N T, 1, K) @ (N T, K, D) -> (N T, D)
    dxV = (rows[:, :, None] * y_rows[:, None, :]).reshape(-1, K * D)  # (N T, K D)
    dx = dxV @ V.reshape(D, -1).T + rows @ A.T  # (7)  (N T, K D) @ (K D, D) -> (N T, D)
    dy = xp.zeros((y_shape[0] * y_shape[1], D), dtype=dy_rows.dtype)
    scatter_add(dy, ids, dy_rows)  # (7)
    dV = (x_rows.T @ dxV).reshape(V.shape)  # (8)  (D, N T) @ (N T, K D) -> (D, K D)
    dA = x_rows.T @ rows  # (8)  (D, N T) @ (N T, K) -> (D, K)
    dB = y_rows.T @ rows  # (8)  (D, N T) @ (N T, K) -> (D, K)
    return dx.reshape(x_shape), dy.reshape(y_shape), dV, dA, dB, rows.sum(axis=0)  # (8)


# --- the layers ------------------------------------------------------------------------------------------------------


class Biaffine(Layer):
    """Arc scores (N, T, S) of dependents (N, T, ``size``) and heads (N, S, ``size``); U is Glorot uniform, u zero."""

    def __init__(self, size: int, *, rng: Generator):
        super().__init__()
        self.U = Parameter.glorot((size, size), rng)
        self.u = Parameter.zeros((size,))

    def __repr__(self) -> str:
        """Class and number of entries of each vector."""
        return f"Biaffine({self.u.shape[0]})"

    def forward(self, x: Array, y: Array) -> Array:
        """Scores (N, T, S): dependents ``x`` in rows, heads ``y`` in columns."""
        _check_pair(x, y, self.u.shape[0], "Biaffine")
        scores, cache = biaffine_forward(x, y, self.U.data, self.u.data)
        self.push(cache, scores)
        return scores

    def backward(self, ds: Array) -> tuple[Array, Array]:
        """The gradients with respect to the dependents and to the heads."""
        dx, dy, dU, du = biaffine_backward(ds, self.pop(ds))
        self.U.accumulate(dU)
        self.u.accumulate(du)
        return dx, dy


class LabelScores(Layer):
    """Scores (N, T, ``labels``) of the arc from each dependent (N, T, ``size``) to its head, one of (N, S, ``size``).

    A and B are Glorot uniform. V is Glorot uniform as a matrix (``size``, ``labels`` * ``size``); b starts at zero.
    """

    def __init__(self, size: int, labels: int, *, rng: Generator):
        super().__init__()
        self.V = Parameter.glorot((size, labels * size), rng)
        self.V.data = self.V.data.reshape(size, labels, size)
        self.A = Parameter.glorot((size, labels), rng)
        self.B = Parameter.glorot((size, labels), rng)
        self.b = Parameter.zeros((labels,))

    def __repr__(self) -> str:
        """Class, number of entries of each vector and number of labels."""
        size, labels = self.A.shape
        return f"LabelScores({size} -> {labels})"

    def forward(self, x: Array, y: Array, heads: Array) -> Array:
        """Scores (N, T, ``labels``) of dependents ``x`` at ``heads`` (N, T), positions in ``y``."""
        _check_pair(x, y, self.A.shape[0], "LabelScores")
        check_array(heads, "LabelScores: heads")
        if heads.shape != x.shape[:2]:
            raise ShapeError(f"LabelScores: heads have shape {tuple(heads.shape)}, expected {tuple(x.shape[:2])}")
        scores, cache = label_scores_forward(x, y, self.V.data, self.A.data, self.B.data, self.b.data, heads)
        self.push(cache, scores)
        return scores

    def backward(self, dl: Array) -> tuple[Array, Array]:
        """The gradients with respect to the dependents and to the heads."""
        dx, dy, dV, dA, dB, db = label_scores_backward(dl, self.pop(dl))
        self.V.accumulate(dV)
        self.A.accumulate(dA)
        self.B.accumulate(dB)
        self.b.accumulate(db)
        return dx, dy


def _check_pair(x: Array, y: Array, size: int, owner: str) -> None:
    """Raise unless ``x`` is (N, T, ``size``) and ``y`` is (N, S, ``size``)."""
    for name, vectors in (("dependents", x), ("heads", y)):
        check_array(vectors, f"{owner}: {name}")
        if vectors.ndim != 3 or vectors.shape[0] != x.shape[0]:
            raise ShapeError(f"{owner}: {name} must have shape (N, T, {size}), got {tuple(vectors.shape)}")
        check_axis(vectors, -1, size, owner, "size")
