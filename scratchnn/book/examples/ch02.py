"""Data that chapter 2 makes up: sentences of words that belong together, and Korean sentences and film reviews; and how it
judges vectors of these words.

    text              the cat eats the bread .             of seven groups of words and five patterns
    Korean sentences  학생은 도서관에서 책을 찾고 있다         a person, a place, a thing, each with a particle, and a verb
    Korean reviews    결말이 정말 지루하다                    a subject with its particle, an adverb, an adjective

Within a group of the first kind, the k-th word is drawn with a probability proportional to 1 / k, so some are frequent and
some rare, as in a real text.
"""

from __future__ import annotations

import numpy as np

from scratchnn.text import counting
from scratchnn.text.korean import split_syllable
from scratchnn.text.vocabulary import Vocabulary

GROUPS = {
    "animal": "cat dog fox wolf bear horse".split(),
    "person": "king queen girl boy nurse judge".split(),
    "food": "bread rice soup fish fruit cake".split(),
    "writing": "book letter story poem song map".split(),
    "place": "park house garden street forest town".split(),
    "eat": "eats bites smells tastes".split(),
    "read": "reads writes knows forgets".split(),
}
PATTERNS = [  # the name of a group stands for one of its words
    "the animal eat the food .".split(),
    "the person read the writing .".split(),
    "the person eat the food .".split(),
    "the animal sleeps in the place .".split(),
    "the person works in the place .".split(),
]

PEOPLE = "고양이 강아지 학생 선생님 의사 아이 친구 어머니 아버지 동생 할머니 경찰 가수 농부 기자".split()
PLACES = "학교 집 공원 병원 시장 도서관 바다 산 식당 역 가게 마을".split()
THINGS = "책 편지 사과 물 그림 사진 신문 우산 모자 의자 공 시계 가방 꽃 빵 열쇠 지도 연필".split()
STEMS = "찾 받 잡 놓 숨기 던지 만지 고르 사 옮기".split()
SUBJECT_PARTICLES = "은/는 이/가 도/도 만/만 까지/까지".split()  # after a consonant / after a vowel
PLACE_PARTICLES = "에서 에서는 에서도 에서만".split()
OBJECT_PARTICLES = "을/를 도/도 만/만 까지/까지 부터/부터".split()
ENDINGS = ["고 있다", "고 싶다", "지 않는다", "지 못한다", "겠다", "네"]

NOUNS = "배우 음악 이야기 화면 대사 결말 연출 장면".split()
ADVERBS = "정말 너무 아주".split()
ADJECTIVES = (
    "지루하다 엉성하다 유치하다 시끄럽다".split(),  # bad
    "훌륭하다 재미있다 아름답다 따뜻하다".split(),  # good
)


def generate_text(rng: np.random.Generator, sentences: int) -> list[str]:
    """The words of random sentences, one after the other."""
    generated = []
    for _ in range(sentences):
        for word in PATTERNS[rng.integers(len(PATTERNS))]:
            if word in GROUPS:  # replace the name of a group by one of its words
                weights = 1 / np.arange(1, len(GROUPS[word]) + 1)
                word = str(rng.choice(GROUPS[word], p=weights / weights.sum()))
            generated.append(word)
    return generated


def group_order(vocabulary: Vocabulary) -> np.ndarray:
    """Ids (V,) of all words: those of each group together, and those of no group last."""
    grouped = vocabulary.encode([word for members in GROUPS.values() for word in members])
    return np.concatenate([grouped, np.setdiff1d(np.arange(len(vocabulary)), grouped)])


def group_cosines(vectors: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
    """Cosines of all pairs of words of the groups, in the order of the groups, for vectors (V, D)."""
    rows = vectors[group_order(vocabulary)[: sum(map(len, GROUPS.values()))]]
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit @ unit.T


def mean_cosines(vectors: np.ndarray, vocabulary: Vocabulary) -> tuple[float, float]:
    """Mean cosine of two words of one group, and of two words of different groups."""
    cosines = group_cosines(vectors, vocabulary)
    group = np.repeat(np.arange(len(GROUPS)), [len(members) for members in GROUPS.values()])
    same = group[:, None] == group
    itself = np.eye(len(same), dtype=bool)
    return cosines[same & ~itself].mean(), cosines[~same].mean()


def paragraphs(text: str, words: int) -> list[str]:
    """The paragraphs of at least so many ``words``, each once and on one line."""
    blocks = dict.fromkeys(" ".join(block.split()) for block in text.split("\n\n"))
    return [block for block in blocks if len(block.split()) >= words]


def strongest_pairs(words: list[str], min_count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """All pairs v before w in the alphabet of words that occur ``min_count`` times or more: both, counts, PPMI.

    The pairs are at most two positions apart; the strongest come first.
    """
    vocabulary = Vocabulary.build(words, specials=("<unk>",), min_count=min_count)
    rows, columns, counts = counting.pair_counts(vocabulary.encode(words), len(vocabulary), 2)
    values = counting.ppmi_of_pairs(rows, columns, counts, len(vocabulary))
    names = np.array(vocabulary.tokens)
    known = (rows != vocabulary.unknown) & (columns != vocabulary.unknown)
    kept = np.flatnonzero(known & (names[rows] < names[columns]))
    best = kept[np.argsort(-values[kept], kind="stable")]
    return names[rows[best]], names[columns[best]], counts[best], values[best]


def with_particle(word: str, pair: str) -> str:
    """The word with the first form of the particle after a consonant, the second after a vowel: "은/는"."""
    after_consonant, after_vowel = pair.split("/")
    return word + (after_consonant if split_syllable(word[-1])[2] else after_vowel)


def korean_sentence(rng: np.random.Generator) -> str:
    """A person, a place, a thing, and a verb."""

    def one(choices: list[str]) -> str:
        return str(rng.choice(choices))

    person = with_particle(one(PEOPLE), one(SUBJECT_PARTICLES))
    place = one(PLACES) + one(PLACE_PARTICLES)
    thing = with_particle(one(THINGS), one(OBJECT_PARTICLES))
    return f"{person} {place} {thing} {one(STEMS)}{one(ENDINGS)}"


def reviews(rng: np.random.Generator, count: int) -> tuple[list[str], np.ndarray]:
    """Korean film reviews, and whether each is good (1) or bad (0)."""
    good = rng.integers(0, 2, count)
    texts = []
    for label in good:
        subject = with_particle(str(rng.choice(NOUNS)), "이/가")
        adverb, adjective = rng.choice(ADVERBS), rng.choice(ADJECTIVES[label])
        texts.append(f"{subject} {adverb} {adjective}")
    return texts, good


def train_classifier(texts: list[str], good: np.ndarray) -> dict[str, float]:
    """The score of each word: the log of its count in good reviews, divided by that in bad ones."""
    counts: dict[str, list[int]] = {}
    for text, label in zip(texts, good, strict=True):
        for word in text.split():  # without normalization
            counts.setdefault(word, [1, 1])[label] += 1  # counting from one avoids a division by zero
    return {word: float(np.log(in_good / in_bad)) for word, (in_bad, in_good) in counts.items()}


def evaluate(texts: list[str], good: np.ndarray, word_scores: dict[str, float]) -> tuple[float, float]:
    """The accuracy, and the share of words that are unknown; a sum of scores of zero or more means good."""
    answers = [sum(word_scores.get(word, 0.0) for word in text.split()) >= 0 for text in texts]
    unknown = [word not in word_scores for text in texts for word in text.split()]
    return float((np.array(answers) == good).mean()), float(np.mean(unknown))
