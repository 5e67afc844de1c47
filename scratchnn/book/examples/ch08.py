"""Data that chapter 8 makes up: film reviews whose label depends on single words, on pairs of words, or on the order.

    words   the plot was gripping , the cast was dull and the ending was witty .                                -> good
    pairs   the plot was not gripping , the cast was dull and the ending was not tedious .                      -> bad
    order   although the bus , which rarely happens , was awful , the cast was not bad .                        -> good

In ``words`` and ``pairs``, each review has three judgements of the film, and the label is that of the majority. Half of
the adjectives of ``pairs`` follow *not*, which reverses them; negations and adjectives are drawn so that every single word
is equally frequent in both classes. ``order`` is ``scratchnn.datasets.generated.reviews``: only the judgement of the film
counts, and a negation may be several words away from its adjective.

The k-th adjective of a list is drawn with a probability proportional to the square root of 1 / k, so some are frequent and
many are rare, as in a real text.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from scratchnn.datasets.generated.reviews import ADJECTIVES, JUDGEMENTS, generated_reviews

SUBJECTS = "plot cast story script ending music acting dialogue".split()
PRAISE = (
    "good great lovely funny superb brilliant moving charming clever fresh gripping honest inspired joyful memorable "
    "original playful powerful rich sharp smart splendid stunning subtle sweet tender touching vivid warm witty wise "
    "elegant"
).split()
BLAME = (
    "bad awful boring poor terrible dreadful clumsy confused cheap crude dull empty endless feeble flat foolish forced "
    "hollow lame lazy lifeless messy muddled painful pointless shallow silly sloppy stale stupid tedious weak"
).split()
ADJECTIVES_OF_ORDER = {*ADJECTIVES["good"], *ADJECTIVES["bad"]}
NEGATIONS = {"not", "no", JUDGEMENTS[2][1].partition("{")[0]}  # the third is the opposite of *anybody*

Reviews = tuple[list[list[str]], np.ndarray]  # N lists of words, and N labels: 1 is good, 0 is bad


def review(rng: np.random.Generator, label: int, agree: list[bool], negations: bool) -> list[str]:
    """The words of three judgements, each of which agrees with the label or not; with ``negations``, half have a *not*."""
    p = np.arange(1, len(PRAISE) + 1) ** -0.5
    found = []
    for subject, agrees in zip(rng.choice(SUBJECTS, 3, replace=False), agree, strict=True):
        kind = label if agrees else 1 - label
        negated = negations and rng.random() < 0.5
        adjective = rng.choice(PRAISE if kind != negated else BLAME, p=p / p.sum())
        found.append(f"the {subject} was {'not ' if negated else ''}{adjective}")
    return f"{found[0]} , {found[1]} and {found[2]} .".split()


def reviews(kind: str, count: int, seed: int) -> Reviews:
    """Made-up reviews.

    Args:
        kind: ``"words"``, ``"pairs"`` or ``"order"``.
        count: number of reviews N; half of them are good.
        seed: of all random choices.
    """
    if kind == "order":
        texts, names = generated_reviews(count, seed)
        return [text.split() for text in texts], np.array([name == "good" for name in names], dtype=np.int64)
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(count) % 2)
    agree = [rng.permutation([True, True, rng.random() < 0.5]).tolist() for _ in labels]  # a majority in each
    pairs = zip(labels.tolist(), agree, strict=True)
    return [review(rng, label, agrees, kind == "pairs") for label, agrees in pairs], labels


def complaints(count: int, share: float, seed: int) -> Reviews:
    """Reviews like ``words`` of which only a part, ``share``, is bad. Each judgement agrees with the label in 4 of 5 cases.

    So some good reviews read like bad ones, and no model can tell them apart.
    """
    rng = np.random.default_rng(seed)
    labels = rng.permutation((np.arange(count) >= round(share * count)).astype(np.int64))
    return [review(rng, label, (rng.random(3) < 0.8).tolist(), False) for label in labels.tolist()], labels


def effect_of_each_word(score: Callable[[list[list[str]]], np.ndarray], words: list[str]) -> np.ndarray:
    """How much the score of a text (N lists of words to N numbers) falls if each of its T words is left out (T,)."""
    scores = score([words, *(words[:t] + words[t + 1 :] for t in range(len(words)))])
    return scores[0] - scores[1:]


def mean_by_role(values: list[np.ndarray], documents: list[list[str]]) -> dict[str, float]:
    """The mean of values (T,) along texts of the kind ``order``, over their adjectives, their negations and other words."""
    found: dict[str, list[float]] = {"adjectives": [], "negations": [], "other words": []}
    for row, words in zip(values, documents, strict=True):
        for value, word in zip(row.tolist(), words, strict=True):
            role = "adjectives" if word in ADJECTIVES_OF_ORDER else "negations" if word in NEGATIONS else "other words"
            found[role].append(value)
    return {role: float(np.mean(numbers)) for role, numbers in found.items()}
