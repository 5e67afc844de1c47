"""Two small languages for chapter 12: English sentences with their Korean translations, and small talk in Korean.

Translations: *mina does not buy two old books at the market.* and *미나는 시장에서 오래된 책 두 권을 사지 않는다.* The verb
moves to the end, particles agree with the sound before them, and half of the subjects are invented names, written in Hangul
syllable by syllable. Every sentence has one right translation.

Small talk: a question has several right answers, drawn with known probabilities. One of them, *글쎄.* (well ...), fits all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

Pair = tuple[str, str]

# --- translations ----------------------------------------------------------------------------------------------------

PEOPLE = {"cat": "고양이", "dog": "개", "teacher": "선생님", "child": "아이", "king": "왕"}
THINGS = {  # with the word that counts them
    "book": ("책", "권"), "apple": ("사과", "개"), "flower": ("꽃", "송이"), "picture": ("그림", "장"),
    "house": ("집", "채"),
}  # fmt: skip
VERBS = {  # base, past in English; present, past and stem before a negation in Korean
    "see": ("saw", "본다", "보았다", "보지"), "buy": ("bought", "산다", "샀다", "사지"),
    "find": ("found", "찾는다", "찾았다", "찾지"), "like": ("liked", "좋아한다", "좋아했다", "좋아하지"),
}  # fmt: skip
KINDS = {"old": "오래된", "big": "큰", "red": "빨간", "white": "하얀"}
COUNTS = {"two": "두", "three": "세", "four": "네"}
PLACES = {"at the market": "시장에서", "at school": "학교에서", "in the garden": "정원에서"}
TIMES = {"every day": "매일", "today": "오늘", "yesterday": "어제"}
FIRST = {"n": 2, "d": 3, "r": 5, "m": 6, "b": 7, "s": 9}  # the number of the sound in the order of Hangul in Unicode
VOWELS = {"a": 0, "o": 8, "i": 20}


def ends_in_consonant(word: str) -> bool:
    """Whether the last syllable has a final consonant, which decides the form of a particle."""
    return (ord(word[-1]) - 0xAC00) % 28 != 0


def with_topic(word: str) -> str:
    """The word with the particle of a topic, 은 or 는."""
    return word + ("은" if ends_in_consonant(word) else "는")


def with_object(word: str) -> str:
    """The word with the particle of an object, 을 or 를."""
    return word + ("을" if ends_in_consonant(word) else "를")


def invented_name(rng: np.random.Generator) -> Pair:
    """A name of two or three syllables in Latin letters and in Hangul."""
    latin, hangul = "", ""
    for _ in range(int(rng.integers(2, 4))):
        first, vowel = _one(FIRST, rng), _one(VOWELS, rng)
        latin += first + vowel
        hangul += chr(0xAC00 + (FIRST[first] * 21 + VOWELS[vowel]) * 28)
    return latin, hangul


def _one(choices: Sequence[str] | dict, rng: np.random.Generator) -> str:
    """One of the choices, or of the keys of a dict, all equally probable."""
    return list(choices)[int(rng.integers(len(choices)))]


def sentence(rng: np.random.Generator) -> Pair:
    """A sentence and its translation."""
    if rng.integers(2):
        subject, topic = invented_name(rng)
    else:
        word = _one(PEOPLE, rng)
        subject, topic = f"the {word}", PEOPLE[word]
    verb, thing, kind = _one(VERBS, rng), _one(THINGS, rng), _one(KINDS, rng)
    past, now_ko, past_ko, stem = VERBS[verb]
    noun, counter = THINGS[thing]
    if rng.integers(2):
        count = _one(COUNTS, rng)
        what, object_ko = f"{count} {kind} {thing}s", f"{KINDS[kind]} {noun} {COUNTS[count]} {with_object(counter)}"
    else:
        article = "an" if kind == "old" else "a"
        what, object_ko = f"{article} {kind} {thing}", f"{KINDS[kind]} {with_object(noun)}"
    place, time = _one(["", *PLACES], rng), _one(["", *TIMES], rng)
    before = time == "yesterday"
    if rng.integers(4) == 0:
        does, does_ko = f"{'did' if before else 'does'} not {verb}", f"{stem} {'않았다' if before else '않는다'}"
    else:
        does, does_ko = (past, past_ko) if before else (verb + "s", now_ko)
    english = [subject, does, what, place, time]
    korean = [with_topic(topic), TIMES.get(time, ""), PLACES.get(place, ""), object_ko, does_ko]
    return " ".join(filter(None, english)) + ".", " ".join(filter(None, korean)) + "."


def translations(count: int, seed: int) -> list[Pair]:
    """Different sentences with their translations, in random order."""
    rng = np.random.default_rng(seed)
    found: dict[str, str] = {}
    while len(found) < count:
        english, korean = sentence(rng)
        found[english] = korean
    return list(found.items())


TREE = {"a": (0.6, {"x": 0.4, "y": 0.35, "z": 0.25}), "b": (0.4, {"x": 0.9, "y": 0.1})}  # first tokens, and second ones


def shown(sources: Sequence[str]) -> list[str]:
    """Two sentences for maps: one with a name and a negation, one with a number of things and *yesterday*."""
    named = next(source for source in sources if " not " in source and not source.startswith("the "))
    counted = next(source for source in sources if "yesterday" in source and any(count in source for count in COUNTS))
    return [named, counted]


# --- small talk ------------------------------------------------------------------------------------------------------


class Talk(NamedTuple):
    """Questions with a gap, and answers with their probabilities, which sum to 0.7; the rest is ``DULL``."""

    question: str
    answers: tuple[tuple[str, float], ...]


DULL = "글쎄."
FOODS = ("김밥", "라면", "불고기", "비빔밥", "떡볶이", "냉면", "만두", "잡채")
TOWNS = ("서울", "부산", "제주", "경주", "전주", "춘천")
TALKS = (
    Talk(
        "{food} 좋아해?",
        (("응, 정말 좋아해.", 0.2), ("아니, 별로 안 좋아해.", 0.1), ("{food}보다 {other_object} 더 좋아해.", 0.4)),
    ),
    Talk("점심에 {food} 먹을래?", (("좋아, 먹자.", 0.2), ("어제도 먹었어.", 0.1), ("오늘은 {other} 먹고 싶어.", 0.4))),
    Talk(
        "{town}에 가 봤어?", (("응, 작년에 갔어.", 0.2), ("아니, 아직.", 0.1), ("{town}에는 {food} 먹으러 자주 가.", 0.4))
    ),
    Talk("주말에 뭐 했어?", (("집에서 쉬었어.", 0.2), ("그냥 잤어.", 0.1), ("친구하고 {town}에 가서 {food} 먹었어.", 0.4))),
)


def small_talk(count: int, seed: int) -> tuple[list[Pair], np.ndarray]:
    """Questions and answers, and the logarithm of the probability of each answer after its question (``count``,).

    A question occurs many times, with other answers.
    """
    rng = np.random.default_rng(seed)
    exchanges = [_exchange(rng) for _ in range(count)]
    return [pair for pair, _ in exchanges], np.array([log_p for _, log_p in exchanges])


def _exchange(rng: np.random.Generator) -> tuple[Pair, float]:
    """One question, one of its answers, and the logarithm of the answer's probability."""
    talk = TALKS[int(rng.integers(len(TALKS)))]
    food, town = _one(FOODS, rng), _one(TOWNS, rng)
    others = [one for one in FOODS if one != food]
    other = _one(others, rng)
    p = np.array([probability for _, probability in talk.answers])
    k = int(rng.choice(len(p) + 1, p=[*p, 1 - p.sum()]))
    if k == len(p):
        return (talk.question.format(food=food, town=town), DULL), float(np.log(1 - p.sum()))
    answer = talk.answers[k][0]
    gaps = {"{food}": len(FOODS), "{town}": len(TOWNS)}
    choices = [count for gap, count in gaps.items() if gap in answer and gap not in talk.question]
    choices += [len(others)] * ("{other" in answer)
    said = answer.format(food=food, town=town, other=other, other_object=with_object(other))
    return (talk.question.format(food=food, town=town), said), float(np.log(p[k]) - np.log(choices).sum())
