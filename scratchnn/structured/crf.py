"""Linear-chain conditional random field: a probability for each tag sequence of a sentence.

With score(y) of equation (1) in ``chain``, the probability of the tags y of a sentence of L tokens is

    P(y) = exp(score(y)) / Z,   Z = sum over all K^L sequences of exp(score)                                       (1)

The forward algorithm sums token by token. alpha_t[j] is the logarithm of the sum over all beginnings that end in tag j:

    alpha_1[j] = start[j] + e_1[j],   alpha_t[j] = e_t[j] + log sum_i exp(alpha_{t-1}[i] + A[i, j])                (2)
    log Z      = log sum_j exp(alpha_L[j] + end[j])                                                                (3)
    loss       = sum_n (log Z - score(y)) / M      over N sentences with M tokens in all; 0 if M = 0               (4)

The loss is per token, like the softmax cross-entropy of a tagger without a CRF, so that the two can be compared.

Backward. The derivative of log Z with respect to a score is the probability that a sequence contains what it belongs to.
beta_t[i] is the logarithm of the sum over all endings that follow tag i:

    beta_L[i]  = end[i],   beta_t[i] = log sum_j exp(A[i, j] + e_{t+1}[j] + beta_{t+1}[j])                         (5)
    gamma_t[j] = P(y_t = j)              = exp(alpha_t[j] + beta_t[j] - log Z)                                     (6)
    xi_t[i, j] = P(y_{t-1} = i, y_t = j) = exp(alpha_{t-1}[i] + A[i, j] + e_t[j] + beta_t[j] - log Z)              (7)
    de_t   = (gamma_t - onehot(y_t)) / M                                                                           (8)
    dA     = sum_t (xi_t - onehot(y_{t-1}) onehot(y_t)^T) / M               expected less observed counts          (9)
    dstart = de_1      dend = de_L                                          they are added to these emissions     (10)

The fast form needs no beta. Let s_t[j] = log sum_i exp(alpha_{t-1}[i] + A[i, j]), which (2) has computed. Then

    P(y_{t-1} = i | y_t = j) = exp(alpha_{t-1}[i] + A[i, j] - s_t[j])                                             (11)
    xi_t[i, j] = P(y_{t-1} = i | y_t = j) gamma_t[j],   gamma_{t-1}[i] = sum_j xi_t[i, j]                         (12)

from gamma_L = softmax(alpha_L + end). Padding changes nothing, and an empty sentence adds 0 to the loss.

Shapes: N sentences, T tokens, K tags. Lafferty, McCallum and Pereira (2001); Lample et al. (2016).
"""

from __future__ import annotations

import numpy as np

from scratchnn.backend import Array, array_module, check_array, check_axis, check_ids
from scratchnn.core import Layer, Parameter
from scratchnn.errors import ShapeError, whole_number
from scratchnn.functions import logsumexp, softmax
from scratchnn.recurrent.base import check_lengths
from scratchnn.structured.chain import sequence_score, time_first, viterbi

# --- one sentence, as a textbook writes it ---------------------------------------------------------------------------


def crf_loop_forward(emissions: Array, transitions: Array, start: Array, end: Array, tags: Array) -> tuple[Array, tuple]:
    """The loss log Z - score () of one sentence with emissions (L, K) and tags (L,), L at least 1, and the cache."""
    check_ids(tags, len(start), "CRF tags")
    alpha = [start + emissions[0]]  # (2)  (K,)
    for t in range(1, len(emissions)):
        alpha.append(emissions[t] + logsumexp((alpha[t - 1][:, None] + transitions).T))  # (2)  (K, K) -> (K,)
    log_Z = logsumexp(alpha[-1] + end)  # (3)
    score = sequence_score(emissions, transitions, start, end, tags)
    return log_Z - score, (alpha, log_Z, emissions, transitions, end, tags)


def crf_loop_backward(dloss: Array | float, cache: tuple) -> tuple[Array, Array, Array, Array]:
    """Equations (5) to (10) with M = 1: demissions (L, K), dtransitions (K, K), dstart (K,), dend (K,)."""
    alpha, log_Z, emissions, transitions, end, tags = cache
    xp = array_module(emissions)
    demissions = xp.empty_like(emissions)
    dtransitions = xp.zeros_like(transitions)
    beta = end  # (5)
    for t in reversed(range(len(alpha))):
        demissions[t] = xp.exp(alpha[t] + beta - log_Z)  # (6), (8)
        demissions[t, tags[t]] -= 1  # (8)
        if t > 0:
            arriving = transitions + emissions[t] + beta  # (K, K)
            dtransitions += xp.exp(alpha[t - 1][:, None] + arriving - log_Z)  # (7), (9)
            dtransitions[tags[t - 1], tags[t]] -= 1  # (9)
            beta = logsumexp(arriving)  # (5)  (K, K) -> (K,)
    demissions, dtransitions = dloss * demissions, dloss * dtransitions
    return demissions, dtransitions, demissions[0], demissions[-1]  # (10)


# --- a batch, one step per token -------------------------------------------------------------------------------------
# alpha_t is kept less its largest entry, so that sums over a long sentence lose no digits; the loss is summed from the
# differences between these entries and the scores of the given tags, step by step. The sum in (2) is a matrix product of
# exponentials, K^2 multiplications instead of K^2 exponentials per token. It is safe if no transition is so far below
# the largest to the same tag that exp underflows; otherwise, and on a GPU, where finding out would stop the device, (2) and
# (12) are computed term by term.


def _product_is_safe(transitions: Array) -> bool:
    """Whether exp(A[i, j] - max_i A[i, j]) is far from underflow for all i and j."""
    if not isinstance(transitions, np.ndarray):
        return False
    A = transitions.real
    return bool((A.max(axis=0) - A.min(axis=0)).max() < -0.5 * np.log(np.finfo(A.dtype).tiny))


def _forward_algorithm(e: Array, transitions: Array, real: Array) -> tuple[Array, Array, Array]:
    """Equation (2) for emissions (T, N, K) that include start and end.

    Returns:
        alpha less its largest entry (T, N, K), the last real one repeated in the padding; s (T, N, K) for such an alpha;
        and the largest entries, each less the one before (T, N), 0 in the padding.
    """
    xp = array_module(e)
    T, N, K = e.shape
    alpha = xp.empty((T, N, K), dtype=xp.result_type(e, transitions))
    s = xp.zeros_like(alpha)
    tops = xp.zeros((T, N), dtype=alpha.real.dtype)
    by_product = _product_is_safe(transitions)
    if by_product:
        largest = transitions.real.max(axis=0)  # (K,)
        E = xp.exp(transitions - largest)  # (K, K)
    a = xp.zeros((N, K), dtype=alpha.dtype)
    for t in range(T):
        if t and by_product:
            s[t] = xp.log(xp.exp(a) @ E) + largest  # (N, K) @ (K, K) -> (N, K)
        elif t:
            s[t] = logsumexp(a[:, None, :] + transitions.T)  # (N, K, K) -> (N, K)
        reached = e[t] + s[t]  # (2)
        top = reached.real.max(axis=1, keepdims=True)  # (N, 1)
        a = xp.where(real[t], reached - top, a)
        tops[t] = xp.where(real[t], top, 0)[:, 0]
        alpha[t] = a
    return alpha, s, tops


def _forward_backward(alpha: Array, s: Array, transitions: Array, real: Array) -> tuple[Array, Array]:
    """Equation (12): gamma (T, N, K), in the padding the last real one, and the sum of xi over all tokens (K, K)."""
    xp = array_module(alpha)
    T, _, K = alpha.shape
    gamma = softmax(alpha)  # right at the last token and in the padding, which repeats it
    if _product_is_safe(transitions):
        largest = transitions.max(axis=0)
        E = xp.exp(transitions - largest)  # (K, K)
        u = xp.exp(alpha[:-1])  # (T - 1, N, K)
        w = xp.where(real[1:], xp.exp(largest - s[1:]), 0)  # (11): P(i | j) = u_{t-1}[i] E[i, j] w_t[j]
        for t in reversed(range(T - 1)):
            w[t] *= gamma[t + 1]
            xp.copyto(gamma[t], u[t] * (w[t] @ E.T), where=real[t + 1])  # (12)  (N, K) @ (K, K) -> (N, K)
        return gamma, E * (u.reshape(-1, K).T @ w.reshape(-1, K))  # (12)  (K, T N) @ (T N, K) -> (K, K)
    pairs = xp.zeros_like(transitions)
    for t in reversed(range(T - 1)):
        given = xp.exp(alpha[t][:, :, None] + transitions - s[t + 1][:, None, :])  # (11)  (N, K, K)
        following = xp.where(real[t + 1], gamma[t + 1], 0)  # (N, K)
        xi = given * following[:, None, :]  # (12)  (N, K, K)
        xp.copyto(gamma[t], xi.sum(axis=2), where=real[t + 1])  # (12)
        pairs += xi.sum(axis=0)
    return gamma, pairs


def crf_forward(
    emissions: Array, transitions: Array, start: Array, end: Array, tags: Array, lengths: Array | None = None
) -> tuple[Array, tuple]:
    """The loss of a batch.

    Args:
        emissions: scores (N, T, K), finite where they are real. NaN or infinity there gives a loss of NaN.
        transitions: scores (K, K), from the row's tag to the column's.
        start, end: scores of the first and of the last tag (K,).
        tags: ids (N, T); in the padding they may be any integers.
        lengths: number of tokens of each sentence (N,); T if None.

    Returns:
        The loss () in nats per token, and the cache for ``crf_backward``.

    Raises:
        ShapeError: ``tags`` are no integers.
        DataError: a tag is out of range.
    """
    xp = array_module(emissions)
    e, real, first, last, lengths = time_first(emissions, start, end, lengths)
    T, N, K = e.shape
    tags = xp.where(real[..., 0], tags.T, 0)  # (T, N)
    check_ids(tags, K, "CRF tags")
    alpha, s, tops = _forward_algorithm(e, transitions, real)
    ratios = (tops - e[xp.arange(T)[:, None], xp.arange(N), tags]).astype(alpha.dtype)  # (T, N)
    ratios[1:] -= transitions[tags[:-1], tags[1:]]
    log_ratio = xp.where(real[..., 0], ratios, 0).sum(axis=0)  # (N,)
    if T:
        log_ratio = log_ratio + xp.where(lengths > 0, logsumexp(alpha[-1]), 0)  # (3)
    scale = (1 / xp.maximum(lengths.sum(), 1)).astype(tops.dtype)
    return log_ratio.sum() * scale, (alpha, s, transitions, tags, real, first, last, scale)  # (4)


def crf_backward(dloss: Array | float, cache: tuple) -> tuple[Array, Array, Array, Array]:
    """Equations (8) to (10): demissions (N, T, K), dtransitions (K, K), dstart (K,), dend (K,)."""
    alpha, s, transitions, tags, real, first, last, scale = cache
    if not isinstance(dloss, float | int) and dloss.shape:
        raise ShapeError(f"CRF: dloss must be a number or an array (), got shape {dloss.shape}")
    xp = array_module(alpha)
    K = alpha.shape[2]
    factor = xp.asarray(dloss, dtype=scale.dtype) * scale
    gamma, pairs = _forward_backward(alpha, s, transitions, real)
    observed = xp.where(real, xp.eye(K, dtype=alpha.dtype)[tags], 0)  # (T, N, K)
    de = xp.where(real, gamma - observed, 0) * factor  # (8)
    counts = observed[:-1].reshape(-1, K).T @ observed[1:].reshape(-1, K)  # (K, T N) @ (T N, K) -> (K, K)
    dtransitions = (pairs - counts) * factor  # (9)
    dstart = xp.where(first, de, 0).sum(axis=(0, 1))  # (10)
    dend = xp.where(last, de, 0).sum(axis=(0, 1))  # (10)
    return de.transpose(1, 0, 2), dtransitions, dstart, dend


def crf_log_partition(
    emissions: Array, transitions: Array, start: Array, end: Array, lengths: Array | None = None
) -> Array:
    """The logarithm of Z for each sentence (N,), equation (3); 0 for an empty one, which has one sequence of score 0."""
    xp = array_module(emissions)
    e, real, _, _, lengths = time_first(emissions, start, end, lengths)
    alpha, _, tops = _forward_algorithm(e, transitions, real)
    return tops.sum(axis=0) + (xp.where(lengths > 0, logsumexp(alpha[-1]), 0) if e.shape[0] else 0)


def crf_marginals(emissions: Array, transitions: Array, start: Array, end: Array, lengths: Array | None = None) -> Array:
    """The probability of each tag of each token (N, T, K), equation (6); 0 in the padding."""
    xp = array_module(emissions)
    e, real, _, _, _ = time_first(emissions, start, end, lengths)
    alpha, s, _ = _forward_algorithm(e, transitions, real)
    gamma, _ = _forward_backward(alpha, s, transitions, real)
    return xp.where(real, gamma, 0).transpose(1, 0, 2)


# --- the layer -------------------------------------------------------------------------------------------------------


class CRF(Layer):
    """Linear-chain CRF over ``tags`` tags: the loss of given tags, and the best tags, for emissions (N, T, ``tags``).

    All scores start at zero, where every sequence of tags is judged by its emissions alone.
    """

    def __init__(self, tags: int):
        super().__init__()
        whole_number(tags, "CRF: tags")
        self.transitions = Parameter.zeros((tags, tags))
        self.start = Parameter.zeros((tags,))
        self.end = Parameter.zeros((tags,))

    def __repr__(self) -> str:
        """Class and number of tags."""
        return f"CRF({self.start.shape[0]} tags)"

    def loss(self, emissions: Array, tags: Array, lengths: Array | None = None) -> Array:
        """The loss () in nats per token of the given tags (N, T); see ``crf_forward``."""
        lengths = self._check(emissions, lengths)
        check_array(tags, "CRF: tags")
        if tags.shape != emissions.shape[:2]:
            raise ShapeError(f"CRF: tags have shape {tuple(tags.shape)}, emissions {tuple(emissions.shape)}")
        loss, cache = crf_forward(emissions, self.transitions.data, self.start.data, self.end.data, tags, lengths)
        self.push(cache)
        return loss

    def backward(self, dloss: Array | float = 1.0) -> Array:
        """The gradient with respect to the emissions (N, T, ``tags``)."""
        demissions, dtransitions, dstart, dend = crf_backward(dloss, self.pop())
        self.transitions.accumulate(dtransitions)
        self.start.accumulate(dstart)
        self.end.accumulate(dend)
        return demissions

    def decode(
        self, emissions: Array, lengths: Array | None = None, allowed: tuple[Array, Array, Array] | None = None
    ) -> Array:
        """The best tags (N, T), 0 in the padding; see ``viterbi``.

        Args:
            emissions: scores (N, T, ``tags``).
            lengths: number of tokens of each sentence (N,); T if None.
            allowed: booleans of the shapes of ``transitions``, ``start`` and ``end``, false where a transition, a first or
                a last tag must not occur, such as O followed by I-PER. The loss does not use them.

        Raises:
            DataError: a score is NaN, or no tag sequence of a sentence is allowed.
        """
        lengths = self._check(emissions, lengths)
        scores = [self.transitions.data, self.start.data, self.end.data]
        if allowed is not None:
            for name, values, mask in zip(("transitions", "start", "end"), scores, allowed, strict=True):
                if mask.shape != values.shape or mask.dtype.kind != "b":
                    raise ShapeError(
                        f"CRF: allowed {name} must be booleans of shape {tuple(values.shape)}, "
                        f"got {mask.dtype} {tuple(mask.shape)}"
                    )
            xp = array_module(emissions)
            scores = [xp.where(mask, values, -xp.inf) for values, mask in zip(scores, allowed, strict=True)]
        transitions, start, end = scores
        return viterbi(emissions, transitions, start, end, lengths, owner="CRF")

    def _check(self, emissions: Array, lengths: Array | None) -> Array | None:
        """``lengths`` as integers (N,), or an error about a shape."""
        check_array(emissions, "CRF: emissions")
        if emissions.ndim != 3:
            raise ShapeError(f"CRF: emissions must have shape (N, T, tags), got {tuple(emissions.shape)}")
        check_axis(emissions, -1, self.start.shape[0], "CRF", "tags")
        return check_lengths(lengths, emissions, "CRF")
