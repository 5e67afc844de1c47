"""KeyedVectors, files and benchmarks against gensim's."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from scratchnn.word2vec import (
    KeyedVectors,
    evaluate_analogies,
    evaluate_similarity,
    keyed_vectors,
    read_vectors,
    write_vectors,
)

gensim_models = pytest.importorskip("gensim.models", reason="needs gensim")
Theirs = gensim_models.KeyedVectors

pytestmark = pytest.mark.parity

DATA = Path(os.environ.get("SCRATCHNN_DATA", ""))
needs_data = pytest.mark.skipif(
    not (DATA / "glove").is_dir() or not (DATA / "wordsim").is_dir(), reason="needs glove and wordsim in $SCRATCHNN_DATA"
)
SIMILARITY = ("EN-WS-353-ALL", "EN-WS-353-SIM", "EN-WS-353-REL", "EN-SIMLEX-999")


def theirs_of(ours):
    """The same words and vectors in gensim's class."""
    theirs = Theirs(ours.vectors.shape[1])
    theirs.add_vectors(ours.words, ours.vectors)
    return theirs


def random_pair(V, D, seed, names="w{}"):
    rng = np.random.default_rng(seed)
    table = (rng.standard_normal((V, D)) * rng.uniform(0.1, 10, (V, 1))).astype(np.float32)
    ours = KeyedVectors([names.format(k) for k in range(V)], table)
    return ours, theirs_of(ours)


def same_ranking(found, expected, tolerance=2e-6):
    """Equal words and scores; words whose scores differ by less than rounding may change places."""
    np.testing.assert_allclose([s for _, s in found], [s for _, s in expected], rtol=tolerance, atol=tolerance)
    scores = dict(expected)
    for place, (word, score) in enumerate(found):
        close = [other for other, s in expected if abs(s - score) <= 4 * tolerance * max(1, abs(score))]
        assert expected[place][0] in close
        assert word in close or word not in scores  # the last place may go to a word that gensim ranks just below


sizes = given(st.integers(12, 200), st.integers(2, 50), st.integers(0, 2**31))


@sizes
@settings(max_examples=30, deadline=None)
def test_queries(V, D, seed):
    ours, theirs = random_pair(V, D, seed)
    rng = np.random.default_rng(seed)
    a, b, *others = (f"w{k}" for k in rng.choice(V, 7, replace=False))
    assert ours.similarity(a, b) == pytest.approx(theirs.similarity(a, b), abs=1e-6)
    same_ranking(ours.most_similar(a), theirs.most_similar(a))
    vector = rng.standard_normal(D).astype(np.float32)
    same_ranking(ours.most_similar(vector, 7), theirs.most_similar(positive=[vector], topn=7))
    same_ranking(ours.most_similar(a, V), theirs.most_similar(a, topn=V))
    ranked = theirs.rank_by_centrality([a, b, *others])
    assume(ranked[-2][0] - ranked[-1][0] > 1e-5)
    assert ours.odd_one_out([a, b, *others]) == theirs.doesnt_match([a, b, *others]) == ranked[-1][1]


@sizes
@settings(max_examples=30, deadline=None)
def test_analogies(V, D, seed):
    ours, theirs = random_pair(V, D, seed)
    a, b, c = (f"w{k}" for k in np.random.default_rng(seed).choice(V, 3, replace=False))
    assume(np.linalg.norm(ours.unit[ours.row(b)] - ours.unit[ours.row(a)] + ours.unit[ours.row(c)]) > 0.05)
    same_ranking(ours.analogy(a, b, c), theirs.most_similar(positive=[b, c], negative=[a]), 1e-5)


@sizes
@settings(max_examples=30, deadline=None)
def test_multiplied_analogies(V, D, seed):
    """With gensim's epsilon; where s(v, a) is as small as that, float32 leaves no digit to compare."""
    ours, theirs = random_pair(V, D, seed)
    a, b, c = (f"w{k}" for k in np.random.default_rng(seed).choice(V, 3, replace=False))
    assume((1 + ours.unit @ ours.unit[ours.row(a)]).min() > 0.02)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keyed_vectors, "EPSILON", 0.000001)
        found = ours.analogy(a, b, c, method="mul")
    same_ranking(found, theirs.most_similar_cosmul(positive=[b, c], negative=[a]), 2e-5)


def same(ours, theirs):
    return ours.words == theirs.index_to_key and ours.vectors.tobytes() == theirs.vectors.tobytes()


FILES = [("text", {}), ("binary", {"binary": True}), ("glove", {"no_header": True})]
UNICODE = ["the", "naïve", "왕", "\N{NO-BREAK SPACE}x\u2028y", "%d", '"', "12", "🙂", "e\u0301", "\ufeffbom"]


def wide_range(words, D, seed):
    rng = np.random.default_rng(seed)
    table = rng.standard_normal((len(words), D)) * 10.0 ** rng.integers(-30, 30, (len(words), D))
    return KeyedVectors(words, table.astype(np.float32))


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize(("format", "options"), FILES)
def test_gensim_opens_our_files(tmp_path, format, options, suffix):
    for words in (UNICODE, [f"w{k}" for k in range(3000)]):  # the second list fills more than one of gensim's blocks
        ours = wide_range(words, 20, 1)
        path = tmp_path / f"ours{suffix}"
        write_vectors(path, ours, format)
        assert same(ours, Theirs.load_word2vec_format(str(path), **options))


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize(("format", "options"), FILES)
def test_we_open_gensims_files(tmp_path, format, options, suffix):
    for words in (UNICODE, [f"w{k}" for k in range(3000)]):
        theirs = theirs_of(wide_range(words, 20, 2))
        path = tmp_path / f"theirs{suffix}"
        theirs.save_word2vec_format(
            str(path), binary=options.get("binary", False), write_header=not options.get("no_header", False)
        )
        assert same(read_vectors(path), theirs)


@pytest.mark.parametrize("seed", range(4))
def test_generated_benchmarks(tmp_path, seed):
    """Spellings that differ by case, words out of the vocabulary, ties in the scores, words beyond the restriction."""
    rng = np.random.default_rng(seed)
    names = [f"{letter}{k}" for k in range(40) for letter in ("w", "W", "x")]
    names = [names[k] for k in rng.permutation(len(names))]
    ours = KeyedVectors(names, rng.standard_normal((len(names), 5)).astype(np.float32))
    theirs = theirs_of(ours)

    def word(numbers=(0, 45)):
        return f"{rng.choice(['w', 'W', 'x', 'X'])}{rng.integers(*numbers)}"

    pairs = (
        tmp_path / "pairs.txt"
    )  # never a word with itself: cosines that are 1 up to rounding would be ranked by rounding
    pairs.write_text("".join(f"{word((0, 20))}\t{word((20, 45))}\t{rng.integers(10)}\n" for _ in range(200)))
    questions = tmp_path / "questions.txt"
    lines = [f"{word()} {word()} {word()} {word()}\n" for _ in range(1200)]
    questions.write_text(": first\n" + "".join(lines[:700]) + ": second\n" + "".join(lines[700:]))
    for restrict in (100, 300_000):
        same_similarity(ours, theirs, pairs, restrict)
        same_analogies(ours, theirs, questions, restrict)


def same_similarity(ours, theirs, path, restrict):
    result = evaluate_similarity(ours, path, restrict)
    _, expected, percent_unknown = theirs.evaluate_word_pairs(str(path), restrict_vocab=restrict)
    assert result.rho == pytest.approx(expected.statistic, abs=1e-4)  # rounding may swap two neighbouring ranks
    assert 100 * (1 - result.covered / result.total) == pytest.approx(percent_unknown)


def same_analogies(ours, theirs, path, restrict):
    _, expected = theirs.evaluate_word_analogies(str(path), restrict_vocab=restrict)
    results = evaluate_analogies(ours, path, restrict)
    assert [result.name for result in results] == [section["section"] for section in expected[:-1]]
    for result, section in zip(results, expected, strict=False):
        assert result.correct == len(section["correct"])
        assert result.covered == len(section["correct"]) + len(section["incorrect"])
    return sum(result.correct for result in results), sum(result.covered for result in results)


@needs_data
def test_real_benchmarks():
    path = DATA / "glove" / "glove.6B.50d.subset.txt.gz"
    ours = read_vectors(path)
    theirs = Theirs.load_word2vec_format(str(path), no_header=True)
    assert same(ours, theirs)
    for name in SIMILARITY:
        same_similarity(ours, theirs, DATA / "wordsim" / f"{name}.txt", 300_000)
    correct, covered = same_analogies(ours, theirs, DATA / "wordsim" / "questions-words.txt.gz", 300_000)
    assert 1000 < correct < covered
    for word in ("king", "france", "computer"):
        same_ranking(ours.most_similar(word), theirs.most_similar(word))
