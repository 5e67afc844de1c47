"""Short English film reviews, generated: a classification problem that a bag of words cannot solve.

Each review has two judgements in random order. One is about the film (its plot, its cast ...), the other about something
else on that evening (the popcorn, the bus ...). The label is the judgement of the film alone, "good" or "bad": the
adjective decides it, and a negation reverses it.

    the popcorn was great but i would not say , to be brief , that the plot was good .                      -> bad
    although the bus , which rarely happens , was awful , the cast was not bad .                            -> good

Labels, negations and subjects are drawn independently, so every single word is equally frequent in both classes, and
logistic regression on word counts is right only half the time. "the film was not good and the seat was great" and "the film
was great and the seat was not good" even have the same words. To solve the problem, a model has to connect a subject, its
adjective and its negation across the words between them. Some remarks contain a negation that has no effect.

Texts are in lower case, and all tokens, punctuation marks too, are separated by single spaces.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from scratchnn.errors import whole_number

T = TypeVar("T")

LABELS = ("bad", "good")
FILM = ("film", "story", "plot", "acting", "cast", "script", "ending", "dialogue")
ELSEWHERE = ("popcorn", "seat", "weather", "bus", "queue", "coffee", "hall", "parking")
ADJECTIVES = {
    "good": ("good", "great", "wonderful", "excellent", "pleasant", "lovely"),
    "bad": ("bad", "awful", "terrible", "dreadful", "poor", "horrible"),
}
JUDGEMENTS = (  # as it is, and negated; {remark} is empty or a remark between commas
    ("the {subject}{remark} was {adjective}", "the {subject}{remark} was not {adjective}"),
    (
        "i would say{remark} that the {subject} was {adjective}",
        "i would not say{remark} that the {subject} was {adjective}",
    ),
    ("anybody{remark} would call the {subject} {adjective}", "nobody{remark} would call the {subject} {adjective}"),
    ("at every moment{remark} the {subject} was {adjective}", "at no moment{remark} was the {subject} {adjective}"),
)
REMARKS = (
    "to be brief",
    "which rarely happens",
    "as i told my sister on the way home",
    "after all that i had read about it",
    "at least on that rainy evening",
    "and i do not go out very often",
    "not that it matters much",
    "in spite of what my brother and his friends had promised",
)
REVIEWS = (
    "{film} and {elsewhere} .",
    "{elsewhere} and {film} .",
    "{film} but {elsewhere} .",
    "{elsewhere} but {film} .",
    "although {elsewhere} , {film} .",
    "{film} although {elsewhere} .",
)


def generated_reviews(count: int, seed: int) -> tuple[list[str], list[str]]:
    """Reviews and their labels.

    Args:
        count: number of reviews, at least 1.
        seed: seed of all random choices; the same count and seed give the same reviews.

    Returns:
        texts: ``count`` reviews of 10 to 47 tokens.
        labels: ``"good"`` or ``"bad"`` for each; both occur equally often, "bad" once more if ``count`` is odd.

    Raises:
        DataError: ``count`` or ``seed`` is out of range.
    """
    whole_number(count, "generated_reviews: count")
    rng = np.random.default_rng(whole_number(seed, "generated_reviews: seed", 0))
    labels = [LABELS[k % 2] for k in rng.permutation(count).tolist()]
    texts = []
    for label in labels:
        film = _judgement(FILM, label, rng)
        elsewhere = _judgement(ELSEWHERE, _one_of(LABELS, rng), rng)
        texts.append(_one_of(REVIEWS, rng).format(film=film, elsewhere=elsewhere))
    return texts, labels


def _judgement(subjects: Sequence[str], label: str, rng: np.random.Generator) -> str:
    """A clause that calls one of the subjects good or bad; half of these clauses are negated."""
    negated = int(rng.integers(2))
    kind = label if not negated else LABELS[label == "bad"]
    remark = f" , {_one_of(REMARKS, rng)} ," if rng.integers(2) else ""
    return _one_of(JUDGEMENTS, rng)[negated].format(
        subject=_one_of(subjects, rng), adjective=_one_of(ADJECTIVES[kind], rng), remark=remark
    )


def _one_of(options: Sequence[T], rng: np.random.Generator) -> T:
    return options[int(rng.integers(len(options)))]
