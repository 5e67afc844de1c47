"""The little language of chapter 3: sentences that follow a rule whose probabilities are known.

    the queen drinks a tea .            a horse sleeps in the garden .

Every choice is made with equal probabilities among the words that the rule allows.
"""

from __future__ import annotations

import numpy as np

ANIMALS = ["cat", "dog", "cow", "horse"]
PEOPLE = ["boy", "girl", "king", "queen"]
FOOD = ["bread", "cheese", "soup", "cake"]
DRINKS = ["milk", "water", "tea", "juice"]
PLACES = ["garden", "house", "street", "field"]
OBJECTS = {
    "eats": FOOD,
    "drinks": DRINKS,
    "chases": ANIMALS,
    "buys": FOOD + DRINKS,
    "calls": PEOPLE,
}
VERBS = {
    "animal": ["eats", "drinks", "chases", "sleeps"],
    "person": ["eats", "drinks", "buys", "calls", "walks"],
}
GROUPS = {  # all words but "the", "a", "in" and the full stop
    "animals": ANIMALS,
    "people": PEOPLE,
    "food": FOOD,
    "drinks": DRINKS,
    "places": PLACES,
    "verbs": [*OBJECTS, "sleeps", "walks"],
}


def options_after(sentence: list[str]) -> list[str]:
    """The words that may come next in a sentence; all of them are equally likely."""
    if len(sentence) == 0:
        return ["the", "a"]
    if len(sentence) == 1:
        return ANIMALS + PEOPLE
    if len(sentence) == 2:
        return VERBS["animal" if sentence[1] in ANIMALS else "person"]
    verb = sentence[2]
    if verb in OBJECTS:
        rest = [["the", "a"], OBJECTS[verb], ["."]]
    else:
        rest = [["in"], ["the"], PLACES, ["."]]
    return rest[len(sentence) - 3]


def make_text(rng: np.random.Generator, sentences: int) -> tuple[list[str], float]:
    """The words of random sentences, and the sum of -log of their probabilities under the rule."""
    words, surprise = [], 0.0
    for _ in range(sentences):
        sentence: list[str] = []
        while "." not in sentence:
            options = options_after(sentence)
            sentence.append(options[rng.integers(len(options))])
            surprise += np.log(len(options))  # -log of the probability 1 / len(options)
        words += sentence
    return words, surprise
