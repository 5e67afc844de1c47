"""Generated data sets: the same for the same seed, balanced, correct, and as hard as they claim to be."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from scratchnn.datasets.generated import generated_reviews, generated_solar, generated_travels, in_words, number_words
from scratchnn.datasets.generated.reviews import ADJECTIVES, ELSEWHERE, FILM, REMARKS
from scratchnn.datasets.generated.solar import BEST
from scratchnn.datasets.generated.travels import DAYS, ENDINGS
from scratchnn.errors import DataError
from scratchnn.functions import sigmoid
from scratchnn.series import read_table
from scratchnn.text import Vocabulary, bag_of_words
from scratchnn.text.schemes import entities, entity_tags


@pytest.mark.parametrize("generate", [generated_reviews, generated_solar, generated_travels, number_words])
def test_the_same_seed_gives_the_same_examples_and_another_seed_others(generate):
    assert generate(50, 3) == generate(50, 3)
    assert generate(50, 3) != generate(50, 4)


@pytest.mark.parametrize(
    ("generate", "count", "seed", "message"),
    [
        (generated_reviews, 0, 0, "generated_reviews: count must be a whole number of 1 or more, got 0"),
        (generated_reviews, 5, -1, "generated_reviews: seed must be a whole number of 0 or more, got -1"),
        (generated_reviews, 2.5, 0, "generated_reviews: count must be a whole number"),
        (generated_solar, 1, 0, "generated_solar: rows must be a whole number of 2 or more, got 1"),
        (generated_travels, 0, 0, "generated_travels: count must be a whole number of 1 or more, got 0"),
        (generated_travels, 5, -1, "generated_travels: seed must be a whole number of 0 or more, got -1"),
        (number_words, 0, 0, "number_words: count must be a whole number of 1 or more, got 0"),
        (number_words, 1001, 0, "number_words: count must be 1,000 or less, got 1,001"),
        (number_words, 5, None, "number_words: seed must be a whole number of 0 or more, got None"),
    ],
)
def test_counts_and_seeds_out_of_range(generate, count, seed, message):
    with pytest.raises(DataError, match=message):
        generate(count, seed)


# --- reviews ---------------------------------------------------------------------------------------------------------


def judged(text: str) -> str:
    """The label by reading: the clause with the film in it, its adjective, reversed by a negation outside remarks."""
    for remark in REMARKS:
        text = text.replace(f" , {remark} ,", "")
    words = text.split()
    film = next(k for k, word in enumerate(words) if word in FILM)
    elsewhere = next(k for k, word in enumerate(words) if word in ELSEWHERE)
    adjectives = [k for k, word in enumerate(words) if word in ADJECTIVES["good"] + ADJECTIVES["bad"]]
    clause = words[: adjectives[0] + 1] if film < elsewhere else words[adjectives[0] + 1 : adjectives[1] + 1]
    good = clause[-1] in ADJECTIVES["good"]
    negated = any(word in ("not", "nobody", "no") for word in clause)
    return "good" if good != negated else "bad"


def test_a_review_as_it_was_first_generated():
    texts, labels = generated_reviews(20, 0)
    assert labels == [
        "bad",
        "good",
        "bad",
        "bad",
        "good",
        "bad",
        "good",
        "good",
        "bad",
        "bad",
        "bad",
        "bad",
        "good",
        "good",
        "bad",
        "good",
        "bad",
        "good",
        "good",
        "good",
    ]
    assert texts[0] == "the popcorn was poor but i would not say that the acting was wonderful ."


def test_the_label_of_a_review_is_what_it_says_about_the_film():
    texts, labels = generated_reviews(3000, 1)
    assert labels == [judged(text) for text in texts]


@pytest.mark.parametrize("count", [1, 2, 7, 1000])
def test_both_labels_are_equally_frequent(count):
    texts, labels = generated_reviews(count, 2)
    assert len(texts) == len(labels) == count
    assert Counter(labels) == Counter({"bad": (count + 1) // 2, "good": count // 2})


def test_reviews_are_short_lower_case_and_hardly_ever_repeated():
    texts, _ = generated_reviews(20_000, 0)
    lengths = [len(text.split()) for text in texts]
    assert min(lengths) == 10
    assert 40 < max(lengths) <= 47
    assert all(text == " ".join(text.lower().split()) for text in texts)
    assert len(set(texts)) > 0.999 * len(texts)
    assert len(Vocabulary.build(" ".join(texts).split(), specials=())) < 100


def test_half_the_reviews_change_their_label_if_the_two_subjects_change_places():
    """The words stay the same, so no bag of words can tell the two apart."""
    texts, labels = generated_reviews(4000, 0)
    changed = 0
    for text, label in zip(texts, labels, strict=True):
        words = text.split()
        film, elsewhere = (next(k for k, word in enumerate(words) if word in kind) for kind in (FILM, ELSEWHERE))
        words[film], words[elsewhere] = words[elsewhere], words[film]
        changed += judged(" ".join(words)) != label
    assert 0.46 < changed / len(texts) < 0.54


def test_a_linear_classifier_of_word_counts_learns_nothing():
    texts, labels = generated_reviews(6000, 5)
    documents = [text.split() for text in texts]
    vocabulary = Vocabulary.build((word for document in documents for word in document), specials=())
    x = bag_of_words(documents, vocabulary).astype(float)
    t = np.array([label == "good" for label in labels], dtype=float)
    weights = np.zeros(x.shape[1])
    for _ in range(300):
        weights -= 0.1 * x[:4000].T @ (sigmoid(x[:4000] @ weights) - t[:4000]) / 4000
    right = ((x @ weights > 0) == t)[4000:].mean()
    assert 0.46 < right < 0.54  # 2,000 reviews: a standard deviation of 0.011 around one half


# --- number words ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (7, "seven"),
        (10, "ten"),
        (19, "nineteen"),
        (20, "twenty"),
        (37, "thirty seven"),
        (100, "one hundred"),
        (101, "one hundred one"),
        (215, "two hundred fifteen"),
        (942, "nine hundred forty two"),
        (999, "nine hundred ninety nine"),
    ],
)
def test_numbers_in_words(number, words):
    assert in_words(number) == words


VALUES = {word: k for k, word in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())}
VALUES |= {f"{stem}teen": 13 + k for k, stem in enumerate("thir four fif six seven eigh nine".split())}
VALUES |= {f"{stem}ty": 20 + 10 * k for k, stem in enumerate("twen thir for fif six seven eigh nine".split())}


def test_all_numbers_read_back():
    pairs = number_words(1000, 0)
    assert sorted(int(digits) for digits, _ in pairs) == list(range(1000))
    for digits, words in pairs:
        total = 0
        for word in words.split():
            total = total * 100 if word == "hundred" else total + VALUES[word]
        assert str(total) == digits
    assert len({words for _, words in pairs}) == 1000
    assert len({word for _, words in pairs for word in words.split()}) == 29


def test_number_words_are_distinct_and_a_longer_list_begins_with_the_shorter_one():
    pairs = number_words(800, 7)
    assert len(set(pairs)) == 800
    assert number_words(100, 7) == pairs[:100]
    assert number_words(3, 0) == [
        ("459", "four hundred fifty nine"),
        ("206", "two hundred six"),
        ("222", "two hundred twenty two"),
    ]


# --- travels ---------------------------------------------------------------------------------------------------------


def test_tags_mark_names_and_nothing_else():
    for words, tags in generated_travels(300, 0):
        assert 5 <= len(words) == len(tags) <= 16
        found = entities(tags)
        assert entity_tags(found, len(words), "IOB2") == tags
        for kind, start, stop in found:
            assert words[start][0].isupper()
            assert stop - start == {"LOC": 1, "PER": 2}.get(kind, stop - start)
            assert kind != "ORG" or stop - start in (2, 3)
        assert not any(words[t] in DAYS for t, tag in enumerate(tags) if tag != "O")


def test_most_names_are_new_and_an_ending_is_not_enough():
    names, by_ending = Counter(), {}
    for words, tags in generated_travels(2000, 1):
        for kind, _, stop in entities(tags):
            names[words[stop - 1]] += 1
            if kind in ("LOC", "PER") and words[stop - 1].endswith(ENDINGS["place"]):
                by_ending[kind] = by_ending.get(kind, 0) + 1
    assert np.mean([count == 1 for count in names.values()]) > 0.7
    assert by_ending["PER"] > 200  # surnames that end like a place


# --- the solar roof ---------------------------------------------------------------------------------------------------


def test_the_best_possible_forecast_of_the_generated_series():
    table = read_table("g.csv", generated_solar(20_000, 1))
    power, cloud = table.numbers("power"), table.numbers("cloud")
    sun = np.maximum(0, np.sin(2 * np.pi * (np.arange(20_000) % 24 - 6) / 24))
    error = power[1:] - 10 * sun[1:] * (1 - 0.8 * cloud[:-1])
    assert np.abs(error).mean() == pytest.approx(BEST, rel=0.02)
    assert np.sqrt((error**2).mean()) == pytest.approx(0.5, rel=0.02)
    assert 0.15 < cloud.std() < 0.4
    assert table.times_after(1)[0] == np.datetime64("2021-01-01") + np.timedelta64(20_000, "h")
