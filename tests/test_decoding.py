"""From logits to tokens: sets worked out by hand, draws counted, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.decoding import generate, token_probabilities
from scratchnn.errors import DataError, NonFiniteError, ShapeError
from scratchnn.functions import softmax
from scratchnn.models.language_model import LanguageModel

P = np.array([0.0625, 0.5, 0.125, 0.25, 0.0625])  # sums of these are exact
LOGITS = np.log(P)
logit_vectors = st.lists(st.floats(-50, 50), min_size=1, max_size=12).map(np.array)


def kept(**options):
    """The tokens that can be drawn, and their probabilities."""
    p = token_probabilities(LOGITS, **options)
    return {k: value for k, value in enumerate(p.tolist()) if value}


# --- the distribution ------------------------------------------------------------------------------------------------


def test_temperature_one_is_the_softmax():
    np.testing.assert_allclose(token_probabilities(LOGITS), P, rtol=1e-12)


def test_temperature_by_hand():
    """Temperature 1/2 squares the probabilities, 2 takes their roots; then they are scaled to sum to 1."""
    np.testing.assert_allclose(token_probabilities(LOGITS, 0.5), P**2 / (P**2).sum(), rtol=1e-12)
    np.testing.assert_allclose(token_probabilities(LOGITS, 2.0), P**0.5 / (P**0.5).sum(), rtol=1e-12)


def test_temperature_zero_is_the_most_probable_token_and_the_first_of_equal_ones():
    assert token_probabilities(LOGITS, 0).tolist() == [0, 1, 0, 0, 0]
    assert token_probabilities(np.array([1.0, 3.0, 3.0, 2.0]), 0.0).tolist() == [0, 1, 0, 0]
    assert token_probabilities(np.array([1.0, -np.inf]), 0.0).tolist() == [1, 0]


@pytest.mark.parametrize("temperature", [1e-320, 1e-300, 1e-5])
def test_a_tiny_temperature_is_nearly_greedy_and_does_not_overflow(temperature):
    with np.errstate(all="raise", under="ignore"):
        assert token_probabilities(np.array([5.0, 300.0, -np.inf]), temperature).tolist() == [0, 1, 0]
        assert token_probabilities(np.array([3.0, 3.0, 1.0]), temperature).tolist() == [0.5, 0.5, 0]


def test_a_huge_temperature_is_nearly_uniform():
    np.testing.assert_allclose(token_probabilities(LOGITS, 1e9), 0.2, rtol=1e-6)


@pytest.mark.parametrize(
    ("k", "expected"),
    [
        (1, {1: 1.0}),
        (2, {1: 2 / 3, 3: 1 / 3}),
        (3, {1: 4 / 7, 2: 1 / 7, 3: 2 / 7}),
        (4, {0: 1 / 15, 1: 8 / 15, 2: 2 / 15, 3: 4 / 15}),  # tokens 0 and 4 are equal: the lower id is kept
        (5, dict(enumerate(P))),
        (99, dict(enumerate(P))),
    ],
)
def test_top_k_by_hand(k, expected):
    assert kept(top_k=k) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("top_p", "tokens"),
    [
        (0.01, [1]),
        (0.5, [1]),  # exactly enough
        (0.51, [1, 3]),
        (0.75, [1, 3]),
        (0.76, [1, 2, 3]),
        (0.875, [1, 2, 3]),
        (0.9, [0, 1, 2, 3]),
        (0.95, [0, 1, 2, 3, 4]),
        (1.0, [0, 1, 2, 3, 4]),
    ],
)
def test_nucleus_by_hand(top_p, tokens):
    """The smallest set with at least ``top_p``; powers of two have exact sums."""
    logits = LOGITS.copy()
    p = token_probabilities(logits, top_p=top_p)
    assert np.flatnonzero(p).tolist() == tokens
    np.testing.assert_allclose(p[tokens], P[tokens] / P[tokens].sum(), rtol=1e-12)
    np.testing.assert_array_equal(logits, LOGITS)  # inputs are not changed


def test_top_k_comes_before_the_nucleus_and_temperature_before_both():
    """After top-k 2 the best token has probability 2/3, so a nucleus of 0.6 contains only it; among all five it has 1/2."""
    assert list(kept(top_k=2, top_p=0.6)) == [1]
    assert list(kept(top_p=0.6)) == [1, 3]
    assert list(kept(temperature=0.5, top_p=0.7)) == [1]
    assert list(kept(temperature=2.0, top_p=0.5)) == [1, 3]


def test_equal_tokens_are_kept_by_id():
    p = token_probabilities(np.zeros(6), top_k=3)
    assert p.tolist() == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0, 0, 0])
    p = token_probabilities(np.zeros(4), top_p=0.5)
    assert p.tolist() == [0.5, 0.5, 0, 0]


@given(
    logit_vectors,
    st.floats(0, 5) | st.just(0.0),
    st.none() | st.integers(1, 15),
    st.none() | st.floats(0.001, 1.0),
)
@settings(max_examples=100, deadline=None)
def test_probabilities_are_probabilities_and_keep_their_order(logits, temperature, top_k, top_p):
    p = token_probabilities(logits.astype("float32"), temperature, top_k, top_p)
    assert p.dtype == np.float64
    assert p.shape == logits.shape
    assert p.min() >= 0
    assert p.sum() == pytest.approx(1, abs=1e-12)
    assert np.count_nonzero(p) <= (top_k or len(p))
    order = np.argsort(-logits.astype("float32"), kind="stable")
    assert (np.diff(p[order]) <= 1e-15).all()  # a more probable token is never less probable afterwards
    if top_p is not None and temperature > 0.1:
        full = softmax(logits.astype("float32").astype("float64") / temperature)
        if top_k is None:
            assert full[p > 0].sum() >= top_p - 1e-9
            smaller = full[order][: np.count_nonzero(p) - 1]
            assert smaller.sum() < top_p + 1e-9  # the smallest such set


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": -0.1}, "temperature must be 0 or more and finite, got -0.1"),
        ({"temperature": np.nan}, "temperature must be 0 or more and finite, got nan"),
        ({"temperature": np.inf}, "temperature must be 0 or more and finite, got inf"),
        ({"top_k": 0}, "top-k must be a whole number of 1 or more, got 0"),
        ({"top_k": 2.5}, "top-k must be a whole number of 1 or more, got 2.5"),
        ({"top_p": 0.0}, "top-p must be above 0 and at most 1, got 0.0"),
        ({"top_p": 1.01}, "top-p must be above 0 and at most 1, got 1.01"),
        ({"top_p": np.nan}, "top-p must be above 0 and at most 1, got nan"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(DataError, match=message):
        token_probabilities(LOGITS, **options)


@pytest.mark.parametrize("logits", [[1.0, np.nan], [np.inf, 1.0], [-np.inf, -np.inf]])
def test_logits_that_allow_no_draw(logits):
    with pytest.raises(NonFiniteError, match="no token can be drawn: the logits are NaN or infinite"):
        token_probabilities(np.array(logits))


# --- drawing ---------------------------------------------------------------------------------------------------------


def fixed_model(probabilities):
    """A model whose next token has the given probabilities, whatever the prompt."""
    V = len(probabilities)
    model = LanguageModel(V, embedding_size=2, hidden_size=2, rng=np.random.default_rng(0))
    model.output.W.data[:] = 0
    model.output.b.data[:] = np.log(probabilities)
    return model


def counted(count, **options):
    draws = generate(fixed_model(P).step, [0], count, np.random.default_rng(1), **options)
    return np.bincount(draws, minlength=len(P))


def chi_squared(counts, p):
    """Sum of (found - expected)^2 / expected over possible tokens; impossible ones must not occur."""
    assert counts[p == 0].sum() == 0
    expected = counts.sum() * p[p > 0]
    return ((counts[p > 0] - expected) ** 2 / expected).sum()


@pytest.mark.parametrize(
    ("options", "p"),
    [
        ({}, P),
        ({"temperature": 0.5}, P**2 / (P**2).sum()),
        ({"top_k": 3}, np.array([0, 4, 1, 2, 0]) / 7),
        ({"top_p": 0.75}, np.array([0, 2, 0, 1, 0]) / 3),
    ],
)
def test_draws_are_as_frequent_as_they_should_be(options, p):
    """Chi-squared with at most 4 degrees of freedom exceeds 18.5 once in a thousand times; the seed is fixed."""
    assert chi_squared(counted(2000, **options), p) < 18.5


def test_wrong_frequencies_would_be_noticed():
    assert chi_squared(counted(2000), (P + 0.1) / 1.5) > 100


def test_tokens_to_avoid_are_never_drawn_and_the_others_share_their_probability():
    counts = counted(2000, avoid=[1, 4])
    assert chi_squared(counts, np.array([1, 0, 2, 4, 0]) / 7) < 18.5
    assert generate(fixed_model(P).step, [0], 5, np.random.default_rng(0), temperature=0, avoid=[1]) == [3] * 5


def lively_model(**options):
    """A model whose logits depend strongly on what came before."""
    model = LanguageModel(9, embedding_size=6, hidden_size=6, rng=np.random.default_rng(5), **options)
    for parameter in model.parameters():
        parameter.data = parameter.data * 5
    return model


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_greedy_is_the_best_token_after_all_that_came_before(cell):
    """Equal to running the whole sequence again for every token."""
    model = lively_model(cell=cell, layers=2, dropout=0.5)
    found = generate(model.step, [3, 1], 12, np.random.default_rng(0), temperature=0)
    model.evaluate()
    expected = [3, 1]
    for _ in range(12):
        logits, _ = model.forward(np.array([expected]))
        expected.append(int(logits[0, -1].argmax()))
    assert found == expected[2:]
    assert len(set(found)) > 1


def test_the_same_generator_state_gives_the_same_draws():
    model = lively_model()
    first, second, third = (generate(model.step, [0], 50, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first == second != third
    assert all(isinstance(token, int) and 0 <= token < 9 for token in first)
    assert generate(model.step, [0], 0, np.random.default_rng(0)) == []


@pytest.mark.parametrize("training", [True, False])
def test_the_model_is_left_in_its_mode_and_without_caches(training):
    model = lively_model(dropout=0.5).train(training)
    generate(model.step, np.array([1]), 3, np.random.default_rng(0))
    assert all(layer.training == training for _, layer in model.named_layers())
    with pytest.raises(DataError, match="temperature"):
        generate(model.step, [1], 3, np.random.default_rng(0), temperature=-1)
    assert all(layer.training == training for _, layer in model.named_layers())
    assert model.pending() == 0


@pytest.mark.parametrize(
    ("prompt", "options", "error", "message"),
    [
        ([], {}, DataError, "the prompt is empty; give at least one token to start from"),
        ([0, 9], {}, DataError, r"Embedding: id 9 is out of range 0 \.\. 8"),
        ([-1], {}, DataError, r"Embedding: id -1 is out of range 0 \.\. 8"),
        ([0.5], {}, ShapeError, "Embedding: ids must be integers, got dtype float64"),
        ([0], {"avoid": range(9)}, DataError, "there is no token left to draw"),
        ([0], {"avoid": [-1]}, DataError, r"generate: avoid: id -1 is out of range 0 \.\. "),
    ],
)
def test_bad_prompts(prompt, options, error, message):
    with pytest.raises(error, match=message):
        generate(lively_model().step, prompt, 3, np.random.default_rng(0), **options)
