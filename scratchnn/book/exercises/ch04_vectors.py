"""The exercises of chapter 4 on sampling and on vectors: 4.4 to 4.6."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scratchnn.book.exercises.answer import Answer, compare
from scratchnn.book.exercises.registry import exercise
from scratchnn.functions import sigmoid
from scratchnn.word2vec import skip_gram_block
from scratchnn.word2vec.sampling import keep_probabilities


@exercise(
    "4.4",
    "subsampling frequent words",
    "keep_probability(counts, threshold)",
    hints=(
        "f is counts / counts.sum(). The rest is the formula, for all words at once.",
        "Rare words would get more than 1; np.minimum(1, ...) limits them.",
    ),
)
def check_keep_probability(answer: Answer) -> Iterator[str]:
    """The array counts (V,) contains the number of times that each word occurs.
    With f_v the relative frequency of word v in the text, return the
    probability with which each word is kept, an array of shape (V,):

        min(1, (sqrt(f_v / threshold) + 1) * threshold / f_v)

        keep_probability(np.array([900, 99, 1]), 0.001)
            gives about [0.0344, 0.1106, 1.]
    """

    def unlimited(counts: np.ndarray, threshold: float) -> np.ndarray:
        f = counts / counts.sum()
        return (np.sqrt(f / threshold) + 1) * threshold / f

    def of_the_paper(counts: np.ndarray, threshold: float) -> np.ndarray:
        return np.minimum(1, np.sqrt(threshold * counts.sum() / counts))

    def of_counts(counts: np.ndarray, threshold: float) -> np.ndarray:
        return np.minimum(1, (np.sqrt(counts / threshold) + 1) * threshold / counts)

    mistakes = {
        "A probability is above 1: rare words are always kept, so take the minimum of 1 and the formula.": unlimited,
        "This is the probability of dropping a word; return that of keeping it.": lambda counts, threshold: (
            1 - keep_probabilities(counts, threshold)
        ),
        "You use the counts themselves; the formula needs relative frequencies, counts / counts.sum().": of_counts,
        "This is the formula of the paper, sqrt(threshold / f); use that of the program, which keeps more words.": (
            of_the_paper
        ),
    }
    trials = [(np.array([900, 99, 1]), 0.001), (np.array([5000, 400, 30, 7, 2]), 0.01), (np.array([10, 10]), 0.0001)]
    yield from compare(answer, keep_probabilities, mistakes, trials)


@exercise(
    "4.5",
    "an analogy",
    "analogy(a, b, c, x)",
    hints=(
        "Divide each row by its length, and compute the scores u @ (u[b] - u[a] + u[c]) of all rows at once.",
        "Set the scores of the rows a, b and c to -np.inf, then take argmax.",
    ),
)
def check_analogy(answer: Answer) -> Iterator[str]:
    """The rows of x (V, D) are the vectors of V words, of any length; a, b and
    c are row numbers. Return the number of the row d that completes "a is to b
    as c is to d" by 3CosAdd: with u the rows scaled to length 1, d is the row
    with the largest cosine with u[b] - u[a] + u[c]. The rows a, b and c
    themselves are not allowed as answers.
    """

    def best(target: np.ndarray, u: np.ndarray, given: tuple[int, ...]) -> int:
        scores = u @ target
        scores[list(given)] = -np.inf
        return int(scores.argmax())

    def unit(x: np.ndarray) -> np.ndarray:
        return x / np.sqrt((x**2).sum(axis=1, keepdims=True))

    def right(a: int, b: int, c: int, x: np.ndarray) -> int:
        u = unit(x)
        return best(u[b] - u[a] + u[c], u, (a, b, c))

    def no_exclusion(a: int, b: int, c: int, x: np.ndarray) -> int:
        u = unit(x)
        return best(u[b] - u[a] + u[c], u, ())

    def raw(a: int, b: int, c: int, x: np.ndarray) -> int:
        return best(x[b] - x[a] + x[c], x, (a, b, c))

    def backwards(a: int, b: int, c: int, x: np.ndarray) -> int:
        u = unit(x)
        return best(u[a] - u[b] + u[c], u, (a, b, c))

    def nearest_by_distance(a: int, b: int, c: int, x: np.ndarray) -> int:
        distance = ((x - (x[b] - x[a] + x[c])) ** 2).sum(axis=1)
        distance[[a, b, c]] = np.inf
        return int(distance.argmin())

    mistakes = {
        "You return one of the three given words, which are not allowed: set their scores to -inf.": no_exclusion,
        "The vectors have to be scaled to length 1 first; otherwise long vectors win.": raw,
        "The step goes from a to b, so it is u[b] - u[a] + u[c].": backwards,
        "This finds the smallest distance between the unscaled vectors; find the largest cosine.": nearest_by_distance,
    }
    rng = np.random.default_rng(0)
    trials = []
    for V, D in ((6, 2), (20, 3), (30, 4), (50, 4), (40, 5), (60, 6)):
        x = rng.standard_normal((V, D)) * rng.uniform(0.2, 5, (V, 1))
        trials.append((*map(int, rng.choice(V, 3, replace=False)), x))
    extremes = {
        "Word a has to be excluded too: next to b and c, it may be nearer to u[b] - u[a] + u[c] than any other word.": (
            0,
            1,
            2,
            np.array([[2.0, 0.0], [2.0, 0.1], [2.0, -0.1], [-1.0, 0.5], [-1.0, -0.2]]),
        ),
    }
    yield from compare(answer, right, mistakes, trials, extremes=extremes)


@exercise(
    "4.6",
    "the gradients of a block",
    "block_gradients(X, Z, Y, q)",
    hints=(
        "Word r of X has n_r = Y[r].sum() pairs, and c is noise in all of them except those where c is the true word.",
        "So the weight of sigmoid(X[r] . Z[c]) is Y + (n - Y) q. With dS = weight * sigmoid(S) - Y the gradients are "
        "dS @ Z and dS.T @ X.",
    ),
)
def check_block_gradients(answer: Answer) -> Iterator[str]:
    """A block of text has U distinct words, whose vectors are the rows of
    X (U, D). The rows of Z (R, D) are the output vectors of the words around
    them and of the noise words. Y (U, R) contains the number of pairs of word r
    of X with word c of Z, and q (R,) the weight of word c as noise. The loss is
    the sum over all pairs (r, o) of

        - log sigmoid(X[r] . Z[o])
        - sum over c other than o of q[c] log sigmoid(- X[r] . Z[c])

    Return its gradients with respect to X (U, D) and Z (R, D), in this order.
    Matrix products are enough.
    """

    def by_weights(X: np.ndarray, Z: np.ndarray, Y: np.ndarray, Q: np.ndarray) -> tuple:
        dS = Q * sigmoid(X @ Z.T) - Y
        return dS @ Z, dS.T @ X

    def right(X: np.ndarray, Z: np.ndarray, Y: np.ndarray, q: np.ndarray) -> tuple:
        return by_weights(X, Z, Y, skip_gram_block.skip_gram_weights(Y, Y.sum(axis=1), q))

    def once(X: np.ndarray, Z: np.ndarray, Y: np.ndarray, q: np.ndarray) -> tuple:
        return by_weights(X, Z, Y, Y + q)

    def hits_kept(X: np.ndarray, Z: np.ndarray, Y: np.ndarray, q: np.ndarray) -> tuple:
        return by_weights(X, Z, Y, Y + Y.sum(axis=1, keepdims=True) * q)

    def unweighted(X: np.ndarray, Z: np.ndarray, Y: np.ndarray, q: np.ndarray) -> tuple:
        n = Y.sum(axis=1, keepdims=True)
        return by_weights(X, Z, Y, Y + (n - Y))

    def no_noise(X: np.ndarray, Z: np.ndarray, Y: np.ndarray, q: np.ndarray) -> tuple:
        return by_weights(X, Z, Y, Y)

    def averaged(X: np.ndarray, Z: np.ndarray, Y: np.ndarray, q: np.ndarray) -> tuple:
        return tuple(gradient / Y.sum() for gradient in right(X, Z, Y, q))

    mistakes = {
        "The noise of each word counts only once. Each of its Y.sum(axis=1) pairs has the noise in its loss.": once,
        "Where c is the true word, c counts as noise as well: subtract Y from the number of pairs, (n - Y) q.": hits_kept,
        "The weights q are missing.": unweighted,
        "The noise is missing: the loss here depends on the true words only.": no_noise,
        "The loss is the sum over all pairs, not the mean.": averaged,
    }
    rng = np.random.default_rng(0)
    trials = []
    for U, R, D in ((3, 5, 2), (4, 4, 3), (2, 6, 4)):
        X, Z = rng.standard_normal((U, D)), rng.standard_normal((R, D))
        Y, q = rng.integers(0, 4, (U, R)).astype(float), rng.integers(0, 3, R) * 0.5
        trials.append((X, Z, Y, q))
    extremes = {
        "exp overflows for large scores. 1 / (1 + exp(-s)) survives that, exp(s) / (1 + exp(s)) does not.": (
            np.array([[100.0]]),
            np.array([[9.0], [-9.0]]),
            np.array([[1.0, 0.0]]),
            np.array([0.0, 0.5]),
        ),
    }
    yield from compare(answer, right, mistakes, trials, ("dX", "dZ"), extremes=extremes)
