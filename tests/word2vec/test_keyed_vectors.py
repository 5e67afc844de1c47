"""Nearest words, analogies, the odd one out: computed by hand, and properties that hold for any vectors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from scratchnn.errors import DataError, ShapeError
from scratchnn.word2vec import KeyedVectors
from scratchnn.word2vec.keyed_vectors import EPSILON, closest_spellings

COMPASS = KeyedVectors(
    ["east", "north", "west", "northeast"], np.array([[2, 0], [0, 3], [-1, 0], [5, 5]], dtype=np.float32)
)


def random_vectors(V, D, seed):
    rng = np.random.default_rng(seed)
    return KeyedVectors([f"w{k}" for k in range(V)], rng.standard_normal((V, D)).astype(np.float32))


def test_look_up():
    assert len(COMPASS) == 4
    assert "west" in COMPASS
    assert "West" not in COMPASS
    assert COMPASS["north"].tolist() == [0, 3]
    assert COMPASS.similarity("east", "west") == -1
    assert COMPASS.similarity("east", "northeast") == pytest.approx(0.5**0.5)


def test_nearest_by_hand():
    found = COMPASS.most_similar("east")
    assert [word for word, _ in found] == ["northeast", "north", "west"]
    assert [score for _, score in found] == pytest.approx([0.5**0.5, 0, -1], abs=1e-7)
    assert COMPASS.most_similar(np.array([0.0, -7.0]), count=2) == [("east", 0.0), ("west", 0.0)]


def test_analogy_by_hand():
    """u_north - u_east + u_west = (-2, 1): no word but northeast is left, at cosine -1 / sqrt(10)."""
    [(word, score)] = COMPASS.analogy("east", "north", "west")
    assert word == "northeast"
    assert score == pytest.approx(-(0.1**0.5))
    [(word, score)] = COMPASS.analogy("east", "north", "west", method="mul")
    s = (1 + 0.5**0.5) / 2  # of northeast with north and with east; with west it is 1 - s
    assert score == pytest.approx(s * (1 - s) / (s + EPSILON))


def test_add_and_multiply_differ():
    """The observation of Levy and Goldberg: one large cosine dominates the sum (3), but not the product (4).

    With a, b, c the third, first and second axis, (3) ranks by x1 + x2 - x3 and (4) by (1 + x1)(1 + x2) / (1 + x3).
    """
    table = np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0], [0.9, -0.9, 0], [0.3, 0.3, 0.9]], dtype=np.float32)
    vectors = KeyedVectors(["a", "b", "c", "one", "both"], table)
    assert [word for word, _ in vectors.analogy("a", "b", "c")] == ["one", "both"]  # 0 against -0.30
    assert [word for word, _ in vectors.analogy("a", "b", "c", method="mul")] == ["both", "one"]  # 0.89 against 0.50


def test_odd_one_out():
    assert COMPASS.odd_one_out(["east", "north", "northeast", "west"]) == "west"
    with pytest.raises(DataError, match="three words or more, got 2"):
        COMPASS.odd_one_out(["east", "north"])


@given(st.integers(5, 60), st.integers(1, 8), st.integers(0, 2**31), st.integers(1, 70), st.data())
@settings(max_examples=40, deadline=None)
def test_nearest_equals_sorting_everything(V, D, seed, count, data):
    """Few distinct coordinates on the axes, so that there are many exact ties."""
    rng = np.random.default_rng(seed)
    table = np.zeros((V, D), dtype=np.float32)
    table[np.arange(V), rng.integers(0, D, V)] = rng.choice([-2, -1, 1, 4], V)
    vectors = KeyedVectors([f"w{k}" for k in range(V)], table)
    row = data.draw(st.integers(0, V - 1))
    cosines = np.sign(table) @ np.sign(table[row])
    expected = sorted((k for k in range(V) if k != row), key=lambda k: (-cosines[k], k))[:count]
    assert vectors.most_similar(f"w{row}", count) == [(f"w{k}", float(cosines[k])) for k in expected]


@given(st.integers(4, 50), st.integers(2, 8), st.integers(0, 2**31), st.sampled_from(["add", "mul"]))
@settings(max_examples=30, deadline=None)
def test_analogy_equals_the_formula(V, D, seed, method):
    vectors = random_vectors(V, D, seed)
    unit = vectors.vectors / np.linalg.norm(vectors.vectors.astype(np.float64), axis=1, keepdims=True)
    a, b, c = unit[:3]
    if method == "add":
        target = b - a + c
        assume(np.linalg.norm(target) > 0.05)  # otherwise rounding errors decide
        scores = unit @ target / np.linalg.norm(target)
    else:
        scores = (1 + unit @ b) * (1 + unit @ c) / 2 / (1 + unit @ a + 2 * EPSILON)
    found = dict(vectors.analogy("w0", "w1", "w2", V, method))
    assert set(found) == set(vectors.words[3:])
    assert list(found.values()) == sorted(found.values(), reverse=True)
    for k in range(3, V):
        assert found[f"w{k}"] == pytest.approx(scores[k], rel=1e-4, abs=1e-5)


def test_lengths_do_not_matter_and_do_not_overflow():
    """Squares of 1e30 are beyond float32."""
    plain = random_vectors(20, 5, 1)
    scale = np.float32(10.0) ** np.random.default_rng(2).integers(-20, 30, (20, 1)).astype(np.float32)
    scaled = KeyedVectors(plain.words, plain.vectors * scale)
    np.testing.assert_allclose(scaled.unit, plain.unit, rtol=1e-5)
    assert [word for word, _ in scaled.most_similar("w3")] == [word for word, _ in plain.most_similar("w3")]


def test_zero_vectors():
    vectors = KeyedVectors(["zero", "a", "b"], np.array([[0, 0], [1, 0], [0, 1]], dtype=np.float32))
    assert dict(vectors.most_similar("a")) == {"zero": 0, "b": 0}
    with pytest.raises(DataError, match="the vector of 'zero' is zero"):
        vectors.most_similar("zero")
    with pytest.raises(DataError, match=r"b - b \+ zero is zero"):
        vectors.analogy("b", "b", "zero")


@pytest.mark.parametrize(
    ("word", "offered"),
    [("northeats", ["northeast"]), ("WEST", ["west", "east"]), ("Nroth", ["north"])],
)
def test_unknown_word_offers_spellings(word, offered):
    for call in (COMPASS.__getitem__, COMPASS.most_similar, lambda w: COMPASS.analogy("east", w, "west")):
        with pytest.raises(DataError) as error:
            call(word)
        message = str(error.value)
        assert "\n" not in message
        assert message.startswith(f"{word!r} is not among the 4 words; closest spellings: {offered[0]}")
        assert all(other in message for other in offered)


def test_an_unknown_word_unlike_all_others():
    with pytest.raises(DataError, match="no word is spelled similarly"):
        COMPASS["zzzz"]


def test_case_variants_come_first():
    words = ["apples", "apple", "Paris", "APPLE", "pple", "paris"]
    assert closest_spellings("Apple", words)[0] == "apple"
    assert closest_spellings("PARIS", words)[0] == "Paris"


@pytest.mark.parametrize("shape", [(3, 2), (4,), (4, 0)])
def test_wrong_shapes(shape):
    with pytest.raises(ShapeError, match="4 words"):
        KeyedVectors(list("abcd"), np.zeros(shape, dtype=np.float32))


def test_bad_values():
    table = np.ones((3, 2), dtype=np.float32)
    with pytest.raises(DataError, match="'a' occurs more than once"):
        KeyedVectors(["a", "b", "a"], table)
    table[1, 1] = np.nan
    with pytest.raises(DataError, match=r"'b' \(row 1\) contains NaN or infinity"):
        KeyedVectors(["a", "b", "c"], table)
    with pytest.raises(ShapeError, match=r"\(3,\)"):
        COMPASS.most_similar(np.ones(3))
    with pytest.raises(DataError, match="zero or not finite"):
        COMPASS.most_similar(np.array([np.nan, 1]))
    with pytest.raises(DataError, match="count"):
        COMPASS.most_similar("east", count=0)
    with pytest.raises(DataError, match="unknown method 'sub'"):
        COMPASS.analogy("east", "north", "west", method="sub")


def test_vectors_are_read_only_and_the_callers_array_is_not():
    table = np.ones((2, 2), dtype=np.float32)
    vectors = KeyedVectors(["a", "b"], table)
    for array in (vectors.vectors, vectors.unit, vectors["a"]):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 5
    table[0, 0] = 3  # the caller can still change it
    assert vectors.unit is vectors.unit  # computed once
