"""Chapter 9, one answer per token."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from scratchnn.book.exercises.answer import Answer, compare
from scratchnn.book.exercises.registry import exercise
from scratchnn.functions import logsumexp
from scratchnn.structured import crf_marginals
from scratchnn.structured.chain import viterbi_loop

Scores = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # emissions (T, K), A (K, K), start and end (K,)


def some_scores(seed: int, T: int, K: int) -> Scores:
    """Random emissions, transitions, start and end scores."""
    rng = np.random.default_rng(seed)
    return (
        rng.standard_normal((T, K)),
        2 * rng.standard_normal((K, K)),
        rng.standard_normal(K),
        rng.standard_normal(K),
    )


# --- 9.1 -------------------------------------------------------------------------------------------------------------


def allowed_steps(tags: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Which steps (K, K) and which first tags (K,) IOB2 allows."""
    steps = [[tag[0] != "I" or before[2:] == tag[2:] for tag in tags] for before in tags]
    return np.array(steps), np.array([tag[0] != "I" for tag in tags])


@exercise(
    "9.1",
    "what may follow what",
    "allowed_steps(tags)",
    hints=(
        "Only one kind of tag is ever forbidden. Which tags may come right before an I-PER?",
        "O and every B are allowed after everything. I-X is allowed after B-X and I-X only, and never at the beginning.",
    ),
)
def check_allowed_steps(answer: Answer) -> Iterator[str]:
    """Given the K tags of IOB2 in any order, return two arrays of booleans:
    (K, K) with [i, j] true if tag j may come right after tag i, and (K,), true
    for the tags that a sentence may begin with.

        allowed_steps(["O", "B-PER", "I-PER"])
            gives [[True, True, False], [True, True, True],
            [True, True, True]] and [True, True, False]
    """

    def where(before_fits: Callable[[str, str], bool]) -> Callable[[list[str]], tuple]:
        return lambda tags: (
            np.array([[tag[0] != "I" or before_fits(before, tag) for tag in tags] for before in tags]),
            allowed_steps(tags)[1],
        )

    mistakes = {
        "Rows and columns are exchanged: the row is the tag before, the column the tag after.": (
            lambda tags: (allowed_steps(tags)[0].T, allowed_steps(tags)[1])
        ),
        "An I may not continue a name of another type: compare the types.": where(lambda before, tag: before != "O"),
        "An I may follow an I of its own type too: names can have three tokens.": (
            where(lambda before, tag: before == f"B{tag[1:]}")
        ),
        "A sentence may not begin with an I.": lambda tags: (allowed_steps(tags)[0], np.ones(len(tags), dtype=bool)),
        "Two names can be side by side: a B may follow anything.": (
            lambda tags: (
                np.array([[tag == "O" or (before[2:] == tag[2:] if tag[0] == "I" else before == "O") for tag in tags]
                          for before in tags]),
                allowed_steps(tags)[1],
            )
        ),
    }  # fmt: skip
    orders = (["O", "B-PER", "I-PER"], ["I-ORG", "B-LOC", "O", "B-ORG", "I-LOC"], ["O", "B-A", "B-B", "I-B", "I-A"])
    yield from compare(answer, allowed_steps, mistakes, [(tags,) for tags in orders], ("the steps", "the first tags"))


# --- 9.2 -------------------------------------------------------------------------------------------------------------


def log_partition(e: np.ndarray, A: np.ndarray, start: np.ndarray, end: np.ndarray) -> float:
    """Equations (6) and (7), for scores that may be minus infinity."""
    alpha = start + e[0]
    for emission in e[1:]:
        alpha = emission + np.logaddexp.reduce(alpha[:, None] + A, axis=0)
    return float(np.logaddexp.reduce(alpha + end))


@exercise(
    "9.2",
    "the forward algorithm",
    "log_partition(e, A, start, end)",
    hints=(
        "alpha has one number per tag. Begin with start + e[0]; the number for tag j at the next token collects all tags i "
        "before it: alpha[i] + A[i, j].",
        "np.logaddexp.reduce(scores, axis=0) is a stable log of a sum of exponentials, and it takes -inf. The scores have "
        "shape (K, K), alpha[:, None] + A, and the sum is over i, the rows.",
    ),
)
def check_log_partition(answer: Answer) -> Iterator[str]:
    """Return log Z, equations (6) and (7), for emissions e (T, K), T at
    least 1, transitions A (K, K) and the scores start and end (K,). The scores
    can be in the thousands, and an entry of A can be -inf: a forbidden step.

        log_partition(np.zeros((3, 2)), np.zeros((2, 2)), np.zeros(2),
                      np.zeros(2))
            gives 2.079..., the logarithm of 8 sequences
    """

    def best(e: np.ndarray, A: np.ndarray, start: np.ndarray, end: np.ndarray) -> float:
        d = start + e[0]
        for emission in e[1:]:
            d = emission + (d[:, None] + A).max(axis=0)
        return float((d + end).max())

    def unstable(e: np.ndarray, A: np.ndarray, start: np.ndarray, end: np.ndarray) -> float:
        p = np.exp(start + e[0])
        for emission in e[1:]:
            p = np.exp(emission) * (p @ np.exp(A))
        return float(np.log((p * np.exp(end)).sum()))

    mistakes = {
        "This is the score of the best sequence: take the log of the sum of exponentials in place of the maximum.": best,
        "Exponentials overflow or underflow for large scores. Stay in logarithms and use a stable log-sum-exp.": unstable,
        "The sum is over the wrong axis: A[i, j] is the step from i to j, and the sum is over i.": (
            lambda e, A, start, end: log_partition(e, A.T, start, end)
        ),
        "The end scores are missing in the last sum.": lambda e, A, start, end: log_partition(e, A, start, 0 * end),
        "A is not used: every step from tag to tag adds its A[i, j].": (
            lambda e, A, start, end: log_partition(e, np.zeros_like(A), start, end)
        ),
    }
    e, A, start, end = some_scores(3, 4, 3)
    forbidden = A.copy()
    forbidden[0, 1] = forbidden[2, 2] = -np.inf
    trials = [
        (np.zeros((3, 2)), np.zeros((2, 2)), np.zeros(2), np.zeros(2)),
        some_scores(0, 1, 3),
        some_scores(1, 5, 4),
        (e, forbidden, start, end),
        (2000 + e, A, start, end),
        (e - 3000, A, start, end),
    ]
    yield from compare(answer, log_partition, mistakes, trials, tolerance=1e-9)


# --- 9.3 -------------------------------------------------------------------------------------------------------------


@exercise(
    "9.3",
    "the Viterbi algorithm",
    "viterbi(e, A, start, end)",
    hints=(
        "It is 9.2 with a maximum in place of the log of the sum, and a note for each token and tag: which tag before gave "
        "that maximum?",
        "Keep arriving.argmax(axis=0) of every step, a back pointer for every tag. The last tag is the argmax of d + end. "
        "Follow the pointers from there, last step first, and reverse the list.",
    ),
)
def check_viterbi(answer: Answer) -> Iterator[str]:
    """Return the best tag sequence as a list of T integers, by equations (8)
    and (9), for emissions e (T, K), T at least 1, transitions A (K, K) and the
    scores start and end (K,). An entry of A or start can be -inf: forbidden.

        viterbi(np.array([[1.0, 0.0], [0.0, 0.5]]),
                np.array([[1.0, -1.0], [-1.0, 1.0]]),
                np.zeros(2), np.zeros(2))
            gives [0, 0]
    """

    def no_way_back(e: np.ndarray, A: np.ndarray, start: np.ndarray, end: np.ndarray) -> list[int]:
        d = start + e[0]
        tags = [int(d.argmax())]
        for emission in e[1:]:
            d = emission + (d[:, None] + A).max(axis=0)
            tags.append(int(d.argmax()))
        return tags

    mistakes = {
        "You choose each tag by its emission alone; the transitions are not used.": (
            lambda e, A, start, end: e.argmax(axis=1).tolist()
        ),
        "You take the best tag at each token on the way. A tag that looks best at token t need not be on the best path: "
        "go back from the end with back pointers.": no_way_back,
        "The sequence is reversed: the back pointers give the last tag first.": (
            lambda e, A, start, end: viterbi_loop(e, A, start, end)[::-1]
        ),
        "Rows and columns of A are exchanged: A[i, j] is the step from i to j.": (
            lambda e, A, start, end: viterbi_loop(e, A.T, start, end)
        ),
        "The end scores are missing when the last tag is chosen.": (
            lambda e, A, start, end: viterbi_loop(e, A, start, 0 * end)
        ),
    }
    e, A, start, end = some_scores(5, 6, 4)
    forbidden, first = A.copy(), start.copy()
    forbidden[1, 2] = forbidden[3, 3] = first[int(np.argmax(start + e[0]))] = -np.inf
    trials = [
        (np.array([[1.0, 0.0], [0.0, 0.5]]), np.array([[1.0, -1.0], [-1.0, 1.0]]), np.zeros(2), np.zeros(2)),
        some_scores(0, 1, 3),
        some_scores(1, 5, 4),
        some_scores(2, 8, 3),
        (e, forbidden, first, end),
    ]
    yield from compare(answer, viterbi_loop, mistakes, trials)


# --- 9.4 -------------------------------------------------------------------------------------------------------------


@exercise(
    "9.4",
    "the gradient of a CRF",
    "emission_gradient(alpha, beta, log_Z, y)",
    hints=(
        "alpha[t, j] + beta[t, j] is the logarithm of a sum over all sequences that have tag j at token t. What is the sum "
        "over all sequences?",
        "The marginals are exp(alpha + beta - log_Z), (T, K). Subtract 1 at [t, y[t]] for every t.",
    ),
)
def check_emission_gradient(answer: Answer) -> Iterator[str]:
    """The loss of a sentence is log Z - score(y). Given alpha and beta (T, K),
    both logarithms by equations (6) and (13), log_Z, and the true tags y (T,),
    return the gradient of the loss with respect to the emissions (T, K). The
    emission of token t is part of alpha[t] and not of beta[t].

        emission_gradient(np.log([[1.0, 3.0]]), np.zeros((1, 2)), np.log(4.0),
                          np.array([0]))
            gives [[-0.75, 0.75]]
    """

    def right(alpha: np.ndarray, beta: np.ndarray, log_Z: float, y: np.ndarray) -> np.ndarray:
        return np.exp(alpha + beta - log_Z) - np.eye(alpha.shape[1])[y]

    def only_alpha(alpha: np.ndarray, beta: np.ndarray, log_Z: float, y: np.ndarray) -> np.ndarray:
        p = np.exp(alpha - logsumexp(alpha)[:, None])
        return p - np.eye(alpha.shape[1])[y]

    mistakes = {
        "These are the marginals; subtract 1 where the true tag is.": (
            lambda alpha, beta, log_Z, y: np.exp(alpha + beta - log_Z)
        ),
        "The sign is wrong: the loss is log Z - score(y), so it is the marginals minus the truth.": (
            lambda *given: -right(*given)
        ),
        "Only the beginnings are used. The probability of a tag also depends on what can follow it: add beta.": only_alpha,
        "The exponential is missing: alpha + beta - log_Z is the logarithm of a probability.": (
            lambda alpha, beta, log_Z, y: alpha + beta - log_Z - np.eye(alpha.shape[1])[y]
        ),
        "exp(alpha) overflows for long sentences. Subtract log_Z first, then take the exponential.": (
            lambda alpha, beta, log_Z, y: np.exp(alpha) * np.exp(beta) / np.exp(log_Z) - np.eye(alpha.shape[1])[y]
        ),
    }
    trials: list[tuple] = [(np.log([[1.0, 3.0]]), np.zeros((1, 2)), float(np.log(4.0)), np.array([0]))]
    for seed, shift in ((0, 0.0), (1, 900.0)):
        e, A, start, end = some_scores(seed, 4, 3)
        e = e + shift
        log_Z = log_partition(e, A, start, end)
        alpha = [start + e[0]]
        for emission in e[1:]:
            alpha.append(emission + np.logaddexp.reduce(alpha[-1][:, None] + A, axis=0))
        gamma = crf_marginals(e[None], A, start, end)[0]
        beta = np.log(gamma) + log_Z - np.array(alpha)
        trials.append((np.array(alpha), beta, log_Z, np.array([2, 0, 1, 1])))
    yield from compare(answer, right, mistakes, trials, tolerance=1e-9)
