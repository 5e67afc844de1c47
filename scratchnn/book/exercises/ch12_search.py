"""The exercises of chapter 12 on search: 12.4 and 12.5."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scratchnn.book.exercises.answer import Answer, compare
from scratchnn.book.exercises.registry import exercise

# --- 12.4 ------------------------------------------------------------------------------------------------------------


@exercise(
    "12.4",
    "one step of beam search",
    "beam_step(totals, gains, width)",
    hints=(
        "Add each beam's total to its row of gains: totals[:, None] + gains is (B, V). All of its entries compete.",
        "Flatten it and take the best with np.argsort(-flat, kind='stable')[:width]. Position k of the flat array is beam "
        "k // V and token k % V.",
    ),
)
def check_beam_step(answer: Answer) -> Iterator[str]:
    """B beginnings have the log-probabilities totals (B,), and each next token
    after each of them has gains (B, V). Return the width best continuations,
    the best first, as three arrays (width,): beams, the number of the beginning
    that each continues; tokens; and the new totals. Totals may be minus
    infinity: such a beginning is dead. Of equal ones take the lower beam, then
    the lower token.
    """

    def pick(scores: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        best = np.argsort(-scores.ravel(), kind="stable")[:width]
        return best // scores.shape[1], best % scores.shape[1], scores.ravel()[best]

    def right(totals: np.ndarray, gains: np.ndarray, width: int) -> tuple:
        return pick(totals[:, None] + gains, width)

    def no_totals(totals: np.ndarray, gains: np.ndarray, width: int) -> tuple:
        return pick(gains, width)

    def one_each(totals: np.ndarray, gains: np.ndarray, width: int) -> tuple:
        tokens = gains.argmax(axis=1)
        scores = totals + gains.max(axis=1)
        beams = np.argsort(-scores, kind="stable")[:width]
        return beams, tokens[beams], scores[beams]

    def swapped(totals: np.ndarray, gains: np.ndarray, width: int) -> tuple:
        beams, tokens, scores = right(totals, gains, width)
        return tokens, beams, scores

    def worst(totals: np.ndarray, gains: np.ndarray, width: int) -> tuple:
        beams, tokens, scores = pick(-(totals[:, None] + gains), width)
        return beams, tokens, -scores

    def product(totals: np.ndarray, gains: np.ndarray, width: int) -> tuple:
        return pick(totals[:, None] * gains, width)

    mistakes = {
        "The totals of the beginnings are left out: a likely token after an unlikely beginning is not a good "
        "continuation.": no_totals,
        "You continue each beginning once. All B V continuations compete; two of the best may have the same "
        "beginning.": one_each,
        "Beams and tokens are swapped: position k of the flat array is beam k // V and token k % V.": swapped,
        "These are the worst continuations: log-probabilities are negative, and larger is better.": worst,
        "Log-probabilities are added; a product of probabilities is a sum of logarithms.": product,
    }
    rng = np.random.default_rng(0)
    trials = []
    for totals, V, width in (([-0.1, -4.0, -4.5], 5, 3), ([-1.0, -1.1], 4, 2), ([-2.0, -np.inf, -2.5, -1.9], 6, 4)):
        gains = np.log(rng.dirichlet(np.ones(V), len(totals)))
        trials.append((np.array(totals), gains, width))
    yield from compare(answer, right, mistakes, trials, ("beams", "tokens", "totals"))


# --- 12.5 ------------------------------------------------------------------------------------------------------------


@exercise(
    "12.5",
    "rank with a length norm",
    "rank(found, length_norm)",
    hints=(
        "The score is the sum divided by T ** length_norm. What is T for a sequence that has ended?",
        "Sort the positions with the key (not ended, -score): False comes before True. T is len(ids) + 1 for a sequence "
        "that has ended.",
    ),
)
def check_rank(answer: Answer) -> Iterator[str]:
    """A search has found a list of sequences, each a triple: the sum of its
    log-probabilities, its ids without the end mark, and whether it has ended
    (else it was cut off at the limit). Return their positions in the list, the
    best first, by equation (7). The end mark counts as a token where a sequence
    has ended, and sequences that were cut off come after all others.

        rank([(-2.0, [5], True), (-2.4, [5, 6, 7], True)], 1.0)    gives [1, 0]
            (-2.0 / 2 is below -2.4 / 4)
    """

    def order(found: list, score, cut_last: bool = True) -> list[int]:  # type: ignore[no-untyped-def]
        return sorted(range(len(found)), key=lambda k: (cut_last and not found[k][2], -score(*found[k])))

    def right(found: list, length_norm: float) -> list[int]:
        return order(found, lambda total, ids, ended: total / (len(ids) + ended) ** length_norm)

    def no_end(found: list, length_norm: float) -> list[int]:
        return order(found, lambda total, ids, ended: total / max(len(ids), 1) ** length_norm)

    def sums(found: list, length_norm: float) -> list[int]:
        return order(found, lambda total, ids, ended: total)

    def mixed(found: list, length_norm: float) -> list[int]:
        return order(found, lambda total, ids, ended: total / (len(ids) + ended) ** length_norm, cut_last=False)

    def backwards(found: list, length_norm: float) -> list[int]:
        return right(found, length_norm)[::-1]

    mistakes = {
        "The end mark is not counted: a sequence that has ended has one token more than ids.": no_end,
        "This ranks by the plain sums, which favour short sequences. Divide by the length norm.": sums,
        "Sequences that were cut off come last, however good their score is.": mixed,
        "The worst is first: scores are negative, and the largest is the best.": backwards,
    }
    trials: list[tuple] = [
        ([(-2.0, [5], True), (-2.4, [5, 6, 7], True)], 1.0),
        ([(-3.0, [4, 4, 4, 4], False), (-5.0, [4], True), (-4.0, [6, 7], True), (-1.0, [9], False)], 1.0),
        ([(-2.0, [], True), (-3.5, [4], True), (-1.5, [8, 8, 8], False), (-4.5, [4, 5], True)], 1.0),
        ([(-2.0, [4], True), (-2.2, [4, 5, 6], True), (-3.0, [1, 2, 3, 4, 5, 6], True)], 0.6),
        ([(-2.0, [4, 5, 6], True), (-1.9, [4], True)], 0.0),
    ]
    yield from compare(answer, right, mistakes, trials)
