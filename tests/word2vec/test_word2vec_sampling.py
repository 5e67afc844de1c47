"""The random choices of word2vec have the frequencies of the formulas: chi-squared tests with a fixed seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.errors import DataError
from scratchnn.word2vec.sampling import NoiseSampler, keep_probabilities, linear_decay

COUNTS = np.array([5000, 1200, 800, 90, 40, 12, 5, 5, 1])


def assert_fits(found, expected):
    """Chi-squared within four standard deviations of its mean, on both sides."""
    assert expected.min() >= 5  # the usual condition for the test to be valid
    statistic, freedom = ((found - expected) ** 2 / expected).sum(), len(expected) - 1
    assert abs(statistic - freedom) < 4 * np.sqrt(2 * freedom), statistic


@pytest.mark.parametrize("power", [0.75, 1.0, 0.0])
def test_noise_frequencies(power):
    draws = NoiseSampler(COUNTS, power).draw(200_000, np.random.default_rng(0))
    weights = COUNTS.astype(float) ** power
    assert_fits(np.bincount(draws, minlength=len(COUNTS)), 200_000 * weights / weights.sum())


def test_the_test_distinguishes_powers():
    """Noise with power 0.7 is not accepted as noise with power 0.75."""
    draws = NoiseSampler(COUNTS, 0.7).draw(200_000, np.random.default_rng(0))
    weights = COUNTS**0.75
    with pytest.raises(AssertionError):
        assert_fits(np.bincount(draws, minlength=len(COUNTS)), 200_000 * weights / weights.sum())


def test_power_is_that_of_word2vec_by_default():
    weights = COUNTS**0.75
    np.testing.assert_allclose(NoiseSampler(COUNTS).probabilities, weights / weights.sum(), rtol=1e-12)


@given(counts=st.lists(st.integers(0, 1000), min_size=1, max_size=30), seed=st.integers(0, 1000))
@settings(max_examples=50, deadline=None)
def test_noise_is_a_word_that_occurs(counts, seed):
    counts = np.array(counts)
    if counts.any():
        draws = NoiseSampler(counts).draw((40, 5), np.random.default_rng(seed))
        assert draws.shape == (40, 5)
        assert (counts[draws] > 0).all()


def test_the_ends_of_the_table():
    """Draws of 0 and of the largest number below 1 give the first and the last word that occurs."""

    class Ends:
        def random(self, shape):
            return np.array([0.0, np.nextafter(1.0, 0.0)])

    assert NoiseSampler(np.array([0, 3, 2, 1, 0, 0])).draw(2, Ends()).tolist() == [1, 3]


def test_keep_probabilities():
    """The formula of word2vec.c, written out; rare words are always kept, and a threshold of zero keeps all words."""
    counts = np.array([60_000, 9_000, 500, 3])
    total, t = counts.sum(), 1e-3
    expected = [min(1.0, (np.sqrt(c / (t * total)) + 1) * (t * total) / c) for c in counts]
    np.testing.assert_allclose(keep_probabilities(counts, t), expected, rtol=1e-12)
    assert keep_probabilities(counts, t)[3] == 1
    assert keep_probabilities(counts, t)[0] < 0.2
    assert keep_probabilities(counts, 0).tolist() == [1, 1, 1, 1]


def test_linear_decay():
    assert linear_decay(0.025, 0.0, 1e-4) == 0.025
    assert linear_decay(0.025, 0.5, 1e-4) == pytest.approx(0.0125)
    assert linear_decay(0.025, 1.0, 1e-4) == 1e-4
    assert linear_decay(0.025, 1.1, 1e-4) == 1e-4


@pytest.mark.parametrize("counts", [[], [0, 0], [1, -1], [[1, 2]]])
def test_bad_counts(counts):
    with pytest.raises(DataError, match="counts must be one number per word"):
        NoiseSampler(np.array(counts))


def test_bad_threshold():
    with pytest.raises(DataError, match="0 or more, got -1"):
        keep_probabilities(COUNTS, -1)
