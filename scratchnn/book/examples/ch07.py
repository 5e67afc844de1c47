"""Data for chapter 7: prose from Python's manual, the grammar of a small language, simple scenes, a small sound."""

from __future__ import annotations

import io
import re
import wave
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from scratchnn.book.examples.ch06_language import ADJECTIVES, NEAR, NOUNS, VERBS
from scratchnn.datasets.generated.scenes import CLEAR, GAP, SIZE, Scene, Thing, draw, relation
from scratchnn.datasets.python_text import python_manual
from scratchnn.music import Tune, tune_notes
from scratchnn.music.files import RATE, sound

# --- prose -----------------------------------------------------------------------------------------------------------

KEPT = frozenset(" abcdefghijklmnopqrstuvwxyz,.;:'\"()-")
PLAIN = str.maketrans({"“": '"', "”": '"', "’": "'", "—": "-"})
LEAST = 60  # characters of a paragraph
PROSE = 0.95  # share of kept characters in prose; programs and tables have more others


def manual() -> tuple[str, str]:
    """The prose of Python's manual in lower case: a text to learn, and every tenth paragraph to test, one per line.

    Words are separated by single spaces, and the few characters that are not in ``KEPT`` are left out. The text is that of
    the Python that is running.
    """
    found = dict.fromkeys(filter(None, map(_prose, re.split(r"\n\s*\n", python_manual()))))  # each paragraph once
    paragraphs = list(found)
    train = [paragraph for k, paragraph in enumerate(paragraphs) if k % 10]
    return "\n".join(train) + "\n", "\n".join(paragraphs[::10]) + "\n"


def _prose(paragraph: str) -> str:
    """A paragraph on one line; empty if it is short, or no prose."""
    text = " ".join(paragraph.translate(PLAIN).lower().split()).removeprefix("* ")
    kept = " ".join("".join(letter for letter in text if letter in KEPT).split())
    is_prose = len(kept) >= PROSE * len(text) and text[:1].isalpha() and text[-1] in ".:"
    return kept if is_prose and len(kept) >= LEAST else ""


# --- the grammar of chapter 6's small language -----------------------------------------------------------------------

KINDS = dict.fromkeys(("the", "a", "some"), "article")
KINDS |= dict.fromkeys(ADJECTIVES, "adjective") | dict.fromkeys(NEAR, "preposition")
KINDS |= dict.fromkeys(NOUNS, "one") | {f"{word}s": "many" for word in NOUNS}  # nouns, singular and plural
KINDS |= dict.fromkeys(VERBS, "verb of many") | {f"{word}s": "verb of one" for word in VERBS}
NOUN_KINDS = ("one", "many")


class Place(NamedTuple):
    """Where a sentence has got to.

    Attributes:
        last: the kind of the latest word; empty at the beginning.
        article: of the phrase that has begun, empty if none.
        subject: "one" or "many" once the subject is known.
        has_verb: whether the verb has come.
    """

    last: str = ""
    article: str = ""
    subject: str = ""
    has_verb: bool = False


def allowed(place: Place) -> tuple[str, ...]:
    """The kinds of words that may come next, ``end`` among them."""
    nouns = {"a": ("one",), "some": ("many",)}.get(place.article, NOUN_KINDS)
    if place.last == "article":
        return ("adjective", *nouns)
    if place.last == "adjective":
        return nouns
    if place.last in NOUN_KINDS:
        return ("end",) if place.has_verb else ("preposition", f"verb of {place.subject}")
    return ("article",)


def follow(place: Place, word: str) -> Place:
    """The place after one more word; also after a wrong one, which is then taken as it is."""
    kind = KINDS.get(word, "end")
    if kind == "end":
        return Place()
    if kind in NOUN_KINDS:
        return place._replace(last=kind, article="", subject=place.subject or kind)
    if kind.startswith("verb"):
        return place._replace(last=kind, article="", subject=place.subject or kind[8:], has_verb=True)
    return place._replace(last=kind, article=word if kind == "article" else place.article if kind == "adjective" else "")


class Grammar:
    """Which words of a vocabulary may come next."""

    def __init__(self, words: Sequence[str]):
        self.kinds = np.array([KINDS.get(word, "end") for word in words])
        self.words = words
        self.masks: dict[tuple[str, ...], np.ndarray] = {}

    def wrong(self, place: Place) -> np.ndarray:
        """For each word (V,), whether it would be a mistake here."""
        kinds = allowed(place)
        if kinds not in self.masks:
            self.masks[kinds] = ~np.isin(self.kinds, kinds)
        return self.masks[kinds]

    def along(self, ids: Iterable[int]) -> np.ndarray:
        """``wrong`` after each word of a text that begins at the beginning of a sentence: (T, V)."""
        place, rows = Place(), []
        for word in ids:
            place = follow(place, self.words[word])
            rows.append(self.wrong(place))
        return np.array(rows)


# --- scenes ----------------------------------------------------------------------------------------------------------

COLOURS, SHAPES = ("red", "green", "blue", "yellow"), ("square", "cross")
RADIUS = 6  # pixels
SMALLER = 4  # pixels of a drawn scene, in each direction, that become one


def simple_scenes(count: int, seed: int) -> list[Scene]:
    """Scenes with two large shapes on 12 x 12 pixels; captions begin with the left one, or the one above.

    The words of a caption have a fixed order, so each scene has one right caption.
    """
    rng = np.random.default_rng(seed)
    return [_scene(rng) for _ in range(count)]


def _scene(rng: np.random.Generator) -> Scene:
    """One scene."""
    while True:
        one, other = (_thing(rng) for _ in range(2))
        down, right = abs(one.row - other.row), abs(one.column - other.column)
        if one.name != other.name and max(down, right) > 2 * RADIUS + GAP and abs(down - right) >= CLEAR:
            break
    if relation(one, other) in ("right of", "below"):
        one, other = other, one
    picture = draw((one, other), rng).reshape(SIZE // SMALLER, SMALLER, SIZE // SMALLER, SMALLER, 3).mean(axis=(1, 3))
    caption = f"a {one.name} {relation(one, other)} a {other.name}"
    return Scene(picture.round().astype(np.uint8), (one, other), caption)


def _thing(rng: np.random.Generator) -> Thing:
    """A shape anywhere."""
    row, column = rng.integers(RADIUS + 1, SIZE - RADIUS - 1, 2).tolist()
    return Thing(COLOURS[rng.integers(len(COLOURS))], SHAPES[rng.integers(len(SHAPES))], row, column, RADIUS)


# --- sound -----------------------------------------------------------------------------------------------------------


def small_wav(tune: Tune) -> bytes:
    """A tune as a WAV file, repeats not played out, with half as many samples per second as ``sample --out`` writes."""
    samples = sound(tune_notes(tune, repeats=False))
    halved = samples[: len(samples) // 2 * 2].reshape(-1, 2).mean(axis=1)  # the mean also damps what is too high for it
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE // 2)
        file.writeframes((halved * 32767).astype("<i2").tobytes())
    return buffer.getvalue()
