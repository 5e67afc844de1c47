"""Chapter 3, words by prediction."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scratchnn import losses
from scratchnn.backend import scatter_add
from scratchnn.book.exercises.answer import Answer, compare
from scratchnn.book.exercises.registry import exercise
from scratchnn.functions import softmax
from scratchnn.layers.embedding import embedding_backward
from scratchnn.word2vec.projection import context_mean_backward

# --- 3.1 -------------------------------------------------------------------------------------------------------------


@exercise("3.1", "the way back through a look-up", "embedding_gradient(dy, ids, V)")
def check_embedding_gradient(answer: Answer) -> Iterator[str]:
    """A table W of V rows is looked up: y = W[ids]. Given dy, the gradient of the loss by y, return the
    gradient by W.

    dy has shape (M, D), ids (M,), and an id may occur more than once. The result has shape (V, D).

        embedding_gradient(np.array([[1.0], [2.0], [4.0]]), np.array([2, 0, 2]), 4)
        gives [[2.], [0.], [5.], [0.]]
    """

    def right(dy: np.ndarray, ids: np.ndarray, V: int) -> np.ndarray:
        return embedding_backward(dy, (ids, None, (V, dy.shape[1]))).to_dense()

    def last(dy: np.ndarray, ids: np.ndarray, V: int) -> np.ndarray:
        dW = np.zeros((V, dy.shape[1]))
        dW[ids] = dy
        return dW

    def mean(dy: np.ndarray, ids: np.ndarray, V: int) -> np.ndarray:
        return right(dy, ids, V) / np.maximum(np.bincount(ids, minlength=V), 1)[:, None]

    def batch_mean(dy: np.ndarray, ids: np.ndarray, V: int) -> np.ndarray:
        return right(dy, ids, V) / len(ids)

    def short(dy: np.ndarray, ids: np.ndarray, V: int) -> np.ndarray:
        return right(dy, ids, V)[np.unique(ids)]

    mistakes = {
        "Where an id occurs twice, only its last row is left: dW[ids] += dy does not add up repeats, np.add.at does.": last,
        "You average the rows of an id. Each look-up was used in full, so their gradients are added up.": mean,
        "This is divided by the number of look-ups. The loss has done that already: add up and do not average.": batch_mean,
        "The table has V rows, those of words that do not occur as well; their gradient is zero.": short,
    }
    rng = np.random.default_rng(0)
    trials = [
        (rng.standard_normal((M, D)), rng.integers(0, V, M), V + 1)  # the last word never occurs
        for M, D, V in ((3, 1, 2), (8, 3, 4), (6, 2, 5))
    ]
    yield from compare(answer, right, mistakes, trials)


# --- 3.2 -------------------------------------------------------------------------------------------------------------


@exercise("3.2", "the examples of skip-gram", "skip_gram_pairs(ids, reach)")
def check_skip_gram_pairs(answer: Answer) -> Iterator[str]:
    """Return every word of a text with every neighbour that is at most reach places away, as an array
    (P, 2) of centre and neighbour. Take the words of the text in order, and the neighbours of each
    from left to right. At the ends of the text there are fewer neighbours.

        skip_gram_pairs(np.array([7, 8, 9]), 1)    gives [[7, 8], [8, 7], [8, 9], [9, 8]]
    """

    def pairs(ids: np.ndarray, places: list[list[int]]) -> np.ndarray:
        found = [(ids[m], ids[k]) for m, around in enumerate(places) for k in around]
        return np.array(found, dtype=np.int64).reshape(-1, 2)

    def around(ids: np.ndarray, reach: int) -> list[list[int]]:
        M = len(ids)
        return [[k for k in range(max(m - reach, 0), min(m + reach + 1, M)) if k != m] for m in range(M)]

    def right(ids: np.ndarray, reach: int) -> np.ndarray:
        return pairs(ids, around(ids, reach))

    def itself(ids: np.ndarray, reach: int) -> np.ndarray:
        return pairs(ids, [sorted([*places, m]) for m, places in enumerate(around(ids, reach))])

    def one_side(ids: np.ndarray, reach: int) -> np.ndarray:
        return pairs(ids, [[k for k in places if k > m] for m, places in enumerate(around(ids, reach))])

    def no_ends(ids: np.ndarray, reach: int) -> np.ndarray:
        return pairs(ids, [places if len(places) == 2 * reach else [] for places in around(ids, reach)])

    def too_short(ids: np.ndarray, reach: int) -> np.ndarray:
        return pairs(ids, [[k for k in places if k < m + reach] for m, places in enumerate(around(ids, reach))])

    def circle(ids: np.ndarray, reach: int) -> np.ndarray:
        M = len(ids)
        return pairs(ids, [[(m + k) % M for k in range(-reach, reach + 1) if k] for m in range(M)])

    mistakes = {
        "A word is among its own neighbours: leave out the place of the centre itself.": itself,
        "Only the neighbours on the right are there; skip-gram looks to both sides.": one_side,
        "The words near the ends are missing as centres. They have fewer neighbours, but some.": no_ends,
        "The neighbour that is reach places to the right is missing: a range ends before its last number.": too_short,
        "The text is not a circle: before its first word there is none, though ids[-1] gives the last.": circle,
        "Centre and neighbour have changed places: the centre is in column 0.": lambda ids, reach: right(ids, reach)[
            :, ::-1
        ],
    }
    rng = np.random.default_rng(0)
    trials = [(rng.permutation(20)[:M], reach) for M, reach in ((7, 2), (8, 3), (6, 2), (9, 2))]
    yield from compare(answer, right, mistakes, [*trials, (np.array([3, 1, 3, 1, 3, 5]), 2)])


# --- 3.3 -------------------------------------------------------------------------------------------------------------


@exercise("3.3", "the way back through CBOW's mean", "context_mean_gradient(dh, contexts, mask, V)")
def check_context_mean_gradient(answer: Answer) -> Iterator[str]:
    """In CBOW, h[n] is the mean of the rows A[contexts[n, k]] over those places k where mask[n, k] is
    true. Each example has at least one such place. Given dh (N, D), the gradient of the loss by h,
    return the gradient by A, of shape (V, D).

    contexts holds ids, mask booleans, both of shape (N, K). Where mask is false, there is no word,
    whatever id stands there.

    For instance, with dh = [[6.0]], contexts = [[2, 0, 2]] and V = 3 the gradient is
    [[2.], [0.], [4.]] if mask is true at all three places, and [[3.], [0.], [3.]] if it is false
    at the last one.
    """

    def collect(share: np.ndarray, dh: np.ndarray, contexts: np.ndarray, V: int) -> np.ndarray:
        dA = np.zeros((V, dh.shape[1]))
        scatter_add(dA, contexts.reshape(-1), (share[:, :, None] * dh[:, None, :]).reshape(-1, dh.shape[1]))
        return dA

    def right(dh: np.ndarray, contexts: np.ndarray, mask: np.ndarray, V: int) -> np.ndarray:
        share = mask / mask.sum(axis=1, keepdims=True)
        return context_mean_backward(dh, (contexts, share, (V, dh.shape[1]))).to_dense()

    def no_share(dh: np.ndarray, contexts: np.ndarray, mask: np.ndarray, V: int) -> np.ndarray:
        return collect(mask.astype(float), dh, contexts, V)

    def all_places(dh: np.ndarray, contexts: np.ndarray, mask: np.ndarray, V: int) -> np.ndarray:
        return collect(mask / mask.shape[1], dh, contexts, V)

    def padded(dh: np.ndarray, contexts: np.ndarray, mask: np.ndarray, V: int) -> np.ndarray:
        return collect(np.ones(mask.shape) / mask.shape[1], dh, contexts, V)

    def padded_too(dh: np.ndarray, contexts: np.ndarray, mask: np.ndarray, V: int) -> np.ndarray:
        return collect(np.ones(mask.shape) / mask.sum(axis=1, keepdims=True), dh, contexts, V)

    def last(dh: np.ndarray, contexts: np.ndarray, mask: np.ndarray, V: int) -> np.ndarray:
        dA = np.zeros((V, dh.shape[1]))
        rows = (mask / mask.sum(axis=1, keepdims=True))[:, :, None] * dh[:, None, :]
        dA[contexts[mask]] = rows[mask]
        return dA

    mistakes = {
        "Each word has only its share in the mean, so it gets only that share of dh: divide by their number.": no_share,
        "You divide by K. The mean is over the places where mask is true, and there may be fewer.": all_places,
        "The mask is not used: a place where it is false holds no word, and no row of A has a share in it.": padded,
        "The places where mask is false get a gradient too; only the number to divide by takes the mask into account.": (
            padded_too
        ),
        "Where an id occurs twice, only its last row is left: the rows of an id have to be added up.": last,
    }
    rng = np.random.default_rng(0)
    trials = []
    for N, K, D, V in ((1, 3, 1, 3), (4, 4, 3, 5), (3, 6, 2, 4)):
        mask = rng.random((N, K)) < 0.6
        mask[:, 0] = True
        mask[0, 1] = False
        trials.append((rng.standard_normal((N, D)), rng.integers(0, V, (N, K)), mask, V))
    yield from compare(answer, right, mistakes, trials)


# --- 3.4 -------------------------------------------------------------------------------------------------------------


@exercise("3.4", "the size of a neural language model", "count_nnlm(V, D, M, n, direct)")
def check_count_nnlm(answer: Answer) -> Iterator[str]:
    """Count the parameters of the neural language model: one table of V words and D numbers each, n - 1
    words of context, M hidden neurons, V outputs; hidden and output layer have biases. Where direct
    is true there is one weight more from each number of the projection layer to each output.

        count_nnlm(31, 4, 12, 4, False)    gives 683
    """

    def count(V: int, D: int, M: int, width: int, direct: bool) -> int:
        return V * D + width * M + M + M * V + V + (width * V if direct else 0)

    def right(V: int, D: int, M: int, n: int, direct: bool) -> int:
        return count(V, D, M, (n - 1) * D, direct)

    mistakes = {
        "There is one table for all places of the context, not one for each.": lambda V, D, M, n, direct: (
            right(V, D, M, n, direct) + (n - 2) * V * D
        ),
        "The hidden layer sees n - 1 vectors side by side, so it has (n - 1) D inputs, not D.": lambda V, D, M, n, direct: (
            count(V, D, M, D, direct)
        ),
        "The context has n - 1 words; the n-th is the one to predict.": lambda V, D, M, n, direct: count(
            V, D, M, n * D, direct
        ),
        "The biases are missing: M of the hidden layer and V of the output.": lambda V, D, M, n, direct: (
            right(V, D, M, n, direct) - M - V
        ),
        "The table has to be learned too: V D numbers more.": lambda V, D, M, n, direct: right(V, D, M, n, direct) - V * D,
        "The direct connections are missing where direct is true: (n - 1) D V weights.": lambda V, D, M, n, direct: right(
            V, D, M, n, False
        ),
    }
    trials = [(31, 4, 12, 4, False), (10, 3, 5, 2, True), (100, 7, 11, 5, False), (50, 6, 9, 3, True)]
    yield from compare(answer, right, mistakes, trials)


# --- 3.5 -------------------------------------------------------------------------------------------------------------


@exercise("3.5", "perplexity", "perplexity(z, t)")
def check_perplexity(answer: Answer) -> Iterator[str]:
    """Return the perplexity of a language model on a text of N words: z has shape (N, V), the logits that
    the model gave to each word of the vocabulary, and t holds the ids of the N words that came.
    Logits may be as large as 1000.

        perplexity(np.zeros((5, 8)), np.array([0, 3, 3, 7, 1]))    gives 8.0
    """

    def loss(z: np.ndarray, t: np.ndarray) -> float:
        return float(losses.softmax_cross_entropy_forward(z, t)[0])

    def right(z: np.ndarray, t: np.ndarray) -> float:
        return float(np.exp(loss(z, t)))

    def naive(z: np.ndarray, t: np.ndarray) -> float:
        with np.errstate(all="ignore"):
            e = np.exp(z)
            return float(np.exp(-np.log(e[np.arange(len(t)), t] / e.sum(axis=1)).mean()))

    mistakes = {
        "This is the loss itself; perplexity is e to the power of it.": loss,
        "You raise e to the loss of each word and take the mean afterwards. It is the mean first, then e.": (
            lambda z, t: float((1 / softmax(z)[np.arange(len(t)), t]).mean())
        ),
        "The loss in the exponent is the mean over the words of the text, not their sum.": (
            lambda z, t: float(np.exp(len(t) * loss(z, t)))
        ),
        "The base must fit the logarithm: with natural logarithms it is e, not 2.": lambda z, t: float(2 ** loss(z, t)),
        "The sign is turned: this is the typical probability, one divided by the perplexity.": (
            lambda z, t: float(np.exp(-loss(z, t)))
        ),
        "exp overflows for large logits: take the largest logit of each row away first, softmax stays the same.": naive,
    }
    rng = np.random.default_rng(0)
    trials = [(rng.standard_normal((N, V)), rng.integers(0, V, N)) for N, V in ((5, 8), (9, 4))]
    yield from compare(
        answer, right, mistakes, [*trials, (np.array([[1000.0, 998.0], [-1000.0, -999.0]]), np.array([1, 0]))]
    )
