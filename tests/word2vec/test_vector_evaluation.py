"""Word similarity and analogy benchmarks: by hand, against slow versions, and on the real files if they exist."""

from __future__ import annotations

import gzip
import math
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.errors import DataError
from scratchnn.word2vec import KeyedVectors, evaluate_analogies, evaluate_similarity, evaluation, read_vectors
from scratchnn.word2vec.evaluation import AnalogyResult, ranks, read_pairs, read_questions, spearman, totals

DATA = Path(os.environ.get("SCRATCHNN_DATA", ""))
needs_data = pytest.mark.skipif(
    not (DATA / "glove").is_dir() or not (DATA / "wordsim").is_dir(), reason="needs glove and wordsim in $SCRATCHNN_DATA"
)


@pytest.fixture
def file(tmp_path):
    """Write a file with the given text."""

    def make(text, name="benchmark.txt"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return make


# --- rank correlation ------------------------------------------------------------------------------------------------


def test_ranks_by_hand():
    assert ranks(np.array([30, 10, 20, 20])).tolist() == [4, 1, 2.5, 2.5]


def test_spearman_by_hand():
    """Without ties 1 - 6 sum d^2 / (n (n^2 - 1)): here d = 1, 1, 0, so 1 - 12 / 24."""
    assert spearman(np.array([1.0, 2, 3]), np.array([20, 10, 3000])) == pytest.approx(0.5)
    assert spearman(np.array([1.0, 2, 3]), np.array([1, 8, 27])) == pytest.approx(1)
    assert spearman(np.array([1.0, 2, 2]), np.array([5, 4, 4])) == pytest.approx(-1)
    for x, y in ([], []), ([1], [2]), ([1, 1], [1, 2]):
        assert math.isnan(spearman(np.array(x), np.array(y)))


@given(st.integers(3, 40), st.integers(2, 30), st.integers(0, 2**31))
@settings(max_examples=40, deadline=None)
def test_spearman_equals_scipy(P, distinct, seed):
    """Few distinct values, so that there are ties."""
    stats = pytest.importorskip("scipy.stats", reason="needs SciPy")
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, distinct, (2, P)).astype(float)
    if np.ptp(x) and np.ptp(y):
        assert spearman(x, y) == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)


# --- similarity ------------------------------------------------------------------------------------------------------

FANS = KeyedVectors(["a", "b", "c", "d"], np.array([[1, 0], [3, 1], [1, 1], [0, 2]], dtype=np.float32))  # turning left


def test_similarity_by_hand(file):
    result = evaluate_similarity(FANS, file("a\tb\t9\na\tc\t7\na\td\t8\nx\ta\t1\n", "ws.txt"))
    assert (result.name, result.covered, result.total) == ("ws.txt", 3, 4)
    assert result.rho == pytest.approx(0.5)  # cosines fall from b to d, scores are 9, 7, 8


def test_no_pair_covered(file):
    result = evaluate_similarity(FANS, file("x y 1\n"))
    assert (result.covered, result.total) == (0, 1)
    assert math.isnan(result.rho)


def test_case_and_restriction(file):
    """A word means its first spelling; words beyond ``restrict`` are not used."""
    vectors = KeyedVectors(["B", "a", "A", "b"], np.array([[1, 0], [1, 1], [0, 1], [-1, 0]], dtype=np.float32))
    path = file("A b 1\na B 2\na a 3\n")
    assert evaluate_similarity(vectors, path).rho == pytest.approx(math.sqrt(3) / 2)  # cosines 0.7, 0.7, 1
    assert evaluate_similarity(vectors, path, restrict=1).covered == 0
    with pytest.raises(DataError, match="restrict"):
        evaluate_similarity(vectors, path, restrict=0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b 1\nc\td\t2.5\n", [("a", "b", 1), ("c", "d", 2.5)]),
        ("# comment\r\n\r\nNew York\tLondon\t1\r\n", [("New York", "London", 1)]),
        ("Word 1\tWord 2\tHuman (mean)\na\tb\t1e1\n", [("a", "b", 10)]),
        ("word1\tword2\tPOS\tSimLex999\tx\nold\tnew\tA\t1.58\t2.72\n", [("old", "new", 1.58)]),
    ],
)
def test_pairs(file, text, expected):
    assert read_pairs(file(text)) == expected


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "contains no pairs"),
        ("word1 word2 score\n", "contains no pairs"),
        ("a b 1\na b\n", "line 2: expected two words and a score, got 'a b'"),
        ("a b 1\n\na b c\n", "line 3: the score 'c' is not a number"),
        ("a b 1\na b nan\n", "line 2: the score 'nan' is not finite"),
    ],
)
def test_bad_pairs(file, text, complaint):
    with pytest.raises(DataError, match=r"benchmark\.txt") as error:
        read_pairs(file(text))
    assert complaint in str(error.value)
    assert "\n" not in str(error.value)


# --- analogies -------------------------------------------------------------------------------------------------------


def test_analogies_by_hand(file):
    """Capitals are one step above their countries, plurals one step to the right."""
    places = {"paris": (9, 1), "france": (9, 0), "rome": (0, 10), "italy": (0, 9), "cat": (5, 5), "cats": (6, 5)}
    vectors = KeyedVectors(list(places), np.array([*places.values()], dtype=np.float32))
    path = file(
        "// copyright\n: capitals\nFrance Paris Italy Rome\nItaly Rome France Paris\nItaly Rome Spain Madrid\n\n"
        ": gram-plural\ncat cats cat cats\ndog dogs cat cats\n: empty\n"
    )
    results = evaluate_analogies(vectors, path)
    assert results == [
        AnalogyResult("capitals", 2, 2, 3),
        AnalogyResult("gram-plural", 0, 1, 2),  # the answer is one of the given words, which are excluded
        AnalogyResult("empty", 0, 0, 0),
    ]
    assert totals(results) == [
        AnalogyResult("semantic", 2, 2, 3),
        AnalogyResult("syntactic", 0, 1, 2),
        AnalogyResult("total", 2, 3, 5),
    ]
    assert totals(results)[2].accuracy == pytest.approx(2 / 3)
    assert math.isnan(results[2].accuracy)


def slow_analogies(vectors, questions, restrict):
    """One question at a time, through ``KeyedVectors.analogy``: the first answer whose spelling was not given."""
    kept = KeyedVectors(vectors.words[:restrict], vectors.vectors[:restrict])
    spelled = {word.upper(): word for word in reversed(kept.words)}
    correct = covered = 0
    for question in questions:
        if all(word in spelled for word in question):
            covered += 1
            *given, expected = (spelled[word] for word in question)
            answers = (word.upper() for word, _ in kept.analogy(*given, count=len(kept)))
            correct += next((word for word in answers if word not in question[:3]), None) == expected.upper()
    return correct, covered


@given(st.integers(0, 2**31), st.integers(8, 40), st.booleans(), st.integers(1, 300))
@settings(max_examples=30, deadline=None)
def test_batches_equal_one_at_a_time(tmp_path_factory, seed, V, cased, scores):
    """For any block size, with and without spellings that differ only in case."""
    rng = np.random.default_rng(seed)
    names = [f"w{k}" for k in range(V)]
    if cased:
        names[V // 2 :] = [f"W{k}" for k in range(V - V // 2)]
    order = rng.permutation(V)
    table = rng.standard_normal((V, 3)).astype(np.float32)
    vectors = KeyedVectors([names[k] for k in order], table)
    questions = [[f"W{k}" for k in rng.choice(V, 4, replace=False)] for _ in range(25)]
    text = ": one\n" + "\n".join(" ".join(question) for question in questions)
    path = tmp_path_factory.mktemp("questions") / "q.txt"
    path.write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "SCORES", scores)
        [result] = evaluate_analogies(vectors, path, restrict=V - 3)
    assert (result.correct, result.covered) == slow_analogies(vectors, questions, V - 3)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "contains no analogy questions"),
        (": only a section\n", "contains no analogy questions"),
        ("a b c d\n", "line 1: a question before the first section"),
        (": s\n\na b c\n", "line 3: expected four words, got 'a b c'"),
        (": s\na b c d e\n", "line 2: expected four words"),
    ],
)
def test_bad_questions(file, text, complaint):
    with pytest.raises(DataError, match=r"benchmark\.txt") as error:
        read_questions(file(text))
    assert complaint in str(error.value)


def test_packed_questions(tmp_path):
    (tmp_path / "q.gz").write_bytes(gzip.compress(b": s\na b c d\n"))
    assert read_questions(tmp_path / "q.gz") == {"s": [["A", "B", "C", "D"]]}


@needs_data
def test_real_benchmarks():
    """Scores of the 7,844-word GloVe subset, equal to those of gensim (see the parity tests)."""
    vectors = read_vectors(DATA / "glove" / "glove.6B.50d.subset.txt.gz")
    result = evaluate_similarity(vectors, DATA / "wordsim" / "EN-WS-353-ALL.txt")
    assert (result.covered, result.total) == (189, 353)
    assert result.rho == pytest.approx(0.5601, abs=2e-4)
    sections = evaluate_analogies(vectors, DATA / "wordsim" / "questions-words.txt.gz")
    assert len(sections) == 14
    semantic, syntactic, total = totals(sections)
    assert (semantic.total, syntactic.total, total.total) == (8869, 10675, 19544)
    assert (total.covered, semantic.covered) == (2274, 601)
    assert total.accuracy == pytest.approx(0.5849, abs=0.002)


@pytest.mark.parametrize("name", ["combined.csv", "combined.txt"])
def test_pairs_separated_by_commas(tmp_path, name):
    """WordSim-353 as it is published, and a phrase with a space."""
    path = tmp_path / name
    path.write_text("Word 1,Word 2,Human (mean)\nlove,sex,6.77\nnew york, city ,7.35\n", encoding="utf-8")
    assert read_pairs(path) == [("love", "sex", 6.77), ("new york", "city", 7.35)]
    path.write_text(", . 3.5\n", encoding="utf-8")
    assert read_pairs(path) == [(",", ".", 3.5)]


def test_words_of_a_benchmark_in_another_unicode_form(tmp_path):
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    vectors = KeyedVectors(["a", composed, "b"], np.array([[1, 0], [1, 1], [0, 1]]))
    (tmp_path / "pairs.txt").write_text(f"a\t{decomposed}\t1\nB\t{composed}\t2\n", encoding="utf-8")
    result = evaluate_similarity(vectors, tmp_path / "pairs.txt")
    assert (result.covered, result.total) == (2, 2)
