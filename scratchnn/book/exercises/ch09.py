"""Chapter 9, one answer per token."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from scratchnn.book.exercises.answer import Answer, compare
from scratchnn.book.exercises.registry import exercise
from scratchnn.functions import logsumexp
from scratchnn.structured import crf_marginals
from scratchnn.structured.chain import sequence_score, viterbi_loop
from scratchnn.text import schemes

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


@exercise(
    "9.1",
    "names from tags",
    "entities(tags)",
    hints=(
        "Walk through the tags and keep the list of names so far. Which tags add a new name, and which one only moves the "
        "end of the last name?",
        "An I-X goes on only if the tag before is B-X or I-X of the same type X. Every other tag that is not O begins a new "
        "name (type, t, t + 1); going on means that the end of the last name becomes t + 1.",
    ),
)
def check_entities(answer: Answer) -> Iterator[str]:
    """Given the IOB2 tags of a sentence, return its names as a list of tuples
    (type, first, stop), where stop is the token after the last one. A tagger
    can predict sequences that IOB2 does not allow: an I that does not continue
    a name of its own type begins a new name.

        entities(["B-PER", "I-PER", "O", "B-LOC"])
            gives [("PER", 0, 2), ("LOC", 3, 4)]
        entities(["O", "I-LOC", "I-PER"])
            gives [("LOC", 1, 2), ("PER", 2, 3)]
    """

    def right(tags: list[str]) -> list[tuple]:
        return [tuple(one) for one in schemes.entities(tags)]

    def spans(tags: list[str], begins: Any, shift: int = 0) -> list[tuple]:
        found: list[tuple] = []
        for t, tag in enumerate(tags):
            if tag != "O" and (begins(tags[t - 1] if t else "O", tag) or not found):
                found.append((tag[2:], t, t + 1 - shift))
            elif tag != "O":
                found[-1] = (*found[-1][:2], t + 1 - shift)
        return found

    def merged(tags: list[str]) -> list[tuple]:
        return spans(tags, lambda before, tag: before[2:] != tag[2:])

    def any_type(tags: list[str]) -> list[tuple]:
        return spans(tags, lambda before, tag: tag[0] == "B" or before == "O")

    def last_inclusive(tags: list[str]) -> list[tuple]:
        return [(kind, first, stop - 1) for kind, first, stop in right(tags)]

    def only_b(tags: list[str]) -> list[tuple]:
        kept, inside = [], False
        for t, tag in enumerate(tags):
            inside = tag[0] == "B" or (inside and tag[0] == "I" and tags[t - 1][2:] == tag[2:])
            kept.append(tag if inside else "O")
        return right(kept)

    def no_end(tags: list[str]) -> list[tuple]:
        return [one for one in right(tags) if one[2] < len(tags)]

    mistakes = {
        "Two names of the same type side by side become one: a B always begins a new name.": merged,
        "An I of another type continues the name before; compare the types.": any_type,
        "The last number is the last token of the name; it has to be the token after it.": last_inclusive,
        "A name that begins with I is lost. Such a sequence is not allowed, but the I still begins a name.": only_b,
        "A name that ends with the sentence is lost: nothing follows that could close it.": no_end,
    }
    trials = [
        (["B-PER", "I-PER", "O", "B-LOC"],),
        (["O", "I-LOC", "I-PER"],),
        (["B-PER", "B-PER", "I-PER", "O", "B-ORG", "I-ORG", "I-ORG"],),
        (["B-LOC", "I-PER", "O", "I-ORG", "I-ORG", "B-ORG"],),
        (["O", "O"],),
        ([],),
    ]
    yield from compare(answer, right, mistakes, trials)


# --- 9.2 -------------------------------------------------------------------------------------------------------------


@exercise(
    "9.2",
    "precision, recall and F1 of names",
    "name_scores(predicted, true)",
    hints=(
        "You need three numbers: how many names were predicted, how many there are, and how many of the predicted ones are "
        "right. Sum them over all sentences before you divide.",
        "A name is right if the same tuple is in the true list of the same sentence. F1 = 2 right / (predicted + true); if "
        "a denominator is 0, the score is 0.",
    ),
)
def check_name_scores(answer: Answer) -> Iterator[str]:
    """Both arguments are lists with one list of names per sentence; a name is
    a tuple (type, first, stop). Return precision, recall and F1 over all
    sentences, in this order. A predicted name is right only if its sentence
    contains exactly this tuple. A score whose denominator is 0 is 0.

        name_scores([[("PER", 0, 2)], []], [[("PER", 0, 2)], [("LOC", 1, 2)]])
            gives 1.0, 0.5, 0.666...
    """

    def counts(predicted: list, true: list) -> tuple[int, int, int]:
        both = sum(len(set(p) & set(t)) for p, t in zip(predicted, true, strict=True))
        return both, sum(map(len, predicted)), sum(map(len, true))

    def ratios(both: float, said: float, real: float) -> tuple[float, float, float]:
        return both / max(said, 1), both / max(real, 1), 2 * both / max(said + real, 1)

    def right(predicted: list, true: list) -> tuple:
        return ratios(*counts(predicted, true))

    def swapped(predicted: list, true: list) -> tuple:
        precision, recall, f1 = right(predicted, true)
        return recall, precision, f1

    def by_sentence(predicted: list, true: list) -> tuple:
        each = [right([p], [t]) for p, t in zip(predicted, true, strict=True)]
        return tuple(np.mean(each, axis=0)) if each else (0.0, 0.0, 0.0)

    def pooled(predicted: list, true: list) -> tuple:
        both = len({one for p in predicted for one in p} & {one for t in true for one in t})
        return ratios(both, *counts(predicted, true)[1:])

    def without_type(predicted: list, true: list) -> tuple:
        places = [[[one[1:] for one in part] for part in side] for side in (predicted, true)]
        return right(*places)

    def arithmetic(predicted: list, true: list) -> tuple:
        precision, recall, _ = right(predicted, true)
        return precision, recall, (precision + recall) / 2

    mistakes = {
        "Precision and recall are exchanged: precision divides by the number of predicted names.": swapped,
        "You average over the sentences. Sum the counts over all sentences first, then divide once.": by_sentence,
        "A name of one sentence counts as right in another: compare sentence by sentence.": pooled,
        "A name with the right place and the wrong type counts as right; compare the type too.": without_type,
        "F1 is the harmonic mean, 2 P R / (P + R), not the arithmetic one.": arithmetic,
    }
    person, place = ("PER", 0, 2), ("LOC", 1, 2)
    trials = [
        ([[person], []], [[person], [place]]),
        ([[person, place], [place], []], [[person], [], [place]]),
        ([[("ORG", 0, 2)], [person]], [[person], [person]]),
        ([[], []], [[], [place]]),
        ([[]], [[]]),
    ]
    yield from compare(answer, right, mistakes, trials, ("precision", "recall", "F1"))


# --- 9.3 -------------------------------------------------------------------------------------------------------------


@exercise(
    "9.3",
    "the score of a tag sequence",
    "sequence_score(e, A, start, end, y)",
    hints=(
        "Count the parts for a sentence of three tokens: three emissions, two transitions, one start score, one end score.",
        "The transition into token t is A[y[t - 1], y[t]]: from the row to the column. It exists for t = 1, 2, ... only.",
    ),
)
def check_sequence_score(answer: Answer) -> Iterator[str]:
    """Return the score of the tags y (T,), T at least 1, by equation (4), for
    emissions e (T, K), transitions A (K, K), and the scores start and end (K,).
    A[i, j] is the score of tag j right after tag i.

        sequence_score(e, A, start, end, [2])
            gives start[2] + e[0, 2] + end[2]
    """

    def right(e: np.ndarray, A: np.ndarray, start: np.ndarray, end: np.ndarray, y: list[int]) -> float:
        return float(sequence_score(e, A, start, end, np.array(y)))

    def exchanged(e: np.ndarray, A: np.ndarray, start: np.ndarray, end: np.ndarray, y: list[int]) -> float:
        return right(e, A.T, start, end, y)

    def no_ends(e: np.ndarray, A: np.ndarray, start: np.ndarray, end: np.ndarray, y: list[int]) -> float:
        return right(e, A, 0 * start, 0 * end, y)

    def no_end(e: np.ndarray, A: np.ndarray, start: np.ndarray, end: np.ndarray, y: list[int]) -> float:
        return right(e, A, start, 0 * end, y)

    def wraps(e: np.ndarray, A: np.ndarray, start: np.ndarray, end: np.ndarray, y: list[int]) -> float:
        return right(e, A, start, end, y) + float(A[y[-1], y[0]])

    def both_last(e: np.ndarray, A: np.ndarray, start: np.ndarray, end: np.ndarray, y: list[int]) -> float:
        return right(e, A, start, 0 * end, y) + float(end[y[0]])

    mistakes = {
        "Rows and columns of A are exchanged: A[i, j] is the step from i to j.": exchanged,
        "start and end are missing.": no_ends,
        "The end score of the last tag is missing.": no_end,
        "There is one transition too many: y[t - 1] at t = 0 is the last tag in Python, so the first has none.": wraps,
        "The end score belongs to the last tag, y[-1], not to the first.": both_last,
    }
    trials = [(*some_scores(seed, T, 3), y) for seed, T, y in ((0, 1, [2]), (1, 3, [0, 2, 1]), (2, 4, [1, 1, 0, 2]))]
    yield from compare(answer, right, mistakes, trials)


# --- 9.4 -------------------------------------------------------------------------------------------------------------


def log_partition(e: np.ndarray, A: np.ndarray, start: np.ndarray, end: np.ndarray) -> float:
    """Equations (6) and (7), for scores that may be minus infinity."""
    alpha = start + e[0]
    for emission in e[1:]:
        alpha = emission + np.logaddexp.reduce(alpha[:, None] + A, axis=0)
    return float(np.logaddexp.reduce(alpha + end))


@exercise(
    "9.4",
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
    """Return log Z, equations (6) and (7), for emissions e (T, K), T at least 1,
    transitions A (K, K) and the scores start and end (K,). The scores can be
    in the thousands, and an entry of A can be -inf: a step that is forbidden.

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

    def exchanged(e: np.ndarray, A: np.ndarray, start: np.ndarray, end: np.ndarray) -> float:
        return log_partition(e, A.T, start, end)

    def no_end(e: np.ndarray, A: np.ndarray, start: np.ndarray, end: np.ndarray) -> float:
        return log_partition(e, A, start, 0 * end)

    def apart(e: np.ndarray, A: np.ndarray, start: np.ndarray, end: np.ndarray) -> float:
        return log_partition(e, 0 * np.where(np.isfinite(A), A, 0), start, end)

    mistakes = {
        "This is the score of the best sequence: take the log of the sum of exponentials in place of the maximum.": best,
        "Exponentials overflow or underflow for large scores. Stay in logarithms and use a stable log-sum-exp.": unstable,
        "The sum is over the wrong axis: A[i, j] is the step from i to j, and the sum is over i.": exchanged,
        "The end scores are missing in the last sum.": no_end,
        "A is not used: every step from tag to tag adds its A[i, j].": apart,
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


# --- 9.5 -------------------------------------------------------------------------------------------------------------


@exercise(
    "9.5",
    "the Viterbi algorithm",
    "viterbi(e, A, start, end)",
    hints=(
        "It is 9.4 with a maximum in place of the log of the sum, and a note at each token and tag of which tag before gave "
        "that maximum.",
        "Keep arriving.argmax(axis=0) of every step, a back pointer for every tag. The last tag is the argmax of d + end. "
        "Follow the pointers from there, last step first, and reverse the list.",
    ),
)
def check_viterbi(answer: Answer) -> Iterator[str]:
    """Return the best tag sequence as a list of T integers, by equations (8) and
    (9), for emissions e (T, K), T at least 1, transitions A (K, K) and the
    scores start and end (K,). An entry of A or start can be -inf: forbidden.

        viterbi(np.array([[1.0, 0.0], [0.0, 0.5]]),
                np.array([[1.0, -1.0], [-1.0, 1.0]]), np.zeros(2), np.zeros(2))
            gives [0, 0]
    """

    def right(e: np.ndarray, A: np.ndarray, start: np.ndarray, end: np.ndarray) -> list[int]:
        return viterbi_loop(e, A, start, end)

    def token_by_token(e: np.ndarray, A: np.ndarray, start: np.ndarray, end: np.ndarray) -> list[int]:
        return e.argmax(axis=1).tolist()

    def no_way_back(e: np.ndarray, A: np.ndarray, start: np.ndarray, end: np.ndarray) -> list[int]:
        d = start + e[0]
        tags = [int(d.argmax())]
        for emission in e[1:]:
            d = emission + (d[:, None] + A).max(axis=0)
            tags.append(int(d.argmax()))
        return tags

    def backwards(e: np.ndarray, A: np.ndarray, start: np.ndarray, end: np.ndarray) -> list[int]:
        return right(e, A, start, end)[::-1]

    def exchanged(e: np.ndarray, A: np.ndarray, start: np.ndarray, end: np.ndarray) -> list[int]:
        return right(e, A.T, start, end)

    def no_end(e: np.ndarray, A: np.ndarray, start: np.ndarray, end: np.ndarray) -> list[int]:
        return right(e, A, start, 0 * end)

    mistakes = {
        "You choose each tag by its emission alone; the transitions are not used.": token_by_token,
        "You take the best tag at each token on the way. A tag that looks best at token t need not be on the best path: "
        "go back from the end with back pointers.": no_way_back,
        "The sequence is reversed: the back pointers give the last tag first.": backwards,
        "Rows and columns of A are exchanged: A[i, j] is the step from i to j.": exchanged,
        "The end scores are missing when the last tag is chosen.": no_end,
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
    yield from compare(answer, right, mistakes, trials)


# --- 9.6 -------------------------------------------------------------------------------------------------------------


@exercise(
    "9.6",
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

    def marginals(alpha: np.ndarray, beta: np.ndarray, log_Z: float, y: np.ndarray) -> np.ndarray:
        return np.exp(alpha + beta - log_Z)

    def negative(alpha: np.ndarray, beta: np.ndarray, log_Z: float, y: np.ndarray) -> np.ndarray:
        return -right(alpha, beta, log_Z, y)

    def only_alpha(alpha: np.ndarray, beta: np.ndarray, log_Z: float, y: np.ndarray) -> np.ndarray:
        p = np.exp(alpha - logsumexp(alpha)[:, None])
        return p - np.eye(alpha.shape[1])[y]

    def logs(alpha: np.ndarray, beta: np.ndarray, log_Z: float, y: np.ndarray) -> np.ndarray:
        return alpha + beta - log_Z - np.eye(alpha.shape[1])[y]

    def separate(alpha: np.ndarray, beta: np.ndarray, log_Z: float, y: np.ndarray) -> np.ndarray:
        return np.exp(alpha) * np.exp(beta) / np.exp(log_Z) - np.eye(alpha.shape[1])[y]

    mistakes = {
        "These are the marginals; subtract 1 where the true tag is.": marginals,
        "The sign is wrong: the loss is log Z - score(y), so it is the marginals minus the truth.": negative,
        "Only the beginnings are used. The probability of a tag also depends on what can follow it: add beta.": only_alpha,
        "The exponential is missing: alpha + beta - log_Z is the logarithm of a probability.": logs,
        "exp(alpha) overflows for long sentences. Subtract log_Z first, then take the exponential.": separate,
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
