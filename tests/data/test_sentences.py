"""Sentences as batches of words and the characters of their distinct forms."""

from __future__ import annotations

import numpy as np
import pytest

from scratchnn.data import SentenceBatches, Sentences, normal_form
from scratchnn.data.sentences import LONGEST, character_vocabulary, unknown_rates, word_counts, word_vocabulary
from scratchnn.errors import DataError
from scratchnn.text import Vocabulary

SENTENCES = [["Oslo", ",", "oslo", ",", "1996"], [], ["OSLO"], [",", "1997"]]


@pytest.fixture
def words():
    return word_vocabulary(word_counts(SENTENCES))


@pytest.fixture
def characters():
    return character_vocabulary(SENTENCES, "char")


def test_normal_form_is_lower_case_with_zeros_for_digits():
    assert [normal_form(word) for word in ("OSLO", "1996-08-30", "cafe\u0301", "서울", "½")] == [
        "oslo",
        "0000-00-00",
        "café",
        "서울",
        "½",
    ]


def test_vocabularies(words, characters):
    assert words.tokens == ["<pad>", "<unk>", ",", "oslo", "0000"]
    assert word_vocabulary(word_counts(SENTENCES), 3, ["paris", "oslo"]).tokens == ["<pad>", "<unk>", ",", "oslo", "paris"]
    assert set(characters.tokens[2:]) == set("Oslo,1967OSL")
    assert set(character_vocabulary([["한"]], "letter").tokens[2:]) == set("\u1112\u1161\u11ab")


def test_each_distinct_form_is_spelled_once(words, characters):
    sentences = Sentences(SENTENCES, words, characters)
    ids, lengths, forms, spelled, sizes = sentences.pick(np.array([3, 1, 0]))
    assert lengths.tolist() == [2, 0, 5]
    assert ids.tolist() == [[2, 4, 0, 0, 0], [0] * 5, [3, 2, 3, 2, 4]]
    assert len(spelled) == 5  # Oslo , oslo 1996 1997
    for row, sentence in zip(range(3), (SENTENCES[3], SENTENCES[1], SENTENCES[0]), strict=True):
        read = ["".join(characters.decode(spelled[form][: sizes[form]])) for form in forms[row, : lengths[row]]]
        assert read == sentence


def test_new_words_and_characters_are_unknown(words, characters):
    ids, _, _, spelled, _ = Sentences([["Zürich", "Oslo"]], words, characters).pick(np.array([0]))
    assert ids.tolist() == [[1, 3]]
    assert spelled[0, 0] == spelled[0, 1] == characters.unknown


def test_of_a_very_long_word_the_beginning_is_read(words, characters):
    *_, spelled, sizes = Sentences([["Oslo" * 50_000, "Oslo"]], words, characters).pick(np.array([0]))
    assert sizes.tolist() == [LONGEST, 4]
    assert "".join(characters.decode(spelled[0])) == "Oslo" * (LONGEST // 4)


def test_a_batch_of_empty_sentences(words, characters):
    ids, lengths, forms, spelled, sizes = Sentences(SENTENCES, words, characters).pick(np.array([1]))
    assert ids.shape == forms.shape == (1, 0)
    assert (lengths.tolist(), spelled.shape, sizes.tolist()) == ([0], (1, 0), [0])


def test_batches_for_evaluation_are_limited_by_words(words, characters):
    lengths = [3, 0, 7, 1, 2, 2, 12, 0]
    sentences = Sentences([["a"] * length for length in lengths], words, characters)
    found = list(sentences.by_length(6))
    assert [[lengths[place] for place in batch] for batch in found] == [[0, 0, 1], [2, 2], [3], [7], [12]]
    assert sorted(place for batch in found for place in batch) == list(range(8))
    assert list(Sentences([], words, characters).by_length(6)) == []


def test_rare_words_become_unknown_by_the_stated_probability():
    sentences = [["a"] * 8 + ["b"] * 2 + ["c"]] * 200
    counts = word_counts([sentences[0]])
    words = word_vocabulary(counts)
    rates = unknown_rates(words, counts, 0.5)
    np.testing.assert_allclose(rates[[words.ids[one] for one in "abc"]], [0.5 / 8.5, 0.5 / 2.5, 0.5 / 1.5])
    assert rates[:2].tolist() == [0, 0]
    batches = SentenceBatches(
        Sentences(sentences, words, Vocabulary(["<pad>", "<unk>", *"abc"])),
        [[np.arange(11)] * 200],
        200,
        rates=rates,
    )
    ids, _, forms, spelled, _, targets = batches.batch(0, 0)
    shares = (ids == words.unknown).mean(axis=0)
    for columns, word in ((slice(0, 8), "a"), (slice(8, 10), "b"), (slice(10, 11), "c")):
        assert abs(shares[columns].mean() - rates[words.ids[word]]) < 0.1
    assert spelled[forms[:, 10], 0].tolist() == [4] * 200  # the characters remain
    assert targets.tolist() == [list(range(11))] * 200
    np.testing.assert_array_equal(ids, batches.batch(0, 0)[0])
    assert not np.array_equal(ids, batches.batch(1, 0)[0])


def test_an_epoch_contains_each_sentence_once(words, characters):
    targets = [np.full(len(sentence), k) for k, sentence in enumerate(SENTENCES)]
    batches = SentenceBatches(Sentences(SENTENCES, words, characters), [targets, targets], 2, seed=3)
    assert len(batches) == 2
    found = []
    for k in range(2):
        *_, first, second = batches.batch(0, k)
        np.testing.assert_array_equal(first, second)
        found += first.max(axis=1, initial=0).tolist()
    assert sorted(found) == [0, 0, 2, 3]


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ([np.zeros(5)] * 3, "3 rows of targets for 4 sentences"),
        ([np.zeros(5), np.zeros(1), np.zeros(1), np.zeros(2)], "sentence 1 has 0 words and 1 targets"),
    ],
)
def test_each_word_needs_a_target(words, characters, targets, message):
    with pytest.raises(DataError, match=message):
        SentenceBatches(Sentences(SENTENCES, words, characters), [targets], 2)


def test_the_vocabularies_need_an_unknown_token(words, characters):
    with pytest.raises(DataError, match="vocabulary of characters has no <unk>"):
        Sentences(SENTENCES, words, Vocabulary(["a"]))
