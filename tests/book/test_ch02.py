"""Chapter 2: its text agrees with what its cells compute."""

import os
import subprocess
import sys
import unicodedata

import numpy as np
import pytest
from book import markdown, play

from scratchnn.data import bucket_batches
from scratchnn.text.vocabulary import Vocabulary
from scratchnn.word2vec.keyed_vectors import KeyedVectors

pytestmark = pytest.mark.chapters


@pytest.fixture(scope="module")
def chapter():
    return play("ch02")


@pytest.fixture(scope="module")
def text():
    return markdown("ch02")


def test_every_comparison_came_out_equal(chapter):
    lines = [line for line in chapter.printed.splitlines() if line.endswith(("True", "False"))]
    assert len(lines) >= 11
    assert not [line for line in lines if line.endswith("False")]


def test_rare_words_and_new_words(chapter, text):
    words = chapter.manual_tokens["words"]
    assert (
        "the word of rank 100 is about ten times as rare as the word of rank 10; here the factor is somewhat larger" in text
    )
    counts = np.sort(np.unique(words, return_counts=True)[1])[::-1]
    assert 10 < counts[9] / counts[99] < 30
    assert "new characters soon stop appearing, but new words never do" in text
    most = len(words) * 9 // 10
    assert set(words[most:]) - set(words[:most])
    characters = chapter.manual_tokens["characters"]
    assert len(set(characters)) < 200 < 2000 < len(set(words))


def test_unhappy_and_unhappily(chapter, text):
    assert "five of their groups are the same" in text
    shared = set(chapter.ngrams("<unhappy>", 3, "")) & set(chapter.ngrams("<unhappily>", 3, ""))
    assert len(shared) == 5
    assert len(chapter.ngrams(list("abcdef"), 4, "")) == 6 - 4 + 1


def test_limit_of_the_vocabulary(chapter, text):
    assert "two words have become `<unk>`" in text
    unknown = chapter.encode(chapter.words_and_marks(chapter.text), chapter.small)
    assert unknown.count(1) == 2


def test_unknown_words_in_the_second_half(chapter, text):
    assert "Almost no character is unknown, but no limit brings the unknown words down to zero" in text
    shares = [line.split()[-5] for line in chapter.printed.splitlines() if line.endswith("of the rest unknown")]
    shares = [float(share.rstrip("%")) for share in shares]
    assert shares[0] > shares[1] > shares[2] > 0.5
    assert shares[3] < 0.2


def test_padding(chapter, text):
    assert "640 lengths drawn at random" in text
    assert len(chapter.lengths) == 640
    assert "That wastes more, but every epoch is different" in text
    original_order, by_length = chapter.shares.values()
    pooled = bucket_batches(chapter.lengths, 32, rng=np.random.default_rng(1), pool=10)
    assert by_length < chapter.padded_share(chapter.lengths, pooled) < original_order


def test_hash_of_python_changes_with_every_start(text):
    assert "For strings it changes with every start of Python" in text
    command = [sys.executable, "-c", "print(hash('cat'))"]
    environments = [os.environ | {"PYTHONHASHSEED": seed} for seed in "123"]
    runs = {subprocess.run(command, env=env, capture_output=True, check=True).stdout for env in environments}
    assert len(runs) == 3


def test_collisions_as_predicted(chapter, text):
    assert "The measured shares lie on the predicted curve" in text
    V = len(chapter.manual_words)
    expected = np.array([chapter.expected_collisions(V, size) for size in chapter.sizes])
    assert abs(np.array(chapter.measured) - expected).max() < 0.04
    ours = [chapter.simple_hash(word, 2**12) for word in chapter.manual_words]
    crowded = (np.bincount(ours)[ours] > 1).mean()
    assert crowded == pytest.approx(chapter.expected_collisions(V, 2**12), abs=0.04)
    assert "With as many places as words, nearly two thirds of the words collide" in text
    assert 0.6 < chapter.expected_collisions(V, V) < 2 / 3
    assert "To reduce the collisions to one word in a hundred, you need a hundred times as many places as words" in text
    assert chapter.expected_collisions(5000, 500_000) == pytest.approx(0.01, rel=0.01)


def test_different_words_get_different_numbers(chapter, text):
    assert "different words nearly always get different numbers" in text
    numbers = {chapter.simple_hash(word, 2**32) for word in chapter.manual_words}
    assert len(numbers) > 0.999 * len(chapter.manual_words)


def test_first_two_documents(chapter, text):
    assert "have three of their six words in common: `the`, `on` and `the`" in text
    first, second = chapter.documents[:2]
    assert [a for a, b in zip(first, second, strict=True) if a == b] == ["the", "on", "the"]
    assert len(first) == len(second) == 6


def test_tf_idf_turns_the_order(chapter, text):
    assert "With tf-idf it is the other way round" in text
    assert chapter.by_counts[0, 1] > chapter.by_counts[3, 4]
    assert chapter.by_tf_idf[0, 1] < chapter.by_tf_idf[3, 4] - 0.02
    weights = dict(zip(chapter.bag_vocabulary.tokens, chapter.idf, strict=True))
    assert min(weights, key=weights.get) == "the"


def test_search_finds_the_operator(chapter):
    """The best of three answers is about division, in the manual of any version."""
    lines = chapter.printed.splitlines()
    start = lines.index("what is the remainder of a division")
    assert any("division" in line for line in lines[start + 1 : start + 4])


def test_book_and_letter_never_meet(chapter, text):
    assert "The words `book` and `letter` never meet, yet the cosine of their rows is 0.50" in text
    assert "because both of them are next to `a`" in text
    found = "you read a book and i read a letter .".split()
    a, book, letter = (sorted(set(found)).index(word) for word in ("a", "book", "letter"))
    C = chapter.cooccurrence([sorted(set(found)).index(word) for word in found], len(set(found)), 1)
    assert C[book, letter] == 0
    assert np.flatnonzero(C[book] * C[letter]).tolist() == [a]
    assert chapter.cosine(C[book], C[letter]) == pytest.approx(0.5)


def test_counts_make_all_words_alike_and_ppmi_does_not(chapter, text):
    assert "But `cat` and `book` are close as well" in text
    assert "It has seven groups of words; sentences are drawn from five patterns" in text
    assert (len(chapter.examples.GROUPS), len(chapter.examples.PATTERNS)) == (7, 5)
    cat, dog, book = chapter.generated_vocabulary.encode(("cat", "dog", "book"))
    C, M, U = (getattr(chapter, name) for name in "CMU")
    assert chapter.cosine(C[cat], C[book]) > 0.8
    assert chapter.cosine(M[cat], M[dog]) > 0.8
    assert chapter.cosine(M[cat], M[book]) < 0.1
    assert "Animals and food have something in common too" in text
    assert "so have persons and writing" in text
    rows = {name: M[chapter.generated_vocabulary.encode(group)] for name, group in chapter.examples.GROUPS.items()}
    of = {name: part / np.linalg.norm(part, axis=1, keepdims=True) for name, part in rows.items()}
    between = {(v, w): (of[v] @ of[w].T).mean() for v in of for w in of if v < w}
    assert min(between["animal", "food"], between["person", "writing"]) > 2 * np.median(list(between.values()))
    (_, counts), (ppmi_inside, ppmi), (svd_inside, svd) = (
        chapter.examples.mean_cosines(vectors, chapter.generated_vocabulary) for vectors in (C, M, U)
    )
    assert counts > 0.8
    assert ppmi < 0.2
    assert svd < ppmi
    assert svd_inside > ppmi_inside


def test_figure_of_the_chapter(chapter, text):
    assert "*Cat* and *dog* never stand next to each other in the text below" in text
    cat, dog, book = chapter.generated_vocabulary.encode(("cat", "dog", "book"))
    assert chapter.C[cat, dog] == 0
    assert chapter.cosine(chapter.company[cat], chapter.company[dog]) > 0.9
    assert abs(chapter.cosine(chapter.company[cat], chapter.company[book])) < 0.2


@pytest.mark.parametrize("seed", [1, 2])
def test_other_texts_give_the_same_picture(chapter, seed):
    """What the text says about counts, PPMI and the SVD, for two more texts."""
    words = chapter.examples.generate_text(np.random.default_rng(seed), 1000)
    vocabulary = Vocabulary.build(words, specials=())
    C = chapter.cooccurrence(vocabulary.encode(words), len(vocabulary), window=2)
    M = chapter.ppmi(C)
    U = chapter.counting.svd_vectors(M, 8)
    cat, dog, book = vocabulary.encode(("cat", "dog", "book"))
    assert chapter.cosine(C[cat], C[dog]) > chapter.cosine(C[cat], C[book]) > 0.8
    assert chapter.cosine(M[cat], M[dog]) > 0.8 > 0.1 > chapter.cosine(M[cat], M[book])
    assert chapter.cosine(U[cat], U[dog]) > 0.9
    assert ((M - U @ (U.T @ M)) ** 2).sum() < (M**2).sum() / 7


def test_answers_to_the_questions(chapter, text):
    text = text.replace("> ", "")  # of the quoted lines
    assert "Into five: the apostrophe" in text
    assert chapter.words_and_marks("Don't stop.") == ["don", "'", "t", "stop", "."]
    assert "3200$ positions, and only 410 of them are tokens" in text
    lengths = np.array([10] * 31 + [100])
    assert chapter.padded_share(lengths, [np.arange(32)]) == pytest.approx(7 / 8, abs=0.01) == 1 - 410 / 3200
    assert "15 persons, 12 places, 18 things and 10 verbs" in text
    lists = chapter.examples.PEOPLE, chapter.examples.PLACES, chapter.examples.THINGS, chapter.examples.STEMS
    assert tuple(map(len, lists)) == (15, 12, 18, 10)
    assert "seventh of the squared sum, as you will see" in text
    assert chapter.errors[8] < 1 / 7
    assert "To *dog*, but only just: both cosines are near 1" in text


def test_coffee(text):
    assert "let `coffee` have 100 neighbours, `the` 6000 and `cup` 80" in text
    the, cup = np.log2(12 * 100_000 / (100 * 6000)), np.log2(8 * 100_000 / (100 * 80))
    assert f"PMI gives {the:.2f} to `the` and {cup:.2f} to `cup`" in text


def test_eight_patterns_are_nearly_all(chapter, text):
    assert "Eight numbers for each word" in text
    assert chapter.U.shape[1] == 8
    assert chapter.errors[-1] < 0.15
    assert abs(chapter.U.T @ chapter.U - np.eye(8)).max() < 1e-8


def test_singular_vectors(chapter, text):
    assert "So (11) gives $M^T u_j = s_j v_j$ and $M v_j = s_j u_j$" in text
    M, U, s = chapter.M, chapter.U, chapter.s
    V = M.T @ U / s
    assert abs(V.T @ V - np.eye(8)).max() < 1e-6
    assert abs(M @ V - s * U).max() < 1e-2
    assert "their sum is $U_k (U_k^T M)$" in text
    exact = np.linalg.svd(M)
    assert abs(chapter.first_terms(3) - exact[0][:, :3] * exact[1][:3] @ exact[2][:3]).max() < 1e-6


def test_nearest_words_of_the_manual(chapter, text):
    assert "the nearest words are of the same field, as `false` is for `true`" in text
    vocabulary = Vocabulary.build(chapter.corpus, specials=("<unk>",), max_size=chapter.V)
    for name in ("PPMI", "SVD"):
        vectors = KeyedVectors(vocabulary.tokens, chapter.tables[name])
        assert vectors.most_similar("true", 1)[0][0] == "false"


def test_syllables(chapter, text):
    assert "There are 19 initials, 21 vowels, and 28 finals" in text
    assert (len(chapter.INITIALS), len(chapter.VOWELS), len(chapter.FINALS)) == (19, 21, 28)
    for syllable in "각힣뷁":
        letters = unicodedata.normalize("NFD", syllable)
        initial, vowel, final = chapter.take_apart(syllable)
        assert [ord(letter) for letter in letters] == [0x1100 + initial, 0x1161 + vowel, 0x11A7 + final]
    assert chapter.examples.with_particle("학생", "은/는") == "학생은"
    assert chapter.examples.with_particle("친구", "은/는") == "친구는"


def test_eojeol_are_a_product(chapter, text):
    assert "the number of eojeol is a product; the number of syllables is hardly more than a sum" in text
    eojeol, syllables, letters = (counts[-1] for counts in chapter.distinct.values())
    assert eojeol > 2 * syllables
    assert letters < syllables
    assert "The letters stop first" in text
    late = {name: counts[-1] / counts[3] for name, counts in chapter.distinct.items()}  # after 1000 and after 30 sentences
    assert late["letters"] <= late["syllables"] < late["eojeol"]


def test_reviews_in_another_spelling(chapter, text):
    assert "the results are no better than tossing a coin" in text
    assert chapter.accuracies[0] == 1
    assert abs(chapter.accuracies[-1] - 0.5) < 0.06
    assert (np.diff(chapter.accuracies) <= 0).all()
    assert "In form D every word is unknown, so the scores add up to 0 and every review is classified as good" in text
    assert chapter.accuracies[-1] == chapter.good.mean()
    assert (chapter.unknown_shares[0], chapter.unknown_shares[-1]) == (0, 1)
    assert (chapter.share, chapter.unknown) == (1, 0)


def test_strongest_pairs_are_accidents(chapter, text):
    assert "the strongest pairs are those that met least" in text
    assert chapter.examples.strongest_pairs(chapter.sequence, 1)[2][:6].max() <= 3
    assert "the strongest pairs met many times" in text
    assert chapter.examples.strongest_pairs(chapter.sequence, 20)[2][:6].min() >= 5
