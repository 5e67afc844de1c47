"""CRF and Viterbi: equal to enumerating all tag sequences; the loop and the batch; padding, large scores, bad input."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn import CRF
from scratchnn.errors import CacheError, DataError, ShapeError
from scratchnn.structured import (
    crf_backward,
    crf_forward,
    crf_log_partition,
    crf_loop_backward,
    crf_loop_forward,
    crf_marginals,
    sequence_score,
    viterbi,
    viterbi_loop,
)

SEEDS = st.integers(0, 2**32 - 1)
many = settings(max_examples=40, deadline=None)


def chain(rng, N, T, K, scale=1.0):
    """Emissions and the three arrays of scores."""
    return [scale * rng.standard_normal(shape) for shape in ((N, T, K), (K, K), (K,), (K,))]


def enumerate_sequences(emissions, transitions, start, end):
    """Every tag sequence of one sentence, and its score."""
    L, K = emissions.shape
    sequences = [np.array(tags) for tags in itertools.product(range(K), repeat=L)]
    return sequences, np.array([sequence_score(emissions, transitions, start, end, tags) for tags in sequences])


def arrays_of(n, length, emissions, *scores):
    """The arrays of sentence n alone."""
    return emissions[n, :length], *scores


# --- against enumeration ---------------------------------------------------------------------------------------------


def test_score_of_a_sequence_by_hand():
    emissions = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    transitions, start, end = np.array([[10.0, 20.0], [30.0, 40.0]]), np.array([100.0, 200.0]), np.array([1000.0, 2000.0])
    assert sequence_score(emissions, transitions, start, end, np.array([1, 0, 0])) == 200 + 2 + 30 + 3 + 10 + 5 + 1000


@given(L=st.integers(1, 5), K=st.integers(1, 4), scale=st.sampled_from([0.1, 1.0, 10.0, 300.0]), seed=SEEDS)
@many
def test_equal_to_enumeration(L, K, scale, seed):
    """The log-partition, the marginals of tags and the best sequence, also when the sentence is part of a padded batch."""
    rng = np.random.default_rng(seed)
    emissions, *scores = chain(rng, 3, L + 2, K, scale)
    emissions[1, L:] = np.nan
    lengths = np.array([L + 2, L, 0])
    sequences, values = enumerate_sequences(*arrays_of(1, L, emissions, *scores))
    largest = values.max()
    log_Z = largest + np.log(np.exp(values - largest).sum())
    found = crf_log_partition(emissions, *scores, lengths)
    assert found[1] == pytest.approx(log_Z, rel=1e-12, abs=1e-12)
    assert found[2] == 0

    probabilities = np.exp(values - log_Z)
    expected = np.zeros((L, K))
    for tags, probability in zip(sequences, probabilities, strict=True):
        expected[np.arange(L), tags] += probability
    marginals = crf_marginals(emissions, *scores, lengths)
    np.testing.assert_allclose(marginals[1, :L], expected, atol=1e-11)
    assert not marginals[1, L:].any()
    assert not marginals[2].any()

    tags = viterbi(emissions, *scores, lengths)
    assert not tags[1, L:].any()
    assert not tags[2].any()
    assert sequence_score(*arrays_of(1, L, emissions, *scores), tags[1, :L]) == pytest.approx(largest, rel=1e-12)

    alone, _ = crf_forward(*arrays_of(slice(1, 2), None, emissions[:, :L], *scores), sequences[-1][None])
    assert alone * L == pytest.approx(log_Z - values[-1], rel=1e-11, abs=1e-11)


def test_expected_counts_equal_enumeration():
    """The gradient with respect to the transitions: expected less observed counts."""
    emissions, *scores = chain(np.random.default_rng(3), 1, 4, 3)
    tags = np.array([[2, 0, 0, 1]])
    sequences, values = enumerate_sequences(emissions[0], *scores)
    expected = np.zeros((3, 3))
    for sequence, p in zip(sequences, np.exp(values) / np.exp(values).sum(), strict=True):
        np.add.at(expected, (sequence[:-1], sequence[1:]), p)
    np.add.at(expected, (tags[0, :-1], tags[0, 1:]), -1)
    _, cache = crf_forward(emissions, *scores, tags)
    np.testing.assert_allclose(crf_backward(1.0, cache)[1], expected / 4, atol=1e-13)


# --- the loop and the batch ------------------------------------------------------------------------------------------


@given(
    lengths=st.lists(st.integers(0, 6), min_size=1, max_size=5),
    K=st.integers(1, 5),
    wide=st.booleans(),
    scale=st.sampled_from([0.5, 5.0, 100.0]),
    seed=SEEDS,
)
@many
def test_batch_equals_the_loop(lengths, K, wide, scale, seed):
    """With both ways to compute the sum over tags; the batch divides by the number of tokens."""
    rng = np.random.default_rng(seed)
    N, T, M = len(lengths), max(lengths), max(sum(lengths), 1)
    emissions, *scores = chain(rng, N, T, K, scale)
    if wide:
        scores[0][0, -1] -= 1e4
    tags = rng.integers(0, K, (N, T))
    loss, cache = crf_forward(emissions, *scores, tags, np.array(lengths))
    demissions, *dscores = crf_backward(0.7, cache)
    expected, sums, rows = 0.0, [np.zeros_like(s) for s in scores], np.zeros_like(emissions)
    for n, L in enumerate(lengths):
        if L:
            one, one_cache = crf_loop_forward(emissions[n, :L], *scores, tags[n, :L])
            expected += one / M
            rows[n, :L], *parts = crf_loop_backward(0.7 / M, one_cache)
            sums = [total + part for total, part in zip(sums, parts, strict=True)]
    assert loss == pytest.approx(expected, rel=1e-9, abs=1e-9)
    for found, total in zip([demissions, *dscores], [rows, *sums], strict=True):
        np.testing.assert_allclose(found, total, atol=1e-9)
    best = viterbi(emissions, *scores, np.array(lengths))
    for n, L in enumerate(lengths):
        if L:
            assert best[n, :L].tolist() == viterbi_loop(emissions[n, :L], *scores)


def test_padding_plays_no_part():
    """Whatever is in the padding: NaN, infinity, tags that are none."""
    rng = np.random.default_rng(0)
    emissions, *scores = chain(rng, 4, 5, 3)
    lengths, tags = np.array([5, 2, 0, 1]), rng.integers(0, 3, (4, 5))
    padding = np.arange(5) >= lengths[:, None]
    results = []
    for value, tag in ((0.0, 0), (np.nan, -7), (np.inf, 99), (1e300, 2)):
        given, given_tags = emissions.copy(), tags.copy()
        given[padding], given_tags[padding] = value, tag
        with np.errstate(invalid="ignore"):  # infinity less infinity, in the padding
            loss, cache = crf_forward(given, *scores, given_tags, lengths)
            results.append([loss, *crf_backward(1.0, cache), viterbi(given, *scores, lengths)])
    assert not results[0][1][padding].any()
    for other in results[1:]:
        for found, expected in zip(other, results[0], strict=True):
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("shape", [(0, 3, 2), (2, 0, 2), (0, 0, 2)])
def test_a_batch_without_tokens(shape):
    emissions, *scores = chain(np.random.default_rng(0), *shape)
    loss, cache = crf_forward(emissions, *scores, np.zeros(shape[:2], dtype=int))
    assert loss == 0
    for gradient, array in zip(crf_backward(1.0, cache), [emissions, *scores], strict=True):
        assert gradient.shape == array.shape
        assert not gradient.any()
    assert viterbi(emissions, *scores).shape == shape[:2]
    assert crf_marginals(emissions, *scores).shape == shape
    np.testing.assert_array_equal(crf_log_partition(emissions, *scores), np.zeros(shape[0]))


def test_inputs_are_not_written_into():
    rng = np.random.default_rng(0)
    arrays = chain(rng, 2, 4, 3)
    tags = rng.integers(0, 3, (2, 4))
    before = [a.copy() for a in (*arrays, tags)]
    _, cache = crf_forward(*arrays, tags, np.array([4, 2]))
    crf_backward(1.0, cache)
    viterbi(*arrays, np.array([4, 2]))
    for array, copy in zip((*arrays, tags), before, strict=True):
        np.testing.assert_array_equal(array, copy)


# --- numbers ---------------------------------------------------------------------------------------------------------


def test_float32_stays_float32_and_close_to_float64():
    """A long sentence with scores in the thousands: the loss is the small difference of two large sums."""
    rng = np.random.default_rng(1)
    emissions, *scores = chain(rng, 2, 1000, 6)
    tags = viterbi(emissions, *scores)
    emissions[np.arange(2)[:, None], np.arange(1000), tags] += 8
    single = [a.astype(np.float32) for a in (emissions, *scores)]
    exact = [a.astype(np.float64) for a in single]
    loss, cache = crf_forward(*single, tags)
    loss_64, cache_64 = crf_forward(*exact, tags)
    assert crf_log_partition(*exact).min() > 5000
    assert loss.dtype == np.float32
    assert 0 < loss_64 < 0.05
    assert loss == pytest.approx(loss_64, rel=1e-3)
    demissions, dtransitions, *rest = crf_backward(1.0, cache)
    assert {g.dtype for g in (demissions, dtransitions, *rest)} == {np.dtype(np.float32)}
    expected, expected_transitions, *_ = crf_backward(1.0, cache_64)
    np.testing.assert_allclose(demissions, expected, atol=5e-5 / 2000)  # 5e-5 in a probability, divided by 2000 tokens
    np.testing.assert_allclose(dtransitions, expected_transitions, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("scale", [1e2, 1e4, 1e6])
def test_large_scores_give_finite_numbers(dtype, scale):
    rng = np.random.default_rng(2)
    arrays = [a.astype(dtype) for a in chain(rng, 3, 7, 4, scale)]
    tags = rng.integers(0, 4, (3, 7))
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        loss, cache = crf_forward(*arrays, tags)
        gradients = crf_backward(1.0, cache)
    assert np.isfinite(loss)
    assert loss > 0
    assert all(np.isfinite(g).all() for g in gradients)
    best, _ = crf_forward(*arrays, viterbi(*arrays))
    assert best == pytest.approx(0, abs=1e-3 if dtype == "float64" else scale * 1e-5)


def test_products_and_single_terms_agree_where_one_takes_over_from_the_other():
    """A transition just above and just below the limit of the matrix product."""
    emissions, transitions, start, end = chain(np.random.default_rng(4), 2, 6, 3)
    tags = np.zeros((2, 6), dtype=int)
    limit = -0.5 * np.log(np.finfo(np.float64).tiny)
    results = []
    for change in (-1e-9, 1e-9):
        transitions[2, 1] = transitions[:2, 1].max() - limit - change
        loss, cache = crf_forward(emissions, transitions, start, end, tags)
        results.append([loss, *crf_backward(1.0, cache)])
    for below, above in zip(*results, strict=True):
        np.testing.assert_allclose(below, above, rtol=1e-12, atol=1e-14)


def test_nan_among_the_tokens_gives_a_loss_of_nan():
    """Training reports it then by the name of the first parameter without a finite gradient."""
    emissions, *scores = chain(np.random.default_rng(0), 2, 3, 2)
    emissions[1, 1, 0] = np.nan
    loss, _ = crf_forward(emissions, *scores, np.zeros((2, 3), dtype=int))
    assert np.isnan(loss)


# --- forbidden transitions -------------------------------------------------------------------------------------------


@given(L=st.integers(1, 5), K=st.integers(2, 4), seed=SEEDS)
@many
def test_the_best_of_the_allowed_sequences(L, K, seed):
    rng = np.random.default_rng(seed)
    emissions, *scores = chain(rng, 1, L, K)
    layer = CRF(K).astype(np.float64)
    for parameter, values in zip((layer.transitions, layer.start, layer.end), scores, strict=True):
        parameter.data = values
    allowed = tuple(rng.random(s.shape) < 0.7 for s in scores)
    sequences, values = enumerate_sequences(emissions[0], *scores)
    fits = [allowed[1][tags[0]] and allowed[0][tags[:-1], tags[1:]].all() and allowed[2][tags[-1]] for tags in sequences]
    if any(fits):
        tags = layer.decode(emissions, allowed=allowed)[0]
        assert fits[[s.tolist() for s in sequences].index(tags.tolist())]
        assert sequence_score(emissions[0], *scores, tags) == pytest.approx(values[fits].max())
    else:
        with pytest.raises(DataError, match="CRF: every tag sequence of sentence 0 is forbidden; allow more"):
            layer.decode(emissions, allowed=allowed)


def test_bio_constraints():
    """O, B, I: I cannot come first nor after O, though the emissions prefer it."""
    layer = CRF(3)
    allowed = np.ones((3, 3), dtype=bool), np.array([True, True, False]), np.ones(3, dtype=bool)
    allowed[0][0, 2] = False
    emissions = np.array([[[0.0, 1, 9], [3, 0, 1], [0, 1, 5]]], dtype=np.float32)
    assert layer.decode(emissions).tolist() == [[2, 0, 2]]
    assert layer.decode(emissions, allowed=allowed).tolist() == [[1, 2, 2]]


# --- the layer -------------------------------------------------------------------------------------------------------


def test_the_layer():
    layer = CRF(3)
    assert repr(layer) == "CRF(3 tags)"
    assert {name: p.shape for name, p in layer.named_parameters().items()} == {
        "transitions": (3, 3),
        "start": (3,),
        "end": (3,),
    }
    emissions, tags = np.zeros((2, 4, 3), dtype=np.float32), np.zeros((2, 4), dtype=np.int32)
    assert layer.loss(emissions, tags, [4, 1]) == pytest.approx(np.log(3))  # every sequence equally likely: log K per token
    demissions = layer.backward()
    assert demissions.dtype == layer.transitions.grad.dtype == np.float32
    np.testing.assert_allclose(demissions[0, 0], np.array([-2, 1, 1]) / 15, rtol=1e-6)
    with pytest.raises(CacheError, match="CRF: backward without a forward"):
        layer.backward()


BAD_CALLS = {
    "a tag too high": (lambda c, e, y: c.loss(e, y + 3), DataError, r"CRF tags: id 3 is out of range 0 \.\. 2"),
    "a negative tag": (lambda c, e, y: c.loss(e, y - 1), DataError, r"CRF tags: id -1 is out of range 0 \.\. 2"),
    "tags that are no integers": (lambda c, e, y: c.loss(e, y + 0.0), ShapeError, "CRF tags: ids must be integers"),
    "tags of another shape": (lambda c, e, y: c.loss(e, y[:, :3]), ShapeError, r"CRF: tags have shape \(2, 3\)"),
    "too many tags": (lambda c, e, y: c.decode(e[..., :2]), ShapeError, "CRF: axis -1 of the input has size 2, expected"),
    "emissions of one sentence": (
        lambda c, e, y: c.decode(e[0]),
        ShapeError,
        r"CRF: emissions must have shape \(N, T, t",
    ),
    "a length too large": (lambda c, e, y: c.loss(e, y, [4, 5]), DataError, r"CRF: lengths must be between 0 and T = 4"),
    "a negative length": (lambda c, e, y: c.decode(e, [4, -1]), DataError, r"CRF: lengths must be between 0 and T = 4"),
    "too few lengths": (lambda c, e, y: c.decode(e, [4]), ShapeError, r"CRF: lengths must be integers of shape \(2,\)"),
    "NaN": (lambda c, e, y: c.decode(e * np.nan), DataError, "CRF: the scores of sentence 0 contain NaN or plus infinity"),
    "infinity": (
        lambda c, e, y: c.decode(np.where(np.arange(2)[:, None, None] == 1, np.inf, e)),
        DataError,
        "CRF: the scores of sentence 1 contain NaN or plus infinity",
    ),
    "nothing allowed": (
        lambda c, e, y: c.decode(e, [0, 2], (np.zeros((3, 3), bool), np.ones(3, bool), np.ones(3, bool))),
        DataError,
        "CRF: every tag sequence of sentence 1 is forbidden; allow more transitions",
    ),
    "a mask of another shape": (
        lambda c, e, y: c.decode(e, None, (np.ones((3, 3), bool), np.ones(4, bool), np.ones(3, bool))),
        ShapeError,
        r"CRF: allowed start must be booleans of shape \(3,\), got bool \(4,\)",
    ),
    "a mask of numbers": (
        lambda c, e, y: c.decode(e, None, (np.ones((3, 3)), np.ones(3, bool), np.ones(3, bool))),
        ShapeError,
        r"CRF: allowed transitions must be booleans of shape \(3, 3\), got float64",
    ),
    "no tags": (lambda c, e, y: CRF(0), DataError, "CRF: tags must be a whole number of 1 or more, got 0"),
}


@pytest.mark.parametrize("name", BAD_CALLS)
def test_bad_input_is_one_clear_line(name):
    call, error, message = BAD_CALLS[name]
    with np.errstate(invalid="ignore"), pytest.raises(error, match=message) as caught:
        call(CRF(3), np.zeros((2, 4, 3), dtype=np.float32), np.zeros((2, 4), dtype=np.int64))
    assert "\n" not in str(caught.value)


def test_forbidden_transitions_leave_sentences_of_one_token_or_none():
    """Transitions do not matter to sentences without any."""
    nothing = np.zeros((3, 3), bool), np.ones(3, bool), np.ones(3, bool)
    assert CRF(3).decode(np.zeros((2, 4, 3), np.float32), [0, 1], nothing).tolist() == [[0] * 4] * 2
