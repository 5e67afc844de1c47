"""Sentences about people who travel, generated, with tags of entities: persons (PER), places (LOC), organisations (ORG).

    Mira Tovan of Kelburg Motors flew to Kelburg on Monday .
    B-PER I-PER O B-ORG I-ORG O O B-LOC O O O

Most names are invented syllable by syllable, so that a tagger meets new ones in every sentence. Their endings say something
about the type, and so do the words around them; neither is enough alone. A place can be part of an organisation ("Kelburg
Motors"), a surname can end like a place ("Mr Kelburg"), and a few words with a capital letter are no names (Monday).
"""

from __future__ import annotations

import numpy as np

from scratchnn.datasets.generated.reviews import _one_of as one_of
from scratchnn.errors import whole_number

Tagged = tuple[list[str], list[str]]  # words, tags in IOB2

ONSETS = tuple("b d f g k l m n p r s t v z".split()) + ("br", "kr", "st", "tr")
VOWELS = tuple("a e i o u".split())
CODAS = ("", "", "l", "n", "r", "s")
ENDINGS = {"first": ("a", "o", "i", "us"), "last": ("an", "ek", "son", "ini"), "place": ("burg", "ton", "ville", "mouth")}
FIRMS = ("Motors", "Bank", "Airlines", "Steel")
TITLES = ("Mr", "Mrs", "Dr")
DAYS = ("Monday", "Tuesday", "Friday", "Sunday")
SENTENCES = (
    "{PER} of {ORG} flew to {LOC} on {day} .",
    "On {day} , {PER} left {LOC} for {LOC} .",
    "{ORG} has sent {PER} to {LOC} .",
    "{PER} and {PER} met in {LOC} .",
    "The train from {LOC} to {LOC} was late again on {day} .",
    "{PER} , who was born in {LOC} , now works for {ORG} .",
    "Few at {ORG} had heard of {PER} .",
    "It rained in {LOC} , {LOC} and {LOC} .",
    "Nothing happened on {day} .",
)


def generated_travels(count: int, seed: int) -> list[Tagged]:
    """Sentences and the tags of their words.

    Args:
        count: number of sentences, at least 1.
        seed: seed of all random choices; the same count and seed give the same sentences.

    Returns:
        ``count`` pairs of words and tags, 5 to 16 each.

    Raises:
        DataError: ``count`` or ``seed`` is out of range.
    """
    whole_number(count, "generated_travels: count")
    rng = np.random.default_rng(whole_number(seed, "generated_travels: seed", 0))
    return [_sentence(rng) for _ in range(count)]


def _sentence(rng: np.random.Generator) -> Tagged:
    """One sentence, its gaps filled with new names."""
    words: list[str] = []
    tags: list[str] = []
    for part in one_of(SENTENCES, rng).split():
        kind = part.strip("{}")
        if part == "{day}":
            found, kind = [one_of(DAYS, rng)], ""
        elif part.startswith("{"):
            found = _name(kind, rng)
        else:
            found, kind = [part], ""
        words += found
        tags += [f"{'I' if k else 'B'}-{kind}" if kind else "O" for k in range(len(found))]
    return words, tags


def _name(kind: str, rng: np.random.Generator) -> list[str]:
    """The words of a new name; a title before a surname is part of it."""
    if kind == "LOC":
        return [_invented("place", rng)]
    if kind == "ORG":
        if rng.integers(3) == 0:
            return ["University", "of", _invented("place", rng)]
        return [_invented("place" if rng.integers(2) else "last", rng), one_of(FIRMS, rng)]
    surname = _invented("last" if rng.integers(4) else "place", rng)
    return [one_of(TITLES, rng) if rng.integers(3) == 0 else _invented("first", rng), surname]


def _invented(kind: str, rng: np.random.Generator) -> str:
    """A name of one or two syllables and an ending."""
    syllables = [one_of(ONSETS, rng) + one_of(VOWELS, rng) + one_of(CODAS, rng) for _ in range(1 + int(rng.integers(2)))]
    stem = "".join(syllables)
    if kind in ("first", "last"):
        stem += one_of(ONSETS[:14], rng)
    return (stem + one_of(ENDINGS[kind], rng)).capitalize()
