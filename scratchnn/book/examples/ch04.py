"""The small language of chapter 4: sentences about people and places, with analogies whose answers are known; and what the
chapter asks of word vectors.

The words around "king" are those around "queen", with he and his in place of she and her. The words around "paris" are
those around "rome", with another river and another language.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from scratchnn import losses
from scratchnn.word2vec import KeyedVectors
from scratchnn.word2vec.corpus import Corpus

PEOPLE = (  # he, she, and two things that go with them
    ("king", "queen", "crown", "throne"),
    ("prince", "princess", "palace", "pony"),
    ("man", "woman", "office", "newspaper"),
    ("boy", "girl", "school", "ball"),
    ("father", "mother", "cradle", "family"),
    ("uncle", "aunt", "nephew", "visit"),
    ("actor", "actress", "stage", "film"),
    ("waiter", "waitress", "tray", "menu"),
    ("monk", "nun", "prayer", "chapel"),
    ("wizard", "witch", "spell", "broom"),
)
PLACES = (  # country, capital, river, language
    ("france", "paris", "seine", "french"),
    ("italy", "rome", "tiber", "italian"),
    ("spain", "madrid", "manzanares", "spanish"),
    ("germany", "berlin", "spree", "german"),
    ("england", "london", "thames", "english"),
    ("korea", "seoul", "han", "korean"),
    ("japan", "tokyo", "sumida", "japanese"),
    ("egypt", "cairo", "nile", "arabic"),
    ("russia", "moscow", "moskva", "russian"),
    ("portugal", "lisbon", "tagus", "portuguese"),
)
ABOUT_PEOPLE = (
    "the {who} took {his} {thing} and {he} smiled",
    "near the {thing} {name} met the {who} and {his} friend",
    "{name} says that the {who} lost the {thing} and {he} wept",
    "the {who} of the {thing} asked {name} for {his} hat",
    "{he} is a {who} with a {thing}",
)
ABOUT_COUNTRIES = (
    "the people of {country} speak {language} and till the fields",
    "the army of {country} guards the border by the {river}",
    "{name} sold grain from {country} in {language}",
    "the {river} waters the fields of {country}",
)
ABOUT_CAPITALS = (
    "the mayor of {capital} speaks {language} in the town hall",
    "{name} took the metro in {capital} along the {river}",
    "the streets of {capital} by the {river} are full of cafes",
    "in {capital} the cafes serve {name} in {language}",
)


def make_names(rng: np.random.Generator, count: int) -> list[str]:
    """``count`` distinct names of three syllables."""
    consonants, vowels = list("bdfgklmnprstvz"), list("aeiou")
    names: list[str] = []
    while len(names) < count:
        name = "".join(rng.choice(consonants) + rng.choice(vowels) for _ in range(3))
        if name not in names:
            names.append(name)
    return names


def make_language(rng: np.random.Generator, sentences: int) -> tuple[list[str], list[str]]:
    """Random sentences, and the 900 names that may occur in them: the k-th with a share proportional to 1 / k."""
    names = make_names(rng, 900)
    share = 1 / np.arange(1, len(names) + 1)
    text = []
    for name in rng.choice(names, sentences, p=share / share.sum()):
        if rng.random() < 0.5:
            male, female, *things = PEOPLE[rng.integers(len(PEOPLE))]
            who, his, he = [(male, "his", "he"), (female, "her", "she")][rng.integers(2)]
            template, thing = rng.choice(ABOUT_PEOPLE), rng.choice(things)
            text.append(template.format(who=who, his=his, he=he, thing=thing, name=name))
        else:
            country, capital, river, language = PLACES[rng.integers(len(PLACES))]
            place = {"country": country, "capital": capital, "river": river, "language": language}
            template = rng.choice([ABOUT_COUNTRIES, ABOUT_CAPITALS][rng.integers(2)])
            text.append(template.format(name=name, **place))
    return text, names


def make_analogies(groups: Sequence[Sequence[str]]) -> list[tuple[str, str, str, str]]:
    """All (a, b, c, d), "a is to b as c is to d", from the first two words of any two groups, in both directions."""
    found = []
    for a, b, *_ in groups:
        for c, d, *_ in groups:
            if a != c:
                found += [(a, b, c, d), (b, a, d, c)]
    return found


def word_kinds(words: Sequence[str], names: Sequence[str]) -> np.ndarray:
    """The kind of each word (V,): 0 name, 1 person, 2 thing, 3 country, 4 capital, 5 river, 6 language; -1 for others."""
    people = [word for row in PEOPLE for word in row[:2]]
    things = [word for row in PEOPLE for word in row[2:]]
    kinds = (names, people, things, *zip(*PLACES, strict=True))
    kind_of = {word: kind for kind, members in enumerate(kinds) for word in members}
    return np.array([kind_of.get(word, -1) for word in words])


def train_tagger(
    table: np.ndarray, ids: np.ndarray, kinds: np.ndarray, learn_table: bool, steps: int = 300, lr: float = 2.0
) -> np.ndarray:
    """The kind of every word (V,), by a look-up in ``table`` (V, D) and a softmax with seven classes.

    The softmax is trained on the words ``ids`` and their ``kinds``, both (N,), and the table with it if ``learn_table``.
    """
    table, W, b = table.copy(), np.zeros((table.shape[1], 7)), np.zeros(7)
    for _ in range(steps):
        h = table[ids]  # (N, D)
        _, cache = losses.softmax_cross_entropy_forward(h @ W + b, kinds)
        dz = losses.softmax_cross_entropy_backward(1.0, cache)  # (N, 7)
        if learn_table:
            np.add.at(table, ids, -lr * dz @ W.T)
        W -= lr * h.T @ dz
        b -= lr * dz.sum(axis=0)
    return (table @ W + b).argmax(axis=1)


def open_corpus(lines: Sequence[str], min_count: int) -> Corpus:
    """A corpus of the package, from lines in memory."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "text.txt")
        path.write_text("\n".join(lines), encoding="utf-8")
        return Corpus([path], min_count)


def questions_with_s(vectors: KeyedVectors, first: int = 400, count: int = 400) -> list[tuple[str, str, str, str]]:
    """Questions (a, b, c, d) such as (string, strings, object, objects), of the ``first`` most frequent words."""
    usual = set(vectors.words[: 8 * first])
    long = [word for word in vectors.words[:first] if len(word) > 3]
    pairs = [(word, word + "s") for word in long if word + "s" in usual]
    rng = np.random.default_rng(0)
    chosen = [rng.choice(len(pairs), 2, replace=False) for _ in range(count)]
    return [(*pairs[i], *pairs[j]) for i, j in chosen]
